//! Looking at a program while it runs.

use crate::memory::Memory;
use mlc_machine::Processor;

/// The processor, for what looks at its programs. Addresses of code are byte addresses in flash.
pub enum Avr {}

impl Processor for Avr {
    type Address = u32;
    type Memory = Memory;
}

/// Adds up clock cycles by phase, where a phase is a set of ranges of addresses.
pub type PhaseCounter = mlc_machine::PhaseCounter<u32>;
