//! Texts that are nearly the same, among many.
//!
//! Two texts are as similar as their sets of trigrams: the Jaccard index, shared trigrams by all trigrams of both. All
//! pairs above a threshold `t` are found without looking at all pairs, by prefix filtering (Bayardo, Ma, Srikant 2007,
//! "Scaling up all pairs similarity search"). In sets `x` and `y` with an index of `t` or more, at least `⌈t·|x|⌉` of
//! `x` are shared. So with trigrams in one order, here the rare ones first, the first `|x| - ⌈t·|x|⌉ + 1` of `x` hold a
//! shared one, and so do those of `y`; the rarest that they share is in both beginnings.

use std::collections::BTreeMap;

/// Two similar texts by their indices, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Similar {
    pub first: usize,
    pub second: usize,
    /// The Jaccard index in percent, rounded down.
    pub percent: usize,
}

/// All pairs of texts with a Jaccard index of `percent` (1 to 100) or more, the most similar first; only some of them
/// where there are more than `most`. A text without a trigram is similar to none.
pub(super) fn similar(texts: &[impl AsRef<[u8]>], percent: usize, most: usize) -> Vec<Similar> {
    let sets = sets(texts);
    let mut order: Vec<usize> = (0..sets.len()).filter(|&i| !sets[i].is_empty()).collect();
    order.sort_by_key(|&i| sets[i].len()); // stable
    // For each trigram the texts that have it in their beginning.
    let mut index: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut looked_at_for = vec![None; sets.len()];
    let mut found = Vec::new();
    for &x in &order {
        if found.len() >= most {
            break;
        }
        let size = sets[x].len();
        let shared_at_least = (size * percent).div_ceil(100);
        for &trigram in &sets[x][..=size - shared_at_least] {
            let with_it = index.entry(trigram).or_default();
            for &y in with_it.iter().filter(|&&y| sets[y].len() >= shared_at_least) {
                if looked_at_for[y].replace(x) == Some(x) {
                    continue;
                }
                let shared = shared(&sets[x], &sets[y]);
                let percent_shared = 100 * shared / (size + sets[y].len() - shared);
                if percent_shared >= percent && found.len() < most {
                    found.push(Similar { first: x.min(y), second: x.max(y), percent: percent_shared });
                }
            }
            with_it.push(x);
        }
    }
    found.sort_by_key(|pair| (100 - pair.percent, pair.first, pair.second));
    found
}

/// The trigrams of each text between spaces, numbered and sorted by how rare they are.
fn sets(texts: &[impl AsRef<[u8]>]) -> Vec<Vec<u32>> {
    let mut counts: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    let own = texts.iter().map(|text| {
        let padded = [b" ", text.as_ref(), b" "].concat();
        let mut set: Vec<[u8; 3]> = padded.windows(3).map(|w| [w[0], w[1], w[2]]).collect();
        set.sort_unstable();
        set.dedup();
        set.iter().for_each(|&trigram| *counts.entry(trigram).or_default() += 1);
        set
    });
    let own: Vec<_> = own.collect();
    let mut by_rarity: Vec<([u8; 3], usize)> = counts.into_iter().collect();
    by_rarity.sort_by_key(|&(_, count)| count); // stable
    let numbers: BTreeMap<[u8; 3], u32> =
        by_rarity.into_iter().map(|(trigram, _)| trigram).zip(0..).collect();
    let numbered = |set: Vec<[u8; 3]>| {
        let mut set: Vec<u32> = set.iter().map(|trigram| numbers[trigram]).collect();
        set.sort_unstable();
        set
    };
    own.into_iter().map(numbered).collect()
}

/// How many elements two sorted sets share.
fn shared(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, count) = (i + 1, j + 1, count + 1),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_word_more_is_near_and_another_word_is_not() {
        let texts = ["where do you live", "where do you live now", "when do we leave", "hello", "helo", ""];
        // 17 and 21 trigrams, 17 of them shared: 17 of 21.
        assert_eq!(similar(&texts, 70, 9), [Similar { first: 0, second: 1, percent: 80 }]);
        assert_eq!(similar(&texts, 81, 9), []);
    }

    /// By the definition, every pair.
    fn slowly(texts: &[String], percent: usize) -> BTreeSet<(usize, usize, usize)> {
        let set = |text: &String| {
            let padded = format!(" {text} ").into_bytes();
            padded.windows(3).map(<[u8]>::to_vec).collect::<BTreeSet<_>>()
        };
        let mut found = BTreeSet::new();
        for (second, b) in texts.iter().map(set).enumerate() {
            for (first, a) in texts[..second].iter().map(set).enumerate() {
                let (both, all) = (a.intersection(&b).count(), a.union(&b).count());
                if all > 0 && 100 * both >= percent * all {
                    found.insert((first, second, 100 * both / all));
                }
            }
        }
        found
    }

    #[test]
    fn finds_every_pair_that_there_is_once() {
        // Few letters, so that many are alike; lengths from none to 12.
        let mut state = 1u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let text = |next: &mut dyn FnMut(u32) -> u32| {
            (0..next(13)).map(|_| [' ', 'a', 'b'][next(3) as usize]).collect::<String>()
        };
        let texts: Vec<String> = (0..300).map(|_| text(&mut next)).collect();
        for percent in [1, 50, 67, 80, 100] {
            let found = similar(&texts, percent, usize::MAX);
            assert_eq!(similar(&texts, percent, 5).len(), 5);
            assert!(found.is_sorted_by_key(|pair| 100 - pair.percent));
            let set: BTreeSet<_> = found.iter().map(|p| (p.first, p.second, p.percent)).collect();
            assert_eq!(set.len(), found.len(), "each once");
            assert_eq!(set, slowly(&texts, percent), "{percent} %");
            assert!(!found.is_empty());
        }
    }
}
