//! What of a transformer never contributes, proven from its weights alone, and the same network without it.
//!
//! - A hidden neuron, if its column of `down` is zero: its value is multiplied with nothing else. Or if its value is 0 whatever the
//!   input: a row of zeros, of weights or by its mantissa, gives the row's bias, 0 where there is none; the activation says what
//!   becomes of that. A gate multiplies, so that 0 on either side is enough.
//! - Heads of queries with the head of keys and values that they read, if in every block what they give is 0: their columns of
//!   `output` are zero, or the rows of `value` give 0. All blocks have the same heads, so one that is used in a single block stays.
//!
//! Sums are exact, and terms of 0 change none. Nothing else sees a neuron or a head: norms of heads are each head's own, and
//! caches are read by head. One of each stays, for there are no matrices without rows. What goes makes nothing else go: columns of
//! other layers are never taken out. So once is enough.

use super::transformer::{Activation, Attention, FeedForward, Matrix, Transformer};
use super::{Body, Model};
use crate::arithmetic::{look_up, multiply, sat8};
use std::borrow::Cow;

/// How much was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dead {
    /// Hidden neurons of all blocks.
    pub neurons: usize,
    /// Heads of queries, of each block.
    pub heads: usize,
}

impl Dead {
    /// What is said of a graph that was built without it; nothing where nothing was left out.
    pub fn told(self) -> String {
        let Self { neurons, heads } = self;
        match self == Self::default() {
            true => String::new(),
            false => format!(", without {neurons} hidden neurons and {heads} heads that never contribute"),
        }
    }
}

impl Model {
    /// The same without what never contributes; of other families as it is.
    pub fn without_dead(&self) -> (Cow<'_, Self>, Dead) {
        let Body::Transformer(body) = &self.body else { return (Cow::Borrowed(self), Dead::default()) };
        let (alive, dead) = body.without_dead();
        if dead == Dead::default() {
            return (Cow::Borrowed(self), dead);
        }
        (Cow::Owned(Self { body: Body::Transformer(alive), ..self.clone() }), dead)
    }
}

impl Transformer {
    fn without_dead(&self) -> (Self, Dead) {
        let mut body = self.clone();
        let mut dead = Dead::default();
        for block in &mut body.blocks {
            let layer = &mut block.feed_forward;
            let alive = one_at_least((0..layer.up.rows).map(|neuron| !layer.is_dead(neuron)).collect());
            dead.neurons += left_out(&alive);
            if left_out(&alive) > 0 {
                layer.keep(&alive);
            }
        }
        let (size, group) = (self.head_size, self.heads / self.kv_heads);
        let is_dead =
            |head: &usize| self.blocks.iter().all(|block| block.attention.is_dead(*head, size, group));
        let alive = one_at_least((0..self.kv_heads).map(|head| !is_dead(&head)).collect());
        if left_out(&alive) > 0 {
            dead.heads = group * left_out(&alive);
            body.kv_heads -= left_out(&alive);
            body.heads -= dead.heads;
            let (shared, own) = (repeated(&alive, size), repeated(&alive, size * group));
            for Attention { query, key, value, output, .. } in
                body.blocks.iter_mut().map(|b| &mut b.attention)
            {
                query.keep_rows(&own);
                key.keep_rows(&shared);
                value.keep_rows(&shared);
                output.keep_cols(&own);
            }
        }
        (body, dead)
    }
}

/// The same, but that the first is alive where none is.
fn one_at_least(mut alive: Vec<bool>) -> Vec<bool> {
    if !alive.contains(&true) {
        alive.iter_mut().take(1).for_each(|first| *first = true);
    }
    alive
}

fn left_out(alive: &[bool]) -> usize {
    alive.iter().filter(|&&alive| !alive).count()
}

/// Each so many times.
fn repeated(alive: &[bool], times: usize) -> Vec<bool> {
    alive.iter().flat_map(|&alive| std::iter::repeat_n(alive, times)).collect()
}

impl FeedForward {
    /// Whether what a hidden neuron gives never counts.
    fn is_dead(&self, neuron: usize) -> bool {
        if self.down.is_column_zero(neuron) {
            return true;
        }
        let up = self.up.constant(neuron);
        match &self.activation {
            Activation::Relu => up.is_some_and(|u| u <= 0),
            Activation::Table(table) => up.is_some_and(|u| look_up(table, u) == 0),
            Activation::Gate { matrix, table, bits } => {
                let gate = matrix.constant(neuron).map(|g| look_up(table, g));
                let both = up.zip(gate).map(|(u, g)| multiply(g, u, (*bits).into()));
                up == Some(0) || gate == Some(0) || both == Some(0)
            }
        }
    }

    fn keep(&mut self, alive: &[bool]) {
        self.up.keep_rows(alive);
        if let Activation::Gate { matrix, .. } = &mut self.activation {
            matrix.keep_rows(alive);
        }
        self.down.keep_cols(alive);
    }
}

impl Attention {
    /// Whether a head of keys and values, of so many elements, and the queries that read it, `group` for each, give only 0.
    fn is_dead(&self, head: usize, size: usize, group: usize) -> bool {
        let own = size * group;
        (head * size..(head + 1) * size).all(|row| self.value.constant(row) == Some(0))
            || (head * own..(head + 1) * own).all(|col| self.output.is_column_zero(col))
    }
}

impl Matrix {
    /// What a row gives in 8 bits, if that is the same for every input.
    fn constant(&self, row: usize) -> Option<i32> {
        let weights = &self.values[row * self.cols..(row + 1) * self.cols];
        let is_zero = self.mantissas[row] == 0 || weights.iter().all(|&w| w == 0);
        is_zero.then(|| sat8(self.bias.get(row).map_or(0, |&b| b.into())))
    }

    fn is_column_zero(&self, col: usize) -> bool {
        let used = |(row, &mantissa): (usize, &u8)| mantissa > 0 && self.values[row * self.cols + col] != 0;
        !self.mantissas.iter().enumerate().any(used)
    }

    fn keep_rows(&mut self, alive: &[bool]) {
        let kept = |row: &usize| alive[*row];
        let cols = self.cols;
        self.values =
            (0..self.rows).filter(kept).flat_map(|row| self.values[row * cols..][..cols].to_vec()).collect();
        self.mantissas = (0..self.rows).filter(kept).map(|row| self.mantissas[row]).collect();
        if !self.bias.is_empty() {
            self.bias = (0..self.rows).filter(kept).map(|row| self.bias[row]).collect();
        }
        self.rows -= left_out(alive);
    }

    fn keep_cols(&mut self, alive: &[bool]) {
        let kept = self.values.iter().zip(alive.iter().cycle()).filter(|(_, alive)| **alive);
        self.values = kept.map(|(&value, _)| value).collect();
        self.cols -= left_out(alive);
    }
}
