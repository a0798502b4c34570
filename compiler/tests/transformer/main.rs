//! Sequence models: what the graph computes, against a plain version of the same.

mod beam;
mod dead;
mod plain;
#[path = "../../../tests/support/random.rs"]
mod random;
mod random_models;
#[path = "../support/stories.rs"]
mod stories;
mod talk;
#[path = "../support/transformers.rs"]
mod transformers;
