//! CP/M systems with less memory: what a program says it needs, `--bdos`, and names on CP/M.

use crate::{Folder, models, sequence, unfolded};
use insta::assert_snapshot;
use mlc_compiler::image::DISK_FORMATS;
use mlc_compiler::import::ron;
use mlc_compiler::model::Model;
use serde_json::Value;

fn commands() -> Folder {
    let folder = Folder::new();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/commands/model.ron");
    folder.write("commands.ron", std::fs::read(model).expect("the model is in the project"));
    folder
}

/// The address in what `mlc compile` says of a program.
fn needs(said: &str) -> u16 {
    let (_, rest) = said.split_once("needs a BDOS at ").unwrap_or_else(|| panic!("{said}"));
    u16::from_str_radix(&rest[..4], 16).unwrap_or_else(|e| panic!("{e}: {said}"))
}

#[test]
fn a_program_says_what_it_needs_and_runs_there_and_not_below() {
    let folder = commands();
    let said = folder.mlc(["compile", "commands.ron", "-o", "c.com"]).ok();
    let lowest = needs(&said);
    let sentence = format!(
        "needs a BDOS at {lowest:04X}h or above: a standard system of 20 KB has it there; for less, --bdos ADDRESS or \
         --optimize size\n"
    );
    assert!(unfolded(&said).contains(&sentence), "{said}");
    let json = folder.mlc(["compile", "commands.ron", "-o", "c.com", "--json"]).ok();
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["lowest_bdos"], lowest);

    let run =
        |bdos: u16| folder.mlc(["run", "c.com", "--bdos", &format!("{bdos:04X}h"), "turn on the light"]);
    assert_eq!(run(lowest).ok(), "ON\n");
    assert_eq!(run(lowest - 1).ok(), format!("not enough memory: BDOS below {lowest:04X}h\n"));
    // A program for a smaller system is another one.
    let below = format!("{:#06X}", lowest - 1);
    let said = folder.mlc(["compile", "commands.ron", "-o", "less.com", "--bdos", &below]).ok();
    assert!(needs(&said) < lowest, "{said}");
    assert!(said.contains(&format!("of {}h\n", &below[2..])), "{said}");
    assert_eq!(folder.mlc(["run", "less.com", "--bdos", &below, "turn on the light"]).ok(), "ON\n");
}

#[test]
fn other_machines_need_no_bdos() {
    let folder = commands();
    for target in ["zx48", "atmega328p"] {
        let said = folder.mlc(["compile", "commands.ron", "-t", target]).ok();
        assert!(!said.contains("BDOS"), "{said}");
        let json = folder.mlc(["compile", "commands.ron", "-t", target, "--json"]).ok();
        assert!(!json.contains("bdos"), "{json}");
    }
}

#[test]
fn every_verb_that_has_a_machine_takes_a_bdos() {
    let folder = commands();
    let with = |args: &[&str]| folder.mlc(args.iter().chain(&["--bdos", "2806h"])).ok();
    let size = |said: &str| -> Value {
        let value: Value = serde_json::from_str(said).expect("it is JSON");
        value["image_bytes"].clone()
    };
    let image = size(&with(&["compile", "commands.ron", "-o", "c.com", "--json"]));
    assert_ne!(image, size(&folder.mlc(["compile", "commands.ron", "-o", "d.com", "--json"]).ok()));
    assert_eq!(with(&["run", "commands.ron", "turn on the light"]), "ON\n");
    assert!(with(&["verify", "commands.ron", "--random", "3"]).ends_with(": all equal\n"));
    assert_eq!(size(&with(&["bench", "commands.ron", "--json"])), image);
    let all = with(&[
        "bench",
        "--all",
        "commands.ron",
        "-t",
        "z80-cpm",
        "--optimize",
        "speed",
        "--encoding",
        "gaps",
    ]);
    assert!(all.contains("z80-cpm"), "{all}");
    assert!(with(&["profile", "commands.ron", "turn on the light", "--json"]).contains("fc1"));
    with(&["profile", "c.com", "turn on the light"]);
    let facts: Value =
        serde_json::from_str(&with(&["inspect", "commands.ron", "--json"])).expect("it is JSON");
    let targets = facts["targets"].as_array().expect("there are targets");
    let cpm = targets.iter().find(|target| target["target"] == "z80-cpm").expect("it is built in");
    assert_eq!((&cpm["memory"], &cpm["image_bytes"]), (&(0x2806 - 0x0100).into(), &image));
    assert!(targets.iter().any(|target| target["target"] == "zx48" && target["memory"] != cpm["memory"]));
}

#[test]
fn wrong_addresses_and_targets_are_wrong_usage() {
    let folder = commands();
    let wrong = |args: &[&str]| folder.mlc(args).fails(2);
    let said = [
        wrong(&["compile", "commands.ron", "--bdos", "D806"]),
        wrong(&["compile", "commands.ron", "--bdos", "F206h"]),
        wrong(&["compile", "commands.ron", "--bdos", "D806h", "-t", "zx48"]),
        wrong(&["compile", "commands.ron", "--bdos", "D806h", "-o", "c.c"]),
        wrong(&["run", "commands.ron", "--bdos", "D806h", "-t", "reference", "hello"]),
        wrong(&["bench", "commands.ron", "--bdos", "D806h", "-t", "atmega328p"]),
    ];
    assert_snapshot!("wrong-bdos", said.join("\n"));
    assert_eq!(folder.names(), ["commands.ron"]);
}

