//! The run loop: instructions, traps, watched addresses, interrupts and limits.

use iz80::{Reg8, Reg16};

use crate::core::Core;
use crate::end::{End, FaultKind, State};
use crate::memory::mark;
use crate::observe::Z80;
use crate::timing;
use mlc_machine::Observer;

/// What acts at the trapped addresses: an operating system.
pub trait Host {
    /// PC is at a trap. Does its service and moves PC on (usually with [`Core::ret`]), or ends the run.
    fn trap(&mut self, core: &mut Core, observer: &mut dyn Observer<Z80>) -> Result<(), End>;

    /// Whether the program was given input, or asked for some that had not come yet, since the last call.
    fn take_asked(&mut self) -> bool {
        false
    }

    /// Has the observer told when PC reaches `address`, or ends that: where the program's own code is at that address.
    fn watch(&mut self, core: &mut Core, address: u16, on: bool) {
        if on { core.watch(address) } else { core.unwatch(address) }
    }

    /// The processor is about to halt until an interrupt comes; see [`Core::ask_host_at_halt`].
    fn halt(&mut self, core: &mut Core) -> Result<(), End> {
        let _ = core;
        Ok(())
    }
}

impl Core {
    /// Runs for about `t_states` more (to the end of the instruction in which they are used up).
    pub fn run(&mut self, host: &mut dyn Host, observer: &mut dyn Observer<Z80>, t_states: u64) -> State {
        match observer.wants_instructions() || observer.wants_calls() {
            true => self.run_told::<true>(host, observer, t_states),
            false => self.run_told::<false>(host, observer, t_states),
        }
    }

    /// `EACH`: the observer may want to be told of each instruction or call.
    fn run_told<const EACH: bool>(
        &mut self,
        host: &mut dyn Host,
        observer: &mut dyn Observer<Z80>,
        t_states: u64,
    ) -> State {
        let instructions = EACH && observer.wants_instructions();
        let calls = EACH && observer.wants_calls();
        let until = self.t.saturating_add(t_states);
        // Nothing but instructions is due before this; the one comparison covers slice, limit and interrupts.
        let mut next_event = 0;
        loop {
            if self.t >= next_event {
                if self.t >= self.limit.deadline() {
                    let limit = self.limit.cycles();
                    return State::Ended(self.end(FaultKind::TimeLimit { limit }, self.pc()));
                }
                if self.t >= until {
                    return State::Running;
                }
                let pc = self.pc();
                match self.interrupt(observer) {
                    Ok(next_interrupt) => next_event = next_interrupt.min(until).min(self.limit.deadline()),
                    Err(kind) => return State::Ended(self.end(kind, pc)),
                }
            }
            let pc = self.pc();
            let marks = self.bus.memory.marks(pc);
            let before = self.t;
            if marks & mark::AT_EXECUTION != 0 {
                if marks & mark::WATCHED != 0 {
                    observer.on_watch(pc, &self.bus.memory, self.t);
                }
                if marks & mark::TRAP != 0 {
                    let sp = self.sp();
                    if let Err(end) = host.trap(self, observer) {
                        return State::Ended(end);
                    }
                    if host.take_asked() {
                        self.limit.restart(self.t);
                    }
                    if instructions {
                        observer.on_instruction(pc, before, self.t);
                    }
                    if calls {
                        self.tell_service(sp, observer);
                    }
                    continue;
                }
                if marks & mark::NO_EXECUTE != 0 {
                    let area = self.area_name(pc);
                    return State::Ended(self.end(FaultKind::ProtectedExecution { area }, pc));
                }
                if marks & mark::BLANK != 0 {
                    return State::Ended(self.end(FaultKind::BlankExecution, pc));
                }
            }
            let leap = calls.then(|| self.leap(pc));
            if let Err(kind) = self.execute(pc)
                && let Err(end) = self.resume(kind, pc, host)
            {
                return State::Ended(end);
            }
            if instructions {
                observer.on_instruction(pc, before, self.t);
            }
            if let Some(leap) = leap {
                self.tell_leap(leap, observer);
            }
        }
    }

    /// Halts after all if the instruction at `pc` did not because the host wants to be asked first.
    fn resume(&mut self, kind: FaultKind, pc: u16, host: &mut dyn Host) -> Result<(), End> {
        if !(matches!(kind, FaultKind::Halt { .. }) && self.host_at_halt) {
            return Err(self.end(kind, pc));
        }
        host.halt(self)?;
        if host.take_asked() {
            self.limit.restart(self.t);
        }
        self.host_at_halt = false;
        let halted = self.execute(pc);
        self.host_at_halt = true;
        halted.map_err(|kind| self.end(kind, pc))
    }

    /// Takes the clock's interrupt if it is due and allowed. Returns when to look again: at once while a
    /// request waits.
    fn interrupt(&mut self, observer: &mut dyn Observer<Z80>) -> Result<u64, FaultKind> {
        let t = self.t;
        let Some(clock) = &mut self.clock else { return Ok(u64::MAX) };
        if t >= clock.next {
            clock.pending = true;
            clock.raised = clock.next + (t - clock.next) / clock.every * clock.every;
            clock.next = clock.raised.saturating_add(clock.every);
        }
        if clock.pending && t - clock.raised >= clock.width {
            clock.pending = false;
        }
        if !clock.pending {
            return Ok(clock.next);
        }
        let next = clock.next;
        if self.held_at == self.fetches || !self.interrupts_enabled() {
            return Ok(0);
        }
        if let Some(clock) = &mut self.clock {
            clock.pending = false;
        }
        self.accept_interrupt()?;
        if observer.wants_calls() {
            self.tell_call(observer);
        }
        if observer.wants_instructions() {
            observer.on_instruction(self.pc(), t, self.t);
        }
        Ok(next)
    }

    /// Modes 0 and 1 go to 0038h (nothing drives the bus at acknowledge, so mode 0 reads FFh: `RST 38h`);
    /// mode 2 through the table at I with the same FFh.
    fn accept_interrupt(&mut self) -> Result<(), FaultKind> {
        let mode_2 = self.interrupt_mode() == 2;
        self.inject([0xF3, 0]); // DI
        let pc = self.pc();
        let sp = self.cpu.immutable_registers().get16(Reg16::SP).wrapping_sub(2);
        self.bus.write(sp.wrapping_add(1), (pc >> 8) as u8);
        self.bus.write(sp, pc as u8);
        self.cpu.registers().set16(Reg16::SP, sp);
        let vector = u16::from_be_bytes([self.reg8(Reg8::I), 0xFF]);
        self.set_pc(if mode_2 { self.bus.memory.word(vector) } else { 0x0038 });
        self.spend(1, if mode_2 { timing::INTERRUPT_MODE_2 } else { timing::INTERRUPT });
        match self.take_refused() {
            Some(kind) => Err(kind),
            None => self.check_stack(),
        }
    }
}
