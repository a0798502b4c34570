//! Attention within one text: each position looks at itself and at those before it, as far as the window goes.

use super::exp::exp;
use super::lanes::{LANES, Lanes};
use super::{lines, most, vectorized};
use std::ops::Range;

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

    /// Whether position `i` sees position `j`.
    #[cfg(feature = "tch")]
    pub(crate) fn sees(&self, i: usize, j: usize) -> bool {
        j == 0 || (self.first(i)..=i).contains(&j)
    }
}

/// Keys, values and their gradients of one head, each value of all positions in a line of [`stride`].
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// `[size, stride]`.
    keys: Vec<f32>,
    /// `[size, stride]`.
    values: Vec<f32>,
    dkeys: Vec<f32>,
    dvalues: Vec<f32>,
    /// Gradients of the scores of some positions: `[ROWS, stride]`.
    lines: Vec<f32>,
}

impl Scratch {
    fn load(&mut self, rows: &[f32], heads: &Heads, kv: usize) {
        let (n, size, row) = (rows.len() / heads.row(), heads.size, heads.row());
        let stride = stride(n);
        for (to, at) in [
            (&mut self.keys, heads.queries() + kv * size),
            (&mut self.values, heads.queries() + heads.keys() + kv * size),
        ] {
            to.clear();
            to.resize(size * stride, 0.0);
            for (j, values) in rows.chunks_exact(row).enumerate() {
                for (d, &v) in values[at..at + size].iter().enumerate() {
                    to[d * stride + j] = v;
                }
            }
        }
    }
}