#[test]
fn a_refusal_says_what_would_make_it_fit() {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    let refused =
        |options: &[&str]| folder.mlc(["compile", "--bdos", "1006h"].iter().chain(options)).fails(1);
    assert_snapshot!("bdos-too-low-for-a-form", refused(&["--encoding", "unrolled"]));
    let smaller = folder.mlc(["compile", "--bdos", "1806h", "--encoding", "unrolled"]).fails(1);
    assert_snapshot!("form-too-large-for-a-bdos", smaller);
    folder.mlc(["compile", "--bdos", "1806h", "--optimize", "size"]).ok();
    assert_snapshot!("bdos-too-low-for-bytes", refused(&["--max-bytes", "500"]));
    assert_snapshot!("bdos-too-low", folder.mlc(["compile", "--bdos", "0B06h"]).fails(1));
}

#[test]
fn names_that_cpm_has_not_get_a_note() {
    let folder = commands();
    let ran =
        folder.mlc(["compile", "commands.ron", "-o", "commands-2.com", "-o", "c.com", "-o", "long-name.lst"]);
    let note = "note: commands-2.com is no name on CP/M, which has 8 characters and 3 more: call it COMMANDS.COM there\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), note));
    assert_eq!(folder.mlc(["compile", "commands.ron"]).stderr, "", "commands.com has 8 characters");
}

#[test]
fn a_disk_has_the_program_under_its_name() {
    let folder = commands();
    let said = folder.mlc(["compile", "commands.ron", "-o", "lights.com", "-o", "b.img"]).ok();
    assert!(said.contains("b.img: 256,256 bytes; on the machine type LIGHTS\n"), "{said}");
    let (program, disk) = (folder.read("lights.com"), folder.read("b.img"));
    assert_eq!(disk[2 * 26 * 128..][..12], *b"\0LIGHTS  COM");
    assert!(disk.windows(128).any(|record| record == &program[..128]));
    let said = folder.mlc(["compile", "commands.ron", "-o", "talk.img", "--disk", "kpiv", "--json"]).ok();
    let json: Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(json["files"][0]["bytes"], 80 * 10 * 512);
    assert_eq!(folder.read("talk.img")[10 * 512..][..12], *b"\0TALK    COM");
    let check = folder.mlc(["compile", "commands.ron", "--disk", "kpiv", "--check", "talk.img"]);
    assert_eq!(check.ok(), "talk.img: up to date\n");
    let other = folder.mlc(["compile", "commands.ron", "--disk", "kpii", "--check", "talk.img"]);
    assert_eq!(other.code, Some(1));
}

/// Weights beside the program are on the same disk; without room for them nothing is written.
#[test]
fn a_disk_has_the_file_of_weights_or_is_refused() {
    let folder = Folder::new();
    let weights = ["compile", "talk.ron", "--weights", "file"];
    let compiles = |model: Model| {
        folder.write("talk.ron", ron::write(&model));
        folder.mlc(weights.iter().chain(&["--emit", "plan"])).code == Some(0)
    };
    (100..).find(|&seed| compiles(sequence::model(seed))).expect("there are such");
    folder.mlc(weights.iter().chain(&["-o", "a.img"])).ok();
    let disk = folder.read("a.img");
    let entries = &disk[2 * 26 * 128..][..26 * 128];
    assert_eq!(entries[..12], *b"\0A       COM");
    assert!(entries.windows(12).any(|entry| entry == b"\0A       DAT"));
    assert_eq!(folder.names(), ["a.img", "talk.ron"]);

    // Its weights alone are more than such a disk has.
    folder.write("talk.ron", ron::write(&sequence::large(100, 250, 250)));
    let refused = folder.mlc(weights.iter().chain(&["-o", "b.com", "-o", "b.img"])).fails(1);
    assert_snapshot!("disk-too-small", refused);
    assert_eq!(folder.names(), ["a.img", "talk.ron"]);
}

#[test]
fn disks_that_cannot_be_are_wrong_usage() {
    let folder = commands();
    let wrong = |args: &[&str]| folder.mlc(args).fails(2);
    folder.write("talk.img", "");
    let said = [
        wrong(&["compile", "commands.ron", "-t", "zx48", "-o", "x.img"]),
        wrong(&["compile", "commands.ron", "-t", "msxdos", "-o", "x.img"]),
        wrong(&["compile", "commands.ron", "--disk", "pcw", "-o", "x.com"]),
        wrong(&["compile", "commands.ron", "--disk", "pcw", "-o", "x.c"]),
        wrong(&["compile", "commands.ron", "--disk", "floppy", "-o", "x.img"]),
        wrong(&["run", "--target", "msxdos", "talk.img", "hello"]),
        wrong(&["run", "--disk", "pcw", "commands.ron", "hello"]),
        wrong(&["profile", "--program", "a", "commands.ron", "hello"]),
    ];
    assert_snapshot!("wrong-disks", said.join("\n"));
    assert_eq!(folder.names(), ["commands.ron", "talk.img"]);
}

