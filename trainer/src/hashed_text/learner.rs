//! The network being trained: float shadows behind the integer network, and one batch's update of them.

use super::backward::{Batches, Chunk, Loss, Pass};
use super::budget::Strengths;
use super::dataset::{Dataset, Example, Inputs};
use super::forward::Activations;
use super::network::{Layer, Network};
use super::ops::{Operations, WeightUpdate};
use super::shape::{DEFAULT_SHIFT, Shape, of_layer};
use crate::adam::Step;
use crate::arrays::{CHUNK, Cpu, Parameters};
use crate::device::DeviceError;
use crate::family::BatchResult;
use crate::quantize::Grid;
use mlc_compiler::model::{Model, WeightSet};
use rand::{Rng, RngExt};

/// Logits have 16 bits: beyond these every softmax is flat or a step, and exponentials come near overflow.
const LOG_SHARPNESS_RANGE: (f32, f32) = (-14.0, 4.0);
/// Weight of the L1 term on activations at strength 1.
const ACTIVITY_PENALTY: f32 = 1e-4;

/// The float parameters of a layer.
struct Shadow<A> {
    /// `[inputs, outputs]`
    weights: Parameters<A>,
    bias: Parameters<A>,
    /// `[inputs]`: gradient of the L1 term of each input's weights.
    l1: A,
}

pub(crate) struct Learner<D: Operations> {
    ops: D,
    network: Network<D::Array>,
    shadows: Vec<Shadow<D::Array>>,
    log_sharpness: f32,
    /// Adam's means of the sharpness's gradient and its square.
    sharpness_moments: (f32, f32),
    updates: u64,
    chunks: Vec<Chunk<D>>,
    sparsity: f32,
    /// Gradient of an L1 term of strength 1.
    l1_unit: f32,
    overflow_penalty: f32,
    activity_penalty: f32,
}

impl<D: Batches> Learner<D> {
    /// Fresh weights from a normal distribution. `steps`: of the training data.
    pub(crate) fn new(
        ops: D,
        (inputs, classes): (usize, usize),
        shape: &Shape,
        steps: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let mut widths = vec![inputs];
        widths.extend(&shape.hidden);
        widths.push(classes);
        let layers = widths.windows(2).map(|w| Layer {
            inputs: w[0],
            outputs: w[1],
            shift: 0,
            set: WeightSet::Full,
            weights: (0..w[0] * w[1]).map(|_| shape.initial_deviation * normal(rng)).collect(),
            bias: vec![0.0; w[1]],
        });
        let mut layers: Vec<Layer> = layers.collect();
        for (index, layer) in layers.iter_mut().enumerate() {
            layer.shift = shape.shift.first_of(index);
            layer.set = of_layer(&shape.weights, index);
        }
        Self::with_shadows(ops, layers, shape, steps)
    }

    /// Goes on from a model: its integers are the shadows.
    pub(crate) fn resume(ops: D, model: &Model, shape: &Shape, steps: usize) -> Self {
        let mut layers = Network::from_model(model).layers;
        let grids = bias_grids(&layers);
        for (layer, grid) in layers.iter_mut().zip(grids) {
            layer.bias.iter_mut().for_each(|b| *b = grid.shadow(*b));
        }
        Self::with_shadows(ops, layers, shape, steps)
    }

    fn with_shadows(ops: D, shadows: Vec<Layer>, shape: &Shape, steps: usize) -> Self {
        // In the place of numbers that `quantize` sets.
        let network = Network { layers: shadows, relaxed: false };
        let biases = bias_grids(&network.layers);
        let shadows = network.layers.iter().zip(biases).map(|(layer, bias)| Shadow {
            weights: Parameters::new(&ops, &layer.weights, Grid::of_weights(layer.set)),
            bias: Parameters::new(&ops, &layer.bias, bias),
            l1: ops.array(&vec![0.0; layer.inputs]),
        });
        let mut learner = Self {
            shadows: shadows.collect(),
            network: network.on(&ops),
            ops,
            log_sharpness: 0.0,
            sharpness_moments: (0.0, 0.0),
            updates: 0,
            chunks: Vec::new(),
            sparsity: shape.sparsity,
            l1_unit: l1_unit(steps),
            overflow_penalty: shape.overflow_penalty,
            activity_penalty: 0.0,
        };
        let weights = learner.network.layers.iter().map(|layer| vec![0.0; layer.inputs]).collect();
        learner.set_strengths(&Strengths { weights, activations: 0.0 });
        learner.quantize();
        learner
    }

    /// How many weights the network has.
    pub(crate) fn weights(&self) -> usize {
        self.network.layers.iter().map(|layer| layer.inputs * layer.outputs).sum()
    }

    /// The same network in floats (relaxed), or back to integers.
    pub(crate) fn set_relaxed(&mut self, relaxed: bool) {
        self.network.relaxed = relaxed;
        self.quantize();
    }

    fn quantize(&mut self) {
        for (layer, shadow) in self.network.layers.iter_mut().zip(&self.shadows) {
            self.ops.quantize(&shadow.weights, self.network.relaxed, &mut layer.weights);
            self.ops.quantize(&shadow.bias, self.network.relaxed, &mut layer.bias);
        }
    }

