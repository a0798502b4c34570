//! The network being trained: float shadows behind the integer network, and one batch's update of them.

use crate::adam::{Moments, Step};
use crate::backward::{Chunk, Loss, bias_gradient, weight_gradient};
use crate::budget::Strengths;
use crate::dataset::{Dataset, Example, Inputs};
use crate::forward::{Activations, CHUNK};
use crate::network::{Layer, Network, round};
use crate::settings::Settings;
use crate::threads;
use mlc_compiler::model::Model;
use rand::{Rng, RngExt};
use std::ops::Range;

/// Shadow weights stay in this range, whose ends round to -2 and 1: beyond, they would only take longer to return.
const SHADOW_RANGE: (f32, f32) = (-2.4, 1.4);
/// A shadow bias of 1 is a bias of 32, as much as one n-gram of the input: biases then move as fast as weights.
const BIAS_SCALE: f32 = 32.0;

/// Logits have 16 bits: beyond these every softmax is flat or a step, and exponentials come near overflow.
const LOG_SHARPNESS_RANGE: (f32, f32) = (-14.0, 4.0);
/// Weight of the L1 term on activations at strength 1.
const ACTIVITY_PENALTY: f32 = 1e-4;

/// The float parameters of a layer and what Adam knows of them.
struct Shadow {
    /// `[inputs, outputs]`
    weights: Vec<f32>,
    gradient: Vec<f32>,
    moments: Moments,
    bias: Vec<f32>,
    bias_gradient: Vec<f32>,
    bias_moments: Moments,
}

/// Some rows of a layer, for one thread to update.
struct Rows<'a> {
    layer: usize,
    range: Range<usize>,
    shadow: &'a mut [f32],
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

/// What one batch showed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BatchResult {
    /// Sum over the steps.
    pub loss: f64,
    pub right: usize,
    /// Accumulators beyond the 16-bit margin.
    pub overflows: usize,
}

pub(crate) struct Learner {
    pub network: Network,
    shadows: Vec<Shadow>,
    log_sharpness: f32,
    sharpness_moments: Moments,
    updates: u64,
    chunks: Vec<Chunk>,
    threads: usize,
    sparsity: f32,
    /// Gradient of an L1 term of strength 1.
    l1_unit: f32,
    /// Strength of the L1 terms beyond `sparsity`.
    strengths: Strengths,
    overflow_penalty: f32,
}

impl Learner {
    /// Fresh weights from a normal distribution. `steps`: of the training data.
    pub(crate) fn new(
        (inputs, classes): (usize, usize),
        settings: &Settings,
        steps: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let mut widths = vec![inputs];
        widths.extend(&settings.hidden);
        widths.push(classes);
        let layers = widths.windows(2).map(|w| Layer {
            inputs: w[0],
            outputs: w[1],
            shift: settings.shift,
            weights: (0..w[0] * w[1]).map(|_| settings.initial_deviation * normal(rng)).collect(),
            bias: vec![0.0; w[1]],
        });
        Self::with_shadows(layers.collect(), settings, steps)
    }

    /// Goes on from a model: its integers are the shadows.
    pub(crate) fn resume(model: &Model, settings: &Settings, steps: usize) -> Self {
        let mut layers = Network::from_model(model).layers;
        layers.iter_mut().flat_map(|layer| &mut layer.bias).for_each(|b| *b /= BIAS_SCALE);
        Self::with_shadows(layers, settings, steps)
    }

    fn with_shadows(layers: Vec<Layer>, settings: &Settings, steps: usize) -> Self {
        let shadows = layers.iter().map(|layer| Shadow {
            weights: layer.weights.clone(),
            gradient: vec![0.0; layer.weights.len()],
            moments: Moments::new(layer.weights.len()),
            bias: layer.bias.clone(),
            bias_gradient: vec![0.0; layer.outputs],
            bias_moments: Moments::new(layer.outputs),
        });
        let weights = layers.iter().map(|layer| vec![0.0; layer.inputs]).collect();
        let strengths = Strengths { weights, activations: 0.0 };
        let mut learner = Self {
            shadows: shadows.collect(),
            network: Network { layers, relaxed: false },
            log_sharpness: 0.0,
            sharpness_moments: Moments::new(1),
            updates: 0,
            chunks: Vec::new(),
            threads: settings.threads,
            sparsity: settings.sparsity,
            l1_unit: Settings::l1_unit(steps),
            strengths,
            overflow_penalty: settings.overflow_penalty,
        };
        learner.quantize();
        learner
    }

