//! Loss and gradients of a chunk of steps, derived by hand.
//!
//! The logits `y` are scaled by a learned sharpness into softmax cross-entropy: `z = y·e^s`,
//! `loss = -log softmax(z)[target]`. Behind that stand, layer by layer, the gradients of the *relaxed* network:
//! rounding, clamping, wrapping and the floor of the shift count as the identity (straight through), so with
//! `δ = ∂loss/∂acc`
//!
//! ```text
//! δ_last   = (softmax(z) - onehot(target))·e^s / 2^shift / batch
//! δ_k      = (δ_{k+1}·W_{k+1}ᵀ) ∘ [y_k > 0] / 2^shift_k
//! ∂loss/∂W_k = xᵀ·δ_k      ∂loss/∂b_k = Σ_rows δ_k      ∂loss/∂s = Σ (softmax(z) - onehot)·z / batch
//! ```
//!
//! An accumulator beyond the 16-bit margin is no use to follow: it may have wrapped. Its `δ` is replaced by a
//! push back towards the margin.

use crate::dataset::{Example, Inputs};
use crate::forward::{Activations, OVERFLOW_MARGIN, argmax};
use crate::gemm::{Matrix, multiply};
use crate::network::Network;
use std::ops::Range;

/// What a chunk needs to know of the loss.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    /// `s`: logits are multiplied by its exponential.
    pub log_sharpness: f32,
    /// Steps in the whole batch: the loss is their mean.
    pub batch: usize,
    /// Gradient at an accumulator twice as far out as the margin.
    pub overflow_penalty: f32,
}

/// Everything computed for a chunk of steps, kept from batch to batch for its buffers.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub activations: Activations,
    /// `∂loss/∂acc`, `[rows, outputs]` for each layer.
    deltas: Vec<Vec<f32>>,
    columns: Columns,
    /// Sum over the steps, not yet divided by the batch.
    pub loss: f64,
    /// `∂loss/∂s`.
    pub sharpness_gradient: f64,
    /// Steps whose largest logit is the target.
    pub right: usize,
}

impl Chunk {
    /// Forward and backward.
    pub(crate) fn run(&mut self, network: &Network, inputs: Inputs, examples: &[Example], loss: Loss) {
        self.activations.run(network, inputs, examples);
        self.columns.fill(inputs, examples, network.layers[0].inputs);
        self.deltas.resize_with(network.layers.len(), Vec::new);
        self.last_delta(network, examples, loss);
        for index in (0..network.layers.len() - 1).rev() {
            let (layer, above) = (&network.layers[index], &network.layers[index + 1]);
            let (below, deltas_above) = self.deltas.split_at_mut(index + 1);
            let delta = &mut below[index];
            delta.resize(examples.len() * layer.outputs, 0.0);
            let weights = Matrix::new(&above.weights, above.inputs, above.outputs).transposed();
            multiply(Matrix::new(&deltas_above[0], examples.len(), above.outputs), weights, false, delta);
            let scale = layer.scale();
            for (d, &y) in delta.iter_mut().zip(&self.activations.outputs[index]) {
                *d *= if y > 0.0 { scale } else { 0.0 };
            }
            self.push_back(index, layer.outputs, loss);
        }
    }

