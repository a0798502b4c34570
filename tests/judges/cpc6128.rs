//! The disk of a CPC 6128 before cpmtools: the program and the files of its pages, each with its header.

use super::cpc::run;
use super::{installed, support};
use mlc_compiler::Image;
use mlc_compiler::target::ImageKind;

/// A random network whose weights take several pages.
fn image() -> Image {
    let target = support::target_named("cpc6128");
    let found = (0..40).find_map(|seed| {
        let image = support::in_banks(&target, &support::sequence::large(seed, 24, 200))?.image;
        (image.banked.as_ref()?.pages.len() > 1).then_some(image)
    });
    found.expect("one fits")
}

#[test]
fn cpmtools_reads_program_and_pages() {
    if !installed("cpmls") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (image, folder) = (image(), folder.path());
    std::fs::write(folder.join("a.dsk"), image.file(ImageKind::Dsk, "talk")).expect("the folder is writable");
    let banked = image.banked.as_ref().expect("it has pages");
    let pages =
        banked.pages.iter().zip(banked.bytes.chunks(banked.bank)).filter(|(page, _)| page.name != "page1");
    let pages: Vec<_> = pages.map(|(page, bytes)| (format!("talk.p{}", page.select & 7), bytes)).collect();
    let mut names: Vec<_> = pages.iter().map(|(name, _)| name.clone()).chain(["talk.bin".into()]).collect();
    names.sort();
    assert_eq!(run(folder, "cpmls", &["-f", "cpcdata", "a.dsk"]), format!("0:\n{}\n", names.join("\n")));
    run(folder, "fsck.cpm", &["-f", "cpcdata", "-n", "a.dsk"]);
    for (name, content) in pages.into_iter().chain([("talk.bin".into(), &image.bytes[..])]) {
        run(folder, "cpmcp", &["-f", "cpcdata", "a.dsk", &format!("0:{name}"), "read"]);
        let read = std::fs::read(folder.join("read")).expect("cpmcp wrote it");
        std::fs::remove_file(folder.join("read")).expect("the folder is writable");
        let word = |at: usize| u16::from_le_bytes([read[at], read[at + 1]]);
        let sum: u16 = read[..67].iter().map(|&byte| u16::from(byte)).sum();
        let start = if name == "talk.bin" { image.origin } else { 0x4000 };
        assert_eq!((word(67), read[18], word(21)), (sum, 2, start), "{name}");
        assert_eq!(usize::from(word(64)), content.len(), "{name}");
        assert!(read[128..].starts_with(content), "{name}: cpmcp reads other bytes");
    }
}
