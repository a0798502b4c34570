//! Texts that are nearly the same, among many.
//!
//! Two texts are as similar as their sets of trigrams: the Jaccard index, shared trigrams by all trigrams of both. All
//! pairs above a threshold `t` are found without looking at all pairs, by prefix filtering (Bayardo, Ma, Srikant 2007,
//! "Scaling up all pairs similarity search"). In sets `x` and `y` with an index of `t` or more, at least `⌈t·|x|⌉` of
//! `x` are shared. So with trigrams in one order, here the rare ones first, the first `|x| - ⌈t·|x|⌉ + 1` of `x` hold a
//! shared one, and so do those of `y`; the rarest that they share is in both beginnings.
//!
//! Where few letters make many texts, most of them share a trigram of their beginnings. So before two sets are compared
//! their signatures are: a bit for each trigram, by its number modulo [`BITS`]. A bit that only one signature has stands
//! for a trigram that only one set has, so with `d` of them at most `(|x| + |y| - d) / 2` are shared.

use std::collections::BTreeMap;

const BITS: u32 = 256;
/// Most sets that are compared by their signatures: ten seconds or so.
const MOST_COMPARED: u64 = 4_000_000_000;

type Signature = [u64; BITS as usize / 64];

/// Two similar texts by their indices, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Similar {
    pub first: usize,
    pub second: usize,
    /// The Jaccard index in percent, rounded down.
    pub percent: usize,
}

/// What [`similar`] has found.
pub(super) struct Found {
    /// The most similar first.
    pub pairs: Vec<Similar>,
    /// Whether all texts were looked at.
    pub whole: bool,
    /// How many pairs were compared trigram by trigram.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test looks at what the search costs"))]
    pub compared: u64,
}

/// All pairs of texts with a Jaccard index of `percent` (1 to 100) or more; only some of them where there are more than
/// `most`, or where too many would have to be compared. A text without a trigram is similar to none. `told` hears how many
/// texts were looked at.
pub(super) fn similar(
    texts: &[impl AsRef<[u8]>],
    percent: usize,
    most: usize,
    told: &mut dyn FnMut(usize),
) -> Found {
    let (sets, trigrams) = sets(texts);
    let signatures: Vec<Signature> = sets.iter().map(|set| signature(set)).collect();
    let mut order: Vec<usize> = (0..sets.len()).filter(|&i| !sets[i].is_empty()).collect();
    order.sort_by_key(|&i| sets[i].len()); // stable
    // For each trigram the texts that have it in their beginning, the shortest first.
    let mut index: Vec<Vec<usize>> = vec![Vec::new(); trigrams];
    let mut looked_at_for = vec![usize::MAX; sets.len()];
    let (mut pairs, mut signed, mut compared) = (Vec::new(), 0, 0);
    let mut whole = true;
    for (done, &x) in order.iter().enumerate() {
        if pairs.len() >= most || signed >= MOST_COMPARED {
            whole = false;
            break;
        }
        if done.is_multiple_of(256) {
            told(done);
        }
        let size = sets[x].len();
        let shared_at_least = (size * percent).div_ceil(100);
        for &trigram in &sets[x][..=size - shared_at_least] {
            let with_it = &mut index[trigram as usize];
            let long_enough = with_it.partition_point(|&y| sets[y].len() < shared_at_least);
            signed += (with_it.len() - long_enough) as u64;
            for &y in &with_it[long_enough..] {
                // Of sizes x and y and an index of p %, p/(100 + p) of x + y are shared at least.
                let both = size + sets[y].len();
                if 2 * (both * percent).div_ceil(100 + percent) > both - differing(&signatures, x, y) {
                    continue;
                }
                if std::mem::replace(&mut looked_at_for[y], x) == x {
                    continue;
                }
                compared += 1;
                let shared = shared(&sets[x], &sets[y]);
                let percent_shared = 100 * shared / (both - shared);
                if percent_shared >= percent && pairs.len() < most {
                    pairs.push(Similar { first: x.min(y), second: x.max(y), percent: percent_shared });
                }
            }
            with_it.push(x);
        }
    }
    whole &= pairs.len() < most;
    pairs.sort_by_key(|pair| (100 - pair.percent, pair.first, pair.second));
    Found { pairs, whole, compared }
}

fn signature(set: &[u32]) -> Signature {
    let mut signature = Signature::default();
    for bit in set.iter().map(|trigram| trigram % BITS) {
        signature[bit as usize / 64] |= 1 << (bit % 64);
    }
    signature
}

/// Bits that only one of two signatures has.
fn differing(signatures: &[Signature], x: usize, y: usize) -> usize {
    let bits = signatures[x].iter().zip(&signatures[y]).map(|(x, y)| (x ^ y).count_ones());
    bits.sum::<u32>() as usize
}

/// The trigrams of each text between spaces, numbered and sorted by how rare they are; and how many different ones.
fn sets(texts: &[impl AsRef<[u8]>]) -> (Vec<Vec<u32>>, usize) {
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
    (own.into_iter().map(numbered).collect(), numbers.len())
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
        let near = |percent| similar(&texts, percent, 9, &mut |_| {}).pairs;
        assert_eq!(near(70), [Similar { first: 0, second: 1, percent: 80 }]);
        assert_eq!(near(81), []);
    }

    /// Texts of few letters share most of their trigrams: hardly any pair of them is worth a closer look.
    #[test]
    fn most_pairs_are_told_apart_by_their_signatures() {
        let mut state = 1u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let mut text = || (0..20 + next(20)).map(|_| ['a', 'b', 'c', ' '][next(4) as usize]).collect();
        let texts: Vec<String> = (0..2000).map(|_| text()).collect();
        let found = similar(&texts, 80, usize::MAX, &mut |_| {});
        assert!(found.whole);
        let all = (texts.len() * (texts.len() - 1) / 2) as u64;
        assert!(found.compared < all / 1000, "{} of {all} pairs are compared", found.compared);
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
            let found = similar(&texts, percent, usize::MAX, &mut |_| {});
            assert!(found.whole);
            let found = found.pairs;
            let some = similar(&texts, percent, 5, &mut |_| {});
            assert_eq!((some.pairs.len(), some.whole), (5, false));
            assert!(found.is_sorted_by_key(|pair| 100 - pair.percent));
            let set: BTreeSet<_> = found.iter().map(|p| (p.first, p.second, p.percent)).collect();
            assert_eq!(set.len(), found.len(), "each once");
            assert_eq!(set, slowly(&texts, percent), "{percent} %");
            assert!(!found.is_empty());
        }
    }
}
