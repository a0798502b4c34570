//! `mlc-trainer`: conversation pairs in, a checked [`Model`](mlc_compiler::model::Model) and its figures out.
//!
//! The integer network itself is trained. The forward pass of every mini-batch computes what the machine will
//! compute, bit for bit: weights rounded to -2..=1, biases rounded, the shift a floor. Gradients pass straight
//! through the roundings to float *shadow* weights (Bengio, Léonard, Courville 2013, arXiv:1308.3432). So every
//! accuracy that this crate reports is the accuracy on the machine.
//!
//! Data flows one way, and the files are in this order:
//!
//! ```text
//! lines ─ pairs ─▶ Pairs ─ task ─▶ Task (encoders, Corpora) ─ train ─▶ Trained (Model, Figures)
//!                 or Spool
//!                                     train: forward ─▶ backward ─▶ adam, a batch at a time
//! ```
//!
//! The loop is written on the operations of `ops`, which this machine's processor computes. `quantize` is the one
//! place that knows which integers weights and biases may be.
//!
//! No printing: [`train()`] reports to a callback and looks at a stop flag.
//!
//! # What the defaults reach
//! On the published pairs, two cores, a minute or two each, the figures of `examples/measure.rs`:
//!
//! | pairs | characters | replies | held-out replies | non-zero weights | visited in a step |
//! | --- | --- | --- | --- | --- | --- |
//! | tinychat (at most 86.8 % of replies can be right) | 96.9 % | 85.8 % | - | 39,216 | 2,465 |
//! | guess, 15 % of the queries held out | 99.1 % | 96.4 % | 90.1 % | 11,138 | 430 |
//!
//! Without [`Settings::economy`] (and a sparsity of 1) tinychat has 97.0 % and 85.9 %, but visits 6,278 weights.
//!
//! # Repeatability
//! The same pairs, settings and seed give the same model on the same kind of processor, **whatever the number of
//! threads**: a batch is cut into chunks of a fixed size, each chunk is computed by one thread, and sums over
//! chunks are taken in their order. `matrixmultiply` is used without its `threading` feature (and so ignores
//! `MATMUL_NUM_THREADS`); it picks its kernel by the processor's features, which round differently.

mod adam;
mod answers;
mod assess;
mod backward;
mod baseline;
mod budget;
mod corpus;
pub mod curve;
pub mod data;
mod dataset;
mod device;
mod figures;
mod forward;
mod gemm;
mod learner;
pub mod log;
mod network;
mod ops;
mod outcome;
mod pairs;
mod quantize;
mod replies;
mod seeds;
mod settings;
mod shift;
mod spool;
mod task;
mod threads;
mod train;
mod words;

pub use answers::answers;
pub use assess::{Assessment, ReplyFigures, assess};
pub use baseline::{Baseline, baselines};
pub use budget::{Budget, CostModel, NonzeroWeights, Usage, VisitedWeights};
pub use corpus::Corpus;
pub use dataset::Dataset;
pub use device::{Device, DeviceError};
pub use figures::{Figures, evaluate};
pub use outcome::{Beyond, EpochRow, Event, StopReason, Trained};
pub use pairs::{Fault, FaultKind, Limits, MAX_FAULTS_KEPT, MAX_LINE, Pair, Pairs, PairsError};
pub use seeds::{Seeds, Spread, train_seeds};
pub use settings::{Settings, SettingsError, Shifts};
pub use spool::{Chunks, Spool, Storage};
pub use task::{CALIBRATION, Chunking, LabelOrder, Task, TaskError, TaskKind, require_pair};
pub use train::{TrainError, Training, train};
pub use words::{count, grouped};
