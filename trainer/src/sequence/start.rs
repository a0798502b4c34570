//! The first parameters of a network.

use super::layout::{Layout, Tensor};
use mlc_compiler::import::sequence::{Checkpoint, Problem};
use rand::{Rng, RngExt};

/// How much smaller matrices begin whose results go into the residual stream: there the embedding must still be seen behind
/// several of them. Found by trial on sums of two numbers: a quarter learns faster than the whole.
const INTO_STREAM: f32 = 0.25;

/// Parameters from a normal distribution: of matrices with a variance of one over their inputs, so that activations keep their
/// size; gains are 1.
pub(crate) fn fresh(layout: &Layout, rng: &mut impl Rng) -> Vec<f32> {
    let mut all = vec![0.0; layout.len];
    let into_stream = |tensor: &Tensor| layout.blocks.iter().any(|b| *tensor == b.mix || *tensor == b.down);
    for tensor in layout.tensors() {
        let part = if into_stream(tensor) { INTO_STREAM } else { 1.0 };
        let deviation = part / (tensor.cols as f32).sqrt();
        all[tensor.range()].iter_mut().for_each(|w| *w = deviation * normal(rng));
    }
    if let Some(gain) = &layout.gain {
        all[gain.range()].fill(1.0);
    }
    all
}

/// One number of a normal distribution of mean 0 and variance 1: twelve of a uniform one, added up (no logarithm whose last bit
/// depends on the machine).
pub(super) fn normal(rng: &mut impl Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}

/// The parameters of a float network. Gains of norms before layers become part of the matrices behind them.
///
/// # Errors
/// Something that the trainer does not have: biases, gains of the norms of heads, gains of norms behind layers.
pub(crate) fn imported(layout: &Layout, network: &Checkpoint) -> Result<Vec<f32>, Problem> {
    let lacks = |what: &str| {
        let (field, value) = ("the network".to_string(), format!("one with {what}"));
        Err(Problem::Value { field, value, wants: "a network without them, for training".to_string() })
    };
    let mut all = vec![0.0; layout.len];
    let mut put = |at: usize, values: &[f32]| all[at..at + values.len()].copy_from_slice(values);
    put(layout.embedding.at, &network.embedding);
    if let (Some(tensor), Some(rows)) = (&layout.positions, &network.learnt_positions) {
        put(tensor.at, rows);
    }
    let is_pre = network.shape.norm == mlc_compiler::import::sequence::Norm::Pre;
    for (tensors, layer) in layout.blocks.iter().zip(&network.layers) {
        let matrices = [&layer.wq, &layer.wk, &layer.wv, &layer.wo, &layer.up, &layer.down];
        if matrices.iter().copied().chain(&layer.gate).any(|matrix| matrix.bias.is_some()) {
            return lacks("biases");
        }
        if layer.q_norm.iter().chain(&layer.k_norm).flatten().any(|&gain| gain != 1.0) {
            return lacks("gains in the norms of heads");
        }
        let gains = layer.attention_norm.iter().chain(&layer.feed_norm);
        if !is_pre && gains.into_iter().any(|&gain| gain != 1.0) {
            return lacks("gains in norms behind layers");
        }
        let mut at = tensors.qkv.at;
        for matrix in [&layer.wq, &layer.wk, &layer.wv] {
            put(at, &times(&matrix.weights, &layer.attention_norm));
            at += matrix.weights.len();
        }
        put(tensors.mix.at, &layer.wo.weights);
        let mut at = tensors.feed.at;
        for matrix in layer.gate.iter().chain([&layer.up]) {
            put(at, &times(&matrix.weights, &layer.feed_norm));
            at += matrix.weights.len();
        }
        put(tensors.down.at, &layer.down.weights);
    }
    match (&layout.gain, &network.final_norm) {
        (Some(tensor), Some(gains)) if gains.iter().all(|&gain| gain > 0.0) => put(tensor.at, gains),
        (Some(_), Some(_)) => return lacks("gains before its output that are not positive"),
        _ => {}
    }
    if let (Some(tensor), Some(output)) = (&layout.output, &network.output) {
        if output.bias.is_some() {
            return lacks("biases");
        }
        match &network.final_norm {
            Some(gains) => put(tensor.at, &times(&output.weights, gains)),
            None => put(tensor.at, &output.weights),
        }
    }
    if let (Some(tensor), Some(start)) = (&layout.start, &network.start) {
        put(tensor.at, start);
    }
    Ok(all)
}

/// Rows times the gains of their inputs.
fn times(rows: &[f32], gains: &[f32]) -> Vec<f32> {
    rows.iter().zip(gains.iter().cycle()).map(|(w, gain)| w * gain).collect()
}
