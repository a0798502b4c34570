//! AVR chips and boards from the command line.

use crate::parts::label;
use crate::{Folder, json, models, unfolded};
use serde_json::Value;

const BOARDS: [(&str, &str); 5] = [
    ("atmega328p", "uno"),
    ("atmega328p", "nano"),
    ("atmega328p", "lilypad"),
    ("atmega2560", "mega"),
    ("atmega32u4", "micro"),
];

#[test]
fn every_board_answers_as_the_reference_does() {
    let folder = Folder::with_models();
    let prompts = ["hello", "How are YOU", "", "  spaces  ", "!", "über"];
    for model in ["model.ron", "sorter.ron"] {
        let reference = ["run", "--target", "reference", model].into_iter().chain(prompts);
        let wants = folder.mlc(reference).ok();
        for (chip, board) in BOARDS {
            let args = ["run", "--target", chip, "--profile", board, model].into_iter().chain(prompts);
            assert_eq!(folder.mlc(args).ok(), wants, "{model} on {board}");
        }
        let said = folder.mlc(["verify", "-t", "atmega328p", "--random", "20", model]).ok();
        assert!(said.trim_end().ends_with("all equal"), "{said}");
    }
}

#[test]
fn the_command_that_flashes_is_one_for_a_shell() {
    let folder = Folder::with_models();
    let said = folder.mlc(["compile", "-t", "atmega328p", "model.ron", "-o", "it's mine.hex"]).ok();
    let line = r"avrdude -p atmega328p -c arduino -P PORT -b 115200 -D -U 'flash:w:it'\''s mine.hex:i'";
    assert!(said.lines().any(|l| l == line), "{said}");
}

/// The files that people flash, run as they are.
#[test]
fn files_run_as_they_are() {
    let folder = Folder::with_models();
    let said = folder
        .mlc([
            "compile",
            "-t",
            "atmega328p",
            "--profile",
            "lilypad",
            "model.ron",
            "-o",
            "m.hex",
            "-o",
            "m.elf",
            "-o",
            "m.S",
        ])
        .ok();
    let line = "avrdude -p atmega328p -c arduino -P PORT -b 57600 -D -U flash:w:m.hex:i";
    assert!(said.lines().any(|l| l == line), "{said}");
    assert!(said.contains(" of 30,720 bytes, SRAM: "), "{said}");
    let wants = folder.mlc(["run", "--target", "reference", "model.ron", "hello"]).ok();
    for file in ["m.hex", "m.elf"] {
        let said = folder.piped(&["run", "-t", "atmega328p", file], b"hello\n").ok();
        assert_eq!(said, format!("tiny. Type a line.\n> {wants}> \n"), "{file}");
        assert_eq!(folder.mlc(["run", "-t", "atmega328p", file, "hello"]).ok(), said);
    }
    let source = folder.text("m.S");
    assert!(source.contains("LilyPad Arduino at 8000000 Hz"), "{source}");
    assert_eq!(
        folder
            .mlc(["compile", "-t", "atmega328p", "--profile", "lilypad", "model.ron", "--check", "m.S"])
            .code,
        Some(0)
    );
    // Without -o: HEX, assembly, listing, symbols.
    folder.mlc(["compile", "-t", "atmega328p", "model.ron"]).ok();
    let name = &models::chat().head.name;
    for extension in ["hex", "S", "lst", "map"] {
        assert!(!folder.text(&format!("build/{name}/atmega328p/{name}.{extension}")).is_empty());
    }
}

#[test]
fn a_folder_for_wokwi() {
    let folder = Folder::with_models();
    let name = models::classifier().head.name;
    folder.mlc(["compile", "-t", "atmega2560", "sorter.ron", "-o", "sim/"]).ok();
    let diagram = json(&folder.text("sim/diagram.json"));
    assert_eq!(diagram["parts"][0]["type"], "wokwi-arduino-mega");
    let settings = format!("[wokwi]\nversion = 1\nfirmware = \"{name}.hex\"\nelf = \"{name}.elf\"\n");
    assert_eq!(folder.text("sim/wokwi.toml"), settings);
    assert!(folder.text(&format!("sim/{name}.hex")).ends_with(":00000001FF\n"));
    assert!(folder.read(&format!("sim/{name}.elf")).starts_with(b"\x7fELF"));
    let said = folder
        .mlc(["compile", "-t", "atmega328p", "--profile", "lilypad", "sorter.ron", "-o", "no/"])
        .fails(2);
    assert!(said.contains("Wokwi has no board for the profile lilypad"), "{said}");
    let said = folder.mlc(["compile", "sorter.ron", "-o", "no/"]).fails(2);
    assert!(said.contains("Wokwi has AVR boards"), "{said}");
}

