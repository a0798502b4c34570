//! A network on a device: the way forward, as `pass` has it, and two ways back.

use super::rows::Rows;
use super::seen::{OfBlock, Seen};
use super::steps::{Products, multiples, narrow, normed, straight, turned};
use super::weights::Weights;
use crate::arrays::Done;
use crate::sequence::layout;
use crate::sequence::ops::narrow::MOST;
use crate::sequence::pass::Net;
use mlc_compiler::import::sequence::{Activation, Norm};
use tch::{Kind, Tensor};

/// A network and the rows that go through it.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub net: &'a Net<'a>,
    pub weights: &'a Weights,
    pub rows: &'a Rows,
    pub products: Products,
}

/// What the logits of some rows say.
pub(super) struct Judged {
    /// What is derived: the sum of the losses, times their factor.
    loss: Tensor,
    /// The sum of the losses, and of the rows whose largest logit is the wanted one.
    pub nats: Tensor,
    pub right: Tensor,
}

impl Pass<'_> {
    /// Both ways, with all activations in memory between them. `lesson`: probabilities to be learned in the place of the tokens;
    /// `factor`: what a token's loss counts.
    pub(super) fn backward(&self, lesson: Option<&Tensor>, factor: f64, seen: &mut Seen) -> Done<Judged> {
        let stream = self.stream(seen, |_| ())?;
        let judged = self.judged(&stream, lesson, factor, seen)?;
        judged.loss.f_backward()?;
        Ok(judged)
    }

    /// The same with one block's activations at a time: on the way back each block runs again.
    pub(super) fn backward_by_blocks(
        &self,
        lesson: Option<&Tensor>,
        factor: f64,
        seen: &mut Seen,
    ) -> Done<Judged> {
        let mut entries = Vec::new();
        let stream = {
            let _still = tch::no_grad_guard();
            self.stream(seen, |entry| entries.push(entry.shallow_clone()))?
        };
        let last = leaf(&stream)?;
        let judged = self.judged(&last, lesson, factor, seen)?;
        judged.loss.f_backward()?;
        let mut gradient = last.f_grad()?;
        let mut of_embedded = gradient.f_zeros_like()?;
        let net = &self.net.shape.network;
        for visit in (0..net.recursion * net.layers).rev() {
            let entry = leaf(&entries.pop().expect("each visit has kept its entry"))?;
            let stream = self.block(&entry, visit, &mut Seen::nothing())?;
            pull(&stream, &gradient)?;
            gradient = entry.f_grad()?;
            if visit % net.layers == 0 {
                of_embedded = of_embedded.f_add(&gradient)?;
            }
        }
        pull(&self.embedded()?, &of_embedded)?;
        if self.net.layout.start.is_some() {
            pull(&self.start()?, &gradient)?;
        }
        Ok(judged)
    }

    /// The logits of the rows that count.
    pub(super) fn logits(&self, seen: &mut Seen) -> Done<Tensor> {
        let stream = self.stream(seen, |_| ())?;
        self.ends(&stream, seen)
    }

    /// The stream behind all blocks; `entering` gets what goes into each.
    fn stream(&self, seen: &mut Seen, mut entering: impl FnMut(&Tensor)) -> Done<Tensor> {
        let net = &self.net.shape.network;
        let embedded = self.embedded()?;
        let mut stream = self.start()?;
        for visit in 0..net.recursion * net.layers {
            if visit % net.layers == 0 {
                stream = stream.f_add(&embedded)?;
                seen.of_net(|r| &mut r.stream, &stream)?;
            }
            entering(&stream);
            stream = self.block(&stream, visit, seen)?;
            seen.of_net(|r| &mut r.stream, &stream)?;
        }
        Ok(stream)
    }

    /// The embedding of each row, with its position: `[rows, dim]`.
    fn embedded(&self) -> Done<Tensor> {
        let layout = self.net.layout;
        let tokens = self.weights.of(&layout.embedding).f_index_select(0, &self.rows.tokens)?;
        match &layout.positions {
            Some(places) => {
                let places = self.weights.of(places).f_index_select(0, &self.rows.positions)?;
                tokens.f_add(&places)
            }
            None => Ok(tokens),
        }
    }

    /// Where the stream begins: `[rows, dim]`, or a zero.
    fn start(&self) -> Done<Tensor> {
        match &self.net.layout.start {
            Some(start) => self.weights.of(start).f_expand([self.rows.count, -1], false),
            None => self.rows.tokens.f_zeros_like()?.f_to_kind(Kind::Float)?.f_unsqueeze(1),
        }
    }

    /// A block at its visit, counted through all rounds.
    fn block(&self, stream: &Tensor, visit: usize, seen: &mut Seen) -> Done<Tensor> {
        let at = visit % self.net.shape.network.layers;
        let tensors = &self.net.layout.blocks[at];
        let qkv = self.product(&self.entered(stream)?, &tensors.qkv)?;
        let mixed = self.mixed(&qkv, at, seen)?;
        let stream = self.left(stream, self.product(&mixed, &tensors.mix)?, 2 * visit)?;

        let feed = self.product(&self.entered(&stream)?, &tensors.feed)?;
        let hidden = self.activated(&feed, at, seen)?;
        self.left(&stream, self.product(&hidden, &tensors.down)?, 2 * visit + 1)
    }

    fn product(&self, x: &Tensor, matrix: &layout::Tensor) -> Done<Tensor> {
        self.products.of(x, self.weights.of(matrix))
    }

    fn is_pre(&self) -> bool {
        self.net.shape.network.norm == Norm::Pre
    }

    fn normed(&self, x: &Tensor, step: Option<f32>) -> Done<Tensor> {
        normed(x, self.net.shape.network.norm_eps, step)
    }

    /// The step of what goes into matrices behind a norm.
    fn input_step(&self) -> Option<f32> {
        self.net.ranges.map(|_| self.net.input_step)
    }

    /// What goes into a layer, from the stream.
    fn entered(&self, stream: &Tensor) -> Done<Tensor> {
        match self.is_pre() {
            true => self.normed(stream, self.input_step()),
            false => narrow(stream, self.input_step()),
        }
    }

    /// What a layer gives goes into the stream.
    fn left(&self, stream: &Tensor, delta: Tensor, layer: usize) -> Done<Tensor> {
        let stream = stream.f_add(&self.rows.leave_out(delta, layer)?)?;
        if self.is_pre() { Ok(stream) } else { self.normed(&stream, None) }
    }

    /// Notes the largest magnitude, and rounds to the steps of that range.
    fn watched(&self, x: &Tensor, at: usize, range: OfBlock, seen: &mut Seen) -> Done<Tensor> {
        seen.of_block(at, range, x)?;
        let step = self.net.ranges.map(|ranges| {
            let mut block = ranges.blocks[at];
            *range(&mut block) / MOST
        });
        narrow(x, step)
    }

    /// Attention, from queries, keys and values.
    fn mixed(&self, qkv: &Tensor, at: usize, seen: &mut Seen) -> Done<Tensor> {
        let net = &self.net.shape.network;
        let (heads, kv, size) = (net.heads as i64, net.kv_heads as i64, net.head_size as i64);
        let qkv = qkv.f_view([-1, heads + 2 * kv, size])?;
        let mut both = qkv.f_narrow(1, 0, heads + kv)?;
        if net.qk_norm {
            seen.of_block(at, |r| &mut r.raw_query, &both.f_narrow(1, 0, heads)?)?;
            seen.of_block(at, |r| &mut r.raw_key, &both.f_narrow(1, heads, kv)?)?;
            both = self.normed(&both, None)?;
        }
        if let Some(turns) = &self.rows.turns {
            both = turned(&both, turns)?;
        }
        let query = self.watched(&both.f_narrow(1, 0, heads)?, at, |r| &mut r.query, seen)?;
        let key = self.watched(&both.f_narrow(1, heads, kv)?, at, |r| &mut r.key, seen)?;
        let value = self.watched(&qkv.f_narrow(1, heads + kv, kv)?, at, |r| &mut r.value, seen)?;
        let of_texts = |x: &Tensor| {
            let x = self.rows.padded(x)?.f_transpose(1, 2)?;
            let shared = heads / x.size()[1];
            // A head of keys stands beside each of the heads of queries that share it.
            if shared == 1 { Ok(x) } else { x.f_repeat_interleave_self_int(shared, 1, None::<i64>) }
        };
        let all = [of_texts(&query)?, of_texts(&key)?, of_texts(&value)?];
        let mixed = self.products.attention(all.each_ref(), self.rows.mask.as_ref())?;
        let mixed = self.rows.unpadded(&mixed.f_transpose(1, 2)?)?.f_reshape([-1, heads * size])?;
        narrow(&mixed, self.net.ranges.map(|ranges| ranges.blocks[at].value / MOST))
    }

    /// What is between the matrices of the feed-forward part.
    fn activated(&self, feed: &Tensor, at: usize, seen: &mut Seen) -> Done<Tensor> {
        let net = &self.net.shape.network;
        let (function, width) = (net.activation, net.hidden as i64);
        let steps = self.net.ranges.map(|ranges| ranges.blocks[at].steps(function));
        let up = feed.f_narrow(1, if function.is_gated() { width } else { 0 }, width)?;
        let up = self.watched(&up, at, |r| &mut r.up, seen)?;
        let gate = |seen: &mut Seen| self.watched(&feed.f_narrow(1, 0, width)?, at, |r| &mut r.gate, seen);
        let mut value = None;
        let smooth = match function {
            Activation::ReluGate => gate(seen)?.f_relu()?.f_mul(&up)?,
            Activation::SwiGlu => {
                let table = gate(seen)?.f_silu()?;
                seen.of_block(at, |r| &mut r.table, &table)?;
                if let Some(steps) = steps {
                    value = Some(multiples(&table, steps.table)?.f_mul(&up.f_detach()?)?);
                }
                table.f_mul(&up)?
            }
            Activation::Relu => up.f_relu()?,
            Activation::SquaredRelu => up.f_relu()?.f_square()?,
        };
        let value = value.as_ref().unwrap_or(&smooth);
        seen.of_block(at, |r| &mut r.hidden, value)?;
        match steps {
            Some(steps) => straight(&multiples(value, steps.hidden)?, &smooth),
            None => Ok(smooth),
        }
    }

    /// The logits of the rows that count: `[targets, outputs]`.
    fn ends(&self, stream: &Tensor, seen: &mut Seen) -> Done<Tensor> {
        let layout = self.net.layout;
        let mut last = stream.f_index_select(0, &self.rows.targets)?;
        if self.is_pre() {
            last = self.normed(&last, None)?;
        }
        if let Some(gain) = &layout.gain {
            last = last.f_mul(self.weights.of(gain))?;
        }
        seen.of_net(|r| &mut r.last, &last)?;
        let logits = self.product(&narrow(&last, self.input_step())?, self.net.output())?;
        seen.of_net(|r| &mut r.logits, &logits)?;
        match &self.rows.prior {
            Some((costs, row)) => logits.f_sub(&costs.f_index_select(0, row)?),
            None => Ok(logits),
        }
    }

    /// The loss of the tokens, or, of a lesson, the divergence of Kullback and Leibler from it.
    fn judged(&self, stream: &Tensor, lesson: Option<&Tensor>, factor: f64, seen: &mut Seen) -> Done<Judged> {
        let (logits, wanted) = (self.ends(stream, seen)?, &self.rows.wanted);
        let right = logits.f_detach()?.f_argmax(1, true)?.f_eq_tensor(wanted)?;
        let logarithms = logits.f_log_softmax(-1, Kind::Float)?;
        let nats = match lesson {
            Some(lesson) => lesson.f_clamp_min(1e-30)?.f_log()?.f_sub(&logarithms)?.f_mul(lesson)?,
            None => logarithms.f_gather(1, wanted, false)?.f_neg()?,
        };
        Ok(Judged {
            loss: nats.f_sum(Kind::Float)?.f_mul_scalar(factor)?,
            nats: nats.f_detach()?.f_sum(Kind::Double)?,
            right: right.f_sum(Kind::Double)?,
        })
    }
}

/// The same values, of which gradients are wanted.
fn leaf(x: &Tensor) -> Done<Tensor> {
    x.f_detach()?.f_set_requires_grad(true)
}

/// The way back from `x`, whose gradient is known: the sum of both products has it.
fn pull(x: &Tensor, gradient: &Tensor) -> Done {
    x.f_mul(gradient)?.f_sum(Kind::Float)?.f_backward()
}
