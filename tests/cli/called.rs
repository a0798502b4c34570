//! Networks on numbers on a chip without a serial line, where mlc stands in for the program in C that calls them.

use crate::forest::FLOWERS;
use crate::tflite::{dense, wide};
use crate::{Folder, Ran, json, shared, unfolded};

const CHIP: [&str; 2] = ["--target", "attiny85"];

/// With a forest in `flowers.ron`, a dense network with labels in `net.ron`, and the same with numbers in `numbers.ron`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("flowers.ron", FLOWERS).write("net.tflite", dense(9).bytes());
    folder.mlc(["import", "net.tflite", "--labels", "up,down", "-o", "net.ron"]).ok();
    folder.mlc(["import", "net.tflite", "--numbers", "-o", "numbers.ron"]).ok();
    folder
}

/// A verb on the chip.
fn on_chip(folder: &Folder, args: &[&str]) -> Ran {
    folder.mlc([&args[..1], &CHIP[..], &args[1..]].concat())
}

/// Readings, bytes, and what is no line: the same answers as the reference's and those of a chip with a serial line.
#[test]
fn it_answers_as_the_reference_does() {
    let folder = folder();
    for (model, lines) in [
        ("flowers.ron", ["2.4 0 9", "9.9,-1,0", "#-128 -127 5", "1 2"]),
        ("net.ron", ["6.5, 1", "#10,-1", "#10,97", "6.5"]),
        ("numbers.ron", ["6.5, 1", "#10,-1", "-99999999 3", "up"]),
    ] {
        let answers = |target: &str| {
            let ran = folder.mlc(["run", model, "--target", target, "--"].iter().chain(&lines));
            (ran.stderr.clone(), ran.ok())
        };
        let (_, wants) = answers("reference");
        let (notes, found) = answers("attiny85");
        assert_eq!(found, wants, "{model}");
        assert_eq!(answers("atmega328p").1, wants, "{model}");
        let note = "has no serial line: mlc hands values over and calls net_";
        assert!(unfolded(&notes).contains(note) && !answers("atmega328p").0.contains(note), "{notes}");
    }
    // Line by line from a pipe, on one chip after the other.
    let piped = folder.piped(&["run", "net.ron", "-t", "attiny85"], b"6.5, 1\n\n#10,97\n7\n").ok();
    assert_eq!(piped, "up\n\ndown\n? 2 numbers\n");
    let row = json(&on_chip(&folder, &["run", "net.ron", "6.5, 1", "--json"]).ok());
    assert_eq!((&row["reply"], &row["steps"]), (&"up".into(), &1.into()));
    assert!(row["cycles"].as_u64().is_some_and(|cycles| (100..3_000).contains(&cycles)), "{row}");
    let milliseconds = row["cycles"].as_f64().unwrap() / 8_000.0;
    assert_eq!(row["milliseconds"].as_f64(), Some(milliseconds), "8 MHz");
}

