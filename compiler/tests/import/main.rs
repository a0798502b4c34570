//! The importers from outside: what they read, and every error to the letter.

#[path = "../../../tests/support/arrays.rs"]
mod arrays;
mod checkpoints;
mod facts;
mod model_ron;
mod npz;
mod npz_errors;
#[path = "../../../tests/support/parts.rs"]
mod parts;
mod pickle;
mod pt;
mod pt_errors;
mod pt_network_errors;
mod published;
#[path = "../../../tests/support/random.rs"]
mod random;
mod ron;
mod ron1_errors;
mod ron_errors;
mod rules;
mod safetensors;
mod sequence;
mod sequence_errors;
mod sequence_mutations;
mod sequence_small;
mod sequence_story;
#[path = "../../../tests/support/shared.rs"]
mod shared;
#[path = "../support/transformers.rs"]
mod transformers;
mod version1;

use mlc_compiler::import::ImportError;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use proptest::test_runner::{Config, RngSeed};
use version1::version1;

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
    let layer = |inputs, outputs, bias| Layer {
        inputs,
        outputs,
        weights: weights(inputs * outputs),
        bias,
        shift: 2,
        set: WeightSet::Full,
    };
    let query = QueryEncoder { buckets: 4, bands: 1, max_length: 62 };
    let context = ContextEncoder { buckets: 3, length: 8 };
    let layers = vec![layer(7, 5, vec![0, 1, -1, 300, -32768]), layer(5, 3, vec![5, -6, 7])];
    let answer = Answer::Chat(Chat { charset: b"ab\0".to_vec(), max_reply: 50 });
    let mut model = parts::model(("small", "Says a or b."), (query, Some(context)), layers, answer);
    model.head.training =
        [("pairs", "2"), ("seed", "1")].map(|(name, value)| (name.to_string(), value.to_string())).to_vec();
    model
}
