//! Networks on numbers: that the interpreter computes what docs/semantics.md says, and that no pass changes it.

mod arithmetic;
#[allow(dead_code, reason = "other tests make headers that are wrong")]
#[path = "../../../tests/support/arrays.rs"]
mod arrays;
mod data;
#[path = "../../../tests/support/tflite.rs"]
mod files;
#[path = "../../../tests/support/flat.rs"]
mod flat;
mod labels;
mod mutations;
#[path = "../../../tests/support/networks.rs"]
mod networks;
mod onnx;
mod operators;
mod passes;
mod plain;
mod published;
#[path = "../../../tests/support/random.rs"]
mod random;

mod ron;
#[path = "../../../tests/support/shared.rs"]
mod shared;
mod sums;
mod tflite;
mod tree_errors;
mod trees;
