//! Holds what the compiler predicts of tokens to what the machines take.

use super::measure::{Subject, measure};
use super::support::sequence as random;
use super::support::shared::tools;
use crate::sim::{Simulator, Timed};
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::{self, sequence as checkpoint, tokenizer};
use mlc_compiler::model::{Answer, Choice, Draw, Grid, Head, Model, Penalty};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::{Assets, CompileError, Request, Target};
use std::path::Path;

/// By how much a prediction may be wrong, of one.
const ERROR: f64 = 0.05;
/// The same of a random network, whose values are not those of a trained one.
const ODD: f64 = 0.07;

/// The most that predictions of tokens are wrong by, of one, over positions and the mean. `None`: the network does not fit.
fn error(model: &Model, target: &Target, demands: &Demands, queries: &[Vec<u8>]) -> Option<f64> {
    let assets = Assets::builtin();
    let subject = Subject { model, target, assets: &assets, demands, max_cycles: None, tools: &[] };
    let measured = match measure(subject, queries, "test", true) {
        Ok(measured) => measured,
        Err(crate::error::CliError::Compile(
            CompileError::SequenceTooLarge { .. } | CompileError::Sequence { .. } | CompileError::Tool { .. },
        )) => return None,
        Err(e) => panic!("{} on {}: {e}", model.head.name, target.name),
    };
    let predicted = measured.compiled.plan.tokens.as_ref();
    let unknown = &measured.compiled.plan.unknown;
    assert!(predicted.is_some(), "{} on {}: {unknown:?}", model.head.name, target.name);
    let read = measured.sums.tokens.read(&measured.phases, predicted).expect("tokens were read");
    Some(read.error())
}

/// A target; of a board `CHIP/PROFILE`.
fn target(name: &str) -> Target {
    let (name, profile) = name.split_once('/').map_or((name, None), |(chip, profile)| (chip, Some(profile)));
    crate::targets::find(name, profile, &Assets::builtin()).expect("it is brought along")
}

fn judge(found: &[(String, f64)], most: f64) {
    let mean = found.iter().map(|(_, error)| error).sum::<f64>() / found.len() as f64;
    let worst = found.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("something was measured");
    eprintln!("{} predictions, wrong by {mean:.4} on the mean, most {worst:?}", found.len());
    let wrong: Vec<_> = found.iter().filter(|(_, error)| *error > most).collect();
    assert!(wrong.is_empty(), "predictions are wrong by more than {most}: {wrong:?}");
    assert!(mean <= ERROR, "predictions are wrong by {mean} on the mean");
}

#[test]
fn models_take_what_was_predicted() {
    let mut found = Vec::new();
    for name in ["parrot", "teller", "thermo"] {
        let text = std::fs::read(format!("models/{name}/model.ron")).expect("it is there");
        let model = import::load(&text, name, &import::Options::default()).expect("it is whole");
        let prompts = std::fs::read_to_string(format!("models/{name}/prompts.txt")).expect("it is there");
        let queries: Vec<_> = prompts.lines().take(3).map(|line| line.as_bytes().to_vec()).collect();
        for (machine, storage) in [
            ("z80-cpm", Storage::Auto),
            ("z80-cpm", Storage::File),
            ("atmega328p", Storage::Auto),
            ("atmega1284p", Storage::Auto),
            ("atmega328p/uno+flash", Storage::File),
        ] {
            let demands = Demands { storage, ..Demands::default() };
            if let Some(error) = error(&model, &target(machine), &demands, &queries) {
                found.push((format!("{name} on {machine}, {}", storage.name()), error));
            }
        }
    }
    assert!(found.len() >= 6, "{found:?}");
    judge(&found, ERROR);
}

/// Tokens that are drawn, and tokens that are held back.
#[test]
fn choices_take_what_was_predicted() {
    let text = std::fs::read("models/parrot/model.ron").expect("it is there");
    let model = import::load(&text, "parrot", &import::Options::default()).expect("it is whole");
    let (draw, penalty) = (Some(Draw::default()), Some(Penalty::default()));
    let mut found = Vec::new();
    for (draw, penalty) in [(draw, None), (None, penalty), (draw, penalty)] {
        let mut model = model.clone();
        let choice = Choice { draw, penalty, beam: None };
        if let Answer::Story(story) = &mut model.answer {
            story.choice = choice;
        }
        for machine in ["z80-cpm", "atmega1284p"] {
            let queries = [b"MY NAME IS ZOE".to_vec()];
            let error = error(&model, &target(machine), &Demands::default(), &queries).expect("it fits");
            found.push((format!("{machine}, {choice:?}"), error));
        }
    }
    judge(&found, ERROR);
}

