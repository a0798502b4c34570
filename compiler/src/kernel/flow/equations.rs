//! Systems of linear equations.

/// Most pieces of a routine with loops: its equations are solved as they are.
const MOST_PIECES: usize = 600;

/// From a piece to another one, so often of one.
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) odds: f64,
}

/// How often pieces run: each as often as the others come to it, and the first once more. `None`: something runs for ever, or
/// there are too many pieces.
pub(super) fn visits(entry: usize, pieces: usize, ways: &[Way]) -> Option<Vec<f64>> {
    if ways.iter().all(|way| way.from < way.to) {
        return Some(forward(entry, pieces, ways));
    }
    if pieces > MOST_PIECES {
        return None;
    }
    let mut equations = Equations::new(pieces);
    ways.iter().for_each(|way| equations.comes(way.from, way.to, way.odds));
    equations.solve(entry)
}

/// Where all ways lead forward, as in nested comparisons, each piece is known before those behind it. Ways are in the order of
/// the pieces that they come from.
fn forward(entry: usize, pieces: usize, ways: &[Way]) -> Vec<f64> {
    let mut visits = vec![0.0; pieces];
    visits[entry] = 1.0;
    ways.iter().for_each(|way| visits[way.to] += way.odds * visits[way.from]);
    visits
}

/// How often pieces run: each as often as the others come to it, and the first once more.
struct Equations {
    /// Rows of the matrix that is the identity, less what comes from where.
    rows: Vec<Vec<f64>>,
}

impl Equations {
    fn new(pieces: usize) -> Self {
        let row = |at| (0..pieces).map(|i| f64::from(u8::from(i == at))).collect();
        Self { rows: (0..pieces).map(row).collect() }
    }

    fn comes(&mut self, from: usize, to: usize, odds: f64) {
        self.rows[to][from] -= odds;
    }

    /// By elimination. `None`: something runs for ever.
    fn solve(self, entry: usize) -> Option<Vec<f64>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_that_lead_forward_are_followed_as_equations_are_solved() {
        let ways = |all: &[(usize, usize, f64)]| {
            all.iter().map(|&(from, to, odds)| Way { from, to, odds }).collect::<Vec<_>>()
        };
        let all = ways(&[(0, 1, 0.25), (0, 3, 0.75), (1, 2, 0.5), (1, 4, 0.5), (2, 4, 1.0), (3, 4, 0.1)]);
        let mut equations = Equations::new(5);
        all.iter().for_each(|way| equations.comes(way.from, way.to, way.odds));
        let wants = equations.solve(0).expect("it ends");
        assert_eq!(visits(0, 5, &all), Some(wants));
        // A loop, and more of it than is solved.
        let round = ways(&[(0, 1, 1.0), (1, 0, 0.75)]);
        assert_eq!(visits(0, 2, &round), Some(vec![4.0, 4.0]));
        assert_eq!(visits(0, 601, &round), None);
        let chain: Vec<Way> = (0..5000).map(|from| Way { from, to: from + 1, odds: 1.0 }).collect();
        assert_eq!(visits(0, 5001, &chain), Some(vec![1.0; 5001]));
    }
}