#[test]
fn it_is_verified() {
    let folder = folder();
    folder.write("data.csv", "a,b,label\n6.5,1,up\n6.5,50,down\n6.5,49,up\n");
    let said = on_chip(&folder, &["verify", "net.ron", "--data", "data.csv"]).ok();
    assert_eq!(said, "net on attiny85: 3 prompts, 3 steps, 6 logits: all equal\n");
    for (model, logits) in [("net.ron", 2), ("numbers.ron", 2), ("flowers.ron", 3)] {
        for optimize in ["speed", "size"] {
            let args = ["verify", model, "--random", "24", "--optimize", optimize];
            let said = on_chip(&folder, &args).ok();
            assert!(said.ends_with(&format!("40 steps, {} logits: all equal\n", 40 * logits)), "{said}");
        }
    }
    // What a prompt expects is compared as everywhere.
    folder.write("p.txt", "6.5 1|down\n");
    let ran = on_chip(&folder, &["verify", "net.ron", "--prompts", "p.txt"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("not the reply that is expected"), "{}", ran.stdout);
}

/// Cycles from the call to the return, with what is predicted of them, flash and SRAM.
#[test]
fn it_is_measured() {
    let folder = folder();
    let said = on_chip(&folder, &["bench", "net.ron"]).ok();
    assert!(said.starts_with("net on attiny85\n16 prompts, 16 steps\n"), "{said}");
    for text in ["ms at 8 MHz", "\ns1_dense ", "\ncall ", "\nresults ", "\nflash: ", " on the stack\n"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!said.contains("console") && !said.contains("first character"), "{said}");
    let value = json(&on_chip(&folder, &["bench", "net.ron", "--json"]).ok());
    let number = |of: &serde_json::Value| of.as_f64().expect("a number");
    let phases = value["phases"].as_array().expect("a list");
    let simulated: f64 = phases.iter().map(|phase| number(&phase["simulated"])).sum();
    assert!((simulated - number(&value["step"]["mean"])).abs() < 1e-6, "{value}");
    assert!(phases.iter().any(|phase| phase["phase"] == "call" && phase["predicted"] == phase["simulated"]));
    let compiled = on_chip(&folder, &["compile", "net.ron", "-o", "net.S", "--json"]).ok();
    assert_eq!(value["image_bytes"], json(&compiled)["image_bytes"], "what C gets is what is measured");
    let (sram, stack) = (number(&value["sram_bytes"]), number(&value["stack_bytes"]));
    assert!((20.0..=48.0).contains(&stack) && sram > stack && sram < 120.0, "{value}");
    assert_eq!(value["energy"], serde_json::Value::Null);
    let rows =
        json(&on_chip(&folder, &["bench", "--all", "net.ron", "flowers.ron", "tinychat", "--json"]).ok());
    let rows = rows.as_array().expect("a list");
    let networks: Vec<_> = rows.iter().map(|row| row["network"].as_str().unwrap_or_default()).collect();
    assert_eq!(networks, ["net", "flowers"], "texts have no row there");
    assert_eq!(rows[0]["figures"]["cycles"], value["cycles"]);
}

#[test]
fn it_is_profiled() {
    let folder = folder();
    let said = on_chip(&folder, &["profile", "net.ron"]).ok();
    for name in ["net_net_run", "s1_dense", "call_kept"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    let value = json(&on_chip(&folder, &["profile", "net.ron", "--json"]).ok());
    let bench = json(&on_chip(&folder, &["bench", "net.ron", "--json"]).ok());
    assert_eq!(value["cycles"], bench["cycles"], "{value}");
}

/// Rows are computed while values are handed over, which counts as the rest does.
#[test]
fn rows_are_computed_while_values_come() {
    let folder = folder();
    folder.write("wide.tflite", wide(500).bytes());
    folder.mlc(["import", "wide.tflite", "--labels", "up,down", "-o", "wide.ron"]).ok();
    let said = on_chip(&folder, &["compile", "wide.ron", "-o", "wide.S"]).ok();
    assert!(said.contains("row by row: all steps"), "{said}");
    let verified = on_chip(&folder, &["verify", "wide.ron", "--random", "8"]).ok();
    assert!(verified.ends_with("24 steps, 48 logits: all equal\n"), "{verified}");
    let value = json(&on_chip(&folder, &["bench", "wide.ron", "--json"]).ok());
    let phase = |name: &str| {
        let of_name = |phase: &&serde_json::Value| phase["phase"] == name;
        let phase = value["phases"].as_array().and_then(|all| all.iter().find(of_name));
        phase.and_then(|phase| phase["simulated"].as_f64()).unwrap_or_default()
    };
    // 1,000 products, 19 cycles each at least.
    assert!(phase("s1_dense") > 19_000.0 && phase("rows") > 500.0 && phase("call") < 100.0, "{value}");
}

/// What does not fit, what is no network on numbers, and boards of one's own.
#[test]
fn what_it_cannot_run_is_refused() {
    let folder = folder();
    folder.write("wide.tflite", wide(5_000).bytes());
    folder.mlc(["import", "wide.tflite", "-o", "wide.ron"]).ok();
    for verb in ["verify", "bench", "profile"] {
        let said = unfolded(&on_chip(&folder, &[verb, "wide.ron"]).fails(1));
        assert!(said.contains("does not fit attiny85"), "{verb}: {said}");
        let said = unfolded(&on_chip(&folder, &[verb, "tinychat"]).fails(2));
        let wants = "attiny85 has no serial line: networks on numbers run there, called as by a program in C; compile any \
                     other model with -o NAME.c, and call the C from a program of your own";
        assert!(said.contains(wants), "{verb}: {said}");
    }
    let rows = json(&on_chip(&folder, &["bench", "--all", "wide.ron", "--json"]).ok());
    assert_eq!(rows[0]["figures"], serde_json::Value::Null, "it does not fit");
    for models in [&["tinychat"][..], &["tinychat", "guess"]] {
        let said = on_chip(&folder, &[&["bench", "--all"], models].concat()).fails(2);
        assert!(said.contains("attiny85 has no serial line"), "{said}");
    }
    let said = unfolded(&on_chip(&folder, &["report", "net.ron", "-o", "net.html"]).fails(2));
    assert!(said.contains("there is no report about networks on numbers"), "{said}");
    folder.write("any.hex", ":00000001FF\n");
    let said = on_chip(&folder, &["run", "any.hex"]).fails(2);
    assert!(said.contains("attiny85 has no serial line"), "{said}");
    let tiny = include_str!("../../runtime-avr/profiles/tiny.ron");
    folder.write("fast.ron", tiny.replace("8_000_000", "16_000_000"));
    let cycles = |board: &str| {
        let value = json(&on_chip(&folder, &["bench", "net.ron", "--profile", board, "--json"]).ok());
        (value["clock_hz"].as_u64(), value["cycles"].as_u64())
    };
    let ((slow, few), (fast, as_few)) = (cycles("tiny"), cycles("fast.ron"));
    assert_eq!((slow, fast, few), (Some(8_000_000), Some(16_000_000), as_few));
    let said = unfolded(&on_chip(&folder, &["run", "net.ron", "1 2", "--profile", "uno"]).fails(2));
    assert!(said.contains("there is no board uno with an attiny85; there are tiny"), "{said}");
    let said = on_chip(&folder, &["run", "net.ron", "1 2", "--max-cycles", "50"]).fails(1);
    assert!(said.contains("50 cycles"), "{said}");
}

/// A machine of one's own that has entry points in the place of a console.
#[test]
fn a_machine_without_a_console_is_refused() {
    let folder = folder();
    let console = "(name: \"mine\", about: \"\", cpu: Z80, machine: Cpm, clock_hz: 4_000_000, images: [Com], origin: 0x100, \
                   image_end: 0xA380, memory_end: 0xAC06, stack: 128, longest_query: 126, console: \"call.asm\")";
    folder.write("mine.ron", console);
    for verb in ["run", "verify", "bench", "profile"] {
        let said = unfolded(&folder.mlc([verb, "net.ron", "--target", "mine.ron"]).fails(2));
        assert!(
            said.contains("mine.ron has no console, so that nobody can talk to a program there"),
            "{verb}: {said}"
        );
    }
}

#[test]
fn it_is_listed_where_networks_on_numbers_fit() {
    let folder = folder();
    let listed = folder.mlc(["targets"]).ok();
    let line = listed.lines().find(|line| line.starts_with("attiny85 ")).unwrap_or_default();
    assert!(line.contains("8 MHz") && line.contains("512") && line.contains(" .S "), "{listed}");
    let listed = json(&folder.mlc(["targets", "--json"]).ok());
    let chip = listed.as_array().and_then(|all| all.iter().find(|row| row["name"] == "attiny85"));
    let chip = chip.expect("it is listed");
    assert_eq!((&chip["image"], &chip["profiles"][0]["name"]), (&"S".into(), &"tiny".into()));
    let of = |model: &str| folder.mlc(["inspect", model]).ok().contains("\nattiny85: fits: ");
    assert!(of("net.ron") && of("flowers.ron") && !of("commands"));
    folder.write("rows.csv", format!("a,b,label\n{}", "1,2,x\n2,1,y\n".repeat(12)));
    let train =
        ["train", "rows.csv", "--classifier", "--target", "attiny85", "--epochs", "2", "-o", "rows.ron"];
    let said = folder.mlc(train).ok();
    assert!(said.contains("\non attiny85: "), "{said}");
}

/// Every row of the published networks that fit, if they lie beside the repository; the others are refused for their size.
#[test]
fn published_networks_are_exact() {
    let Some(readme) = shared::beside("import-models", "README.md") else { return };
    let folder = Folder::new();
    let beside = |name: &str| readme.with_file_name(name).display().to_string();
    let mut done = Vec::new();
    for (name, kind, rows) in PUBLISHED {
        let data = beside(&format!("expected/{name}.npz"));
        let model = format!("{name}.ron");
        let file = beside(&format!("{kind}/{name}.{kind}"));
        let mut import = vec!["import", file.as_str(), "-o", model.as_str()];
        // Of floats, which its training half makes integers of.
        let calibration = beside(&format!("expected/{name}_calib.npz"));
        if kind == "onnx" && !name.ends_with("_tree") {
            import.extend(["--calibrate", calibration.as_str()]);
        }
        folder.mlc(import).ok();
        let said = on_chip(&folder, &["verify", &model, "--data", &data]);
        if rows == 0 {
            let refused = unfolded(&said.fails(1));
            assert!(refused.contains("does not fit attiny85"), "{refused}");
            continue;
        }
        let said = said.ok();
        assert!(said.starts_with(&format!("{name} on attiny85: {rows} prompts, {rows} steps")), "{said}");
        assert!(said.ends_with(": all equal\n"), "{said}");
        done.push(name);
    }
    println!("{done:?}");
    assert_eq!(done.len(), 8, "{done:?}");
}

/// Networks that an ATtiny85 may have room for: with their rows, 0 of one that does not fit.
const PUBLISHED: [(&str, &str, usize); 10] = [
    ("microflow_sine", "tflite", 256),
    ("tflm_hello_world_int8", "tflite", 256),
    ("tinymaix_mnist_arduino_q", "tflite", 100),
    ("tinymaix_mnist_dw_q", "tflite", 0),
    ("sk_iris_logreg", "onnx", 38),
    ("sk_iris_mlp", "onnx", 38),
    ("sk_iris_tree", "onnx", 38),
    ("sk_sine_mlp", "onnx", 150),
    ("sk_digits_mlp32", "onnx", 450),
    ("sk_digits_mlp64_32_tanh", "onnx", 0),
];
