//! The machine against the reference: replies and every step's logits, bit for bit.

#[path = "../support/mod.rs"]
mod support;

use mlc_compiler::{eval, ir::Form, reference};
use mlc_runtime_z80::CpmConfig;

/// Bench figure of a published network: mean T-states a step over its expected prompts.
fn published(name: &str, form: Option<Form>) -> Option<(f64, f64, usize)> {
    let model = support::published(name)?;
    let expected = support::expected(name);
    let prompts: Vec<_> = expected.iter().map(|(p, _)| p.clone().into_bytes()).collect();
    let compiled =
        support::compile_for_cpm(&model, form, &prompts).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
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
    let mean = t_states as f64 / steps as f64;
    eprintln!("{}", compiled.plan.table());
    eprintln!(
        "{name} {form:?}: {mean:.0} T a step, predicted {:.0}, {} bytes",
        compiled.plan.prediction.total(),
        compiled.image.bytes.len()
    );
    for (phase, cost) in &compiled.plan.prediction.phases {
        eprintln!("  {phase} {cost:.0}");
    }
    Some((mean, compiled.plan.prediction.total(), compiled.image.bytes.len()))
}

#[test]
fn the_published_networks_are_exact_and_fast() {
    for name in ["tinychat", "guess"] {
        let Some((mean, _, bytes)) = published(name, None) else { return };
        assert!(mean <= 760_000.0, "{name}: {mean:.0} T-states a step");
        assert!(bytes <= 56 * 1024, "{name}: {bytes} bytes");
    }
}

#[test]
fn the_published_networks_are_exact_packed() {
    for name in ["tinychat", "guess"] {
        let Some((mean, ..)) = published(name, Some(Form::Packed)) else { return };
        assert!(mean <= 10_000_000.0, "{name}: {mean:.0} T-states a step");
    }
}
