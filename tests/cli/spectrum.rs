//! The target `zx48` from the command line.

use crate::{Folder, json};
use serde_json::Value;

#[test]
fn the_spectrum_answers_like_the_reference() {
    let folder = Folder::with_models();
    for model in ["model.ron", "sorter.ron"] {
        let prompts = ["hello", "How are YOU", "", "  spaces  "];
        let run = |target| folder.mlc(["run", "--target", target, model].into_iter().chain(prompts)).ok();
        assert_eq!(run("zx48"), run("reference"), "{model}");
        let said = folder.mlc(["verify", model, "--target", "zx48", "--random", "20"]).ok();
        assert!(said.contains(" on zx48: ") && said.ends_with(": all equal\n"), "{said}");
    }
}

#[test]
fn phases_add_up_from_enter_to_the_next_prompt() {
    let folder = Folder::with_models();
    let value = json(&folder.mlc(["bench", "model.ron", "--target", "zx48", "--json"]).ok());
    let number = |v: &Value| v.as_f64().expect("it is a number");
    let mean = number(&value["step"]["mean"]);
    let phases = value["phases"].as_array().expect("phases are a list");
    let sum: f64 = phases.iter().map(|p| number(&p["simulated"])).sum();
    assert!((sum - mean).abs() < 0.01, "{sum} and {mean}");
    assert!((number(&value["step_milliseconds"]["mean"]) * 3500.0 - mean).abs() < 0.01);
}

#[test]
fn a_tape_and_a_snapshot_are_written_and_run() {
    let folder = Folder::with_models();
    folder.mlc(["compile", "--target", "zx48"]).ok();
    assert!(folder.names().iter().any(|name| name.ends_with("/zx48/tiny.tap")), "{:?}", folder.names());
    folder.mlc(["compile", "--target", "zx48", "-o", "t.tap", "-o", "t.sna"]).ok();
    let hello = folder.mlc(["run", "--target", "reference", "model.ron", "hello"]).ok();
    for file in ["t.tap", "t.sna"] {
        let said = folder.mlc(["run", file, "hello"]).ok();
        assert_eq!(said, format!("tiny. Type a line; ! ends.\n> \n{hello}> \n"), "{file}");
        // An end by itself, too.
        assert_eq!(
            folder.piped(&["run", file], b"hello\n!\n").ok(),
            format!("tiny. Type a line; ! ends.\n> \n{hello}> \n"),
            "{file}"
        );
    }
    folder.write("t.tap", "no tape");
    insta::assert_snapshot!("damaged-tape", folder.mlc(["run", "t.tap"]).fails(1));
}

/// What the file is called changes nothing of the program: where memory is left over, it is used.
#[test]
fn a_named_file_has_the_program_of_a_file_without_a_name() {
    let folder = Folder::new();
    folder.mlc(["compile", "tinychat", "--target", "zx48"]).ok();
    folder.mlc(["compile", "tinychat", "--target", "zx48", "-o", "t.asm"]).ok();
    assert!(folder.text("build/tinychat/zx48/tinychat.asm") == folder.text("t.asm"), "they differ");
}

#[test]
fn what_the_spectrum_cannot_take_is_said() {
    let folder = Folder::with_models();
    let run = |prompt: &str| folder.mlc(["run", "--target", "zx48", "model.ron", prompt]).fails(1);
    let texts = [run(&"x".repeat(127)), run("caf\u{e9}"), run(" ! ")].join("");
    insta::assert_snapshot!("spectrum-prompts", texts);
    let said = folder.mlc(["compile", "--target", "zx48", "-o", "t.com"]).fails(2);
    assert!(said.contains("t.com: zx48 loads .tap or .tzx or .wav or .sna"), "{said}");
    let said = folder.mlc(["run", "--target", "z80-cpm", "t.tap"]).fails(2);
    assert!(said.contains("z80-cpm does not load .tap files"), "{said}");
}

#[test]
fn a_screenshot_is_a_png_of_the_screen() {
    let folder = Folder::with_models();
    let args = ["run", "--target", "zx48", "model.ron", "hello", "you", "--screenshot", "s.png"];
    folder.mlc(args).ok();
    let png = folder.read("s.png");
    let wants = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &[0, 0, 1, 64, 0, 0, 0, 240, 8, 2]].concat();
    assert_eq!(png[..wants.len()], wants);
    folder.mlc(["compile", "--target", "zx48", "-o", "t.tap"]).ok();
    folder.mlc(["run", "t.tap", "hello", "you", "--screenshot", "t.png"]).ok();
    assert_eq!(folder.read("t.png"), png, "the same session gives the same picture");
    // Rows of characters: 40 of eight points, and of six, with a border.
    for (target, file, width, height) in [("cpc464", "t.dsk", 352, 232), ("msx", "t.rom", 272, 224)] {
        let args = ["run", "--target", target, "model.ron", "hello", "you", "--screenshot", "s.png"];
        folder.mlc(args).ok();
        let png = folder.read("s.png");
        let sizes = [16, 20].map(|at| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]));
        assert_eq!(sizes, [width, height], "{target}");
        folder.mlc(["compile", "--target", target, "-o", file]).ok();
        folder.mlc(["run", file, "hello", "you", "--screenshot", "t.png"]).ok();
        assert_eq!(folder.read("t.png"), png, "{target}");
    }
    let no_screen = folder.mlc(["run", "model.ron", "hello", "--screenshot", "c.png"]).fails(2);
    assert!(no_screen.contains("z80-cpm has no picture to take"), "{no_screen}");
    assert!(!folder.names().contains(&"c.png".to_string()));
}
