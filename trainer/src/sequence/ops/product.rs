//! Matrix products whose results are the same on every processor.
//!
//! Matrices here are small: all of the right one stays in a processor's second cache. So it is cut into strips of 16 columns that lie
//! together, and for each strip and four rows of the left one, sums stay in registers over the whole inner dimension.

use super::lanes::{LANES, Lanes};
use super::vectorized;
use crate::gemm::Matrix;

/// Rows and columns of the result that are computed together.
const ROWS: usize = 4;
const COLUMNS: usize = 2 * LANES;

type Strip = [[f32; LANES]; 2];

/// A strip of the right matrix.
pub(crate) type Packed = Vec<Strip>;

vectorized! {
/// `c = a·b`, or `c += a·b`; `c` row by row. `strip` is memory that is used again.
pub(crate) fn multiply(a: Matrix, b: Matrix, add: bool, c: &mut [f32], strip: &mut Packed) {
    assert_eq!(a.columns(), b.rows(), "inner dimension");
    assert_eq!(c.len(), a.rows() * b.columns(), "result of {} x {}", a.rows(), b.columns());
    let width = b.columns();
    for from in (0..width).step_by(COLUMNS) {
        let columns = from..width.min(from + COLUMNS);
        pack(b, columns.clone(), strip);
        for row in (0..a.rows()).step_by(ROWS) {
            let count = ROWS.min(a.rows() - row);
            let sums = match count {
                ROWS => tile::<V>(a, [row, row + 1, row + 2, row + 3], strip),
                // The last row several times.
                _ => tile::<V>(a, [row, row + 1, row + 2, row + 3].map(|r| r.min(a.rows() - 1)), strip),
            };
            for (r, sums) in sums.iter().take(count).enumerate() {
                let out = &mut c[(row + r) * width..][columns.clone()];
                let sums = sums.as_flattened();
                match add {
                    true => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                    false => out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum),
                }
            }
        }
    }
}
}

/// Some columns, filled up with zeros.
#[inline(always)]
fn pack(b: Matrix, columns: std::ops::Range<usize>, strip: &mut Packed) {
    strip.clear();
    strip.resize(b.rows(), [[0.0; LANES]; 2]);
    let (data, row_stride, column_stride) = b.strides();
    let whole = columns.len() == COLUMNS;
    if column_stride == 1 {
        for (k, to) in strip.iter_mut().enumerate() {
            let from = &data[k * row_stride..][columns.clone()];
            match whole {
                true => to.as_flattened_mut().copy_from_slice(&from[..COLUMNS]),
                false => to.as_flattened_mut()[..from.len()].copy_from_slice(from),
            }
        }
        return;
    }
    for (lane, column) in columns.enumerate() {
        for (k, to) in strip.iter_mut().enumerate() {
            to.as_flattened_mut()[lane] = data[k * row_stride + column * column_stride];
        }
    }
}

/// The products of four rows and a strip.
#[inline(always)]
fn tile<V: Lanes>(a: Matrix, rows: [usize; ROWS], strip: &[Strip]) -> [Strip; ROWS] {
    let (data, row_stride, column_stride) = a.strides();
    let row = |r: usize| &data[rows[r] * row_stride..];
    let (p, q, r, s) = (row(0), row(1), row(2), row(3));
    let zero = V::all(0.0);
    let (mut p0, mut p1, mut q0, mut q1) = (zero, zero, zero, zero);
    let (mut r0, mut r1, mut s0, mut s1) = (zero, zero, zero, zero);
    let mut at = 0;
    for [x, y] in strip {
        let (x, y) = (V::load(x), V::load(y));
        let a = V::all(p[at]);
        (p0, p1) = (p0.plus(a, x), p1.plus(a, y));
        let a = V::all(q[at]);
        (q0, q1) = (q0.plus(a, x), q1.plus(a, y));
        let a = V::all(r[at]);
        (r0, r1) = (r0.plus(a, x), r1.plus(a, y));
        let a = V::all(s[at]);
        (s0, s1) = (s0.plus(a, x), s1.plus(a, y));
        at += column_stride;
    }
    let mut out = [[[0.0; LANES]; 2]; ROWS];
    let [p, q, r, s] = &mut out;
    for (to, [x, y]) in [(p, [p0, p1]), (q, [q0, q1]), (r, [r0, r1]), (s, [s0, s1])] {
        x.store(&mut to[0]);
        y.store(&mut to[1]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::numbers;

    #[test]
    fn products_of_plain_and_transposed_views() {
        for (m, k, n) in [(1, 1, 1), (4, 3, 16), (7, 20, 37), (9, 64, 5), (3, 5, 48)] {
            let (x, y, before) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3));
            let turned = |x: &[f32], rows: usize, cols: usize| -> Vec<f32> {
                (0..rows * cols).map(|at| x[at % rows * cols + at / rows]).collect()
            };
            let (x_turned, y_turned) = (turned(&x, m, k), turned(&y, k, n));
            let a = [Matrix::new(&x, m, k), Matrix::new(&x_turned, k, m).transposed()];
            let b = [Matrix::new(&y, k, n), Matrix::new(&y_turned, n, k).transposed()];
            let mut strip = vec![[[7.0; LANES]; 2]; 3];
            for (a, b, add) in
                a.iter().flat_map(|a| b.iter().flat_map(move |b| [(a, b, false), (a, b, true)]))
            {
                let mut found = before.clone();
                multiply(*a, *b, add, &mut found, &mut strip);
                for (at, found) in found.iter().enumerate() {
                    let (i, j) = (at / n, at % n);
                    let product: f32 = (0..k).map(|l| x[i * k + l] * y[l * n + j]).sum();
                    let wants = if add { before[at] } else { 0.0 } + product;
                    assert!((found - wants).abs() < 1e-5, "{m} x {k} x {n}, {at}: {found} for {wants}");
                }
            }
        }
    }
}
