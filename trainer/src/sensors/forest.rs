//! Forests of decision trees (Breiman 2001): trees on rows that are drawn with replacement, each comparison chosen by Gini's impurity
//! among some of the columns; one tree alone learns from all rows and all columns.
//!
//! What is compared are the bytes of the machine: a reading's rank among thresholds, which lie in the middle between readings of the
//! training rows. So the trees that are grown are those that run. A column with more than 255 thresholds has several bytes; they count as
//! one column, and most of them are gone once only thresholds are left that some tree compares with. A leaf votes for each label by its
//! share of the rows that came there, in hundredths.

use super::figures::Figures;
use super::task::{Rows, Task};
use super::train::facts;
use crate::error::TrainError;
use crate::schedule::whole;
use mlc_compiler::arithmetic::network::{rank_bytes, ranked_bytes};
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::model::{
    Answer, Body, Branch, Class, Head, Kind, MAX_ELEMENTS, MAX_RANKS, MAX_SPLITS, MAX_VOTED, Model, Network,
    Operator, Quantization, Reader, Real, Rounding, Sensors, Shape, Split, Trees, Vote, rank_decimals,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Most trees.
pub const MAX_TREES: usize = 200;
/// Votes of a tree.
const VOTES: usize = 100;
/// Deepest trees: of one that stands alone, and of those of a forest.
const DEPTH: [usize; 2] = [8, 12];
/// Most bytes of a column while trees grow: 2,040 thresholds.
const MOST_BYTES: usize = 8;
/// Fewer rows than this are not divided.
const FEWEST: [usize; 2] = [4, 2];

/// All choices.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestSettings {
    /// Name and description of the model.
    pub name: String,
    pub about: String,
    /// 1 to [`MAX_TREES`].
    pub trees: usize,
    pub seed: u64,
    /// See [`Class::margin`].
    pub margin: u8,
}

/// A forest, and its figures on the training rows.
#[derive(Debug, Clone)]
pub struct Grown {
    pub model: Model,
    pub train: Figures,
}

/// Grows a forest on the training rows of a task, those of validation among them: nothing is chosen by them. `data` are the rows of the
/// task.
///
/// # Errors
/// Settings out of range; a rule of models that is broken.
pub fn grow(task: &Task, data: &Examples, settings: &ForestSettings) -> Result<Grown, TrainError> {
    let ForestSettings { name, about, trees, seed, margin } = settings.clone();
    whole("trees", trees, 1, MAX_TREES)?;
    if task.labels.len() > MAX_VOTED {
        let labels = task.labels.len();
        return Err(TrainError::Data(format!("{labels} labels: trees tell {MAX_VOTED} apart at most")));
    }
    let mut numbers = task.train.numbers.clone();
    let mut targets = task.train.targets.clone();
    if let Some(rows) = &task.validation {
        numbers.extend(&rows.numbers);
        targets.extend(&rows.targets);
    }
    let reader = reader(task, data, &numbers);
    let rows = Rows::with_targets(data, &reader, targets, numbers);
    let mut grower = Grower::new(&rows, columns(&reader), task.labels.len(), (trees, seed));
    for grown in 1..=trees {
        grower.tree();
        if grower.trees.splits.len() > MAX_SPLITS {
            let problem =
                format!("{grown} trees have more than {MAX_SPLITS} splits together: grow fewer of them");
            return Err(TrainError::Data(problem));
        }
    }
    let (trees, reader) = pruned(grower.trees, &grower.most, reader, task.reader.shape);
    let outputs = Shape::vector(task.labels.len());
    let output = Quantization { scale: Real(1.0 / (VOTES * trees.roots.len()) as f64), zero: 0 };
    let operator =
        Operator { name: "trees1".into(), shape: outputs, kind: Kind::Trees { input: 0, trees }, output };
    let mut model = Model {
        head: Head { name, about, ..Head::default() },
        reader: Reader::Sensors(reader),
        body: Body::Network(Network { rounding: Rounding::OnnxRuntime, operators: vec![operator] }),
        answer: Answer::Class(Class { labels: task.labels.clone(), margin, output, softmax: None }),
    };
    model.check()?;
    let train = count(&model, data, &rows.numbers, &rows.targets);
    model.head.training = facts(task, seed);
    model.head.training.push(("rows right, %".into(), format!("{:.2}", 100.0 * train.share())));
    Ok(Grown { model, train })
}

