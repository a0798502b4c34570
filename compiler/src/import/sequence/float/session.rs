//! A network that reads one token after the other.

use super::super::{Checkpoint, Layer, Norm, Problem};
use super::attention::{Cache, Rotation};
use super::observe::{Observe, Show, Spot, Vector};
use super::{Window, ops};
use thiserror::Error;

/// Why a step was not taken. The session is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StepError {
    /// A token that the network does not have.
    #[error("token {token} is none of the network's {vocabulary}")]
    Token { token: usize, vocabulary: usize },
    /// A position without a learnt vector.
    #[error("the network has learnt {positions} positions, there is no further one")]
    Positions { positions: usize },
}

/// A network and the text that it has read so far.
#[derive(Debug, Clone)]
pub struct Session<'a> {
    checkpoint: &'a Checkpoint,
    window: Window,
    position: usize,
    rotation: Option<Rotation>,
    /// One for each block of each pass.
    caches: Vec<Cache>,
    z: Vec<f32>,
    buffers: Buffers,
    logits: Vec<f32>,
}

/// What is needed while a step is computed.
#[derive(Debug, Clone)]
struct Buffers {
    embedding: Vec<f32>,
    input: Vec<f32>,
    delta: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
}

impl<'a> Session<'a> {
    /// A session that has read nothing.
    ///
    /// # Errors
    /// A checkpoint that does not pass [`Checkpoint::check`], or a rolling window of fewer than two positions.
    pub fn new(checkpoint: &'a Checkpoint, window: Window) -> Result<Self, Problem> {
        checkpoint.check()?;
        window.check()?;
        let shape = &checkpoint.shape;
        let zeros = |n: usize| vec![0.0; n];
        Ok(Self {
            checkpoint,
            window,
            position: 0,
            rotation: Rotation::of(shape),
            caches: vec![Cache::default(); shape.recursion * shape.layers],
            z: zeros(shape.dim),
            buffers: Buffers {
                embedding: zeros(shape.dim),
                input: zeros(shape.dim),
                delta: zeros(shape.dim),
                query: zeros(shape.query_size()),
                key: zeros(shape.kv_size()),
                value: zeros(shape.kv_size()),
                scores: Vec::new(),
                mixed: zeros(shape.query_size()),
                gate: zeros(if shape.activation.is_gated() { shape.hidden } else { 0 }),
                up: zeros(shape.hidden),
            },
            logits: zeros(shape.vocabulary),
        })
    }

    /// Reads a token and gives a logit for each token that may come next.
    ///
    /// # Errors
    /// A token that the network does not have, a position behind the learnt ones.
    pub fn step(&mut self, token: usize) -> Result<&[f32], StepError> {
        self.step_observed(token, &mut |_, _| {})
    }

    /// The same, and shows vectors on the way.
    ///
    /// # Errors
    /// As [`Session::step`].
    pub fn step_observed(
        &mut self,
        token: usize,
        observe: &mut dyn FnMut(Spot, &[f32]),
    ) -> Result<&[f32], StepError> {
        self.read(token, observe)?;
        let Checkpoint { shape, embedding, final_norm, output, .. } = self.checkpoint;
        let spot = |vector| Spot { vector, pass: shape.recursion - 1, layer: shape.layers - 1 };
        let input = &mut self.buffers.input;
        input.copy_from_slice(&self.z);
        if let Some(gains) = final_norm {
            ops::norm(input, Some(gains), shape.norm_eps);
        }
        observe(spot(Vector::Final), input);
        match output {
            Some(output) => ops::linear(output, input, &mut self.logits),
            None => ops::product(embedding, input, &mut self.logits),
        }
        observe(spot(Vector::Logits), &self.logits);
        Ok(&self.logits)
    }

    /// Reads a token without asking what may come next, which saves the output: for all but the last of a prompt.
    ///
    /// # Errors
    /// As [`Session::step`].
    pub fn feed(&mut self, token: usize) -> Result<(), StepError> {
        self.read(token, &mut |_, _| {})
    }

    /// Tokens read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Forgets the text.
    pub fn reset(&mut self) {
        self.position = 0;
        self.caches.iter_mut().for_each(Cache::clear);
    }