    /// The same network in floats (relaxed), or back to integers.
    pub(crate) fn set_relaxed(&mut self, relaxed: bool) {
        self.network.relaxed = relaxed;
        self.quantize();
    }

    fn quantize(&mut self) {
        let relaxed = self.network.relaxed;
        for (layer, shadow) in self.network.layers.iter_mut().zip(&self.shadows) {
            quantize_weights(&shadow.weights, &mut layer.weights, relaxed);
            quantize_bias(&shadow.bias, &mut layer.bias, relaxed);
        }
    }

    /// Sets the sharpness so that the logits of these steps have a standard deviation of about 1 within a step.
    pub(crate) fn calibrate(&mut self, inputs: Inputs, examples: &[Example]) {
        let mut activations = Activations::default();
        let (mut sum, mut count) = (0.0f64, 0.0);
        for part in examples.chunks(CHUNK) {
            activations.run(&self.network, inputs, part);
            for logits in activations.logits() {
                let mean = logits.iter().sum::<f32>() / logits.len() as f32;
                sum += logits.iter().map(|y| f64::from((y - mean).powi(2))).sum::<f64>();
                count += logits.len() as f64;
            }
        }
        let deviation = (sum / f64::max(count, 1.0)).sqrt().max(1.0);
        self.log_sharpness = -(deviation.ln() as f32);
    }

    pub(crate) fn set_strengths(&mut self, strengths: Strengths) {
        self.strengths = strengths;
    }

    /// One step of training on a batch.
    pub(crate) fn update(&mut self, data: &Dataset, batch: &[Example], learning_rate: f32) -> BatchResult {
        let loss = Loss {
            log_sharpness: self.log_sharpness,
            batch: batch.len(),
            overflow_penalty: self.overflow_penalty,
            activity_penalty: ACTIVITY_PENALTY * self.strengths.activations,
        };
        let used = batch.len().div_ceil(CHUNK);
        if self.chunks.len() < used {
            self.chunks.resize_with(used, Chunk::default);
        }
        let share = threads::share(used, self.threads);
        let network = &self.network;
        let parts = self.chunks[..used].chunks_mut(share).zip(batch.chunks(share * CHUNK));
        threads::each(parts.collect(), |(chunks, examples)| {
            for (chunk, examples) in chunks.iter_mut().zip(examples.chunks(CHUNK)) {
                chunk.run(network, data.inputs(), examples, loss);
            }
        });
        self.updates += 1;
        let step = Step::new(learning_rate, self.updates);
        self.update_weights(used, step);
        self.update_rest(used, step);
        self.quantize_biases();
        let chunks = &self.chunks[..used];
        BatchResult {
            loss: chunks.iter().map(|chunk| chunk.loss).sum(),
            right: chunks.iter().map(|chunk| chunk.right).sum(),
            overflows: chunks.iter().map(|chunk| chunk.activations.overflows.len()).sum(),
        }
    }

