//! How what is typed becomes the numbers that the body computes with.

use super::sensor::Sensors;
use super::sequence::Tokens;
use crate::text;

/// Most position bands of a query: a query of 127 bytes has trigrams up to position 126, in band 15.
pub const MAX_BANDS: u8 = 16;

/// What a network reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    HashedText(HashedText),
    Tokens(Tokens),
    Sensors(Sensors),
}

/// Text, hashed and counted: the trigrams of the query, then, in a chat, the n-grams of what was said so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedText {
    pub query: QueryEncoder,
    /// A chat has one, a network that answers with a label has none: it does not say anything that it could read.
    pub context: Option<ContextEncoder>,
}

/// Trigrams of the query, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Bands of eight positions that hash differently, the last without an end; 1 to 16. With 1, as in
    /// the published networks, a trigram counts the same wherever it stands.
    pub bands: u8,
    /// Longest line that the program's own prompt takes, in bytes (1 to 127; 62 unless the model says otherwise).
    pub max_length: u8,
}

/// n-grams (n = 1, 2, 3) of the last characters produced, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Window in characters (1 to 32; 8 unless the model says otherwise).
    pub length: u8,
}

impl Reader {
    /// Longest line that the program's own prompt takes, in bytes. One of numbers is read as it comes, however long it
    /// is.
    pub fn max_query(&self) -> u8 {
        match self {
            Self::Sensors(_) => 127,
            Self::HashedText(text) => text.query.max_length,
            Self::Tokens(tokens) => tokens.max_length,
        }
    }
}

impl HashedText {
    /// Buckets of query and context together.
    pub fn inputs(&self) -> usize {
        let context = self.context.as_ref().map_or(0, |context| context.buckets);
        usize::from(self.query.buckets) + usize::from(context)
    }

    /// Inputs of one step: query counts, then context counts, × 32; `[inputs]`.
    ///
    /// `window`: the last characters produced, of no use without a context.
    pub fn input(&self, query: &[u8], window: &[u8]) -> Vec<i16> {
        let QueryEncoder { buckets, bands, .. } = self.query;
        let mut counts = text::count(text::trigram_buckets(query, buckets, bands), buckets);
        if let Some(context) = &self.context {
            counts.extend(text::count(text::ngram_buckets(window, context.buckets), context.buckets));
        }
        counts.iter().map(|count| count.wrapping_mul(text::COUNT_SCALE)).collect()
    }

    /// The window before the first character: spaces, as many as the context is long.
    pub fn empty_window(&self) -> Vec<u8> {
        vec![b' '; self.context.as_ref().map_or(0, |context| context.length.into())]
    }

    /// Moves a produced character into a window, folded as queries are.
    pub fn push(window: &mut [u8], c: u8) {
        if let Some(last) = window.len().checked_sub(1) {
            window.rotate_left(1);
            window[last] = c.to_ascii_lowercase();
        }
    }
}