    /// All of a step but the output.
    fn read(&mut self, token: usize, observe: Observe) -> Result<(), StepError> {
        self.embed(token)?;
        let shape = &self.checkpoint.shape;
        observe(Spot { vector: Vector::Embedding, pass: 0, layer: 0 }, &self.buffers.embedding);
        if let Some(rotation) = &mut self.rotation {
            rotation.go_to(self.position);
        }
        match &self.checkpoint.start {
            Some(start) => self.z.copy_from_slice(start),
            None => self.z.fill(0.0),
        }
        for pass in 0..shape.recursion {
            ops::add(&mut self.z, &self.buffers.embedding);
            observe(Spot { vector: Vector::Residual, pass, layer: 0 }, &self.z);
            for (index, layer) in self.checkpoint.layers.iter().enumerate() {
                let show: Show = &mut |vector, values| observe(Spot { pass, layer: index, vector }, values);
                self.attend(layer, pass * shape.layers + index, show);
                self.feed_forward(layer, show);
            }
        }
        self.position += 1;
        Ok(())
    }

    fn embed(&mut self, token: usize) -> Result<(), StepError> {
        let Checkpoint { shape, embedding, learnt_positions, .. } = self.checkpoint;
        let (dim, vocabulary) = (shape.dim, shape.vocabulary);
        if token >= vocabulary {
            return Err(StepError::Token { token, vocabulary });
        }
        self.buffers.embedding.copy_from_slice(&embedding[token * dim..][..dim]);
        if let Some(rows) = learnt_positions {
            let Some(row) = rows.chunks_exact(dim).nth(self.position) else {
                return Err(StepError::Positions { positions: rows.len() / dim });
            };
            ops::add(&mut self.buffers.embedding, row);
        }
        Ok(())
    }

    fn attend(&mut self, layer: &Layer, cache: usize, show: Show) {
        let (shape, b) = (&self.checkpoint.shape, &mut self.buffers);
        let eps = shape.norm_eps;
        enter(shape.norm, &self.z, &layer.attention_norm, eps, &mut b.input);
        show(Vector::AttentionIn, &b.input);
        ops::linear(&layer.wq, &b.input, &mut b.query);
        ops::linear(&layer.wk, &b.input, &mut b.key);
        ops::linear(&layer.wv, &b.input, &mut b.value);
        if shape.qk_norm {
            for (heads, gains) in [(&mut b.query, &layer.q_norm), (&mut b.key, &layer.k_norm)] {
                heads
                    .chunks_exact_mut(shape.head_size)
                    .for_each(|head| ops::norm(head, gains.as_deref(), eps));
            }
        }
        show(Vector::Query, &b.query);
        show(Vector::Key, &b.key);
        if let Some(rotation) = &self.rotation {
            rotation.rotate(&mut b.query);
            rotation.rotate(&mut b.key);
        }
        show(Vector::RotatedQuery, &b.query);
        show(Vector::RotatedKey, &b.key);
        show(Vector::Value, &b.value);
        let cache = &mut self.caches[cache];
        cache.store(self.window, self.position, &b.key, &b.value);
        cache.scores(shape, &b.query, &mut b.scores);
        show(Vector::Scores, &b.scores);
        let slots = b.scores.len() / shape.heads;
        b.scores.chunks_exact_mut(slots).for_each(ops::softmax);
        cache.mix(shape, &b.scores, &mut b.mixed);
        show(Vector::AttentionOut, &b.mixed);
        ops::linear(&layer.wo, &b.mixed, &mut b.delta);
        show(Vector::AttentionDelta, &b.delta);
        leave(shape.norm, &mut self.z, &b.delta, &layer.attention_norm, eps, show);
    }

    fn feed_forward(&mut self, layer: &Layer, show: Show) {
        let (shape, b) = (&self.checkpoint.shape, &mut self.buffers);
        enter(shape.norm, &self.z, &layer.feed_norm, shape.norm_eps, &mut b.input);
        show(Vector::FeedIn, &b.input);
        if let Some(gate) = &layer.gate {
            ops::linear(gate, &b.input, &mut b.gate);
            show(Vector::Gate, &b.gate);
        }
        ops::linear(&layer.up, &b.input, &mut b.up);
        show(Vector::Up, &b.up);
        ops::activate(shape.activation, &b.gate, &mut b.up);
        show(Vector::Hidden, &b.up);
        ops::linear(&layer.down, &b.up, &mut b.delta);
        show(Vector::FeedDelta, &b.delta);
        leave(shape.norm, &mut self.z, &b.delta, &layer.feed_norm, shape.norm_eps, show);
    }
}

/// What goes into a part of a block.
fn enter(norm: Norm, z: &[f32], gains: &[f32], eps: f32, input: &mut [f32]) {
    input.copy_from_slice(z);
    if norm == Norm::Pre {
        ops::norm(input, Some(gains), eps);
    }
}

/// Adds what a part gives.
fn leave(norm: Norm, z: &mut [f32], delta: &[f32], gains: &[f32], eps: f32, show: Show) {
    ops::add(z, delta);
    if norm == Norm::Post {
        show(Vector::Sum, z);
        ops::norm(z, Some(gains), eps);
    }
    show(Vector::Residual, z);
}
