//! Firmware that streams its weights, on simavr: the processor, the serial line and the SPI are simavr's, the chip behind it is
//! written in C (`tests/support/simavr.c`). It says what the reference says.

use super::flash::{PROMPTS, answering, answers, compiled, hashed, wide};
use super::simulator::{self, Told, hex};
use mlc_compiler::model::Model;

/// Most cycles of a conversation.
const MOST: u32 = 4_000_000_000;

/// What the program says on an uno: when it starts, and to each line of a script.
fn says(model: &Model, chip: &str, lines: &str) -> Vec<String> {
    let compiled = compiled(model);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("writable");
    file("program", &compiled.image.bytes);
    let weights = &compiled.image.beside.as_ref().expect("its weights are beside it").bytes;
    file("weights", weights);
    let script = format!("device atmega328p 16000000\nflash program\n{chip}talk {MOST}\n{lines}");
    let told = simulator::told(&script, folder.path());
    if lines.contains("save") {
        let saved = std::fs::read(folder.path().join("saved")).expect("it was saved");
        assert!(saved[..weights.len()] == weights[..], "{}", model.head.name);
        assert!(saved[weights.len().next_multiple_of(4096)..].iter().all(|byte| *byte == 0xFF));
    }
    let text = |told: Told| match told {
        Told::Said(bytes) => bytes.into_iter().map(char::from).collect(),
        other => unreachable!("the program talks: {other:?}"),
    };
    told.into_iter().map(text).collect()
}

fn prompts() -> String {
    PROMPTS.iter().map(|prompt| format!("type {}0d\n", hex(prompt.as_bytes()))).collect()
}

/// The answers, each with the next prompt behind it. simavr has characters where the model has bytes.
fn expected(model: &Model) -> Vec<String> {
    let shown = |answer: String| answer.bytes().map(char::from).collect::<String>() + "\r\n> ";
    answers(model).into_iter().map(shown).collect()
}

#[test]
fn simavr_streams_the_same() {
    if !simulator::is_there() {
        return;
    }
    for model in [answering(), hashed(), wide()] {
        let said = says(&model, "chip B 2 22 weights\n", &prompts());
        assert_eq!(said[0], format!("{}. Type a line.\r\n> ", model.head.name));
        assert_eq!(said[1..], expected(&model), "{}", model.head.name);
    }
}

#[test]
fn simavr_takes_weights_by_xmodem() {
    if !simulator::is_there() {
        return;
    }
    for model in [answering(), hashed()] {
        let lines = format!("send 770d weights\nsave saved\n{}", prompts());
        let said = says(&model, "chip B 2 20 -\n", &lines);
        assert!(said[0].starts_with("SPI flash: it has no weights: "), "{said:?}");
        assert_eq!(said[1], format!("{}. Type a line.\r\n> ", model.head.name));
        assert_eq!(said[2..], expected(&model), "{}", model.head.name);
    }
}

#[test]
fn simavr_says_what_is_wrong_with_the_chip() {
    if !simulator::is_there() {
        return;
    }
    let model = hashed();
    for (chip, message) in [
        ("", "no chip answers: look at its wires"),
        ("chip B 2 20 -\n", "it has no weights: hashed.dat belongs there"),
        ("chip B 2 20 program\n", "it has no weights: hashed.dat belongs there"),
        ("chip B 1 22 weights\n", "no chip answers: look at its wires"),
    ] {
        let said = says(&model, chip, "type 0d\n");
        assert_eq!(said.len(), 2, "{said:?}");
        for said in said {
            assert!(said.starts_with(&format!("SPI flash: {message}\r\n")), "{chip}: {said}");
        }
    }
}
