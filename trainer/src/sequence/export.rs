//! A network in training → the integers of the machine, and a model's integers → parameters to go on with.

use super::grid::integers;
use super::layout::{Layout, Tensor};
use super::ops::narrow::MOST;
use super::prior::Prior;
use super::ranges::{BlockRanges, Ranges};
use super::shape::Shape;
use crate::error::TrainError;
use mlc_compiler::import::sequence::quantize::Quantized;
use mlc_compiler::import::sequence::quantize::trained::{Rows, Steps, Trained, TrainedBlock, assemble};

/// The integers of parameters.
///
/// # Errors
/// Something that integers cannot hold.
pub(crate) fn quantized(
    shape: &Shape,
    layout: &Layout,
    shadows: &[f32],
    ranges: &Ranges,
    prior: Option<&Prior>,
) -> Result<Quantized, TrainError> {
    let vector = |tensor: &Tensor| shadows[tensor.range()].to_vec();
    let whole = |tensor: &Tensor| rows(tensor, shadows, 0..tensor.rows);
    let net = &shape.network;
    let blocks = layout.blocks.iter().zip(&ranges.blocks).map(|(block, ranges)| {
        let (queries, keys) = (net.query_size(), net.kv_size());
        let qkv = |from: usize, count: usize| rows(&block.qkv, shadows, from..from + count);
        let up = block.feed.rows - net.hidden;
        TrainedBlock {
            query: qkv(0, queries),
            key: qkv(queries, keys),
            value: qkv(queries + keys, keys),
            mix: whole(&block.mix),
            gate: (up > 0).then(|| rows(&block.feed, shadows, 0..up)),
            up: rows(&block.feed, shadows, up..block.feed.rows),
            down: whole(&block.down),
            steps: steps(shape, ranges),
        }
    });
    let trained = Trained {
        shape: *net,
        embedding: whole(&layout.embedding),
        positions: layout.positions.as_ref().map(whole),
        blocks: blocks.collect(),
        gain: layout.gain.as_ref().map(vector),
        output: layout.output.as_ref().map(whole),
        start: layout.start.as_ref().map(vector),
        window: shape.window,
        stream: ranges.stream.into(),
        // What costs are subtracted from must have room for them.
        logits: f64::from(ranges.logits) + prior.map_or(0.0, Prior::most),
    };
    let mut network = assemble(&trained).map_err(|problem| TrainError::Unfit(problem.to_string()))?;
    network.body.prior = prior.map(|prior| prior.integers(network.logit_bits));
    Ok(network)
}

/// Rows of a matrix on their grid.
fn rows(tensor: &Tensor, shadows: &[f32], range: std::ops::Range<usize>) -> Rows {
    let cols = tensor.cols;
    let grid = tensor.grid.expect("a matrix has a grid");
    let part = &shadows[tensor.at + range.start * cols..tensor.at + range.end * cols];
    let (mut values, mut scales) = (Vec::with_capacity(part.len()), Vec::new());
    for row in part.chunks_exact(cols) {
        let (integers, scale) = integers(grid, row);
        values.extend(integers);
        scales.push(scale);
    }
    Rows { cols, grid, values, scales }
}

/// Steps of the 8-bit values of a block: those that training rounds to.
fn steps(shape: &Shape, ranges: &BlockRanges) -> Steps {
    let of = |most: f32| f64::from(most / MOST);
    let feed = ranges.steps(shape.network.activation);
    Steps {
        // Their norm takes the scale away: what is before it fills a quarter of 16 bits.
        raw_query: f64::from(ranges.raw_query) / 8192.0,
        raw_key: f64::from(ranges.raw_key) / 8192.0,
        query: of(ranges.query),
        key: of(ranges.key),
        value: of(ranges.value),
        gate: of(ranges.gate),
        up: of(ranges.up),
        table: f64::from(feed.table),
        hidden: f64::from(feed.hidden),
    }
}
