//! The n-gram prior of a sequence model: what tokens cost behind the last one or two that were read. A network with one
//! corrects it.

use super::check::in_range;
use super::check_sequence::broken;
use super::error::ModelError;
use crate::arithmetic::sat16;
use std::collections::BTreeSet;

/// Most bits that costs are shifted by: a shifted one has 15 bits.
pub const MAX_COST_SHIFT: u8 = 7;
/// Most rows of costs.
pub const MAX_PRIOR_ROWS: usize = 65_535;
/// Most pairs of tokens that have a row of their own.
pub const MAX_PRIOR_PAIRS: usize = 65_535;

/// What is subtracted from the logits: see docs/semantics.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prior {
    /// Costs are shifted left by so many bits, 0 to [`MAX_COST_SHIFT`].
    pub shift: u8,
    /// `[rows, vocabulary]`, row by row.
    pub costs: Vec<u8>,
    /// The row of each token, where it was read last.
    pub last: Vec<u16>,
    /// Tokens read last and last but one, in this order, that have a row together: it goes before that of the last. Ascending.
    pub pairs: Vec<Pair>,
}

/// Two tokens that were read one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The later one.
    pub last: u32,
    pub before: u32,
    pub row: u16,
}

impl Prior {
    /// Tokens that it knows: those that may be read, and those that cost something.
    pub fn vocabulary(&self) -> usize {
        self.last.len()
    }

    /// Rows of costs.
    pub fn rows(&self) -> usize {
        self.costs.len() / self.vocabulary().max(1)
    }

    /// Bytes that a program on an 8-bit processor has of it: costs, a word for each token, and an entry of two words for each
    /// pair and each token, but once for all tokens that have the same row and no pairs.
    pub fn bytes(&self) -> usize {
        let mut alone = BTreeSet::new();
        let mut entries = self.pairs.len();
        let mut pairs = self.pairs.iter().map(|pair| pair.last).peekable();
        for (token, &row) in self.last.iter().enumerate() {
            let mut found = false;
            while pairs.next_if(|&last| last as usize <= token).is_some() {
                found = true;
            }
            entries += usize::from(found || alone.insert(row));
        }
        self.costs.len() + 2 * self.last.len() + 4 * entries
    }

    /// The row of what tokens cost behind `last`, in front of which `before` was read. Where nothing was read yet, the first one.
    pub fn row_behind(&self, before: Option<u32>, last: Option<u32>) -> usize {
        let of_pair = |last: u32| {
            let before = before?;
            let place = self.pairs.binary_search_by_key(&(last, before), |pair| (pair.last, pair.before));
            place.ok().map(|place| self.pairs[place].row)
        };
        last.map_or(0, |last| of_pair(last).unwrap_or_else(|| self.last[last as usize])).into()
    }

    /// That row: what each token costs.
    pub fn costs_behind(&self, before: Option<u32>, last: Option<u32>) -> &[u8] {
        let width = self.vocabulary();
        &self.costs[self.row_behind(before, last) * width..][..width]
    }

    /// Subtracts what tokens cost from their logits.
    pub fn apply(&self, logits: &mut [i32], before: Option<u32>, last: Option<u32>) {
        let costs = self.costs_behind(before, last);
        for (logit, &cost) in logits.iter_mut().zip(costs) {
            *logit = sat16(*logit - (i32::from(cost) << self.shift));
        }
    }

    /// The same costs in steps that are 2^`up` times as small; those that become too large are cut off, and bits that get no
    /// room are rounded.
    #[must_use]
    pub fn scaled(mut self, up: i32) -> Self {
        let shift = i32::from(self.shift) + up;
        let within = shift.clamp(0, MAX_COST_SHIFT.into());
        let (more, less) = ((shift - within).max(0), (within - shift).clamp(0, 15));
        let half = if less > 0 { 1u32 << (less - 1) } else { 0 };
        let scaled = |cost: u8| (((u32::from(cost) << more.min(8)) + half) >> less).min(255) as u8;
        self.costs.iter_mut().for_each(|cost| *cost = scaled(*cost));
        self.shift = within as u8;
        self
    }

