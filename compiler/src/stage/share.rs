//! Which outputs share sums: greedily, the pair that saves most first.
//!
//! An input that two outputs add (or one adds and the other subtracts) costs one addition instead of two
//! once they share a sum; the sum itself is added to both outputs at the end of each run. How often an
//! input is used comes from the calibration queries, so that a sum is shared only where it pays.

use super::usage::ProductUsage;
use super::{Product, Start};
use crate::weights::Fold;
use crate::weights::shared::{self, fold_weights};
use std::sync::Arc;

/// Prices in the target's T-states or cycles.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    /// An addition of a column, its share of carries included.
    pub addition: u64,
    /// Adding a shared sum to its two outputs, and starting it.
    pub fold: u64,
    /// Most accumulators that a stage with shared sums may have.
    pub accumulators: usize,
}

/// Folds for a product, best first. Empty where sharing does not pay.
pub fn folds(product: &Product, counts: &ProductUsage, prices: Prices) -> Vec<Fold> {
    if product.outputs >= prices.accumulators {
        return vec![];
    }
    let mut folds: Vec<Fold> = Vec::new();
    let mut pairs = Pairs::new(product, counts, prices.accumulators);
    while pairs.outputs < prices.accumulators {
        let Some((uses, mut fold)) = pairs.best() else { break };
        // A sum that breaks even is not worth its bytes.
        if uses * prices.addition <= counts.runs * prices.fold {
            break;
        }
        fold.from = pairs.outputs as u16;
        pairs.apply(fold);
        folds.push(fold);
    }
    folds
}

/// The product with its columns folded.
pub fn folded(product: &Product, folds: &[Fold]) -> Product {
    let height = product.outputs + folds.len();
    let columns = product.columns.iter().map(|c| shared::encode(c, product.outputs, folds)).collect();
    let start = match &product.start {
        Start::Constant(values) => {
            Start::Constant(values.iter().copied().chain(folds.iter().map(|_| 0)).collect())
        }
        Start::Stage(from) => Start::Stage(*from),
    };
    Product { columns: Arc::new(columns), outputs: height, folds: folds.to_vec(), start, ..product.clone() }
}

/// How often each pair of outputs takes the same input, with equal and with opposite signs.
struct Pairs {
    outputs: usize,
    /// Most outputs: the side of the tables.
    side: usize,
    equal: Vec<u64>,
    opposite: Vec<u64>,
    /// Weights of each column that is used at all, and its uses.
    columns: Vec<(u64, Vec<i8>)>,
}

impl Pairs {
    fn new(product: &Product, counts: &ProductUsage, side: usize) -> Self {
        let uses = counts.low.iter().zip(&counts.high).map(|(l, h)| l + h);
        let columns: Vec<_> = product
            .columns
            .iter()
            .zip(uses)
            .filter(|(_, uses)| *uses > 0)
            .map(|(c, uses)| (uses, c.weights(side)))
            .collect();
        let table = || vec![0; side * side];
        let mut pairs =
            Self { outputs: product.outputs, side, equal: table(), opposite: table(), columns: vec![] };
        for (uses, weights) in &columns {
            let filled: Vec<_> = (0..product.outputs).filter(|&o| weights[o] != 0).collect();
            for (n, &a) in filled.iter().enumerate() {
                for &b in &filled[n + 1..] {
                    *pairs.entry(a, b, weights[a].signum() == weights[b].signum()) += uses;
                }
            }
        }
        pairs.columns = columns;
        pairs
    }

    fn entry(&mut self, a: usize, b: usize, equal: bool) -> &mut u64 {
        let at = a.min(b) * self.side + a.max(b);
        if equal { &mut self.equal[at] } else { &mut self.opposite[at] }
    }

    /// The pair that shares most uses; the first of several.
    fn best(&self) -> Option<(u64, Fold)> {
        let mut best: Option<(u64, Fold)> = None;
        for a in 0..self.outputs {
            for b in a + 1..self.outputs {
                let at = a * self.side + b;
                for (uses, minus) in [(self.equal[at], false), (self.opposite[at], true)] {
                    if uses > best.map_or(0, |(most, _)| most) {
                        best = Some((uses, Fold { from: 0, plus: a as u16, other: b as u16, minus }));
                    }
                }
            }
        }
        best
    }

    /// Folds all columns and keeps the counts true: only pairs with one of the three elements change.
    fn apply(&mut self, fold: Fold) {
        let mut columns = std::mem::take(&mut self.columns);
        let touched = [fold.plus, fold.other, fold.from].map(usize::from);
        for (uses, weights) in &mut columns {
            let before = weights.clone();
            fold_weights(weights, &[fold]);
            if before == *weights {
                continue;
            }
            self.count(&before, touched, |n| n - *uses);
            self.count(weights, touched, |n| n + *uses);
        }
        self.columns = columns;
        self.outputs += 1;
    }

    /// Changes the count of every pair of a column that has one of the touched elements.
    fn count(&mut self, weights: &[i8], touched: [usize; 3], change: impl Fn(u64) -> u64) {
        for (n, &a) in touched.iter().enumerate() {
            for b in (0..weights.len()).filter(|&b| b != a && !touched[..n].contains(&b)) {
                if weights[a] != 0 && weights[b] != 0 {
                    let entry = self.entry(a, b, weights[a].signum() == weights[b].signum());
                    *entry = change(*entry);
                }
            }
        }
    }
}
