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
    /// Weight of an L1 term on the activations, in units of the scaled logits.
    pub activity_penalty: f32,
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
            let push = loss.activity_penalty * loss.log_sharpness.exp() / loss.batch as f32;
            for (d, &y) in delta.iter_mut().zip(&self.activations.outputs[index]) {
                *d = if y > 0.0 { (*d + push) * scale } else { 0.0 };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;
    use crate::network::Layer;
    use crate::pairs::Pair;
    use mlc_compiler::model::{Chat, ContextEncoder, Output, QueryEncoder};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A small chat task and a relaxed network of odd shape for it, with shifts that differ.
    fn case(hidden: &[usize]) -> (Dataset, Network) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let query = QueryEncoder { buckets: 11, bands: 1, max_length: 62 };
        let context = ContextEncoder { buckets: 6, length: 4 };
        let output = Output::Chat(Chat { charset: b"ABC\0".to_vec(), context, max_reply: 50 });
        let pair =
            |query: &str, reply: &str| Pair { query: query.into(), reply: reply.into(), source: 0, line: 1 };
        let mut pairs = Vec::new();
        for i in 0..30 {
            let reply: String = (0..1 + i % 4).map(|k| ['A', 'B', 'C'][(i * i + k) % 3]).collect();
            pairs.push(pair(&format!("query {i}"), &reply));
        }
        let data = Dataset::new(&pairs, &query, &output);
        let mut layers = Vec::new();
        let widths = [&[17], hidden, &[4]].concat();
        for (widths, shift) in widths.windows(2).zip([2, 0, 1, 3]) {
            layers.push(Layer {
                inputs: widths[0],
                outputs: widths[1],
                shift,
                weights: (0..widths[0] * widths[1]).map(|_| rng.random_range(-1.0..1.0f32)).collect(),
                bias: (0..widths[1]).map(|_| rng.random_range(-40.0..90.0f32)).collect(),
            });
        }
        (data, Network { layers, relaxed: true })
    }

    const ACTIVITY: f32 = 0.01;

    /// The relaxed loss by its definition in `f64`, nothing shared with the code under test but the inputs.
    fn loss(network: &Network, data: &Dataset, log_sharpness: f64, activity: f64) -> f64 {
        let mut total = 0.0;
        for example in &data.examples {
            let mut x = vec![0.0f64; network.layers[0].inputs];
            data.inputs().of(example).for_each(|(input, value)| x[input] = value.into());
            let mut active = 0.0;
            for (k, layer) in network.layers.iter().enumerate() {
                let neuron = |o: usize| {
                    let products = x
                        .iter()
                        .enumerate()
                        .map(|(i, x)| x * f64::from(layer.weights[i * layer.outputs + o]));
                    let y = (products.sum::<f64>() + f64::from(layer.bias[o])) / f64::from(1 << layer.shift);
                    if k + 1 < network.layers.len() { y.max(0.0) } else { y }
                };
                x = (0..layer.outputs).map(neuron).collect();
                active += if k + 1 < network.layers.len() { x.iter().sum() } else { 0.0 };
            }
            let z: Vec<f64> = x.iter().map(|y| y * log_sharpness.exp()).collect();
            let top = z.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = z.iter().map(|z| (z - top).exp()).sum();
            total +=
                sum.ln() + top - z[usize::from(example.target)] + activity * log_sharpness.exp() * active;
        }
        total / data.steps() as f64
    }

    fn run(network: &Network, data: &Dataset, log_sharpness: f32) -> Vec<Chunk> {
        let loss =
            Loss { log_sharpness, batch: data.steps(), overflow_penalty: 1.0, activity_penalty: ACTIVITY };
        let chunks = data.examples.chunks(crate::forward::CHUNK).map(|examples| {
            let mut chunk = Chunk::default();
            chunk.run(network, data.inputs(), examples, loss);
            chunk
        });
        chunks.collect()
    }

    #[track_caller]
    fn close(found: f64, wants: f64, what: &str) {
        assert!(
            (found - wants).abs() <= 1e-3 * wants.abs().max(1e-3),
            "{what}: {found}, differences give {wants}"
        );
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let live = [&[9, 7, 5][..], &[9, 1], &[]].map(check_gradients);
        assert!(live[0] > 150 && live[1] > 50 && live[2] > 50, "{live:?}");
    }

    /// Gives how many weights have a gradient at all, so that a dead network does not pass for a right one.
    fn check_gradients(hidden: &[usize]) -> usize {
        let (data, mut network) = case(hidden);
        let sharpness = -4.0;
        let chunks = run(&network, &data, sharpness);
        assert!(chunks.len() > 1, "the sum over chunks is tested too");
        let found: f64 = chunks.iter().map(|chunk| chunk.loss).sum::<f64>() / data.steps() as f64;
        // The reported loss is the cross-entropy alone; the sharpness is learned from it alone too.
        let plain = |s: f64| loss(&network, &data, s, 0.0);
        close(found, plain(-4.0), "loss");
        let found: f64 = chunks.iter().map(|chunk| chunk.sharpness_gradient).sum();
        close(found, (plain(-4.0 + 1e-4) - plain(-4.0 - 1e-4)) / 2e-4, "sharpness");

        let difference = |network: &mut Network, at: &dyn Fn(&mut Network) -> &mut f32, step: f32| {
            let value = *at(network);
            *at(network) = value + step;
            let (above, high) =
                (f64::from(*at(network)), loss(network, &data, sharpness.into(), ACTIVITY.into()));
            *at(network) = value - step;
            let (below, low) =
                (f64::from(*at(network)), loss(network, &data, sharpness.into(), ACTIVITY.into()));
            *at(network) = value;
            (high - low) / (above - below)
        };
        let mut live = 0;
        for index in 0..network.layers.len() {
            let (inputs, outputs) = (network.layers[index].inputs, network.layers[index].outputs);
            let mut gradient = vec![0.0; inputs * outputs];
            // In two parts, as two threads would.
            let (first, second) = gradient.split_at_mut(inputs / 2 * outputs);
            if inputs > 1 {
                weight_gradient(&network, &chunks, index, 0..inputs / 2, first);
            }
            weight_gradient(&network, &chunks, index, inputs / 2..inputs, second);
            for (i, &found) in gradient.iter().enumerate() {
                let wants = difference(&mut network, &|n| &mut n.layers[index].weights[i], 1e-4);
                close(found.into(), wants, &format!("layer {index}, weight {i}"));
                live += usize::from(wants != 0.0);
            }
            let mut gradient = vec![0.0; outputs];
            bias_gradient(&chunks, index, &mut gradient);
            for (i, &found) in gradient.iter().enumerate() {
                let wants = difference(&mut network, &|n| &mut n.layers[index].bias[i], 1e-3);
                close(found.into(), wants, &format!("layer {index}, bias {i}"));
            }
        }
        live
    }

    #[test]
    fn accumulators_beyond_the_margin_are_pushed_back() {
        let (data, mut network) = case(&[9, 7, 5]);
        network.relaxed = false;
        for layer in &mut network.layers {
            layer.weights.iter_mut().for_each(|w| *w = w.round());
            layer.bias.iter_mut().for_each(|b| *b = b.round());
        }
        network.layers[0].bias[3] = 32_700.0;
        network.layers[0].bias[4] = -32_700.0;
        let chunks = run(&network, &data, -4.0);
        let mut gradient = vec![0.0; network.layers[0].outputs];
        bias_gradient(&chunks, 0, &mut gradient);
        assert!(gradient[3] > 0.0 && gradient[4] < 0.0, "{gradient:?}");
        let beyond: f32 = chunks
            .iter()
            .flat_map(|chunk| &chunk.activations.overflows)
            .filter(|over| over.output == 3 && over.layer == 0)
            .map(|over| (over.acc - OVERFLOW_MARGIN) / OVERFLOW_MARGIN / data.steps() as f32)
            .sum();
        close(gradient[3].into(), beyond.into(), "push");
    }
}
