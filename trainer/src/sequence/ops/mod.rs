//! The steps of a sequence model's mathematics on slices of floats, each with its adjoint. Rows stand one behind the other.
//!
//! Sums are taken in a fixed order; nothing here depends on threads or on the vectors that a processor has ([`lanes`]). Tests hold
//! every adjoint to finite differences.

pub(crate) mod lanes;
pub(crate) use lanes::vectorized;

pub(crate) mod activation;
pub(crate) mod attention;
#[cfg(test)]
pub(crate) mod differences;
mod exp;
mod lines;
pub(crate) mod loss;
pub(crate) mod narrow;
pub(crate) mod norm;
pub(crate) mod product;
pub(crate) mod rotate;

use lanes::{LANES, sum_of_lanes};

/// The sum of products.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum_of_lanes(sums) + rest
}

/// The sum of all values.
#[inline(always)]
pub(crate) fn sum(x: &[f32]) -> f32 {
    sum_by_lanes(x, |x| x)
}

/// The sum of a function of all values.
#[inline(always)]
pub(crate) fn sum_by_lanes(x: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += of(chunk[lane]);
        }
    }
    sum_of_lanes(sums) + rest.iter().map(|&x| of(x)).sum::<f32>()
}

/// `to += factor · what`.
#[inline(always)]
pub(crate) fn add(to: &mut [f32], factor: f32, what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

/// The largest magnitude.
#[inline(always)]
pub(crate) fn largest(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut most = [0.0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            let v = chunk[lane].abs();
            most[lane] = if v > most[lane] { v } else { most[lane] };
        }
    }
    rest.iter().fold(most.into_iter().fold(0.0, f32::max), |most, v| most.max(v.abs()))
}

/// The largest value.
#[inline(always)]
pub(crate) fn most(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            most[lane] = if chunk[lane] > most[lane] { chunk[lane] } else { most[lane] };
        }
    }
    most.iter().chain(rest).fold(f32::NEG_INFINITY, |most, &v| if v > most { v } else { most })
}
