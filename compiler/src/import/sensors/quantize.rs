//! Post-training quantization: a network of floats, and the ranges that its values have on examples, become integers.
//!
//! - Values of tensors get 8 bits: of their range, from 0 on behind a ReLU. Those that the network ends with get 16, of which
//!   some 12 are used, so that labels do not tie.
//! - A value that the network reads has a range of its own, which the first layer's weights know: so features of any size
//!   cost nothing. A scaler in front goes into them as well.
//! - Each row of weights gets 8 bits. In dense layers its unit is the output's unit, halved a whole number of times: what
//!   makes bytes of sums is a shift. Convolutions have more outputs than weights, and need those 8 bits: their units are the
//!   finest.

use super::data::Examples;
use super::error::NetworkProblem;
use super::float::{FloatKind, FloatNetwork, FloatOperator};
use super::names::Namer;
use super::outcome::{Ending, Outcome, Source};
use super::scale::{Limits, Side, addition, multiplier};
use super::table::{self, Curve};
use crate::model::{
    Kind, Network, Operator, Pooling, Quantization, Real, Requantization, Rounding, Steps, Window,
};

/// Largest magnitude of an output of 16 bits on the examples.
const LARGEST: f64 = 2047.0;
/// Most rows that ranges are measured on.
const ROWS: usize = 2000;

/// What the bytes of a tensor stand for.
#[derive(Debug, Clone, Copy)]
struct Scale {
    step: f64,
    zero: i16,
}

impl Scale {
    /// For values from `least` to `most`; 0 is a value.
    fn of(least: f64, most: f64) -> Self {
        let (least, most) = (least.min(0.0), most.max(0.0));
        let step = ((most - least) / 255.0).max(1e-9);
        let zero = (-128.0 - least / step).round().clamp(-128.0, 127.0) as i16;
        Self { step, zero }
    }

    fn quantization(self) -> Quantization {
        Quantization { scale: Real(self.step), zero: self.zero }
    }
}

/// Least and largest value.
#[derive(Debug, Clone, Copy)]
struct Range(f64, f64);

impl Range {
    const NONE: Self = Self(f64::INFINITY, f64::NEG_INFINITY);

    fn with(self, value: f64) -> Self {
        Self(self.0.min(value), self.1.max(value))
    }
}

/// Quantizes a network by examples of what it reads.
///
/// # Errors
/// Examples without numbers; a value that is no number; operators in a place that this does not know.
pub fn quantize(float: &FloatNetwork, data: &Examples) -> Result<Outcome, NetworkProblem> {
    let ranges = Ranges::measure(float, data)?;
    let mut maker =
        Maker { float, scales: vec![ranges.input()], operators: Vec::new(), namer: Namer::default(), ranges };
    if !maker.reads_each() && maker.factor().is_none() {
        let what = "a scaler in front of anything but a dense layer, other than one factor for all values";
        return Err(NetworkProblem::Data(what.into()));
    }
    for at in 0..float.operators.len() {
        maker.operator(at)?;
    }
    maker.end(data)
}

/// What was seen.
struct Ranges {
    /// Of each value that the network reads, as it is given.
    values: Vec<Range>,
    /// Of each tensor.
    tensors: Vec<Range>,
}

impl Ranges {
    fn measure(float: &FloatNetwork, data: &Examples) -> Result<Self, NetworkProblem> {
        let mut values = vec![Range::NONE; data.width];
        let mut tensors = vec![Range::NONE; float.operators.len() + 1];
        // Spread over all rows, which may stand in the order of their labels.
        let stride = data.rows.div_ceil(ROWS);
        for row in (0..data.rows).step_by(stride) {
            let Some(given) = data.reals(row) else {
                return Err(NetworkProblem::Data("x has bytes, not what they stand for".into()));
            };
            values.iter_mut().zip(given).for_each(|(range, &x)| *range = range.with(x));
            for (range, tensor) in tensors.iter_mut().zip(float.run(given)) {
                *range = tensor.iter().fold(*range, |range, &x| range.with(x.into()));
            }
        }
        let all = values.iter().chain(&tensors);
        match all.copied().any(|Range(least, most)| !least.is_finite() || !most.is_finite()) {
            true => {
                Err(NetworkProblem::Data("the network computes something that is no number on them".into()))
            }
            false => Ok(Self { values, tensors }),
        }
    }

