//! The instructions that programs spend their time with, executed here: `iz80` decodes and executes an instruction through
//! two calls that cannot be inlined, and sets each flag by itself. What is not here is left to it, and a test holds every
//! instruction to it (`tests/quick.rs`).
//!
//! Registers and flags stay those of `iz80`: nothing is kept beside them.

mod prefixed;

use iz80::{Reg8, Reg16};

use crate::core::Core;
use crate::flags::{self, C, PV, S, Z};
use crate::timing;

/// The eight operands of an instruction by number. What stands for (HL) is no register.
const R: [Reg8; 8] = [Reg8::B, Reg8::C, Reg8::D, Reg8::E, Reg8::H, Reg8::L, Reg8::A, Reg8::A];
const AT_HL: u8 = 6;
/// Register pairs by number, in most instructions.
const PAIRS: [Reg16; 4] = [Reg16::BC, Reg16::DE, Reg16::HL, Reg16::SP];
/// Register pairs by number, of `PUSH` and `POP`.
const PUSHED: [Reg16; 4] = [Reg16::BC, Reg16::DE, Reg16::HL, Reg16::AF];

/// What became of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quick {
    /// It is none of those here, and nothing has happened.
    Left,
    Done,
    /// It did nothing but set PC.
    Jumped,
    /// It wrote to the stack.
    Pushed,
}

impl Core {
    /// Executes the instruction at `pc`, whose first byte is `op`.
    #[inline]
    pub(crate) fn quick(&mut self, op: u8, pc: u16) -> Quick {
        let (to, from) = (op >> 3 & 7, op & 7);
        let pair = PAIRS[usize::from(op >> 4 & 3)];
        // Where PC goes if the instruction does not say otherwise.
        let mut next = pc.wrapping_add(1);
        match op {
            0x00 => {}
            0x76 => return Quick::Left,
            0xCB => {
                self.quick_bits(pc);
                return Quick::Done;
            }
            0xED => return self.quick_extended(pc),
            0xDD | 0xFD => return self.quick_indexed(op, pc),
            0x40..=0x7F => {
                let value = self.operand(from);
                self.put_operand(to, value);
            }
            0x80..=0xBF => {
                let value = self.operand(from);
                self.accumulate(to, value);
            }
            0xC6 | 0xCE | 0xD6 | 0xDE | 0xE6 | 0xEE | 0xF6 | 0xFE => {
                self.accumulate(to, self.byte_after(pc));
                next = pc.wrapping_add(2);
            }
            0x06 | 0x0E | 0x16 | 0x1E | 0x26 | 0x2E | 0x36 | 0x3E => {
                self.put_operand(to, self.byte_after(pc));
                next = pc.wrapping_add(2);
            }
            0x04 | 0x0C | 0x14 | 0x1C | 0x24 | 0x2C | 0x34 | 0x3C => {
                let (value, f) = flags::inc(self.operand(to), self.reg8(Reg8::F));
                self.put_operand(to, value);
                self.put8(Reg8::F, f);
            }
            0x05 | 0x0D | 0x15 | 0x1D | 0x25 | 0x2D | 0x35 | 0x3D => {
                let (value, f) = flags::dec(self.operand(to), self.reg8(Reg8::F));
                self.put_operand(to, value);
                self.put8(Reg8::F, f);
            }
            0x03 | 0x13 | 0x23 | 0x33 => self.put16(pair, self.reg16(pair).wrapping_add(1)),
            0x0B | 0x1B | 0x2B | 0x3B => self.put16(pair, self.reg16(pair).wrapping_sub(1)),
            0x09 | 0x19 | 0x29 | 0x39 => {
                let (sum, f) = flags::add16(self.reg16(Reg16::HL), self.reg16(pair), self.reg8(Reg8::F));
                self.put16(Reg16::HL, sum);
                self.put8(Reg8::F, f);
            }
            0x01 | 0x11 | 0x21 | 0x31 => {
                self.put16(pair, self.word_after(pc));
                next = pc.wrapping_add(3);
            }
            0xEB => {
                let (de, hl) = (self.reg16(Reg16::DE), self.reg16(Reg16::HL));
                self.put16(Reg16::DE, hl);
                self.put16(Reg16::HL, de);
            }
            0xF9 => self.put16(Reg16::SP, self.reg16(Reg16::HL)),
            0x07 | 0x0F | 0x17 | 0x1F | 0x2F | 0x37 | 0x3F => {
                let (a, f) = flags::on_accumulator(to, self.reg8(Reg8::A), self.reg8(Reg8::F));
                self.put8(Reg8::A, a);
                self.put8(Reg8::F, f);
            }
            0x02 | 0x0A | 0x12 | 0x1A | 0x22 | 0x2A | 0x32 | 0x3A => next = self.move_far(op, pc),
            0xC1 | 0xD1 | 0xE1 | 0xF1 => {
                let value = self.pop();
                self.put16(PUSHED[usize::from(op >> 4 & 3)], value);
            }
            _ => return self.leap_quickly(op, pc),
        }
        self.pass(next, 1, timing::MAIN[usize::from(op)]);
        Quick::Done
    }

