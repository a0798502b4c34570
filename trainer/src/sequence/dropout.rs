//! Which values of a layer's result are left out in training: a function of the seed and of where a value stands, so that the way
//! back, and another device, leave out the same ones.
//!
//! Values are numbered from the first one of a chunk. SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195) of that number says
//! whether a value stays.

use super::chunk::GROUPS;

/// What a value's number, and that of its layer, count in the generator's state.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
pub(crate) const LAYER: u64 = 0xd1b5_4a32_d192_ed03;
/// The generator's two multiplications, each behind the exclusive or with the state shifted right by so many bits.
pub(crate) const MIXED: [(u32, u64); 2] = [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)];

/// What is left out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dropout {
    /// Share that is left out.
    pub rate: f32,
    pub seed: u64,
}

impl Dropout {
    /// What a group of a batch leaves out.
    pub(crate) fn of_group(self, number: usize) -> Self {
        Self { seed: self.seed.wrapping_mul(GROUPS as u64).wrapping_add(number as u64), ..self }
    }

    /// What values that stay are multiplied by.
    pub(crate) fn factor(self) -> f32 {
        1.0 / (1.0 - self.rate)
    }

    /// A value is left out where the upper 32 bits of its number are below this.
    pub(crate) fn limit(self) -> u64 {
        (f64::from(self.rate) * 4_294_967_296.0) as u64
    }

    /// Leaves values out, and makes the others larger. `layer`: another number for each use in a pass.
    pub(crate) fn apply(self, layer: usize, x: &mut [f32]) {
        if self.rate == 0.0 {
            return;
        }
        let (factor, limit) = (self.factor(), self.limit());
        let seed = self.seed.wrapping_add((layer as u64).wrapping_mul(LAYER));
        for (x, i) in x.iter_mut().zip(0u64..) {
            let mut z = seed.wrapping_add(i.wrapping_mul(STEP));
            for (shift, times) in MIXED {
                z = (z ^ (z >> shift)).wrapping_mul(times);
            }
            *x *= if z >> 32 < limit { 0.0 } else { factor };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::sum;

    #[test]
    fn its_share_is_left_out_and_the_mean_stays() {
        let mut x = vec![1.0f32; 100_000];
        Dropout { rate: 0.25, seed: 9 }.apply(3, &mut x);
        let kept = x.iter().filter(|&&v| v != 0.0).count() as f64 / x.len() as f64;
        assert!((kept - 0.75).abs() < 0.01 && (sum(&x) / 1e5 - 1.0).abs() < 0.01, "{kept}");
        let mut same = vec![1.0f32; 100_000];
        Dropout::default().apply(3, &mut same);
        assert!(same.iter().all(|&v| v == 1.0));
    }
}
