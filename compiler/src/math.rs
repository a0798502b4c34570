//! Exponential, logarithm, sine and cosine that give the same bits on every machine, unlike those of the standard
//! library. All are within some 1e-15 of the true value, relative to it or to 1.

use std::f64::consts::{FRAC_PI_2, LN_2, LOG2_E};

/// `LN_2` in two parts, the first one with 32 bits, so that small multiples of it are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Half of pi in two parts, likewise.
const HALF_PI_HIGH: f64 = 1.570_796_326_734_125_6;
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;

/// `e^x`; 0 below -700, infinite above 709. NaN stays NaN.
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x < -700.0 {
        return 0.0;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    let power = nearest(x * LOG2_E);
    let rest = (x - power as f64 * LN_2_HIGH) - power as f64 * LN_2_LOW;
    // Taylor's series up to rest^13: |rest| < 0.35.
    let mut sum = 1.0;
    for n in (1..=13).rev() {
        sum = 1.0 + sum * rest / f64::from(n);
    }
    // -1010 to 1023: a normal number.
    sum * f64::from_bits(((power + 1023) as u64) << 52)
}

/// The natural logarithm of a normal number above 0; NaN for anything else.
pub fn ln(x: f64) -> f64 {
    if !(x.is_normal() && x > 0.0) {
        return f64::NAN;
    }
    let mut exponent = (x.to_bits() >> 52) as i64 - 1023;
    let mut mantissa = f64::from_bits(x.to_bits() & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // 2 · atanh(s), whose series has s < 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let mut sum = 0.0;
    for n in (0..=11).rev() {
        sum = sum * s * s + 1.0 / f64::from(2 * n + 1);
    }
    exponent as f64 * LN_2 + 2.0 * s * sum
}

/// Sine and cosine of an angle below 2^30, in radians.
pub fn sin_cos(x: f64) -> (f64, f64) {
    let quarter = nearest(x / FRAC_PI_2);
    let rest = (x - quarter as f64 * HALF_PI_HIGH) - quarter as f64 * HALF_PI_LOW;
    // Taylor's series up to rest^18: |rest| < 0.79.
    let square = rest * rest;
    let (mut sin, mut cos) = (1.0, 1.0);
    for n in (1..=8).rev() {
        let n = f64::from(2 * n);
        sin = 1.0 - sin * square / (n * (n + 1.0));
        cos = 1.0 - cos * square / (n * (n - 1.0));
    }
    sin *= rest;
    match quarter.rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The nearest whole number.
fn nearest(x: f64) -> i64 {
    (x + 0.5f64.copysign(x)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_near_the_standard_library() {
        for i in -70_000..70_000 {
            let x = f64::from(i) * 0.01 + 0.003;
            let wants = x.exp();
            assert!((exp(x) - wants).abs() <= 1e-14 * wants, "exp({x})");
            let (sin, cos) = sin_cos(x * 40.0);
            let (wants_sin, wants_cos) = (x * 40.0).sin_cos();
            assert!(
                (sin - wants_sin).abs() < 1e-11 && (cos - wants_cos).abs() < 1e-11,
                "sin_cos({})",
                x * 40.0
            );
        }
        for i in 1..100_000 {
            let x = f64::from(i) * f64::from(i) * 0.01;
            assert!((ln(x) - x.ln()).abs() < 1e-14 * (1.0 + x.ln().abs()), "ln({x})");
        }
    }

    #[test]
    fn ends_are_defined() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e300), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(1e300), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan());
        assert!(ln(0.0).is_nan() && ln(-1.0).is_nan() && ln(f64::INFINITY).is_nan());
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }
}
