//! New lists of pairs from old ones. Pairs keep the place they come from.

use crate::pairs::Pair;
use mlc_compiler::words::count;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A share that does not cut the queries in two.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SplitError {
    #[error("a share of {0} cannot be held out: it must be above 0 and below 1")]
    Share(f64),
    #[error("holding out {share} of {} leaves none on one side", count(*queries, "query"))]
    Empty { share: f64, queries: usize },
    #[error("holding out the queries of {share} of {} leaves none on one side", count(*pairs, "pair"))]
    EmptyOfPairs { share: f64, pairs: usize },
}

/// Cuts pairs in two by query, at random but for the seed: (the rest, the pairs of `share` of the queries).
/// A query is on one side only, with all its pairs. The order stays.
///
/// # Errors
/// A share outside 0 to 1, or one that leaves a side empty.
pub fn split<'a>(
    pairs: &[&'a Pair],
    share: f64,
    seed: u64,
) -> Result<(Vec<&'a Pair>, Vec<&'a Pair>), SplitError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(SplitError::Share(share));
    }
    let queries: BTreeSet<&[u8]> = pairs.iter().map(|pair| pair.query.as_slice()).collect();
    let mut queries: Vec<&[u8]> = queries.into_iter().collect();
    queries.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let count = (queries.len() as f64 * share).round() as usize;
    if count == 0 || count == queries.len() {
        return Err(SplitError::Empty { share, queries: queries.len() });
    }
    let held_out: BTreeSet<&[u8]> = queries[..count].iter().copied().collect();
    Ok(pairs.iter().partition(|pair| !held_out.contains(pair.query.as_slice())))
}

/// Exactly `count` pairs for each reply: of a frequent reply a random choice, of a rare one all as often as it
/// takes, the last round a random choice. The order stays; repeated pairs stand together.
pub fn balance<'a>(pairs: &[&'a Pair], count: usize, seed: u64) -> Vec<&'a Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut by_reply: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (i, pair) in pairs.iter().enumerate() {
        by_reply.entry(&pair.reply).or_default().push(i);
    }
    let mut times = vec![0; pairs.len()];
    for members in by_reply.values_mut() {
        members.shuffle(&mut rng);
        members.iter().cycle().take(count).for_each(|&i| times[i] += 1);
    }
    pairs.iter().zip(times).flat_map(|(pair, times)| std::iter::repeat_n(*pair, times)).collect()
}

/// Without repeated pairs; the first of each stays.
pub fn dedup<'a>(pairs: &[&'a Pair]) -> Vec<&'a Pair> {
    let mut seen: BTreeSet<(&[u8], &[u8])> = BTreeSet::new();
    pairs.iter().copied().filter(|pair| seen.insert((&pair.query, &pair.reply))).collect()
}

/// Without contradictions: of each query only the pairs with its most frequent reply, the first of equals.
pub fn resolve<'a>(pairs: &[&'a Pair]) -> Vec<&'a Pair> {
    let mut counts: BTreeMap<&[u8], Vec<(&[u8], usize)>> = BTreeMap::new();
    for pair in pairs {
        let replies = counts.entry(&pair.query).or_default();
        match replies.iter_mut().find(|(reply, _)| *reply == pair.reply) {
            Some((_, count)) => *count += 1,
            None => replies.push((&pair.reply, 1)),
        }
    }
    let chosen: BTreeMap<&[u8], &[u8]> = counts
        .into_iter()
        .map(|(query, replies)| {
            (query, replies.iter().fold((&[][..], 0), |best, r| if r.1 > best.1 { *r } else { best }).0)
        })
        .collect();
    pairs.iter().copied().filter(|pair| chosen[pair.query.as_slice()] == pair.reply).collect()
}

/// A pair as a line of a file, with its line end.
pub fn line(pair: &Pair) -> String {
    format!("{}|{}\n", String::from_utf8_lossy(&pair.query), String::from_utf8_lossy(&pair.reply))
}

#[cfg(test)]
mod tests {
    use super::super::tests::pairs;
    use super::*;

    fn lines(pairs: &[&Pair]) -> String {
        pairs.iter().map(|pair| line(pair)).collect()
    }

    #[test]
    fn split_keeps_queries_whole() {
        let all = pairs("a|1\nb|2\na|3\nc|4\nd|5\n");
        let all: Vec<_> = all.iter().collect();
        for seed in 0..20 {
            let (rest, held_out) = split(&all, 0.5, seed).unwrap();
            assert_eq!(rest.len() + held_out.len(), 5);
            let queries = |side: &[&Pair]| side.iter().map(|p| p.query.clone()).collect::<BTreeSet<_>>();
            assert_eq!((queries(&rest).len(), queries(&held_out).len()), (2, 2));
            assert!(queries(&rest).is_disjoint(&queries(&held_out)));
            assert_eq!(split(&all, 0.5, seed).unwrap(), (rest, held_out));
        }
        assert_eq!(split(&all, 1.0, 1), Err(SplitError::Share(1.0)));
        assert_eq!(split(&all, f64::NAN, 1).unwrap_err().to_string().split(':').count(), 2);
        assert_eq!(split(&all, 0.01, 1), Err(SplitError::Empty { share: 0.01, queries: 4 }));
    }

    #[test]
    fn balance_gives_each_reply_as_many() {
        let all = pairs("a|X\nb|X\nc|X\nd|X\ne|Y\nf|Z\ng|Z\n");
        let all: Vec<_> = all.iter().collect();
        let balanced = balance(&all, 3, 9);
        let count = |reply: &[u8]| balanced.iter().filter(|pair| pair.reply == reply).count();
        assert_eq!((count(b"X"), count(b"Y"), count(b"Z")), (3, 3, 3));
        assert_eq!(dedup(&balanced).len(), 3 + 1 + 2, "all that there is, is used");
        assert!(balanced.is_sorted_by_key(|pair| pair.line));
        assert_eq!(balance(&all, 3, 9), balanced);
        assert!(balance(&all, 0, 9).is_empty());
    }

    #[test]
    fn dedup_and_resolve() {
        let all = pairs("a|X\nA|X\na|Y\nb|Y\nb|X\na|x\n");
        let all: Vec<_> = all.iter().collect();
        assert_eq!(lines(&dedup(&all)), "a|X\na|Y\nb|Y\nb|X\na|x\n");
        assert_eq!(lines(&resolve(&all)), "a|X\na|X\nb|Y\n");
    }
}
