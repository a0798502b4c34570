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

/// The pair of an output that shares most uses; the first of several. Kept while pairs change, for a change touches three outputs, and to
/// look through all pairs behind each takes longer than all else of a compile.
#[derive(Clone, Copy, Default)]
struct Row {
    /// Uses, the later output, and whether it takes inputs with the opposite sign.
    best: Option<(u64, (usize, bool))>,
    /// The best one has lost uses: the row must be looked through.
    stale: bool,
}

impl Row {
    /// A pair has `uses` now.
    fn see(&mut self, place: (usize, bool), uses: u64) {
        match &mut self.best {
            Some((most, best)) if *best == place => {
                self.stale |= uses < *most;
                *most = uses;
            }
            Some((most, best)) if uses < *most || (uses == *most && place > *best) => {}
            _ if uses == 0 => {}
            best => *best = Some((uses, place)),
        }
    }
}

/// How often each pair of outputs takes the same input, with equal and with opposite signs.
struct Pairs {
    outputs: usize,
    /// Most outputs: the side of the table.
    side: usize,
    /// Of each pair, the later output behind the earlier one: with equal signs, with opposite ones.
    uses: Vec<[u64; 2]>,
    /// The best pair of each output with a later one.
    rows: Vec<Row>,
    /// Weights of each column that is used at all, and its uses.
    columns: Vec<(u64, Vec<i8>)>,
}

impl Pairs {
    fn new(product: &Product, counts: &ProductUsage, side: usize) -> Self {
        let uses = counts.low.iter().zip(&counts.high).map(|(l, h)| l + h);
        let used = product.columns.iter().zip(uses).filter(|(_, uses)| *uses > 0);
        Self::of(used.map(|(c, uses)| (uses, c.weights(side))).collect(), product.outputs, side)
    }

    /// Of columns of `side` weights, of which the first `outputs` count.
    fn of(columns: Vec<(u64, Vec<i8>)>, outputs: usize, side: usize) -> Self {
        let mut pairs = vec![[0; 2]; side * side];
        for (uses, weights) in &columns {
            let filled = (0..outputs).filter(|&o| weights[o] != 0).map(|o| (o, weights[o] > 0));
            let filled: Vec<_> = filled.collect();
            for (n, &(a, sign)) in filled.iter().enumerate() {
                let row = &mut pairs[a * side..(a + 1) * side];
                filled[n + 1..].iter().for_each(|&(b, other)| row[b][usize::from(sign != other)] += uses);
            }
        }
        let rows = vec![Row { stale: true, ..Row::default() }; side];
        Self { outputs, side, uses: pairs, rows, columns }
    }

    fn change(&mut self, (a, b): (usize, usize), opposite: bool, change: impl Fn(u64) -> u64) {
        let (a, b) = (a.min(b), a.max(b));
        let uses = &mut self.uses[a * self.side + b][usize::from(opposite)];
        *uses = change(*uses);
        if !self.rows[a].stale {
            self.rows[a].see((b, opposite), *uses);
        }
    }

    /// The pair that shares most uses; the first of several.
    fn best(&mut self) -> Option<(u64, Fold)> {
        let mut best: Option<(u64, Fold)> = None;
        for a in 0..self.outputs {
            if self.rows[a].stale {
                self.rows[a] = self.row(a);
            }
            let Some((uses, (b, minus))) = self.rows[a].best else { continue };
            if uses > best.map_or(0, |(most, _)| most) {
                best = Some((uses, Fold { from: 0, plus: a as u16, other: b as u16, minus }));
            }
        }
        best
    }

    /// A row, looked through.
    fn row(&self, a: usize) -> Row {
        let mut row = Row::default();
        for b in a + 1..self.outputs {
            let [equal, opposite] = self.uses[a * self.side + b];
            row.see((b, false), equal);
            row.see((b, true), opposite);
        }
        row
    }

    /// Folds all columns and keeps the counts true: only pairs with one of the three elements change, and only where an element becomes
    /// zero or is no longer zero, for the sign of what stays of a weight is the same.
    fn apply(&mut self, fold: Fold) {
        let mut columns = std::mem::take(&mut self.columns);
        self.outputs += 1;
        let touched = [fold.plus, fold.other, fold.from].map(usize::from);
        for (uses, weights) in &mut columns {
            let before = touched.map(|element| weights[element]);
            if before[0] == 0 || before[1] == 0 {
                continue;
            }
            let mut after = before;
            fold_weights(&mut after, &[Fold { plus: 0, other: 1, from: 2, ..fold }]);
            if after == before {
                continue;
            }
            // One after the other, so that a pair of two of them is counted once.
            for (element, (before, after)) in touched.into_iter().zip(before.into_iter().zip(after)) {
                if after == 0 {
                    weights[element] = 0;
                    self.count(weights, (element, before), |n| n - *uses);
                } else if before == 0 {
                    self.count(weights, (element, after), |n| n + *uses);
                }
                weights[element] = after;
            }
        }
        self.columns = columns;
    }

    /// Changes the count of every pair of a column that has this element, of this weight.
    fn count(&mut self, weights: &[i8], (a, weight): (usize, i8), change: impl Fn(u64) -> u64) {
        for (b, &other) in weights.iter().enumerate() {
            if other != 0 && b != a {
                self.change((a, b), (weight > 0) != (other > 0), &change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts that are kept are those of columns that are counted anew, whatever was folded, and so is the best pair.
    #[test]
    fn counts_are_kept_true() {
        let mut state = 7u32;
        let mut random = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % most
        };
        for outputs in [2, 3, 9, 20] {
            let side = outputs + 12;
            let mut column = |zeros: u32| {
                let mut weights: Vec<i8> =
                    (0..outputs).map(|_| [-2, -1, 1, 0][random(zeros).min(3) as usize]).collect();
                weights.resize(side, 0);
                (u64::from(random(5)) + 1, weights)
            };
            let columns: Vec<_> = (0..30).map(|n| column(3 + n % 5)).collect();
            let mut pairs = Pairs::of(columns, outputs, side);
            while let (true, Some((uses, mut fold))) = (pairs.outputs < side, pairs.best()) {
                let mut anew = Pairs::of(pairs.columns.clone(), pairs.outputs, side);
                assert_eq!(pairs.uses, anew.uses);
                assert_eq!(anew.best(), Some((uses, fold)));
                let most = anew.uses.iter().flatten().max();
                assert_eq!(most, Some(&uses), "no pair shares more");
                fold.from = pairs.outputs as u16;
                pairs.apply(fold);
            }
            assert!(pairs.outputs == side || pairs.uses.iter().flatten().all(|&n| n == 0));
        }
    }
}