    fn update_weights(&mut self, used: usize, step: Step) {
        let mut parts: Vec<Vec<Rows>> = (0..self.threads.max(1)).map(|_| Vec::new()).collect();
        for (index, (shadow, layer)) in self.shadows.iter_mut().zip(&self.network.layers).enumerate() {
            let rows = threads::share(layer.inputs, self.threads);
            let slices = (shadow.weights.chunks_mut(rows * layer.outputs))
                .zip(shadow.gradient.chunks_mut(rows * layer.outputs))
                .zip(shadow.moments.first.chunks_mut(rows * layer.outputs))
                .zip(shadow.moments.second.chunks_mut(rows * layer.outputs));
            for ((part, (((shadow, gradient), first), second)), start) in
                parts.iter_mut().zip(slices).zip((0..).step_by(rows))
            {
                let range = start..(start + rows).min(layer.inputs);
                part.push(Rows { layer: index, range, shadow, gradient, first, second });
            }
        }
        let (network, chunks) = (&self.network, &self.chunks[..used]);
        let (l1_unit, sparsity, strengths) = (self.l1_unit, self.sparsity, &self.strengths.weights);
        threads::each(parts, |part| {
            for rows in part {
                weight_gradient(network, chunks, rows.layer, rows.range.clone(), rows.gradient);
                let width = network.layers[rows.layer].outputs;
                let parameters = (rows.shadow.chunks_exact_mut(width)).zip(rows.gradient.chunks_exact(width));
                let moments = (rows.first.chunks_exact_mut(width)).zip(rows.second.chunks_exact_mut(width));
                let strengths = &strengths[rows.layer][rows.range];
                for (((shadow, gradient), (first, second)), strength) in
                    parameters.zip(moments).zip(strengths)
                {
                    let l1 = l1_unit * (sparsity + strength);
                    let moments = first.iter_mut().zip(second);
                    for ((w, g), (first, second)) in shadow.iter_mut().zip(gradient).zip(moments) {
                        let g = g + l1.copysign(*w);
                        *w = step.update(*w, g, first, second).clamp(SHADOW_RANGE.0, SHADOW_RANGE.1);
                    }
                }
            }
        });
        for (layer, shadow) in self.network.layers.iter_mut().zip(&self.shadows) {
            quantize_weights(&shadow.weights, &mut layer.weights, self.network.relaxed);
        }
    }

    /// Biases and sharpness: few, so on this thread.
    fn update_rest(&mut self, used: usize, step: Step) {
        for (index, shadow) in self.shadows.iter_mut().enumerate() {
            bias_gradient(&self.chunks[..used], index, &mut shadow.bias_gradient);
            let moments = shadow.bias_moments.first.iter_mut().zip(&mut shadow.bias_moments.second);
            for ((b, &g), (first, second)) in shadow.bias.iter_mut().zip(&shadow.bias_gradient).zip(moments) {
                *b = step.update(*b, g * BIAS_SCALE, first, second);
            }
        }
        let gradient: f64 = self.chunks[..used].iter().map(|chunk| chunk.sharpness_gradient).sum();
        let Moments { first, second } = &mut self.sharpness_moments;
        let updated = step.update(self.log_sharpness, gradient as f32, &mut first[0], &mut second[0]);
        self.log_sharpness = updated.clamp(LOG_SHARPNESS_RANGE.0, LOG_SHARPNESS_RANGE.1);
    }

    fn quantize_biases(&mut self) {
        for (layer, shadow) in self.network.layers.iter_mut().zip(&self.shadows) {
            quantize_bias(&shadow.bias, &mut layer.bias, self.network.relaxed);
        }
    }
}

fn quantize_weights(shadow: &[f32], weights: &mut [f32], relaxed: bool) {
    if relaxed {
        weights.copy_from_slice(shadow);
        return;
    }
    for (w, &s) in weights.iter_mut().zip(shadow) {
        *w = round(s).clamp(-2.0, 1.0);
    }
}

fn quantize_bias(shadow: &[f32], bias: &mut [f32], relaxed: bool) {
    for (b, &s) in bias.iter_mut().zip(shadow) {
        let scaled = (s * BIAS_SCALE).clamp(-32_768.0, 32_767.0);
        *b = if relaxed { scaled } else { round(scaled) };
    }
}

/// A draw from N(0, 1) (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f32 {
    let uniform = 1.0 - rng.random::<f64>(); // in (0, 1]: the logarithm exists
    let angle = std::f64::consts::TAU * rng.random::<f64>();
    ((-2.0 * uniform.ln()).sqrt() * angle.cos()) as f32
}
