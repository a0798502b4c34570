//! Weights in a file beside a program: what is written, compared and read.

use crate::random::Random;
use crate::{Folder, json, parts, sequence, unfolded};
use mlc_compiler::import::ron;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};

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
    assert!(other.contains("cpc6128 loads .dsk or .cdt; .bin is for --target cpc464"), "{other}");
}

/// A cassette has no pages; without any it is that of the smaller machine.
#[test]
fn a_cassette_of_a_cpc_6128_has_the_program_alone() {
    let folder = folder();
    let files = ["compile", "talk.ron", "-t", "cpc6128", "-o", "talk.dsk", "-o", "talk.cdt"];
    let refused = folder.mlc(files.iter().chain(&["--weights", "banks"])).fails(1);
    assert!(refused.contains("talk.cdt: this program has weights in pages"), "{refused}");
    assert_eq!(folder.names(), ["talk.ron"], "nothing is half-written");
    folder.mlc(files).ok();
    folder.mlc(["compile", "talk.ron", "-t", "cpc464", "-o", "small.cdt"]).ok();
    assert!(folder.read("talk.cdt") == folder.read("small.cdt"), "the cassettes differ");
    let reply = folder.mlc(["run", "talk.dsk", "AB"]).ok();
    assert_eq!(folder.mlc(["run", "talk.cdt", "AB", "-t", "cpc6128"]).ok(), reply);
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
    // The smaller machine has the tape's program, and no pages.
    let small = folder.mlc(["run", "talk.tap", "AB", "-t", "zx48"]).fails(1);
    assert!(small.contains("BASIC stops with its report 4 Out of memory"), "{small}");
}

/// The board that has a flash chip for them.
const UNO: [&str; 6] = ["-t", "atmega328p", "--profile", "uno+flash", "--weights", "file"];

/// With a random sequence model that answers `ab` in letters and fits an uno, in `talk.ron`; and the answer.
fn answering() -> (Folder, String) {
    let folder = Folder::new();
    for seed in 0.. {
        folder.write("talk.ron", ron::write(&sequence::model(seed)));
        let reply = folder.mlc(["run", "-t", "reference", "talk.ron", "ab"]).ok();
        let is_plain =
            reply.trim().len() > 1 && reply.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if is_plain
            && folder.mlc([&["compile", "talk.ron", "--emit", "plan"], &UNO[..]].concat()).code == Some(0)
        {
            return (folder, reply);
        }
    }
    unreachable!("one of them answers")
}

#[test]
fn an_avr_has_its_weights_in_a_flash_chip() {
    let (folder, reply) = answering();
    let mlc = |args: &[&str]| folder.mlc([args, &UNO].concat());
    let said = mlc(&["compile", "talk.ron", "-o", "talk.hex", "-o", "talk.elf"]).ok();
    assert!(unfolded(&said).contains("matrices in talk.dat, for the flash chip; a token reads"), "{said}");
    assert!(said.contains("mlc run talk.hex --target atmega328p --profile uno+flash hello"), "{said}");
    assert_eq!(folder.names(), ["talk.dat", "talk.elf", "talk.hex", "talk.ron"]);
    let check = || mlc(&["compile", "talk.ron", "--check", "talk.hex"]);
    assert_eq!(check().ok(), "talk.hex: up to date\ntalk.dat: up to date\n");
    let summary = json(&mlc(&["compile", "talk.ron", "-o", "talk.hex", "--json"]).ok());
    assert_eq!(summary["weights"]["name"], "talk.dat");
    assert_eq!(summary["weights"]["bytes"], folder.read("talk.dat").len());
    let reads = summary["weights"]["bytes_a_token"].as_u64().expect("it is a number");
    assert!(reads > 0 && reads < folder.read("talk.dat").len() as u64, "{reads}");
    assert!(summary["weights"].get("records_a_token").is_none());

    assert_eq!(mlc(&["run", "talk.ron", "ab"]).ok(), reply);
    let run = || folder.mlc(["run", "talk.hex", "-t", "atmega328p", "--profile", "uno+flash", "ab"]).ok();
    let said = run();
    let answer = said.split_once(". Type a line.\n> ").expect("it greets").1;
    assert_eq!(answer, format!("{reply}> \n"));
    folder.write("ab.txt", "ab\nb\n");
    assert!(mlc(&["verify", "talk.ron", "--prompts", "ab.txt"]).ok().ends_with(": all equal\n"));
    let bench = json(&mlc(&["bench", "talk.ron", "--prompts", "ab.txt", "--json"]).ok());
    assert!(bench["tokens"]["mean"]["cycles"].as_f64() > Some(0.0), "{bench}");

    let whole = folder.read("talk.dat");
    folder.write("talk.dat", &whole[..whole.len() - 1]);
    assert!(run().starts_with("SPI flash: talk.dat is damaged there: write it again"), "{}", run());
    assert_eq!(check().code, Some(1));
    std::fs::remove_file(folder.path("talk.dat")).expect("it is there");
    assert!(run().starts_with("SPI flash: it has no weights: talk.dat belongs there"), "{}", run());
}

