//! Text on its way into the network: folding, trimming and the two hash encoders.
//!
//! Everything works on bytes. Only `A`–`Z` fold; other bytes, those above 127 included, hash as they are.

use std::ops::Range;

/// Every character of a query or reply counts this much in the input vector.
pub const COUNT_SCALE: i16 = 32;

/// A query as the network sees it: spaces at both ends dropped, `A`–`Z` folded to lower case.
pub fn normalize(query: &[u8]) -> Vec<u8> {
    let is_text = |&b: &u8| b != b' ';
    let start = query.iter().position(is_text).unwrap_or(query.len());
    let end = query.iter().rposition(is_text).map_or(start, |i| i + 1);
    query[start..end].to_ascii_lowercase()
}

/// The polynomial hash of both encoders: `h = h·31 + c`, modulo 65536.
pub fn hash(seed: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(seed, |h, &c| h.wrapping_mul(31).wrapping_add(u16::from(c)))
}

/// Positions of a band; the last band has no end.
pub const BAND_LENGTH: usize = 8;

/// Bucket of each trigram of `" " + query + " "`, in order: as many as the query has bytes.
/// The hash of the trigram at position `i`, counted from 0, starts at `min(i/8, bands - 1)·7`: the same
/// letters in another band differ. With one band all start at 0.
/// `query` is [`normalize`]d; an empty one has no trigram.
pub fn trigram_buckets(query: &[u8], buckets: u16, bands: u8) -> impl Iterator<Item = u16> {
    let last = usize::from(bands.saturating_sub(1));
    let mut padded = Vec::with_capacity(query.len() + 2);
    padded.push(b' ');
    padded.extend_from_slice(query);
    padded.push(b' ');
    (0..query.len()).map(move |i| {
        let band = (i / BAND_LENGTH).min(last) as u16;
        hash(band * 7, &padded[i..i + 3]) % buckets
    })
}

/// Bucket of each n-gram (n = 1, 2, 3) of a context window, n = 1 first, then from left to right.
/// The hash of an n-gram at position `i` starts at `i·7`, so that the same letters elsewhere differ.
/// `window` is already folded and padded to its length with spaces on the left.
pub fn ngram_buckets(window: &[u8], buckets: u16) -> impl Iterator<Item = u16> + '_ {
    ngram_spans(window.len()).map(move |span| {
        let seed = (span.start as u16).wrapping_mul(7);
        hash(seed, &window[span]) % buckets
    })
}

/// Positions of the n-grams of a window of `length` bytes, in the order of [`ngram_buckets`].
pub fn ngram_spans(length: usize) -> impl Iterator<Item = Range<usize>> {
    (1..=3usize).flat_map(move |n| (0..(length + 1).saturating_sub(n)).map(move |i| i..i + n))
}

/// How many n-grams a window of `length` bytes has (21 for 8).
pub fn ngram_count(length: usize) -> usize {
    ngram_spans(length).count()
}

/// Bucket indices → counts, a vector of `buckets` elements.
pub fn count(indices: impl Iterator<Item = u16>, buckets: u16) -> Vec<i16> {
    let mut counts = vec![0i16; usize::from(buckets)];
    for i in indices {
        counts[usize::from(i)] = counts[usize::from(i)].wrapping_add(1);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_drops_spaces_at_both_ends_and_folds_only_letters() {
        assert_eq!(normalize(b"  Spaced OUT "), b"spaced out");
        assert_eq!(normalize(b"[\\]^_{}\xc4"), b"[\\]^_{}\xc4");
        assert_eq!(normalize(b"   "), b"");
        assert_eq!(normalize(b""), b"");
    }

    #[test]
    fn trigrams_are_as_many_as_letters() {
        // " hi" = ((32·31)+104)·31+105 = 34081, "hi " = ((104·31)+105)·31+32 = 103231 mod 65536 = 37695
        assert_eq!(trigram_buckets(b"hi", 128, 1).collect::<Vec<_>>(), [34081 % 128, 37695 % 128]);
        assert_eq!(trigram_buckets(b"", 128, 1).count(), 0);
    }

    #[test]
    fn the_same_letters_in_another_band_differ() {
        // 24 times "aaa": hash((97·31 + 97)·31 + 97 + 7·31³·band); 31³ = 29791, modulo 65536.
        let of = |bands| trigram_buckets(&[b'a'; 26], 1000, bands).collect::<Vec<_>>();
        let expected = |band: u32| ((97 * 31 + 97) * 31 + 97 + 7 * 29791 * band) % 65536 % 1000;
        assert_eq!(of(1)[1..25], [expected(0) as u16; 24]);
        let banded = of(3);
        assert!(banded[1..8].iter().all(|&b| u32::from(b) == expected(0)));
        assert!(banded[8..16].iter().all(|&b| u32::from(b) == expected(1)));
        assert!(banded[16..25].iter().all(|&b| u32::from(b) == expected(2)));
        // Position 126 of the longest query is in the sixteenth band.
        let longest = |bands| trigram_buckets(&[b'a'; 127], 1000, bands).nth(125);
        assert_eq!(longest(16), Some(expected(15) as u16));
        assert_eq!(longest(15), Some(expected(14) as u16));
    }

    #[test]
    fn ngrams_of_eight_spaces_are_twenty_one() {
        assert_eq!(ngram_count(8), 21);
        assert_eq!((ngram_count(0), ngram_count(1), ngram_count(2)), (0, 1, 3));
        let first: Vec<_> = ngram_buckets(b"        ", 128).take(3).collect();
        assert_eq!(first, [32, (7 * 31 + 32) % 128, (14 * 31 + 32) % 128]);
    }
}
