//! What the machine computes, for many texts at once: integers, the same bits as the interpreter, which a test compares.
//!
//! Products run on floats: every sum of a model that was checked has 24 bits at most, and floats hold those exactly, in
//! whatever order they are added up.

use super::chunk::Chunk;
use super::ops::product::{Packed, multiply};
use crate::gemm;
use mlc_compiler::arithmetic::{
    self as a, look_up, mean, norm_factor, phase, rescale, round_shift, sat8, sat16,
};
use mlc_compiler::model::{
    Activation, Attention, Block, FeedForward, Matrix, Norm, NormOrder, Output, Positions, Transformer,
};

/// Sums of products, and what they are made with.
type Sums = (Vec<f32>, Packed);

/// A matrix with its weights as floats.
struct Product<'a> {
    matrix: &'a Matrix,
    weights: Vec<f32>,
}

impl<'a> Product<'a> {
    fn new(matrix: &'a Matrix) -> Self {
        Self { matrix, weights: matrix.values.iter().map(|&w| w.into()).collect() }
    }

    /// `matrix · x` of each row of `x`, whole numbers, as 16 bits.
    fn run(&self, x: &[f32], sums: &mut Sums, out: &mut Vec<i32>) {
        let Matrix { mantissas, shift, bias, .. } = self.matrix;
        run(&self.weights, (self.matrix.cols, mantissas, *shift), bias, x, sums, out);
    }
}

fn run(
    weights: &[f32],
    (cols, mantissas, shift): (usize, &[u8], u8),
    bias: &[i16],
    x: &[f32],
    (sums, strip): &mut Sums,
    out: &mut Vec<i32>,
) {
    let (rows, outputs) = (x.len() / cols, mantissas.len());
    sums.resize(rows * outputs, 0.0);
    let matrix = gemm::Matrix::new(weights, outputs, cols);
    multiply(gemm::Matrix::new(x, rows, cols), matrix.transposed(), false, sums, strip);
    out.clear();
    for sums in sums.chunks_exact(outputs) {
        let scaled = sums.iter().zip(mantissas).map(|(&sum, &m)| sat16(rescale(sum as i32, m, shift.into())));
        out.extend(scaled);
    }
    if !bias.is_empty() {
        for out in out.chunks_exact_mut(outputs) {
            out.iter_mut().zip(bias).for_each(|(out, &b)| *out = sat16(*out + i32::from(b)));
        }
    }
}

struct Layer<'a> {
    block: &'a Block,
    query: Product<'a>,
    key: Product<'a>,
    value: Product<'a>,
    mix: Product<'a>,
    gate: Option<Product<'a>>,
    up: Product<'a>,
    down: Product<'a>,
}

/// A network that can be run on chunks.
pub(crate) struct Integer<'a> {
    body: &'a Transformer,
    layers: Vec<Layer<'a>>,
    /// Of a tied output, or of its own.
    output: Vec<f32>,
}

/// Memory of a run, used again.
#[derive(Default)]
pub(crate) struct Memory {
    stream: Vec<i32>,
    embedded: Vec<i32>,
    input: Vec<f32>,
    sums: Sums,
    query: Vec<i32>,
    key: Vec<i32>,
    value: Vec<i32>,
    gate: Vec<i32>,
    inner: Vec<f32>,
    delta: Vec<i32>,
    /// `[targets, outputs]`.
    pub logits: Vec<i32>,
}

