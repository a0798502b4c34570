//! The sum of two tensors of bytes as ONNX Runtime computes it on x86-64: in 32-bit floats, by two products that are added
//! without rounding in between (`MlasQLinearAddS8KernelAvx2`). And integers that give the same for every pair of bytes.

use crate::model::{Requantization, Steps};

/// Largest quotient of the scales. Its floats stay far within 32-bit integers, so that nothing wraps there.
const MOST_RATIO: f32 = 16_384.0;
/// How far from the nearest one an entry may be.
const MOST_AWAY: i32 = 64;

/// A sum.
#[derive(Debug, Clone, Copy)]
pub struct Addition {
    /// Scales of the two sides as multiples of the output's.
    ratios: [f32; 2],
    /// What is added to the two products: all three zero points.
    fixed: f32,
    /// By how much the file's bytes are larger than those with a sign.
    half: i32,
}

impl Addition {
    /// By scales and zero points, those of bytes with a sign; `is_unsigned`: the file's bytes have none.
    pub fn new(sides: [(f32, i16); 2], output: (f32, i16), is_unsigned: bool) -> Self {
        let half = if is_unsigned { 128 } else { 0 };
        let zero = |(_, zero): (f32, i16)| (i32::from(zero) + half) as f32;
        let ratios = sides.map(|(scale, _)| scale / output.0);
        // The wheel's compiler has made one step of the first product and the sum.
        let less = ratios[0].mul_add(zero(sides[0]), ratios[1] * zero(sides[1]));
        Self { ratios, fixed: zero(output) - less, half }
    }

    /// What a byte with a sign of the second side gives, with what is fixed.
    fn second(&self, b: i32) -> f32 {
        ((b + self.half) as f32).mul_add(self.ratios[1], self.fixed)
    }

    /// The byte with a sign for a byte of the first side, and what one of the second gives.
    fn at(&self, a: i32, second: f32) -> i32 {
        let sum = ((a + self.half) as f32).mul_add(self.ratios[0], second).round_ties_even();
        (sum as i32 - self.half).clamp(-128, 127)
    }

    /// Entries for the bytes of both sides, first for 0 to 127, and what makes bytes of the sums of two: `Steps::Even`, which
    /// rounds a sum to 24 bits as a float is.
    ///
    /// The entries are the two sides in a fixed unit, to the nearest. That alone is not always right: an entry of the
    /// second side is the nearest one with which all 256 pairs are. So every result is compared with that in floats; `None` where
    /// there are no such entries.
    pub fn integers(&self) -> Option<([Vec<i32>; 2], Requantization)> {
        let is_small = |ratio: &f32| *ratio > 0.0 && *ratio <= MOST_RATIO;
        if !self.ratios.iter().all(is_small) {
            return None;
        }
        // Around 0 on the first side: what it has more is the second one's.
        let ratio = f64::from(self.ratios[0]);
        let middle = f64::from(self.half) * ratio;
        let first = |a: i32| f64::from(a) * ratio;
        let second = |b: i32| f64::from(self.second(b)) + middle;
        let ends = [first(-128), first(127), second(-128), second(127)];
        let most = ends.into_iter().map(f64::abs).fold(1.0, f64::max);
        // Entries below 2^28, with room to move.
        let bits = (28 - most.log2().ceil() as i32).min(22);
        let unit = 2f64.powi(bits);
        let requantization = Requantization {
            steps: Steps::Even,
            // 2^30 · 2^(1 - bits - 31) is 2^-bits.
            multipliers: vec![1 << 30],
            shifts: vec![(1 - bits) as i8],
            zero: -(self.half as i16),
            least: -128,
            most: 127,
        };
        let nearest = |x: f64| (x * unit).round() as i32;
        let firsts: Vec<i32> = bytes().map(|a| nearest(first(a))).collect();
        let fits = |b: i32, entry: i32| {
            let second = self.second(b);
            bytes().zip(&firsts).all(|(a, first)| requantization.at(0, first + entry) == self.at(a, second))
        };
        let one = |b: i32| {
            let near = (0..=MOST_AWAY).flat_map(|n| [n, -n]);
            near.map(|n| nearest(second(b)) + n).find(|&entry| fits(b, entry))
        };
        let seconds: Vec<i32> = bytes().map(one).collect::<Option<_>>()?;
        Some(([firsts, seconds], requantization))
    }
}

/// All bytes, those from 0 on first.
fn bytes() -> impl Iterator<Item = i32> {
    (0..=255u8).map(|byte| i32::from(byte as i8))
}
