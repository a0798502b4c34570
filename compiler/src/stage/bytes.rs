//! Byte accumulators for the first layer.
//!
//! The inputs of the first layer are counts × 32, so its sums are `32·n + b` with a small integer `n`. With
//! a shift `s` of at most 5, `k = 5 - s` and `b' = b >> s`,
//!
//! ```text
//! (32·n + b) >> s = (n << k) + b' = ((n + (b' >> k)) << k) + (b' & (2^k - 1))      exactly,
//! ```
//!
//! because `32·n` has no bits below `s`. So it is enough to count `m = n + (b' >> k)`, one up for a weight
//! of +1 under an n-gram, one down for -1: the activation is 0 where `m < 0` and `(m << k) + remainder`
//! elsewhere. A byte holds `m + threshold` as long as that stays in 0..=255, which bounds on `n` prove for
//! queries of up to `short` bytes.
//!
//! Longer queries are counted in pieces and summed in 16 bits; then the sum is raised to `floor` where it
//! is below. That is exact: below it `m` stays negative whatever the context adds, so the activation is 0
//! both ways. Where not even that fits a byte, where position bands forbid to count in pieces, or where the
//! 16-bit sum could wrap, the wide accumulators stand.

use super::prefix::Prefix;
use super::{Product, Source, Stage, Start, Work, readers};
use crate::ir::Interval;
use std::sync::Arc;

/// `counts × 32`: the power of two in the factor.
const FACTOR_BITS: u8 = 5;
/// Most n-grams whose count of ±1 and -2 a byte around 128 holds.
pub const PIECE: u8 = 63;

/// How a first layer counts in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes {
    /// A byte stands for `byte - threshold`.
    pub threshold: u8,
    /// Longest query whose trigrams may be counted in bytes right away.
    pub short: u8,
    /// For longer ones; `None` where the target has none.
    pub long: Option<Long>,
    /// Start of each byte, and of one more behind the last that is never counted: it ends a scan.
    pub starts: Vec<u8>,
    /// What the activation has below its `bits` lowest bits, for each neuron and the end.
    pub remainders: Vec<u8>,
    /// What is known of the spaces that a window starts with; `None` where every n-gram is counted.
    pub prefix: Option<Prefix>,
    /// `k`: activations are `m << bits` plus the remainder.
    pub bits: u8,
}

/// What a product has to do with bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Its accumulators are bytes.
    Counts(Arc<Bytes>),
    /// It reads bytes.
    Reads(Arc<Bytes>),
}

/// That a first layer can count in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The stage that runs once per query, and the last one that counts: the same without a context.
    pub query: usize,
    pub last: usize,
    /// The stage that reads the activations.
    pub reader: usize,
    pub bytes: Bytes,
}

impl Proof {
    /// The stages, counting in bytes.
    pub fn apply(&self, stages: &[Stage]) -> Vec<Stage> {
        let bytes = Arc::new(self.bytes.clone());
        let mut stages = stages.to_vec();
        for (at, counted) in [
            (self.query, Counted::Counts(bytes.clone())),
            (self.last, Counted::Counts(bytes.clone())),
            (self.reader, Counted::Reads(bytes)),
        ] {
            if let Work::Product(product) = &mut stages[at].work {
                product.bytes = Some(counted);
            }
        }
        stages
    }

    /// The same with what is known of the window, if there is one of so many characters.
    pub fn with_prefix(&self, stages: &[Stage]) -> Option<Self> {
        let prefix = super::prefix::prefix(stages[self.last].product()?)?;
        let bytes = Bytes { prefix: Some(prefix), ..self.bytes.clone() };
        Some(Self { bytes, ..self.clone() })
    }
}

/// Counting of long queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long {
    pub threshold: u8,
    /// Least byte that the query's sums start a round with.
    pub floor: u8,
}

