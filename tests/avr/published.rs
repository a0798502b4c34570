//! The published networks and the project's own on chips that they fit.

use super::machine::Chip;
use super::support;
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::weights::Form;
use mlc_compiler::{eval, reference};

/// Replies and logits of all expected prompts; cycles a step within `most`, and as predicted.
fn exact(name: &str, most: f64, flash: usize) {
    let Some(model) = support::published(name) else { return };
    let expected = support::expected(name);
    let prompts: Vec<Vec<u8>> = expected.iter().map(|(p, _)| p.as_bytes().to_vec()).collect();
    let chip = Chip::atmega328p();
    let compiled = chip.compile(&model, None, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let graph = reference(&model).expect("the model was checked");
    let (mut cycles, mut steps, mut stack) = (0, 0, 0);
    for (prompt, (_, reply)) in prompts.iter().zip(&expected) {
        let run = eval::run(&graph, prompt);
        let ran = chip.run(&compiled, prompt);
        assert_eq!(ran.logits, run.logits, "{name}: {}", prompt.escape_ascii());
        assert_eq!(ran.reply, reply.as_bytes(), "{name}: {}", prompt.escape_ascii());
        cycles += ran.cycles;
        steps += run.steps() as u64;
        stack = stack.max(ran.stack);
    }
    let simulated = cycles as f64 / steps as f64;
    let predicted = compiled.plan.predict(compiled.graph(), &prompts);
    let ram = compiled.image.memory_end - 0x100;
    eprintln!("{}", compiled.plan.table());
    eprintln!(
        "{name}: {simulated:.0} cycles a step, predicted {:.0}; flash {}, RAM {ram}, stack {stack}",
        predicted.total(),
        compiled.image.bytes.len()
    );
    assert!(
        (predicted.total() / simulated - 1.0).abs() < 0.05,
        "predicted {:.0}, simulated {simulated:.0}",
        predicted.total()
    );
    assert!(simulated <= most, "{simulated:.0} cycles a step");
    assert!(compiled.image.bytes.len() <= flash && ram <= 1700);
}

#[test]
fn tinychat_is_exact_and_fast_in_32_kilobytes() {
    exact("tinychat", 195_000.0, 30_000 - 900);
}

#[test]
fn guess_is_exact_and_fast_in_32_kilobytes() {
    exact("guess", 210_000.0, 29_000 - 900);
}

#[test]
fn every_form_that_fits_a_large_chip_is_exact() {
    let Some(model) = support::published("tinychat") else { return };
    let chip = Chip::atmega2560();
    let graph = reference(&model).expect("the model was checked");
    for form in [None, Some(Form::Packed), Some(Form::Columns), Some(Form::Shared)] {
        let compiled = chip.compile(&model, form, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        for prompt in ["hello", "what is your name"] {
            let run = eval::run(&graph, prompt.as_bytes());
            let ran = chip.run(&compiled, prompt.as_bytes());
            assert_eq!((ran.logits, ran.reply), (run.logits, run.reply), "{form:?}: {prompt}");
        }
    }
}

fn own(name: &str) -> (mlc_compiler::model::Model, Vec<Vec<u8>>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    let model = std::fs::read(folder.join("model.ron")).expect("the model is committed");
    let model = mlc_compiler::import::load(&model, name, &Default::default()).expect("the model is valid");
    let prompts = std::fs::read_to_string(folder.join("prompts.txt")).expect("prompts are committed");
    (model, prompts.lines().map(|l| l.as_bytes().to_vec()).collect())
}

/// The micro classifier: logits, labels, cycles and bytes.
fn micro(chip: &Chip, demands: &Demands, most: f64, flash: usize) {
    let (model, prompts) = own("commands");
    let compiled =
        chip.compile_as(&model, demands, false, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let graph = reference(&model).expect("the model was checked");
    let (mut cycles, mut stack) = (0, 0);
    for prompt in &prompts {
        let (run, ran) = (eval::run(&graph, prompt), chip.run(&compiled, prompt));
        assert_eq!(ran.logits, run.logits, "{}", prompt.escape_ascii());
        assert_eq!(usize::from(ran.label), eval::argmax(&run.logits[0]));
        cycles += ran.cycles;
        stack = stack.max(ran.stack);
    }
    let simulated = cycles as f64 / prompts.len() as f64;
    let predicted = compiled.plan.predict(compiled.graph(), &prompts).total();
    let ram = compiled.image.memory_end - usize::from(chip.target.origin);
    let flash_used = compiled.image.bytes.len();
    eprintln!("{}", compiled.plan.table());
    eprintln!(
        "commands: {simulated:.0} cycles, predicted {predicted:.0}; flash {flash_used}, RAM {ram}, stack {stack}"
    );
    assert!((predicted / simulated - 1.0).abs() < 0.05, "predicted {predicted:.0}, simulated {simulated:.0}");
    assert!(simulated <= most && flash_used <= flash && ram <= 600);
}

#[test]
fn the_micro_classifier_takes_half_a_millisecond() {
    micro(&Chip::atmega328p(), &Demands::default(), 8_000.0, 15 << 10);
}

#[test]
fn the_micro_classifier_is_small() {
    let size = Demands { optimize: Optimize::Size, ..Demands::default() };
    micro(&Chip::atmega328p(), &size, 40_000.0, 3 << 10);
    micro(&Chip::atmega328p(), &Demands::of(Some(Form::Gaps)), 8_000.0, 3 << 10);
    micro(&Chip::attiny85(), &Demands::default(), 8_000.0, 7 << 10);
}
