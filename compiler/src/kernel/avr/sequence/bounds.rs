//! What sums can be at most, so that fewer bits hold them.

use crate::arithmetic::ROOTS;
use crate::model::{Attention, Matrix, Norm};

/// What 16 bits hold.
const SHORT: f64 = 32_767.0;

/// Most that the length of a normalised vector of `count` values can be.
pub fn norm_length(norm: &Norm, count: usize) -> f64 {
    if norm.gain.is_some() {
        return f64::INFINITY;
    }
    let root = (count as f64).sqrt();
    // x is less than ((x >> s) + 1) << s, and where s is above 0 the largest of x >> s is at least 128.
    let most = (1..256).map(|i| f64::from(ROOTS[i]) * (i as f64 + 1.0).sqrt()).fold(0.0, f64::max);
    most * (1.0 + root / 128.0) / f64::from(1u32 << norm.down) + root / 2.0
}

/// The same behind a narrowing to 8 bits of a vector of such a length.
pub fn narrow_length(length: f64, narrow: u8, count: usize) -> f64 {
    length / f64::from(1u32 << narrow) + (count as f64).sqrt() / 2.0
}

/// Whether scores fit 16 bits because each head of queries and keys is normalised (Cauchy and Schwarz).
pub fn are_scores_short(attention: &Attention, size: usize, rotates: bool) -> bool {
    let Some((query, key)) = &attention.head_norms else { return false };
    let root = (size as f64).sqrt();
    let turn = if rotates { 127.0 + 0.75 } else { 1.0 };
    let length =
        |norm: &Norm| norm_length(norm, size) * turn / f64::from(1u32 << attention.rotate_bits) + root / 2.0;
    length(query) * length(key) <= SHORT
}

/// Whether the sums of a matrix fit 16 bits for inputs of such a length at most (Cauchy and Schwarz).
pub fn are_sums_short(m: &Matrix, length: f64) -> bool {
    let most = length.min(128.0 * (m.cols as f64).sqrt());
    let square = |row: &[i8]| row.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
    let weights = m.values.chunks_exact(m.cols).map(square).fold(0.0, f64::max).sqrt();
    weights * most <= SHORT
}