/// That the first of `stages` counts in bytes, if bounds prove it for all queries of up to `longest` bytes.
pub fn prove(stages: &[Stage], longest: u8) -> Option<Proof> {
    let query = 0;
    let last = readers(stages, query).find(|&r| stages[r].starts_from() == Some(query)).unwrap_or(query);
    let (first, context) = (stages[query].product()?, stages[last].product()?);
    let readers: Vec<_> = readers(stages, last).collect();
    let [reader] = readers[..] else { return None };
    let Source::Hidden { shift, .. } = stages[reader].product()?.source else { return None };
    let Start::Constant(bias) = &first.start else { return None };
    let factors = [first, context].map(|s| match s.source {
        Source::Trigrams { factor, .. } | Source::Ngrams { factor, .. } => factor,
        Source::Hidden { .. } => 0,
    });
    // The end of a scan needs a byte behind the last neuron, in the same page.
    if factors != [1 << FACTOR_BITS; 2] || shift > FACTOR_BITS || first.outputs > 255 {
        return None;
    }
    let bits = FACTOR_BITS - shift;
    let grams = match context.source {
        Source::Ngrams { length, .. } => crate::text::ngram_count(length.into()) as i64,
        _ => 0,
    };
    let whole: Vec<i64> = bias.iter().map(|b| i64::from(b >> shift) >> bits).collect();
    let of_query = units(first);
    let of_context: Vec<Interval> = match last == query {
        true => vec![Interval::point(0); first.outputs],
        false => units(context).iter().map(|u| Interval::new(u.least * grams, u.most * grams)).collect(),
    };
    // Bounds of m after a query of that length, before and after the context.
    let after = |length: u8, with_context: bool| -> Interval {
        let bounds = (0..first.outputs).map(|o| {
            let n =
                Interval::new(of_query[o].least * i64::from(length), of_query[o].most * i64::from(length));
            let m = Interval::new(n.least + whole[o], n.most + whole[o]);
            if with_context { (m + of_context[o]).hull(m) } else { m }
        });
        bounds.fold(Interval::point(0), Interval::hull)
    };
    let wraps = (0..first.outputs).any(|o| {
        let n = Interval::new(of_query[o].least * i64::from(longest), of_query[o].most * i64::from(longest));
        !Interval::I16.contains((n + of_context[o]).map(|n| 32 * n + i64::from(bias[o])))
    });
    let fits = |m: Interval| m.most - m.least <= 255;
    let short = (1..=longest).rev().find(|&length| fits(after(length, true)))?;
    let threshold = -after(short, true).least;
    let up = of_context.iter().map(|c| c.most.max(0)).max().unwrap_or(0);
    let down = of_context.iter().map(|c| c.least.min(0)).min().unwrap_or(0);
    // Sums of long queries start at -(up + 1) at least; the context takes them down from there.
    let deepest = down - up - 1;
    let long = Long { threshold: -deepest as u8, floor: -down as u8 };
    let long_fits = -deepest <= 255 && after(longest, true).most - deepest <= 255;
    // Pieces of a long query would start their position bands anew.
    let banded = matches!(first.source, Source::Trigrams { bands: 2.., .. });
    if wraps || (short < longest && (banded || !long_fits)) {
        return None;
    }
    let mask = (1i16 << bits) - 1;
    let byte =
        |m: i64| u8::try_from(m + threshold).expect("after() is inside the byte for the empty query, too");
    let bytes = Bytes {
        threshold: threshold as u8,
        short,
        long: (short < longest).then_some(long),
        starts: whole.iter().copied().chain([0]).map(byte).collect(),
        remainders: bias.iter().map(|b| ((b >> shift) & mask) as u8).chain([0]).collect(),
        prefix: None,
        bits,
    };
    Some(Proof { query, last, reader, bytes })
}

/// For each output, what one n-gram can add to its count at least and at most.
fn units(product: &Product) -> Vec<Interval> {
    let mut units = vec![Interval::point(0); product.outputs];
    for column in product.columns.iter() {
        column.plus.iter().for_each(|&o| units[usize::from(o)].most = 1);
        for same in column.minus.chunk_by(|a, b| a == b) {
            let least = &mut units[usize::from(same[0])].least;
            *least = (*least).min(-(same.len() as i64));
        }
    }
    units
}
