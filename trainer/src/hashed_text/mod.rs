//! Networks that read hashed text: chats and classifiers of a few fully connected layers.
//!
//! ```text
//! Pairs (or Spool) ─ task ─▶ Task (encoders, Corpora) ─ train ─▶ Trained (Model, Figures)
//!                            a batch: forward ─▶ backward ─▶ learner (adam)
//! ```
//!
//! `shape` has what can be chosen, `task`, `replies`, `sparse`, `dataset`, `spool` and `corpus` make examples of pairs,
//! `network` is what is trained, `ops` the steps of its mathematics, `forward` and `backward` the two passes, `learner`
//! the float shadows and their update, `shift` and `budget` what is fitted between epochs, `figures` what is counted.
//! `train` is what the training loop sees of all this. `answers` and `assess` look at a model that is trained.

mod answers;
mod assess;
mod backward;
mod budget;
mod corpus;
mod dataset;
mod error;
mod figures;
mod forward;
mod learner;
mod network;
mod ops;
mod replies;
mod settings;
mod shape;
mod shift;
pub(crate) mod sparse;
mod spool;
mod task;
mod train;

pub use answers::answers;
pub use assess::{Assessment, ReplyFigures, assess, assess_labels};
pub use budget::{Budget, CostModel, NonzeroWeights, Usage, VisitedWeights};
pub use corpus::Corpus;
pub use dataset::Dataset;
pub use error::TaskError;
pub use figures::{Figures, evaluate};
pub use replies::LabelOrder;
pub use settings::Settings;
pub use shape::{Shape, Shifts};
pub use spool::{Chunks, Spool, Storage};
pub use task::{CALIBRATION, Chunking, Task, TaskKind, require_pair};
pub use train::{Training, train, train_seeds};

/// What a training of this family tells and gives.
pub type Event<'a> = crate::outcome::Event<'a, Figures>;
pub type EpochRow = crate::outcome::EpochRow<Figures>;
pub type Beyond = crate::outcome::Beyond<Figures>;
pub type Trained = crate::outcome::Trained<Figures>;
pub type Seeds = crate::seeds::Seeds<Figures>;
