//! Bit planes at the edges of tables and tiles, with interrupts and without.

use super::support::{self, planes};
use mlc_compiler::model::WeightSet;
use mlc_compiler::{eval, reference, weights::Form};
use mlc_runtime_z80::{Call, ClockInterrupt, CpmConfig, Isr, Observer, Z80};
use std::ops::Range;

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

/// T-states from one interrupt that was taken in a part of the program to the next.
struct Waits {
    part: Range<u16>,
    now: u64,
    last: Option<u64>,
    longest: u64,
}

impl Observer<Z80> for Waits {
    fn wants_instructions(&self) -> bool {
        true
    }
    fn wants_calls(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, _: u16, _: u64, after: u64) {
        self.now = after;
    }

    fn on_call(&mut self, call: Call<u16>) {
        if call.to != 0x38 {
            return;
        }
        let now = Some(self.now).filter(|_| self.part.contains(&call.back));
        if let (Some(last), Some(now)) = (self.last, now) {
            self.longest = self.longest.max(now - last);
        }
        self.last = now;
    }
}

/// A row of two planes of 512 inputs takes about 7,000 T-states, one of one plane 3,500.
#[test]
fn long_rows_let_interrupts_in() {
    let every = 500;
    for set in WeightSet::ALL {
        let model = planes::model(512, 17, 2, set);
        let compiled = support::compile_for_cpm(&model, Some(Form::Planes), &queries());
        let image = compiled.unwrap_or_else(|e| panic!("{e}")).image;
        let part = image.assembly.symbols["fc2"]..image.logits.ready as u16;
        let mut waits = Waits { part, now: 0, last: None, longest: 0 };
        let interrupt = Some(ClockInterrupt { every, isr: Isr::Minimal });
        let config = CpmConfig { interrupt, ..CpmConfig::default() };
        support::run_observed(&image, b"hello", config, &mut waits);
        let longest = waits.longest;
        assert!((3_000..4_200 + every).contains(&longest), "{set:?}: {longest} T-states");
    }
}
