//! Merges: pairs of tokens that become one, by rank.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Two neighbouring tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Merge {
    /// The lowest goes first. Several may share one; then the leftmost pair in the text goes first.
    pub rank: u32,
    pub left: u32,
    pub right: u32,
    pub merged: u32,
}

/// A table of merges, each pair once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merges {
    /// By rank, then left, then right.
    list: Vec<Merge>,
    /// Indices of `list`, by left, then right.
    by_pair: Vec<u32>,
}

/// Ranks without gaps, from 0 on, by the rank that merges have: what tables for machines hold.
pub fn dense_ranks(list: &[Merge]) -> BTreeMap<u32, u32> {
    let ranks: BTreeSet<u32> = list.iter().map(|merge| merge.rank).collect();
    ranks.into_iter().zip(0..).collect()
}

/// Whether merges of lower ranks make lower tokens, and of one rank one token: then tables need no ranks.
pub fn ranks_are_those_of_tokens(list: &[Merge]) -> bool {
    let mut list: Vec<(u32, u32)> = list.iter().map(|merge| (merge.rank, merge.merged)).collect();
    list.sort_unstable();
    list.windows(2).all(|two| (two[0].0 < two[1].0) == (two[0].1 < two[1].1))
}

/// A token that was merged into the one before it.
const GONE: u32 = u32::MAX;

impl Merges {
    /// A table of the merges, at most [`MOST_MERGES`](super::MOST_MERGES) in any order. Error: a pair that is there
    /// twice.
    pub fn new(mut list: Vec<Merge>) -> Result<Self, Merge> {
        list.sort_unstable();
        let mut by_pair: Vec<u32> = (0..list.len() as u32).collect();
        let pair = |&index: &u32| (list[index as usize].left, list[index as usize].right);
        by_pair.sort_unstable_by_key(pair);
        match by_pair.windows(2).find(|two| pair(&two[0]) == pair(&two[1])) {
            Some(two) => Err(list[two[1] as usize]),
            None => Ok(Self { list, by_pair }),
        }
    }

    /// The merges that a scored vocabulary stands for: every pair of tokens whose texts joined are the text of a third
    /// one, with its rank. `tokens`: text and rank of each; `None` where nothing may become that token. Empty texts are
    /// in no pair. `None` where there would be more than `most`.
    ///
    /// Merging by this table is the definition of llama2.c (`encode` in `run.c`): there the two texts are joined and
    /// looked up for each pair, and the best score goes first. Both look at the same pairs, in the same order.
    pub(crate) fn of_texts(tokens: &[(&[u8], Option<u32>)], most: usize) -> Option<Self> {
        let ids: BTreeMap<&[u8], u32> = (0..).zip(tokens).map(|(id, &(text, _))| (text, id)).collect();
        let mut list = Vec::new();
        for (merged, &(text, rank)) in (0..).zip(tokens) {
            let Some(rank) = rank else { continue };
            for (left, right) in (1..text.len()).map(|cut| text.split_at(cut)) {
                if let (Some(&left), Some(&right)) = (ids.get(left), ids.get(right)) {
                    list.push(Merge { rank, left, right, merged });
                }
            }
            if list.len() > most {
                return None;
            }
        }
        Some(Self::new(list).expect("a pair of texts has one joined text, and a text one token"))
    }

    /// By rank, then left, then right.
    pub fn list(&self) -> &[Merge] {
        &self.list
    }

    /// What becomes of a pair.
    pub fn find(&self, left: u32, right: u32) -> Option<Merge> {
        let pair = |&index: &u32| (self.list[index as usize].left, self.list[index as usize].right);
        let found = self.by_pair.binary_search_by_key(&(left, right), pair).ok()?;
        Some(self.list[self.by_pair[found] as usize])
    }

