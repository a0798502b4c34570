//! Sequence models on the Z80.
//!
//! A vector's sums are made before its matrices are read: tables of sums of subsets of its elements, which the planes of
//! each row of weights then look up (`layout.rs`, `rows.rs`, `fill.rs`). What becomes of a row's sum is in `rescale.rs`.
//! The other kernels have a file each: `embed.rs`, `norm.rs`, `attend.rs` (with the caches) and `activation.rs`;
//! `blocks.rs` strings them together, `rounds.rs` repeats them, `tokens.rs` makes tokens, and `program.rs` is the whole.

mod activation;
mod attend;
mod bank;
mod beam;
mod blocks;
mod bound;
mod buffers;
mod choose;
mod constants;
mod embed;
mod emit;
mod file;
mod fill;
mod known;
mod layout;
mod limits;
mod norm;
mod program;
mod rescale;
mod rounds;
mod rows;
mod tokens;
mod tools;

pub use program::program;