    fn last_delta(&mut self, network: &Network, examples: &[Example], loss: Loss) {
        (self.loss, self.sharpness_gradient, self.right) = (0.0, 0.0, 0);
        let last = network.layers.len() - 1;
        let layer = &network.layers[last];
        let delta = &mut self.deltas[last];
        delta.resize(examples.len() * layer.outputs, 0.0);
        let sharpness = loss.log_sharpness.exp();
        let share = 1.0 / loss.batch as f32;
        let scale = sharpness * layer.scale() * share;
        for ((logits, example), delta) in
            self.activations.logits().zip(examples).zip(delta.chunks_exact_mut(layer.outputs))
        {
            let target = usize::from(example.target);
            let best = argmax(logits);
            self.right += usize::from(best == target);
            let top = logits[best];
            let mut sum = 0.0f32;
            for (d, &y) in delta.iter_mut().zip(logits) {
                *d = ((y - top) * sharpness).exp();
                sum += *d;
            }
            self.loss += f64::from(sum.ln() - (logits[target] - top) * sharpness);
            let mut along = 0.0f32;
            for (i, (d, &y)) in delta.iter_mut().zip(logits).enumerate() {
                let error = *d / sum - if i == target { 1.0 } else { 0.0 };
                // Σ error = 0, so the shift by `top` does not matter but keeps the sum small.
                along += error * (y - top);
                *d = error * scale;
            }
            self.sharpness_gradient += f64::from(along * sharpness * share);
        }
        self.push_back(last, layer.outputs, loss);
    }

    fn push_back(&mut self, index: usize, outputs: usize, loss: Loss) {
        for over in self.activations.overflows.iter().filter(|over| over.layer == index) {
            let beyond = (over.acc.abs() - OVERFLOW_MARGIN) / OVERFLOW_MARGIN;
            self.deltas[index][over.row * outputs + over.output] =
                beyond * over.acc.signum() * loss.overflow_penalty / loss.batch as f32;
        }
    }
}

/// `∂loss/∂W` of the inputs in `rows` of layer `index`, summed over the chunks in order.
/// `gradient`: `[rows, outputs]`.
pub(crate) fn weight_gradient(
    network: &Network,
    chunks: &[Chunk],
    index: usize,
    rows: Range<usize>,
    gradient: &mut [f32],
) {
    let layer = &network.layers[index];
    gradient.fill(0.0);
    for chunk in chunks {
        let delta = &chunk.deltas[index];
        match index.checked_sub(1) {
            None => {
                for (input, gradient) in rows.clone().zip(gradient.chunks_exact_mut(layer.outputs)) {
                    for &(row, value) in chunk.columns.of(input) {
                        let row = usize::from(row) * layer.outputs;
                        for (g, d) in gradient.iter_mut().zip(&delta[row..row + layer.outputs]) {
                            *g += value * d;
                        }
                    }
                }
            }
            Some(before) => {
                let steps = chunk.activations.rows;
                let x = Matrix::new(&chunk.activations.outputs[before], steps, layer.inputs);
                let delta = Matrix::new(delta, steps, layer.outputs);
                multiply(x.columns(rows.clone()).transposed(), delta, true, gradient);
            }
        }
    }
}

/// `∂loss/∂b` of layer `index`, summed over the chunks in order.
pub(crate) fn bias_gradient(chunks: &[Chunk], index: usize, gradient: &mut [f32]) {
    gradient.fill(0.0);
    for chunk in chunks {
        for row in chunk.deltas[index].chunks_exact(gradient.len()) {
            gradient.iter_mut().zip(row).for_each(|(g, d)| *g += d);
        }
    }
}

/// The chunk's sparse inputs by column: for each input, the steps that have it.
#[derive(Debug, Default)]
struct Columns {
    starts: Vec<usize>,
    entries: Vec<(u16, f32)>,
}

impl Columns {
    /// A counting sort: the rows of a column stay ascending.
    fn fill(&mut self, inputs: Inputs, examples: &[Example], width: usize) {
        self.starts.clear();
        self.starts.resize(width + 1, 0);
        for example in examples {
            inputs.of(example).for_each(|(input, _)| self.starts[input + 1] += 1);
        }
        for i in 0..width {
            self.starts[i + 1] += self.starts[i];
        }
        self.entries.clear();
        self.entries.resize(self.starts[width], (0, 0.0));
        let mut next = self.starts.clone();
        for (row, example) in (0u16..).zip(examples) {
            for (input, value) in inputs.of(example) {
                self.entries[next[input]] = (row, value);
                next[input] += 1;
            }
        }
    }

    fn of(&self, input: usize) -> &[(u16, f32)] {
        &self.entries[self.starts[input]..self.starts[input + 1]]
    }
}
