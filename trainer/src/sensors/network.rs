//! The network of the machine: dense layers of integers, whose units are powers of two.
//!
//! A byte of a reading counts 2^-6, an activation 2^-5 (0 to 255 of them), an output 2^-6, whatever the data: scaling puts
//! readings into such a range, and layers learn to stay in it. A weight of a layer counts `2^unit`, so a shift alone makes
//! outputs of sums: `y = (sum + half) >> shift`, cut to what the output may be.

use mlc_compiler::arithmetic::network::Steps;
use mlc_compiler::model::{
    Kind, Network as Body, Operator, Quantization, Real, Requantization, Rounding, Shape,
};

/// What integers of a tensor stand for: a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit(pub i32);

impl Unit {
    /// What 1 stands for.
    pub(super) fn step(self) -> f32 {
        power(self.0)
    }
}

pub(super) const INPUT: Unit = Unit(-6);
pub(super) const ACTIVATION: Unit = Unit(-5);
pub(super) const OUTPUT: Unit = Unit(-6);

/// Largest activation.
pub(super) const MOST: i32 = 255;
/// Shifts of sums to the right that a layer may have.
pub(super) const SHIFTS: std::ops::RangeInclusive<i32> = -4..=22;

/// `2^exponent`, exactly.
pub(super) fn power(exponent: i32) -> f32 {
    f32::from_bits(((127 + exponent.clamp(-126, 127)) as u32) << 23)
}

/// A layer in integers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    pub inputs: usize,
    /// `[outputs, inputs]`, row by row.
    pub weights: Vec<i8>,
    pub bias: Vec<i32>,
    /// To the right where it is above 0.
    pub shift: i32,
}

/// A network in integers. Behind all layers but the last is a ReLU.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    pub(super) layers: Vec<Layer>,
}

impl Layer {
    /// Sums to outputs: those of a hidden layer are 0 to 255, those of the last one have 16 bits.
    fn output(&self, sum: i32, is_last: bool) -> i32 {
        let sum = i64::from(sum);
        let value = match self.shift {
            right @ 1.. => (sum + (1 << (right - 1))) >> right,
            left => sum << -left,
        };
        let (least, most) = if is_last { (-32_768, 32_767) } else { (0, i64::from(MOST)) };
        value.clamp(least, most) as i32
    }
}

impl Network {
    /// The outputs of a row; `memory` is written over.
    pub(super) fn run<'m>(&self, bytes: &[i8], memory: &'m mut Vec<i32>) -> &'m [i32] {
        memory.clear();
        memory.extend(bytes.iter().map(|&b| i32::from(b)));
        for (i, layer) in self.layers.iter().enumerate() {
            let start = memory.len();
            let is_last = i + 1 == self.layers.len();
            for (row, &bias) in layer.weights.chunks_exact(layer.inputs).zip(&layer.bias) {
                let x = &memory[start - layer.inputs..start];
                let sum = row.iter().zip(x).map(|(&w, &x)| i32::from(w) * x).sum::<i32>() + bias;
                memory.push(layer.output(sum, is_last));
            }
        }
        let outputs = self.layers.last().map_or(0, |layer| layer.bias.len());
        &memory[memory.len() - outputs..]
    }

    /// The same as operators of a model.
    pub(super) fn body(&self) -> Body {
        let operator = |(i, layer): (usize, &Layer)| {
            let is_last = i + 1 == self.layers.len();
            let (zero, least, most, unit) =
                if is_last { (0, -32_768, 32_767, OUTPUT) } else { (-128, -128, 127, ACTIVATION) };
            let requantization = Requantization {
                steps: Steps::Up,
                multipliers: vec![1 << 30],
                // `sum · 2^30 · 2^(shift - 31)`.
                shifts: vec![(1 - layer.shift) as i8],
                zero,
                least,
                most,
            };
            Operator {
                name: format!("dense{}", i + 1),
                shape: Shape::vector(layer.bias.len()),
                kind: Kind::Dense {
                    input: i,
                    zero: if i == 0 { 0 } else { -128 },
                    weights: layer.weights.clone(),
                    bias: layer.bias.clone(),
                    requantization,
                },
                output: Quantization { scale: Real(f64::from(unit.step())), zero },
            }
        };
        Body {
            rounding: Rounding::Builtin,
            operators: self.layers.iter().enumerate().map(operator).collect(),
        }
    }

    /// The network of a model that this trainer made; `None` for any other.
    pub(super) fn of(body: &Body, inputs: usize) -> Option<Self> {
        let mut layers: Vec<Layer> = Vec::new();
        for operator in &body.operators {
            let Kind::Dense { weights, bias, requantization, .. } = &operator.kind else { return None };
            let inputs = layers.last().map_or(inputs, |layer| layer.bias.len());
            let shift = 1 - i32::from(*requantization.shifts.first()?);
            layers.push(Layer { inputs, weights: weights.clone(), bias: bias.clone(), shift });
        }
        let network = Self { layers };
        // All else of it is as it is written.
        (network.body() == *body && network.layers.iter().all(|l| SHIFTS.contains(&l.shift)))
            .then_some(network)
    }
}