    /// Loads and stores at addresses in registers or in the instruction. Gives where PC goes.
    fn move_far(&mut self, op: u8, pc: u16) -> u16 {
        let (a, word) = (self.reg8(Reg8::A), self.word_after(pc));
        match op {
            0x02 => self.bus.write(self.reg16(Reg16::BC), a),
            0x12 => self.bus.write(self.reg16(Reg16::DE), a),
            0x0A => self.put8(Reg8::A, self.bus.memory.byte(self.reg16(Reg16::BC))),
            0x1A => self.put8(Reg8::A, self.bus.memory.byte(self.reg16(Reg16::DE))),
            0x22 => self.write_word(word, self.reg16(Reg16::HL)),
            0x2A => self.put16(Reg16::HL, self.bus.memory.word(word)),
            0x32 => self.bus.write(word, a),
            _ => self.put8(Reg8::A, self.bus.memory.byte(word)),
        }
        pc.wrapping_add(if op < 0x20 { 1 } else { 3 })
    }

    /// Jumps, calls, returns and `PUSH`.
    #[inline]
    fn leap_quickly(&mut self, op: u8, pc: u16) -> Quick {
        let (cost, more) = (timing::MAIN[usize::from(op)], timing::SURCHARGE[usize::from(op)]);
        match op {
            0x10 => {
                let b = self.reg8(Reg8::B).wrapping_sub(1);
                self.put8(Reg8::B, b);
                let next = if b == 0 { pc.wrapping_add(2) } else { self.relative(pc) };
                self.pass(next, 1, if b == 0 { cost } else { cost + more });
            }
            0x20 | 0x28 | 0x30 | 0x38 if !self.holds(op >> 3 & 3) => self.pass(pc.wrapping_add(2), 1, cost),
            0x18 | 0x20 | 0x28 | 0x30 | 0x38 => return self.jump(self.relative(pc), cost + more),
            0xC2 | 0xCA | 0xD2 | 0xDA | 0xE2 | 0xEA | 0xF2 | 0xFA if !self.holds(op >> 3 & 7) => {
                self.pass(pc.wrapping_add(3), 1, cost);
            }
            0xC3 | 0xC2 | 0xCA | 0xD2 | 0xDA | 0xE2 | 0xEA | 0xF2 | 0xFA => {
                return self.jump(self.word_after(pc), cost);
            }
            0xE9 => return self.jump(self.reg16(Reg16::HL), cost),
            0xC0 | 0xC8 | 0xD0 | 0xD8 | 0xE0 | 0xE8 | 0xF0 | 0xF8 if !self.holds(op >> 3 & 7) => {
                self.pass(pc.wrapping_add(1), 1, cost);
            }
            0xC9 | 0xC0 | 0xC8 | 0xD0 | 0xD8 | 0xE0 | 0xE8 | 0xF0 | 0xF8 => {
                let next = self.pop();
                self.pass(next, 1, cost + more);
            }
            0xC4 | 0xCC | 0xD4 | 0xDC | 0xE4 | 0xEC | 0xF4 | 0xFC if !self.holds(op >> 3 & 7) => {
                self.pass(pc.wrapping_add(3), 1, cost);
            }
            0xCD | 0xC4 | 0xCC | 0xD4 | 0xDC | 0xE4 | 0xEC | 0xF4 | 0xFC => {
                // The address is read before the return address is written, which may lie there.
                let next = self.word_after(pc);
                return self.push(pc.wrapping_add(3), next, cost + more);
            }
            0xC7 | 0xCF | 0xD7 | 0xDF | 0xE7 | 0xEF | 0xF7 | 0xFF => {
                return self.push(pc.wrapping_add(1), (op & 0x38).into(), cost);
            }
            0xC5 | 0xD5 | 0xE5 | 0xF5 => {
                let value = self.reg16(PUSHED[usize::from(op >> 4 & 3)]);
                return self.push(value, pc.wrapping_add(1), cost);
            }
            _ => return Quick::Left,
        }
        Quick::Done
    }

