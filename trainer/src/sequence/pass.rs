//! A network as both passes see it, and the way forward.

use super::chunk::Chunk;
use super::dropout::Dropout;
use super::layout::{BlockTensors, Layout, Tensor};
use super::ops::attention::{self, Heads};
use super::ops::product::{Packed, multiply};
use super::ops::rotate::Rotation;
use super::ops::{activation, add, largest, narrow, norm};
use super::prior::Prior;
use super::ranges::{BlockRanges, Ranges};
use super::shape::Shape;
use super::tape::{Tape, Visit, room};
use crate::gemm::Matrix;
use mlc_compiler::import::sequence::Norm;

/// A network whose weights are rounded, or not.
#[derive(Clone, Copy)]
pub(crate) struct Net<'a> {
    pub shape: &'a Shape,
    pub layout: &'a Layout,
    /// All parameters, as they are used.
    pub weights: &'a [f32],
    /// Steps of 8-bit values follow from these; `None`: nothing is rounded.
    pub ranges: Option<&'a Ranges>,
    /// Where positions rotate.
    pub rotation: Option<&'a Rotation>,
    /// The step of what goes into matrices behind a norm.
    pub input_step: f32,
    pub dropout: Dropout,
    /// What tokens cost behind those before.
    pub prior: Option<&'a Prior>,
}

