//! Disks of CP/M systems before cpmtools, in every format: what is listed, what a check finds, and what is read, to the last
//! block and the last entry of the directory.

use super::{installed, support};
use mlc_compiler::Image;
use mlc_compiler::image::{DISK_FORMATS, DiskError, DiskFormat};
use mlc_compiler::kernel::sequence::Beside;
use std::path::Path;

/// Records of 128 bytes.
const RECORD: usize = 128;

/// A program of so many bytes that differ from place to place, and a file beside it.
fn program(image: &Image, bytes: usize, beside: usize) -> Image {
    let content = |length: usize, step: usize| (0..length).map(|n| (n * step / 7 % 253) as u8).collect();
    let file = Beside { name: "TALK.DAT".into(), bytes: content(beside, 11), matrices: vec![] };
    Image { bytes: content(bytes, 5), beside: (beside > 0).then_some(file), ..image.clone() }
}

/// What cpmtools is told of a format: what it knows of it, with more tracks before and behind what is there. As it reads raw
/// images, it loses the last of an odd number of tracks, and ends by a signal where the directory is on the first, of disks that
/// it wrote itself, too.
fn definition(format: &DiskFormat, [before, behind]: [usize; 2]) -> String {
    let known = std::fs::read_to_string("/etc/cpmtools/diskdefs").expect("cpmtools has its formats there");
    let line = |line: &str| {
        let number = |key: &str| line.trim().strip_prefix(key)?.trim().parse::<usize>().ok();
        match (number("tracks "), number("boottrk ")) {
            (Some(tracks), _) => format!("  tracks {}\n", tracks + before + behind),
            (_, Some(reserved)) => format!("  boottrk {}\n", reserved + before),
            _ => format!("{line}\n"),
        }
    };
    let title = format!("diskdef {}", format.name);
    let mut lines = known.lines().skip_while(|line| line.trim() != title);
    let text: String = lines.by_ref().take_while(|line| line.trim() != "end").map(line).collect();
    assert!(text.starts_with(&title), "cpmtools has no {}", format.name);
    text + "end\n"
}

/// What cpmtools reads from a disk with the program.
fn judge(folder: &Path, format: &DiskFormat, image: &Image) {
    let run = |tool: &str, args: &[&str]| {
        let format = ["-f", format.name];
        super::cpc::run(folder, tool, &[&format, args].concat())
    };
    let what = format!("{} with {} bytes", format.name, image.bytes.len());
    let disk = image.disk(format, "TALK").unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(disk.len(), format.bytes(), "{what}");
    let more = [if format.reserved == 0 { 2 } else { 0 }, format.tracks % 2];
    let [before, behind] = more.map(|tracks| vec![0xE5; tracks * format.sectors * format.sector]);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("the folder is writable");
    };
    write("a.img", &[before, disk, behind].concat());
    // It looks in the folder that it runs in.
    write("diskdefs", definition(format, more).as_bytes());
    let mut files = vec![("talk.com", &image.bytes)];
    files.extend(image.beside.iter().map(|file| ("talk.dat", &file.bytes)));
    let names: Vec<_> = files.iter().map(|(name, _)| format!("{name}\n")).collect();
    assert_eq!(run("cpmls", &["a.img"]), format!("0:\n{}", names.concat()), "{what}");
    run("fsck.cpm", &["-n", "a.img"]);
    for (name, bytes) in files {
        run("cpmcp", &["a.img", &format!("0:{name}"), "read"]);
        let read = std::fs::read(folder.join("read")).expect("cpmcp wrote it");
        std::fs::remove_file(folder.join("read")).expect("the folder is writable");
        assert_eq!(read.len(), bytes.len().next_multiple_of(RECORD), "{what}: {name}");
        assert!(read.starts_with(bytes), "{what}: cpmcp reads other bytes of {name}");
    }
}

#[test]
fn cpmtools_reads_files_of_all_lengths_from_every_format() {
    if !installed("cpmls") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (model, _) = support::own("commands");
    let image = support::compile_for_cpm(&model, None, &[]).expect("it fits").image;
    for format in &DISK_FORMATS {
        judge(folder.path(), format, &program(&image, image.bytes.len(), 0));
        // Around records, blocks, and extents of 16 KB.
        for bytes in [1, 128, 129, format.block, format.block + 1, 16_384, 16_385, 32_768, 32_769] {
            judge(folder.path(), format, &program(&image, bytes, 640));
        }
        // All that the disk has room for, or a file as large as a network is.
        let program_bytes = 40_000_usize;
        let rest = format.room() - program_bytes.next_multiple_of(format.block);
        judge(folder.path(), format, &program(&image, program_bytes, rest.min(2_000_000) / RECORD * RECORD));
        let full = program(&image, program_bytes, rest + 1).disk(format, "TALK");
        let needs = format.room() + format.block;
        assert_eq!(full, Err(DiskError::Full { needs, has: format.room(), block: format.block }));
    }
}
