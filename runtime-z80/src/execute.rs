//! One instruction: executed by `iz80`, timed here, with what `iz80` 0.5.1 gets wrong put right.
//!
//! - T-states: see [`crate::timing`].
//! - `LD A,I` and `LD A,R` leave S, Z, H and N alone there; R never counts.
//! - Block input puts B on the bus after its decrement and block output before; UM0080 has it the other way.
//! - The undocumented forms of `DD CB d op` with a register: `BIT` tests the register instead of memory, and
//!   H and L as copies of the result become IXH and IXL.
//! - A HALT there needs its interrupt line, which panics in modes 0 and 2: HALT and interrupts are done here.
//! - Undefined `ED` opcodes do nothing in no time there; here they are faults, since no program means them.

use iz80::{Flag, Reg8, Reg16};

use crate::core::Core;
use crate::end::FaultKind;
use crate::quick::Quick;
use crate::timing::{self, Kind};

impl Core {
    /// Executes the instruction at `pc`, which PC holds.
    #[inline]
    pub(crate) fn execute(&mut self, pc: u16) -> Result<(), FaultKind> {
        let op = self.bus.memory.byte(pc);
        match self.quick(op, pc) {
            Quick::Done => {}
            Quick::Jumped if self.pc() == pc && !self.interruptible() => return Err(FaultKind::EndlessLoop),
            Quick::Jumped => {}
            Quick::Pushed => self.check_stack()?,
            Quick::Left => self.special(op, pc)?,
        }
        if self.bus.refused.is_some()
            && let Some(kind) = self.take_refused()
        {
            return Err(kind);
        }
        Ok(())
    }

    #[inline]
    fn emulate(&mut self, fetches: u64, cost: u8) {
        self.cpu.execute_instruction(&mut self.bus);
        self.spend(fetches, cost.into());
    }

    #[inline(never)]
    fn special(&mut self, op: u8, pc: u16) -> Result<(), FaultKind> {
        match op {
            0xED => self.extended(pc),
            0xDD | 0xFD => self.indexed(op, pc),
            _ => self.main(op, pc, 0),
        }
    }