impl<'a> Net<'a> {
    pub(crate) fn matrix(&self, tensor: &Tensor) -> Matrix<'a> {
        Matrix::new(&self.weights[tensor.range()], tensor.rows, tensor.cols)
    }

    /// The matrix that logits come from.
    pub(crate) fn output(&self) -> &'a Tensor {
        self.layout.output.as_ref().unwrap_or(&self.layout.embedding)
    }

    pub(crate) fn heads(&self) -> Heads {
        let net = &self.shape.network;
        Heads { heads: net.heads, kv_heads: net.kv_heads, size: net.head_size, window: self.shape.window }
    }

    fn is_pre(&self) -> bool {
        self.shape.network.norm == Norm::Pre
    }

    /// `out = x · matrixᵀ`.
    fn product(&self, x: &[f32], tensor: &Tensor, out: &mut Vec<f32>, strip: &mut Packed) {
        let rows = x.len() / tensor.cols;
        let out = room(out, rows * tensor.rows);
        multiply(Matrix::new(x, rows, tensor.cols), self.matrix(tensor).transposed(), false, out, strip);
    }

    /// Runs the network on a chunk, up to the logits of the rows that count. `seen` gets the ranges.
    pub(crate) fn forward(&self, chunk: &Chunk, tape: &mut Tape, seen: &mut Ranges) {
        self.embed(chunk, tape);
        let net = &self.shape.network;
        let dim = net.dim;
        tape.visits.resize_with(net.recursion * net.layers, Visit::default);
        room(&mut tape.stream, chunk.rows() * dim);
        match &self.layout.start {
            Some(start) => {
                let start = &self.weights[start.range()];
                tape.stream.chunks_exact_mut(dim).for_each(|row| row.copy_from_slice(start));
            }
            None => tape.stream.fill(0.0),
        }
        for round in 0..net.recursion {
            add(&mut tape.stream, 1.0, &tape.embedded);
            seen.stream = seen.stream.max(largest(&tape.stream));
            for (at, block) in self.layout.blocks.iter().enumerate() {
                self.block(chunk, tape, (round * net.layers + at, at), block, seen);
                seen.stream = seen.stream.max(largest(&tape.stream));
            }
        }
        self.ends(chunk, tape, seen);
    }

    fn embed(&self, chunk: &Chunk, tape: &mut Tape) {
        let dim = self.shape.network.dim;
        let rows = &self.weights[self.layout.embedding.range()];
        let embedded = room(&mut tape.embedded, chunk.rows() * dim);
        for (to, &token) in embedded.chunks_exact_mut(dim).zip(&chunk.tokens) {
            to.copy_from_slice(&rows[token as usize * dim..][..dim]);
        }
        if let Some(positions) = &self.layout.positions {
            let positions = &self.weights[positions.range()];
            for text in chunk.texts() {
                let n = text.len() * dim;
                add(&mut embedded[text.start * dim..][..n], 1.0, &positions[..n]);
            }
        }
    }

    fn block(
        &self,
        chunk: &Chunk,
        tape: &mut Tape,
        (visit, at): (usize, usize),
        tensors: &BlockTensors,
        seen: &mut Ranges,
    ) {
        let Tape { stream, visits, delta, scratch, strip, .. } = tape;
        let v = &mut visits[visit];
        let (ranges, seen) = (self.ranges.map(|ranges| &ranges.blocks[at]), &mut seen.blocks[at]);
        self.enter(stream, &mut v.attention_in, &mut v.attention_inverse);
        self.product(&v.attention_in, &tensors.qkv, &mut v.qkv, strip);
        self.queries_and_keys(chunk, v, ranges, seen);
        self.mix(chunk, v, ranges, scratch);
        self.product(&v.mixed, &tensors.mix, delta, strip);
        self.leave(stream, delta, 2 * visit, &mut v.attention_out, &mut v.attention_inverse);

        self.enter(stream, &mut v.feed_in, &mut v.feed_inverse);
        self.product(&v.feed_in, &tensors.feed, &mut v.feed, strip);
        self.activate(v, ranges, seen);
        self.product(&v.hidden, &tensors.down, delta, strip);
        self.leave(stream, delta, 2 * visit + 1, &mut v.feed_out, &mut v.feed_inverse);
    }

    /// What goes into a layer, from the stream.
    fn enter(&self, stream: &[f32], input: &mut Vec<f32>, inverse: &mut Vec<f32>) {
        let net = &self.shape.network;
        let input = room(input, stream.len());
        match self.is_pre() {
            true => {
                norm::forward(stream, net.dim, net.norm_eps, input, room(inverse, stream.len() / net.dim));
            }
            false => input.copy_from_slice(stream),
        }
        self.narrow(input, self.input_step);
    }

    fn narrow(&self, x: &mut [f32], step: f32) {
        if self.ranges.is_some() {
            narrow::narrow(x, step);
        }
    }

    /// What a layer gives goes into the stream.
    fn leave(
        &self,
        stream: &mut [f32],
        delta: &mut [f32],
        layer: usize,
        out: &mut Vec<f32>,
        inverse: &mut Vec<f32>,
    ) {
        let net = &self.shape.network;
        self.dropout.apply(layer, delta);
        add(stream, 1.0, delta);
        if !self.is_pre() {
            let out = room(out, stream.len());
            norm::forward(stream, net.dim, net.norm_eps, out, room(inverse, stream.len() / net.dim));
            stream.copy_from_slice(out);
        }
    }

    /// Queries and keys: normalised, rotated, narrowed. Values: narrowed.
    fn queries_and_keys(
        &self,
        chunk: &Chunk,
        v: &mut Visit,
        ranges: Option<&BlockRanges>,
        seen: &mut BlockRanges,
    ) {
        let net = &self.shape.network;
        let (queries, keys, size) = (net.query_size(), net.kv_size(), net.head_size);
        let (row, both) = (queries + 2 * keys, queries + keys);
        let kept = if net.qk_norm { chunk.rows() } else { 0 };
        room(&mut v.heads, kept * both);
        room(&mut v.heads_inverse, kept * both / size);
        for text in chunk.texts() {
            for (position, r) in text.enumerate() {
                let (heads, value) = v.qkv[r * row..][..row].split_at_mut(both);
                if net.qk_norm {
                    seen.raw_query = seen.raw_query.max(largest(&heads[..queries]));
                    seen.raw_key = seen.raw_key.max(largest(&heads[queries..]));
                    let inverse = &mut v.heads_inverse[r * both / size..][..both / size];
                    norm::heads(heads, size, net.norm_eps, inverse);
                    v.heads[r * both..][..both].copy_from_slice(heads);
                }
                if let Some(rotation) = self.rotation {
                    rotation.turn(position, heads);
                }
                let (query, key) = heads.split_at_mut(queries);
                seen.query = seen.query.max(narrow::watch(query, ranges.map(|r| r.query)));
                seen.key = seen.key.max(narrow::watch(key, ranges.map(|r| r.key)));
                seen.value = seen.value.max(narrow::watch(value, ranges.map(|r| r.value)));
            }
        }
    }

    fn mix(
        &self,
        chunk: &Chunk,
        v: &mut Visit,
        ranges: Option<&BlockRanges>,
        scratch: &mut attention::Scratch,
    ) {
        let heads = self.heads();
        let (row, queries) = (heads.row(), heads.heads * heads.size);
        let shares = chunk.texts().map(|text| attention::shares(&heads, text.len())).sum();
        room(&mut v.shares, shares);
        room(&mut v.mixed, chunk.rows() * queries);
        let mut rest = &mut v.shares[..];
        for text in chunk.texts() {
            let (shares, others) = rest.split_at_mut(attention::shares(&heads, text.len()));
            rest = others;
            let rows = &v.qkv[text.start * row..text.end * row];
            let mixed = &mut v.mixed[text.start * queries..text.end * queries];
            attention::forward(rows, &heads, shares, mixed, scratch);
        }
        if let Some(ranges) = ranges {
            narrow::narrow(&mut v.mixed, ranges.value / narrow::MOST);
        }
    }

    fn activate(&self, v: &mut Visit, ranges: Option<&BlockRanges>, seen: &mut BlockRanges) {
        let net = &self.shape.network;
        let (function, width) = (net.activation, net.hidden);
        let row = if function.is_gated() { 2 * width } else { width };
        for x in v.feed.chunks_exact_mut(row) {
            let (gate, up) = x.split_at_mut(row - width);
            seen.gate = seen.gate.max(narrow::watch(gate, ranges.map(|r| r.gate)));
            seen.up = seen.up.max(narrow::watch(up, ranges.map(|r| r.up)));
        }
        let hidden = room(&mut v.hidden, v.feed.len() / row * width);
        let steps = ranges.map(|ranges| ranges.steps(function));
        let (table, most) = activation::forward(function, &v.feed, width, steps, hidden);
        seen.table = seen.table.max(table);
        seen.hidden = seen.hidden.max(most);
    }

    /// The logits of the rows that count.
    fn ends(&self, chunk: &Chunk, tape: &mut Tape, seen: &mut Ranges) {
        let net = &self.shape.network;
        let (dim, rows) = (net.dim, chunk.targets.len());
        let last = room(&mut tape.last, rows * dim);
        for (to, &(row, _)) in last.chunks_exact_mut(dim).zip(&chunk.targets) {
            to.copy_from_slice(&tape.stream[row * dim..][..dim]);
        }
        if self.is_pre() {
            let normed = room(&mut tape.normed, rows * dim);
            norm::forward(last, dim, net.norm_eps, normed, room(&mut tape.last_inverse, rows));
            last.copy_from_slice(normed);
        }
        if let Some(gain) = &self.layout.gain {
            let gain = &self.weights[gain.range()];
            for row in last.chunks_exact_mut(dim) {
                row.iter_mut().zip(gain).for_each(|(x, gain)| *x *= gain);
            }
        }
        seen.last = seen.last.max(largest(last));
        self.narrow(last, self.input_step);
        let Tape { last, logits, strip, .. } = tape;
        self.product(last, self.output(), logits, strip);
        seen.logits = seen.logits.max(largest(logits));
        if let Some(prior) = self.prior {
            let outputs = self.shape.outputs();
            for (logits, &(row, _)) in logits.chunks_exact_mut(outputs).zip(&chunk.targets) {
                prior.subtract(chunk, row, logits);
            }
        }
    }
}
