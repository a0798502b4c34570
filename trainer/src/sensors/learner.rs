//! The network being trained: float shadows behind the integers, and one batch's update of them.
//!
//! The forward pass is that of the machine, in floats that hold its integers: exact as long as a sum has 23 bits. Gradients
//! pass straight through the roundings (Bengio, Léonard, Courville 2013, arXiv:1308.3432), and nowhere through an activation
//! that was cut.

use super::network::{ACTIVATION, INPUT, Layer, MOST, Network, OUTPUT, SHIFTS, Unit, power};
use super::task::Rows;
use crate::adam::Step;
use crate::family::BatchResult;
use crate::gemm::{Matrix, multiply};
use crate::rounding::{floor, round};
use mlc_compiler::model::Grid;
use rand::{Rng, RngExt};

/// Powers of two that are tried for the unit of weights.
const UNITS: i32 = 5;

/// A layer in training.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    from: Unit,
    to: Unit,
    /// What Adam changes: weights `[outputs, inputs]`, then biases, as real numbers.
    pub shadows: Vec<f32>,
    /// The integers that they are used as; real numbers of these units in training that is relaxed.
    used: Vec<f32>,
    /// A weight counts two to the power of this.
    unit: i32,
    first: Vec<f32>,
    second: Vec<f32>,
    gradients: Vec<f32>,
    /// Of the last batch: outputs before they are cut, and what goes on.
    raw: Vec<f32>,
    given: Vec<f32>,
}

/// A network in training.
#[derive(Debug, Clone)]
pub(crate) struct Learner {
    pub(super) layers: Vec<Dense>,
    grid: Grid,
    decay: f32,
    relaxed: bool,
    updates: u64,
    input: Vec<f32>,
}

impl Dense {
    fn new(inputs: usize, outputs: usize, (from, to): (Unit, Unit), shadows: Vec<f32>) -> Self {
        let zeros = vec![0.0; shadows.len()];
        Self {
            inputs,
            outputs,
            from,
            to,
            used: zeros.clone(),
            unit: 0,
            first: zeros.clone(),
            second: zeros.clone(),
            gradients: zeros,
            raw: Vec::new(),
            given: Vec::new(),
            shadows,
        }
    }

    fn weights(&self) -> usize {
        self.inputs * self.outputs
    }

    /// Halvings that make an output of a sum.
    fn shift(&self) -> i32 {
        self.to.0 - self.from.0 - self.unit
    }

    /// Finds the unit of the weights, and rounds.
    fn round(&mut self, grid: Grid, relaxed: bool) {
        let count = self.weights();
        let (weights, biases) = self.shadows.split_at(count);
        self.unit = unit(grid, weights, self.to.0 - self.from.0);
        let (step, (least, most)) = (1.0 / power(self.unit), grid.limits());
        let (least, most) = (f32::from(least), f32::from(most));
        let bias = step / self.from.step();
        for (used, &w) in self.used[..count].iter_mut().zip(weights) {
            let scaled = w * step;
            *used = if relaxed { scaled } else { round(scaled.max(least).min(most)) };
        }
        for (used, &b) in self.used[count..].iter_mut().zip(biases) {
            let scaled = (b * bias).clamp(-4_000_000.0, 4_000_000.0);
            *used = if relaxed { scaled } else { round(scaled) };
        }
    }

    /// Outputs of `rows` rows: integers, as the machine has them.
    fn forward(&mut self, x: &[f32], rows: usize, is_last: bool, relaxed: bool) {
        let (weights, biases) = self.used.split_at(self.weights());
        self.raw.resize(rows * self.outputs, 0.0);
        for row in self.raw.chunks_exact_mut(self.outputs) {
            row.copy_from_slice(biases);
        }
        let w = Matrix::new(weights, self.outputs, self.inputs).transposed();
        multiply(Matrix::new(x, rows, self.inputs), w, true, &mut self.raw);
        let scale = power(-self.shift());
        let (least, most) = if is_last { (-32_768.0, 32_767.0) } else { (0.0, MOST as f32) };
        self.given.clear();
        for raw in &mut self.raw {
            // Beyond this the output is cut, and `floor` is for small numbers.
            let y = (*raw * scale).clamp(-65_536.0, 65_536.0);
            *raw = if relaxed { y } else { floor(y + 0.5) };
            self.given.push(raw.max(least).min(most));
        }
    }

