//! Systems of linear equations.

/// How often pieces run: each as often as the others come to it, and the first once more.
pub(super) struct Equations {
    /// Rows of the matrix that is the identity, less what comes from where.
    rows: Vec<Vec<f64>>,
}

impl Equations {
    pub(super) fn new(pieces: usize) -> Self {
        let row = |at| (0..pieces).map(|i| f64::from(u8::from(i == at))).collect();
        Self { rows: (0..pieces).map(row).collect() }
    }

    pub(super) fn comes(&mut self, from: usize, to: usize, odds: f64) {
        self.rows[to][from] -= odds;
    }

    /// By elimination. `None`: something runs for ever.
    pub(super) fn solve(self, entry: usize) -> Option<Vec<f64>> {
        let mut rows = self.rows;
        let size = rows.len();
        let mut right = vec![0.0; size];
        right[entry] = 1.0;
        for at in 0..size {
            let pivot = (at..size).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
            if rows[pivot][at].abs() < 1e-9 {
                return None;
            }
            rows.swap(at, pivot);
            right.swap(at, pivot);
            let (above, below) = rows.split_at_mut(at + 1);
            for (i, row) in below.iter_mut().enumerate() {
                let factor = row[at] / above[at][at];
                if factor != 0.0 {
                    row[at..].iter_mut().zip(&above[at][at..]).for_each(|(to, from)| *to -= factor * from);
                    right[at + 1 + i] -= factor * right[at];
                }
            }
        }
        for at in (0..size).rev() {
            let known: f64 = (at + 1..size).map(|i| rows[at][i] * right[i]).sum();
            right[at] = (right[at] - known) / rows[at][at];
        }
        Some(right)
    }
}
