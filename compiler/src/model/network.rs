//! Networks on numbers: what TensorFlow Lite and ONNX have as graphs of tensors of 8-bit integers.
//!
//! Tensor 0 is what the reader gives; operator `i`, counted from 0, gives tensor `i + 1`, of the operators before it. The
//! last tensor is what the answer takes. docs/semantics.md says what each operator computes, to the bit.

use super::sensor::Quantization;
use super::trees::Trees;
use crate::arithmetic::network::{Steps, step};

/// Most operators.
pub const MAX_OPERATORS: usize = 128;
/// Most elements of a tensor.
pub const MAX_ELEMENTS: usize = 16_384;

/// Height, width and channels of a tensor. A vector is one place of many channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub const fn vector(len: usize) -> Self {
        Self { height: 1, width: 1, channels: len }
    }

    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Whose arithmetic is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// TensorFlow Lite for Microcontrollers: sums are multiplied in integers and rounded twice.
    #[default]
    Tflm,
    /// The reference kernels of LiteRT, as TensorFlow Lite is called now: the same, but sums of dense layers are rounded
    /// once.
    Builtin,
    /// XNNPACK, by which the interpreter of TensorFlow Lite computes unless told otherwise: sums are multiplied as 32-bit
    /// floats and rounded to even.
    Xnnpack,
    /// ONNX Runtime on a CPU: the same for products.
    OnnxRuntime,
}

impl Rounding {
    pub const ALL: [Self; 4] = [Self::Tflm, Self::Builtin, Self::Xnnpack, Self::OnnxRuntime];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tflm => "tflm",
            Self::Builtin => "builtin",
            Self::Xnnpack => "xnnpack",
            Self::OnnxRuntime => "onnxruntime",
        }
    }

    /// How it makes bytes of the sums of dense layers.
    pub fn dense(self) -> Steps {
        match self {
            Self::Builtin => Steps::Up,
            other => other.steps(),
        }
    }

    /// How it makes bytes of all other sums.
    pub fn steps(self) -> Steps {
        match self {
            Self::Tflm | Self::Builtin => Steps::Twice,
            Self::Xnnpack | Self::OnnxRuntime => Steps::Even,
        }
    }
}

/// From sums of 32 bits to an output: `clamp(step(sum) + zero, least, most)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requantization {
    pub steps: Steps,
    /// A multiplier for each channel, or one for all of them, none of them negative. Most are 2^30 or more; that of a
    /// mean may be less.
    pub multipliers: Vec<i32>,
    /// As many shifts, -31 to 30.
    pub shifts: Vec<i8>,
    pub zero: i16,
    pub least: i16,
    pub most: i16,
}

impl Requantization {
    /// Whether its outputs are bytes; they have 16 bits otherwise, which only the last operator's may.
    pub fn is_bytes(&self) -> bool {
        self.least >= -128 && self.most <= 127
    }

    /// What it makes of the sum of element `i`.
    pub fn at(&self, i: usize, sum: i32) -> i32 {
        let (multiplier, shift) = self.of(i);
        let value = i64::from(step(sum, multiplier, shift, self.steps)) + i64::from(self.zero);
        value.clamp(self.least.into(), self.most.into()) as i32
    }

    /// Why it would be no function that never falls, if so.
    pub fn problem(&self) -> Option<String> {
        let (multipliers, shifts) = (self.multipliers.len(), self.shifts.len());
        if multipliers == 0 || multipliers != shifts {
            return Some(format!("has {multipliers} multipliers and {shifts} shifts"));
        }
        if let Some(m) = self.multipliers.iter().find(|&&m| m < 0) {
            return Some(format!("multiplies with {m}"));
        }
        if let Some(shift) = self.shifts.iter().find(|shift| !(-31..=30).contains(*shift)) {
            return Some(format!("shifts by {shift}"));
        }
        (self.least > self.most).then(|| format!("cuts to {}..{}", self.least, self.most))
    }

    /// Multiplier and shift of element `i`.
    pub fn of(&self, i: usize) -> (i32, i8) {
        let channel = i % self.multipliers.len();
        (self.multipliers[channel], self.shifts[channel])
    }
}

/// A window that goes over the places of a tensor. Places that it has outside are padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub input: Shape,
    /// Height and width.
    pub kernel: [usize; 2],
    /// Rows and places from one position to the next.
    pub stride: [usize; 2],
    /// Rows of padding above and places of padding to the left.
    pub before: [usize; 2],
    /// How many positions there are below and beside each other.
    pub output: [usize; 2],
}

impl Window {
    /// The window that shows all of a tensor at once.
    pub fn whole(input: Shape) -> Self {
        let kernel = [input.height, input.width];
        Self { input, kernel, stride: [1, 1], before: [0, 0], output: [1, 1] }
    }

    /// Places of the input that the window shows at a position, each with its place in the window: `(ky, kx, y, x)`.
    pub fn places(self, row: usize, col: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let inside = move |k: usize, at: usize, axis: usize, size: usize| {
            (at * self.stride[axis] + k).checked_sub(self.before[axis]).filter(|&p| p < size)
        };
        (0..self.kernel[0]).flat_map(move |ky| {
            let y = inside(ky, row, 0, self.input.height);
            (0..self.kernel[1]).filter_map(move |kx| {
                let x = inside(kx, col, 1, self.input.width)?;
                y.map(|y| (ky, kx, y, x))
            })
        })
    }