    /// Merges until no pair is in the table: of all pairs the one of lowest rank, of those the leftmost.
    /// n tokens take O(n log n) steps, each a search in the table.
    pub fn apply(&self, tokens: &mut Vec<u32>) {
        if tokens.len() < 2 {
            return;
        }
        let mut line = Line::new(tokens);
        // Pairs to merge, the first on top; those that have changed since stay in and are passed over.
        let mut queue = BinaryHeap::new();
        let offer = |queue: &mut BinaryHeap<_>, tokens: &[u32], at: usize, next: usize| {
            if let Some(merge) = self.find(tokens[at], tokens[next]) {
                queue.push(Reverse((merge.rank, at, merge)));
            }
        };
        for at in 1..tokens.len() {
            offer(&mut queue, tokens, at - 1, at);
        }
        while let Some(Reverse((_, at, merge))) = queue.pop() {
            let Some(next) = line.next(at) else { continue };
            if (tokens[at], tokens[next]) != (merge.left, merge.right) {
                continue;
            }
            tokens[at] = merge.merged;
            tokens[next] = GONE;
            line.unlink(next);
            if let Some(before) = line.previous(at) {
                offer(&mut queue, tokens, before, at);
            }
            if let Some(next) = line.next(at) {
                offer(&mut queue, tokens, at, next);
            }
        }
        tokens.retain(|&token| token != GONE);
    }
}

/// Positions of tokens as a list that is linked both ways. Positions that are no more keep stale links; their token is
/// [`GONE`], which is in no merge.
struct Line {
    next: Vec<usize>,
    previous: Vec<usize>,
}

const NONE: usize = usize::MAX;

impl Line {
    fn new(tokens: &[u32]) -> Self {
        let mut next: Vec<usize> = (1..=tokens.len()).collect();
        let mut previous: Vec<usize> = (0..tokens.len()).map(|at| at.wrapping_sub(1)).collect();
        next[tokens.len() - 1] = NONE;
        previous[0] = NONE;
        Self { next, previous }
    }

    fn next(&self, at: usize) -> Option<usize> {
        Some(self.next[at]).filter(|&next| next != NONE)
    }

    fn previous(&self, at: usize) -> Option<usize> {
        Some(self.previous[at]).filter(|&previous| previous != NONE)
    }

    /// Takes a position out that has one before it.
    fn unlink(&mut self, at: usize) {
        let (previous, next) = (self.previous[at], self.next[at]);
        self.next[previous] = next;
        if next != NONE {
            self.previous[next] = previous;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: scan all pairs, merge the best, again.
    fn by_definition(merges: &Merges, tokens: &mut Vec<u32>) {
        loop {
            let found = (1..tokens.len())
                .filter_map(|at| {
                    merges.find(tokens[at - 1], tokens[at]).map(|merge| (merge.rank, at, merge.merged))
                })
                .min();
            let Some((_, at, merged)) = found else { return };
            tokens[at - 1] = merged;
            tokens.remove(at);
        }
    }

    #[test]
    fn the_queue_merges_as_the_definition_does() {
        let mut random = crate::tokens::random::Random(1);
        for _ in 0..2000 {
            // Any table goes: merges that make their own parts, shared ranks, ranks out of order.
            let mut list: Vec<Merge> = (0..random.below(20))
                .map(|_| {
                    let [rank, left, right, merged] = [4, 6, 6, 6].map(|most| random.below(most) as u32);
                    Merge { rank, left, right, merged }
                })
                .collect();
            list.sort_by_key(|merge| (merge.left, merge.right));
            list.dedup_by_key(|merge| (merge.left, merge.right));
            let merges = Merges::new(list).expect("no pair is there twice");
            let mut tokens: Vec<u32> = (0..random.below(40)).map(|_| random.below(6) as u32).collect();
            let mut expected = tokens.clone();
            by_definition(&merges, &mut expected);
            merges.apply(&mut tokens);
            assert_eq!(tokens, expected, "{merges:?}");
        }
    }

    #[test]
    fn a_pair_is_there_once() {
        let merge = Merge { rank: 0, left: 1, right: 2, merged: 3 };
        assert_eq!(Merges::new(vec![merge, Merge { rank: 5, ..merge }]), Err(Merge { rank: 5, ..merge }));
    }
}
