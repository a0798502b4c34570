//! The way back: from the gradient of the logits to that of every parameter, by hand.

use super::chunk::Chunk;
use super::layout::Tensor;
use super::ops::product::{Packed, multiply};
use super::ops::{activation, add, attention, norm};
use super::pass::Net;
use super::tape::{Tape, Visit, room};
use crate::gemm::Matrix;
use mlc_compiler::import::sequence::Norm;

/// Gradients of activations; their memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Of the residual stream.
    stream: Vec<f32>,
    /// Of the embedding of each token.
    embedded: Vec<f32>,
    /// Of what a layer gives, of what is within it, and of what goes into it.
    delta: Vec<f32>,
    inner: Vec<f32>,
    outer: Vec<f32>,
    input: Vec<f32>,
    strip: Packed,
}

impl Net<'_> {
    /// `gradients += ` those of all parameters. The logits of `tape` are gradients by now.
    pub(crate) fn backward(&self, chunk: &Chunk, tape: &mut Tape, flow: &mut Flow, gradients: &mut [f32]) {
        let net = &self.shape.network;
        let dim = net.dim;
        self.ends_backward(chunk, tape, flow, gradients);
        room(&mut flow.embedded, chunk.rows() * dim).fill(0.0);
        for round in (0..net.recursion).rev() {
            for at in (0..net.layers).rev() {
                self.block_backward(chunk, tape, (round * net.layers + at, at), flow, gradients);
            }
            add(&mut flow.embedded, 1.0, &flow.stream);
        }
        if let Some(start) = &self.layout.start {
            let start = &mut gradients[start.range()];
            flow.stream.chunks_exact(dim).for_each(|row| add(start, 1.0, row));
        }
        let rows = &mut gradients[self.layout.embedding.range()];
        for (d, &token) in flow.embedded.chunks_exact(dim).zip(&chunk.tokens) {
            add(&mut rows[token as usize * dim..][..dim], 1.0, d);
        }
        if let Some(positions) = &self.layout.positions {
            let rows = &mut gradients[positions.range()];
            for text in chunk.texts() {
                let d = &flow.embedded[text.start * dim..text.end * dim];
                add(&mut rows[..d.len()], 1.0, d);
            }
        }
    }

    /// The adjoint of a product: `gradients += dyᵀ · x`, `dx = dy · matrix`.
    fn product_backward(
        &self,
        (dy, x): (&[f32], &[f32]),
        tensor: &Tensor,
        (dx, strip): (&mut Vec<f32>, &mut Packed),
        gradients: &mut [f32],
    ) {
        let rows = x.len() / tensor.cols;
        let dy = Matrix::new(dy, rows, tensor.rows);
        let x = Matrix::new(x, rows, tensor.cols);
        multiply(dy.transposed(), x, true, &mut gradients[tensor.range()], strip);
        multiply(dy, self.matrix(tensor), false, room(dx, rows * tensor.cols), strip);
    }

    fn ends_backward(&self, chunk: &Chunk, tape: &Tape, flow: &mut Flow, gradients: &mut [f32]) {
        let dim = self.shape.network.dim;
        let Flow { stream, input, delta, strip, .. } = flow;
        self.product_backward((&tape.logits, &tape.last), self.output(), (input, strip), gradients);
        let is_pre = self.shape.network.norm == Norm::Pre;
        if let Some(gain) = &self.layout.gain {
            let dgain = &mut gradients[gain.range()];
            let gain = &self.weights[gain.range()];
            for (d, n) in input.chunks_exact_mut(dim).zip(tape.normed.chunks_exact(dim)) {
                for (((d, n), dgain), gain) in d.iter_mut().zip(n).zip(dgain.iter_mut()).zip(gain) {
                    *dgain += *d * n;
                    *d *= gain;
                }
            }
        }
        if is_pre {
            let d = room(delta, input.len());
            d.fill(0.0);
            norm::backward(input, &tape.normed, dim, &tape.last_inverse, d);
            std::mem::swap(delta, input);
        }
        room(stream, chunk.rows() * dim).fill(0.0);
        for (d, &(row, _)) in input.chunks_exact(dim).zip(&chunk.targets) {
            add(&mut stream[row * dim..][..dim], 1.0, d);
        }
    }

    fn block_backward(
        &self,
        chunk: &Chunk,
        tape: &mut Tape,
        (visit, at): (usize, usize),
        flow: &mut Flow,
        gradients: &mut [f32],
    ) {
        let net = &self.shape.network;
        let tensors = &self.layout.blocks[at];
        let Tape { visits, scratch, .. } = tape;
        let v = &visits[visit];
        self.leave_backward(flow, 2 * visit + 1, &v.feed_out, &v.feed_inverse);
        let Flow { delta, inner, outer, input, strip, .. } = flow;
        self.product_backward((delta, &v.hidden), &tensors.down, (inner, strip), gradients);
        let outer_of_feed = room(outer, v.feed.len());
        activation::backward(net.activation, &v.feed, net.hidden, inner, outer_of_feed);
        self.product_backward((outer, &v.feed_in), &tensors.feed, (input, strip), gradients);
        self.enter_backward(flow, &v.feed_in, &v.feed_inverse);

        self.leave_backward(flow, 2 * visit, &v.attention_out, &v.attention_inverse);
        let Flow { delta, inner, outer, input, strip, .. } = flow;
        self.product_backward((delta, &v.mixed), &tensors.mix, (inner, strip), gradients);
        self.mix_backward(chunk, v, inner, room(outer, v.qkv.len()), scratch);
        self.heads_backward(chunk, v, outer);
        self.product_backward((outer, &v.attention_in), &tensors.qkv, (input, strip), gradients);
        self.enter_backward(flow, &v.attention_in, &v.attention_inverse);
    }

    /// From the gradient of the stream behind a layer that of what the layer gives, into `delta`; the stream's becomes that
    /// in front of the sum.
    fn leave_backward(&self, flow: &mut Flow, layer: usize, out: &[f32], inverse: &[f32]) {
        let net = &self.shape.network;
        let Flow { stream, delta, .. } = flow;
        let d = room(delta, stream.len());
        if net.norm == Norm::Post {
            d.fill(0.0);
            norm::backward(stream, out, net.dim, inverse, d);
            stream.copy_from_slice(d);
        } else {
            d.copy_from_slice(stream);
        }
        self.dropout.apply(layer, d);
    }

    /// The gradient of what goes into a layer joins that of the stream.
    fn enter_backward(&self, flow: &mut Flow, input: &[f32], inverse: &[f32]) {
        let net = &self.shape.network;
        match net.norm {
            Norm::Pre => norm::backward(&flow.input, input, net.dim, inverse, &mut flow.stream),
            Norm::Post => add(&mut flow.stream, 1.0, &flow.input),
        }
    }

    fn mix_backward(
        &self,
        chunk: &Chunk,
        v: &Visit,
        dmixed: &[f32],
        drows: &mut [f32],
        scratch: &mut attention::Scratch,
    ) {
        let heads = self.heads();
        let (row, queries) = (heads.row(), heads.heads * heads.size);
        let mut rest = &v.shares[..];
        for text in chunk.texts() {
            let (shares, others) = rest.split_at(attention::shares(&heads, text.len()));
            rest = others;
            let (rows, mixed) = (text.start * row..text.end * row, text.start * queries..text.end * queries);
            attention::backward(
                &v.qkv[rows.clone()],
                &heads,
                shares,
                &dmixed[mixed],
                &mut drows[rows],
                scratch,
            );
        }
    }

    /// Back through rotation and norm of queries and keys, in place.
    fn heads_backward(&self, chunk: &Chunk, v: &Visit, drows: &mut [f32]) {
        let net = &self.shape.network;
        let (both, size) = (net.query_size() + net.kv_size(), net.head_size);
        let row = self.heads().row();
        for text in chunk.texts() {
            for (position, r) in text.enumerate() {
                let d = &mut drows[r * row..][..both];
                if let Some(rotation) = self.rotation {
                    rotation.turn_back(position, d);
                }
                if net.qk_norm {
                    let inverse = &v.heads_inverse[r * both / size..][..both / size];
                    norm::heads_backward(d, &v.heads[r * both..][..both], size, inverse);
                }
            }
        }
    }
}
