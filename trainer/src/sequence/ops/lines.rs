//! What attention does with lines of values, one for each position, and matrices of them: `[size, stride]`, of which a line reads
//! as many columns as it has values. Lines have whole groups of [`LANES`] values.

use super::lanes::{LANES, Lanes};

/// Rows that are taken together: then their sums, or their factors, stay in registers.
const ROWS: usize = 4;

/// The first values of a row of a matrix, in groups.
#[inline(always)]
fn row(matrix: &[f32], stride: usize, at: usize, len: usize) -> &[[f32; LANES]] {
    matrix[at * stride..][..len].as_chunks().0
}

/// Those of four rows.
#[inline(always)]
fn rows(matrix: &[f32], stride: usize, from: usize, len: usize) -> [&[[f32; LANES]]; ROWS] {
    let row = |r: usize| row(matrix, stride, from + r, len);
    [row(0), row(1), row(2), row(3)]
}

/// `line[j] = Σ factors[d] · matrix[d][j]`.
#[inline(always)]
pub(super) fn mix<V: Lanes>(factors: &[f32], matrix: &[f32], stride: usize, line: &mut [f32]) {
    line.fill(0.0);
    let len = line.len();
    let line = line.as_chunks_mut::<LANES>().0;
    let (groups, rest) = factors.as_chunks::<ROWS>();
    for (at, factors) in groups.iter().enumerate() {
        add_four::<V>(factors, rows(matrix, stride, at * ROWS, len), line);
    }
    for (at, &factor) in (groups.len() * ROWS..).zip(rest) {
        add_one::<V>(factor, row(matrix, stride, at, len), line);
    }
}

#[inline(always)]
fn add_one<V: Lanes>(factor: f32, row: &[[f32; LANES]], line: &mut [[f32; LANES]]) {
    let factor = V::all(factor);
    for (out, row) in line.iter_mut().zip(row) {
        V::load(out).plus(factor, V::load(row)).store(out);
    }
}

#[inline(always)]
fn add_four<V: Lanes>(factors: &[f32; ROWS], rows: [&[[f32; LANES]]; ROWS], line: &mut [[f32; LANES]]) {
    let &[p, q, r, s] = factors;
    let (p, q, r, s) = (V::all(p), V::all(q), V::all(r), V::all(s));
    let [a, b, c, d] = rows;
    for ((((out, a), b), c), d) in line.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let sums = V::load(out).plus(p, V::load(a)).plus(q, V::load(b));
        sums.plus(r, V::load(c)).plus(s, V::load(d)).store(out);
    }
}

/// `out[d] = Σ line[j] · matrix[d][j]`.
#[inline(always)]
pub(super) fn dots<V: Lanes>(line: &[f32], matrix: &[f32], stride: usize, out: &mut [f32]) {
    let len = line.len();
    let line = line.as_chunks::<LANES>().0;
    let (groups, rest) = out.as_chunks_mut::<ROWS>();
    let rest_from = groups.len() * ROWS;
    for (at, out) in groups.iter_mut().enumerate() {
        let [a, b, c, d] = rows(matrix, stride, at * ROWS, len);
        let zero = V::all(0.0);
        let (mut p, mut q, mut r, mut s) = (zero, zero, zero, zero);
        for ((((line, a), b), c), d) in line.iter().zip(a).zip(b).zip(c).zip(d) {
            let line = V::load(line);
            p = p.plus(line, V::load(a));
            q = q.plus(line, V::load(b));
            r = r.plus(line, V::load(c));
            s = s.plus(line, V::load(d));
        }
        *out = [p.sum(), q.sum(), r.sum(), s.sum()];
    }
    for (at, out) in (rest_from..).zip(rest) {
        let mut sums = V::all(0.0);
        for (line, row) in line.iter().zip(row(matrix, stride, at, len)) {
            sums = sums.plus(V::load(line), V::load(row));
        }
        *out = sums.sum();
    }
}

/// `matrix[d][j] += Σ factors[r][d] · lines[r][j]`.
#[inline(always)]
pub(super) fn spread<V: Lanes>(
    factors: [&[f32]; ROWS],
    lines: [&[f32]; ROWS],
    stride: usize,
    matrix: &mut [f32],
) {
    let [a, b, c, d] = lines;
    let lines = [a.as_chunks().0, b.as_chunks().0, c.as_chunks().0, d.as_chunks().0];
    for (at, row) in matrix.chunks_exact_mut(stride).enumerate() {
        let [p, q, r, s] = factors;
        add_four::<V>(&[p[at], q[at], r[at], s[at]], lines, row.as_chunks_mut().0);
    }
}

/// The same of a single line.
#[inline(always)]
pub(super) fn spread_one<V: Lanes>(factors: &[f32], line: &[f32], stride: usize, matrix: &mut [f32]) {
    let line = line.as_chunks().0;
    for (&factor, row) in factors.iter().zip(matrix.chunks_exact_mut(stride)) {
        add_one::<V>(factor, line, row.as_chunks_mut().0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Plain;
    use super::*;
    use crate::sequence::ops::differences::numbers;

    #[test]
    fn lines_and_matrices_are_multiplied() {
        for (size, len, stride) in [(5, 8, 8), (8, 40, 48), (12, 72, 72)] {
            let (matrix, line, factors) = (numbers(size * stride, 1), numbers(len, 2), numbers(size, 3));
            let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-5, "{a} {b}");
            let mut out = vec![9.0; len];
            mix::<Plain>(&factors, &matrix, stride, &mut out);
            for (j, &found) in out.iter().enumerate() {
                near(found, (0..size).map(|d| factors[d] * matrix[d * stride + j]).sum());
            }
            let mut out = vec![9.0; size];
            dots::<Plain>(&line, &matrix, stride, &mut out);
            for (d, &found) in out.iter().enumerate() {
                near(found, (0..len).map(|j| line[j] * matrix[d * stride + j]).sum());
            }
            let mut out = matrix.clone();
            let (others, other) = (numbers(size, 4), numbers(len, 5));
            spread::<Plain>(
                [&factors, &others, &factors, &others],
                [&line, &other, &other, &line],
                stride,
                &mut out,
            );
            spread_one::<Plain>(&factors, &line, stride, &mut out);
            for (at, &found) in out.iter().enumerate() {
                let (d, j) = (at / stride, at % stride);
                let sum = |j: usize| (factors[d] + others[d]) * (line[j] + other[j]) + factors[d] * line[j];
                near(found, matrix[at] + if j < len { sum(j) } else { 0.0 });
            }
        }
    }
}
