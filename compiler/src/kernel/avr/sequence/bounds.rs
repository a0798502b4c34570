//! Where 16 bits hold a sum, so that fewer are added up.

use crate::kernel::length::head;
use crate::model::{Attention, Matrix};

/// What 16 bits hold.
const SHORT: f64 = 32_767.0;

/// Whether scores fit 16 bits because each head of queries and keys is normalised.
pub fn are_scores_short(attention: &Attention, size: usize, rotates: bool) -> bool {
    let Some((query, key)) = &attention.head_norms else { return false };
    let length = |norm| head(norm, size, rotates, attention.rotate_bits);
    length(query) * length(key) <= SHORT
}

/// Whether the sums of a matrix fit 16 bits for inputs of such a length at most.
pub fn are_sums_short(m: &Matrix, length: f64) -> bool {
    let most = length.min(128.0 * (m.cols as f64).sqrt());
    let square = |row: &[i8]| row.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
    let weights = m.values.chunks_exact(m.cols).map(square).fold(0.0, f64::max).sqrt();
    weights * most <= SHORT
}
