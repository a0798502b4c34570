//! Chats and drawn tokens: sessions of several lines on each machine with a Z80, every logit and all that is shown.

#[path = "../../compiler/tests/support/stories.rs"]
pub mod stories;

/// Where the file above looks for it.
mod random {
    pub use crate::support::Random;
}

use super::sequence::{LIMIT, compile, ran, symbols};
use super::support::{Random, sequence};
use super::typed::Watch;
use mlc_compiler::eval::{CLEAR, Session};
use mlc_compiler::model::{Action, Answer, Model, Turns};
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

/// Every fourth of them gives labels.
fn talker_or_classifier(seed: u64) -> Model {
    let mut model = sequence::model(seed);
    stories::talk_or_labels(&mut model, seed, &mut Random(seed ^ 0x7A1C));
    model
}

/// Lines that can be typed, with the command that begins a new conversation among them.
pub fn lines(model: &Model, seed: u64) -> Vec<Vec<u8>> {
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

pub fn typed(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line, &b"\r"[..]].concat()).collect()
}

/// Compares a session with the reference; gives how many steps it had.
pub fn same(
    (model, inputs): (&Model, &[(String, u16)]),
    lines: &[Vec<u8>],
    image: &Image,
    watch: &Watch,
    (output, home): (&[u8], bool),
) -> usize {
    let name = &model.head.name;
    let (_, _, story) = model.sequence().expect("it is one");
    let keeps = Turns::is_kept(story.turns.as_ref());
    let mut logits = Vec::new();
    let mut text = format!("{name}. Type a line; ! ends.\n> ").into_bytes();
    for (line, run) in lines.iter().zip(stories::said(model, inputs, lines)) {
        logits.extend(run.logits);
        text.push(b'\n');
        if !(keeps && line.eq_ignore_ascii_case(CLEAR.as_bytes())) {
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
        let model = talker_or_classifier(seed);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let image = &compiled.image;
        let lines = lines(&model, seed);
        let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
        let mut machine = CpmMachine::load(&image.bytes, b"", Script::new(&typed(&lines)), config)
            .expect("the image loads");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(image);
        assert_eq!(machine.run(&mut watch), End::EndOfInput, "the program asks again");
        steps += same((&model, &[]), &lines, image, &watch, (machine.console().output(), false));
        sessions += 1;
    }
    assert!(sessions >= 10 && steps > 400, "{sessions} sessions, {steps} steps");
}

#[test]
fn sessions_are_exact_on_home_computers() {
    let (mut spectrum, mut cpc) = (0, 0);
    for seed in 100..112 {
        let model = talker_or_classifier(seed);
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
            same((&model, &[]), &lines, image, &watch, (machine.console().output(), true));
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
            same((&model, &[]), &lines, image, &watch, (machine.console().output(), true));
            cpc += 1;
        }
    }
    assert!(spectrum >= 4 && cpc >= 4, "{spectrum} networks on zx48, {cpc} on cpc464");
}

/// A model with tools, and what they read.
fn with_tools(seed: u64, switches: bool) -> (Model, Vec<(String, u16)>) {
    let mut model = if seed.is_multiple_of(2) { talker(seed) } else { sequence::model(seed) };
    let inputs = stories::tools(&mut model, &mut Random(seed), switches);
    (model, inputs)
}

/// The command tail that says what tools read.
fn tail(inputs: &[(String, u16)]) -> String {
    inputs.iter().map(|(name, value)| format!(" {}={value}", name.to_ascii_uppercase())).collect()
}

#[test]
fn tools_are_exact_on_cpm() {
    let (mut sessions, mut steps, mut told) = (0, 0, 0);
    for seed in 300..330 {
        let (model, inputs) = with_tools(seed, true);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let image = &compiled.image;
        let lines = lines(&model, seed);
        let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
        let typed = Script::new(&typed(&lines));
        let mut machine =
            CpmMachine::load(&image.bytes, tail(&inputs).as_bytes(), typed, config).expect("the image loads");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(image);
        assert_eq!(machine.run(&mut watch), End::EndOfInput, "the program asks again");
        steps += same((&model, &inputs), &lines, image, &watch, (machine.console().output(), false));
        (sessions, told) = (sessions + 1, told + inputs.len());
    }
    assert!(sessions >= 15 && steps > 400 && told > 15, "{sessions} sessions, {steps} steps, {told} values");
}

