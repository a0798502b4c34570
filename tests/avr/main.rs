//! The AVR back end against the reference, on the simulated chips.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "what GNU as refuses is tested with the assembler")]
#[path = "../../compiler/tests/asm_avr/judges.rs"]
mod judges;

#[path = "../support/simavr.rs"]
mod simulator;

mod beam;
mod flash;
mod hashed_flash;
mod machine;
mod margin;
mod nomul;
mod planes;
mod published;
mod random;
mod rows;
mod sensors;
mod sensors_far;
mod sensors_published;
mod sequence;
mod simavr;
mod talk;
mod text;
mod wide;

use support::shared::{self, tools};
