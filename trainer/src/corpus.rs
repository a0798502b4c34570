//! All pairs of one side, in memory or a chunk at a time, and the order in which they are trained on.

use crate::dataset::{Dataset, Example};
use crate::figures::{Figures, figures};
use crate::network::Network;
use crate::spool::Chunks;
use rand::Rng;
use rand::seq::SliceRandom;
use std::borrow::Cow;
use std::io;

/// Pairs to train on, or to measure with.
#[derive(Debug, Clone)]
pub enum Corpus {
    /// Encoded once.
    Held(Dataset),
    /// Encoded a chunk at a time, in every epoch anew.
    Chunked(Chunks),
}

impl Corpus {
    /// How many pairs.
    pub fn pairs(&self) -> usize {
        match self {
            Self::Held(data) => data.pairs(),
            Self::Chunked(chunks) => chunks.pairs(),
        }
    }

    /// How many passes through the network all replies take.
    pub fn steps(&self) -> usize {
        self.parts().sum()
    }

    /// How many mini-batches of at most `size` steps: none has steps of two chunks.
    pub(crate) fn batches(&self, size: usize) -> usize {
        self.parts().map(|steps| steps.div_ceil(size)).sum()
    }

    /// The encoded pairs, if they are in memory.
    pub fn held(&self) -> Option<&Dataset> {
        match self {
            Self::Held(data) => Some(data),
            Self::Chunked(_) => None,
        }
    }

    /// Steps of each part.
    fn parts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Held(data) => Box::new(std::iter::once(data.steps())),
            Self::Chunked(chunks) => Box::new(chunks.steps()),
        }
    }

    fn load(&self, part: usize) -> io::Result<Cow<'_, Dataset>> {
        Ok(match self {
            Self::Held(data) => Cow::Borrowed(data),
            Self::Chunked(chunks) => Cow::Owned(chunks.load(part)?),
        })
    }

    /// Accuracy of a network.
    ///
    /// # Errors
    /// A chunk cannot be read.
    pub(crate) fn figures(&self, network: &Network, threads: usize) -> io::Result<Figures> {
        let mut sum = Figures::default();
        for part in 0..self.parts().count() {
            sum += figures(network, &*self.load(part)?, threads);
        }
        Ok(sum)
    }
}

/// Goes through a corpus epoch by epoch.
pub(crate) struct Feed<'a> {
    corpus: &'a Corpus,
    parts: Vec<usize>,
    /// The part that was last gone through, and its steps in a random order.
    current: Cow<'a, Dataset>,
    order: Vec<Example>,
}

impl<'a> Feed<'a> {
    /// # Errors
    /// A chunk cannot be read.
    pub(crate) fn new(corpus: &'a Corpus, rng: &mut impl Rng) -> io::Result<Self> {
        let current = corpus.load(0)?;
        let mut order = current.examples.clone();
        order.shuffle(rng);
        Ok(Self { corpus, parts: (0..corpus.parts().count()).collect(), current, order })
    }

    /// Steps in a random order, of the part that was last gone through.
    pub(crate) fn sample(&self) -> (&Dataset, &[Example]) {
        (&self.current, &self.order)
    }

    /// Calls `work` with all steps in a random order, a part at a time, until it says that this is enough.
    ///
    /// # Errors
    /// A chunk cannot be read.
    pub(crate) fn epoch(
        &mut self,
        rng: &mut impl Rng,
        mut work: impl FnMut(&Dataset, &[Example]) -> bool,
    ) -> io::Result<()> {
        self.parts.shuffle(rng);
        for &part in &self.parts {
            if let Corpus::Chunked(_) = self.corpus {
                // Two chunks at a time would be twice the memory.
                self.current = Cow::Owned(Dataset::empty());
                self.current = self.corpus.load(part)?;
                self.order.clone_from(&self.current.examples);
            }
            self.order.shuffle(rng);
            if !work(&self.current, &self.order) {
                break;
            }
        }
        Ok(())
    }
}
