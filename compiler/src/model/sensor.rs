//! What networks on numbers read and answer: readings of sensors, labels and numbers.

use super::network::Shape;
use super::trees::threshold;
use crate::arithmetic::network::{Bytes, Fault, Given, Line, Linear, given, measure, rank};

/// Most digits behind the point that count.
pub const MAX_DECIMALS: u8 = 6;

/// A float that can be compared: it says what integers stand for, and no program computes with it.
#[derive(Debug, Clone, Copy)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

/// What an integer `q` stands for: `(q - zero) · scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantization {
    pub scale: Real,
    pub zero: i16,
}

/// Readings of sensors: a line of numbers, or bytes that a caller hands over.
///
/// A line is read as docs/semantics.md says ([`crate::arithmetic::network::measure`]): each number becomes an integer in
/// units of its last digit, that a byte by `scaling` or by its rank among `ranks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensors {
    /// A name for each value, or none at all.
    pub inputs: Vec<String>,
    /// Values in order: rows from above, places from the left, the channels of a place one after the other. With `ranks`: the bytes
    /// that values become, one after the other.
    pub shape: Shape,
    /// Digits behind the point that count (0 to 6).
    pub decimals: u8,
    /// From a reading in units of the last digit to the byte, before it is cut to 8 bits: one for each value, or one for
    /// all of them.
    pub scaling: Vec<Linear>,
    /// What the bytes stand for, for those who have floats: one for each value, or one for all of them.
    pub quantization: Vec<Quantization>,
    /// 32-bit floats, rising: a list for each value, or none at all. With them the byte of a value is -128 and one for each of its
    /// list that the value is above, and there is no `scaling` and no `quantization`. A value has a byte for each 255 of its list.
    pub ranks: Vec<Vec<Real>>,
}

/// How readings become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling<'a> {
    /// By a line each, or one for all.
    Lines(&'a [Linear]),
    /// By their ranks among these.
    Ranks(&'a [Vec<Real>]),
}

impl Sensors {
    /// How its readings become bytes.
    pub fn scaling(&self) -> Scaling<'_> {
        match self.ranks.as_slice() {
            [] => Scaling::Lines(&self.scaling),
            ranks => Scaling::Ranks(ranks),
        }
    }

    /// Numbers of a line, which are as many as `inputs` has names: the bytes of `shape`, or fewer where values have several bytes.
    pub fn numbers(&self) -> usize {
        match self.scaling() {
            Scaling::Lines(_) => self.shape.len(),
            Scaling::Ranks(ranks) => ranks.len(),
        }
    }

    /// Thresholds of readings in units of their last digit, for each value: its rank is how many of them it is above. Empty
    /// where readings are scaled.
    pub fn thresholds(&self) -> Vec<Vec<i32>> {
        let all = |list: &Vec<Real>| list.iter().map(|t| threshold(t.0 as f32, self.decimals)).collect();
        self.ranks.iter().map(all).collect()
    }

    /// What a line holds.
    pub fn measure(&self, line: &[u8]) -> Line {
        let count = self.shape.len();
        match self.scaling() {
            Scaling::Lines(lines) => measure(line, self.decimals, Bytes::Lines(lines), count),
            Scaling::Ranks(_) => measure(line, self.decimals, Bytes::Ranks(&self.thresholds()), count),
        }
    }

    /// What a line holds before readings become bytes: what is handed over where a program calls the network. `None`: no character.
    ///
    /// # Errors
    /// Why it is no line for this network.
    pub fn given(&self, line: &[u8]) -> Result<Option<Given>, Fault> {
        given(line, self.decimals, self.numbers(), self.shape.len())
    }

    /// What the byte of value `i` stands for; `None` where bytes are ranks.
    pub fn stands_for(&self, i: usize) -> Option<Quantization> {
        match self.scaling() {
            Scaling::Lines(_) => Some(self.quantization[i % self.quantization.len()]),
            Scaling::Ranks(_) => None,
        }
    }

    /// The bytes of numbers, for those who have floats: the nearest integer of a 32-bit quotient, halves away from zero or
    /// to even, and the zero point. Ranks are those of 32-bit floats.
    pub fn bytes(&self, values: &[f64], to_even: bool) -> Vec<i8> {
        if let Scaling::Ranks(ranks) = self.scaling() {
            let all = values.iter().zip(ranks);
            return all.flat_map(|(&value, list)| rank(list, move |t| value as f32 > t.0 as f32)).collect();
        }
        let one = |(i, &value): (usize, &f64)| {
            let Quantization { scale, zero } = self.quantization[i % self.quantization.len()];
            let steps = value as f32 / scale.0 as f32;
            let steps = if to_even { steps.round_ties_even() } else { steps.round() };
            (steps + f32::from(zero)).clamp(-128.0, 127.0) as i8
        };
        values.iter().enumerate().map(one).collect()
    }

    /// The line that gives exactly these bytes: `#` and the integers.
    pub fn line(values: &[i8]) -> String {
        let texts: Vec<String> = values.iter().map(i8::to_string).collect();
        format!("#{}", texts.join(","))
    }
}

/// The label of the largest output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// One an output, no two the same: printable ASCII, 1 to 255 of it.
    pub labels: Vec<String>,
    /// The answer is `?` where the largest output is not at least so much above each of the others; 0 for never.
    pub margin: u8,
    /// What outputs stand for.
    pub output: Quantization,
    /// What makes probabilities of outputs, for those who ask: no program computes it.
    pub softmax: Option<Softmax>,
}

/// Softmax on bytes, as the reference kernels of TensorFlow Lite have it: [`crate::arithmetic::softmax`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    pub multiplier: i32,
    pub shift: i8,
}

/// The outputs themselves, as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// A name for each output, or none at all.
    pub names: Vec<String>,
    /// Digits behind the point (0 to 6).
    pub decimals: u8,
    /// From the output to the number in units of its last digit: one for each output, or one for all of them.
    pub format: Vec<Linear>,
    /// What outputs stand for.
    pub output: Quantization,
}
