//! Chats and drawn tokens on the simulated chips: sessions of several lines, every logit and all that is said.

#[path = "../../compiler/tests/support/stories.rs"]
pub mod stories;

/// Where the file above looks for it.
mod random {
    pub use crate::support::Random;
}

use super::machine::Chip;
use super::support::{Random, sequence};
use mlc_compiler::eval::{CLEAR, Session};
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::{CompileError, reference};

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

/// Lines of some bytes, with the command that begins a new conversation among them.
pub fn lines(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let longest = usize::from(model.reader.max_query());
    let of = |seed: u64| sequence::queries(seed, longest).into_iter().take(4);
    let mut lines: Vec<Vec<u8>> = of(seed).chain(of(seed + 1000)).collect();
    if longest >= CLEAR.len() {
        lines.extend([b"/clea".to_vec(), b"/CLeaR".to_vec()]);
    }
    lines.extend(of(seed + 2000).chain(of(seed + 3000)));
    lines
}

#[test]
fn sessions_are_exact() {
    let chips = [Chip::atmega1284p(), Chip::atmega2560()].map(Chip::talking);
    let (mut sessions, mut steps) = (0, 0);
    for seed in 0..45 {
        let model = talker_or_classifier(seed);
        let chip = &chips[seed as usize % chips.len()];
        let compiled = match chip.compile(&model, None, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::SequenceTooLarge { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let graph = reference(&model).expect("the model was checked");
        let mut session = Session::new(&graph);
        let lines = lines(&model, seed);
        let (mut logits, mut said) = (Vec::new(), Vec::new());
        for line in &lines {
            let run = session.ask(line);
            logits.extend(run.logits);
            said.extend([run.reply, vec![b'\n']].concat());
        }
        let what = format!("{} on {}: {:?}", model.head.name, chip.target.name, model.answer);
        let (found, reply) = chip.talk(&compiled, &lines);
        let differs = found.iter().zip(&logits).position(|(found, wants)| found != wants);
        assert_eq!(differs, None, "{what}");
        assert_eq!(found.len(), logits.len(), "{what}");
        assert_eq!(reply, said, "{what}");
        (sessions, steps) = (sessions + 1, steps + logits.len());
    }
    assert!(sessions >= 25 && steps > 1000, "{sessions} sessions, {steps} steps");
}

/// Tools, some of them of chats: what is read, and what is switched.
#[test]
fn tools_are_exact() {
    let chips = [Chip::atmega1284p(), Chip::atmega2560()].map(Chip::with_tools);
    let (mut sessions, mut read, mut switched) = (0, 0, 0);
    for seed in 300..360 {
        let mut model = if seed % 2 == 0 { talker(seed) } else { sequence::model(seed) };
        let inputs = stories::tools(&mut model, &mut Random(seed), true);
        let chip = &chips[seed as usize / 2 % chips.len()];
        let compiled = match chip.compile(&model, None, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::SequenceTooLarge { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let graph = reference(&model).expect("the model was checked");
        let mut session = Session::new(&graph).reading(inputs.clone());
        let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
        let switches: Vec<&str> = story.switches();
        let lines = lines(&model, seed);
        let (mut logits, mut said, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        for line in &lines {
            let run = session.ask(line);
            logits.extend(run.logits);
            read += usize::from(run.reply.iter().any(u8::is_ascii_digit));
            said.extend([run.reply, vec![b'\n']].concat());
            marks.extend(run.switched.iter().map(|(name, on)| {
                let place = switches.iter().position(|other| other == name).expect("it is one of them");
                200 + 2 * place as u8 + u8::from(*on)
            }));
        }
        let values: Vec<u16> = inputs.iter().map(|(_, value)| *value).collect();
        let what = format!("{} on {}: {:?}", model.head.name, chip.target.name, model.answer);
        let (found, all) = chip.talk_reading(&compiled, &lines, &values);
        let differs = found.iter().zip(&logits).position(|(found, wants)| found != wants);
        assert_eq!(differs, None, "{what}");
        assert_eq!(found.len(), logits.len(), "{what}");
        // What was switched stands between what was said; no piece of these networks has such bytes.
        let of = |is: &dyn Fn(u8) -> bool| all.iter().copied().filter(|&byte| is(byte)).collect::<Vec<u8>>();
        let is_mark = |byte: u8| (200..204).contains(&byte);
        if said.iter().any(|&byte| is_mark(byte)) {
            continue;
        }
        assert_eq!(of(&is_mark), marks, "{what}");
        assert_eq!(of(&|byte| !is_mark(byte)), said, "{what}");
        (sessions, switched) = (sessions + 1, switched + marks.len());
    }
    assert!(sessions >= 25 && read > 100 && switched > 100, "{sessions} sessions, {read}, {switched}");
}
