//! What a sequence model is trained for: its tokens, how it answers, and the texts on both sides.

use super::example::Example;
use super::prior::Prior;
use crate::family::Data;
use mlc_compiler::model::{Story, Tokens};
use std::borrow::Cow;
use std::io;

/// Texts as tokens, all in memory. A step of the training loop is one of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Texts {
    pub(crate) examples: Vec<Example>,
    /// Numbers of the examples.
    order: Vec<u32>,
}

impl Texts {
    /// Texts of which a token counts; others are left out.
    pub fn new(examples: Vec<Example>) -> Self {
        let examples: Vec<_> = examples.into_iter().filter(|example| example.counted() > 0).collect();
        let order = (0..examples.len() as u32).collect();
        Self { examples, order }
    }

    /// How many texts.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Most tokens of a text that are read.
    pub fn longest(&self) -> usize {
        self.examples.iter().map(Example::read).max().unwrap_or(0)
    }

    /// Tokens that count.
    pub fn counted(&self) -> usize {
        self.examples.iter().map(Example::counted).sum()
    }

    pub(crate) fn get(&self, steps: &[u32]) -> Vec<&Example> {
        steps.iter().map(|&step| &self.examples[step as usize]).collect()
    }
}

impl Data for Texts {
    type Part = Self;
    type Step = u32;

    fn parts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        Box::new(std::iter::once(self.examples.len()))
    }

    fn load(&self, _: usize) -> io::Result<Cow<'_, Self>> {
        Ok(Cow::Borrowed(self))
    }

    fn steps_of(part: &Self) -> &[u32] {
        &part.order
    }
}

/// What to train for.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The reader of the model.
    pub reader: Tokens,
    /// Its answer; `logit_bits` are the network's.
    pub story: Story,
    pub train: Texts,
    pub held_out: Option<Texts>,
    /// What tokens cost, which the network corrects; where it is `None`, that of the model to go on with.
    pub prior: Option<Prior>,
}

impl Task {
    /// Most tokens of a text that are read, on both sides.
    pub(crate) fn longest(&self) -> usize {
        self.held_out.iter().chain([&self.train]).map(Texts::longest).max().unwrap_or(0)
    }
}
