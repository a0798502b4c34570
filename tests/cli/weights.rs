//! Weights in a file beside a program: what is written, compared and read.

use crate::{Folder, json, sequence, unfolded};
use mlc_compiler::import::ron;

/// With a random sequence model that the kernels of the Z80 compute, in `talk.ron`.
fn folder() -> Folder {
    let folder = Folder::new();
    for seed in 100.. {
        folder.write("talk.ron", ron::write(&sequence::model(seed)));
        if folder.mlc(["compile", "talk.ron", "--emit", "plan"]).code == Some(0) {
            break;
        }
    }
    folder
}

#[test]
fn a_program_comes_with_its_weights() {
    let folder = folder();
    let said = folder.mlc(["compile", "talk.ron", "--weights", "file", "-o", "talk.com"]).ok();
    assert!(unfolded(&said).contains("matrices in TALK.DAT, beside the program; a token reads"), "{said}");
    assert_eq!(folder.names(), ["talk.com", "talk.dat", "talk.ron"]);
    let check = || folder.mlc(["compile", "talk.ron", "--weights", "file", "--check", "talk.com"]);
    assert_eq!(check().ok(), "talk.com: up to date\ntalk.dat: up to date\n");

    let reply = folder.mlc(["run", "talk.ron", "AB"]).ok();
    assert_eq!(folder.mlc(["run", "talk.ron", "--weights", "file", "AB"]).ok(), reply);
    assert_eq!(folder.mlc(["run", "talk.com", "AB"]).ok(), reply);
    folder.write("ab.txt", "ab\nb\n");
    let verify = folder.mlc(["verify", "talk.ron", "--weights", "file", "--prompts", "ab.txt"]).ok();
    assert!(verify.ends_with(": all equal\n"), "{verify}");

    let whole = folder.read("talk.dat");
    folder.write("talk.dat", &whole[..whole.len() - 200]);
    assert!(folder.mlc(["run", "talk.com", "AB"]).ok().contains("TALK.DAT is not whole: copy it again"));
    let changed = check();
    assert_eq!(changed.code, Some(1));
    assert!(changed.stdout.contains("talk.dat: differs"), "{}", changed.stdout);
    std::fs::remove_file(folder.path("talk.dat")).expect("it is there");
    let missing = "TALK.DAT is not on this disk: it belongs to this program";
    assert!(folder.mlc(["run", "talk.com", "AB"]).ok().contains(missing));
}

#[test]
fn files_of_weights_that_cannot_be() {
    let folder = folder();
    folder.mlc(["compile", "talk.ron", "-o", "talk.com"]).ok();
    assert_eq!(folder.names(), ["talk.com", "talk.ron"]);
    let none = folder.mlc(["compile", "talk.ron", "-o", "x.com", "-o", "x.dat"]).fails(2);
    assert!(none.contains("all weights of this program are in its image"), "{none}");
    let other =
        folder.mlc(["compile", "talk.ron", "--weights", "file", "-t", "zx48", "-o", "x.tap"]).fails(1);
    assert!(other.contains("no kernels for weights in a file there yet"), "{other}");
    assert_eq!(folder.names(), ["talk.com", "talk.ron"]);
    // What is read is not written over.
    folder.write("x.dat", folder.read("talk.ron"));
    let input = folder.mlc(["compile", "x.dat", "--weights", "file", "-o", "x.com"]).fails(2);
    assert!(input.contains("x.dat"), "{input}");
    assert_eq!(folder.read("x.dat"), folder.read("talk.ron"));
    assert_eq!(folder.names(), ["talk.com", "talk.ron", "x.dat"]);
}

