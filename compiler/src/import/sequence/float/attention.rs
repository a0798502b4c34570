//! The cache of keys and values, rotation, and what a head makes of both.

use super::super::{Layout, Position, Shape};
use super::{Window, ops};
use crate::math;

/// Keys and values of a block in one pass: a row of all heads for each slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Cache {
    /// Stores the keys (rotated) and values of a position.
    pub fn store(&mut self, window: Window, position: usize, key: &[f32], value: &[f32]) {
        let at = window.slot(position) * key.len();
        if at == self.keys.len() {
            self.keys.extend_from_slice(key);
            self.values.extend_from_slice(value);
        } else {
            self.keys[at..][..key.len()].copy_from_slice(key);
            self.values[at..][..value.len()].copy_from_slice(value);
        }
    }

    /// Forgets everything; the memory is kept.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.values.clear();
    }

    /// Scores of all heads: `q·k / √head_size` for each slot, one head behind the other.
    pub fn scores(&self, shape: &Shape, query: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        let (size, row) = (shape.head_size, shape.kv_size());
        let scale = 1.0 / (size as f32).sqrt();
        for (head, query) in query.chunks_exact(size).enumerate() {
            let at = key_head(shape, head) * size;
            let keys = self.keys.chunks_exact(row).map(|keys| &keys[at..at + size]);
            scores.extend(keys.map(|key| ops::dot(query, key) * scale));
        }
    }

    /// The values of each head, mixed by its shares.
    pub fn mix(&self, shape: &Shape, shares: &[f32], out: &mut [f32]) {
        let (size, row) = (shape.head_size, shape.kv_size());
        let slots = self.values.len() / row;
        for ((head, out), shares) in out.chunks_exact_mut(size).enumerate().zip(shares.chunks_exact(slots)) {
            let at = key_head(shape, head) * size;
            out.fill(0.0);
            for (values, share) in self.values.chunks_exact(row).zip(shares) {
                out.iter_mut().zip(&values[at..at + size]).for_each(|(out, value)| *out += share * value);
            }
        }
    }
}

/// The head of keys and values that a head of queries uses.
fn key_head(shape: &Shape, head: usize) -> usize {
    head / (shape.heads / shape.kv_heads)
}

/// Cosines and sines of the pairs of a head.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    layout: Layout,
    /// What each pair turns by from one position to the next.
    steps: Vec<f64>,
    turns: Vec<(f32, f32)>,
}

impl Rotation {
    /// `None` for a network without rotation.
    pub fn of(shape: &Shape) -> Option<Self> {
        let Position::Rope { theta, layout } = shape.position else { return None };
        let log = math::ln(theta.into());
        let step = |pair: usize| math::exp(-log * (2 * pair) as f64 / shape.head_size as f64);
        let steps: Vec<f64> = (0..shape.head_size / 2).map(step).collect();
        Some(Self { layout, turns: vec![(1.0, 0.0); steps.len()], steps })
    }

    /// Sets the position, which is the same for all layers.
    pub fn go_to(&mut self, position: usize) {
        for (turn, step) in self.turns.iter_mut().zip(&self.steps) {
            let (sin, cos) = math::sin_cos(position as f64 * step);
            *turn = (cos as f32, sin as f32);
        }
    }

    /// Turns the pairs of every head.
    pub fn rotate(&self, heads: &mut [f32]) {
        let pairs = self.turns.len();
        for head in heads.chunks_exact_mut(2 * pairs) {
            for (pair, &(cos, sin)) in self.turns.iter().enumerate() {
                let (one, other) = match self.layout {
                    Layout::Adjacent => (2 * pair, 2 * pair + 1),
                    Layout::Half => (pair, pair + pairs),
                };
                let (re, im) = (head[one], head[other]);
                head[one] = re * cos - im * sin;
                head[other] = re * sin + im * cos;
            }
        }
    }
}