    /// Whether any position shows padding.
    pub fn is_padded(self) -> bool {
        (0..2).any(|axis| {
            let size = [self.input.height, self.input.width][axis];
            let last = (self.output[axis].max(1) - 1) * self.stride[axis] + self.kernel[axis];
            self.before[axis] > 0 || last > size
        })
    }
}

/// What is made of the bytes of a channel that a window shows. Padding is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The largest one.
    Max,
    /// Their sum divided by their number, rounded to the nearest, halves away from zero.
    Average,
    /// Their sum, in 32 bits.
    Sum,
}

/// One operator of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// For people and labels: printable ASCII without spaces, at most 40 characters.
    pub name: String,
    /// Of the tensor that it gives.
    pub shape: Shape,
    pub kind: Kind,
    /// What its outputs stand for.
    pub output: Quantization,
}

/// What an operator computes. `input` and the like are numbers of tensors; `zero` is the input that stands for 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Each output is `Σ w·(x - zero) + bias`, requantized. Weights are `[outputs, inputs]`, row by row.
    Dense { input: usize, zero: i16, weights: Vec<i8>, bias: Vec<i32>, requantization: Requantization },
    /// The same at each position of a window: of the channels of one group, of which there are `groups` (as many as
    /// channels for a depthwise convolution). Weights are `[outputs, kernel height, kernel width, channels of a group]`.
    Convolution {
        input: usize,
        zero: i16,
        window: Window,
        groups: usize,
        weights: Vec<i8>,
        bias: Vec<i32>,
        requantization: Requantization,
    },
    /// The largest or the mean of the bytes that a window shows, a channel each.
    Pool { input: usize, window: Window, pooling: Pooling },
    /// `Σ (x - zero)` of each channel over all places, requantized.
    Mean { input: usize, zero: i16, requantization: Requantization },
    /// The sum of what two tensors of one shape give as terms, requantized.
    Add { terms: [Term; 2], requantization: Requantization },
    /// The sum of what two tensors of one shape have in tables, requantized: 256 values for each, first for the bytes 0 to 127,
    /// then for -128 to -1.
    Sum { inputs: [usize; 2], tables: Box<[Vec<i32>; 2]>, requantization: Requantization },
    /// What 256 bytes have for each byte: first for 0 to 127, then for -128 to -1.
    Table { input: usize, values: Vec<i8> },
    /// What trees vote, in 16 bits: the last operator only.
    Trees { input: usize, trees: Trees },
}

/// One side of a sum: `step((x - zero) << left)` by its own multiplier and shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub input: usize,
    pub zero: i16,
    /// 0 to 20.
    pub left: u8,
    pub steps: Steps,
    pub multiplier: i32,
    pub shift: i8,
}

impl Term {
    /// What it gives for a byte.
    pub fn at(&self, x: i32) -> i32 {
        step((x - i32::from(self.zero)) << self.left, self.multiplier, self.shift, self.steps)
    }
}

/// The arithmetic of a network, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Whose results these are, for people: the operators say how they round.
    pub rounding: Rounding,
    /// In the order in which they run, 1 to 128.
    pub operators: Vec<Operator>,
}

impl Network {
    /// The shape of a tensor.
    pub fn shape(&self, input: Shape, tensor: usize) -> Shape {
        tensor.checked_sub(1).map_or(input, |at| self.operators[at].shape)
    }

    /// All weights, an operator after the other.
    pub fn weights(&self) -> impl Iterator<Item = &[i8]> {
        self.operators.iter().map(|operator| operator.kind.weights())
    }
}

impl Kind {
    /// Its weights, none where it has none.
    pub fn weights(&self) -> &[i8] {
        match self {
            Self::Dense { weights, .. } | Self::Convolution { weights, .. } => weights,
            Self::Pool { .. }
            | Self::Mean { .. }
            | Self::Add { .. }
            | Self::Sum { .. }
            | Self::Table { .. }
            | Self::Trees { .. } => &[],
        }
    }

    /// Numbers of the tensors that it takes.
    pub fn inputs(&self) -> Vec<usize> {
        match self {
            Self::Dense { input, .. }
            | Self::Convolution { input, .. }
            | Self::Pool { input, .. }
            | Self::Mean { input, .. }
            | Self::Table { input, .. }
            | Self::Trees { input, .. } => vec![*input],
            Self::Add { terms, .. } => terms.iter().map(|term| term.input).collect(),
            Self::Sum { inputs, .. } => inputs.to_vec(),
        }
    }

    /// How its sums become outputs.
    pub fn requantization(&self) -> Option<&Requantization> {
        match self {
            Self::Dense { requantization, .. }
            | Self::Convolution { requantization, .. }
            | Self::Mean { requantization, .. }
            | Self::Add { requantization, .. }
            | Self::Sum { requantization, .. } => Some(requantization),
            Self::Pool { .. } | Self::Table { .. } | Self::Trees { .. } => None,
        }
    }

    /// Whether its outputs have 16 bits, which only the last operator's may.
    pub fn gives_words(&self) -> bool {
        match self {
            Self::Trees { .. } => true,
            other => other.requantization().is_some_and(|r| !r.is_bytes()),
        }
    }

    /// The operator's name in the field: what people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Convolution { groups: 1, .. } => "convolution",
            Self::Convolution { .. } => "depthwise convolution",
            Self::Pool { pooling: Pooling::Average, .. } => "average pool",
            Self::Pool { .. } => "max pool",
            Self::Mean { .. } => "mean",
            Self::Add { .. } | Self::Sum { .. } => "add",
            Self::Table { .. } => "table",
            Self::Trees { .. } => "trees",
        }
    }
}
