//! Looking at a program while it runs.

use super::calls::{Call, Return};
use super::phase::PhaseCounter;
use super::profile::Profiler;
use super::symbols::Address;

/// A processor, as those know it who look at its programs.
pub trait Processor {
    /// An address of code.
    type Address: Address;
    /// What programs read and write.
    type Memory;
}

/// A port's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    /// The letter in its registers' names.
    pub port: char,
    /// `PORTx`: the level of outputs, the pull-ups of inputs.
    pub levels: u8,
    /// `DDRx`: ones are outputs.
    pub outputs: u8,
}

/// What a run tells. All methods do nothing unless implemented, and none are called for each instruction unless asked for.
/// Times are clock cycles since the start.
pub trait Observer<P: Processor> {
    /// Whether [`Observer::on_instruction`] is called at all. Asked at the start of a run, which it makes slower.
    fn wants_instructions(&self) -> bool {
        false
    }

    /// Whether [`Observer::on_call`] and [`Observer::on_return`] are called at all. Asked at the start of a run.
    fn wants_calls(&self) -> bool {
        false
    }

    /// A call instruction has called, told behind its [`Observer::on_instruction`]; or an interrupt was accepted, told before
    /// it. The slot is the stack pointer after the push.
    fn on_call(&mut self, call: Call<P::Address>) {
        let _ = call;
    }

    /// A return instruction, or the end of a system service, has popped PC. Told behind its [`Observer::on_instruction`].
    /// Programs also jump with return instructions.
    fn on_return(&mut self, ret: Return<P::Address>) {
        let _ = ret;
    }

    /// The instruction at `pc` ran from cycle `before` to `after`. The acceptance of an interrupt is told with the address of
    /// its routine or vector, a system service with the address of its entry, and time asleep by [`Observer::on_sleep`], so
    /// that the differences add up to all cycles of the run.
    fn on_instruction(&mut self, pc: P::Address, before: u64, after: u64) {
        let _ = (pc, before, after);
    }

    /// The processor slept from cycle `before` to `after`; `pc` is the address of the `SLEEP`. Unless implemented,
    /// this is told as an instruction, if those are wanted.
    fn on_sleep(&mut self, pc: P::Address, before: u64, after: u64) {
        if self.wants_instructions() {
            self.on_instruction(pc, before, after);
        }
    }

    /// PC has reached a watched address; the instruction there comes next.
    fn on_watch(&mut self, address: P::Address, memory: &P::Memory, t: u64) {
        let _ = (address, memory, t);
    }

    /// The program has written `byte` to the console. What a system echoes is not told. Over a serial line `t` is the end of the
    /// stop bit, or up to one instruction later.
    fn on_console_out(&mut self, byte: u8, t: u64) {
        let _ = (byte, t);
    }

    /// `byte` has come over the serial line, whether the program reads it in time or not; `t` is the end of its stop
    /// bit, or up to one instruction later.
    fn on_console_in(&mut self, byte: u8, t: u64) {
        let _ = (byte, t);
    }

    /// A system gave the program a typed line, or the key that ends one.
    fn on_line_end(&mut self, t: u64) {
        let _ = t;
    }

    /// The program has written `value` to GPIOR0 of an AVR; `t` is the end of the instruction that did it.
    fn on_marker(&mut self, value: u8, t: u64) {
        let _ = (value, t);
    }

    /// The program has written to `PORTx`, `DDRx` or `PINx` of an AVR; `t` is the end of the instruction that did it.
    fn on_pins(&mut self, pins: Pins, t: u64) {
        let _ = (pins, t);
    }
}

/// Sees nothing.
pub struct NoObserver;

impl<P: Processor> Observer<P> for NoObserver {}

impl<P: Processor, O: Observer<P> + ?Sized> Observer<P> for &mut O {
    fn wants_instructions(&self) -> bool {
        (**self).wants_instructions()
    }

    fn wants_calls(&self) -> bool {
        (**self).wants_calls()
    }

    fn on_call(&mut self, call: Call<P::Address>) {
        (**self).on_call(call);
    }

