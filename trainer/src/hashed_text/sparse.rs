//! Texts as a network gets them: hashed, counted, and only what is not zero.

use mlc_compiler::model::{HashedText, QueryEncoder};
use mlc_compiler::text;

/// Rows of a sparse matrix: (input, value), the input ascending in a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sparse {
    starts: Vec<usize>,
    entries: Vec<(u16, f32)>,
}

impl Sparse {
    pub(crate) fn new() -> Self {
        Self { starts: vec![0], entries: Vec::new() }
    }

    pub(crate) fn row(&self, row: u32) -> &[(u16, f32)] {
        let row = row as usize;
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Appends the counts of `buckets`, scaled; the first bucket is input number `first`. Gives the row's index.
    fn push(&mut self, mut buckets: Vec<u16>, first: u16) -> u32 {
        buckets.sort_unstable();
        for same in buckets.chunk_by(|a, b| a == b) {
            // At most 127 trigrams or 93 n-grams: 127 * 32 is far from wrapping.
            let value = same.len() as f32 * f32::from(text::COUNT_SCALE);
            self.entries.push((first + same[0], value));
        }
        self.starts.push(self.entries.len());
        // Rows are distinct queries or windows in memory, an entry or more each: fewer than 2^32.
        (self.starts.len() - 2) as u32
    }

    /// A row of zeros: the window of a classifier.
    pub(crate) fn push_none(&mut self) -> u32 {
        self.push(Vec::new(), 0)
    }

    /// `query` is normalized.
    pub(crate) fn push_query(&mut self, query: &[u8], encoder: &QueryEncoder) -> u32 {
        self.push(text::trigram_buckets(query, encoder.buckets, encoder.bands).collect(), 0)
    }

    /// `window` is folded and as long as the context's window. Without a context, a row of zeros.
    pub(crate) fn push_window(&mut self, window: &[u8], reader: &HashedText) -> u32 {
        match &reader.context {
            // Both bucket counts are at most 1,024: the sum fits u16.
            Some(context) => {
                self.push(text::ngram_buckets(window, context.buckets).collect(), reader.query.buckets)
            }
            None => self.push_none(),
        }
    }
}
