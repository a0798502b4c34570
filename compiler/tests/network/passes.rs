//! Passes on graphs of networks on numbers: results stay, and the bounds that they prove hold.

use crate::networks::{bytes, random};
use crate::random::Random;
use mlc_compiler::eval::{self, Value};
use mlc_compiler::ir::Type;
use mlc_compiler::model::Sensors;
use mlc_compiler::pass;

#[test]
fn no_pass_changes_a_network_and_bounds_hold() {
    let mut bounded = 0;
    for seed in 0..300 {
        let model = random(seed);
        let (sensors, _) = model.network().expect("a network on numbers");
        let graph = mlc_compiler::reference(&model).expect("the model was checked");
        let (reports, wraps) =
            pass::optimise(graph.clone(), 127).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert_eq!(wraps, [], "seed {seed}: a checked model has no sum of more than 32 bits");
        let mut r = Random(seed);
        for _ in 0..3 {
            let line = Sensors::line(&bytes(&mut r, sensors.shape.len()));
            let wants = eval::run(&graph, line.as_bytes());
            for report in &reports {
                let run = eval::run_observed(&report.graph, line.as_bytes(), &mut |id, value| {
                    let node = &report.graph.nodes[id];
                    if let (Value::Vector(values), Type::Vector { .. }) = (value, node.ty) {
                        for (value, range) in values.iter().zip(&node.facts.range) {
                            let value = i64::from(*value);
                            assert!(
                                range.least <= value && value <= range.most,
                                "seed {seed}: {}",
                                node.name
                            );
                            bounded += 1;
                        }
                    }
                });
                assert_eq!(run, wants, "seed {seed}, after {}", report.pass);
            }
        }
    }
    assert!(bounded > 100_000, "{bounded} values had bounds");
}
