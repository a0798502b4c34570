//! Attention within one text: each position looks at itself and at those before it, as far as the window goes.

use super::exp::exp;
use super::{add, dot};

/// What attention is like, the same for all texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    pub heads: usize,
    pub kv_heads: usize,
    pub size: usize,
    /// Positions that are kept: the first one, and the last `window - 1`.
    pub window: usize,
}

impl Heads {
    fn queries(&self) -> usize {
        self.heads * self.size
    }

    fn keys(&self) -> usize {
        self.kv_heads * self.size
    }

    /// Values of a row of queries, keys and values.
    pub(crate) fn row(&self) -> usize {
        self.queries() + 2 * self.keys()
    }

    /// The first position but 0 that position `i` sees.
    #[inline]
    fn first(&self, i: usize) -> usize {
        (i + 2).saturating_sub(self.window).max(1)
    }
}

/// Keys, values and their gradients of one head, transposed where that makes loops over positions.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// `[size, n]`.
    keys: Vec<f32>,
    /// `[size, n]`.
    values: Vec<f32>,
    dkeys: Vec<f32>,
    dvalues: Vec<f32>,
    line: Vec<f32>,
}

impl Scratch {
    fn load(&mut self, rows: &[f32], heads: &Heads, kv: usize) {
        let (n, size, row) = (rows.len() / heads.row(), heads.size, heads.row());
        for (to, at) in [
            (&mut self.keys, heads.queries() + kv * size),
            (&mut self.values, heads.queries() + heads.keys() + kv * size),
        ] {
            to.resize(size * n, 0.0);
            for (j, values) in rows.chunks_exact(row).enumerate() {
                for (d, &v) in values[at..at + size].iter().enumerate() {
                    to[d * n + j] = v;
                }
            }
        }
    }
}

/// `out` (rows of all heads of queries) from the rows of queries, keys and values of one text. `shares`: `heads · n · n`, which
/// gets what each position gives to each other.
pub(crate) fn forward(rows: &[f32], heads: &Heads, shares: &mut [f32], out: &mut [f32], s: &mut Scratch) {
    let n = rows.len() / heads.row();
    let (size, scale) = (heads.size, 1.0 / (heads.size as f32).sqrt());
    let shared = heads.heads / heads.kv_heads;
    for head in 0..heads.heads {
        if head % shared == 0 {
            s.load(rows, heads, head / shared);
        }
        for i in 0..n {
            let query = &rows[i * heads.row() + head * size..][..size];
            let line = &mut shares[(head * n + i) * n..][..n];
            line.fill(0.0);
            let seen = &mut line[..=i];
            for (d, &q) in query.iter().enumerate() {
                add(seen, q * scale, &s.keys[d * n..][..=i]);
            }
            softmax(seen, heads.first(i).min(i));
            let out = &mut out[i * heads.queries() + head * size..][..size];
            for (d, out) in out.iter_mut().enumerate() {
                *out = dot(seen, &s.values[d * n..][..=i]);
            }
        }
    }
}

/// Scores → shares; those of positions 1 to `first - 1` are out of sight.
#[inline]
fn softmax(scores: &mut [f32], first: usize) {
    if first > 1 {
        scores[1..first].fill(f32::NEG_INFINITY);
    }
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    for score in scores.iter_mut() {
        *score = exp(*score - most);
    }
    if first > 1 {
        scores[1..first].fill(0.0);
    }
    let inverse = 1.0 / super::sum(scores);
    scores.iter_mut().for_each(|score| *score *= inverse);
}

