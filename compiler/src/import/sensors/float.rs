//! Networks of floats, as files have them, and what they compute: what quantizing measures.

use super::table::Curve;
use crate::model::{Pooling, Shape, Window};

/// One operator; inputs are numbers of tensors, of which 0 is the network's input.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatOperator {
    pub kind: FloatKind,
    pub shape: Shape,
    /// What its outputs are cut to: an activation.
    pub clamp: (f32, f32),
}

#[derive(Debug, Clone, PartialEq)]
pub enum FloatKind {
    /// Weights are `[outputs, inputs]`.
    Dense {
        input: usize,
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    /// Weights are `[outputs, kernel height, kernel width, channels of a group]`.
    Convolution {
        input: usize,
        window: Window,
        groups: usize,
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    Pool {
        input: usize,
        window: Window,
        pooling: Pooling,
    },
    Add {
        inputs: [usize; 2],
    },
    Curve {
        input: usize,
        curve: Curve,
    },
}

/// A network of floats.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatNetwork {
    pub input: Shape,
    /// `(x - offset) · scale` of each value, in front of all else.
    pub scaler: Option<(Vec<f32>, Vec<f32>)>,
    pub operators: Vec<FloatOperator>,
    /// The file says that the largest output is the answer.
    pub classifies: bool,
    pub labels: Option<Vec<String>>,
    pub notes: Vec<String>,
}

/// No activation.
pub const FREE: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

impl FloatNetwork {
    /// All tensors, of which the first is the input behind the scaler.
    pub fn run(&self, values: &[f64]) -> Vec<Vec<f32>> {
        let scaled = |(i, &x): (usize, &f64)| match &self.scaler {
            Some((offset, scale)) => (x as f32 - offset[i]) * scale[i],
            None => x as f32,
        };
        let mut tensors = vec![values.iter().enumerate().map(scaled).collect::<Vec<f32>>()];
        for operator in &self.operators {
            let (least, most) = operator.clamp;
            let values = operator.kind.run(&tensors);
            tensors.push(values.into_iter().map(|y| y.max(least).min(most)).collect());
        }
        tensors
    }
}

impl FloatNetwork {
    /// How many numbers it gives.
    pub fn outputs(&self) -> usize {
        self.operators.last().map_or(0, |last| last.shape.len())
    }

    /// Whether what it gives are probabilities, each for itself.
    pub fn ends_with_probability(&self) -> bool {
        let last = self.operators.last();
        last.is_some_and(|last| matches!(last.kind, FloatKind::Curve { curve: Curve::Sigmoid, .. }))
    }

    /// Makes two outputs of one, for two labels: 0, and the score that the last layer gives. Their softmax is 1 - p and p, with p the
    /// sigmoid of the score, which goes if it stands behind the layer. On a tie the first label is taken, as where p is to be above
    /// a half. `None`, and nothing is changed, where the end is no layer with one output.
    pub fn split_score(&mut self) -> Option<()> {
        let probability = self.ends_with_probability();
        let last = self.operators.len().checked_sub(1 + usize::from(probability))?;
        let is_read = self.operators.get(last + 1).is_none_or(|curve| curve.kind.inputs() == [last + 1]);
        let layer = self.operators.get_mut(last).filter(|layer| is_read && layer.clamp == FREE)?;
        let FloatKind::Dense { weights, bias, .. } = &mut layer.kind else { return None };
        if bias.len() != 1 {
            return None;
        }
        *weights = [vec![0.0; weights.len()], std::mem::take(weights)].concat();
        bias.insert(0, 0.0);
        layer.shape = Shape::vector(2);
        self.operators.truncate(last + 1);
        self.classifies = true;
        Some(())
    }
}

impl FloatKind {
    pub fn inputs(&self) -> Vec<usize> {
        match self {
            Self::Dense { input, .. }
            | Self::Convolution { input, .. }
            | Self::Pool { input, .. }
            | Self::Curve { input, .. } => vec![*input],
            Self::Add { inputs } => inputs.to_vec(),
        }
    }

    fn run(&self, tensors: &[Vec<f32>]) -> Vec<f32> {
        match self {
            Self::Dense { input, weights, bias } => {
                let x = &tensors[*input];
                let row = |(row, b): (&[f32], &f32)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + b;
                weights.chunks(x.len()).zip(bias).map(row).collect()
            }
            Self::Convolution { input, window, groups, weights, bias } => {
                convolve(&tensors[*input], *window, *groups, weights, bias)
            }
            Self::Pool { input, window, pooling } => pool(&tensors[*input], *window, *pooling),
            Self::Add { inputs: [a, b] } => {
                tensors[*a].iter().zip(&tensors[*b]).map(|(a, b)| a + b).collect()
            }
            Self::Curve { input, curve } => {
                tensors[*input].iter().map(|&x| curve.at(x.into()) as f32).collect()
            }
        }
    }
}

fn convolve(x: &[f32], window: Window, groups: usize, weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let (channels, rows) = (window.input.channels, bias.len());
    let (part, per_group) = (channels / groups, rows / groups);
    let taps = window.kernel[0] * window.kernel[1] * part;
    let mut sums = Vec::new();
    for row in 0..window.output[0] {
        for col in 0..window.output[1] {
            for (o, bias) in bias.iter().enumerate() {
                let (weights, first) = (&weights[o * taps..][..taps], o / per_group * part);
                let mut sum = *bias;
                for (ky, kx, y, at) in window.places(row, col) {
                    let place = &x[(y * window.input.width + at) * channels + first..][..part];
                    let weights = &weights[(ky * window.kernel[1] + kx) * part..][..part];
                    sum += place.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>();
                }
                sums.push(sum);
            }
        }
    }
    sums
}

fn pool(x: &[f32], window: Window, pooling: Pooling) -> Vec<f32> {
    let channels = window.input.channels;
    let mut pooled = Vec::new();
    for row in 0..window.output[0] {
        for col in 0..window.output[1] {
            for channel in 0..channels {
                let place = |(_, _, y, at): (usize, usize, usize, usize)| {
                    x[(y * window.input.width + at) * channels + channel]
                };
                let shown: Vec<f32> = window.places(row, col).map(place).collect();
                pooled.push(match pooling {
                    Pooling::Max => shown.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                    Pooling::Sum => shown.iter().sum(),
                    Pooling::Average => shown.iter().sum::<f32>() / shown.len().max(1) as f32,
                });
            }
        }
    }
    pooled
}