impl<'a> Integer<'a> {
    pub(crate) fn new(body: &'a Transformer) -> Self {
        let layer = |block: &'a Block| {
            let Block { attention, feed_forward } = block;
            let gate = match &feed_forward.activation {
                Activation::Gate { matrix, .. } => Some(Product::new(matrix)),
                Activation::Relu | Activation::Table(_) => None,
            };
            Layer {
                block,
                query: Product::new(&attention.query),
                key: Product::new(&attention.key),
                value: Product::new(&attention.value),
                mix: Product::new(&attention.output),
                gate,
                up: Product::new(&feed_forward.up),
                down: Product::new(&feed_forward.down),
            }
        };
        let output = match &body.output {
            Output::Tied { .. } => &body.embedding,
            Output::Own(matrix) => matrix,
        };
        let output = output.values.iter().map(|&w| w.into()).collect();
        Self { body, layers: body.blocks.iter().map(layer).collect(), output }
    }

    /// Logits of the rows that count.
    pub(crate) fn run(&self, chunk: &Chunk, m: &mut Memory) {
        let dim = self.body.dim;
        self.embed(chunk, m);
        if self.body.start.is_empty() {
            m.stream.clone_from(&m.embedded);
        } else {
            m.stream.clear();
            (0..chunk.rows()).for_each(|_| m.stream.extend(self.body.start.iter().map(|&v| i32::from(v))));
        }
        for _ in 0..self.body.rounds {
            if !self.body.start.is_empty() {
                m.stream.iter_mut().zip(&m.embedded).for_each(|(x, e)| *x = sat16(*x + e));
            }
            for layer in &self.layers {
                self.attention(layer, chunk, m);
                self.feed_forward(layer, m);
            }
        }
        let rows: Vec<i32> =
            chunk.targets.iter().flat_map(|&(row, _)| &m.stream[row * dim..][..dim]).copied().collect();
        let last = &self.body.blocks.last().expect("a checked model has blocks").feed_forward.norm;
        m.stream.clone_from(&rows);
        match &self.body.norm {
            Some(norm) => {
                normed(&mut m.stream, dim, norm);
                narrowed(&m.stream, norm.narrow, &mut m.input);
            }
            None => narrowed(&m.stream, last.narrow, &mut m.input),
        }
        let (mantissas, shift, bias) = match &self.body.output {
            Output::Tied { mantissas, shift } => (mantissas, *shift, &self.body.embedding.bias),
            Output::Own(matrix) => (&matrix.mantissas, matrix.shift, &matrix.bias),
        };
        run(&self.output, (dim, mantissas, shift), bias, &m.input, &mut m.sums, &mut m.logits);
        if let Some(prior) = &self.body.prior {
            for (logits, &(row, _)) in m.logits.chunks_exact_mut(mantissas.len()).zip(&chunk.targets) {
                let (before, last) = chunk.latest(row);
                prior.apply(logits, before, Some(last));
            }
        }
    }

    fn embed(&self, chunk: &Chunk, m: &mut Memory) {
        let dim = self.body.dim;
        let row = |matrix: &'a Matrix, r: usize| {
            let scaled = move |&w: &i8| sat16(rescale(w.into(), matrix.mantissas[r], matrix.shift.into()));
            matrix.values[r * dim..][..dim].iter().map(scaled)
        };
        m.embedded.clear();
        for text in chunk.texts() {
            for (position, &token) in chunk.tokens[text].iter().enumerate() {
                let from = m.embedded.len();
                m.embedded.extend(row(&self.body.embedding, token as usize));
                if let Positions::Learnt(rows) = &self.body.positions {
                    let to = m.embedded[from..].iter_mut();
                    to.zip(row(rows, position)).for_each(|(x, p)| *x = sat16(*x + p));
                }
            }
        }
    }

    /// What goes into a layer, in 8 bits.
    fn enter(&self, norm: &Norm, m: &mut Memory) {
        if self.body.order == NormOrder::Post {
            return narrowed(&m.stream, norm.narrow, &mut m.input);
        }
        m.delta.clone_from(&m.stream);
        normed(&mut m.delta, self.body.dim, norm);
        narrowed(&m.delta, norm.narrow, &mut m.input);
    }

    /// What a layer gives goes into the stream.
    fn leave(&self, norm: &Norm, m: &mut Memory) {
        m.stream.iter_mut().zip(&m.delta).for_each(|(x, d)| *x = sat16(*x + d));
        if self.body.order == NormOrder::Post {
            normed(&mut m.stream, self.body.dim, norm);
        }
    }

    fn attention(&self, layer: &Layer, chunk: &Chunk, m: &mut Memory) {
        let attention = &layer.block.attention;
        self.enter(&attention.norm, m);
        layer.query.run(&m.input, &mut m.sums, &mut m.query);
        layer.key.run(&m.input, &mut m.sums, &mut m.key);
        layer.value.run(&m.input, &mut m.sums, &mut m.value);
        m.value.iter_mut().for_each(|v| *v = sat8(*v));
        if let Some((query, key)) = &attention.head_norms {
            normed(&mut m.query, self.body.head_size, query);
            normed(&mut m.key, self.body.head_size, key);
        }
        self.rotate(attention, chunk, &mut m.query);
        self.rotate(attention, chunk, &mut m.key);
        self.mix(attention, chunk, m);
        layer.mix.run(&m.inner, &mut m.sums, &mut m.delta);
        self.leave(&attention.norm, m);
    }

    /// Queries or keys to 8 bits.
    fn rotate(&self, attention: &Attention, chunk: &Chunk, x: &mut [i32]) {
        let bits = attention.rotate_bits.into();
        let Positions::Rotary { steps } = &self.body.positions else {
            return x.iter_mut().for_each(|x| *x = sat8(round_shift(*x, bits)));
        };
        let width = x.len() / chunk.rows().max(1);
        for text in chunk.texts() {
            for (position, row) in text.enumerate() {
                let phases: Vec<u8> = steps.iter().map(|&step| phase(position, step)).collect();
                let x = &mut x[row * width..][..width];
                x.copy_from_slice(&a::rotate(x, &phases, bits));
            }
        }
    }

    fn mix(&self, attention: &Attention, chunk: &Chunk, m: &mut Memory) {
        let Transformer { heads, kv_heads, head_size: size, window, .. } = *self.body;
        let (queries, keys) = (heads * size, kv_heads * size);
        m.inner.clear();
        m.inner.resize(chunk.rows() * queries, 0.0);
        let (mut scores, mut sums) = (Vec::new(), vec![0i32; size]);
        for text in chunk.texts() {
            for (i, row) in text.clone().enumerate() {
                // The first position, and the latest ones.
                let first = (i + 2).saturating_sub(window).max(1).min(i.max(1));
                let seen = || std::iter::once(0).chain(first..i + 1).take(i + 1);
                for head in 0..heads {
                    let at = head / (heads / kv_heads) * size;
                    let query = &m.query[row * queries + head * size..][..size];
                    let of = |j: usize, of: &[i32]| -> i32 {
                        let key = &of[(text.start + j) * keys + at..][..size];
                        key.iter().zip(query).map(|(k, q)| k * q).sum()
                    };
                    scores.clear();
                    scores.extend(seen().map(|j| of(j, &m.key)));
                    let weights =
                        a::attention_weights(&scores, attention.score_bits.into(), &attention.weights);
                    sums.fill(0);
                    for (j, &w) in seen().zip(&weights).filter(|(_, w)| **w > 0) {
                        let value = &m.value[(text.start + j) * keys + at..][..size];
                        sums.iter_mut().zip(value).for_each(|(sum, v)| *sum += i32::from(w) * v);
                    }
                    let total = weights.iter().map(|&w| u32::from(w)).sum();
                    let out = &mut m.inner[row * queries + head * size..][..size];
                    out.iter_mut().zip(&sums).for_each(|(out, &sum)| *out = mean(sum.into(), total) as f32);
                }
            }
        }
    }

    fn feed_forward(&self, layer: &Layer, m: &mut Memory) {
        let FeedForward { norm, activation, .. } = &layer.block.feed_forward;
        self.enter(norm, m);
        layer.up.run(&m.input, &mut m.sums, &mut m.delta);
        m.inner.clear();
        match (activation, &layer.gate) {
            (Activation::Gate { table, bits, .. }, Some(gate)) => {
                gate.run(&m.input, &mut m.sums, &mut m.gate);
                let gated = |(&g, &u): (&i32, &i32)| {
                    a::multiply(look_up(table, sat8(g)), sat8(u), (*bits).into()) as f32
                };
                m.inner.extend(m.gate.iter().zip(&m.delta).map(gated));
            }
            (Activation::Table(table), _) => {
                m.inner.extend(m.delta.iter().map(|&u| look_up(table, sat8(u)) as f32));
            }
            _ => m.inner.extend(m.delta.iter().map(|&u| sat8(u).max(0) as f32)),
        }
        layer.down.run(&m.inner, &mut m.sums, &mut m.delta);
        self.leave(norm, m);
    }
}

/// The norm of each group of values, with its gain, in 16 bits.
fn normed(x: &mut [i32], group: usize, norm: &Norm) {
    for x in x.chunks_exact_mut(group) {
        let (r, k) = norm_factor(x, norm.down.into());
        x.iter_mut().for_each(|v| *v = sat16(round_shift(*v * r, k)));
        if let Some((mantissas, shift)) = &norm.gain {
            let gains = mantissas.iter().cycle();
            x.iter_mut().zip(gains).for_each(|(v, &g)| *v = sat16(rescale(*v, g, (*shift).into())));
        }
    }
}

fn narrowed(x: &[i32], bits: u8, out: &mut Vec<f32>) {
    out.clear();
    out.extend(x.iter().map(|&v| sat8(round_shift(v, bits.into())) as f32));
}
