//! The importers from outside: what they read, and every error to the letter.

mod checkpoints;
mod facts;
mod npz;
mod npz_errors;
mod pickle;
mod pt;
mod pt_errors;
mod pt_network_errors;
mod published;
mod ron;
mod ron_errors;
mod rules;
mod safetensors;
#[path = "../../../tests/support/shared.rs"]
mod shared;

use mlc_compiler::import::ImportError;
use mlc_compiler::model::{Chat, ContextEncoder, Layer, Model, Output, QueryEncoder, WeightSet};
use proptest::test_runner::{Config, RngSeed};

/// Random cases, the same ones in every run.
fn seeded(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() }
}

/// An error as a user sees it.
fn shown(e: ImportError) -> String {
    format!("{e}\nhelp: {}", e.help())
}

/// 4 + 3 inputs → 5 → 3 outputs: widths that are no multiple of 4, and every weight there is.
fn small_chat() -> Model {
    let weights = |n: usize| (0..n).map(|i| [1, 0, -1, -2, 0][i % 5]).collect();
    Model {
        name: "small".to_string(),
        about: "Says a or b.".to_string(),
        query: QueryEncoder { buckets: 4, bands: 1, max_length: 62 },
        output: Output::Chat(Chat {
            charset: b"ab\0".to_vec(),
            context: ContextEncoder { buckets: 3, length: 8 },
            max_reply: 50,
        }),
        layers: vec![
            Layer {
                inputs: 7,
                outputs: 5,
                weights: weights(35),
                bias: vec![0, 1, -1, 300, -32768],
                shift: 2,
                set: WeightSet::Full,
            },
            Layer {
                inputs: 5,
                outputs: 3,
                weights: weights(15),
                bias: vec![5, -6, 7],
                shift: 2,
                set: WeightSet::Full,
            },
        ],
        training: vec![("pairs".to_string(), "2".to_string()), ("seed".to_string(), "1".to_string())],
        calibration: Vec::new(),
    }
}
