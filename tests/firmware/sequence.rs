//! Small transformers on boards: the same text here, under simavr, and of the reference.

#[allow(dead_code, reason = "lines are chosen here")]
#[path = "../support/sequence.rs"]
pub mod networks;
#[path = "../support/random.rs"]
pub mod random;
#[path = "../../compiler/tests/support/stories.rs"]
mod stories;

use super::judges::{dump, simavr};
use super::models::firmware;
use super::shared::tools::installed;
use mlc_compiler::model::Model;
use mlc_compiler::model::{Answer, Tool};
use mlc_compiler::target::tools::find;
use mlc_compiler::{Assets, eval, reference};
use mlc_runtime_avr::{End, NoObserver, Typing};
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

/// A network whose tools are those that all boards have pins for.
fn with_tools(seed: u64) -> Model {
    let mut model = networks::model(seed);
    stories::tools(&mut model, &mut Random(seed), true);
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    for Tool { name, .. } in &mut story.tools {
        *name = match name.as_str() {
            "lamp" | "Fan_1" => "lamp",
            "temp" => "temp",
            _ => "light",
        }
        .into();
    }
    model.check().unwrap_or_else(|e| panic!("{e}"));
    model
}

/// What a board measures and switches, with the converter and the pins of the simulated chip.
#[test]
fn boards_measure_and_switch() {
    let profiles = Assets::builtin().profiles().unwrap();
    let (mut read, mut ons, mut offs) = (0, 0, 0);
    for (seed, board) in (300..330).zip(["mighty", "mega", "micro", "mighty", "mega"].into_iter().cycle()) {
        let model = with_tools(seed);
        let profile = profiles.iter().find(|profile| profile.name == board).unwrap();
        let Some(firmware) = super::models::fitting(&model, board) else { continue };
        let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
        let mut machine =
            firmware.machine(LINES.map(|line| format!("{line}\r")).concat().as_bytes(), Typing::WhenWaiting);
        let mut r = Random(seed);
        let mut values = Vec::new();
        for name in story.inputs() {
            let input = find(&profile.inputs, name).expect("all boards have it");
            let count = [0, 101, 102, 103, 153, 512, 1022, 1023][r.within(0, 7)];
            assert!(machine.set_analogue(input.channel, count));
            values.push((name.to_string(), input.value(count)));
        }
        let graph = reference(&model).expect("the model was checked");
        let mut session = eval::Session::new(&graph).reading(values);
        let mut wants = b"> ".to_vec();
        let mut lamp = false;
        for line in LINES {
            let run = session.ask(line.as_bytes());
            read += usize::from(run.reply.iter().any(u8::is_ascii_digit));
            for (_, on) in &run.switched {
                (ons, offs) = (ons + usize::from(*on), offs + usize::from(!*on));
                lamp = *on;
            }
            wants.extend([run.reply, b"\r\n> ".to_vec()].concat());
        }
        assert_eq!(machine.run(&mut NoObserver), End::EndOfInput, "{seed} on {board}");
        let said = machine.console().output().strip_prefix(firmware.greeting.as_bytes()).unwrap().to_vec();
        assert_eq!(said.escape_ascii().to_string(), wants.escape_ascii().to_string(), "{seed} on {board}");
        if let Some(drive) = find(&profile.switches, "lamp").filter(|_| !story.switches().is_empty()) {
            let pins = machine.pins(drive.port).unwrap();
            assert_eq!(pins.outputs >> drive.bit & 1, 1, "{seed} on {board}");
            assert_eq!(pins.levels >> drive.bit & 1 == 1, lamp == drive.high, "{seed} on {board}");
        }
    }
    assert!(read > 10 && ons > 10 && offs > 10, "{read} {ons} {offs}");
}
