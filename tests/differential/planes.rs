//! Bit planes at the edges of tables and tiles, with interrupts and without.

use super::support::{self, planes};
use mlc_compiler::model::WeightSet;
use mlc_compiler::{eval, reference, weights::Form};
use mlc_runtime_z80::{ClockInterrupt, CpmConfig, Isr};

fn queries() -> [Vec<u8>; 3] {
    [b"a".to_vec(), b"hello there".to_vec(), b"the quick brown fox jumps over the lazy dog".to_vec()]
}

#[test]
fn layers_of_every_width_are_exact_and_predicted() {
    for (inputs, outputs, shift) in planes::SHAPES {
        for set in WeightSet::ALL {
            let model = planes::model(inputs, outputs, shift, set);
            let name = &model.head.name;
            let compiled = support::compile_for_cpm(&model, Some(Form::Planes), &queries())
                .unwrap_or_else(|e| panic!("{name}: {e}\n{}", e.help()));
            assert!(planes::looks_up(&compiled, inputs), "{name}: {}", compiled.plan.table());
            let graph = reference(&model).expect("the model was checked");
            let often = Some(ClockInterrupt { every: 1009, isr: Isr::PushAll });
            let interrupted = CpmConfig { interrupt: often, ..CpmConfig::default() };
            let mut t_states = 0;
            for query in queries() {
                let wants = eval::run(&graph, &query);
                let ran = support::run(&compiled.image, &query, CpmConfig::default());
                assert_eq!(ran.logits, wants.logits, "{name}: \"{}\"", query.escape_ascii());
                t_states += ran.t_states;
                let ran = support::run(&compiled.image, &query, interrupted.clone());
                assert_eq!(ran.logits, wants.logits, "{name}, interrupted: \"{}\"", query.escape_ascii());
            }
            let simulated = t_states as f64 / queries().len() as f64;
            let predicted = compiled.plan.prediction.total();
            // What is around the network is predicted for small letters, and is most of the smallest programs.
            let error = (predicted - simulated).abs();
            let most = 0.02 * simulated + 300.0;
            assert!(error < most, "{name}: predicted {predicted:.0}, simulated {simulated:.0}");
        }
    }
}
