//! Networks on numbers: small dense classifiers of readings, trained with the integers that the machine will have.
//!
//! ```text
//! rows of numbers ─ scaling, split ─▶ Task (bytes, labels) ─ train ─▶ Trained (Model, Figures)
//!                                     a batch: forward ▶ tape ─ backward ▶ learner (adam)
//! ```
//!
//! `scaling` makes bytes of readings, as the firmware does, by what the training rows show and nothing else. `split` says
//! which rows those are, `task` puts both together. `shape` and `settings` have what can be chosen, `network` the integers of
//! the machine, `learner` the shadows behind them with the pass forward and back, `figures` counts. `train` is what the
//! training loop sees of all this, `resume` goes on from a model. `forest` grows trees in the
//! place of a network; `baselines` and `tree` are simpler methods on the same split.

mod baselines;
#[cfg(test)]
mod data_tests;
mod error;
mod figures;
mod forest;
#[cfg(test)]
mod forest_tests;
mod learner;
mod network;
mod resume;
mod scaling;
#[cfg(test)]
mod sensor_tests;
mod settings;
mod shape;
mod split;
mod task;
mod train;
mod tree;

pub use baselines::{Baseline, baselines};
pub use error::DataError;
pub use figures::Figures;
pub use forest::{ForestSettings, Grown, MAX_TREES, evaluate_forest, grow};
pub use settings::Settings;
pub use shape::Shape;
pub use task::{Options, Rows, Task, joined};
pub use train::{Training, evaluate, learned_rows, split_seed, train, train_seeds, untrained};

/// What a training of this family tells and gives.
pub type Event<'a> = crate::outcome::Event<'a, Figures>;
pub type EpochRow = crate::outcome::EpochRow<Figures>;
pub type Trained = crate::outcome::Trained<Figures>;
pub type Seeds = crate::seeds::Seeds<Figures>;
