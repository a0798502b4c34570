//! Looking at a program while it runs.

use crate::memory::Memory;
use mlc_machine::Processor;

/// The processor, for what looks at its programs. Addresses of code are those of everything.
pub enum Z80 {}

impl Processor for Z80 {
    type Address = u16;
    type Memory = Memory;
}

/// Adds up clock cycles by phase, where a phase is a set of ranges of addresses.
pub type PhaseCounter = mlc_machine::PhaseCounter<u16>;

/// Adds up T-states by address, phase and caller.
pub type Profiler = mlc_machine::Profiler<u16>;
