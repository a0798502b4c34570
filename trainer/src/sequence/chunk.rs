//! Texts that go through a network together: their tokens one behind the other, without gaps.

use super::example::Example;

/// Parts of a batch whose gradients are summed up by themselves, whatever the number of threads.
pub(crate) const GROUPS: usize = 16;
/// Rows of a chunk: more of them would not stay in a processor's own memory.
const CHUNK_ROWS: usize = 512;

/// Some texts of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// Tokens that are read, of all texts.
    pub tokens: Vec<u32>,
    /// Where each text begins, and the end.
    pub starts: Vec<usize>,
    /// Rows behind which a token is foretold that counts, and that token; ascending.
    pub targets: Vec<(usize, u32)>,
}

impl Chunk {
    /// Takes texts in the place of those that it had. Of each, what stands behind the last token that counts is not read.
    pub(crate) fn fill<'e>(&mut self, examples: impl IntoIterator<Item = &'e Example>) {
        self.tokens.clear();
        self.starts.clear();
        self.targets.clear();
        self.starts.push(0);
        for example in examples {
            let from = self.tokens.len();
            let read = example.read();
            self.tokens.extend_from_slice(&example.tokens[..read]);
            let counted = (1..=read).filter(|&i| example.counts[i]);
            self.targets.extend(counted.map(|i| (from + i - 1, example.tokens[i])));
            self.starts.push(self.tokens.len());
        }
    }

    /// The token of a row, and the one before it in the same text.
    pub(crate) fn latest(&self, row: usize) -> (Option<u32>, u32) {
        let begins = self.starts.binary_search(&row).is_ok();
        ((!begins).then(|| self.tokens[row - 1]), self.tokens[row])
    }

    /// Rows of all texts.
    pub(crate) fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// The rows of each text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|pair| pair[0]..pair[1])
    }
}

/// The groups of a batch: [`GROUPS`] at most, with as many texts each.
pub(crate) fn groups<'s, 'e>(examples: &'s [&'e Example]) -> impl Iterator<Item = &'s [&'e Example]> {
    examples.chunks(examples.len().div_ceil(GROUPS).max(1))
}

/// Texts cut into chunks: as many as have [`CHUNK_ROWS`] rows, one at least.
pub(crate) fn chunks<'s, 'e>(examples: &'s [&'e Example]) -> impl Iterator<Item = &'s [&'e Example]> {
    let mut rest = examples;
    std::iter::from_fn(move || {
        let mut rows = 0;
        let fits = rest.iter().take_while(|example| {
            rows += example.read();
            rows <= CHUNK_ROWS
        });
        let count = fits.count().max(1).min(rest.len());
        let (chunk, others) = rest.split_at(count);
        rest = others;
        (count > 0).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_foretold_from_what_stands_before_it() {
        let example =
            |tokens: &[u32], counts: &[bool]| Example { tokens: tokens.into(), counts: counts.into() };
        let a = example(&[5, 6, 7, 8, 9], &[false, false, true, true, false]);
        let b = example(&[1, 2], &[true, true]);
        let none = example(&[3], &[true]);
        let mut chunk = Chunk::default();
        chunk.fill([&b]);
        chunk.fill([&a, &none, &b]);
        assert_eq!(chunk.tokens, [5, 6, 7, 1]);
        assert_eq!(chunk.starts, [0, 3, 3, 4]);
        assert_eq!(chunk.targets, [(1, 7), (2, 8), (3, 2)]);
        assert_eq!([0, 2, 3].map(|row| chunk.latest(row)), [(None, 5), (Some(6), 7), (None, 1)]);
        assert_eq!(chunk.texts().map(|text| text.len()).collect::<Vec<_>>(), [3, 0, 1]);
    }
}
