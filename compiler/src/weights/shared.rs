//! Sums that outputs share: where two outputs take the same inputs with the same signs (or with opposite ones), one
//! further sum takes those inputs, and is added to both outputs at the end.
//!
//! Sound: for each input `x` that output `i` and output `j` both add, the two terms `x` are replaced by one in the new
//! sum `s`, and `i + s`, `j + s` are the old sums regrouped, modulo 2^bits; with opposite signs it is `i + s` and
//! `j - s`. A new sum starts at zero. A later fold may share an earlier fold's sum; folds are applied last first, so each
//! sum is complete when it is added.

use super::Column;

/// A sum that two outputs have in common: element `from` is added to `plus`, and added to or subtracted from `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// The next element behind the outputs and the sums of the folds before.
    pub from: u16,
    pub plus: u16,
    pub other: u16,
    /// Subtracted from `other`.
    pub minus: bool,
}

/// A column of so many outputs with a further element for each fold.
pub fn encode(column: &Column, outputs: usize, folds: &[Fold]) -> Column {
    let mut weights = column.weights(outputs + folds.len());
    fold_weights(&mut weights, folds);
    Column::of(&weights)
}

/// Moves to each fold's element what its two outputs have in common. `weights` holds a weight an output and a zero a
/// fold.
pub fn fold_weights(weights: &mut [i8], folds: &[Fold]) {
    for f in folds {
        let (plus, other) = (usize::from(f.plus), usize::from(f.other));
        let sign = weights[plus].signum();
        let wanted = if f.minus { -sign } else { sign };
        if sign != 0 && weights[other].signum() == wanted {
            weights[plus] -= sign;
            weights[other] -= wanted;
            weights[usize::from(f.from)] = sign;
        }
    }
}

/// Adds shared sums, the last first, to the outputs that share them: `sums` has an element an output and one a fold.
pub fn add(sums: &mut Vec<i16>, folds: &[Fold]) {
    for f in folds.iter().rev() {
        let sum = sums[usize::from(f.from)];
        let (plus, other) = (usize::from(f.plus), usize::from(f.other));
        sums[plus] = sums[plus].wrapping_add(sum);
        sums[other] = if f.minus { sums[other].wrapping_sub(sum) } else { sums[other].wrapping_add(sum) };
    }
    sums.truncate(sums.len() - folds.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_sums_give_the_weights_back() {
        let fold = |from, plus, other, minus| Fold { from, plus, other, minus };
        // The third shares the first one's sum.
        let folds = [fold(5, 0, 1, false), fold(6, 2, 3, true), fold(7, 5, 4, true)];
        for seed in 0..500 {
            let weights: Vec<i8> = (0..5).map(|o| [-2, -1, 0, 1][seed / 4usize.pow(o) % 4]).collect();
            let column = Column::of(&weights);
            let folded = encode(&column, 5, &folds);
            // One input of 1: the sums are the weights.
            let mut sums: Vec<i16> = folded.weights(8).into_iter().map(i16::from).collect();
            add(&mut sums, &folds);
            assert_eq!(sums, weights.into_iter().map(i16::from).collect::<Vec<_>>());
            assert!(folded.len() <= column.len());
        }
    }
}
