//! The folder for Wokwi on avr8js, the core of that simulator: the firmware that people without a board run. It has its
//! own idea of a serial line: the flag of an empty data register goes when its interrupt is called, and there is no room
//! for a second character behind the one on the line.

use super::models::{file, model};
use super::shared::tools::{self, installed};
use mlc_compiler::{eval, reference};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where `.ci/run` installs avr8js.
pub fn library() -> Option<PathBuf> {
    let folder = Path::new(ROOT).join("target/avr8js");
    if folder.join("node_modules/avr8js").is_dir() {
        return installed("node").then_some(folder);
    }
    tools::there(false, "avr8js in target/avr8js (npm install --prefix target/avr8js avr8js)");
    None
}

/// The uno's description with another line in the place of one.
fn uno(old: &str, new: &str) -> String {
    let uno = include_str!("../../runtime-avr/profiles/uno.ron");
    assert!(uno.contains(old));
    uno.replace(old, new)
}

/// What avr8js shows of a model's folder: each reply, and at which cycle each of its characters was written.
fn replies(
    library: &Path,
    path: &str,
    chip: &str,
    profile: &str,
    prompts: &[&str],
) -> Vec<(String, Vec<u64>)> {
    let folder = tempfile::tempdir().unwrap();
    // A description, or the name of a board.
    let profile = if profile.starts_with('(') {
        std::fs::write(folder.path().join("own.ron"), profile).unwrap();
        "own.ron"
    } else {
        profile
    };
    let compiled = Command::new(env!("CARGO_BIN_EXE_mlc"))
        .args(["compile", "--target", chip, "--profile", profile, "-o", "sim/"])
        .arg(file(path).expect("the model was read"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let shown = Command::new("node")
        .arg(Path::new(ROOT).join("tests/firmware/avr8js.mjs"))
        .args([library, &folder.path().join("sim")])
        .args(prompts)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(shown.status.success(), "{path}: {}", String::from_utf8_lossy(&shown.stderr));
    let read = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let written = value["written"].as_array().unwrap().iter().map(|t| t.as_u64().unwrap()).collect();
        (value["reply"].as_str().unwrap().to_string(), written)
    };
    String::from_utf8(shown.stdout).unwrap().lines().map(read).collect()
}

#[test]
fn wokwis_core_says_what_the_reference_says() {
    let Some(library) = library() else { return };
    let prompts =
        ["hello", "How are YOU?", "turn on the light", "", "  louder ", "battery level", "is it tall", "x"];
    // The LilyPad's clock and speed on a part that Wokwi has.
    let lilypad = uno("16_000_000", "8_000_000").replace("baud: 115_200,\n    s", "baud: 38_400,\n    s");
    let boards =
        [("atmega328p", "uno"), ("atmega328p", "nano"), ("atmega328p", &lilypad), ("atmega2560", "mega")];
    for path in ["models/guess/model.ron", "models/commands/model.ron", "guess.npz"] {
        let Some(model) = model(path) else { continue };
        let graph = reference(&model).unwrap();
        let answer = |prompt: &&str| match prompt.is_empty() {
            true => String::new(),
            false => eval::run(&graph, prompt.as_bytes()).text(),
        };
        let answers: Vec<String> = prompts.iter().map(answer).collect();
        assert!(answers.iter().any(|answer| answer.len() > 1));
        // A large one takes its time to be compiled.
        let boards = if path.starts_with("models") { &boards[..] } else { &boards[..1] };
        for &(chip, board) in boards {
            let said = replies(&library, path, chip, board, &prompts);
            let said: Vec<String> = said.into_iter().map(|(reply, _)| reply).collect();
            assert_eq!(said, answers, "{path} on {board}");
        }
    }
}

/// What a line takes for a character hides behind the network, or the network behind it: never do both add up.
#[test]
fn it_sends_while_it_computes() {
    let Some(library) = library() else { return };
    let took = |baud: &str| {
        let board = uno("baud: 115_200,\n    s", &format!("baud: {baud},\n    s"));
        let said =
            replies(&library, "models/tinychat/model.ron", "atmega328p", &board, &["turn on the light"]);
        let written = &said[0].1;
        assert!(written.len() >= 20, "{said:?}");
        ((written.len() - 1) as u64, written[written.len() - 1] - written[0])
    };
    let (steps, computing) = took("115_200");
    // 208 and 1,667 times 8 cycles a bit, ten bits a character: a fraction of a step, and more than twice a step.
    let (short, long) = (10 * 8 * 208, 10 * 8 * 1_667);
    assert!(
        computing / steps > 2 * short && computing / steps < long / 3 * 2,
        "{computing} in {steps} steps"
    );
    let (_, slow) = took("9_600");
    assert!(slow < computing + short, "{slow} cycles, {computing} without waiting, {short} a character");
    let (_, slower) = took("1_200");
    assert!(slower < steps * long + long, "{slower} cycles, {long} a character");
}
