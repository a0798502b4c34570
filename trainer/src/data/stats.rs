//! What is in a list of pairs.

use crate::pairs::Pair;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts over pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    pub pairs: usize,
    pub distinct_pairs: usize,
    pub distinct_queries: usize,
    /// Passes through the network for all replies: characters and end marks.
    pub steps: usize,
    /// Replies that can come out right at most, see [`ceiling`].
    pub ceiling: usize,
    /// Every distinct reply with its pairs, the most frequent first.
    pub replies: Vec<(String, usize)>,
    /// Every character of the replies with its number, the most frequent first.
    pub characters: Vec<(char, usize)>,
    /// In bytes.
    pub query_lengths: Lengths,
    pub reply_lengths: Lengths,
}

/// A distribution of lengths. All 0 where there is nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Lengths {
    pub least: usize,
    pub median: usize,
    pub mean: f64,
    /// 95 of 100 are at most so long.
    pub percentile_95: usize,
    pub most: usize,
}

/// Counts everything.
pub fn stats(pairs: &[&Pair]) -> Stats {
    let mut queries: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut replies: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut both: BTreeMap<(&[u8], &[u8]), usize> = BTreeMap::new();
    let mut characters = [0usize; 256];
    for pair in pairs {
        *queries.entry(&pair.query).or_default() += 1;
        *replies.entry(&pair.reply).or_default() += 1;
        *both.entry((&pair.query, &pair.reply)).or_default() += 1;
        pair.reply.iter().for_each(|&c| characters[usize::from(c)] += 1);
    }
    let text = |(reply, count): (&[u8], usize)| (String::from_utf8_lossy(reply).into_owned(), count);
    let mut replies: Vec<_> = replies.into_iter().map(text).collect();
    replies.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let mut characters: Vec<_> =
        (0u8..=255).map(char::from).zip(characters).filter(|&(_, n)| n > 0).collect();
    characters.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    Stats {
        pairs: pairs.len(),
        distinct_pairs: both.len(),
        distinct_queries: queries.len(),
        steps: pairs.iter().map(|pair| pair.reply.len() + 1).sum(),
        ceiling: ceiling(pairs),
        replies,
        characters,
        query_lengths: lengths(pairs.iter().map(|pair| pair.query.len())),
        reply_lengths: lengths(pairs.iter().map(|pair| pair.reply.len())),
    }
}

/// How many pairs can come out right at most: a query always gets the same reply, so of its pairs those with its
/// most frequent one.
pub fn ceiling(pairs: &[&Pair]) -> usize {
    let mut counts: BTreeMap<&[u8], BTreeMap<&[u8], usize>> = BTreeMap::new();
    for pair in pairs {
        *counts.entry(&pair.query).or_default().entry(&pair.reply).or_default() += 1;
    }
    counts.values().filter_map(|replies| replies.values().max()).sum()
}

/// The distribution of some lengths.
pub(crate) fn lengths(values: impl Iterator<Item = usize>) -> Lengths {
    let mut values: Vec<usize> = values.collect();
    values.sort_unstable();
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else { return Lengths::default() };
    // The smallest value that the wanted share of all does not exceed.
    let percentile = |percent: usize| values[(values.len() * percent).div_ceil(100) - 1];
    Lengths {
        least,
        median: percentile(50),
        mean: values.iter().sum::<usize>() as f64 / values.len() as f64,
        percentile_95: percentile(95),
        most,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pairs;
    use super::*;

    #[test]
    fn counts_of_a_small_list() {
        let all = pairs("hi|HI\nhi|HI\nhi|NO\nhello|HI\nbye you|BYE\n");
        let found = stats(&all.iter().collect::<Vec<_>>());
        assert_eq!((found.pairs, found.distinct_pairs, found.distinct_queries), (5, 4, 3));
        assert_eq!((found.steps, found.ceiling), (3 * 4 + 4, 4));
        assert_eq!(found.replies, [("HI".to_string(), 3), ("BYE".to_string(), 1), ("NO".to_string(), 1)]);
        assert_eq!(found.characters[..2], [('H', 3), ('I', 3)]);
        assert_eq!(
            found.query_lengths,
            Lengths { least: 2, median: 2, mean: 3.6, percentile_95: 7, most: 7 }
        );
        assert_eq!(stats(&[]).reply_lengths, Lengths::default());
    }
}
