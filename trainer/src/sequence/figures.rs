//! How good a network is, counted with the machine's arithmetic.

use super::chunk::Chunk;
use super::example::Example;
use super::integer::{Integer, Memory};
use crate::measure::Measure;
use crate::threads;
use mlc_compiler::import::sequence::float::log_probability;
use mlc_compiler::model::Transformer;
use serde::{Deserialize, Serialize};

/// Texts that go through the network together.
pub(super) const CHUNK: usize = 16;

/// What the integer network says of some texts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Tokens that were foretold and count.
    pub tokens: usize,
    /// Those whose logit was the largest.
    pub tokens_right: usize,
    /// Sum of their negative logarithmic likelihoods, in nats.
    pub nats: f64,
    /// Replies: tokens that count and stand one behind the other.
    pub replies: usize,
    /// Those of which every token is right, the end mark included: what the machine writes by itself then is that reply.
    pub replies_right: usize,
}

impl Figures {
    /// Mean nats of a token.
    pub fn loss(&self) -> f64 {
        self.nats / self.tokens.max(1) as f64
    }

    /// Share of tokens that were the likeliest, 0 to 1.
    pub fn token_share(&self) -> f64 {
        self.tokens_right as f64 / self.tokens.max(1) as f64
    }

    /// Share of replies right, 0 to 1.
    pub fn reply_share(&self) -> f64 {
        self.replies_right as f64 / self.replies.max(1) as f64
    }

    fn add(&mut self, other: Self) {
        self.tokens += other.tokens;
        self.tokens_right += other.tokens_right;
        self.nats += other.nats;
        self.replies += other.replies;
        self.replies_right += other.replies_right;
    }
}

impl Measure for Figures {
    const NAMES: &'static [&'static str] = &["likelihood", "tokens", "replies"];

    fn shares(&self) -> Vec<f64> {
        vec![(-self.loss()).exp(), self.token_share(), self.reply_share()]
    }

    fn headline(&self) -> f64 {
        (-self.loss()).exp()
    }

    /// Likelihood and replies count the same. A text is one reply that nobody gets right: there likelihood decides.
    fn score(&self) -> f64 {
        (-self.loss()).exp() + self.reply_share()
    }
}

/// Figures of a network on some texts.
pub(crate) fn figures(body: &Transformer, logit_bits: u8, examples: &[&Example], threads: usize) -> Figures {
    let network = Integer::new(body);
    let unit = 1.0 / f32::from(1u16 << logit_bits);
    let mut found = vec![Figures::default(); examples.len().div_ceil(CHUNK)];
    let share = threads::share(found.len(), threads);
    let parts = examples.chunks(share * CHUNK).zip(found.chunks_mut(share));
    threads::each(parts.collect(), |(examples, found)| {
        let (mut chunk, mut memory) = (Chunk::default(), Memory::default());
        for (examples, found) in examples.chunks(CHUNK).zip(found) {
            chunk.fill(examples.iter().copied());
            network.run(&chunk, &mut memory);
            *found = judged(&chunk, &memory.logits, unit);
        }
    });
    let mut sum = Figures::default();
    found.into_iter().for_each(|part| sum.add(part));
    sum
}

/// `unit`: how many nats a step of a logit is.
fn judged(chunk: &Chunk, logits: &[i32], unit: f32) -> Figures {
    let mut figures = Figures::default();
    let width = logits.len() / chunk.targets.len().max(1);
    let mut floats = Vec::new();
    let mut last = None;
    let mut whole = false;
    for (logits, &(row, token)) in logits.chunks_exact(width.max(1)).zip(&chunk.targets) {
        floats.clear();
        floats.extend(logits.iter().map(|&l| l as f32 * unit));
        figures.nats -= log_probability(&floats, token as usize);
        figures.tokens += 1;
        let right = chosen(logits) == token;
        figures.tokens_right += usize::from(right);
        let continues = last.is_some_and(|last| last + 1 == row) && !chunk.starts.contains(&row);
        if !continues {
            figures.replies += 1;
            figures.replies_right += usize::from(whole);
            whole = true;
        }
        whole &= right;
        last = Some(row);
    }
    figures.replies_right += usize::from(whole);
    figures
}

/// The first of the largest logits.
pub(super) fn chosen(logits: &[i32]) -> u32 {
    let most = logits.iter().max();
    logits.iter().position(|logit| Some(logit) == most).unwrap_or(0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_right_as_a_whole() {
        // Two texts: of the first two replies, of the second one that begins in its first row.
        let chunk = Chunk {
            tokens: vec![0; 9],
            starts: vec![0, 6, 9],
            targets: vec![(1, 0), (2, 1), (4, 1), (5, 1), (6, 0)],
        };
        let logits = [[5, 3], [3, 5], [5, 5], [3, 5], [9, 0]].concat();
        let figures = judged(&chunk, &logits, 0.5);
        assert_eq!((figures.tokens, figures.tokens_right), (5, 4), "the first of equals is chosen");
        assert_eq!((figures.replies, figures.replies_right), (3, 2));
        let wants = 3.0 * (1.0 + (-1f64).exp()).ln() + 2f64.ln() + (1.0 + (-4.5f64).exp()).ln();
        assert!((figures.nats - wants).abs() < 1e-6);
        assert_eq!(judged(&Chunk::default(), &[], 1.0), Figures::default());
    }
}