#[test]
fn bench_prints_memory_and_energy() {
    let folder = Folder::with_models();
    let said = folder.mlc(["bench", "-t", "atmega328p", "--profile", "lilypad", "model.ron"]).ok();
    for text in [
        "ms at 8 MHz",
        "\nflash: ",
        " on the stack\nenergy: ",
        " µJ a step at 3.7 V (4.1 mA, 0.87 mA asleep); a 110 mAh cell lasts ",
    ] {
        assert!(unfolded(&said).contains(text), "{text}: {said}");
    }
    let value =
        json(&folder.mlc(["bench", "-t", "atmega328p", "--profile", "uno", "model.ron", "--json"]).ok());
    let (energy, mean) = (&value["energy"], value["step"]["mean"].as_f64().unwrap());
    assert_eq!(energy["volts"], 5.0);
    // 0.66253 nC a cycle at 5 V; what it sleeps is a little more.
    let active = 5.0 * 0.66253e-3 * mean;
    let found = energy["microjoules_a_step"].as_f64().unwrap();
    assert!((active..2.0 * active).contains(&found), "{found}, {active}");
    let steps = energy["steps_from_cell"].as_f64().unwrap();
    assert!((steps * found / (396.0 * 5.0 * 1e6) - 1.0).abs() < 1e-9, "{steps}");
    let stack = value["stack_bytes"].as_u64().unwrap();
    assert!((8..48).contains(&stack), "{stack}");
    // No currents are known of this chip.
    let value = json(&folder.mlc(["bench", "-t", "atmega2560", "model.ron", "--json"]).ok());
    assert_eq!(value["energy"], Value::Null);
}

