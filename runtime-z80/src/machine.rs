//! A processor with the system around it: what all machines here can do.

use crate::core::Core;
use crate::end::{End, State};
use crate::memory::Memory;
use crate::observe::Z80;
use crate::registers::Registers;
use crate::run::Host;
use mlc_machine::Observer;
use mlc_machine::{resume, run_to_end};

/// A machine with a program in it: a processor with its devices, and a system `H`. The modules of the systems know
/// how to load programs.
pub struct Machine<H> {
    pub(crate) core: Core,
    pub(crate) host: H,
    ended: Option<End>,
}

impl<H: Host> Machine<H> {
    /// About to run what is in `core`.
    pub(crate) fn join(core: Core, host: H) -> Self {
        Machine { core, host, ended: None }
    }

    /// Runs to the end.
    pub fn run(&mut self, observer: &mut dyn Observer<Z80>) -> End {
        run_to_end(|| self.run_for(u64::MAX, observer))
    }

    /// Runs for about `t_states` (to the end of the instruction in which they are used up), so that the
    /// caller can keep real time or show something. After the end it gives the same end again.
    pub fn run_for(&mut self, t_states: u64, observer: &mut dyn Observer<Z80>) -> State {
        let Machine { core, host, ended } = self;
        resume(ended, || core.run(host, observer, t_states))
    }

    /// T-states since the machine was switched on.
    pub fn t_states(&self) -> u64 {
        self.core.t_states()
    }

    /// The memory, to look at.
    pub fn memory(&self) -> &Memory {
        self.core.memory()
    }

    /// The registers as they are between two instructions.
    pub fn registers(&self) -> Registers {
        self.core.registers()
    }

    /// Tells the observer when PC reaches `address`.
    pub fn watch(&mut self, address: u16) {
        self.host.watch(&mut self.core, address, true);
    }

    /// Ends [`Machine::watch`].
    pub fn unwatch(&mut self, address: u16) {
        self.host.watch(&mut self.core, address, false);
    }
}
