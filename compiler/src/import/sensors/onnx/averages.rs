//! Means of windows of bytes as ONNX Runtime computes them (`QLinearAveragePool`): each value as a 32-bit float, added up one after
//! the other, divided by their number and by the scale, the zero point added, rounded to even. And a sum of integers that gives the same.

use crate::import::sensors::scale::{Limits, multiplier};
use crate::model::{Requantization, Rounding};

/// A mean of so many values.
#[derive(Debug, Clone, Copy)]
pub struct Averages {
    pub count: usize,
    /// Scales and zero points of what goes in and comes out, those of bytes with a sign.
    pub input: (f32, i16),
    pub output: (f32, i16),
    /// The file's bytes have no sign.
    pub is_unsigned: bool,
}

impl Averages {
    /// What is added to a sum of `x - zero`, and what becomes of it. `None` where no sum of integers says what ONNX Runtime
    /// gives: every sum is tried.
    pub fn integers(&self) -> Option<(i32, Requantization)> {
        let Self { count, input: (scale, from), output: (to_scale, zero), .. } = *self;
        let factor = multiplier((scale / (to_scale * count as f32)).into());
        let of = |zero| {
            let limits = Limits { zero, ..Limits::of(0) };
            limits.requantization(Rounding::OnnxRuntime.steps(), std::iter::once(factor))
        };
        // Where sums lie in the middle between two bytes, the zero point must be among what is rounded.
        let more = f64::from(zero) * count as f64 * f64::from(to_scale) / f64::from(scale);
        let within = (more.fract() == 0.0 && more.abs() < 1e8).then(|| (more as i32, of(0)));
        let (least, most) = (-128 - i32::from(from), 127 - i32::from(from));
        let count = count as i32;
        let is_right = |(bias, requantization): &(i32, Requantization)| {
            (least * count..=most * count)
                .all(|sum| self.at(sum) == Some(requantization.at(0, sum.saturating_add(*bias))))
        };
        [Some((0, of(zero))), within].into_iter().flatten().find(is_right)
    }

    /// The byte with a sign for a sum of `x - zero`. `None` where it depends on how the sum comes about.
    fn at(&self, sum: i32) -> Option<i32> {
        let Self { count, input: (scale, _), output: (to_scale, zero), is_unsigned } = *self;
        let half = if is_unsigned { 128 } else { 0 };
        let zero = i32::from(zero) + half;
        let byte = |value: f64| (value.clamp(-1e6, 1e6) as i32 - half).clamp(-128, 127);
        if self.is_exact() {
            let mean = sum as f32 * scale / count as f32;
            return Some(byte((mean / to_scale + zero as f32).round_ties_even().into()));
        }
        let ratio = f64::from(scale) / f64::from(to_scale);
        let value = f64::from(sum) * ratio / count as f64 + f64::from(zero);
        // Each product is off by 2^-24 of the largest value at most, the sum of the first k by as much of k of them. Behind that values
        // are below 384, or cut: two quotients are off by as much of those, the last sum of 256.
        let (from, count) = (i32::from(self.input.1), count as f64);
        let largest = f64::from((128 + from).max(127 - from)) * ratio;
        let off = (largest * ((count + 1.0) / 2.0 + 1.0) + 2.0 * 384.0 + 256.0) / 16_777_216.0;
        let (low, high) = (byte((value - off).round_ties_even()), byte((value + off).round_ties_even()));
        (low == high).then_some(low)
    }

    /// Whether no sum of such floats is rounded: the largest one fits 24 bits, in units of the last bit of the scale.
    fn is_exact(&self) -> bool {
        let mantissa = u64::from(self.input.0.to_bits() & 0x7f_ffff | 0x80_0000);
        let digits = mantissa >> mantissa.trailing_zeros();
        digits.saturating_mul(255 * self.count as u64) < 1 << 24
    }
}
