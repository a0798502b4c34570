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

use super::dataset::{Example, Inputs};
use super::forward::Activations;
use super::network::Network;
use super::ops::{Given, Operations, Part, Softmax, Sums};
#[cfg(feature = "tch")]
use crate::arrays::Torch;
use crate::arrays::{CHUNK, Cpu, Matrix};
use crate::threads;

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

/// What all chunks of a batch share.
pub(crate) struct Pass<'a, D: Operations> {
    pub network: &'a Network<D::Array>,
    pub inputs: Inputs<'a>,
    pub loss: Loss,
}

// Not derived: that would ask for a `D` that is `Copy`.
impl<D: Operations> Clone for Pass<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Operations> Copy for Pass<'_, D> {}

/// Everything computed for a chunk of steps, kept from batch to batch for its buffers.
pub(crate) struct Chunk<D: Operations> {
    activations: Activations<D>,
    /// `∂loss/∂acc`, `[rows, outputs]` for each layer.
    deltas: Vec<D::Array>,
    pub sums: Sums,
}

impl<D: Operations> Default for Chunk<D> {
    fn default() -> Self {
        Self { activations: Activations::default(), deltas: Vec::new(), sums: Sums::default() }
    }
}

impl<D: Operations> Chunk<D> {
    /// Forward and backward.
    pub(crate) fn run(&mut self, ops: &D, pass: Pass<D>, examples: &[Example]) {
        let Pass { network, inputs, loss } = pass;
        let layers = &network.layers;
        self.activations.run(ops, network, inputs, examples);
        self.deltas.resize_with(layers.len(), || ops.array(&[]));
        let (rows, last) = (examples.len(), layers.len() - 1);
        let sharpness = loss.log_sharpness.exp();
        let softmax = Softmax { sharpness, batch: loss.batch, scale: layers[last].scale() };
        let logits = &self.activations.outputs[last];
        self.sums = ops.softmax_gradient(logits, examples, softmax, &mut self.deltas[last]);
        let push = loss.activity_penalty * sharpness / loss.batch as f32;
        let penalty = (loss.overflow_penalty, loss.batch);
        for index in (0..layers.len()).rev() {
            let layer = &layers[index];
            let (below, above) = self.deltas.split_at_mut(index + 1);
            let delta = &mut below[index];
            if let (Some(above), Some(delta_above)) = (layers.get(index + 1), above.first()) {
                ops.product(
                    Matrix::new(delta_above, rows, above.outputs),
                    Matrix::new(&above.weights, above.inputs, above.outputs).transposed(),
                    delta,
                );
                ops.mask(&self.activations.outputs[index], push, layer.scale(), delta);
            }
            ops.push_back(&self.activations.overflows[index], layer.outputs, penalty, delta);
        }
    }

    /// Its part in the weight gradient of layer `index`.
    pub(crate) fn part(&self, index: usize) -> Part<'_, D> {
        let x = match index.checked_sub(1) {
            None => Given::Encoded(&self.activations.encoded),
            Some(before) => Given::Array(&self.activations.outputs[before]),
        };
        Part { rows: self.activations.rows, x, delta: &self.deltas[index] }
    }

    /// `∂loss/∂acc` of layer `index`, whose column sums are its bias gradient.
    pub(crate) fn delta(&self, index: usize) -> &D::Array {
        &self.deltas[index]
    }

    /// Accumulators beyond the margin.
    pub(crate) fn overflows(&self, ops: &D) -> usize {
        self.activations.overflows.iter().map(|overflows| ops.count(overflows)).sum()
    }
}

/// How a device goes through the chunks of a batch.
pub(crate) trait Batches: Operations {
    /// Runs `pass` forward and backward over a batch: each chunk over its [`chunk`](crate::arrays::Arrays::chunk) steps.
    fn run_chunks(&self, pass: Pass<Self>, chunks: &mut [Chunk<Self>], batch: &[Example]) {
        for (chunk, examples) in chunks.iter_mut().zip(batch.chunks(self.chunk())) {
            chunk.run(self, pass, examples);
        }
    }
}

impl Batches for Cpu {
    fn run_chunks(&self, pass: Pass<Self>, chunks: &mut [Chunk<Self>], batch: &[Example]) {
        let share = threads::share(chunks.len(), self.threads);
        let parts = chunks.chunks_mut(share).zip(batch.chunks(share * CHUNK));
        threads::each(parts.collect(), |(chunks, examples)| {
            for (chunk, examples) in chunks.iter_mut().zip(examples.chunks(CHUNK)) {
                chunk.run(self, pass, examples);
            }
        });
    }
}

