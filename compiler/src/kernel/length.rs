//! How long vectors can be at most that norms have made: the sums of their products are bounded by that (Cauchy and
//! Schwarz).

use crate::arithmetic::ROOTS;
use crate::model::Norm;

/// For floats that were rounded on the way.
pub const SAFE: f64 = 1.0001;

/// The most Euclidean length of what a norm gives for `n` values, in 16 bits.
///
/// Of `x >> s` the squares are added up, and shifted right by an even `t` until they are a byte, whose reciprocal root
/// multiplies. `|x| / 2^s` is below `(|x| >> s) + 1`. Where `s` is above 0 the largest of `x >> s` is at least 128, so `t` is
/// 8 at least, and that 1 is at most `1 / 16` behind it.
pub fn normalised(norm: &Norm, n: usize) -> f64 {
    let root = (n as f64).sqrt();
    let r = |i: usize| f64::from(ROOTS[i]);
    let down = f64::from(norm.down).exp2();
    let exact = (0..256).map(|i| (i as f64).sqrt() * r(i));
    let shifted = (64..256).map(|i| (((i + 1) as f64).sqrt() + root / 16.0) * r(i));
    let plain = exact.chain(shifted).fold(0.0, f64::max) / down + root / 2.0;
    match &norm.gain {
        None => plain,
        Some((mantissas, shift)) => {
            let largest = f64::from(mantissas.iter().copied().max().unwrap_or(0));
            plain * largest / f64::from(*shift).exp2() + root / 2.0
        }
    }
}

/// The most length of `n` values that were `length` long, shifted right by `bits`, rounded, and saturated to 8 bits.
pub fn narrowed(length: f64, bits: u8, n: usize) -> f64 {
    let root = (n as f64).sqrt();
    ((length / f64::from(bits).exp2() + root / 2.0) * SAFE + 1e-6).min(128.0 * root)
}

/// The most length of a head's queries or keys behind their norm: turned by cosines and sines of 7 bits or not, and narrowed
/// by `bits`.
pub fn head(norm: &Norm, n: usize, turned: bool, bits: u8) -> f64 {
    narrowed(normalised(norm, n) * if turned { 127.8 } else { 1.0 }, bits, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic;

    /// Vectors of all sizes and directions: none is longer.
    #[test]
    fn no_vector_is_longer() {
        let mut state = 0x2545_F491_4F6C_DD1Du64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for case in 0..2_000 {
            let n = 1 + random() as usize % 48;
            let bits = random() % 16;
            let x: Vec<i32> = (0..n)
                .map(|i| if case % 3 == 0 && i > 0 { 0 } else { (random() as i16 as i32) >> bits })
                .collect();
            let norm = Norm { down: (random() % 4) as u8, gain: None, narrow: (random() % 6) as u8 };
            let y = arithmetic::norm(&x, norm.down.into());
            let length = |v: &[i32]| v.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
            let most = normalised(&norm, n);
            assert!(length(&y) <= most, "{x:?}: {} is above {most}", length(&y));
            let bytes = arithmetic::narrow(&y, norm.narrow.into());
            let most = narrowed(most, norm.narrow, n);
            assert!(length(&bytes) <= most, "{x:?}: {} is above {most}", length(&bytes));
        }
    }
}