/// What stands behind the values is asked; what is no value is.
#[test]
fn a_command_tail_has_values_and_a_query() {
    let found = (300..400).map(|seed| with_tools(seed, false)).find_map(|(model, inputs)| {
        let compiled = compile("z80-cpm", &model)?;
        (inputs.len() > 1).then_some((model, inputs, compiled.image))
    });
    let (model, inputs, image) = found.expect("one of them reads two things");
    let graph = reference(&model).expect("the model was checked");
    let run = |tail: &str| {
        let config = CpmConfig { symbols: symbols(&image), limit: Some(LIMIT), ..CpmConfig::default() };
        let mut machine =
            CpmMachine::load(&image.bytes, tail.as_bytes(), Script::new(b""), config).expect("it loads");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(&image);
        let end = machine.run(&mut watch);
        (end, ran(&image, &watch, b"", 0).logits, machine.console().output().to_vec())
    };
    let names: Vec<String> = inputs.iter().map(|(name, _)| name.to_ascii_uppercase()).collect();
    let wants = |values: [u16; 2], query: &str| {
        let inputs = inputs.iter().zip(values).map(|((name, _), value)| (name.clone(), value));
        Session::new(&graph).reading(inputs).ask(query.as_bytes()).logits
    };
    let [a, b] = [&names[0], &names[1]];
    for (tail, values, query) in [
        (" A B".to_string(), [0, 0], "A B"),
        (format!(" {a}=23 A B"), [23, 0], "A B"),
        (format!(" {b}=65535 A B"), [0, 65_535], "A B"),
        (format!(" {b}=7   {a}=1 A B"), [1, 7], "A B"),
        (format!(" {a}=1 {a}=09 A"), [9, 0], "A"),
        (format!(" {}=5 A", a.to_ascii_lowercase()), [5, 0], "A"),
        (format!(" A {a}=5"), [0, 0], &format!("A {a}=5")),
        (format!(" {a}"), [0, 0], a),
        (format!(" {a}A=5"), [0, 0], &format!("{a}A=5")),
    ] {
        let (end, logits, _) = run(&tail);
        assert!(matches!(end, End::Exit(_)), "{tail}: {end:?}");
        assert_eq!(logits, wants(values, query), "{tail}");
    }
    // Without a query it chats.
    let (end, logits, _) = run(&format!(" {a}=5"));
    assert_eq!((end, logits), (End::EndOfInput, vec![]));
    for wrong in ["", "X", "65536", "70000", "99999999", "-1", "1X"] {
        let (end, logits, said) = run(&format!(" {a}={wrong} A"));
        assert!(matches!(end, End::Exit(_)), "{wrong}: {end:?}");
        assert_eq!(logits, Vec::<Vec<i16>>::new(), "{wrong}");
        let said = String::from_utf8_lossy(&said).into_owned();
        let behind: Vec<String> = names.iter().map(|name| format!("{name}=")).collect();
        assert_eq!(
            said,
            format!("a number up to 65535 belongs behind {}\r\n", behind.join(" or ")),
            "{wrong}"
        );
    }
}

/// There is nothing to switch, and nothing that could be read: only the latter is refused.
#[test]
fn home_computers_read_nothing() {
    let (mut refused, mut ran_) = (0, 0);
    for seed in 300..340 {
        let (mut model, inputs) = with_tools(seed, true);
        if !inputs.is_empty() {
            for target in ["zx48", "cpc464"] {
                let error = super::support::compile_for(target, &model, None, &[]).expect_err("it reads");
                assert!(
                    error.to_string().contains("mlc has no kernels for tokens that read a value there yet"),
                    "{error}"
                );
            }
            refused += 1;
        }
        let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
        story.tools.retain(|tool| matches!(tool.action, Action::Switch { .. }));
        if story.tools.is_empty() {
            continue;
        }
        let Some(compiled) = compile("zx48", &model) else { continue };
        let image = &compiled.image;
        let lines = lines(&model, seed);
        let config =
            SpectrumConfig { symbols: symbols(image), limit: Some(LIMIT), ..SpectrumConfig::default() };
        let file = image.file(ImageKind::Tap, &model.head.name);
        let script = Script::new(&typed(&lines[..lines.len().min(4)]));
        let mut machine = SpectrumMachine::load_tape(&file, script, config).expect("the tape is whole");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(image);
        assert_eq!(machine.run(&mut watch), End::EndOfInput);
        let lines = &lines[..lines.len().min(4)];
        same((&model, &[]), lines, image, &watch, (machine.console().output(), true));
        ran_ += 1;
    }
    assert!(refused >= 10 && ran_ >= 5, "{refused} refused, {ran_} ran");
}