/// Values of a line of `n` positions: whole groups of [`LANES`], the last filled up with zeros.
fn stride(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

/// Values of what each of `n` positions gives to each other, of all heads: `[heads, n, stride]`.
pub(crate) fn shares(heads: &Heads, n: usize) -> usize {
    heads.heads * n * stride(n)
}

/// Positions that are taken together on the way back. A power of two, and at most [`LANES`], so that their lines end together.
const ROWS: usize = 4;

vectorized! {
/// `out` (rows of all heads of queries) from the rows of queries, keys and values of one text. `shares`, as many as the function
/// of that name says, get what each position gives to each other.
pub(crate) fn forward(rows: &[f32], heads: &Heads, shares: &mut [f32], out: &mut [f32], s: &mut Scratch) {
    let n = rows.len() / heads.row();
    let (size, scale, stride) = (heads.size, 1.0 / (heads.size as f32).sqrt(), stride(n));
    let shared = heads.heads / heads.kv_heads;
    for head in 0..heads.heads {
        if head % shared == 0 {
            s.load(rows, heads, head / shared);
        }
        for i in 0..n {
            let query = &rows[i * heads.row() + head * size..][..size];
            let line = &mut shares[(head * n + i) * stride..][..stride];
            let (seen, unseen) = line.split_at_mut((i + 1).next_multiple_of(LANES));
            unseen.fill(0.0);
            lines::mix::<V>(query, &s.keys, stride, seen);
            softmax(seen, scale, heads.first(i)..i + 1);
            lines::dots::<V>(seen, &s.values, stride, &mut out[i * heads.queries() + head * size..][..size]);
        }
    }
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
    let (size, stride) = (heads.size, stride(n));
    let shared = heads.heads / heads.kv_heads;
    s.lines.clear();
    s.lines.resize(ROWS * stride, 0.0);
    for head in 0..heads.heads {
        if head % shared == 0 {
            s.load(rows, heads, head / shared);
            for gradient in [&mut s.dkeys, &mut s.dvalues] {
                gradient.clear();
                gradient.resize(size * stride, 0.0);
            }
        }
        for from in (0..n).step_by(ROWS) {
            let group = Group { head, from, count: ROWS.min(n - from) };
            group.backward::<V>(rows, heads, shares, dout, drows, s);
        }
        if (head + 1) % shared == 0 {
            store(drows, heads, head / shared, s);
        }
    }
}
}

/// Scores → shares. Only positions 0 and those of `sight` are seen: the others, and what fills the line up, get nothing.
#[inline(always)]
fn softmax(scores: &mut [f32], scale: f32, sight: Range<usize>) {
    let gap = 1..sight.start;
    scores[gap.clone()].fill(f32::NEG_INFINITY);
    scores[sight.end..].fill(f32::NEG_INFINITY);
    let most = most(scores);
    scores.iter_mut().for_each(|score| *score = exp((*score - most) * scale));
    scores[gap].fill(0.0);
    scores[sight.end..].fill(0.0);
    let inverse = 1.0 / super::sum(scores);
    scores.iter_mut().for_each(|score| *score *= inverse);
}

/// Some positions of a head, one behind the other.
struct Group {
    head: usize,
    from: usize,
    count: usize,
}

impl Group {
    #[inline(always)]
    fn backward<V: Lanes>(
        &self,
        rows: &[f32],
        heads: &Heads,
        shares: &[f32],
        dout: &[f32],
        drows: &mut [f32],
        s: &mut Scratch,
    ) {
        let &Self { head, from, count } = self;
        let n = rows.len() / heads.row();
        let (size, scale, stride) = (heads.size, 1.0 / (heads.size as f32).sqrt(), stride(n));
        let seen = (from + count).next_multiple_of(LANES);
        let (row, all) = (heads.row(), heads.queries());
        let share = |r: usize| &shares[(head * n + from + r) * stride..][..seen];
        let query = |r: usize| &rows[(from + r) * row + head * size..][..size];
        let dout = |r: usize| &dout[(from + r) * all + head * size..][..size];
        for r in 0..count {
            let line = &mut s.lines[r * stride..][..seen];
            lines::mix::<V>(dout(r), &s.values, stride, line);
            let mean = super::dot(line, share(r));
            line.iter_mut().zip(share(r)).for_each(|(d, share)| *d = share * (*d - mean) * scale);
            let dquery = &mut drows[(from + r) * row + head * size..][..size];
            lines::dots::<V>(line, &s.keys, stride, dquery);
        }
        let line = |r: usize| &s.lines[r * stride..][..seen];
        if count == ROWS {
            let all: [usize; ROWS] = std::array::from_fn(|r| r);
            lines::spread::<V>(all.map(dout), all.map(share), stride, &mut s.dvalues);
            lines::spread::<V>(all.map(query), all.map(line), stride, &mut s.dkeys);
            return;
        }
        for r in 0..count {
            lines::spread_one::<V>(dout(r), share(r), stride, &mut s.dvalues);
            lines::spread_one::<V>(query(r), line(r), stride, &mut s.dkeys);
        }
    }
}

/// Puts the gradients of a head of keys and values where they belong.
fn store(drows: &mut [f32], heads: &Heads, kv: usize, s: &Scratch) {
    let (n, size, row) = (drows.len() / heads.row(), heads.size, heads.row());
    let stride = stride(n);
    for (from, at) in
        [(&s.dkeys, heads.queries() + kv * size), (&s.dvalues, heads.queries() + heads.keys() + kv * size)]
    {
        for (j, drow) in drows.chunks_exact_mut(row).enumerate() {
            drow[at..at + size].iter_mut().enumerate().for_each(|(d, to)| *to = from[d * stride + j]);
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
        let (mut shares, mut out) = (vec![7.0; super::shares(heads, n)], vec![7.0; n * heads.queries()]);
        forward(rows, heads, &mut shares, &mut out, &mut Scratch::default());
        (shares, out)
    }

    #[test]
    fn a_mean_of_what_is_in_sight() {
        for (window, n) in [(9, 6), (3, 6), (2, 5), (11, 21), (40, 32)] {
            let heads = Heads { window, ..HEADS };
            let rows = numbers(n * heads.row(), 5);
            let (shares, out) = run(&rows, &heads);
            let value = |j: usize, h: usize, d: usize| rows[j * heads.row() + 12 + 6 + h / 2 * 3 + d];
            for (h, i) in (0..4).flat_map(|h| (0..n).map(move |i| (h, i))) {
                let line = &shares[(h * n + i) * stride(n)..][..stride(n)];
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
        for (window, n) in [(9, 4), (3, 5), (2, 4), (7, 18)] {
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