#[test]
fn tokens_are_measured_by_position() {
    let folder = folder();
    folder.write("prompts.txt", "ABAB\n");
    let bench = |more: &[&str]| {
        folder
            .mlc([&["bench", "talk.ron", "--prompts", "prompts.txt", "--weights", "file"], more].concat())
            .ok()
    };
    let said = bench(&[]);
    assert!(said.contains("a token that is read") && said.contains("mean of "), "{said}");
    let tokens = &json(&bench(&["--json"]))["tokens"];
    let sum = |of: &serde_json::Value| -> f64 {
        let phases = of["phases"].as_array().expect("phases are a list");
        phases.iter().map(|phase| phase["simulated"].as_f64().expect("it is a number")).sum()
    };
    assert_eq!(sum(&tokens["mean"]).round(), tokens["mean"]["cycles"].as_f64().expect("a number").round());
    assert_eq!(tokens["positions"][0]["position"], 1);
    let file = tokens["mean"]["phases"].as_array().and_then(|all| all.iter().find(|p| p["phase"] == "file"));
    assert!(file.is_some_and(|phase| phase["simulated"].as_f64() > Some(0.0)), "{tokens}");
}

/// The disk of a CPC 6128 brings the pages along, and is run on one.
#[test]
fn weights_in_pages_are_read_from_a_disk() {
    let folder = folder();
    let args = ["compile", "talk.ron", "--weights", "banks", "-t", "cpc6128", "-o", "talk.dsk"];
    let said = folder.mlc(args).ok();
    assert!(said.contains(" bytes in page1 (port 7F00h)\n"), "{said}");
    let reply = folder.mlc(["run", "talk.ron", "AB"]).ok();
    let said = folder.mlc(["run", "talk.dsk", "AB"]).ok();
    let shown = said.split_once("> \n").and_then(|(_, text)| text.strip_suffix("> \n"));
    assert_eq!(shown, Some(reply.as_str()), "{said}");
    folder.write("ab.txt", "ab\nb\n");
    let verify = ["verify", "talk.ron", "--prompts", "ab.txt", "--weights", "banks", "-t", "cpc6128"];
    assert!(folder.mlc(verify).ok().ends_with(": all equal\n"));
    let other = folder.mlc(["compile", "talk.ron", "-t", "cpc6128", "-o", "talk.bin"]).fails(2);
    assert!(other.contains("cpc6128 loads .dsk; .bin is for --target cpc464"), "{other}");
}

/// Tape and snapshot of a Spectrum 128: both bring the pages along.
#[test]
fn weights_in_pages_are_loaded() {
    let folder = folder();
    let pages = ["--weights", "banks", "-t", "zx128"];
    let args = |rest: &[&'static str]| [&["compile", "talk.ron"], &pages[..], rest].concat();
    let said = folder.mlc(args(&["-o", "talk.tap", "-o", "talk.sna"])).ok();
    assert!(said.contains(" bytes in page0 (port 7FFDh)\n"), "{said}");
    assert!(said.contains(" of C000h\n"), "memory ends where pages show: {said}");
    let reply = folder.mlc(["run", "talk.ron", "AB"]).ok();
    for file in ["talk.tap", "talk.sna"] {
        let said = folder.mlc(["run", file, "AB", "-t", "zx128"]).ok();
        let shown = said.split_once("> \n").and_then(|(_, text)| text.strip_suffix("> \n"));
        assert_eq!(shown, Some(reply.as_str()), "{file}: {said}");
    }
    folder.write("ab.txt", "ab\nb\n");
    let verify = [&["verify", "talk.ron", "--prompts", "ab.txt"], &pages[..]].concat();
    assert!(folder.mlc(verify).ok().ends_with(": all equal\n"));
    let page = folder.mlc(args(&["-o", "talk.html"])).fails(2);
    assert!(page.contains("a page has no emulator for zx128 with weights in banks"), "{page}");
    folder.mlc(["compile", "talk.ron", "-t", "zx128", "-o", "talk.html"]).ok();
    // The smaller machine has the tape's program, and no pages.
    let small = folder.mlc(["run", "talk.tap", "AB", "-t", "zx48"]).fails(1);
    assert!(small.contains("BASIC stops with its report 4 Out of memory"), "{small}");
}
