//! Small random networks.

use crate::support::Random;
use mlc_compiler::import::sequence::{Activation, Checkpoint, Layer, Layout, Linear, Norm, Position, Shape};

/// An ordinary Llama that every format can hold.
pub fn llama() -> Shape {
    Shape {
        dim: 16,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_size: 4,
        hidden: 24,
        vocabulary: 20,
        positions: Some(32),
        norm_eps: 1e-5,
        position: Position::Rope { theta: 10_000.0, layout: Layout::Adjacent },
        activation: Activation::SwiGlu,
        qk_norm: false,
        norm: Norm::Pre,
        recursion: 1,
    }
}

/// What soulplayer's file holds.
pub fn soul() -> Shape {
    Shape {
        heads: 2,
        kv_heads: 2,
        head_size: 8,
        position: Position::Learnt,
        activation: Activation::Relu,
        ..llama()
    }
}

fn linear(random: &mut Random, outputs: usize, inputs: usize, biased: bool) -> Linear {
    let scale = 1.5 / (inputs as f32).sqrt();
    let weights = random.floats(outputs * inputs, scale);
    Linear { outputs, inputs, weights, bias: biased.then(|| random.floats(outputs, 0.3)) }
}

fn gains(random: &mut Random, count: usize) -> Vec<f32> {
    (0..count).map(|_| 1.0 + 0.5 * random.float()).collect()
}

/// A network of this shape. `biased` says which of queries/keys/values, wo and the feed-forward part have biases.
pub fn network(shape: Shape, tied: bool, biased: [bool; 3], seed: u64) -> Checkpoint {
    let mut random = Random(seed);
    let r = &mut random;
    let [inner, outer, feed] = biased;
    let (query, kv) = (shape.heads * shape.head_size, shape.kv_heads * shape.head_size);
    let layers = (0..shape.layers)
        .map(|_| Layer {
            attention_norm: gains(r, shape.dim),
            wq: linear(r, query, shape.dim, inner),
            wk: linear(r, kv, shape.dim, inner),
            wv: linear(r, kv, shape.dim, inner),
            wo: linear(r, shape.dim, query, outer),
            q_norm: shape.qk_norm.then(|| gains(r, shape.head_size)),
            k_norm: shape.qk_norm.then(|| gains(r, shape.head_size)),
            feed_norm: gains(r, shape.dim),
            gate: shape.activation.is_gated().then(|| linear(r, shape.hidden, shape.dim, feed)),
            down: linear(r, shape.dim, shape.hidden, feed),
            up: linear(r, shape.hidden, shape.dim, feed),
        })
        .collect();
    let learnt = shape.position == Position::Learnt;
    Checkpoint {
        shape,
        embedding: r.floats(shape.vocabulary * shape.dim, 1.0),
        learnt_positions: learnt.then(|| r.floats(shape.positions.unwrap() * shape.dim, 0.5)),
        layers,
        final_norm: (shape.norm == Norm::Pre).then(|| gains(r, shape.dim)),
        output: (!tied).then(|| linear(r, shape.vocabulary, shape.dim, false)),
        start: (shape.recursion > 1).then(|| r.floats(shape.dim, 1.0)),
    }
}