    /// Gradients of shadows, from those of the outputs as real numbers; gives those of the inputs, as real numbers too.
    fn backward(&mut self, x: &[f32], d: &[f32], rows: usize, wants_inputs: bool) -> Vec<f32> {
        let count = self.weights();
        let (weights, biases) = self.gradients.split_at_mut(count);
        let d = Matrix::new(d, rows, self.outputs);
        multiply(d.transposed(), Matrix::new(x, rows, self.inputs), false, weights);
        let step = self.from.step();
        weights.iter_mut().for_each(|g| *g *= step);
        biases.fill(0.0);
        for row in d.strides().0.chunks_exact(self.outputs) {
            biases.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
        }
        if !wants_inputs {
            return Vec::new();
        }
        let mut back = vec![0.0; rows * self.inputs];
        multiply(d, Matrix::new(&self.used[..count], self.outputs, self.inputs), false, &mut back);
        let unit = power(self.unit);
        back.iter_mut().for_each(|d| *d *= unit);
        back
    }

    fn step(&mut self, step: Step, shrink: f32) {
        let count = self.weights();
        self.shadows[..count].iter_mut().for_each(|w| *w *= shrink);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((w, g), (first, second)) in self.shadows.iter_mut().zip(&self.gradients).zip(moments) {
            *w = step.update(*w, *g, first, second);
        }
    }

    fn layer(&self, grid: Grid) -> Layer {
        let mut rounded = self.clone();
        rounded.round(grid, false);
        let (weights, biases) = rounded.used.split_at(self.weights());
        Layer {
            inputs: self.inputs,
            weights: weights.iter().map(|&w| w as i8).collect(),
            bias: biases.iter().map(|&b| b as i32).collect(),
            shift: rounded.shift(),
        }
    }
}

/// The power of two that weights are rounded to multiples of with the least error. `ratio`: how many halvings of a sum are
/// none.
fn unit(grid: Grid, weights: &[f32], ratio: i32) -> i32 {
    let (least, most) = grid.limits();
    let (least, most) = (f32::from(least), f32::from(most));
    let largest = weights.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
    // The largest sums of few levels have room for shifts to the left.
    let first = if grid.bits() < 8 { *SHIFTS.start() } else { 0 };
    let limits = (ratio - SHIFTS.end(), ratio - first);
    // The first unit in which nothing is cut, and finer ones.
    let mut whole = limits.1;
    while whole > limits.0 && largest <= most * power(whole - 1) {
        whole -= 1;
    }
    let error = |unit: i32| -> f32 {
        let (step, size) = (1.0 / power(unit), power(unit));
        weights.iter().map(|w| (w - round((w * step).max(least).min(most)) * size).powi(2)).sum()
    };
    if grid.bits() == 8 {
        return whole;
    }
    let units = (whole - UNITS..=whole).rev().filter(|unit| *unit >= limits.0);
    units
        .map(|unit| (error(unit), unit))
        .reduce(|best, next| if next.0 < best.0 { next } else { best })
        .map_or(whole, |(_, unit)| unit)
}

/// What a layer reads and gives.
fn units(i: usize, layers: usize) -> (Unit, Unit) {
    let from = if i == 0 { INPUT } else { ACTIVATION };
    (from, if i + 1 == layers { OUTPUT } else { ACTIVATION })
}

