//! What networks on numbers read and answer: readings of sensors, labels and numbers.

use super::network::Shape;
use crate::arithmetic::network::Linear;

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
/// units of its last digit, that a byte by `scaling`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensors {
    /// A name for each value, or none at all.
    pub inputs: Vec<String>,
    /// Values in order: rows from above, places from the left, the channels of a place one after the other.
    pub shape: Shape,
    /// Digits behind the point that count (0 to 6).
    pub decimals: u8,
    /// From a reading in units of the last digit to the byte, before it is cut to 8 bits: one for each value, or one for
    /// all of them.
    pub scaling: Vec<Linear>,
    /// What the bytes stand for, for those who have floats: one for each value, or one for all of them.
    pub quantization: Vec<Quantization>,
}

impl Sensors {
    /// What the byte of value `i` stands for.
    pub fn stands_for(&self, i: usize) -> Quantization {
        self.quantization[i % self.quantization.len()]
    }

    /// The bytes of numbers, for those who have floats: the nearest integer of a 32-bit quotient, halves away from zero or
    /// to even, and the zero point.
    pub fn bytes(&self, values: &[f64], to_even: bool) -> Vec<i8> {
        let one = |(i, &value): (usize, &f64)| {
            let Quantization { scale, zero } = self.stands_for(i);
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
