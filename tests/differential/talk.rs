//! Chats and drawn tokens: sessions of several lines on each machine with a Z80, every logit and all that is shown.

#[path = "../../compiler/tests/support/stories.rs"]
mod stories;

/// Where the file above looks for it.
mod random {
    pub use crate::support::Random;
}

use super::sequence::{LIMIT, compile, ran, symbols};
use super::support::{Random, sequence};
use super::typed::Watch;
use mlc_compiler::eval::{CLEAR, Session};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Image, reference};
use mlc_runtime_z80::{
    CpcConfig, CpcMachine, CpmConfig, CpmMachine, End, Script, SpectrumConfig, SpectrumMachine,
};

fn talker(seed: u64) -> Model {
    let mut model = sequence::model(seed);
    stories::talk(&mut model, &mut Random(seed ^ 0x7A1C));
    model
}

/// Lines that can be typed, with the command that begins a new conversation among them.
fn lines(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let longest = usize::from(model.reader.max_query()) - 1;
    let plain = |line: &Vec<u8>| {
        !line.is_empty() && line.iter().all(|byte| (32..127).contains(byte)) && line.trim_ascii() != b"!"
    };
    let of = |seed: u64| sequence::queries(seed, longest).into_iter().filter(plain);
    let mut lines: Vec<Vec<u8>> = of(seed).chain(of(seed + 1000)).collect();
    if longest > CLEAR.len() {
        lines.push(b"/CLEAR".to_vec());
    }
    lines.extend(of(seed + 2000).chain(of(seed + 3000)));
    lines
}

fn typed(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line, &b"\r"[..]].concat()).collect()
}

/// Compares a session with the reference; gives how many steps it had.
fn same(model: &Model, lines: &[Vec<u8>], image: &Image, watch: &Watch, output: &[u8], home: bool) -> usize {
    let name = &model.head.name;
    let graph = reference(model).expect("the model was checked");
    let mut session = Session::new(&graph);
    let mut logits = Vec::new();
    let mut text = format!("{name}. Type a line; ! ends.\n> ").into_bytes();
    for line in lines {
        let run = session.ask(line);
        logits.extend(run.logits);
        text.push(b'\n');
        if !(graph.keeps_conversation() && line.eq_ignore_ascii_case(CLEAR.as_bytes())) {
            // A carriage return begins a row on a home computer; those of CP/M's rows are left out below.
            text.extend(run.reply.iter().filter(|&&byte| home || byte != b'\r').map(|&byte| match byte {
                b'\r' if home => b'\n',
                b'\n' | b' '..=127 => byte,
                _ if home => b'?',
                _ => byte,
            }));
            text.push(b'\n');
        }
        text.extend(b"> ");
    }
    let found = ran(image, watch, b"", 0).logits;
    let differs = found.iter().zip(&logits).position(|(found, wants)| found != wants);
    assert_eq!(differs, None, "{name}: {:?}", model.answer);
    assert_eq!(found.len(), logits.len(), "{name}: {:?}", model.answer);
    let output: Vec<u8> = output.iter().copied().filter(|&byte| byte != b'\r').collect();
    assert_eq!(
        output.escape_ascii().to_string(),
        text.escape_ascii().to_string(),
        "{name}: {:?}",
        model.answer
    );
    logits.len()
}

#[test]
fn sessions_are_exact_on_cpm() {
    let (mut sessions, mut steps) = (0, 0);
    for seed in 0..20 {
        let model = talker(seed);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let image = &compiled.image;
        let lines = lines(&model, seed);
        let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
        let mut machine = CpmMachine::load(&image.bytes, b"", Script::new(&typed(&lines)), config)
            .expect("the image loads");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(image);
        assert_eq!(machine.run(&mut watch), End::EndOfInput, "the program asks again");
        steps += same(&model, &lines, image, &watch, machine.console().output(), false);
        sessions += 1;
    }
    assert!(sessions >= 10 && steps > 400, "{sessions} sessions, {steps} steps");
}

#[test]
fn sessions_are_exact_on_home_computers() {
    let (mut spectrum, mut cpc) = (0, 0);
    for seed in 100..112 {
        let model = talker(seed);
        let lines = lines(&model, seed);
        let script = typed(&lines);
        if let Some(compiled) = compile("zx48", &model) {
            let image = &compiled.image;
            let config =
                SpectrumConfig { symbols: symbols(image), limit: Some(LIMIT), ..SpectrumConfig::default() };
            let file = image.file(ImageKind::Tap, &model.head.name);
            let mut machine =
                SpectrumMachine::load_tape(&file, Script::new(&script), config).expect("the tape is whole");
            machine.watch(image.logits.ready as u16);
            let mut watch = Watch::new(image);
            assert_eq!(machine.run(&mut watch), End::EndOfInput);
            same(&model, &lines, image, &watch, machine.console().output(), true);
            spectrum += 1;
        }
        if let Some(compiled) = compile("cpc464", &model) {
            let image = &compiled.image;
            let config = CpcConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpcConfig::default() };
            let file = image.file(ImageKind::Bin, &model.head.name);
            let mut machine =
                CpcMachine::load(&file, Script::new(&script), config).expect("the file is whole");
            machine.watch(image.logits.ready as u16);
            let mut watch = Watch::new(image);
            assert_eq!(machine.run(&mut watch), End::EndOfInput);
            same(&model, &lines, image, &watch, machine.console().output(), true);
            cpc += 1;
        }
    }
    assert!(spectrum >= 4 && cpc >= 4, "{spectrum} networks on zx48, {cpc} on cpc464");
}