/// How wrong the prediction is of the passes behind the question, each of which reads a token of one of several replies, with what is
/// done between rounds. What shows the best reply is no token's time.
fn beam_error(model: &Model, target: &Target, width: usize, queries: &[&[u8]]) -> f64 {
    let assets = Assets::builtin();
    let demands = Demands::default();
    let request =
        Request { model, target, assets: &assets, demands: &demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request).unwrap_or_else(|e| panic!("{e}"));
    let foretold = compiled.plan.tokens.as_ref().expect("every jump is known");
    let simulator = Simulator::new(&compiled.image, model, target, None);
    let (mut simulated, mut predicted) = (0.0, 0.0);
    for query in queries {
        let Timed { tokens, .. } = simulator.measure(query).unwrap_or_else(|e| panic!("{e}"));
        let question = tokens.iter().position(|token| token.answers).expect("it answers") + 1;
        let passes = &tokens[question..tokens.len() - 1];
        assert!(passes.len() > 5, "{} passes", passes.len());
        for (n, pass) in passes.iter().enumerate() {
            simulated += pass.phases.iter().sum::<u64>() as f64;
            predicted += foretold.at(question + 1 + n / width, true).iter().sum::<f64>();
        }
    }
    (predicted / simulated - 1.0).abs()
}

/// Replies that grow side by side.
#[test]
fn beams_take_what_was_predicted() {
    let mut found = Vec::new();
    let cases = [
        ("teller", "z80-cpm", &[&b"Lily was"[..]][..]),
        ("thermo", "z80-cpm", &[b"HOW WARM IS IT?", b"temp"]),
        ("thermo", "atmega1284p", &[b"HOW WARM IS IT?", b"temp"]),
    ];
    for (name, machine, queries) in cases {
        let text = std::fs::read(format!("models/{name}/model.ron")).expect("it is there");
        let mut model = import::load(&text, name, &import::Options::default()).expect("it is whole");
        for width in 2..=4 {
            if let Answer::Story(story) = &mut model.answer {
                // Replies that are dropped would call them.
                story.tools.clear();
                story.choice = Choice { beam: Some(width), ..Choice::default() };
            }
            if name == "teller" && width > 2 {
                continue;
            }
            let error = beam_error(&model, &target(machine), width.into(), queries);
            eprintln!("{name} on {machine}, {width} replies: {error:.4}");
            found.push((format!("{name} on {machine}, {width} replies"), error));
        }
    }
    judge(&found, ERROR);
}

/// Networks of every form, order of norms, number of rounds and window.
#[test]
fn random_networks_take_what_was_predicted() {
    let mut found = Vec::new();
    for seed in 0..number("MLC_PREDICTED", 14) {
        let mut model = random::model(seed);
        // A full line ends before its end is typed.
        let longest = usize::from(model.reader.max_query()).min(60) - 1;
        let plain = |q: &Vec<u8>| q.len() > 1 && q.iter().all(|byte| (32..127).contains(byte));
        let queries: Vec<_> = random::queries(seed, longest).into_iter().filter(plain).collect();
        if queries.is_empty() {
            continue;
        }
        let upper = queries.iter().map(|query| query.to_ascii_uppercase()).collect::<Vec<_>>();
        model.head.calibration = queries.iter().filter_map(|q| String::from_utf8(q.clone()).ok()).collect();
        for (machine, storage) in [
            ("z80-cpm", Storage::Image),
            ("z80-cpm", Storage::File),
            ("atmega1284p", Storage::Auto),
            ("atmega1284p/mighty+flash", Storage::File),
        ] {
            let demands = Demands { storage, ..Demands::default() };
            let queries = if machine == "z80-cpm" { &upper } else { &queries };
            let Some(error) = error(&model, &target(machine), &demands, &queries[..queries.len().min(2)])
            else {
                continue;
            };
            found.push((format!("{} on {machine}, {}", model.head.name, storage.name()), error));
        }
    }
    found.iter().for_each(|(what, error)| eprintln!("{error:.4} {what}"));
    assert!(found.len() >= 20, "{found:?}");
    judge(&found, ODD);
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// soulplayer's network, of 8 bits, with learnt positions and no rotations.
#[test]
fn soulplayer_takes_what_was_predicted() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sequence").join(name);
        let there = tools::there(path.is_file(), &format!("the public file ../shared/sequence/{name}"));
        there.then(|| std::fs::read(&path).expect("the file can be read"))
    };
    let (Some(network), Some(tokens)) = (read("soul.bin"), read("soul-tokenizer.json")) else { return };
    let network = checkpoint::read(&network, "soul.bin").expect("the network is whole");
    let tokens = tokenizer::soul::read("soul-tokenizer.json", &tokens).expect("the tokenizer is whole");
    let grid = Grid::Symmetric { bits: 8 };
    let how = Quantization { weights: grid, embedding: grid, window: 64 };
    let head = Head { name: "soul".into(), ..Head::default() };
    let wanted = Wanted { head, how, most: None, max_length: 127, texts: vec![] };
    let model = model(&network, tokens, &Generation::default(), &wanted).expect("it is quantized");
    let queries = [b"HELLO".to_vec(), b"I AM SAD".to_vec()];
    let mut found = Vec::new();
    for storage in [Storage::Image, Storage::File] {
        let demands = Demands { storage, ..Demands::default() };
        let error = error(&model, &target("z80-cpm"), &demands, &queries).expect("it fits");
        found.push((storage.name().to_string(), error));
    }
    judge(&found, ERROR);
}