    /// Checks every rule stated on the fields.
    ///
    /// # Errors
    /// The first one broken.
    pub(super) fn check(&self, vocabulary: usize) -> Result<(), ModelError> {
        in_range("prior.shift", self.shift.into(), 0, MAX_COST_SHIFT.into())?;
        if self.last.len() != vocabulary {
            let (field, found) = ("prior.last".to_string(), self.last.len());
            return Err(ModelError::Length { field, found, wants: vocabulary });
        }
        in_range("prior.costs: their rows", self.rows(), 1, MAX_PRIOR_ROWS)?;
        if !self.costs.len().is_multiple_of(vocabulary) {
            return Err(broken("prior.costs", "rows with a cost for each token"));
        }
        let rows = self.pairs.iter().map(|pair| pair.row).chain(self.last.iter().copied());
        if rows.max().is_some_and(|row| usize::from(row) >= self.rows()) {
            return Err(broken("prior", "one whose tokens and pairs have rows that are there"));
        }
        let tokens = self.pairs.iter().flat_map(|pair| [pair.last, pair.before]);
        if tokens.max().is_some_and(|token| token as usize >= vocabulary) {
            return Err(broken("prior.pairs", "pairs of tokens of the vocabulary"));
        }
        in_range("prior.pairs: their number", self.pairs.len(), 0, MAX_PRIOR_PAIRS)?;
        let key = |pair: &Pair| (pair.last, pair.before);
        if !self.pairs.is_sorted_by(|a, b| key(a) < key(b)) {
            return Err(broken(
                "prior.pairs",
                "ascending by the later token, then by the one before, each once",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prior() -> Prior {
        let pair = |last, before, row| Pair { last, before, row };
        Prior {
            shift: 2,
            costs: vec![0, 1, 2, 3, 4, 5, 6, 7, 255],
            last: vec![0, 1, 1],
            pairs: vec![pair(0, 2, 2), pair(1, 0, 2), pair(1, 2, 0)],
        }
    }

    #[test]
    fn the_longest_context_that_has_a_row_decides() {
        let prior = prior();
        prior.check(3).unwrap();
        let behind = |before, last| prior.costs_behind(before, last)[0];
        assert_eq!(behind(None, None), 0);
        assert_eq!([behind(None, Some(0)), behind(None, Some(1)), behind(None, Some(2))], [0, 3, 3]);
        assert_eq!([behind(Some(2), Some(0)), behind(Some(1), Some(0))], [6, 0]);
        assert_eq!([behind(Some(0), Some(1)), behind(Some(1), Some(1)), behind(Some(2), Some(1))], [6, 3, 0]);
        let mut logits = [-32_000, 7, -31_999];
        prior.apply(&mut logits, Some(2), Some(0));
        assert_eq!(logits, [-32_024, -21, -32_768], "no logit goes round");
    }

    #[test]
    fn costs_keep_their_size_as_far_as_there_is_room() {
        let costs = |up| {
            let scaled = prior().scaled(up);
            (scaled.shift, scaled.costs[1], scaled.costs[7], scaled.costs[8])
        };
        assert_eq!(costs(0), (2, 1, 7, 255));
        assert_eq!(costs(5), (7, 1, 7, 255));
        assert_eq!(costs(6), (7, 2, 14, 255));
        assert_eq!(costs(90), (7, 255, 255, 255));
        assert_eq!(costs(-2), (0, 1, 7, 255));
        assert_eq!(costs(-3), (0, 1, 4, 128));
        assert_eq!(costs(-90), (0, 0, 0, 0));
    }

    #[test]
    fn what_is_no_prior_is_refused() {
        let refused = |change: fn(&mut Prior)| {
            let mut prior = prior();
            change(&mut prior);
            prior.check(3).expect_err("broken").to_string()
        };
        let has = |message: String, part: &str| assert!(message.contains(part), "{message}");
        has(refused(|p| p.shift = 8), "prior.shift");
        has(refused(|p| p.last.push(0)), "prior.last");
        has(refused(|p| p.costs.clear()), "prior.costs");
        has(refused(|p| p.costs.push(1)), "a cost for each token");
        has(refused(|p| p.last[2] = 3), "rows that are there");
        has(refused(|p| p.pairs[0].row = 3), "rows that are there");
        has(refused(|p| p.pairs[2].before = 3), "tokens of the vocabulary");
        has(refused(|p| p.pairs[2].last = 3), "tokens of the vocabulary");
        has(refused(|p| p.pairs.swap(1, 2)), "ascending");
        has(refused(|p| p.pairs[2] = p.pairs[1]), "ascending");
    }
}