    /// The network of the machine, in integers also while training is relaxed.
    ///
    /// # Errors
    /// The device has failed.
    pub(crate) fn machine_network(&self) -> Result<Network, DeviceError> {
        let integers = |parameters: &Parameters<D::Array>| {
            let mut numbers = self.ops.read(&parameters.values);
            numbers.iter_mut().for_each(|number| *number = parameters.grid.integer(*number));
            numbers
        };
        let layers = self.network.layers.iter().zip(&self.shadows).map(|(layer, shadow)| Layer {
            inputs: layer.inputs,
            outputs: layer.outputs,
            shift: layer.shift,
            set: layer.set,
            weights: integers(&shadow.weights),
            bias: integers(&shadow.bias),
        });
        let network = Network { layers: layers.collect(), relaxed: false };
        self.ops.check().map(|()| network)
    }

    /// The network as the device has it.
    #[cfg(all(test, feature = "tch"))]
    pub(crate) fn network_in_use(&self) -> Network {
        let layers = self.network.layers.iter().map(|layer| Layer {
            inputs: layer.inputs,
            outputs: layer.outputs,
            shift: layer.shift,
            set: layer.set,
            weights: self.ops.read(&layer.weights),
            bias: self.ops.read(&layer.bias),
        });
        Network { layers: layers.collect(), relaxed: self.network.relaxed }
    }

    /// Sets the sharpness so that the logits of these steps have a standard deviation of about 1 within a step.
    ///
    /// # Errors
    /// The device has failed.
    pub(crate) fn calibrate(&mut self, inputs: Inputs, examples: &[Example]) -> Result<(), DeviceError> {
        let network = self.machine_network()?;
        let mut activations = Activations::default();
        let (mut sum, mut count) = (0.0f64, 0.0);
        for part in examples.chunks(CHUNK) {
            activations.run(&Cpu { threads: 1 }, &network, inputs, part);
            for logits in activations.logits() {
                let mean = logits.iter().sum::<f32>() / logits.len() as f32;
                sum += logits.iter().map(|y| f64::from((y - mean).powi(2))).sum::<f64>();
                count += logits.len() as f64;
            }
        }
        let deviation = (sum / f64::max(count, 1.0)).sqrt().max(1.0);
        self.log_sharpness = -(deviation.ln() as f32);
        Ok(())
    }

    /// Gives the layers other shifts. What the relaxed network computes stays the same, with all that Adam knows: a
    /// layer that is given twice as much has its biases, and at last the logits their sharpness, counted in halves.
    pub(crate) fn set_shifts(&mut self, shifts: &[u8]) {
        let mut growth = 1.0f32;
        for ((layer, shadow), &shift) in self.network.layers.iter_mut().zip(&mut self.shadows).zip(shifts) {
            shadow.bias.grid.scale *= growth;
            growth *= 2f32.powi(i32::from(layer.shift) - i32::from(shift));
            layer.shift = shift;
        }
        let (least, most) = LOG_SHARPNESS_RANGE;
        self.log_sharpness = (self.log_sharpness - growth.ln()).clamp(least, most);
        self.quantize();
    }

    pub(crate) fn set_strengths(&mut self, strengths: &Strengths) {
        for (shadow, strengths) in self.shadows.iter_mut().zip(&strengths.weights) {
            let unit = if shadow.weights.grid.has_zero() { self.l1_unit } else { 0.0 };
            let l1: Vec<f32> = strengths.iter().map(|s| unit * (self.sparsity + s)).collect();
            shadow.l1 = self.ops.array(&l1);
        }
        self.activity_penalty = ACTIVITY_PENALTY * strengths.activations;
    }

    /// One step of training on a batch.
    pub(crate) fn update(&mut self, data: &Dataset, batch: &[Example], learning_rate: f32) -> BatchResult {
        let loss = Loss {
            log_sharpness: self.log_sharpness,
            batch: batch.len(),
            overflow_penalty: self.overflow_penalty,
            activity_penalty: self.activity_penalty,
        };
        let used = batch.len().div_ceil(self.ops.chunk());
        if self.chunks.len() < used {
            self.chunks.resize_with(used, Chunk::default);
        }
        let pass = Pass { network: &self.network, inputs: data.inputs(), loss };
        self.ops.run_chunks(pass, &mut self.chunks[..used], batch);
        self.updates += 1;
        self.step(used, Step::new(learning_rate, self.updates));
        self.quantize();
        let mut result = BatchResult::default();
        for chunk in &self.chunks[..used] {
            result.loss += chunk.sums.loss;
            result.right += chunk.sums.right;
            result.overflows += chunk.overflows(&self.ops);
        }
        result
    }