/// From the gradient of `out` that of the rows, into `drows` (all of it is written).
pub(crate) fn backward(
    rows: &[f32],
    heads: &Heads,
    shares: &[f32],
    dout: &[f32],
    drows: &mut [f32],
    s: &mut Scratch,
) {
    let n = rows.len() / heads.row();
    let (size, scale) = (heads.size, 1.0 / (heads.size as f32).sqrt());
    let shared = heads.heads / heads.kv_heads;
    s.line.resize(n, 0.0);
    for head in 0..heads.heads {
        if head % shared == 0 {
            s.load(rows, heads, head / shared);
            for gradient in [&mut s.dkeys, &mut s.dvalues] {
                gradient.clear();
                gradient.resize(size * n, 0.0);
            }
        }
        for i in 0..n {
            let at = i * heads.row() + head * size;
            let (query, dquery) = (&rows[at..at + size], &mut drows[at..at + size]);
            let dout = &dout[i * heads.queries() + head * size..][..size];
            let seen = &shares[(head * n + i) * n..][..=i];
            let line = &mut s.line[..=i];
            line.fill(0.0);
            for (d, &dout) in dout.iter().enumerate() {
                add(line, dout, &s.values[d * n..][..=i]);
                add(&mut s.dvalues[d * n..][..=i], dout, seen);
            }
            let mean = dot(line, seen);
            line.iter_mut().zip(seen).for_each(|(d, share)| *d = share * (*d - mean) * scale);
            for (d, (&q, dq)) in query.iter().zip(dquery).enumerate() {
                *dq = dot(line, &s.keys[d * n..][..=i]);
                add(&mut s.dkeys[d * n..][..=i], q, line);
            }
        }
        if (head + 1) % shared == 0 {
            store(drows, heads, head / shared, s);
        }
    }
}

/// Puts the gradients of a head of keys and values where they belong.
fn store(drows: &mut [f32], heads: &Heads, kv: usize, s: &Scratch) {
    let (n, size, row) = (drows.len() / heads.row(), heads.size, heads.row());
    for (from, at) in
        [(&s.dkeys, heads.queries() + kv * size), (&s.dvalues, heads.queries() + heads.keys() + kv * size)]
    {
        for (j, drow) in drows.chunks_exact_mut(row).enumerate() {
            drow[at..at + size].iter_mut().enumerate().for_each(|(d, to)| *to = from[d * n + j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::{check, numbers};

    const HEADS: Heads = Heads { heads: 4, kv_heads: 2, size: 3, window: 9 };

    fn run(rows: &[f32], heads: &Heads) -> (Vec<f32>, Vec<f32>) {
        let n = rows.len() / heads.row();
        let (mut shares, mut out) = (vec![7.0; heads.heads * n * n], vec![7.0; n * heads.queries()]);
        forward(rows, heads, &mut shares, &mut out, &mut Scratch::default());
        (shares, out)
    }

    #[test]
    fn a_mean_of_what_is_in_sight() {
        for (window, n) in [(9, 6), (3, 6), (2, 5)] {
            let heads = Heads { window, ..HEADS };
            let rows = numbers(n * heads.row(), 5);
            let (shares, out) = run(&rows, &heads);
            let value = |j: usize, h: usize, d: usize| rows[j * heads.row() + 12 + 6 + h / 2 * 3 + d];
            for (h, i) in (0..4).flat_map(|h| (0..n).map(move |i| (h, i))) {
                let line = &shares[(h * n + i) * n..][..n];
                assert!((line.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                for (j, &share) in line.iter().enumerate() {
                    let in_sight = j <= i && (j == 0 || i - j < window - 1);
                    assert_eq!(share > 0.0, in_sight, "window {window}: {i} sees {j}");
                }
                for d in 0..3 {
                    let wants: f32 = (0..n).map(|j| line[j] * value(j, h, d)).sum();
                    assert!((out[i * 12 + h * 3 + d] - wants).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn the_adjoint_is_that_of_finite_differences() {
        for (window, n) in [(9, 4), (3, 5), (2, 4)] {
            let heads = Heads { window, ..HEADS };
            check(
                n * heads.row(),
                |rows| run(rows, &heads).1,
                |rows, d| {
                    let (shares, _) = run(rows, &heads);
                    let mut drows = vec![5.0; rows.len()];
                    backward(rows, &heads, &shares, d, &mut drows, &mut Scratch::default());
                    drows
                },
            );
        }
    }
}
