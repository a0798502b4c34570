//! Sequence models: small transformers, trained with the weights and activations that the machine will have.
//!
//! ```text
//! texts ─ tokenizer ─▶ Task (Examples) ─ train ─▶ Trained (Model, Figures)
//!            a batch: gradients (chunk ─ pass ▶ tape ─ backward) ▶ learner (adam)
//! ```
//!
//! `shape` has what can be chosen, `layout` where the parameters lie, `grid` how weights are rounded in training, `incremental`
//! how they come onto their grids for good, `ranges` which steps 8-bit activations have. `pass` is the way forward, `tape` what it
//! keeps, `backward` the way back, both made of the steps in `ops/`. `gradients` cuts a batch up and runs them, on this processor or on
//! LibTorch; `learner` updates the shadows. `export` makes integers of them, `integer` runs these on many texts at once, and `figures`
//! and `ends` count. `train` is what the training loop sees of all this.
//! `prior` counts an n-gram prior, which the network corrects. `resume` and `floats` have the parameters of a network to go on
//! with, of integers and of floats. `lora` trains adapters beside a base, `adapter` is what that gives.

mod adapter;
mod backward;
mod chunk;
mod distill;
mod dropout;
mod ends;
mod example;
mod export;
mod figures;
mod floats;
mod gradients;
mod grid;
mod incremental;
mod integer;
mod layout;
mod learner;
mod lora;
mod ops;
mod pass;
#[cfg(test)]
mod pass_tests;
mod prior;
mod ranges;
mod resume;
mod settings;
mod shape;
mod start;
mod tape;
mod task;
mod teacher;
mod train;

pub use adapter::{Adapter, Base, fingerprint};
pub use distill::{distill, student, written};
pub use ends::{Ends, ends};
pub use example::Example;
pub use figures::Figures;
pub use floats::{FloatBase, Rounding, floats_of};
pub use lora::{Lora, Target};
pub use prior::{MAX_BYTES as MAX_PRIOR_BYTES, Order, Prior, least as least_prior_bytes};
pub use resume::{Parameters, parameters_of, shape_of};
pub use settings::{Method, Settings};
pub use shape::Shape;
pub use task::{Task, Texts};
pub use train::{Training, train, train_adapter, train_seeds, untrained};

/// What a training of this family tells and gives.
pub type Event<'a> = crate::outcome::Event<'a, Figures>;
pub type EpochRow = crate::outcome::EpochRow<Figures>;
pub type Trained = crate::outcome::Trained<Figures>;
pub type Seeds = crate::seeds::Seeds<Figures>;
