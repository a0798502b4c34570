//! Looking at a program while it runs.

use crate::bus::Memory;

/// What a run tells. All methods do nothing unless implemented, and cost nothing then.
pub trait Observer {
    /// Whether [`Observer::on_instruction`] is called at all.
    const INSTRUCTIONS: bool = false;

    /// The instruction at `pc` ran from T-state `before` to `after`. The acceptance of an interrupt is told
    /// with the address of the interrupt routine, a system service with the address of its entry, so that
    /// the differences add up to all T-states of the run.
    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        let _ = (pc, before, after);
    }

    /// PC has reached a watched address; the instruction there comes next. `t`: T-states since the start.
    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        let _ = (address, memory, t);
    }

    /// The program has written `byte` to the console. What the system echoes is not told.
    fn on_console_out(&mut self, byte: u8, t: u64) {
        let _ = (byte, t);
    }
}

/// Sees nothing.
pub struct NoObserver;

impl Observer for NoObserver {}

impl<O: Observer> Observer for &mut O {
    const INSTRUCTIONS: bool = O::INSTRUCTIONS;

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        (**self).on_instruction(pc, before, after);
    }

    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        (**self).on_watch(address, memory, t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        (**self).on_console_out(byte, t);
    }
}

/// Two observers at once.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const INSTRUCTIONS: bool = A::INSTRUCTIONS || B::INSTRUCTIONS;

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        // The one that wants no instructions must not get them because the other one does.
        if A::INSTRUCTIONS {
            self.0.on_instruction(pc, before, after);
        }
        if B::INSTRUCTIONS {
            self.1.on_instruction(pc, before, after);
        }
    }

    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        self.0.on_watch(address, memory, t);
        self.1.on_watch(address, memory, t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.0.on_console_out(byte, t);
        self.1.on_console_out(byte, t);
    }
}

/// Adds up T-states by phase, where a phase is a set of address ranges.
pub type PhaseCounter = mlc_machine::PhaseCounter<u16>;

impl Observer for PhaseCounter {
    const INSTRUCTIONS: bool = true;

    #[inline]
    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        self.add(pc, after - before);
    }
}
