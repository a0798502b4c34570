//! Routines that are called from outside, as code of avr-gcc calls them: a test or a host in the place of the program that would.

use mlc_machine::{Call, Console, Observer};

use crate::core::Core;
use crate::end::{End, Exit, FaultKind};
use crate::machine::AvrMachine;
use crate::memory::Memory;
use crate::observe::Avr;

/// What a routine leaves as it is: the call-saved registers of avr-gcc, and r1, which is 0.
/// <https://gcc.gnu.org/wiki/avr-gcc#Call-Saved_Registers>
const SAVED: [u8; 19] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29];
/// What `ICALL` and `RCALL` take where return addresses have two bytes.
const CYCLES: u64 = 3;
/// Where the caller is: nobody goes on there, because the run ends at the return.
const BACK: u32 = 0;

/// A call from outside that has not returned.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The stack pointer with the return address on the stack.
    pub(crate) slot: u16,
    saved: [u8; SAVED.len()],
}

fn saved(memory: &Memory) -> [u8; SAVED.len()] {
    SAVED.map(|register| memory.reg(register))
}

impl<C: Console> AvrMachine<C> {
    /// Calls the routine at the byte address `pc` (even, in the flash), also after an end, and takes the cycles of an `ICALL`. r1 is 0 for
    /// it; arguments are poked into registers before. The next run ends with [`Exit::Return`] when it has returned, or with
    /// [`FaultKind::RegisterLost`]. Its limit of cycles begins with the call.
    pub fn call(&mut self, pc: u32, observer: &mut dyn Observer<Avr>) {
        let (core, limit, ended) = self.parts();
        core.memory.set_reg(1, 0);
        limit.restart(core.t);
        *ended = core.enter(pc, observer).err().map(|kind| core.end(kind));
    }
}

impl Core {
    fn enter(&mut self, pc: u32, observer: &mut dyn Observer<Avr>) -> Result<(), FaultKind> {
        let before = self.t;
        self.push_pc(BACK / 2)?;
        let slot = self.memory.sp;
        self.caller = Some(Caller { slot, saved: saved(&self.memory) });
        self.t += CYCLES + self.wide();
        self.jump(pc / 2);
        if observer.wants_calls() {
            observer.on_call(Call { to: pc, back: BACK, slot: slot.into() });
        }
        if observer.wants_instructions() {
            observer.on_instruction(pc, before, self.t);
        }
        Ok(())
    }

    /// The end of a call from outside.
    pub(crate) fn returned(&mut self) -> End {
        let now = saved(&self.memory);
        let caller = self.caller.take();
        let lost = caller.and_then(|caller| (0..SAVED.len()).find(|&at| caller.saved[at] != now[at]));
        match lost {
            Some(at) => self.end(FaultKind::RegisterLost { register: SAVED[at] }),
            None => End::Exit(Exit::Return),
        }
    }
}
