//! Small transformers on boards: the same text here, under simavr, and of the reference.

#[allow(dead_code, reason = "lines are chosen here")]
#[path = "../support/sequence.rs"]
mod networks;
#[path = "../support/random.rs"]
mod random;

use super::judges::{dump, simavr};
use super::models::firmware;
use super::shared::tools::installed;
use mlc_compiler::model::Model;
use mlc_compiler::{eval, reference};
use mlc_runtime_avr::Typing;
use random::Random;

const LINES: [&str; 3] = ["a b", "c", "dad"];

/// The first random network whose replies a terminal shows.
fn readable() -> (Model, Vec<String>) {
    let replies = |model: &Model| -> Vec<String> {
        let graph = reference(model).expect("the model was checked");
        LINES.iter().map(|line| eval::run(&graph, line.as_bytes()).text()).collect()
    };
    let is_plain = |text: &String| !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut found = (0..200).map(networks::model).map(|model| (replies(&model), model));
    let (replies, model) =
        found.find(|(replies, _)| replies.iter().all(is_plain)).expect("one of them is plain");
    (model, replies)
}

#[test]
fn transformers_say_the_same_under_simavr() {
    let (model, replies) = readable();
    let answers: Vec<String> = replies.iter().map(|reply| format!("> {reply}")).collect();
    for board in ["mighty", "mega"] {
        let firmware = firmware(&model, board);
        let input = LINES.map(|line| format!("{line}\r")).concat();
        let ours = firmware.says(&input, Typing::Every(0));
        assert_eq!(ours.lines().take(3).collect::<Vec<_>>(), answers, "{board}");
        if !installed("simavr") {
            return;
        }
        let lines = [vec![firmware.greeting.trim_end().to_string()], answers.clone()].concat();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("in.vcd"), dump(&input)).expect("it is written");
        std::fs::write(folder.path().join("t.elf"), firmware.elf()).expect("it is written");
        let theirs = simavr(folder.path(), "t.elf", &firmware.device.name, "16000000", lines.len());
        assert_eq!(theirs, lines, "{board}");
    }
}
