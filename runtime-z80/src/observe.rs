//! Looking at a program while it runs.

use mlc_machine::{Call, Return};

use crate::memory::Memory;

/// What a run tells. All methods do nothing unless implemented, and none are called for each instruction unless asked for.
pub trait Observer {
    /// Whether [`Observer::on_instruction`] is called at all. Asked at the start of a run, which it makes slower.
    fn wants_instructions(&self) -> bool {
        false
    }

    /// The instruction at `pc` ran from T-state `before` to `after`. The acceptance of an interrupt is told
    /// with the address of the interrupt routine, a system service with the address of its entry, so that
    /// the differences add up to all T-states of the run.
    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        let _ = (pc, before, after);
    }

    /// Whether [`Observer::on_call`] and [`Observer::on_return`] are called at all. Asked at the start of a run.
    fn wants_calls(&self) -> bool {
        false
    }

    /// A `CALL` or `RST` has called, told behind its [`Observer::on_instruction`]; or an interrupt was accepted, told
    /// before it.
    fn on_call(&mut self, call: Call<u16>) {
        let _ = call;
    }

    /// A `RET`, `RETI`, `RETN` or the end of a system service has popped PC. Told behind its
    /// [`Observer::on_instruction`].
    fn on_return(&mut self, ret: Return<u16>) {
        let _ = ret;
    }

    /// PC has reached a watched address; the instruction there comes next. `t`: T-states since the start.
    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        let _ = (address, memory, t);
    }

    /// The program has written `byte` to the console. What the system echoes is not told.
    fn on_console_out(&mut self, byte: u8, t: u64) {
        let _ = (byte, t);
    }

    /// The program was given a typed line, or the key that ends one.
    fn on_line_end(&mut self, t: u64) {
        let _ = t;
    }
}

/// Sees nothing.
pub struct NoObserver;

impl Observer for NoObserver {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn wants_instructions(&self) -> bool {
        (**self).wants_instructions()
    }

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        (**self).on_instruction(pc, before, after);
    }

    fn wants_calls(&self) -> bool {
        (**self).wants_calls()
    }

    fn on_call(&mut self, call: Call<u16>) {
        (**self).on_call(call);
    }

    fn on_return(&mut self, ret: Return<u16>) {
        (**self).on_return(ret);
    }

    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        (**self).on_watch(address, memory, t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        (**self).on_console_out(byte, t);
    }

    fn on_line_end(&mut self, t: u64) {
        (**self).on_line_end(t);
    }
}

/// Two observers at once.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn wants_instructions(&self) -> bool {
        self.0.wants_instructions() || self.1.wants_instructions()
    }

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        // The one that wants no instructions must not get them because the other one does.
        if self.0.wants_instructions() {
            self.0.on_instruction(pc, before, after);
        }
        if self.1.wants_instructions() {
            self.1.on_instruction(pc, before, after);
        }
    }

    fn wants_calls(&self) -> bool {
        self.0.wants_calls() || self.1.wants_calls()
    }

    fn on_call(&mut self, call: Call<u16>) {
        if self.0.wants_calls() {
            self.0.on_call(call);
        }
        if self.1.wants_calls() {
            self.1.on_call(call);
        }
    }

    fn on_return(&mut self, ret: Return<u16>) {
        if self.0.wants_calls() {
            self.0.on_return(ret);
        }
        if self.1.wants_calls() {
            self.1.on_return(ret);
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

    fn on_line_end(&mut self, t: u64) {
        self.0.on_line_end(t);
        self.1.on_line_end(t);
    }
}

/// Adds up T-states by phase, where a phase is a set of address ranges.
pub type PhaseCounter = mlc_machine::PhaseCounter<u16>;

impl Observer for PhaseCounter {
    fn wants_instructions(&self) -> bool {
        true
    }

    #[inline]
    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        self.add(pc, after - before);
    }
}

/// Adds up T-states by address, phase and caller.
pub type Profiler = mlc_machine::Profiler<u16>;

impl Observer for Profiler {
    fn wants_instructions(&self) -> bool {
        true
    }
    fn wants_calls(&self) -> bool {
        true
    }

    #[inline]
    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        self.add(pc, after - before);
    }

    fn on_call(&mut self, call: Call<u16>) {
        self.call(call);
    }

    fn on_return(&mut self, ret: Return<u16>) {
        self.ret(ret);
    }
}
