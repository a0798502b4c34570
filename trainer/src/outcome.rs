//! What a training tells while it runs, and what it gives in the end.

use crate::figures::Figures;
use mlc_compiler::model::Model;
use serde::Serialize;

/// What training reports while it runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// Once, before the first epoch.
    Start { weights: usize, steps: usize, held_out_steps: usize },
    /// Within an epoch, a few times a second: steps seen of how many.
    Batch { epoch: usize, done: usize, of: usize },
    /// After every epoch.
    Epoch(&'a EpochRow),
    /// The best network so far, for a snapshot; after the `Epoch` that it comes from. Of several seeds: the best of
    /// all.
    Best { model: &'a Model, row: &'a EpochRow },
}

/// A line of the training log.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EpochRow {
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
    pub train: Option<Figures>,
    pub held_out: Option<Figures>,
}

impl EpochRow {
    /// By which networks are compared: one that keeps the budgets is better than any that does not. `None` without
    /// exact figures.
    pub(crate) fn rank(&self) -> Option<(bool, f64)> {
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
    /// [`Settings::patience`] ran out.
    NoProgress,
}

/// What a network reached that cost more than the budgets allow. It comes from a training that was already pulling
/// its cost down, and from an early part of it: without budgets the same settings may reach more.
#[derive(Debug, Clone, PartialEq)]
pub struct Beyond {
    /// See [`EpochRow::epoch`].
    pub epoch: usize,
    pub train: Figures,
    pub held_out: Option<Figures>,
    /// In the order of the budgets.
    pub costs: Vec<f64>,
}

/// The best network and its figures.
#[derive(Debug, Clone)]
pub struct Trained {
    pub model: Model,
    pub train: Figures,
    pub held_out: Option<Figures>,
    pub nonzero: usize,
    /// In the order of the budgets.
    pub costs: Vec<f64>,
    /// Whether all budgets are kept. Without budgets they are.
    pub within_budget: bool,
    /// The best network that did not keep the budgets.
    pub beyond: Option<Beyond>,
    /// Of this network; see [`EpochRow::epoch`].
    pub epoch: usize,
    /// How many there were.
    pub epochs: usize,
    pub stop: StopReason,
}

impl Trained {
    /// See [`EpochRow::rank`].
    pub(crate) fn rank(&self) -> (bool, f64) {
        (self.within_budget, self.held_out.unwrap_or(self.train).score())
    }
}
