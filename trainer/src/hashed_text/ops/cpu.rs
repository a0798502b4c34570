//! The operations on this machine's processor.
//!
//! Results don't depend on the number of threads: a chunk is computed by one thread, and a thread that updates
//! weights has whole rows of them and takes the chunks in their order.

use super::{EXACT_SUM, Form, Given, OVERFLOW_MARGIN, Operations, Part, Softmax, Sums, WeightUpdate};
use crate::adam::Step;
use crate::arrays::{Cpu, Parameters, argmax};
use crate::gemm;
use crate::hashed_text::dataset::{Example, Inputs};
use crate::hashed_text::network::Layer;
use crate::quantize::Grid;
use crate::rounding::floor;
use crate::threads;
use std::ops::Range;

/// An accumulator beyond [`OVERFLOW_MARGIN`], before wrapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overflow {
    pub row: usize,
    pub output: usize,
    pub acc: f32,
}

impl Operations for Cpu {
    type Encoded = Columns;
    type Overflows = Vec<Overflow>;

    fn encode(&self, inputs: Inputs, examples: &[Example], width: usize, encoded: &mut Columns) {
        encoded.fill(inputs, examples, width);
    }

    fn encoded_product(&self, x: &Columns, rows: usize, layer: &Layer, out: &mut Vec<f32>) {
        out.clear();
        out.resize(rows * layer.outputs, 0.0);
        for input in 0..layer.inputs {
            let weights = layer.row(input);
            for &(row, value) in x.of(input) {
                let row = usize::from(row) * layer.outputs;
                for (a, w) in out[row..row + layer.outputs].iter_mut().zip(weights) {
                    *a += value * w;
                }
            }
        }
    }

    fn activate(
        &self,
        layer: &Layer,
        x: Option<&Vec<f32>>,
        form: Form,
        acc: &mut Vec<f32>,
        overflows: &mut Vec<Overflow>,
    ) {
        overflows.clear();
        for (row, acc) in acc.chunks_exact_mut(layer.outputs).enumerate() {
            if !form.relaxed {
                let x = x.map(|x| &x[row * layer.inputs..(row + 1) * layer.inputs]);
                exact_where_needed(layer, x, acc);
            }
            let top = add_bias(layer, acc);
            if top > OVERFLOW_MARGIN && !form.relaxed {
                wrap(acc, |output, acc| overflows.push(Overflow { row, output, acc }));
            }
            shift(acc, layer.scale(), form);
        }
    }

    fn count(&self, overflows: &Vec<Overflow>) -> usize {
        overflows.len()
    }

    fn softmax_gradient(
        &self,
        logits: &Vec<f32>,
        examples: &[Example],
        softmax: Softmax,
        delta: &mut Vec<f32>,
    ) -> Sums {
        let mut sums = Sums::default();
        delta.resize(logits.len(), 0.0);
        let outputs = (logits.len() / examples.len().max(1)).max(1);
        let sharpness = softmax.sharpness;
        let share = 1.0 / softmax.batch as f32;
        let scale = sharpness * softmax.scale * share;
        let rows = logits.chunks_exact(outputs).zip(delta.chunks_exact_mut(outputs));
        for ((logits, delta), example) in rows.zip(examples) {
            let target = usize::from(example.target);
            let best = argmax(logits);
            sums.right += usize::from(best == target);
            let top = logits[best];
            let mut sum = 0.0f32;
            for (d, &y) in delta.iter_mut().zip(logits) {
                *d = ((y - top) * sharpness).exp();
                sum += *d;
            }
            sums.loss += f64::from(sum.ln() - (logits[target] - top) * sharpness);
            let mut along = 0.0f32;
            for (i, (d, &y)) in delta.iter_mut().zip(logits).enumerate() {
                let error = *d / sum - if i == target { 1.0 } else { 0.0 };
                // Σ error = 0, so the shift by `top` does not matter but keeps the sum small.
                along += error * (y - top);
                *d = error * scale;
            }
            sums.sharpness_gradient += f64::from(along * sharpness * share);
        }
        sums
    }

    fn mask(&self, y: &Vec<f32>, push: f32, scale: f32, delta: &mut Vec<f32>) {
        for (d, &y) in delta.iter_mut().zip(y) {
            *d = if y > 0.0 { (*d + push) * scale } else { 0.0 };
        }
    }

    fn push_back(
        &self,
        overflows: &Vec<Overflow>,
        outputs: usize,
        (penalty, batch): (f32, usize),
        delta: &mut Vec<f32>,
    ) {
        for over in overflows {
            let beyond = (over.acc.abs() - OVERFLOW_MARGIN) / OVERFLOW_MARGIN;
            delta[over.row * outputs + over.output] = beyond * over.acc.signum() * penalty / batch as f32;
        }
    }

    fn update_weights(&self, mut updates: Vec<WeightUpdate<Self>>, step: Step) {
        let mut shares: Vec<Vec<Rows>> = (0..self.threads.max(1)).map(|_| Vec::new()).collect();
        for update in &mut updates {
            for (share, rows) in shares.iter_mut().zip(Rows::split(update, self.threads)) {
                share.push(rows);
            }
        }
        threads::each(shares, |share| share.into_iter().for_each(|rows| rows.update(step)));
    }
}

