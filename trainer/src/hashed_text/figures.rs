//! How good a network is on encoded pairs, counted in integers.

use super::dataset::{Dataset, Example, Inputs};
use super::forward::Activations;
use super::network::Network;
use crate::arrays::{CHUNK, Cpu, argmax};
use crate::measure::Measure;
use crate::threads;
use mlc_compiler::model::Model;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Accuracy on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Characters and end marks of all replies (or labels), each after the right beginning.
    pub steps: usize,
    pub steps_right: usize,
    /// Whole replies as the machine generates them.
    pub replies: usize,
    pub replies_right: usize,
}

impl Figures {
    /// Share of characters right, 0 to 1 (1 of no characters).
    pub fn step_share(&self) -> f64 {
        share(self.steps_right, self.steps)
    }

    /// Share of replies right, 0 to 1.
    pub fn reply_share(&self) -> f64 {
        share(self.replies_right, self.replies)
    }
}

impl Measure for Figures {
    const NAMES: &'static [&'static str] = &["characters", "replies"];

    fn shares(&self) -> Vec<f64> {
        vec![self.step_share(), self.reply_share()]
    }

    fn headline(&self) -> f64 {
        self.reply_share()
    }

    /// Characters and replies count the same.
    fn score(&self) -> f64 {
        self.step_share() + self.reply_share()
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.steps_right += other.steps_right;
        self.replies += other.replies;
        self.replies_right += other.replies_right;
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Accuracy of a model on pairs that were encoded for its encoders.
pub fn evaluate(model: &Model, data: &Dataset, threads: usize) -> Figures {
    figures(&Network::from_model(model), data, threads)
}

pub(crate) fn figures(network: &Network, data: &Dataset, threads: usize) -> Figures {
    let right = steps_right(network, data.inputs(), &data.examples, threads);
    Figures {
        steps: right.len(),
        steps_right: right.iter().filter(|&&right| right).count(),
        replies: data.pairs(),
        replies_right: replies_right(data, &right).filter(|&right| right).count(),
    }
}

/// Which replies come out whole.
///
/// Generation is greedy, so a reply is right exactly if each of its steps is, given the right beginning: by
/// induction the machine then stands before step `i` with the same window as the example.
pub(crate) fn replies_right<'a>(data: &'a Dataset, right: &'a [bool]) -> impl Iterator<Item = bool> + 'a {
    data.starts.windows(2).map(|w| right[w[0]..w[1]].iter().all(|&right| right))
}

/// For each step whether its largest logit is the target.
pub(crate) fn steps_right(
    network: &Network,
    inputs: Inputs,
    examples: &[Example],
    threads: usize,
) -> Vec<bool> {
    let outputs = outputs(network, inputs, examples, threads);
    outputs.iter().zip(examples).map(|(&output, example)| output == example.target).collect()
}

/// The index of the largest logit of each step.
pub(crate) fn outputs(network: &Network, inputs: Inputs, examples: &[Example], threads: usize) -> Vec<u16> {
    chosen(network, inputs, examples, threads, argmax)
}

/// What `choose` makes of the logits of each example.
pub(crate) fn chosen(
    network: &Network,
    inputs: Inputs,
    examples: &[Example],
    threads: usize,
    choose: impl Fn(&[f32]) -> usize + Sync,
) -> Vec<u16> {
    let mut outputs = vec![0; examples.len()];
    let share = threads::share(examples.len().div_ceil(CHUNK), threads) * CHUNK;
    let parts = examples.chunks(share).zip(outputs.chunks_mut(share));
    threads::each(parts.collect(), |(examples, outputs)| {
        let mut activations = Activations::default();
        for (examples, outputs) in examples.chunks(CHUNK).zip(outputs.chunks_mut(CHUNK)) {
            activations.run(&Cpu { threads: 1 }, network, inputs, examples);
            for (output, logits) in outputs.iter_mut().zip(activations.logits()) {
                *output = choose(logits) as u16; // at most 1,024 outputs
            }
        }
    });
    outputs
}
