//! What all simulated machines have in common for the command line, whatever their processor.

use crate::args::Clock;
use mlc_machine::{Address, Call, Fault, Return};
use mlc_runtime_z80::Picture;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// How often a run at the machine's pace looks at the time.
const SLICES_A_SECOND: f64 = 100.0;

/// A machine with a program in it.
pub trait Machine {
    /// Runs for about `cycles` more, to the end of the instruction in which they are used up; tells how the program
    /// ended, if it did.
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End>;

    /// Cycles since the machine was switched on; those in which the processor sleeps are not counted.
    fn cycles(&self) -> u64;

    /// Cycles that the processor has slept since the last line was complete.
    fn asleep(&self) -> u64 {
        0
    }

    /// What its screen shows, if it has one.
    fn picture(&mut self) -> Option<Picture> {
        None
    }

    /// What is on and off now, if the machine has something to switch.
    fn switched(&self) -> Option<Switched> {
        None
    }

    /// The most bytes that the stack has had, if the machine knows.
    fn stack(&self) -> Option<u16> {
        None
    }
}

/// What tools switch, by its name: whether it is on.
pub type Switched = Vec<(String, bool)>;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exit,
    /// It waits for input, and there is none left.
    NoInput,
    /// It ran for as long as it may without input, and was here then.
    Limit { at: String, cycles: u64 },
    /// What it did would not work on a real machine.
    Fault(String),
}

impl End {
    /// A machine's own end. `limit`: the limit in cycles that a fault of such a kind says was reached.
    pub fn of<X, A: Address, K: Display>(
        end: mlc_machine::End<X, Fault<A, K>>,
        limit: impl Fn(&K) -> Option<u64>,
    ) -> Self {
        match end {
            mlc_machine::End::Exit(_) => End::Exit,
            mlc_machine::End::EndOfInput => End::NoInput,
            mlc_machine::End::Fault(fault) => match limit(&fault.kind) {
                Some(cycles) => End::Limit { at: fault.at.to_string(), cycles },
                None => End::Fault(fault.to_string()),
            },
        }
    }
}

/// Looks at a program while it runs. All methods do nothing unless implemented.
pub trait Probe {
    /// Whether [`Probe::on_instruction`], [`Probe::on_call`] and [`Probe::on_return`] are called: a run with them is
    /// slower.
    fn wants_instructions(&self) -> bool {
        false
    }

    /// The instruction at `pc` ran from cycle `before` to `after`. Interrupts and system services are told with the
    /// address of their routine, so that the differences add up to all cycles.
    fn on_instruction(&mut self, pc: u32, before: u64, after: u64) {
        let _ = (pc, before, after);
    }

    /// A call, or the acceptance of an interrupt. A call comes behind its instruction.
    fn on_call(&mut self, call: Call<u32>) {
        let _ = call;
    }

    /// A return, behind its instruction. Programs also jump with return instructions.
    fn on_return(&mut self, ret: Return<u32>) {
        let _ = ret;
    }

    /// The logits of a step are final. `byte` reads the machine's memory.
    fn on_logits(&mut self, byte: &dyn Fn(u16) -> u8, cycles: u64) {
        let _ = (byte, cycles);
    }

    /// The program has written `byte` to its console.
    fn on_output(&mut self, byte: u8, cycles: u64) {
        let _ = (byte, cycles);
    }

    /// The program was given the end of a typed line.
    fn on_line_end(&mut self, cycles: u64) {
        let _ = cycles;
    }
}

/// Sees nothing.
pub struct NoProbe;

impl Probe for NoProbe {}

/// Two at once.
pub struct Both<'a>(pub &'a mut dyn Probe, pub &'a mut dyn Probe);

impl Probe for Both<'_> {
    fn wants_instructions(&self) -> bool {
        self.0.wants_instructions() || self.1.wants_instructions()
    }

    fn on_instruction(&mut self, pc: u32, before: u64, after: u64) {
        self.0.on_instruction(pc, before, after);
        self.1.on_instruction(pc, before, after);
    }

    fn on_call(&mut self, call: Call<u32>) {
        self.0.on_call(call);
        self.1.on_call(call);
    }

    fn on_return(&mut self, ret: Return<u32>) {
        self.0.on_return(ret);
        self.1.on_return(ret);
    }

    fn on_logits(&mut self, byte: &dyn Fn(u16) -> u8, cycles: u64) {
        self.0.on_logits(byte, cycles);
        self.1.on_logits(byte, cycles);
    }

    fn on_output(&mut self, byte: u8, cycles: u64) {
        self.0.on_output(byte, cycles);
        self.1.on_output(byte, cycles);
    }

    fn on_line_end(&mut self, cycles: u64) {
        self.0.on_line_end(cycles);
        self.1.on_line_end(cycles);
    }
}

/// Runs to the end, at the machine's pace if one is given.
pub fn drive(machine: &mut dyn Machine, probe: &mut dyn Probe, pace: Option<Clock>) -> End {
    let Some(Clock(hertz)) = pace else {
        loop {
            if let Some(end) = machine.run_for(u64::MAX, probe) {
                return end;
            }
        }
    };
    let slice = (hertz / SLICES_A_SECOND).max(1.0);
    let length = Duration::from_secs_f64(slice / hertz);
    let mut due = Instant::now();
    loop {
        if let Some(end) = machine.run_for(slice as u64, probe) {
            return end;
        }
        due += length;
        let now = Instant::now();
        // Time spent waiting for a key is not caught up on.
        if due > now { std::thread::sleep(due - now) } else { due = now }
    }
}

/// Runs a program that talks to the user, and takes a picture at its end. The error is why it ended otherwise.
pub fn interact(
    mut machine: Box<dyn Machine + '_>,
    probe: &mut dyn Probe,
    pace: Option<Clock>,
) -> Result<Option<Picture>, End> {
    match drive(machine.as_mut(), probe, pace) {
        End::Exit | End::NoInput => Ok(machine.picture()),
        end @ (End::Limit { .. } | End::Fault(_)) => Err(end),
    }
}
