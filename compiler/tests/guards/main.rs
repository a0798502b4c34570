//! The compiler's guards: for each of them something that breaks it, and the error to the letter. Without these tests
//! a guard could let everything pass and nobody would see it.

mod beam;
mod dead;
mod facts;
mod forms;
#[path = "../support/graphs.rs"]
mod graphs;
mod hoist;
mod layout_avr;
mod layout_z80;
mod models;
#[path = "../../../tests/support/networks.rs"]
mod networks;
mod numbers;
#[path = "../../../tests/support/parts.rs"]
mod parts;
mod passes;
#[path = "../../../tests/support/random.rs"]
mod random;
mod sequence_models;
mod shapes;
mod split;
#[path = "../support/stories.rs"]
mod stories;
mod talk;
mod templates;
#[path = "../support/transformers.rs"]
mod transformers;
mod trees;
mod types;
mod types_sequence;
mod valid;
mod valid_blocks;
mod valid_consts;
mod valid_sequence;
