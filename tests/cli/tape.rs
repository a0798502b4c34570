//! Tapes of a ZX Spectrum: `.tap`, `.tzx`, `.wav`, and a screen on them.

use crate::{Folder, unfolded};

const SCREEN: usize = 6912;

#[test]
fn a_tape_has_a_screen_in_every_format() {
    let folder = Folder::with_models();
    folder.write("pic.scr", vec![0x5A; SCREEN]);
    let compile = |more: &[&str]| folder.mlc([&["compile", "model.ron", "-t", "zx48"], more].concat());
    compile(&["-o", "plain.tap", "-o", "plain.tzx", "-o", "plain.wav"]).ok();
    compile(&["--screen", "pic.scr", "-o", "pic.tap", "-o", "pic.tzx", "-o", "pic.wav"]).ok();
    let size = |name: &str| folder.read(name).len();
    // A header with a checksum, a flag and a length, the same of the screen, and what BASIC says of it.
    let more = size("pic.tap") - size("plain.tap");
    assert!((SCREEN + 25..SCREEN + 100).contains(&more), "{more}");
    assert_eq!(size("pic.tzx") - size("plain.tzx"), more + 2 * 3);
    // A byte is 16 pulses of 489 microseconds at most, of 244 at least.
    let samples = size("pic.wav") - size("plain.wav");
    assert!((SCREEN * 170..SCREEN * 380).contains(&samples), "{samples}");
    for file in ["plain.tap", "plain.tzx", "pic.tap", "pic.tzx"] {
        let reply = folder.mlc(["run", "model.ron", "-t", "zx48", "hello"]).ok();
        let screen = format!("tiny. Type a line; ! ends.\n> \n{reply}> \n");
        assert_eq!(folder.mlc(["run", file, "hello"]).ok(), screen, "{file}");
    }
    let said = unfolded(&folder.mlc(["run", "pic.wav", "hello"]).fails(1));
    assert!(said.contains("the machine here hears no sound"), "{said}");
    compile(&["--check", "plain.wav"]).ok();
    // Without names the tape is made, and has it.
    compile(&["--screen", "pic.scr"]).ok();
}

#[test]
fn what_is_no_screen_or_has_no_tape_is_refused() {
    let folder = Folder::with_models();
    folder.write("pic.scr", vec![0; SCREEN]);
    folder.write("cut.scr", vec![0; SCREEN - 1]);
    let compile = |more: &[&str]| folder.mlc([&["compile", "model.ron"], more].concat());
    let said = compile(&["-t", "zx48", "--screen", "cut.scr", "-o", "a.tap"]).fails(1);
    let said = unfolded(&said);
    assert!(
        said.contains("cut.scr is no screen of a ZX Spectrum: it has 6,911 bytes, and a screen has 6,912"),
        "{said}"
    );
    assert!(!folder.path("a.tap").exists());
    for more in [&["-t", "zx48", "-o", "a.sna"][..], &["-o", "a.com"], &[]] {
        let said = unfolded(&compile(&[&["--screen", "pic.scr"], more].concat()).fails(2));
        assert!(said.contains("--screen is shown by a tape of a ZX Spectrum"), "{said}");
    }
    let said = compile(&["-t", "zx48", "--screen", "none.scr", "-o", "a.tap"]).fails(1);
    assert!(said.contains("none.scr"), "{said}");
    let said = unfolded(&compile(&["--screen", "pic.scr", "-o", "a.c"]).fails(2));
    assert!(said.contains("C has no target: leave --screen out"), "{said}");
}