    fn input(&self) -> Scale {
        Scale::of(self.tensors[0].0, self.tensors[0].1)
    }
}

struct Maker<'a> {
    float: &'a FloatNetwork,
    ranges: Ranges,
    /// Of each tensor so far.
    scales: Vec<Scale>,
    operators: Vec<Operator>,
    namer: Namer,
}

impl Maker<'_> {
    fn users(&self, tensor: usize) -> impl Iterator<Item = &FloatOperator> {
        self.float.operators.iter().filter(move |o| o.kind.inputs().contains(&tensor))
    }

    /// Whether the values that are read have a range each: then a dense layer is all that reads them.
    fn reads_each(&self) -> bool {
        let mut users = self.users(0);
        let first = users.next().map(|o| &o.kind);
        matches!(first, Some(FloatKind::Dense { .. })) && users.next().is_none()
    }

    /// Scales of the values that are read, if they have one each.
    fn features(&self) -> Vec<Scale> {
        let one = |&Range(least, most): &Range| {
            let step = ((most - least) / 255.0).max((least.abs().max(most.abs()) / 30_000.0).max(1e-9));
            Scale { step, zero: (-128.0 - least / step).round().clamp(-32_000.0, 32_000.0) as i16 }
        };
        self.ranges.values.iter().map(one).collect()
    }

    /// What the outputs of an operator stand for.
    fn scale(&self, at: usize) -> Scale {
        let Range(least, most) = self.ranges.tensors[at + 1];
        let operator = &self.float.operators[at];
        match operator.kind {
            FloatKind::Curve { curve: Curve::Tanh, .. } => Scale { step: 1.0 / 128.0, zero: 0 },
            FloatKind::Curve { curve: Curve::Sigmoid, .. } => Scale { step: 1.0 / 256.0, zero: -128 },
            // What is pooled stays between the least and the largest, and so does the unit.
            FloatKind::Pool { input, window, pooling } if !is_mean(window, pooling) => self.scales[input],
            _ => {
                // Behind these curves nothing changes any more.
                let reach = self.users(at + 1).map(|o| match o.kind {
                    FloatKind::Curve { curve: Curve::Tanh, .. } => 4.0,
                    FloatKind::Curve { curve: Curve::Sigmoid, .. } => 8.0,
                    _ => f64::INFINITY,
                });
                let reach = reach.fold(0.0, f64::max);
                let reach = if reach > 0.0 { reach } else { f64::INFINITY };
                Scale::of(least.max(-reach), most.min(reach))
            }
        }
    }

    fn is_last(&self, at: usize) -> bool {
        at + 1 == self.float.operators.len()
    }

    fn operator(&mut self, at: usize) -> Result<(), NetworkProblem> {
        let FloatOperator { kind, shape, clamp } = &self.float.operators[at];
        let is_layer = matches!(kind, FloatKind::Dense { .. } | FloatKind::Convolution { .. });
        let wide = self.is_last(at) && is_layer && self.users(at + 1).next().is_none();
        let output = if wide {
            let Range(least, most) = self.ranges.tensors[at + 1];
            Scale { step: (least.abs().max(most.abs()) / LARGEST).max(1e-9), zero: 0 }
        } else {
            self.scale(at)
        };
        let limits = limits(output, *clamp, wide);
        let kind = match kind {
            FloatKind::Dense { input, weights, bias } => {
                let each = *input == 0 && self.reads_each();
                let layer = self.rows(*input, weights, bias, output, (each, true))?;
                let requantization = layer.requantization(limits);
                Kind::Dense {
                    input: *input,
                    zero: layer.zero,
                    weights: layer.weights,
                    bias: layer.bias,
                    requantization,
                }
            }
            FloatKind::Convolution { input, window, groups, weights, bias } => {
                let layer = self.rows(*input, weights, bias, output, (false, false))?;
                let requantization = layer.requantization(limits);
                let (input, window, groups) = (*input, *window, *groups);
                let Layer { zero, weights, bias, .. } = layer;
                Kind::Convolution { input, zero, window, groups, weights, bias, requantization }
            }
            FloatKind::Pool { input, window, pooling } if is_mean(*window, *pooling) => {
                let Scale { step, zero } = self.scales[*input];
                let places = window.input.height * window.input.width;
                let factor = multiplier(step / output.step / places as f64);
                let requantization = limits.requantization(Steps::Up, std::iter::once(factor));
                Kind::Mean { input: *input, zero, requantization }
            }
            FloatKind::Pool { input, window, pooling } => {
                Kind::Pool { input: *input, window: *window, pooling: *pooling }
            }
            FloatKind::Add { inputs } => {
                let side = |&input: &usize| {
                    let Scale { step, zero } = self.scales[input];
                    Side { input, scale: step as f32, zero }
                };
                let sides = [side(&inputs[0]), side(&inputs[1])];
                let added = addition(Rounding::Tflm, sides, output.step as f32, limits);
                let (terms, requantization) = added.expect("this arithmetic has all additions");
                Kind::Add { terms, requantization }
            }
            FloatKind::Curve { input, curve } => {
                let Scale { step, zero } = self.scales[*input];
                let values = table::values(*curve, (step as f32, zero), (output.step as f32, output.zero));
                Kind::Table { input: *input, values }
            }
        };
        let name = self.namer.name(&kind);
        self.operators.push(Operator { name, shape: *shape, kind, output: output.quantization() });
        self.scales.push(output);
        Ok(())
    }

    /// Weights and biases of a layer as integers, a row for each bias.
    fn rows(
        &self,
        input: usize,
        weights: &[f32],
        bias: &[f32],
        output: Scale,
        (each, shifts): (bool, bool),
    ) -> Result<Layer, NetworkProblem> {
        let taps = weights.len() / bias.len().max(1);
        // Bytes stand for scaled values, where they have one scale.
        let scaler = self.float.scaler.as_ref().filter(|_| input == 0 && each);
        let features = if each { self.features() } else { Vec::new() };
        let common = self.scales[input];
        let mut layer = Layer { zero: if each { 0 } else { common.zero }, ..Layer::default() };
        for (row, &bias) in weights.chunks(taps).zip(bias) {
            let mut real = f64::from(bias);
            // What a step of each input adds.
            let step = |(i, &w): (usize, &f32)| {
                let w = f64::from(w);
                let w = match scaler {
                    Some((offset, scale)) => {
                        let w = w * f64::from(scale[i]);
                        real -= w * f64::from(offset[i]);
                        w
                    }
                    None => w,
                };
                w * if each { features[i].step } else { common.step }
            };
            let steps: Vec<f64> = row.iter().enumerate().map(step).collect();
            layer.push(&steps, real, output.step, shifts);
            if each {
                let first = layer.weights.len() - taps;
                let zeros = layer.weights[first..].iter().zip(&features);
                let shift: i64 = zeros.map(|(&w, f)| i64::from(w) * i64::from(f.zero)).sum();
                let last = layer.bias.last_mut().expect("it was just pushed");
                *last = i32::try_from(i64::from(*last) - shift).unwrap_or(i32::MAX);
            }
        }
        Ok(layer)
    }

    /// The factor of a scaler that only multiplies, all values with the same above 0; 1 without one.
    fn factor(&self) -> Option<f64> {
        let Some((offset, scale)) = &self.float.scaler else { return Some(1.0) };
        let first = *scale.first().filter(|first| **first > 0.0)?;
        let is_one = offset.iter().all(|o| *o == 0.0) && scale.iter().all(|s| *s == first);
        is_one.then(|| first.into())
    }

    fn end(self, data: &Examples) -> Result<Outcome, NetworkProblem> {
        let quantization = match self.reads_each() {
            true => self.features().into_iter().map(Scale::quantization).collect(),
            false => {
                let Scale { step, zero } = self.scales[0];
                vec![Scale { step: step / self.factor().unwrap_or(1.0), zero }.quantization()]
            }
        };
        let source =
            Source { names: names(&data.columns), shape: self.float.input, quantization, ranks: Vec::new() };
        let Some(output) = self.operators.last().map(|last| last.output) else {
            return Err(NetworkProblem::Inconsistent("it computes nothing".into()));
        };
        let (classifies, labels) = (self.float.classifies, self.float.labels.clone());
        let ending = Ending::of(output, classifies, labels);
        let network = Network { rounding: Rounding::Builtin, operators: self.operators };
        Ok(Outcome { source, network, ending, notes: self.float.notes.clone() })
    }
}

