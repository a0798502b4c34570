//! The ZX Spectrum 128 before others: its tape on the free OpenSE BASIC in the machine here, its snapshot in Fuse, both files
//! before Fuse's tools. The ROM 0 of a real machine is not free: in its place is the stub that comes with OpenSE BASIC.

use super::fuse;
use super::spectrum::{Session, rom};
use super::support::shared::tools::{self, installed};
use super::support::{self, sequence};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Image, eval, reference};
use mlc_runtime_z80::SpectrumConfig;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const STUB: &str = "/usr/share/spectrum-roms/opense-stub.rom";
/// T-states of a frame.
const FRAME_128: i64 = 70_908;
const FRAME_PENTAGON: i64 = 71_680;

/// What a snapshot in the format .szx says of its machine, and where.
const MACHINE_AT: usize = 6;
const PENTAGON: u8 = 7;
const SPECTRUM_128: u8 = 2;

fn in_pages(model: &Model) -> Option<Image> {
    Some(support::in_banks(&support::target_named("zx128"), model)?.image)
}

/// A random network whose weights take several pages, and a query that it replies to.
static SEVERAL_PAGES: LazyLock<(Model, Image, Vec<u8>)> = LazyLock::new(|| {
    let is_plain = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| (32..127).contains(byte));
    let replies = |model: &Model, query: &Vec<u8>| {
        let typed = is_plain(query) && query.trim_ascii() != b"!";
        typed && is_plain(&eval::run(&reference(model).expect("the model was checked"), query).reply)
    };
    let found = (0..40).find_map(|seed| {
        let model = sequence::large(seed, 24, 200);
        let queries = sequence::queries(seed, model.reader.max_query().into());
        let query = queries.into_iter().find(|query| replies(&model, query))?;
        let image = in_pages(&model)?;
        let pages = image.banked.as_ref().map_or(0, |banked| banked.pages.len());
        (pages >= 2).then_some((model, image, query))
    });
    found.expect("one replies")
});

/// A file of the program in a folder.
fn file(folder: &Path, image: &Image, kind: ImageKind) -> PathBuf {
    let path = folder.join(format!("a.{}", kind.extension()));
    std::fs::write(&path, image.file(kind, "a program")).expect("the folder is writable");
    path
}

#[test]
fn the_tape_loads_its_pages_and_basic_is_there_again() {
    let Some(rom) = rom() else { return };
    let stub = std::fs::read(STUB).ok();
    if !tools::there(stub.is_some(), &format!("{STUB} (Debian package opense-basic)")) {
        return;
    }
    let (model, image, query) = &*SEVERAL_PAGES;
    let reply = eval::run(&reference(model).expect("the model was checked"), query).text();
    let config = SpectrumConfig { pages: true, ..SpectrumConfig::default() };
    let mut session = Session::with(&rom, stub.as_deref(), config);
    session.load(image);
    session.wait(200);
    let title = format!("{}. Type a line; ! ends.", model.head.name);
    assert_eq!(session.shown(), format!("{title}\n>"));
    let query = String::from_utf8_lossy(query).into_owned();
    session.ask(&query);
    session.wait(3000);
    let shown: String = session.shown().lines().collect();
    let wants = format!("{title}> {query}{reply}>");
    let spaceless = |text: &str| text.replace(' ', "");
    assert_eq!(spaceless(&shown), spaceless(&wants));
    session.back_to_basic();
}

#[test]
fn a_machine_without_pages_is_told_what_is_missing() {
    let Some(rom) = rom() else { return };
    let (_, image, _) = &*SEVERAL_PAGES;
    let mut session = Session::with(&rom, None, SpectrumConfig::default());
    session.load(image);
    assert!(session.shown().contains("Out of memory, 10:3"), "{}", session.shown());
}

#[test]
fn fuse_gives_the_same_logits_and_text() {
    if !installed("fuse-sdl") || !installed("snapconv") || rom().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (model, image, query) = &*SEVERAL_PAGES;
    let run = eval::run(&reference(model).expect("the model was checked"), query);
    let title = format!("{}. Type a line; ! ends.\r> ", model.head.name);
    let wants = [title.as_bytes(), query, b"\r", &run.reply, b"\r> "].concat();
    let snapshot = file(folder.path(), image, ImageKind::Sna);
    // Fuse takes a .sna of 128 KB for a Pentagon's, which has the same pages and no slow memory.
    let szx = folder.path().join("a.szx");
    let converted = Command::new("snapconv").arg(&snapshot).arg(&szx).output().expect("it was there before");
    assert!(converted.status.success(), "{}", String::from_utf8_lossy(&converted.stderr));
    let mut bytes = std::fs::read(&szx).expect("it was written");
    assert_eq!(bytes[MACHINE_AT], PENTAGON);
    bytes[MACHINE_AT] = SPECTRUM_128;
    std::fs::write(&szx, bytes).expect("the folder is writable");
    let times = [(&snapshot, FRAME_PENTAGON), (&szx, FRAME_128)].map(|(path, frame)| {
        let seen = fuse::ask(path, image, query);
        assert_eq!(seen.logits, run.logits.concat(), "{}", path.display());
        assert_eq!(
            String::from_utf8_lossy(&seen.text),
            String::from_utf8_lossy(&wants),
            "{}",
            path.display()
        );
        seen.frames * frame + seen.t_states
    });
    let [fast, slow] = times.map(|t| t as f64);
    eprintln!("{fast} T-states, {slow} with contended memory: {:.1} % more", 100.0 * (slow / fast - 1.0));
    assert!(slow < 1.03 * fast, "what is hot lies in slow memory");
}

#[test]
fn fuse_s_tools_read_both_files_to_the_last_byte() {
    if !installed("tzxlist") || !installed("snapconv") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, image, _) = &*SEVERAL_PAGES;
    let banked = image.banked.as_ref().expect("it has pages");
    let said = Command::new("tzxlist").arg(file(folder.path(), image, ImageKind::Tap)).output();
    let said = String::from_utf8_lossy(&said.expect("it was there before").stdout).into_owned();
    let lengths =
        said.lines().filter_map(|line| line.trim().strip_prefix("Datablock length: ")?.parse().ok());
    let wants: Vec<usize> = [36, image.bytes.len()]
        .into_iter()
        .chain(banked.bytes.chunks(banked.bank).map(<[u8]>::len))
        .collect();
    assert_eq!(lengths.collect::<Vec<usize>>(), wants, "{said}");
    assert_eq!(said.matches("(PASS)").count(), wants.len() + 2, "{said}");
    // To another format and back.
    let snapshot = file(folder.path(), image, ImageKind::Sna);
    let (other, back) = (folder.path().join("a.z80"), folder.path().join("b.sna"));
    for (from, to) in [(&snapshot, &other), (&other, &back)] {
        let ran = Command::new("snapconv").args([from, to]).output().expect("it was there before");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    assert!(std::fs::read(back).ok() == std::fs::read(snapshot).ok(), "it comes back otherwise");
}