    fn on_return(&mut self, ret: Return<P::Address>) {
        (**self).on_return(ret);
    }

    fn on_instruction(&mut self, pc: P::Address, before: u64, after: u64) {
        (**self).on_instruction(pc, before, after);
    }

    fn on_sleep(&mut self, pc: P::Address, before: u64, after: u64) {
        (**self).on_sleep(pc, before, after);
    }

    fn on_watch(&mut self, address: P::Address, memory: &P::Memory, t: u64) {
        (**self).on_watch(address, memory, t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        (**self).on_console_out(byte, t);
    }

    fn on_console_in(&mut self, byte: u8, t: u64) {
        (**self).on_console_in(byte, t);
    }

    fn on_line_end(&mut self, t: u64) {
        (**self).on_line_end(t);
    }

    fn on_marker(&mut self, value: u8, t: u64) {
        (**self).on_marker(value, t);
    }

    fn on_pins(&mut self, pins: Pins, t: u64) {
        (**self).on_pins(pins, t);
    }
}

/// Two observers at once.
impl<P: Processor, A: Observer<P>, B: Observer<P>> Observer<P> for (A, B) {
    fn wants_instructions(&self) -> bool {
        self.0.wants_instructions() || self.1.wants_instructions()
    }

    fn wants_calls(&self) -> bool {
        self.0.wants_calls() || self.1.wants_calls()
    }

    fn on_call(&mut self, call: Call<P::Address>) {
        if self.0.wants_calls() {
            self.0.on_call(call);
        }
        if self.1.wants_calls() {
            self.1.on_call(call);
        }
    }

    fn on_return(&mut self, ret: Return<P::Address>) {
        if self.0.wants_calls() {
            self.0.on_return(ret);
        }
        if self.1.wants_calls() {
            self.1.on_return(ret);
        }
    }

    fn on_instruction(&mut self, pc: P::Address, before: u64, after: u64) {
        // The one that wants no instructions must not get them because the other one does.
        if self.0.wants_instructions() {
            self.0.on_instruction(pc, before, after);
        }
        if self.1.wants_instructions() {
            self.1.on_instruction(pc, before, after);
        }
    }

    fn on_sleep(&mut self, pc: P::Address, before: u64, after: u64) {
        self.0.on_sleep(pc, before, after);
        self.1.on_sleep(pc, before, after);
    }

    fn on_watch(&mut self, address: P::Address, memory: &P::Memory, t: u64) {
        self.0.on_watch(address, memory, t);
        self.1.on_watch(address, memory, t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.0.on_console_out(byte, t);
        self.1.on_console_out(byte, t);
    }

    fn on_console_in(&mut self, byte: u8, t: u64) {
        self.0.on_console_in(byte, t);
        self.1.on_console_in(byte, t);
    }

    fn on_line_end(&mut self, t: u64) {
        self.0.on_line_end(t);
        self.1.on_line_end(t);
    }

    fn on_marker(&mut self, value: u8, t: u64) {
        self.0.on_marker(value, t);
        self.1.on_marker(value, t);
    }

    fn on_pins(&mut self, pins: Pins, t: u64) {
        self.0.on_pins(pins, t);
        self.1.on_pins(pins, t);
    }
}

impl<P: Processor> Observer<P> for PhaseCounter<P::Address> {
    fn wants_instructions(&self) -> bool {
        true
    }

    #[inline]
    fn on_instruction(&mut self, pc: P::Address, before: u64, after: u64) {
        self.add(pc, after - before);
    }
}

impl<P: Processor> Observer<P> for Profiler<P::Address> {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn wants_calls(&self) -> bool {
        true
    }

    #[inline]
    fn on_instruction(&mut self, pc: P::Address, before: u64, after: u64) {
        self.add(pc, after - before);
    }

    fn on_call(&mut self, call: Call<P::Address>) {
        self.call(call);
    }

    fn on_return(&mut self, ret: Return<P::Address>) {
        self.ret(ret);
    }
}