impl Learner {
    /// Fresh weights, uniform with the variance that keeps the size of activations (He and others 2015, arXiv:1502.01852); of
    /// columns that have one value, 0. `widths`: inputs, hidden layers, outputs.
    pub(super) fn new(
        widths: &[usize],
        constant: &[bool],
        grid: Grid,
        decay: f32,
        rng: &mut impl Rng,
    ) -> Self {
        let count = widths.len() - 1;
        let layer = |(i, pair): (usize, &[usize])| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let reach = (6.0 / inputs as f32).sqrt();
            let mut shadows: Vec<f32> =
                (0..inputs * outputs).map(|_| reach * (2.0 * rng.random::<f32>() - 1.0)).collect();
            if i == 0 {
                let columns = shadows.iter_mut().zip(constant.iter().cycle());
                columns.filter(|(_, constant)| **constant).for_each(|(w, _)| *w = 0.0);
            }
            shadows.resize((inputs + 1) * outputs, 0.0);
            Dense::new(inputs, outputs, units(i, count), shadows)
        };
        Self::with(widths.windows(2).enumerate().map(layer).collect(), grid, decay)
    }

    /// The shadows of a network in integers.
    pub(super) fn of(network: &Network, grid: Grid, decay: f32) -> Self {
        let count = network.layers.len();
        let layer = |(i, layer): (usize, &Layer)| {
            let (from, to) = units(i, count);
            let unit = power(to.0 - from.0 - layer.shift);
            let weights = layer.weights.iter().map(|&w| f32::from(w) * unit);
            let biases = layer.bias.iter().map(|&b| b as f32 * unit * from.step());
            Dense::new(layer.inputs, layer.bias.len(), (from, to), weights.chain(biases).collect())
        };
        Self::with(network.layers.iter().enumerate().map(layer).collect(), grid, decay)
    }

    fn with(layers: Vec<Dense>, grid: Grid, decay: f32) -> Self {
        let mut learner = Self { layers, grid, decay, relaxed: false, updates: 0, input: Vec::new() };
        learner.round();
        learner
    }

    pub(super) fn weights(&self) -> usize {
        self.layers.iter().map(Dense::weights).sum()
    }

    pub(super) fn set_relaxed(&mut self, relaxed: bool) {
        self.relaxed = relaxed;
        self.round();
    }

    fn round(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.round(self.grid, self.relaxed));
    }

    /// The network of the machine.
    pub(super) fn network(&self) -> Network {
        Network { layers: self.layers.iter().map(|layer| layer.layer(self.grid)).collect() }
    }

    /// The outputs of some rows, in steps of outputs.
    pub(super) fn forward(&mut self, rows: &Rows, batch: &[u32]) -> &[f32] {
        self.input.clear();
        self.input.extend(batch.iter().flat_map(|&row| rows.bytes(row as usize)).map(|&b| f32::from(b)));
        let last = self.layers.len() - 1;
        for i in 0..=last {
            let (before, layer) = self.layers.split_at_mut(i);
            let x = before.last().map_or(&self.input, |layer| &layer.given);
            layer[0].forward(x, batch.len(), i == last, self.relaxed);
        }
        &self.layers[last].given
    }

    /// The gradients of the mean loss of some rows in the shadows. Gives the sum of the losses, and how many are right.
    pub(super) fn gradients(&mut self, rows: &Rows, batch: &[u32]) -> BatchResult {
        let labels = self.layers.last().map_or(0, |layer| layer.outputs);
        let mut d = self.forward(rows, batch).to_vec();
        let mut result = BatchResult::default();
        for (outputs, &row) in d.chunks_exact_mut(labels).zip(batch) {
            let target = usize::from(rows.targets[row as usize]);
            let (loss, right) = softmax(outputs, target, 1.0 / batch.len() as f32);
            result.loss += loss;
            result.right += usize::from(right);
        }
        for i in (0..self.layers.len()).rev() {
            let (before, layer) = self.layers.split_at_mut(i);
            let x = before.last().map_or(&self.input, |layer| &layer.given);
            d = layer[0].backward(x, &d, batch.len(), i > 0);
            if let Some(before) = before.last() {
                // Where an activation was cut, it does not change.
                let cut = |y: f32| y <= 0.0 || y > MOST as f32;
                d.iter_mut().zip(&before.raw).filter(|(_, y)| cut(**y)).for_each(|(d, _)| *d = 0.0);
            }
        }
        result
    }

    /// One step of training.
    pub(super) fn update(&mut self, rows: &Rows, batch: &[u32], rate: f32) -> BatchResult {
        let result = self.gradients(rows, batch);
        self.updates += 1;
        let (step, shrink) = (Step::new(rate, self.updates), 1.0 - rate * self.decay);
        self.layers.iter_mut().for_each(|layer| layer.step(step, shrink));
        self.round();
        result
    }
}

/// Makes gradients of outputs: those of the loss, `share` times. Gives the loss, and whether the label is right.
fn softmax(outputs: &mut [f32], target: usize, share: f32) -> (f64, bool) {
    let most = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let right = outputs.iter().position(|&y| y == most) == Some(target);
    let unit = OUTPUT.step();
    let own = (outputs[target] - most) * unit;
    outputs.iter_mut().for_each(|y| *y = ((*y - most) * unit).exp());
    let sum: f32 = outputs.iter().sum();
    for (i, y) in outputs.iter_mut().enumerate() {
        *y = (*y / sum - f32::from(i == target)) * share;
    }
    (f64::from(sum.ln() - own), right)
}

#[cfg(test)]
impl Dense {
    /// The gradient of a shadow, of the last batch.
    pub(super) fn gradient(&self, at: usize) -> f32 {
        self.gradients[at]
    }
}