/// Figures of a forest of this task on the rows that are held out: rows of `data`.
pub fn evaluate_forest(model: &Model, task: &Task, data: &Examples) -> Figures {
    count(model, data, &task.held_out.numbers, &task.held_out.targets)
}

fn count(model: &Model, data: &Examples, numbers: &[usize], targets: &[u16]) -> Figures {
    let (Some((reader, body)), mut figures) = (model.network(), Figures::default()) else {
        unreachable!("a forest reads numbers")
    };
    let Some(Operator { kind: Kind::Trees { trees, .. }, .. }) = body.operators.last() else {
        unreachable!("a forest has trees")
    };
    let rows = Rows::with_targets(data, reader, targets.to_vec(), numbers.to_vec());
    for (row, &target) in targets.iter().enumerate() {
        let x = rows.bytes(row);
        let votes = trees.run(|feature| x[feature].into());
        let all: i32 = votes.iter().sum();
        // A label without a vote has half of one.
        let half = 0.5 * votes.len() as f64;
        let share = (f64::from(votes[usize::from(target)]) + 0.5) / (f64::from(all) + half);
        figures.rows += 1;
        figures.right +=
            usize::from(mlc_compiler::arithmetic::network::decide(&votes, 0) == usize::from(target));
        figures.nats -= share.ln();
    }
    figures
}

/// What reads the columns: their ranks among thresholds, or bytes as they are.
fn reader(task: &Task, data: &Examples, numbers: &[usize]) -> Sensors {
    let Values::Reals(values) = &data.values else { return task.reader.clone() };
    let column = |at: usize| {
        let mut all: Vec<f32> = numbers.iter().map(|&row| values[row * data.width + at] as f32).collect();
        all.sort_by(f32::total_cmp);
        thresholds(&all, MAX_RANKS * MOST_BYTES.min(MAX_ELEMENTS / data.width).max(1))
    };
    let ranks: Vec<Vec<Real>> = (0..data.width).map(column).collect();
    let inputs = task.reader.inputs.clone();
    let shape = shape(task.reader.shape, &ranks);
    Sensors { inputs, shape, decimals: 0, scaling: vec![], quantization: vec![], ranks }
}

/// What a line with these thresholds becomes: of one byte for each value what it was.
fn shape(of: Shape, ranks: &[Vec<Real>]) -> Shape {
    match ranked_bytes(ranks) {
        bytes if bytes == of.len() => of,
        bytes => Shape::vector(bytes),
    }
}

/// How many bytes each column has.
fn columns(reader: &Sensors) -> Vec<usize> {
    match reader.ranks.as_slice() {
        [] => vec![1; reader.shape.len()],
        ranks => ranks.iter().map(|list| rank_bytes(list.len())).collect(),
    }
}

/// Thresholds between sorted values: between all that differ, or `most` such that about as many values lie between each two.
fn thresholds(sorted: &[f32], most: usize) -> Vec<Real> {
    let mut between: Vec<usize> = (1..sorted.len()).filter(|&i| sorted[i - 1] < sorted[i]).collect();
    if between.len() > most {
        let nearest = |i: usize| {
            let wanted = i * sorted.len() / (most + 1);
            between[between.partition_point(|&place| place < wanted).min(between.len() - 1)]
        };
        let mut chosen: Vec<usize> = (1..=most).map(nearest).collect();
        chosen.dedup();
        between = chosen;
    }
    let middle = |&i: &usize| {
        let (low, high) = (sorted[i - 1], sorted[i]);
        let middle = f64::from(low).midpoint(f64::from(high)) as f32;
        // One that rounds up to the higher value would not divide them. -0 is 0.
        let middle = if middle < high { middle } else { low };
        Real(f64::from(middle + 0.0))
    };
    between.iter().map(middle).collect()
}

