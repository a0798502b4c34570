//! What a sequence model is trained on.

/// A text as tokens; `counts[i]` says whether the loss counts token i (as a target, foretold from those before it).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Example {
    /// Token ids.
    pub tokens: Vec<u32>,
    /// One for each token. The first token is never foretold.
    pub counts: Vec<bool>,
}

impl Example {
    /// How many tokens are read: those before the last that counts.
    pub(crate) fn read(&self) -> usize {
        self.counts.iter().rposition(|&counts| counts).unwrap_or(0)
    }

    /// How many tokens are foretold and count.
    pub(crate) fn counted(&self) -> usize {
        self.counts.iter().skip(1).filter(|&&counts| counts).count()
    }
}