    /// Moves all parameters, by the gradients of the chunks in use.
    fn step(&mut self, used: usize, step: Step) {
        let chunks = &self.chunks[..used];
        let layers = self.network.layers.iter().zip(&mut self.shadows).enumerate();
        let updates = layers.map(|(index, (layer, shadow))| WeightUpdate {
            inputs: layer.inputs,
            outputs: layer.outputs,
            parts: chunks.iter().map(|chunk| chunk.part(index)).collect(),
            parameters: &mut shadow.weights,
            l1: &shadow.l1,
        });
        self.ops.update_weights(updates.collect(), step);
        for (index, (layer, shadow)) in self.network.layers.iter().zip(&mut self.shadows).enumerate() {
            let deltas: Vec<&D::Array> = chunks.iter().map(|chunk| chunk.delta(index)).collect();
            self.ops.column_sums(&deltas, layer.outputs, &mut shadow.bias.gradient);
            self.ops.adam(&mut shadow.bias, step);
        }
        let gradient: f64 = chunks.iter().map(|chunk| chunk.sums.sharpness_gradient).sum();
        let (first, second) = &mut self.sharpness_moments;
        let updated = step.update(self.log_sharpness, gradient as f32, first, second);
        self.log_sharpness = updated.clamp(LOG_SHARPNESS_RANGE.0, LOG_SHARPNESS_RANGE.1);
    }
}

/// The gradient of an L1 term of strength 1 for a data set of so many steps.
///
/// The loss is a mean over steps, so a weight that serves a certain few of them weighs less the more there
/// are. Dividing by the square root makes one strength fit (found by trial: 15,000 steps and 94,000 steps
/// both do best near a strength of 1).
fn l1_unit(steps: usize) -> f32 {
    0.001 / (steps.max(1) as f32).sqrt()
}

/// The grid of each layer's biases: it grows with what the layer is given, which is 32 for each n-gram in front of the
/// first one, and goes by the shifts in front of the others, where 2 leaves it as it is.
fn bias_grids(layers: &[Layer]) -> Vec<Grid> {
    let mut scale = Grid::BIAS.scale;
    let grid = |layer: &Layer| {
        let grid = Grid { scale, ..Grid::BIAS };
        scale *= 2f32.powi(i32::from(DEFAULT_SHIFT) - i32::from(layer.shift));
        grid
    };
    layers.iter().map(grid).collect()
}

/// A draw from N(0, 1) (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f32 {
    let uniform = 1.0 - rng.random::<f64>(); // in (0, 1]: the logarithm exists
    let angle = std::f64::consts::TAU * rng.random::<f64>();
    ((-2.0 * uniform.ln()).sqrt() * angle.cos()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed_text::settings::Settings;
    use crate::hashed_text::shape::Shifts;
    use crate::hashed_text::task::Task;
    use crate::pairs::Pairs;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Scaled logits of the relaxed network.
    fn scaled(learner: &Learner<Cpu>, data: &Dataset) -> Vec<f32> {
        let mut activations = Activations::default();
        activations.run(&learner.ops, &learner.network, data.inputs(), &data.examples[..20]);
        activations.logits().flatten().map(|y| y * learner.log_sharpness.exp()).collect()
    }

    #[test]
    fn other_shifts_change_nothing_but_the_rounding() {
        let mut pairs = Pairs::default();
        let text = "hello|HI THERE\nhow are you|FINE\nwho are you|A BOT\n";
        let settings = Settings::default().with(|s| {
            s.shape.hidden = vec![20, 20];
            s.shape.shift = Shifts::Fixed(vec![2, 3, 1]);
        });
        pairs.read(&mut text.as_bytes(), "inline", &settings.limits()).unwrap();
        let task = Task::chat(&pairs, &settings).unwrap();
        let data = task.train.held().unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let classes = data.examples.iter().map(|example| usize::from(example.target)).max().unwrap_or(0) + 1;
        let mut learner =
            Learner::new(Cpu { threads: 1 }, (256, classes), &settings.shape, data.steps(), rng);
        learner.calibrate(data.inputs(), &data.examples).unwrap();
        // Biases away from zero, where a wrong scale would show.
        let loss = (0..30).map(|_| learner.update(data, &data.examples, 0.05).loss).fold(f64::MAX, f64::min);
        assert!(loss.is_finite());
        learner.set_relaxed(true);
        let before = scaled(&learner, data);
        assert!(learner.shadows.iter().all(|shadow| shadow.bias.values.iter().any(|b| b.abs() > 0.1)));
        learner.set_shifts(&[0, 5, 4]);
        assert!(learner.network.layers.iter().map(|layer| layer.shift).eq([0, 5, 4]));
        for (a, b) in scaled(&learner, data).iter().zip(&before) {
            assert!((a - b).abs() <= 1e-3 * b.abs().max(1.0), "{a}, before {b}");
        }
        // A model keeps its shifts: training that goes on with it counts biases the same way.
        let scales: Vec<f32> = learner.shadows.iter().map(|shadow| shadow.bias.grid.scale).collect();
        let layers = learner.machine_network().unwrap().layers;
        let again: Vec<f32> = bias_grids(&layers).iter().map(|grid| grid.scale).collect();
        assert_eq!(scales, again);
        assert_eq!(scales, [32.0, 128.0, 16.0]);
    }
}