/// Whether a pool is the mean of all places.
fn is_mean(window: Window, pooling: Pooling) -> bool {
    pooling == Pooling::Average && window == Window::whole(window.input) && window.kernel != [1, 1]
}

/// Names of columns as a model can have them; none if one cannot be.
fn names(columns: &[String]) -> Vec<String> {
    let plain = |c: &String| -> String {
        let keep = |ch: char| if ch.is_ascii_graphic() && !",\"".contains(ch) { ch } else { '_' };
        c.chars().map(keep).take(40).collect()
    };
    let names: Vec<String> = columns.iter().map(plain).collect();
    if names.iter().any(String::is_empty) { Vec::new() } else { names }
}

/// Integers of a layer.
#[derive(Debug, Default)]
struct Layer {
    zero: i16,
    weights: Vec<i8>,
    bias: Vec<i32>,
    /// What a row's unit is of the output's, as a multiplier and a shift.
    factors: Vec<(i32, i8)>,
}

impl Layer {
    /// A row, of which each input's step adds so much, and its bias. `shifts`: its unit is the output's, halved a whole
    /// number of times.
    fn push(&mut self, steps: &[f64], bias: f64, output: f64, shifts: bool) {
        let largest = steps.iter().map(|s| s.abs()).fold(0.0, f64::max) / 127.0;
        // The finest unit in which every weight has 8 bits, and the bias 23.
        let finest = largest.max(bias.abs() / f64::from(1u32 << 22)).max(output / f64::from(1u32 << 24));
        let mut halvings = -12;
        while halvings < 24 && output * 2f64.powi(-halvings - 1) >= finest {
            halvings += 1;
        }
        let unit = if shifts { output * 2f64.powi(-halvings) } else { finest };
        let weight = |s: &f64| (s / unit).round().clamp(-127.0, 127.0) as i8;
        self.weights.extend(steps.iter().map(weight));
        self.bias.push((bias / unit).round().clamp(-1e9, 1e9) as i32);
        self.factors.push(multiplier(unit / output));
    }

    fn requantization(&self, limits: Limits) -> Requantization {
        limits.requantization(Steps::Up, self.factors.iter().copied())
    }
}

/// What outputs are cut to.
fn limits(output: Scale, (least, most): (f32, f32), wide: bool) -> Limits {
    let (lowest, highest) = if wide { (-32_768.0, 32_767.0) } else { (-128.0, 127.0) };
    let at = |value: f32| {
        (f64::from(value) / output.step + f64::from(output.zero)).round().clamp(lowest, highest) as i16
    };
    Limits { zero: output.zero, least: at(least), most: at(most) }
}
