//! The published networks: every expected prompt, exact, and as fast as promised.

use super::support;
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::{eval, reference, weights::Form};
use mlc_runtime_z80::CpmConfig;

/// What running all expected prompts showed.
struct Figures {
    /// Mean T-states a step: everything from the start of each program to its end.
    t_states: f64,
    predicted: f64,
    bytes: usize,
}

/// Runs all expected prompts; `None` where the public data is missing.
fn run(name: &str, what: &str, demands: &Demands) -> Option<Figures> {
    let model = support::published(name)?;
    let expected = support::expected(name);
    assert_eq!(expected.len(), 213, "the public file has 213 prompts");
    let prompts: Vec<_> = expected.iter().map(|(p, _)| p.clone().into_bytes()).collect();
    let compiled = support::compile_as(&model, demands, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let graph = reference(&model).expect("the model was checked");
    let (mut t_states, mut steps) = (0, 0);
    for (prompt, reply) in &expected {
        let run = eval::run(&graph, prompt.as_bytes());
        assert_eq!(run.text(), *reply, "the reference answers {prompt:?}");
        let ran = support::run(&compiled.image, prompt.as_bytes(), CpmConfig::default());
        assert_eq!(ran.reply, run.reply, "{name} answers {prompt:?}");
        assert_eq!(ran.logits, run.logits, "logits of {name} for {prompt:?}");
        t_states += ran.t_states;
        steps += run.steps();
    }
    let figures = Figures {
        t_states: t_states as f64 / steps as f64,
        predicted: compiled.plan.predict(compiled.graph(), &prompts).total(),
        bytes: compiled.image.bytes.len(),
    };
    eprintln!(
        "{name} {what}: {:.0} T-states a step, predicted {:.0}, {} bytes",
        figures.t_states, figures.predicted, figures.bytes
    );
    let error = (figures.predicted / figures.t_states - 1.0).abs();
    assert!(error < 0.01, "{name} {what}: the prediction is {:.1} % off", 100.0 * error);
    Some(figures)
}

#[test]
fn auto_is_exact_and_fast() {
    for (name, most) in [("tinychat", 312_500.0), ("guess", 320_000.0)] {
        let Some(figures) = run(name, "auto", &Demands::default()) else { return };
        assert!(figures.t_states <= most, "{name}: {:.0} T-states a step", figures.t_states);
        assert!(figures.bytes <= 55_936, "{name}: {} bytes, more than CP/M loads", figures.bytes);
    }
}

#[test]
fn packed_is_exact() {
    for name in ["tinychat", "guess"] {
        let Some(figures) = run(name, "packed", &Demands::of(Some(Form::Packed))) else { return };
        assert!(figures.t_states <= 1_000_000.0, "{name}: {:.0} T-states a step", figures.t_states);
    }
}

#[test]
fn gaps_are_exact_and_small() {
    for (name, most) in [("tinychat", 30_000), ("guess", 29_000)] {
        let Some(figures) = run(name, "gaps", &Demands::of(Some(Form::Gaps))) else { return };
        assert!(figures.t_states <= 700_000.0, "{name}: {:.0} T-states a step", figures.t_states);
        assert!(figures.bytes <= most, "{name}: {} bytes", figures.bytes);
    }
}

#[test]
fn the_smallest_program_is_exact() {
    let demands = Demands { optimize: Optimize::Size, ..Demands::default() };
    for (name, most) in [("tinychat", 28_000), ("guess", 27_000)] {
        let Some(figures) = run(name, "size", &demands) else { return };
        assert!(figures.t_states <= 800_000.0, "{name}: {:.0} T-states a step", figures.t_states);
        assert!(figures.bytes <= most, "{name}: {} bytes", figures.bytes);
    }
}

#[test]
fn a_program_of_a_given_size_mixes_forms() {
    let demands = Demands { max_bytes: Some(39_000), ..Demands::default() };
    for name in ["tinychat", "guess"] {
        let Some(figures) = run(name, "39,000 bytes", &demands) else { return };
        assert!(figures.t_states <= 450_000.0, "{name}: {:.0} T-states a step", figures.t_states);
        assert!(figures.bytes <= 39_000, "{name}: {} bytes", figures.bytes);
    }
}
