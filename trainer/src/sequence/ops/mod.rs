//! The steps of a sequence model's mathematics on slices of floats, each with its adjoint. Rows stand one behind the other.
//!
//! Sums are taken in a fixed order; nothing here depends on threads. Tests hold every adjoint to finite differences.

pub(crate) mod activation;
pub(crate) mod attention;
#[cfg(test)]
pub(crate) mod differences;
mod exp;
pub(crate) mod loss;
pub(crate) mod narrow;
pub(crate) mod norm;
pub(crate) mod rotate;

/// Parts of a sum, for vector instructions.
const LANES: usize = 8;

/// The sum of products.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
}

/// The sum of all values.
#[inline]
pub(crate) fn sum(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// `to += factor · what`.
#[inline]
pub(crate) fn add(to: &mut [f32], factor: f32, what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

/// The largest magnitude.
#[inline]
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
