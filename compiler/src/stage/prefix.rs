//! What is known of a window's first characters.
//!
//! A window of `length` characters starts as spaces, and each character of the reply takes one of them away. As long
//! as there are spaces left in front, the n-grams inside of them are the same for every query: what they add to byte
//! accumulators stands in a table for each number of spaces, and only the other n-grams are hashed and counted.
//!
//! Sound: the sums are those of [`crate::text::ngram_buckets`] regrouped, modulo 256; and bounds of byte accumulators
//! hold for every part of the n-grams, so none of them leaves the byte on the way.
//!
//! The kernel goes on in the middle of a position: with the trigram at the last space but one, whose first two
//! characters are known. So of the n-grams inside the spaces one is left to count, the last space itself; of a window
//! of spaces only, none.

use super::{Product, Source};
use crate::text::{ngram_buckets, ngram_spans};
use std::ops::Range;

/// Fewest spaces that a table is for.
pub const FEWEST: usize = 2;

/// What the n-grams add that need not be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// For [`FEWEST`] spaces on, up to a whole window: what is known of each output, modulo 256.
    pub sums: Vec<Vec<u8>>,
}

/// Whether an n-gram of a window of `length` need not be counted when `spaces` of its first characters are still
/// those it starts with.
pub fn is_known(span: &Range<usize>, spaces: usize, length: usize) -> bool {
    let inside = spaces >= FEWEST && span.end <= spaces;
    inside && (spaces == length || *span != (spaces - 1..spaces))
}

/// The sums for the n-grams of a window; `None` for a product with another source.
pub fn prefix(product: &Product) -> Option<Prefix> {
    let Source::Ngrams { buckets, length, .. } = product.source else { return None };
    let length = usize::from(length);
    let sums = (FEWEST..=length).map(|spaces| sums(product, buckets, spaces, length)).collect();
    Some(Prefix { sums })
}

fn sums(product: &Product, buckets: u16, spaces: usize, length: usize) -> Vec<u8> {
    let mut sums = vec![0u8; product.outputs];
    let window = vec![b' '; length];
    for (span, bucket) in ngram_spans(length).zip(ngram_buckets(&window, buckets)) {
        if is_known(&span, spaces, length) {
            let column = &product.columns[usize::from(bucket)];
            column.plus.iter().for_each(|&o| sums[usize::from(o)] = sums[usize::from(o)].wrapping_add(1));
            column.minus.iter().for_each(|&o| sums[usize::from(o)] = sums[usize::from(o)].wrapping_sub(1));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_is_counted_make_all_ngrams() {
        for length in 1..10 {
            for spaces in 0..=length {
                let (known, counted): (Vec<_>, Vec<_>) =
                    ngram_spans(length).partition(|span| is_known(span, spaces, length));
                let expected = match spaces {
                    0 | 1 => 0,
                    _ if spaces == length => ngram_spans(length).count(),
                    _ => 3 * spaces - 4,
                };
                assert_eq!(known.len(), expected, "{spaces} of {length}");
                assert!(known.iter().all(|span| span.end <= spaces));
                // The kernel starts at the last space but one, with the trigram.
                if (FEWEST..length).contains(&spaces) {
                    let first = spaces - 2;
                    assert!(counted.iter().all(|s| s.start > first || *s == (first..first + 3)));
                    let from_there = ngram_spans(length).filter(|s| s.start > first).count() + 1;
                    assert_eq!(counted.len(), from_there);
                }
            }
        }
    }
}
