//! `mlc-trainer`: conversation pairs in, a checked [`Model`](mlc_compiler::model::Model) and its figures out.
//!
//! The integer network itself is trained. The forward pass of every mini-batch computes what the machine will
//! compute, bit for bit: weights rounded to -2..=1, biases rounded, the shift a floor. Gradients pass straight
//! through the roundings to float *shadow* weights (Bengio, Léonard, Courville 2013, arXiv:1308.3432). So every
//! accuracy that this crate reports is the accuracy on the machine.
//!
//! A *family* is a kind of network with its data, its parameters and its figures. `family` says what the loop asks of
//! one and `train` is the loop; `schedule`, `feed`, `outcome`, `measure`, `seeds`, `log` and `curve` belong to it. None of
//! them knows a family, nor do the tools that all families share: `arrays` (numbers on the processor or on LibTorch),
//! `adam`, `quantize` (the one place that knows which integers a parameter may be) and `threads`. [`hashed_text`] is the
//! first family.
//!
//! Data flows one way:
//!
//! ```text
//! lines ─ pairs ─▶ Pairs ─ a family's task ─▶ its Data ─ train ─▶ Trained (Model, figures)
//! ```
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
//! Without [`Shape::economy`] (and a sparsity of 1) tinychat has 97.0 % and 85.9 %, but visits 6,278 weights.
//!
//! # Repeatability
//! The same pairs, settings and seed give the same model on the same kind of processor, **whatever the number of
//! threads**: a batch is cut into chunks of a fixed size, each chunk is computed by one thread, and sums over
//! chunks are taken in their order. `matrixmultiply` is used without its `threading` feature (and so ignores
//! `MATMUL_NUM_THREADS`); it picks its kernel by the processor's features, which round differently.

mod adam;
mod arrays;
mod baseline;
pub mod curve;
pub mod data;
mod device;
mod error;
pub mod expand;
mod family;
mod feed;
mod gemm;
pub mod hashed_text;
pub mod log;
mod measure;
pub mod outcome;
mod pairs;
mod quantize;
mod rounding;
mod schedule;
mod seeds;
pub mod sensors;
pub mod sequence;
pub mod texts;
mod threads;
mod train;
#[cfg(test)]
mod train_tests;

pub use baseline::{Baseline, baselines};
pub use device::{Device, DeviceError, Precision};
pub use error::TrainError;
pub use hashed_text::{
    Assessment, Beyond, Budget, CALIBRATION, Chunking, Chunks, Corpus, CostModel, Dataset, EpochRow, Event,
    Figures, LabelOrder, NonzeroWeights, ReplyFigures, Seeds, Settings, Shape, Shifts, Spool, Storage, Task,
    TaskError, TaskKind, Trained, Training, Usage, VisitedWeights, answers, assess, assess_labels, evaluate,
    require_pair, train, train_seeds,
};
pub use measure::Measure;
pub use outcome::StopReason;
pub use pairs::{Fault, FaultKind, Limits, MAX_FAULTS_KEPT, MAX_LINE, Pair, Pairs, PairsError};
pub use schedule::{Schedule, SettingsError};
pub use seeds::Spread;
