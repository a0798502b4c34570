//! Simpler methods on the same split: what a network has to be better than.

use super::task::{Rows, Task};
use super::tree::{Table, Tree};
use mlc_compiler::import::sensors::data::{Examples, Values};

/// Most differences of numbers that the nearest neighbours of all rows may take: some seconds.
const MOST_DIFFERENCES: usize = 4_000_000_000;

/// What a method reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    pub name: &'static str,
    /// Bytes of what it has learned, with bytes for numbers, without code.
    pub bytes: usize,
    /// Rows of the held-out side that it gets right; `None` where that would take too long.
    pub right: Option<usize>,
}

/// Measures each method on the rows that are held out; those methods that measure distances do so in standard deviations of
/// each column. Only training rows (with those of validation) are learned from. `held_out`: the rows of a file of their
/// own, if those are held out.
pub fn baselines(task: &Task, data: &Examples, held_out: Option<&Examples>) -> Vec<Baseline> {
    let mut train = task.train.numbers.clone();
    let mut targets = task.train.targets.clone();
    if let Some(rows) = &task.validation {
        train.extend(&rows.numbers);
        targets.extend(&rows.targets);
    }
    let scale = Scale::of(data, &train);
    let known = scale.rows(data, &train);
    let table = Table { values: &known, width: data.width, targets: &targets };
    let asked = scale.rows(held_out.unwrap_or(data), &task.held_out.numbers);
    let rows = &task.held_out;
    let (width, labels) = (data.width, task.labels.len());
    let count = |label: &dyn Fn(&[f64]) -> u16| {
        asked.chunks(width).zip(&rows.targets).filter(|(row, target)| label(row) == **target).count()
    };
    let common = common(&targets);
    let centroids = centroids(&table, labels);
    let tree = Tree::grown(&table);
    let (splits, leaves) = tree.sizes();
    let differences = rows.len().saturating_mul(train.len()).saturating_mul(width);
    let near = (differences <= MOST_DIFFERENCES).then(|| count(&|row| table.targets[nearest(row, &known)]));
    vec![
        Baseline { name: "most frequent label", bytes: 1, right: Some(count(&|_| common)) },
        Baseline {
            name: "nearest centroid",
            bytes: labels * width,
            right: Some(count(&|row| nearest(row, &centroids) as u16)),
        },
        Baseline { name: "nearest neighbour", bytes: train.len() * (width + 1), right: near },
        // A column, a threshold and where to go on; labels.
        Baseline {
            name: "decision tree",
            bytes: 4 * splits + leaves,
            right: Some(count(&|row| tree.label(row))),
        },
    ]
}

/// The most frequent label; of equals the first.
fn common(targets: &[u16]) -> u16 {
    let counts = super::split::sizes(targets.iter().map(|&t| usize::from(t)));
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().position(|&n| n == most).unwrap_or(0) as u16
}

/// The mean of the rows of each label; of one without rows nothing is near.
fn centroids(table: &Table, labels: usize) -> Vec<f64> {
    let mut sums = vec![0.0; labels * table.width];
    let mut counts = vec![0usize; labels];
    for (row, &target) in table.targets.iter().enumerate() {
        let target = usize::from(target);
        counts[target] += 1;
        let sum = &mut sums[target * table.width..][..table.width];
        sum.iter_mut().zip(table.row(row)).for_each(|(sum, x)| *sum += x);
    }
    for (sum, &count) in sums.chunks_mut(table.width).zip(&counts) {
        sum.iter_mut().for_each(|sum| *sum = if count == 0 { f64::INFINITY } else { *sum / count as f64 });
    }
    sums
}

/// The row that is nearest; of equals the first.
fn nearest(row: &[f64], rows: &[f64]) -> usize {
    let mut best = (f64::INFINITY, 0);
    for (i, other) in rows.chunks(row.len()).enumerate() {
        let distance: f64 = row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
        if distance < best.0 {
            best = (distance, i);
        }
    }
    best.1
}

/// Mean and standard deviation of each column.
struct Scale(Vec<(f64, f64)>);

impl Scale {
    fn of(data: &Examples, rows: &[usize]) -> Self {
        let count = rows.len().max(1) as f64;
        let column = |at: usize| {
            let mean = rows.iter().map(|&row| number(data, row, at)).sum::<f64>() / count;
            let squares: f64 = rows.iter().map(|&row| (number(data, row, at) - mean).powi(2)).sum();
            (mean, (squares / count).sqrt())
        };
        Self((0..data.width).map(column).collect())
    }

    fn rows(&self, data: &Examples, rows: &[usize]) -> Vec<f64> {
        let scaled = |row: usize, at: usize| {
            let (mean, deviation) = self.0[at];
            (number(data, row, at) - mean) / if deviation > 0.0 { deviation } else { 1.0 }
        };
        rows.iter().flat_map(|&row| (0..data.width).map(move |at| scaled(row, at))).collect()
    }
}

fn number(data: &Examples, row: usize, at: usize) -> f64 {
    match &data.values {
        Values::Reals(values) => values[row * data.width + at],
        Values::Bytes(values) => values[row * data.width + at].into(),
    }
}

/// Rows right as a share; `None` without rows.
impl Baseline {
    pub fn share(&self, rows: &Rows) -> Option<f64> {
        self.right.filter(|_| !rows.is_empty()).map(|right| right as f64 / rows.len() as f64)
    }
}
