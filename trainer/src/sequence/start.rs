//! The first parameters of a network.

use super::grid::PARTS;
use super::layout::{Layout, Tensor};
use super::settings::Method;
use super::task::Texts;
use mlc_compiler::import::sequence::float::Vector;
use mlc_compiler::import::sequence::quantize::{
    Calibration, Unsuitable, byte_scale, calibrate, compensated, of_head,
};
use mlc_compiler::import::sequence::{Checkpoint, Problem};
use mlc_compiler::model::Grid;
use rand::{Rng, RngExt};

/// How much smaller matrices begin whose results go into the residual stream: there the embedding must still be seen behind
/// several of them. Found by trial on sums of two numbers: a quarter learns faster than the whole.
const INTO_STREAM: f32 = 0.25;

/// Texts on which the weights of a float network are rounded.
const SEEN: usize = 48;

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

/// Makes weights of [`imported`] those that a network of integers begins with: with grids of three bits and more, rounded as importing
/// rounds them, or (incremental) not yet. With fewer bits training goes so far that where it begins does not matter.
///
/// # Errors
/// A token that the network does not have.
pub(crate) fn settle(
    layout: &Layout,
    network: &Checkpoint,
    (grid, method): (Grid, Method),
    texts: &Texts,
    weights: &mut [f32],
) -> Result<(), Unsuitable> {
    let some: Vec<Vec<u32>> = texts.examples.iter().take(SEEN).map(|e| e.tokens.clone()).collect();
    if some.is_empty() || !matches!(grid, Grid::Symmetric { .. }) {
        return Ok(());
    }
    let seen = seen(network, &some)?;
    equalize(layout, network, &seen, weights);
    if method == Method::StraightThrough {
        compensate(layout, &seen, weights);
    }
    Ok(())
}

/// What a network computes on some texts, for [`equalize`] and [`compensate`].
///
/// # Errors
/// A token that the network does not have.
fn seen(network: &Checkpoint, texts: &[Vec<u32>]) -> Result<Calibration, Unsuitable> {
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0).max(2);
    calibrate(network, longest, texts)
}

/// Gives the keys of all heads of a block the same size, and makes that good in their queries: scores stay as they are. All
/// heads have one step of their 8 bits, which small keys would fill badly.
fn equalize(layout: &Layout, network: &Checkpoint, seen: &Calibration, weights: &mut [f32]) {
    let shape = &network.shape;
    // Behind a norm of each head its size does not matter.
    if shape.qk_norm {
        return;
    }
    let (size, shared) = (shape.head_size, shape.heads / shape.kv_heads);
    for (at, block) in layout.blocks.iter().enumerate() {
        let keys = seen.values(Vector::RotatedKey, at);
        let scales: Vec<f64> =
            (0..shape.kv_heads).map(|head| byte_scale(&of_head(keys, head, size))).collect();
        let mean = scales.iter().sum::<f64>() / scales.len() as f64;
        let rows = &mut weights[block.qkv.range()];
        let (queries, keys) = rows.split_at_mut(shape.query_size() * shape.dim);
        for (head, scale) in scales.iter().enumerate() {
            let factor = (mean / scale) as f32;
            let of = |rows: &mut [f32], head: usize, factor: f32| {
                let head = &mut rows[head * size * shape.dim..][..size * shape.dim];
                head.iter_mut().for_each(|w| *w *= factor);
            };
            of(keys, head, factor);
            (0..shared).for_each(|i| of(queries, head * shared + i, 1.0 / factor));
        }
    }
}

/// Puts the matrices of blocks on their grids, so that what rounding changes of their results on what was seen is small.
/// `weights` are those of [`imported`] of the same network.
///
/// Only grids of three bits and more.
fn compensate(layout: &Layout, seen: &Calibration, weights: &mut [f32]) {
    for (at, block) in layout.blocks.iter().enumerate() {
        let inputs = [
            (&block.qkv, Vector::AttentionIn),
            (&block.mix, Vector::AttentionOut),
            (&block.feed, Vector::FeedIn),
            (&block.down, Vector::Hidden),
        ];
        for (tensor, input) in inputs {
            let Some(grid @ Grid::Symmetric { .. }) = tensor.grid else { continue };
            let rows = &mut weights[tensor.range()];
            // As `grid::rounded` will find the scale again.
            let parts = if grid.bits() == 8 { &PARTS[..1] } else { &PARTS };
            let rounded = compensated(rows, grid, seen.moments(input, at), parts);
            rows.copy_from_slice(&rounded);
        }
    }
}

