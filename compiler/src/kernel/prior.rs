//! An n-gram prior as programs have it: a table that says by the token read last where a list begins, those lists, and the rows.

use crate::model::Prior;
use std::collections::BTreeMap;

/// What stands in a list for any token: no token has this number.
const ANY: u16 = u16::MAX;
/// Bytes of a word.
const WORD: usize = 2;

/// A prior's data. A word is little-endian, and places count from the start of the data.
pub struct PriorData {
    /// For each token a word, the place of its list; then the lists; then the rows. A list has pairs of words: the token read
    /// before, and the place of their row. The last token of a list is any.
    pub bytes: Vec<u8>,
}

impl PriorData {
    /// The data of a prior, if their places have 16 bits.
    pub fn new(prior: &Prior) -> Option<Self> {
        let vocabulary = prior.vocabulary();
        let mut lists: Vec<Vec<(u16, u16)>> = vec![vec![]; vocabulary];
        for pair in &prior.pairs {
            lists[pair.last as usize].push((u16::try_from(pair.before).ok()?, pair.row));
        }
        lists.iter_mut().zip(&prior.last).for_each(|(list, &row)| list.push((ANY, row)));
        // Tokens with the same list share it.
        let mut places: BTreeMap<&[(u16, u16)], usize> = BTreeMap::new();
        let mut order = Vec::new();
        let mut at = WORD * vocabulary;
        for list in &lists {
            if !places.contains_key(list.as_slice()) {
                places.insert(list, at);
                order.push(list);
                at += 2 * WORD * list.len();
            }
        }
        let front = at;
        if front + prior.costs.len() > usize::from(u16::MAX) + 1 {
            return None;
        }
        let mut bytes = Vec::with_capacity(front + prior.costs.len());
        let mut word = |value: usize| bytes.extend((value as u16).to_le_bytes());
        lists.iter().for_each(|list| word(places[list.as_slice()]));
        for &(before, row) in order.into_iter().flatten() {
            word(before.into());
            word(front + usize::from(row) * vocabulary);
        }
        bytes.extend(&prior.costs);
        Some(Self { bytes })
    }

    /// How many entries of a list are looked at on the mean, where each token is as likely, and half of a list is.
    pub fn looks(prior: &Prior) -> f64 {
        1.0 + prior.pairs.len() as f64 / prior.vocabulary().max(1) as f64 / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pair;

    #[test]
    fn lists_lead_to_the_rows_of_the_model() {
        let pair = |last, before, row| Pair { last, before, row };
        let pairs = vec![pair(1, 0, 2), pair(1, 3, 1), pair(3, 3, 0)];
        let costs = (0..12).collect();
        let prior = Prior { shift: 0, costs, last: vec![0, 1, 0, 2], pairs };
        let PriorData { bytes } = PriorData::new(&prior).expect("it is small");
        assert_eq!(bytes.len(), prior.bytes());
        // Tokens 0 and 2 share a list.
        assert_eq!(bytes.len(), 4 * 2 + 4 + 3 * 4 + 2 * 4 + 12);
        let word = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        for last in 0..4 {
            for before in (0..4).map(Some).chain([None]) {
                let mut at = word(2 * last as usize);
                let wanted = before.map_or(0xffff, |before: u32| before as usize);
                while word(at) != 0xffff && word(at) != wanted {
                    at += 4;
                }
                let row = &bytes[word(at + 2)..][..4];
                assert_eq!(row, prior.costs_behind(before, Some(last)), "{before:?} {last}");
            }
        }
    }

    #[test]
    fn places_have_sixteen_bits() {
        let of = |vocabulary: usize, rows: usize| Prior {
            shift: 0,
            costs: vec![0; vocabulary * rows],
            last: vec![0; vocabulary],
            pairs: vec![],
        };
        assert_eq!(PriorData::new(&of(2, 32_764)).map(|data| data.bytes.len()), Some(65_536));
        assert!(PriorData::new(&of(2, 32_765)).is_none());
    }
}