#[test]
fn flash_chips_that_are_not_there() {
    let folder = Folder::new();
    folder.write("talk.ron", ron::write(&sequence::model(0)));
    let plain = ["compile", "talk.ron", "-t", "atmega328p", "--weights", "file", "-o", "talk.hex"];
    let none = folder.mlc(plain).fails(1);
    assert!(none.contains("no kernels for weights in a file there yet"), "{none}");
    let page = folder.mlc([&["compile", "talk.ron", "-o", "talk.html"], &UNO[..]].concat()).fails(2);
    assert!(
        page.contains("a page has no flash chip beside atmega328p: take a --profile without one"),
        "{page}"
    );
    // What fits needs no chip.
    folder
        .mlc(["compile", "talk.ron", "-t", "atmega1284p", "--profile", "mighty+flash", "-o", "talk.hex"])
        .ok();
    assert_eq!(folder.names(), ["talk.hex", "talk.ron"]);
    let both = [
        "compile",
        "talk.ron",
        "-t",
        "atmega1284p",
        "--profile",
        "mighty+flash",
        "-o",
        "x.hex",
        "-o",
        "x.dat",
    ];
    assert!(folder.mlc(both).fails(2).contains("all weights of this program are in its image"));
    folder.write("x.dat", folder.read("talk.ron"));
    let input = folder.mlc([&["compile", "x.dat", "-o", "x.hex"], &UNO[..]].concat()).fails(2);
    assert!(input.contains("x.dat"), "{input}");
    assert_eq!(folder.read("x.dat"), folder.read("talk.ron"));
}

/// A network that reads hashed text, and does not fit an uno.
fn wide() -> Model {
    let mut r = Random(5);
    let mut layer = |inputs: usize, outputs: usize| {
        let mut weight = || if r.chance(50) { [-1, 1, -1, 1, -2][r.within(0, 4)] } else { 0 };
        let weights: Vec<i8> = (0..inputs * outputs).map(|_| weight()).collect();
        Layer { inputs, outputs, weights, bias: vec![3; outputs], shift: 2, set: WeightSet::Full }
    };
    let layers = vec![layer(512, 256), layer(256, 128), layer(128, 27)];
    let query = QueryEncoder { buckets: 256, bands: 1, max_length: 60 };
    let context = Some(ContextEncoder { buckets: 256, length: 8 });
    let chat = Chat { charset: (b'a'..=b'z').chain([0]).collect(), max_reply: 6 };
    parts::model(("wide", "random"), (query, context), layers, Answer::Chat(chat))
}

#[test]
fn networks_of_hashed_text_have_columns_in_a_flash_chip() {
    let folder = Folder::new();
    folder.write("wide.ron", ron::write(&wide()));
    let mlc = |args: &[&str]| folder.mlc([args, &["-t", "atmega328p", "--profile", "uno+flash"]].concat());
    let plain = folder.mlc(["compile", "wide.ron", "-t", "atmega328p", "-o", "wide.hex"]).fails(1);
    assert!(plain.contains("A flash chip at its SPI has room for weights: --profile uno+flash."), "{plain}");
    assert_eq!(folder.names(), ["wide.ron"]);
    let inspect = folder.mlc(["inspect", "wide.ron"]).ok();
    let line = inspect.lines().find(|line| line.starts_with("atmega328p --profile uno+flash: fits: flash "));
    assert!(line.is_some() && inspect.contains(" in the flash chip; "), "{inspect}");

    let said = unfolded(&mlc(&["compile", "wide.ron", "-o", "wide.hex"]).ok());
    assert!(said.contains("fc1_query gaps (flash chip)") || said.contains("in the flash chip"), "{said}");
    assert!(said.contains(" stages in wide.dat, for the flash chip; a step reads "), "{said}");
    assert!(said.contains(" bytes, for which the bus is busy "), "{said}");
    let summary = json(&mlc(&["compile", "wide.ron", "-o", "wide.hex", "--json"]).ok());
    assert_eq!(summary["weights"]["bytes"], folder.read("wide.dat").len());
    assert!(summary["weights"]["bytes_a_step"].as_u64() > Some(1_000), "{summary}");
    assert!(summary["weights"].get("bytes_a_token").is_none());
    let share = summary["weights"]["bus_share"].as_f64().expect("it is a number");
    assert!((0.1..0.9).contains(&share), "{share}");

    let reply = folder.mlc(["run", "wide.ron", "--target", "reference", "hello"]).ok();
    assert_eq!(mlc(&["run", "wide.ron", "hello"]).ok(), reply);
    let said = mlc(&["run", "wide.hex", "hello"]).ok();
    assert_eq!(said.split_once(". Type a line.\n> ").expect("it greets").1, format!("{reply}> \n"));
    folder.write("ab.txt", "ab\nhow are you?\n");
    assert!(mlc(&["verify", "wide.ron", "--prompts", "ab.txt"]).ok().ends_with(": all equal\n"));
    let bench = json(&mlc(&["bench", "wide.ron", "--prompts", "ab.txt", "--json"]).ok());
    assert_eq!(bench["flash_chip"]["bytes"], folder.read("wide.dat").len());
    assert!(bench["flash_chip"]["bus_share"].as_f64() > Some(0.1), "{bench}");

    let image = mlc(&["compile", "wide.ron", "--weights", "image", "-o", "x.hex"]).fails(1);
    assert!(image.contains("wide does not fit atmega328p"), "{image}");
    let code =
        mlc(&["compile", "wide.ron", "--weights", "file", "--layer", "1=unrolled", "-o", "x.hex"]).fails(1);
    let wants = "fc1_query cannot have unrolled weights: it can have packed, columns, gaps";
    assert!(code.contains(wants), "{code}");
    assert_eq!(folder.names(), ["ab.txt", "wide.dat", "wide.hex", "wide.ron"]);
}