#[cfg(feature = "tch")]
impl Batches for Torch {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adam::Step;
    use crate::arrays::Parameters;
    use crate::hashed_text::dataset::Dataset;
    use crate::hashed_text::network::Layer;
    use crate::hashed_text::ops::{OVERFLOW_MARGIN, WeightUpdate};
    use crate::pairs::Pair;
    use crate::quantize::Grid;
    use mlc_compiler::model::{Answer, Chat, ContextEncoder, HashedText, QueryEncoder, WeightSet};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A small chat task and a relaxed network of odd shape for it, with shifts that differ.
    fn case(hidden: &[usize]) -> (Dataset, Network) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let query = QueryEncoder { buckets: 11, bands: 1, max_length: 62 };
        let reader = HashedText { query, context: Some(ContextEncoder { buckets: 6, length: 4 }) };
        let answer = Answer::Chat(Chat { charset: b"ABC\0".to_vec(), max_reply: 50 });
        let pair =
            |query: &str, reply: &str| Pair { query: query.into(), reply: reply.into(), source: 0, line: 1 };
        let mut pairs = Vec::new();
        for i in 0..30 {
            let reply: String = (0..1 + i % 4).map(|k| ['A', 'B', 'C'][(i * i + k) % 3]).collect();
            pairs.push(pair(&format!("query {i}"), &reply));
        }
        let data = Dataset::new(&pairs, &reader, &answer);
        let mut layers = Vec::new();
        let widths = [&[17], hidden, &[4]].concat();
        for (widths, shift) in widths.windows(2).zip([2, 0, 1, 3]) {
            layers.push(Layer {
                inputs: widths[0],
                outputs: widths[1],
                shift,
                set: WeightSet::Full,
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

    /// Two threads, so that the sharing out is tested too.
    const CPU: Cpu = Cpu { threads: 2 };

    fn run<D: Batches>(ops: &D, network: &Network, data: &Dataset, log_sharpness: f32) -> Vec<Chunk<D>> {
        let loss =
            Loss { log_sharpness, batch: data.steps(), overflow_penalty: 1.0, activity_penalty: ACTIVITY };
        let pass = Pass { network: &network.on(ops), inputs: data.inputs(), loss };
        let mut chunks: Vec<_> = data.examples.chunks(ops.chunk()).map(|_| Chunk::default()).collect();
        ops.run_chunks(pass, &mut chunks, &data.examples);
        chunks
    }

    fn weight_gradient<D: Operations>(ops: &D, layer: &Layer, chunks: &[Chunk<D>], index: usize) -> Vec<f32> {
        let mut parameters = Parameters::new(ops, &layer.weights, Grid::FULL);
        let l1 = ops.array(&vec![0.0; layer.inputs]);
        let parts = chunks.iter().map(|chunk| chunk.part(index)).collect();
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let update = WeightUpdate { inputs, outputs, parts, parameters: &mut parameters, l1: &l1 };
        ops.update_weights(vec![update], Step::new(0.0, 1));
        ops.read(&parameters.gradient)
    }

    fn bias_gradient<D: Operations>(ops: &D, layer: &Layer, chunks: &[Chunk<D>], index: usize) -> Vec<f32> {
        let deltas: Vec<_> = chunks.iter().map(|chunk| chunk.delta(index)).collect();
        let mut gradient = ops.array(&[]);
        ops.column_sums(&deltas, layer.outputs, &mut gradient);
        ops.read(&gradient)
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
        check_all_gradients(&CPU);
        assert!(case(&[]).0.steps() > CHUNK, "the sum over chunks is tested too");
        #[cfg(feature = "tch")]
        check_all_gradients(&crate::hashed_text::ops::torch_cpu());
    }

    fn check_all_gradients<D: Batches>(ops: &D) {
        let live = [&[9, 7, 5][..], &[9, 1], &[]].map(|hidden| check_gradients(ops, hidden));
        assert!(live[0] > 150 && live[1] > 50 && live[2] > 50, "{live:?}");
        ops.check().unwrap();
    }

    /// Gives how many weights have a gradient at all, so that a dead network does not pass for a right one.
    fn check_gradients<D: Batches>(ops: &D, hidden: &[usize]) -> usize {
        let (data, mut network) = case(hidden);
        let sharpness = -4.0;
        let chunks = run(ops, &network, &data, sharpness);
        let found: f64 = chunks.iter().map(|chunk| chunk.sums.loss).sum::<f64>() / data.steps() as f64;
        // The reported loss is the cross-entropy alone; the sharpness is learned from it alone too.
        let plain = |s: f64| loss(&network, &data, s, 0.0);
        close(found, plain(-4.0), "loss");
        let found: f64 = chunks.iter().map(|chunk| chunk.sums.sharpness_gradient).sum();
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
            let gradient = weight_gradient(ops, &network.layers[index], &chunks, index);
            for (i, &found) in gradient.iter().enumerate() {
                let wants = difference(&mut network, &|n| &mut n.layers[index].weights[i], 1e-4);
                close(found.into(), wants, &format!("layer {index}, weight {i}"));
                live += usize::from(wants != 0.0);
            }
            let gradient = bias_gradient(ops, &network.layers[index], &chunks, index);
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
        let chunks = run(&CPU, &network, &data, -4.0);
        let gradient = bias_gradient(&CPU, &network.layers[0], &chunks, 0);
        assert!(gradient[3] > 0.0 && gradient[4] < 0.0, "{gradient:?}");
        let beyond: f32 = chunks
            .iter()
            .flat_map(|chunk| &chunk.activations.overflows[0])
            .filter(|over| over.output == 3)
            .map(|over| (over.acc - OVERFLOW_MARGIN) / OVERFLOW_MARGIN / data.steps() as f32)
            .sum();
        close(gradient[3].into(), beyond.into(), "push");
        #[cfg(feature = "tch")]
        {
            let torch = crate::hashed_text::ops::torch_cpu();
            let others = run(&torch, &network, &data, -4.0);
            let found = bias_gradient(&torch, &network.layers[0], &others, 0);
            found.iter().zip(&gradient).for_each(|(&found, &g)| close(found.into(), g.into(), "on LibTorch"));
            let count = chunks.iter().map(|chunk| chunk.overflows(&CPU)).sum::<usize>();
            assert_eq!(others.iter().map(|chunk| chunk.overflows(&torch)).sum::<usize>(), count);
        }
    }
}