/// `x`: the row of inputs, `None` for the first layer.
fn exact_where_needed(layer: &Layer, x: Option<&[f32]>, acc: &mut [f32]) {
    let Some(x) = x else { return };
    if x.iter().sum::<f32>() <= EXACT_SUM {
        return;
    }
    let mut exact = vec![0i64; acc.len()];
    for (input, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        exact.iter_mut().zip(layer.row(input)).for_each(|(a, &w)| *a += x as i64 * w as i64);
    }
    // Only the low 16 bits matter, but the overflow's sign and rough size are wanted: beyond 2^23, keep 16 bits
    // and the sign. What is kept is below 2^23 + 2^16 and exact, with the bias too.
    for (a, &e) in acc.iter_mut().zip(&exact) {
        let kept = if e.abs() <= 1 << 23 { e } else { e.signum() * (1 << 23) + i64::from(e as i16) };
        *a = kept as f32;
    }
}

/// Gives the largest magnitude.
fn add_bias(layer: &Layer, acc: &mut [f32]) -> f32 {
    let mut top = 0.0f32;
    for (a, b) in acc.iter_mut().zip(&layer.bias) {
        *a += b;
        top = if a.abs() > top { a.abs() } else { top };
    }
    top
}

/// Wraps to 16 bits; reports what is beyond the margin.
fn wrap(acc: &mut [f32], mut report: impl FnMut(usize, f32)) {
    for (output, a) in acc.iter_mut().enumerate() {
        if a.abs() > OVERFLOW_MARGIN {
            report(output, *a);
            *a = f32::from(*a as i32 as i16);
        }
    }
}

/// `floor(acc / 2^shift)`, and ReLU where `hidden`. (They commute: both are monotone and floor(0) = 0.)
fn shift(acc: &mut [f32], scale: f32, form: Form) {
    let least = if form.hidden { 0.0 } else { f32::NEG_INFINITY };
    for a in acc.iter_mut() {
        let y = if *a > least { *a } else { least } * scale;
        *a = if form.relaxed { y } else { floor(y) };
    }
}

/// Some rows of a layer's weights, for one thread to update.
struct Rows<'a> {
    inputs: Range<usize>,
    outputs: usize,
    parts: &'a [Part<'a, Cpu>],
    grid: Grid,
    values: &'a mut [f32],
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    l1: &'a [f32],
}

impl<'a> Rows<'a> {
    /// At most `threads` parts of about the same size.
    fn split(update: &'a mut WeightUpdate<'_, Cpu>, threads: usize) -> impl Iterator<Item = Self> {
        let (inputs, outputs, parts) = (update.inputs, update.outputs, update.parts.as_slice());
        let rows = threads::share(inputs, threads);
        let Parameters { values, gradient, first, second, grid } = &mut *update.parameters;
        let slices = (values.chunks_mut(rows * outputs).zip(gradient.chunks_mut(rows * outputs)))
            .zip(first.chunks_mut(rows * outputs).zip(second.chunks_mut(rows * outputs)))
            .zip(update.l1.chunks(rows));
        let grid = *grid;
        slices.zip((0..).step_by(rows)).map(move |((((values, gradient), (first, second)), l1), start)| {
            let inputs = start..(start + rows).min(inputs);
            Self { inputs, outputs, parts, grid, values, gradient, first, second, l1 }
        })
    }

    fn update(self, step: Step) {
        self.gradient.fill(0.0);
        for part in self.parts {
            add_gradient(part, self.inputs.clone(), self.outputs, self.gradient);
        }
        let width = self.outputs;
        let parameters = self.values.chunks_exact_mut(width).zip(self.gradient.chunks_exact(width));
        let moments = self.first.chunks_exact_mut(width).zip(self.second.chunks_exact_mut(width));
        let grid = self.grid;
        for (((values, gradient), (first, second)), l1) in parameters.zip(moments).zip(self.l1) {
            let moments = first.iter_mut().zip(second);
            for ((w, g), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
                let g = g * grid.scale + l1.copysign(*w);
                *w = grid.kept(step.update(*w, g, first, second));
            }
        }
    }
}

/// `gradient += xᵀ·δ` for some inputs.
fn add_gradient(part: &Part<Cpu>, inputs: Range<usize>, outputs: usize, gradient: &mut [f32]) {
    match part.x {
        Given::Encoded(columns) => {
            for (input, gradient) in inputs.zip(gradient.chunks_exact_mut(outputs)) {
                for &(row, value) in columns.of(input) {
                    let row = usize::from(row) * outputs;
                    for (g, d) in gradient.iter_mut().zip(&part.delta[row..row + outputs]) {
                        *g += value * d;
                    }
                }
            }
        }
        Given::Array(x) => {
            let x = gemm::Matrix::new(x, part.rows, x.len() / part.rows);
            let delta = gemm::Matrix::new(part.delta, part.rows, outputs);
            gemm::multiply(x.part(inputs).transposed(), delta, true, gradient);
        }
    }
}

/// A chunk's sparse inputs by column: for each input, the steps that have it.
#[derive(Debug, Default)]
pub(crate) struct Columns {
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