/// A disk is what a program and the files beside it are.
#[test]
fn disks_of_all_formats_are_run() {
    let folder = commands();
    folder.mlc(["compile", "commands.ron", "-o", "lights.com"]).ok();
    let wants = folder.mlc(["run", "lights.com", "lights", "on"]).ok();
    let profile = |file: &str| {
        let profile = folder.mlc(["profile", file, "lights", "on", "--json"]);
        serde_json::from_str::<Value>(&profile.ok()).expect("it is JSON")["t_states"].clone()
    };
    for format in &DISK_FORMATS {
        folder.mlc(["compile", "commands.ron", "-o", "lights.img", "--disk", format.name]).ok();
        assert_eq!(folder.mlc(["run", "lights.img", "lights", "on"]).ok(), wants, "{}", format.name);
        let told = ["run", "lights.img", "--disk", format.name, "--program", "lights.com", "lights on"];
        assert_eq!(folder.mlc(told).ok(), wants, "{}", format.name);
    }
    assert_eq!(profile("lights.img"), profile("lights.com"));
    folder.mlc(["diff", "lights.img", "lights.img"]).ok();
}

#[test]
fn a_disk_is_run_with_the_weights_on_it() {
    let folder = Folder::new();
    folder.write("talk.ron", ron::write(&sequence::large(100, 60, 60)));
    let compile = ["compile", "talk.ron", "--weights", "file", "-o"];
    folder.mlc(compile.iter().chain(&["a.com"])).ok();
    folder.mlc(compile.iter().chain(&["b.img", "--disk", "z80pack-hd"])).ok();
    let wants = folder.piped(&["run", "a.com"], b"hello\n!\n").ok();
    assert!(wants.len() > 40, "{wants}");
    assert_eq!(folder.piped(&["run", "b.img"], b"hello\n!\n").ok(), wants);
}

/// What an image lacks, or has too much of, is named with what to do.
#[test]
fn disks_that_cannot_be_run_are_named() {
    let folder = commands();
    folder.mlc(["compile", "commands.ron", "-o", "t.img"]).ok();
    let (whole, directory) = (folder.read("t.img"), 2 * 26 * 128);
    let other = |status: u8, name: &[u8; 11], block: u8| {
        let mut image = whole.clone();
        image[directory + 32] = status;
        image[directory + 33..directory + 44].copy_from_slice(name);
        image[directory + 44..directory + 64].fill(0);
        (image[directory + 47], image[directory + 48]) = (1, block);
        image
    };
    let two = other(0, b"OTHER   COM", 200);
    let refused = |image: &[u8], options: &[&str]| {
        folder.write("x.img", image);
        folder.mlc(["run", "x.img", "lights"].iter().chain(options)).fails(1)
    };
    let mut empty = whole.clone();
    empty[directory..directory + 2048].fill(0xE5);
    let mut text = whole.clone();
    text[directory + 9..directory + 12].copy_from_slice(b"TXT");
    let all = [
        refused(&two, &[]),
        refused(&two, &["--program", "none"]),
        refused(&other(0, b"OTHER   COM", 2), &[]),
        refused(&other(0, b"OTHER   COM", 250), &[]),
        refused(&other(0, b"OT\x1B[2J  COM", 200), &[]),
        refused(&other(0x55, b"OTHER   COM", 200), &[]),
        refused(&empty, &[]),
        refused(&text, &[]),
        refused(&whole[..5000], &[]),
        refused(&whole[..directory + 300], &["--disk", "ibm-3740"]),
        refused(&whole[..directory + 3 * 26 * 128], &["--disk", "ibm-3740"]),
        refused(&whole, &["--disk", "kpii"]),
    ];
    assert_snapshot!("disks-not-run", all.join("\n"));
    // The one that is named; what is cut behind its files has a name as well.
    let wants = folder.mlc(["run", "t.img", "lights"]).ok();
    folder.write("x.img", &two);
    assert_eq!(folder.mlc(["run", "x.img", "--program", "t", "lights"]).ok(), wants);
    folder.write("x.img", &whole[..directory + 4 * 26 * 128]);
    let said = folder.mlc(["run", "x.img", "--disk", "ibm-3740", "lights"]);
    assert_eq!(said.ok(), wants);
}

#[test]
fn the_table_of_formats_is_true() {
    let page = include_str!("../../docs/cpm.md");
    for format in &DISK_FORMATS {
        let name = format!("`{}`", format.name);
        let row = page.lines().find(|line| line.starts_with('|') && line.contains(&name)).expect(&name);
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let place = cells[1].split(", ").position(|other| other == name).expect(&name);
        let number = |cell: &str| cell.split(", ").nth(place).map(|number| number.replace(',', ""));
        let wants = [format.bytes(), format.room()].map(|bytes| Some(bytes.to_string()));
        assert_eq!([number(cells[3]), number(cells[4])], wants, "{name}");
    }
}