    /// Where a relative jump at `pc` leads.
    #[inline]
    fn relative(&self, pc: u16) -> u16 {
        pc.wrapping_add(2).wrapping_add_signed((self.byte_after(pc) as i8).into())
    }

    /// A jump that is taken, without another effect.
    #[inline]
    fn jump(&mut self, next: u16, cost: u8) -> Quick {
        self.pass(next, 1, cost);
        Quick::Jumped
    }

    /// Puts a word on the stack.
    #[inline]
    fn push(&mut self, value: u16, next: u16, cost: u8) -> Quick {
        let sp = self.sp().wrapping_sub(2);
        // The upper byte first, as the processor does: of two refused writes it is the first.
        self.bus.write(sp.wrapping_add(1), (value >> 8) as u8);
        self.bus.write(sp, value as u8);
        self.put16(Reg16::SP, sp);
        self.pass(next, 1, cost);
        Quick::Pushed
    }

    #[inline]
    fn accumulate(&mut self, operation: u8, value: u8) {
        let (a, f) = flags::accumulate(operation, self.reg8(Reg8::A), value, self.reg8(Reg8::F));
        self.put8(Reg8::A, a);
        self.put8(Reg8::F, f);
    }

    /// Whether a condition holds: NZ, Z, NC, C, PO, PE, P, M.
    #[inline]
    fn holds(&self, condition: u8) -> bool {
        let flag = [Z, C, PV, S][usize::from(condition >> 1)];
        (self.reg8(Reg8::F) & flag != 0) == (condition & 1 == 1)
    }

    #[inline]
    fn pass(&mut self, next: u16, fetches: u64, cost: u8) {
        self.set_pc(next);
        self.spend(fetches, cost.into());
    }

    #[inline]
    fn operand(&self, number: u8) -> u8 {
        if number == AT_HL {
            return self.bus.memory.byte(self.reg16(Reg16::HL));
        }
        self.reg8(R[usize::from(number)])
    }

    #[inline]
    fn put_operand(&mut self, number: u8, value: u8) {
        if number == AT_HL {
            return self.bus.write(self.reg16(Reg16::HL), value);
        }
        self.put8(R[usize::from(number)], value);
    }

    #[inline]
    fn byte_after(&self, pc: u16) -> u8 {
        self.bus.memory.byte(pc.wrapping_add(1))
    }

    #[inline]
    fn word_after(&self, pc: u16) -> u16 {
        self.bus.memory.word(pc.wrapping_add(1))
    }

    fn write_word(&mut self, address: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.bus.write(address, low);
        self.bus.write(address.wrapping_add(1), high);
    }

    #[inline]
    fn pop(&mut self) -> u16 {
        let sp = self.sp();
        self.put16(Reg16::SP, sp.wrapping_add(2));
        self.bus.memory.word(sp)
    }

    #[inline]
    fn put8(&mut self, register: Reg8, value: u8) {
        self.cpu.registers().set8(register, value);
    }

    #[inline]
    fn reg16(&self, register: Reg16) -> u16 {
        self.cpu.immutable_registers().get16(register)
    }

    #[inline]
    fn put16(&mut self, register: Reg16, value: u16) {
        self.cpu.registers().set16(register, value);
    }
}