    /// An instruction of the main table behind a prefix that adds `extra` T-states, or behind none.
    fn main(&mut self, op: u8, pc: u16, extra: u8) -> Result<(), FaultKind> {
        let fetches = 1 + u64::from(extra != 0);
        let kind = timing::kind(op);
        if kind == Kind::Halt {
            return self.halt(pc, fetches, extra);
        }
        let surcharge = timing::SURCHARGE[usize::from(op)];
        let taken = surcharge == 0 || self.condition(op);
        let cost = timing::MAIN[usize::from(op)] + extra + if taken { surcharge } else { 0 };
        self.emulate(fetches, cost);
        match kind {
            Kind::Jump if self.pc() == pc && !self.interruptible() => Err(FaultKind::EndlessLoop),
            Kind::Push if taken => self.check_stack(),
            Kind::EnableInterrupts => {
                self.held_at = self.fetches;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the conditional instruction `op` is going to branch. Not read off PC afterwards, because a
    /// branch can lead to where it would have gone anyway.
    fn condition(&self, op: u8) -> bool {
        if op == 0x10 {
            return self.reg8(Reg8::B) != 1;
        }
        let code = if op < 0x40 { (op >> 3) & 3 } else { (op >> 3) & 7 };
        let flag = [Flag::Z, Flag::C, Flag::P, Flag::S][usize::from(code >> 1)];
        self.cpu.immutable_registers().get_flag(flag) == (code & 1 == 1)
    }

    fn indexed(&mut self, prefix: u8, pc: u16) -> Result<(), FaultKind> {
        let op = self.bus.memory.byte(pc.wrapping_add(1));
        match op {
            0xDD | 0xED | 0xFD => {
                // The later prefix counts. The first one is a NOP of its own, but no interrupt comes between.
                self.set_pc(pc.wrapping_add(1));
                self.spend(1, timing::PREFIX.into());
                self.held_at = self.fetches;
                Ok(())
            }
            0xCB => {
                self.indexed_bits(prefix, pc);
                Ok(())
            }
            _ => self.main(op, pc, timing::index_surcharge(op)),
        }
    }

    fn indexed_bits(&mut self, prefix: u8, pc: u16) {
        let op = self.bus.memory.byte(pc.wrapping_add(3));
        let cost = timing::indexed_bits(op);
        let (index, high, low) = match prefix {
            0xDD => (Reg16::IX, Reg8::IXH, Reg8::IXL),
            _ => (Reg16::IY, Reg8::IYH, Reg8::IYL),
        };
        let (wrong, right) = match op & 7 {
            4 => (high, Reg8::H),
            5 => (low, Reg8::L),
            _ => (high, high),
        };
        if op & 7 != 6 && op >> 6 == 1 {
            let d = self.bus.memory.byte(pc.wrapping_add(2)) as i8;
            let r = self.cpu.registers();
            let address = r.get16(index).wrapping_add_signed(i16::from(d));
            let tested = self.bus.memory.byte(address) & (1 << ((op >> 3) & 7));
            r.put_flag(Flag::S, tested & 0x80 != 0);
            r.put_flag(Flag::Z, tested == 0);
            r.put_flag(Flag::P, tested == 0);
            r.set_flag(Flag::H);
            r.clear_flag(Flag::N);
            r.set_pc(pc.wrapping_add(4));
            self.spend(2, cost.into());
            return;
        }
        let before = self.reg8(wrong);
        self.emulate(2, cost);
        if wrong != right {
            let r = self.cpu.registers();
            r.set8(right, r.get8(wrong));
            r.set8(wrong, before);
        }
    }

    fn extended(&mut self, pc: u16) -> Result<(), FaultKind> {
        let op = self.bus.memory.byte(pc.wrapping_add(1));
        let cost = timing::extended(op);
        match op {
            _ if cost == 0 => return Err(FaultKind::UndefinedOpcode { bytes: [0xED, op] }),
            0x57 | 0x5F => {
                let refresh = self.refresh_after(2);
                self.cpu.registers().set8(Reg8::R, refresh);
                self.emulate(2, cost);
                let r = self.cpu.registers();
                let a = r.a();
                r.put_flag(Flag::S, a & 0x80 != 0);
                r.put_flag(Flag::Z, a == 0);
                r.clear_flag(Flag::H);
                r.clear_flag(Flag::N);
            }
            0x4F => {
                self.emulate(2, cost);
                self.refresh = (self.reg8(Reg8::A), self.fetches);
            }
            0xA2 | 0xAA | 0xB2 | 0xBA => self.block_io(cost, 0x0100),
            0xA3 | 0xAB | 0xB3 | 0xBB => self.block_io(cost, 0xFF00),
            _ => self.emulate(2, cost),
        }
        // Only a repeating instruction can still be where it was: the others go two bytes on, or to a
        // return address.
        if op >= 0xB0 && self.pc() == pc {
            self.t += timing::REPEAT;
        }
        Ok(())
    }

    fn block_io(&mut self, cost: u8, correction: u16) {
        self.bus.port_correction = correction;
        self.emulate(2, cost);
        self.bus.port_correction = 0;
    }

    /// R as it will be in `more` opcode fetches: the lower seven bits count them.
    fn refresh_after(&self, more: u64) -> u8 {
        let (loaded, at) = self.refresh;
        let counted = loaded.wrapping_add((self.fetches + more - at) as u8);
        (loaded & 0x80) | (counted & 0x7F)
    }

    fn halt(&mut self, pc: u16, fetches: u64, extra: u8) -> Result<(), FaultKind> {
        let interrupts = self.interrupts_enabled();
        let Some(clock) = self.clock.as_ref().filter(|_| interrupts && !self.host_at_halt) else {
            return Err(FaultKind::Halt { interrupts });
        };
        let (pending, next, nop) = (clock.pending, clock.next, self.halted());
        self.spend(fetches, timing::HALTED + u64::from(extra));
        let asleep = if pending { 0 } else { next.saturating_sub(self.t).div_ceil(nop) };
        self.spend(asleep, asleep * timing::HALTED);
        self.set_pc(pc.wrapping_add(fetches as u16));
        Ok(())
    }

    /// Whether an interrupt may still come.
    #[inline]
    pub(crate) fn interruptible(&self) -> bool {
        self.clock.is_some() && self.interrupts_enabled()
    }

    #[inline]
    pub(crate) fn check_stack(&self) -> Result<(), FaultKind> {
        let sp = self.cpu.immutable_registers().get16(Reg16::SP);
        if sp < self.lowest_sp {
            return Err(FaultKind::StackOverflow { sp, lowest: self.lowest_sp });
        }
        Ok(())
    }
}
