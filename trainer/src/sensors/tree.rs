//! A decision tree (CART; Breiman and others 1984): nested comparisons, chosen by Gini's impurity.

use super::split::sizes;

/// Deepest tree: so many comparisons at most lead to a label.
const DEPTH: usize = 8;
/// Fewer rows than this are not divided.
const FEWEST: usize = 4;

/// A node: a comparison, or a label.
enum Node {
    Split { column: usize, most: f64, below: usize, above: usize },
    Leaf(u16),
}

/// A tree.
pub struct Tree(Vec<Node>);

/// Rows to learn from: numbers in rows of `width`, with their labels.
pub(super) struct Table<'a> {
    pub values: &'a [f64],
    pub width: usize,
    pub targets: &'a [u16],
}

impl Table<'_> {
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }
}

/// A way to divide rows.
struct Split {
    impurity: f64,
    column: usize,
    most: f64,
}

impl Tree {
    pub(super) fn grown(table: &Table) -> Self {
        let mut tree = Self(Vec::new());
        tree.grow(table, (0..table.targets.len()).collect(), 0);
        tree
    }

    /// Grows a node with all below it, and gives its number.
    fn grow(&mut self, table: &Table, rows: Vec<usize>, depth: usize) -> usize {
        let counts = sizes(rows.iter().map(|&row| usize::from(table.targets[row])));
        let most = counts.iter().copied().max().unwrap_or(0);
        let label = counts.iter().position(|&n| n == most).unwrap_or(0) as u16;
        let at = self.0.len();
        self.0.push(Node::Leaf(label));
        if most == rows.len() || depth == DEPTH || rows.len() < FEWEST {
            return at;
        }
        if let Some(Split { column, most, .. }) = best(table, &rows) {
            let (left, right) = rows.into_iter().partition(|&row| table.row(row)[column] <= most);
            let below = self.grow(table, left, depth + 1);
            let above = self.grow(table, right, depth + 1);
            self.0[at] = Node::Split { column, most, below, above };
        }
        at
    }

    /// The label of a row.
    pub(super) fn label(&self, row: &[f64]) -> u16 {
        let mut at = 0;
        loop {
            match self.0[at] {
                Node::Leaf(label) => return label,
                Node::Split { column, most, below, above } => {
                    at = if row[column] <= most { below } else { above };
                }
            }
        }
    }

    /// Comparisons, and labels.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let splits = self.0.iter().filter(|node| matches!(node, Node::Split { .. })).count();
        (splits, self.0.len() - splits)
    }
}

/// The division that leaves the least impurity; of equals the first. `None` where no column differs.
fn best(table: &Table, rows: &[usize]) -> Option<Split> {
    let mut best: Option<Split> = None;
    let mut sorted = rows.to_vec();
    for column in 0..table.width {
        let value = |row: usize| table.row(row)[column];
        sorted.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let mut above = sizes(rows.iter().map(|&row| usize::from(table.targets[row])));
        let mut below = vec![0usize; above.len()];
        for (i, pair) in sorted.windows(2).enumerate() {
            let label = usize::from(table.targets[pair[0]]);
            below[label] += 1;
            above[label] -= 1;
            let (low, high) = (value(pair[0]), value(pair[1]));
            if low == high {
                continue;
            }
            let impurity = gini(&below, i + 1) + gini(&above, rows.len() - i - 1);
            if best.as_ref().is_none_or(|best| impurity < best.impurity) {
                // A middle that rounds up to the higher value would not divide them.
                let middle = low.midpoint(high);
                best = Some(Split { impurity, column, most: if middle < high { middle } else { low } });
            }
        }
    }
    best
}

/// Gini's impurity of so many rows, times their number.
fn gini(counts: &[usize], rows: usize) -> f64 {
    let squares: f64 = counts.iter().map(|&n| (n as f64).powi(2)).sum();
    rows as f64 - squares / rows as f64
}
