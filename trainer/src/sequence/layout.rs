//! Where the parameters of a network lie: all in one vector, matrices row by row.

use super::shape::Shape;
use mlc_compiler::import::sequence::Position;
use mlc_compiler::model::Grid;
use std::ops::Range;

/// A matrix or a vector of parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub rows: usize,
    pub cols: usize,
    /// Of its first parameter.
    pub at: usize,
    /// What its rows are rounded to; a vector is not rounded in training.
    pub grid: Option<Grid>,
}

impl Tensor {
    /// Its parameters.
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + self.rows * self.cols
    }
}

/// The matrices of a block. Those with one input are one matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockTensors {
    /// Queries, keys and values: `[(heads + 2 · kv_heads) · head_size, dim]`.
    pub qkv: Tensor,
    /// `[dim, heads · head_size]`.
    pub mix: Tensor,
    /// Gate, if there is one, and up: `[1 or 2 · hidden, dim]`.
    pub feed: Tensor,
    /// `[dim, hidden]`.
    pub down: Tensor,
}

/// All tensors of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// `[vocabulary, dim]`.
    pub embedding: Tensor,
    /// `[positions, dim]`, where they are learnt.
    pub positions: Option<Tensor>,
    pub blocks: Vec<BlockTensors>,
    /// Gains in front of an output that is the embedding, one row.
    pub gain: Option<Tensor>,
    /// `[outputs, dim]`, where it is not the embedding.
    pub output: Option<Tensor>,
    /// Where a recursive network starts, one row.
    pub start: Option<Tensor>,
    /// Parameters of all of them.
    pub len: usize,
}

impl Layout {
    /// The tensors of a shape that was checked.
    pub(crate) fn new(shape: &Shape) -> Self {
        let net = &shape.network;
        let mut len = 0;
        let mut tensor = |rows: usize, cols: usize, grid: Option<Grid>| {
            let at = len;
            len += rows * cols;
            Tensor { rows, cols, at, grid }
        };
        let (dim, weights, ends) = (net.dim, Some(shape.weights), Some(shape.embedding));
        let embedding = tensor(net.vocabulary, dim, ends);
        let positions = match net.position {
            Position::Learnt => Some(tensor(net.positions.unwrap_or(0), dim, ends)),
            Position::Rope { .. } | Position::None => None,
        };
        let gates = if net.activation.is_gated() { 2 } else { 1 };
        let blocks = (0..net.layers).map(|_| BlockTensors {
            qkv: tensor(net.query_size() + 2 * net.kv_size(), dim, weights),
            mix: tensor(dim, net.query_size(), weights),
            feed: tensor(gates * net.hidden, dim, weights),
            down: tensor(dim, net.hidden, weights),
        });
        let blocks = blocks.collect();
        let gain = shape.gain.then(|| tensor(1, dim, None));
        let output = (!shape.tied).then(|| tensor(shape.outputs(), dim, ends));
        let start = (net.recursion > 1).then(|| tensor(1, dim, None));
        Self { embedding, positions, blocks, gain, output, start, len }
    }

    /// All tensors in the order in which they lie.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        let blocks = self.blocks.iter().flat_map(|b| [&b.qkv, &b.mix, &b.feed, &b.down]);
        let ends = [&self.gain, &self.output, &self.start].into_iter().flatten();
        std::iter::once(&self.embedding).chain(&self.positions).chain(blocks).chain(ends)
    }

    /// Weights of the blocks' matrices.
    pub(crate) fn block_weights(&self) -> usize {
        let blocks = self.blocks.iter().flat_map(|b| [&b.qkv, &b.mix, &b.feed, &b.down]);
        blocks.map(|tensor| tensor.rows * tensor.cols).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_lie_one_behind_the_other() {
        let mut shape = Shape::default();
        shape.network.vocabulary = 40;
        let layout = Layout::new(&shape);
        let mut next = 0;
        for tensor in layout.tensors() {
            assert_eq!(tensor.at, next);
            next = tensor.range().end;
        }
        assert_eq!(next, layout.len);
        assert_eq!(layout.block_weights(), 73_728, "the network of the trial in docs/sequence.md");
    }
}