#[test]
fn profile_finds_routines() {
    let folder = Folder::with_models();
    let said = folder.mlc(["profile", "-t", "atmega328p", "model.ron", "hello"]).ok();
    for name in ["fc1_context_hash", "emit", "received"] {
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn boards_of_ones_own_and_boards_that_are_not_there() {
    let folder = Folder::with_models();
    let own = include_str!("../../runtime-avr/profiles/uno.ron");
    folder.write(
        "slow.ron",
        own.replace("16_000_000", "8_000_000").replace("115_200,\n    supply", "9_600,\n    supply"),
    );
    let args = ["bench", "-t", "atmega328p", "--profile", "slow.ron", "model.ron", "--json"];
    assert_eq!(json(&folder.mlc(args).ok())["clock_hz"], 8_000_000);
    folder.write("fast.ron", own.replace("baud: 115_200,\n    supply", "baud: 5_000_000,\n    supply"));
    folder.write("pin.ron", own.replace("PB5 high", "PX5 high"));
    for (board, code, text) in [
        (
            "lilipad",
            2,
            "there is no board lilipad with an atmega328p; there are lilypad+flash, lilypad, nano, uno+flash, uno",
        ),
        ("mega", 2, "there is no board mega with an atmega328p"),
        ("fast.ron", 1, "5000000 baud cannot be made from 16000000 Hz within 2.2 %"),
        (
            "pin.ron",
            1,
            "pin.ron:9: pins: \"ON\": atmega328p has no pin PX5; its pins are PB0-7, PC0-6, PD0-7",
        ),
        ("none.ron", 1, "none.ron"),
    ] {
        let said =
            folder.mlc(["run", "-t", "atmega328p", "--profile", board, "model.ron", "hello"]).fails(code);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(said.contains(text), "{board}: {said}");
    }
    let said = folder.mlc(["run", "--profile", "uno", "model.ron", "hello"]).fails(2);
    assert!(said.contains("--target must be one: atmega1284p, atmega2560, atmega328p, atmega32u4"), "{said}");
    let said = folder.mlc(["run", "-t", "attiny85", "--profile", "tiny", "model.ron", "hello"]).fails(2);
    assert!(said.contains("attiny85 has no serial line"), "{said}");
}

/// Capitals do not matter, and `mlc compile` says which labels drive a pin.
#[test]
fn labels_find_their_pins_whatever_their_capitals() {
    let folder = Folder::new();
    let mut model = models::classifier();
    let write = |model: &_| folder.write("model.ron", models::text(model));
    let compile = ["compile", "-t", "atmega2560", "model.ron", "-o", "sim/"];
    let pins =
        |said: String| unfolded(&said).lines().find(|line| line.starts_with("pins: ")).map(str::to_string);
    write(&model);
    let none = "pins: no label drives one; the profile mega has pins for ON, OFF, no labels of this model";
    assert_eq!(pins(folder.mlc(compile).ok()).as_deref(), Some(none));
    model.answer = label(["on", "off", "up"]);
    write(&model);
    let some = "pins: on PB7 high, off PB7 low; the other label drives none";
    assert_eq!(pins(folder.mlc(compile).ok()).as_deref(), Some(some));
    let diagram = json(&folder.text("sim/diagram.json"));
    assert_eq!(diagram["parts"][1]["attrs"]["label"], "on, off");
    let source = folder.mlc(["compile", "-t", "atmega2560", "model.ron", "--emit", "asm"]).ok();
    assert!(source.contains("; on: PB7 high") && source.contains("; off: PB7 low"), "{source}");
    // A chat has no labels.
    folder.write("chat.ron", models::text(&models::chat()));
    assert_eq!(pins(folder.mlc(["compile", "-t", "atmega328p", "chat.ron"]).ok()), None);
}

/// A chip without a serial line gets no firmware: of a network on numbers what C calls, of anything else only C.
#[test]
fn what_c_calls_is_assembly_for_a_chip_without_a_serial_line() {
    let folder = Folder::with_models();
    folder.write("flowers.ron", crate::forest::FLOWERS);
    let chip = ["compile", "-t", "attiny85", "-o"];
    let compile = |file, model| folder.mlc(chip.iter().copied().chain([file, model]));
    let said = compile("net.S", "flowers.ron").ok();
    assert!(said.contains("avr-gcc -mmcu=attiny85 -Os net.S main.c -o main.elf"), "{said}");
    assert!(
        said.contains(" of 8,192 bytes, ") && said.contains(" of 512, 48 of them for the stack"),
        "{said}"
    );
    let text = folder.text("net.S");
    assert!(text.contains("int net_flowers_run(void);") && text.contains("net_flowers_logits[3]"), "{text}");
    assert!(!text.contains("net_char") && !text.contains("emit"), "{text}");
    let named = folder.mlc(["compile", "-t", "attiny85", "--profile", "tiny", "-o", "two.S", "flowers.ron"]);
    named.ok();
    assert_eq!(folder.text("two.S"), text);
    for file in ["net.hex", "net.elf", "net.html", "sim/"] {
        let said = unfolded(&compile(file, "flowers.ron").fails(2));
        assert!(
            said.contains("what is compiled for attiny85 is called from C: write NAME.S"),
            "{file}: {said}"
        );
    }
    let said = unfolded(&compile("chat.S", "model.ron").fails(2));
    assert!(said.contains("attiny85 has no serial line: networks on numbers run there"), "{said}");
}

#[test]
fn queries_that_no_line_can_hold_are_refused() {
    let folder = Folder::with_models();
    let said = folder.mlc(["run", "-t", "atmega328p", "model.ron", &"x".repeat(100)]).fails(1);
    assert!(said.contains("it has 100 bytes; the program's line on atmega328p holds"), "{said}");
    let said = folder.mlc(["run", "-t", "atmega328p", "model.ron", "a\nb"]).fails(1);
    assert!(said.contains("0Ah cannot be typed"), "{said}");
}

#[test]
fn a_model_that_is_too_large_is_refused_with_a_table() {
    let folder = Folder::new();
    folder.write("huge.ron", models::text(&models::huge()));
    let said = folder.mlc(["compile", "-t", "atmega328p", "huge.ron", "-o", "h.hex"]).fails(1);
    assert!(said.contains("does not fit atmega328p"), "{said}");
    assert!(said.contains("flash") && said.contains("RAM"), "{said}");
    assert_eq!(folder.names(), ["huge.ron"]);
}
