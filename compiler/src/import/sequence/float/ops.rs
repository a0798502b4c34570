//! Operations on vectors of floats. Sums are added up in sixteen parts, which a compiler turns into vector
//! instructions; the order is the same on every machine.

use super::super::{Activation, Linear};
use crate::math;

/// Parts of a sum.
const LANES: usize = 16;

/// The sum of products of two vectors of one length.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

/// `out = rows · x`.
pub(super) fn product(rows: &[f32], x: &[f32], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(x.len())) {
        *out = dot(row, x);
    }
}

/// `out = weights · x + bias`.
pub(super) fn linear(matrix: &Linear, x: &[f32], out: &mut [f32]) {
    product(&matrix.weights, x, out);
    if let Some(bias) = &matrix.bias {
        add(out, bias);
    }
}

/// Adds to each value.
pub(super) fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}

/// Divides by the root mean square and multiplies with gains (ones if `None`), in place.
pub(super) fn norm(x: &mut [f32], gains: Option<&[f32]>, eps: f32) {
    let factor = 1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt();
    match gains {
        Some(gains) => x.iter_mut().zip(gains).for_each(|(x, gain)| *x = gain * (factor * *x)),
        None => x.iter_mut().for_each(|x| *x *= factor),
    }
}

/// Scores → shares that add up to 1, in place.
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = exp(*score - most);
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// The function of the feed-forward part, into `up`.
pub(super) fn activate(activation: Activation, gate: &[f32], up: &mut [f32]) {
    let pairs = up.iter_mut().zip(gate);
    match activation {
        Activation::SwiGlu => pairs.for_each(|(up, gate)| *up *= gate / (1.0 + exp(-gate))),
        Activation::ReluGate => pairs.for_each(|(up, gate)| *up *= gate.max(0.0)),
        Activation::Relu => up.iter_mut().for_each(|up| *up = up.max(0.0)),
        Activation::SquaredRelu => up.iter_mut().for_each(|up| *up = up.max(0.0) * up.max(0.0)),
    }
}

fn exp(x: f32) -> f32 {
    math::exp(x.into()) as f32
}
