//! The largest magnitudes of activations: they give the steps of the machine's 8-bit values, in training and in the model.

use super::ops::activation::{self, hidden_step};
use super::ops::narrow::MOST;
use mlc_compiler::import::sequence::Activation;
use serde::{Deserialize, Serialize};

/// Share of the way that a range goes back towards smaller values with each batch.
const BACK: f32 = 0.02;

/// Of a block, of all rounds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockRanges {
    /// Queries and keys before their norm.
    pub raw_query: f32,
    pub raw_key: f32,
    /// Queries and keys as they are scored.
    pub query: f32,
    pub key: f32,
    pub value: f32,
    pub gate: f32,
    pub up: f32,
    /// What the table of the gate gives.
    pub table: f32,
    pub hidden: f32,
}

/// Of a network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ranges {
    pub blocks: Vec<BlockRanges>,
    /// The residual stream.
    pub stream: f32,
    /// What goes into the output.
    pub last: f32,
    pub logits: f32,
}

impl BlockRanges {
    fn all(&mut self) -> [&mut f32; 9] {
        let Self { raw_query, raw_key, query, key, value, gate, up, table, hidden } = self;
        [raw_query, raw_key, query, key, value, gate, up, table, hidden]
    }

    /// Steps of what is between the matrices of the feed-forward part.
    pub(crate) fn steps(&self, function: Activation) -> activation::Steps {
        // The table of a ReLU is the gate itself.
        let table = if function == Activation::ReluGate { self.gate } else { self.table } / MOST;
        let hidden = hidden_step(function, self.hidden, (table, self.up / MOST));
        activation::Steps { table, hidden }
    }
}

impl Ranges {
    /// Nothing seen yet.
    pub(crate) fn new(blocks: usize) -> Self {
        Self { blocks: vec![BlockRanges::default(); blocks], ..Self::default() }
    }

    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut f32> {
        let Self { blocks, stream, last, logits } = self;
        blocks.iter_mut().flat_map(BlockRanges::all).chain([stream, last, logits])
    }

    /// Whether all are numbers that steps can be made of.
    pub(crate) fn are_sound(&self) -> bool {
        self.clone().all().all(|range| (1e-12..1e12).contains(range))
    }

    /// The larger of both.
    pub(crate) fn widen(&mut self, mut other: Self) {
        self.all().zip(other.all()).for_each(|(most, other)| *most = most.max(*other));
    }

    /// Follows what a batch showed: up at once, down slowly. None is ever 0. `cut`: the part of the largest magnitude that 8
    /// bits cover between the matrices of feed-forward parts. What is beyond it is cut off, in training as on the machine.
    pub(crate) fn follow(&mut self, mut seen: Self, cut: f32) {
        for block in &mut seen.blocks {
            let BlockRanges { gate, up, table, hidden, .. } = block;
            [gate, up, table, hidden].into_iter().for_each(|range| *range *= cut);
        }
        for (range, seen) in self.all().zip(seen.all()) {
            *range = seen.max(*range + (*seen - *range) * BACK).max(1e-4);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_widen_at_once_and_narrow_slowly() {
        let mut ranges = Ranges::new(1);
        let seen = |v: f32| {
            let mut seen = Ranges::new(1);
            (seen.blocks[0].key, seen.blocks[0].hidden, seen.logits) = (v, v, 2.0 * v);
            seen
        };
        ranges.follow(seen(4.0), 0.5);
        assert_eq!((ranges.blocks[0].key, ranges.logits, ranges.stream), (4.0, 8.0, 1e-4));
        assert_eq!(ranges.blocks[0].hidden, 2.0);
        ranges.follow(seen(0.0), 0.5);
        assert!((ranges.blocks[0].key - 3.92).abs() < 1e-6);
        ranges.widen(seen(5.0));
        assert_eq!(ranges.logits, 10.0);
    }
}
