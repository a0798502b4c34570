//! All pairs of one side, in memory or a chunk at a time.

use super::dataset::{Dataset, Example};
use super::figures::{Figures, figures};
use super::network::Network;
use super::spool::Chunks;
use crate::family::Data;
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
        Data::steps(self)
    }

    /// The encoded pairs, if they are in memory.
    pub fn held(&self) -> Option<&Dataset> {
        match self {
            Self::Held(data) => Some(data),
            Self::Chunked(_) => None,
        }
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

impl Data for Corpus {
    type Part = Dataset;
    type Step = Example;

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

    fn steps_of(part: &Dataset) -> &[Example] {
        &part.examples
    }
}
