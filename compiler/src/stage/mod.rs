//! A graph as kernels see it: a list of stages. A stage is a group of nodes that one kernel computes.
//!
//! ([`crate::ir`] has the nodes, [`crate::kernel`] what a processor makes of a stage. "Step" is the word for one pass
//! through the network, a character or a token, here as everywhere.)
//!
//! [`read`] finds the groups: each kind of [`Work`] says in its file which nodes it claims. The files of this folder
//! depend on no processor: [`usage`] measures on queries how often the parts of a stage work, [`bytes`] and [`prefix`]
//! prove what a hashed first layer can save, [`share`] finds the sums that outputs can share.

mod answer;
pub mod bytes;
pub mod calibration;
pub mod prefix;
mod product;
mod read;
pub mod seen;
pub mod share;
pub mod usage;

pub use answer::{Answer, Choose};
pub use bytes::{Bytes, Counted, Long};
pub use product::{Product, Source, Start};
pub use read::{ShapeError, label, read};
pub use usage::{Usage, measure};

/// A group of nodes that one kernel computes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Fit for a label: `fc1_query`, `fc2`.
    pub name: String,
    /// The layer of the model that it is part of, from 1 on; 0 for what has no weights.
    pub layer: usize,
    /// Runs in every round of a loop, not once per query.
    pub in_loop: bool,
    pub work: Work,
}

/// What a stage computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// A matrix product into accumulators.
    Product(Product),
    /// The index of the largest logit.
    Choose(Choose),
    /// What that index selects.
    Answer(Answer),
}

/// An array of accumulators that a stage writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Array {
    pub outputs: usize,
    pub elem: ArrayElem,
}

/// What each output has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArrayElem {
    /// A byte; behind the last one there is one more, which ends a scan.
    Bytes,
    /// A low and a high byte.
    Words,
    /// The same, where activations above 255 are added to the high bytes: their carries go somewhere.
    Carried,
}

impl Stage {
    /// Its product, if it is one.
    pub fn product(&self) -> Option<&Product> {
        match &self.work {
            Work::Product(product) => Some(product),
            Work::Choose(_) | Work::Answer(_) => None,
        }
    }

    /// The stage whose accumulators it takes as they are before it writes its own.
    pub fn starts_from(&self) -> Option<usize> {
        match self.product()?.start {
            Start::Stage(from) => Some(from),
            Start::Constant(_) => None,
        }
    }

    /// The stage whose accumulators it reads while it works.
    pub fn reads(&self) -> Option<usize> {
        match &self.work {
            Work::Product(Product { source: Source::Hidden { stage, .. }, .. }) => Some(*stage),
            Work::Product(_) | Work::Answer(_) => None,
            Work::Choose(choose) => Some(choose.stage),
        }
    }

    /// The accumulators that it writes.
    pub fn array(&self) -> Option<Array> {
        let product = self.product()?;
        Some(Array { outputs: product.outputs, elem: product.elem() })
    }
}

/// Stages that read the accumulators of stage `index`, as input or as start.
pub fn readers(stages: &[Stage], index: usize) -> impl Iterator<Item = usize> + '_ {
    let reads = move |s: &Stage| s.starts_from() == Some(index) || s.reads() == Some(index);
    stages.iter().enumerate().filter(move |(_, s)| reads(s)).map(|(i, _)| i)
}

/// First and last stage with accumulators during which those of stage `index` must keep their content.
pub fn live(stages: &[Stage], index: usize) -> (usize, usize) {
    let last = stages.iter().rposition(|stage| stage.array().is_some()).unwrap_or(index);
    let end = readers(stages, index).max().unwrap_or(index);
    // What is computed before the loop and read inside is read again in the next round.
    let end = if !stages[index].in_loop && stages[end].in_loop { last } else { end };
    (index, end.min(last))
}

/// The last product: its accumulators are the logits before the shift. And how they are chosen from.
///
/// # Panics
/// When `stages` were not read by [`read`], which refuses a graph without.
pub fn output(stages: &[Stage]) -> (usize, &Choose) {
    let choose = stages.iter().find_map(|stage| match &stage.work {
        Work::Choose(choose) => Some(choose),
        _ => None,
    });
    let choose = choose.expect("read() refuses a graph without a choice");
    (choose.stage, choose)
}

/// What the chosen index selects.
///
/// # Panics
/// See [`output`].
pub fn answer(stages: &[Stage]) -> &Answer {
    let answer = stages.iter().find_map(|stage| match &stage.work {
        Work::Answer(answer) => Some(answer),
        _ => None,
    });
    answer.expect("read() refuses a graph whose index selects nothing")
}
