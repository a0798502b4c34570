//! Graphs: that the interpreter computes what the contract of `ir` says, and that no pass changes it.

mod blocks;
mod generator;
#[path = "../support/graphs.rs"]
mod graphs;
mod numbers;
mod passes;
#[path = "../../../tests/support/random.rs"]
mod random;
mod sequence;
mod states;
mod values;
mod vectors;
