//! Replies that grow side by side, on the simulated chips: sessions of several lines, every logit of every reply and all that is said.

use super::machine::Chip;
use super::simavr::same;
use super::simulator::{self, Told};
use super::support::{Random, sequence};
use super::talk::{lines, stories};
use mlc_compiler::model::{Answer, Body, Model, Positions, Story, Turns};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::{CompileError, Compiled};

fn beam(seed: u64) -> Model {
    let mut model = sequence::model(seed);
    stories::beam(&mut model, &mut Random(seed ^ 0xBEA7));
    model
}

fn story_mut(model: &mut Model) -> &mut Story {
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    story
}

fn compile(chip: &Chip, model: &Model) -> Option<Compiled> {
    match chip.compile(model, None, &[]) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::SequenceTooLarge { .. }) => None,
        Err(error) => panic!("{}: {error}", model.head.name),
    }
}

/// Every logit of a session, and all that is said; how many steps there were.
fn session(chip: &Chip, model: &Model, compiled: &Compiled, lines: Vec<Vec<u8>>) -> usize {
    let (mut logits, mut said) = (Vec::new(), Vec::new());
    for run in stories::said(model, &[], &lines) {
        logits.extend(run.logits);
        said.extend([run.reply, vec![b'\n']].concat());
    }
    let what = format!("{} on {}: {:?}", model.head.name, chip.target.name, model.answer);
    let (found, reply) = chip.talk(compiled, &lines);
    let differs = found.iter().zip(&logits).position(|(found, wants)| found != wants);
    assert_eq!(differs, None, "{what}");
    assert_eq!(found.len(), logits.len(), "{what}");
    assert_eq!(reply, said, "{what}");
    logits.len()
}

#[test]
fn beams_are_exact() {
    let chips = [Chip::atmega1284p(), Chip::atmega2560(), Chip::atmega328p()].map(Chip::talking);
    // Sessions on each chip; of all: conversations that go on, priors, rotations, blocks that run in several rounds.
    let (mut sessions, mut of, mut steps) = ([0; 3], [0; 4], 0);
    for seed in 0..60 {
        let model = beam(seed);
        let at = seed as usize % chips.len();
        let chip = &chips[at];
        let Some(compiled) = compile(chip, &model) else { continue };
        steps += session(chip, &model, &compiled, lines(&model, seed).into_iter().take(7).collect());
        sessions[at] += 1;
        let (_, body, story) = model.sequence().expect("it is one");
        let has = [
            Turns::is_kept(story.turns.as_ref()),
            body.prior.is_some(),
            matches!(body.positions, Positions::Rotary { .. }),
            body.rounds > 1,
        ];
        of.iter_mut().zip(has).for_each(|(count, has)| *count += usize::from(has));
    }
    eprintln!("{sessions:?} sessions, {of:?} kept, with priors, rotary, in rounds; {steps} steps");
    assert!(sessions[0] >= 15 && sessions[1] >= 15 && sessions[2] >= 3, "{sessions:?}");
    assert!(of.iter().all(|&count| count >= 6) && steps > 3000, "{of:?}, {steps} steps");
}

#[test]
fn beams_are_exact_from_a_flash_chip() {
    let chip = Chip::atmega1284p().talking().with_flash();
    let demands = Demands { storage: Storage::File, ..Demands::default() };
    let (mut sessions, mut steps) = (0, 0);
    for seed in 60..66 {
        let model = beam(seed);
        let Ok(compiled) = chip.compile_as(&model, &demands, false, &[]) else { continue };
        assert!(compiled.image.beside.is_some(), "it was asked for");
        steps += session(&chip, &model, &compiled, lines(&model, seed).into_iter().take(4).collect());
        sessions += 1;
    }
    assert!(sessions >= 4 && steps > 100, "{sessions} sessions, {steps} steps");
}

#[test]
fn beams_take_the_same_cycles_under_simavr() {
    if !simulator::is_there() {
        return;
    }
    let mut compared = 0;
    for chip in [Chip::atmega1284p(), Chip::atmega2560()] {
        for seed in 100..106 {
            let model = beam(seed);
            let Some(compiled) = compile(&chip, &model) else { continue };
            let all = sequence::queries(seed, model.reader.max_query().into());
            let lines: Vec<Vec<u8>> = all.into_iter().filter(|line| !line.is_empty()).take(1).collect();
            for (line, run) in lines.iter().zip(stories::said(&model, &[], &lines)) {
                let bytes = [("typed", line.clone()), ("typed_length", vec![line.len() as u8])];
                let (told, _) = same(&chip, &compiled, &bytes, &model.head.name);
                let mark = |told: &Told| if let Told::Mark(value, _) = told { Some(*value) } else { None };
                assert_eq!(
                    told.iter().filter_map(mark).collect::<Vec<_>>(),
                    run.reply,
                    "{}",
                    model.head.name
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 8, "{compared}");
}

/// Keys and values of all replies are counted, and a chip with too little memory says how much they are.
#[test]
fn replies_that_do_not_fit_are_refused_by_their_size() {
    let chip = Chip::atmega1284p();
    let (model, bytes) = (0..60)
        .find_map(|seed| {
            let model = beam(seed);
            let bytes = compile(&chip, &model)?.plan.layout.memory.caches();
            (bytes > 3000).then_some((model, bytes))
        })
        .expect("some have many");
    let (width, keeps) = {
        let (.., story) = model.sequence().expect("it is one");
        (story.choice.beam.expect("it has one"), Turns::is_kept(story.turns.as_ref()))
    };
    let mut greedy = model.clone();
    story_mut(&mut greedy).choice.beam = None;
    let one = compile(&chip, &greedy).expect("it needs less").plan.layout.memory.caches();
    assert_eq!(bytes, one * (usize::from(width) + usize::from(keeps)));
    let error = chip.with_ram(2048).compile(&model, None, &[]).expect_err("it needs more");
    let said = error.to_string();
    let bytes = format!("{},{:03}", bytes / 1000, bytes % 1000);
    assert!(
        said.contains(&format!("{bytes} bytes of them for keys and values of {width} replies side by side")),
        "{said}"
    );
}

/// A cost has 32 bits.
#[test]
fn replies_that_may_cost_too_much_are_refused_by_name() {
    let mut model = beam(1);
    if let Body::Transformer(body) = &mut model.body {
        body.positions = Positions::None;
    }
    let story = story_mut(&mut model);
    (story.logit_bits, story.most) = (15, 40_000);
    model.check().expect("the reference has room");
    let said = Chip::atmega2560().compile(&model, None, &[]).expect_err("32 bits are too few").to_string();
    assert!(said.contains("beam search where a reply of `most` tokens may cost more than 32 bits"), "{said}");
}