/// Rows times the gains of their inputs.
fn times(rows: &[f32], gains: &[f32]) -> Vec<f32> {
    rows.iter().zip(gains.iter().cycle()).map(|(w, gain)| w * gain).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::export::quantized;
    use super::super::gradients::Cpu;
    use super::super::grid::rounded;
    use super::super::learner::Learner;
    use super::super::{Example, Settings, Shape, distill::student};
    use super::*;
    use mlc_compiler::import::sequence::dequantize;
    use mlc_compiler::import::sequence::float::{Session, Window};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// A float network, and texts.
    pub(in crate::sequence) fn network() -> (Checkpoint, Vec<Vec<u32>>) {
        let mut shape = Shape {
            weights: Grid::Symmetric { bits: 8 },
            embedding: Grid::Symmetric { bits: 8 },
            ..Shape::default()
        };
        let net = &mut shape.network;
        (net.dim, net.layers, net.heads, net.kv_heads, net.head_size, net.hidden) = (12, 2, 4, 2, 4, 10);
        (net.qk_norm, net.vocabulary) = (false, 11);
        let settings = Settings { shape, ..Settings::default() };
        let layout = Layout::new(&settings.shape);
        let mut learner = Learner::new(&settings, fresh(&layout, &mut ChaCha8Rng::seed_from_u64(5)), 9);
        let texts: Vec<Vec<u32>> = (0..6).map(|n| (0..9).map(|i| (i * i + n * 3) % 11).collect()).collect();
        let counts = vec![true; 9];
        let examples: Vec<_> =
            texts.iter().map(|t| Example { tokens: t.clone(), counts: counts.clone() }).collect();
        learner.calibrate(&mut Cpu::new(1, None), &examples.iter().collect::<Vec<_>>()).unwrap();
        let network =
            quantized(&settings.shape, &layout, learner.parameters(), &learner.ranges, None).unwrap();
        (dequantize(&network.body, network.logit_bits).unwrap(), texts)
    }

    fn block_of(network: &Checkpoint) -> (Layout, Vec<f32>) {
        let grid = Grid::Symmetric { bits: 3 };
        let layout = Layout::new(&student(network, grid, grid, 16));
        let weights = imported(&layout, network).unwrap();
        (layout, weights)
    }

    #[test]
    fn keys_of_all_heads_become_equally_large_and_scores_stay() {
        let (mut network, texts) = network();
        // The second head's keys are far smaller, its queries larger.
        let head = network.shape.head_size * network.shape.dim;
        network.layers[0].wk.weights[head..].iter_mut().for_each(|w| *w *= 0.05);
        let (layout, mut weights) = block_of(&network);
        let before = weights.clone();
        equalize(&layout, &network, &seen(&network, &texts).unwrap(), &mut weights);
        // The float network with these queries and keys.
        let (queries, keys) = (network.shape.query_size() * network.shape.dim, 2 * head);
        let rows = &weights[layout.blocks[0].qkv.range()];
        let mut other = network.clone();
        other.layers[0].attention_norm.fill(1.0);
        other.layers[0].wq.weights.copy_from_slice(&rows[..queries]);
        other.layers[0].wk.weights.copy_from_slice(&rows[queries..queries + keys]);
        let old = &before[layout.blocks[0].qkv.range()];
        other.layers[0].wv.weights.copy_from_slice(&old[queries + keys..]);
        let sizes = |network: &Checkpoint| -> Vec<f64> {
            let seen = seen(network, &texts).unwrap();
            let keys = seen.values(Vector::RotatedKey, 0);
            (0..2).map(|head| byte_scale(&of_head(keys, head, 4))).collect()
        };
        let (apart, alike) = (sizes(&network), sizes(&other));
        assert!(apart[0] > 5.0 * apart[1], "{apart:?}");
        assert!((alike[0] / alike[1] - 1.0).abs() < 0.05, "{alike:?}");
        let logits = |network: &Checkpoint| -> Vec<f32> {
            let mut session = Session::new(network, Window::Full).unwrap();
            texts[0].iter().flat_map(|&t| session.step(t as usize).unwrap().to_vec()).collect()
        };
        let (one, two) = (logits(&network), logits(&other));
        assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-3), "{one:?} {two:?}");
    }

    #[test]
    fn compensated_weights_are_on_their_grid_and_give_nearer_results() {
        let (network, texts) = network();
        let seen = seen(&network, &texts).unwrap();
        let (layout, exact) = block_of(&network);
        let mut weights = exact.clone();
        compensate(&layout, &seen, &mut weights);
        let tensor = &layout.blocks[0].feed;
        let grid = tensor.grid.unwrap();
        let moments = seen.moments(Vector::FeedIn, 0);
        // Σ (d·x)² of a row's difference d, over the inputs that were seen.
        let error = |row: &[f32], exact: &[f32]| -> f64 {
            let d: Vec<f64> = row.iter().zip(exact).map(|(a, b)| f64::from(a - b)).collect();
            let all =
                d.iter().enumerate().flat_map(|(i, a)| d.iter().enumerate().map(move |(j, b)| (i, j, a * b)));
            all.map(|(i, j, both)| both * moments.sums[i * moments.len + j]).sum()
        };
        let (mut plain, mut better) = (0.0, 0.0);
        let rows = weights[tensor.range()].chunks_exact(tensor.cols);
        for (row, exact) in rows.zip(exact[tensor.range()].chunks_exact(tensor.cols)) {
            let (mut again, mut nearest) = (vec![0.0; row.len()], vec![0.0; row.len()]);
            rounded(grid, row, &mut again);
            assert!(again.iter().zip(row).all(|(a, b)| (a - b).abs() < 1e-5), "{again:?} {row:?}");
            rounded(grid, exact, &mut nearest);
            (plain, better) = (plain + error(&nearest, exact), better + error(row, exact));
        }
        assert!(better < plain, "{better} {plain}");
        // Vectors and tables are as they were.
        assert_eq!(weights[layout.embedding.range()], exact[layout.embedding.range()]);
    }
}
