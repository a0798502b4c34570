//! What a training tells while it runs, and what it gives in the end.

use crate::measure::Measure;
use mlc_compiler::model::Model;
use serde::Serialize;

/// By which networks are compared: whether it keeps the budgets, then the score of its figures.
pub(crate) type Rank = (bool, f64);

/// What training reports while it runs.
#[derive(Debug)]
pub enum Event<'a, M> {
    /// Once, before the first epoch.
    Start { weights: usize, steps: usize, held_out_steps: usize },
    /// Within an epoch, a few times a second: steps seen of how many.
    Batch { epoch: usize, done: usize, of: usize },
    /// After every epoch.
    Epoch(&'a EpochRow<M>),
    /// The best network so far, for a snapshot; after the `Epoch` that it comes from. Of several seeds: the best of
    /// all.
    Best { model: &'a Model, row: &'a EpochRow<M> },
    /// After the `Epoch` that it comes from: why integers cannot hold the network of that epoch. It is left out.
    Unfit { epoch: usize, what: &'a str },
}

/// A line of the training log.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EpochRow<M> {
    /// Counts from 1. 0 is the model that training goes on from, before anything changed.
    pub epoch: usize,
    pub epochs: usize,
    pub seconds: f64,
    pub learning_rate: f32,
    /// Mean cross-entropy of a step during the epoch, in nats.
    pub loss: f64,
    /// Share of steps right during the epoch, while the network still changed.
    pub running_share: f64,
    pub nonzero: usize,
    /// Accumulators that came near the 16-bit limit during the epoch.
    pub overflows: usize,
    /// Costs in the order of the budgets, and the largest as a part of its limit; in epochs with an evaluation.
    pub costs: Vec<f64>,
    pub budget_used: Option<f64>,
    /// Exact figures, in epochs with an evaluation.
    pub train: Option<M>,
    pub held_out: Option<M>,
}

impl<M: Measure> EpochRow<M> {
    /// By which networks are compared: one that keeps the budgets is better than any that does not. `None` without
    /// exact figures.
    pub(crate) fn rank(&self) -> Option<Rank> {
        let figures = self.held_out.or(self.train)?;
        Some((self.within_budget(), figures.score()))
    }

    pub(crate) fn within_budget(&self) -> bool {
        self.budget_used.is_none_or(|used| used <= 1.0)
    }
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    Finished,
    /// The stop flag was set.
    Requested,
    /// [`Schedule::patience`](crate::Schedule::patience) ran out.
    NoProgress,
}

/// What a network reached that cost more than the budgets allow. It comes from a training that was already pulling
/// its cost down, and from an early part of it: without budgets the same settings may reach more.
#[derive(Debug, Clone, PartialEq)]
pub struct Beyond<M> {
    /// See [`EpochRow::epoch`].
    pub epoch: usize,
    pub train: M,
    pub held_out: Option<M>,
    /// In the order of the budgets.
    pub costs: Vec<f64>,
}

/// The best network and its figures.
#[derive(Debug, Clone)]
pub struct Trained<M> {
    pub model: Model,
    pub train: M,
    pub held_out: Option<M>,
    pub nonzero: usize,
    /// In the order of the budgets.
    pub costs: Vec<f64>,
    /// Whether all budgets are kept. Without budgets they are.
    pub within_budget: bool,
    /// The best network that did not keep the budgets.
    pub beyond: Option<Beyond<M>>,
    /// Of this network; see [`EpochRow::epoch`].
    pub epoch: usize,
    /// How many there were.
    pub epochs: usize,
    pub stop: StopReason,
}

impl<M: Measure> Trained<M> {
    /// See [`EpochRow::rank`].
    pub(crate) fn rank(&self) -> Rank {
        (self.within_budget, self.held_out.unwrap_or(self.train).score())
    }
}
