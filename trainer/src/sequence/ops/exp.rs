//! The exponential of a vector of floats, without branches: a compiler makes vector instructions of a loop over it.

use crate::rounding::MAGIC;

/// e^x for x from -87 to 87, of anything further out that of the end; relative error below 2e-7.
///
/// `x = n·ln 2 + r` with |r| ≤ ln 2 / 2; e^r by the polynomial of Cephes (`expf`), 2^n by its exponent. Only additions and
/// multiplications in a fixed order: the same bits everywhere.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let x = if x > -87.0 { x } else { -87.0 };
    let x = if x < 87.0 { x } else { 87.0 };
    // Behind this sum the low bits are the nearest whole number: a conversion would not be vectorized.
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * HIGH - n * LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let p = p * r * r + r + 1.0;
    // n is -126 to 126: the exponent of a normal number.
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_the_exponential_everywhere() {
        let mut x = -86.9f32;
        while x < 86.9 {
            let wants = f64::from(x).exp();
            assert!((f64::from(exp(x)) / wants - 1.0).abs() < 3e-7, "{x}: {} for {wants}", exp(x));
            x += 0.0137;
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e9), exp(-87.0));
        assert!(exp(1e9).is_finite() && exp(f32::NAN).is_finite());
        assert!((sigmoid(0.0) - 0.5).abs() < 1e-7 && sigmoid(-100.0) >= 0.0 && sigmoid(100.0) == 1.0);
    }
}