/// A division of rows: ranks of a column up to `most`, and above.
struct Division {
    impurity: f64,
    column: usize,
    most: u16,
}

/// What grows trees.
struct Grower<'a> {
    rows: &'a Rows,
    /// The rank of each column of each row: how many thresholds it is above.
    ranks: Vec<u16>,
    width: usize,
    labels: usize,
    /// Whether a tree stands alone (0) or among others (1).
    kind: usize,
    rng: ChaCha8Rng,
    /// Splits have columns for features; their ranks are in `most`.
    trees: Trees,
    most: Vec<u16>,
    /// Leaves by their votes for all labels.
    known: HashMap<Vec<i16>, usize>,
}

impl<'a> Grower<'a> {
    /// `columns`: the bytes of each column.
    fn new(rows: &'a Rows, columns: Vec<usize>, labels: usize, (trees, seed): (usize, u64)) -> Self {
        let mut ranks = Vec::with_capacity(rows.len() * columns.len());
        for row in 0..rows.len() {
            let mut bytes = rows.bytes(row);
            for &count in &columns {
                let (here, rest) = bytes.split_at(count);
                ranks.push(here.iter().map(|&byte| (i16::from(byte) + 128) as u16).sum());
                bytes = rest;
            }
        }
        Self {
            rows,
            ranks,
            width: columns.len(),
            labels,
            kind: usize::from(trees > 1),
            rng: ChaCha8Rng::seed_from_u64(seed),
            trees: Trees { base: vec![0; labels], ..Trees::default() },
            most: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn rank(&self, row: usize, column: usize) -> u16 {
        self.ranks[row * self.width + column]
    }

    fn tree(&mut self) {
        let count = self.rows.len();
        let rows = match self.kind {
            0 => (0..count).collect(),
            _ => (0..count).map(|_| self.rng.random_range(0..count)).collect(),
        };
        let root = self.node(rows, 0);
        self.trees.roots.push(root);
    }

    /// Grows a node with all below it. Splits have their number before those below them.
    fn node(&mut self, rows: Vec<usize>, depth: usize) -> Branch {
        let counts = self.counts(&rows);
        let is_pure = counts.contains(&rows.len());
        let division = if is_pure || depth == DEPTH[self.kind] || rows.len() < FEWEST[self.kind] {
            None
        } else {
            self.best(&rows)
        };
        let Some(Division { column, most, .. }) = division else { return self.leaf(&counts, rows.len()) };
        let at = self.trees.splits.len();
        let (low, high) = (Branch::Leaf(0), Branch::Leaf(0));
        self.trees.splits.push(Split { feature: column, most: 0, low, high });
        self.most.push(most);
        let (low, high) = rows.into_iter().partition(|&row| self.rank(row, column) <= most);
        let low = self.node(low, depth + 1);
        let high = self.node(high, depth + 1);
        (self.trees.splits[at].low, self.trees.splits[at].high) = (low, high);
        Branch::Split(at)
    }

    fn counts(&self, rows: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.labels];
        rows.iter().for_each(|&row| counts[usize::from(self.rows.targets[row])] += 1);
        counts
    }

    /// A leaf that votes by these rows; the same votes are one leaf.
    fn leaf(&mut self, counts: &[usize], rows: usize) -> Branch {
        let weights: Vec<i16> =
            counts.iter().map(|&n| ((2 * VOTES * n + rows) / (2 * rows)) as i16).collect();
        let votes = weights.iter().enumerate().filter(|(_, weight)| **weight > 0);
        let votes: Vec<Vote> = votes.map(|(output, &weight)| Vote { output, weight }).collect();
        let leaves = &mut self.trees.leaves;
        Branch::Leaf(*self.known.entry(weights).or_insert_with(|| {
            leaves.push(votes);
            leaves.len() - 1
        }))
    }

    /// The division that leaves the least impurity; of equals the first. `None` where no column differs.
    fn best(&mut self, rows: &[usize]) -> Option<Division> {
        let width = self.width;
        let mut columns: Vec<usize> = (0..width).collect();
        // As many columns that differ as the root of all, for a forest.
        let mut wanted = match self.kind {
            0 => width,
            _ => (width as f64).sqrt().ceil() as usize,
        };
        let mut best: Option<Division> = None;
        while wanted > 0 && !columns.is_empty() {
            let column = match self.kind {
                0 => columns.remove(0),
                _ => columns.swap_remove(self.rng.random_range(0..columns.len())),
            };
            let Some(found) = self.divided(rows, column) else { continue };
            wanted -= 1;
            if best.as_ref().is_none_or(|best| found.impurity < best.impurity) {
                best = Some(found);
            }
        }
        best
    }

    /// The best division by a column; `None` where its ranks are all the same.
    fn divided(&self, rows: &[usize], column: usize) -> Option<Division> {
        let ranked = |&row: &usize| (self.rank(row, column), self.rows.targets[row]);
        let mut sorted: Vec<(u16, u16)> = rows.iter().map(ranked).collect();
        sorted.sort_unstable();
        let (mut low, mut high) = (vec![0usize; self.labels], self.counts(rows));
        let mut best: Option<Division> = None;
        for (i, pair) in sorted.windows(2).enumerate() {
            let ((rank, target), (next, _)) = (pair[0], pair[1]);
            low[usize::from(target)] += 1;
            high[usize::from(target)] -= 1;
            if rank == next {
                continue;
            }
            let impurity = gini(&low, i + 1) + gini(&high, rows.len() - i - 1);
            if best.as_ref().is_none_or(|best| impurity < best.impurity) {
                // In the middle of what lies between.
                best = Some(Division { impurity, column, most: (rank + next - 1) / 2 });
            }
        }
        best
    }
}

/// Gini's impurity of so many rows, times their number.
fn gini(counts: &[usize], rows: usize) -> f64 {
    let squares: f64 = counts.iter().map(|&n| (n as f64).powi(2)).sum();
    rows as f64 - squares / rows as f64
}

/// The same trees with the thresholds that they compare with, and no others; `most` has the ranks that splits compare with, `columns`
/// the shape of a row.
fn pruned(mut trees: Trees, most: &[u16], mut reader: Sensors, columns: Shape) -> (Trees, Sensors) {
    if reader.ranks.is_empty() {
        for (split, &most) in trees.splits.iter_mut().zip(most) {
            split.most = (i32::from(most) - 128) as i8;
        }
        return (trees, reader);
    }
    let mut used: Vec<Vec<u16>> = vec![Vec::new(); reader.ranks.len()];
    trees.splits.iter().zip(most).for_each(|(split, &most)| used[split.feature].push(most));
    // The first byte of each column.
    let (mut firsts, mut bytes) = (Vec::new(), 0);
    for (list, used) in reader.ranks.iter_mut().zip(&mut used) {
        used.sort_unstable();
        used.dedup();
        *list = used.iter().map(|&at| list[usize::from(at)]).collect();
        firsts.push(bytes);
        bytes += rank_bytes(list.len());
    }
    for (split, most) in trees.splits.iter_mut().zip(most) {
        let at = used[split.feature].binary_search(most).expect("it is among those that are used");
        split.feature = firsts[split.feature] + at / MAX_RANKS;
        split.most = ((at % MAX_RANKS) as i32 - 128) as i8;
    }
    reader.shape = shape(columns, &reader.ranks);
    reader.decimals = rank_decimals(&reader.ranks).0;
    (trees, reader)
}
