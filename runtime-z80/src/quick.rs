//! The instructions that programs spend their time with, executed here: `iz80` decodes and executes an instruction through
//! two calls that cannot be inlined, and sets each flag by itself. What is not here is left to it, and a test holds every
//! instruction to it (`tests/quick.rs`).
//!
//! Registers and flags stay those of `iz80`: nothing is kept beside them.

use iz80::{Reg8, Reg16};

use crate::bus::Ports;
use crate::core::Core;
use crate::end::FaultKind;
use crate::flags::{self, C, H, PV, S, XY, Z};
use crate::timing;

/// The eight operands of an instruction by number. What stands for (HL) is no register.
const R: [Reg8; 8] = [Reg8::B, Reg8::C, Reg8::D, Reg8::E, Reg8::H, Reg8::L, Reg8::A, Reg8::A];
const AT_HL: u8 = 6;
/// Register pairs by number, in most instructions.
const PAIRS: [Reg16; 4] = [Reg16::BC, Reg16::DE, Reg16::HL, Reg16::SP];
/// Register pairs by number, of `PUSH` and `POP`.
const PUSHED: [Reg16; 4] = [Reg16::BC, Reg16::DE, Reg16::HL, Reg16::AF];

impl<P: Ports> Core<P> {
    /// Executes the instruction at `pc`, whose first byte is `op`. `false`: it is none of those here, and nothing has happened.
    #[inline]
    pub(crate) fn quick(&mut self, op: u8, pc: u16) -> Result<bool, FaultKind> {
        let (to, from) = (op >> 3 & 7, op & 7);
        let pair = PAIRS[usize::from(op >> 4 & 3)];
        // Where PC goes if the instruction does not say otherwise.
        let mut next = pc.wrapping_add(1);
        match op {
            0x00 => {}
            0x76 => return Ok(false),
            0xCB => {
                self.quick_bits(pc);
                return Ok(true);
            }
            0xED => return Ok(self.quick_extended(pc)),
            0xDD | 0xFD => return Ok(self.quick_indexed(op, pc)),
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
        Ok(true)
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
    fn leap_quickly(&mut self, op: u8, pc: u16) -> Result<bool, FaultKind> {
        let (cost, more) = (timing::MAIN[usize::from(op)], timing::SURCHARGE[usize::from(op)]);
        match op {
            0x10 => {
                let b = self.reg8(Reg8::B).wrapping_sub(1);
                self.put8(Reg8::B, b);
                let next = if b == 0 { pc.wrapping_add(2) } else { self.relative(pc) };
                self.pass(next, 1, if b == 0 { cost } else { cost + more });
            }
            0x20 | 0x28 | 0x30 | 0x38 if !self.holds(op >> 3 & 3) => self.pass(pc.wrapping_add(2), 1, cost),
            0x18 | 0x20 | 0x28 | 0x30 | 0x38 => return self.jump(pc, self.relative(pc), cost + more),
            0xC2 | 0xCA | 0xD2 | 0xDA | 0xE2 | 0xEA | 0xF2 | 0xFA if !self.holds(op >> 3 & 7) => {
                self.pass(pc.wrapping_add(3), 1, cost);
            }
            0xC3 | 0xC2 | 0xCA | 0xD2 | 0xDA | 0xE2 | 0xEA | 0xF2 | 0xFA => {
                return self.jump(pc, self.word_after(pc), cost);
            }
            0xE9 => return self.jump(pc, self.reg16(Reg16::HL), cost),
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
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where a relative jump at `pc` leads.
    #[inline]
    fn relative(&self, pc: u16) -> u16 {
        pc.wrapping_add(2).wrapping_add_signed((self.byte_after(pc) as i8).into())
    }

    /// A jump that is taken, without another effect.
    #[inline]
    fn jump(&mut self, pc: u16, next: u16, cost: u8) -> Result<bool, FaultKind> {
        self.pass(next, 1, cost);
        if next == pc && !self.interruptible() { Err(FaultKind::EndlessLoop) } else { Ok(true) }
    }

    /// Puts a word on the stack.
    #[inline]
    fn push(&mut self, value: u16, next: u16, cost: u8) -> Result<bool, FaultKind> {
        let sp = self.sp().wrapping_sub(2);
        // The upper byte first, as the processor does: of two refused writes it is the first.
        self.bus.write(sp.wrapping_add(1), (value >> 8) as u8);
        self.bus.write(sp, value as u8);
        self.put16(Reg16::SP, sp);
        self.pass(next, 1, cost);
        self.check_stack().map(|()| true)
    }

    /// Executes the instruction with the prefix CB at `pc`.
    fn quick_bits(&mut self, pc: u16) {
        let second = self.byte_after(pc);
        let (number, place) = (second >> 3 & 7, second & 7);
        let (value, f) = (self.operand(place), self.reg8(Reg8::F));
        let bit = 1 << number;
        match second >> 6 {
            0 => {
                let (value, f) = flags::shift(number, value, f);
                self.put_operand(place, value);
                self.put8(Reg8::F, f);
            }
            1 => {
                let tested = value & bit;
                let hidden = if place == AT_HL { self.reg8(Reg8::H) } else { value };
                let zero = if tested == 0 { Z | PV } else { 0 };
                self.put8(Reg8::F, f & C | H | tested & S | zero | hidden & XY);
            }
            2 => self.put_operand(place, value & !bit),
            _ => self.put_operand(place, value | bit),
        }
        self.pass(pc.wrapping_add(2), 2, timing::bits(second));
    }

    /// Executes the instruction with the prefix ED at `pc`. `false`: it is none of those here.
    fn quick_extended(&mut self, pc: u16) -> bool {
        let second = self.byte_after(pc);
        let pair = PAIRS[usize::from(second >> 4 & 3)];
        let mut next = pc.wrapping_add(2);
        let mut cost = u64::from(timing::extended(second));
        match second {
            0x42 | 0x52 | 0x62 | 0x72 | 0x4A | 0x5A | 0x6A | 0x7A => {
                let (a, b, f) = (self.reg16(Reg16::HL), self.reg16(pair), self.reg8(Reg8::F));
                let (value, f) = flags::carry16(second & 8 == 0, a, b, f);
                self.put16(Reg16::HL, value);
                self.put8(Reg8::F, f);
            }
            0x43 | 0x53 | 0x63 | 0x73 => {
                self.write_word(self.word_after(next.wrapping_sub(1)), self.reg16(pair));
                next = pc.wrapping_add(4);
            }
            0x4B | 0x5B | 0x6B | 0x7B => {
                self.put16(pair, self.bus.memory.word(self.word_after(next.wrapping_sub(1))));
                next = pc.wrapping_add(4);
            }
            0x44 => {
                let (a, f) = flags::sub(0, self.reg8(Reg8::A), 0);
                self.put8(Reg8::A, a);
                self.put8(Reg8::F, f);
            }
            0xA0 | 0xB0 => {
                let more = self.move_one();
                if second == 0xB0 && more {
                    next = pc;
                    cost += timing::REPEAT;
                }
            }
            _ => return false,
        }
        self.pass(next, 2, 0);
        self.t += cost;
        true
    }

    /// Executes the instruction with `prefix` DD or FD at `pc`: loads of bytes, operations on the accumulator, and what
    /// counts IX and its halves. `false`: it is none of those here.
    fn quick_indexed(&mut self, prefix: u8, pc: u16) -> bool {
        let op = self.byte_after(pc);
        let (index, high, low) = match prefix {
            0xDD => (Reg16::IX, Reg8::IXH, Reg8::IXL),
            _ => (Reg16::IY, Reg8::IYH, Reg8::IYL),
        };
        let (to, from) = (op >> 3 & 7, op & 7);
        let is_load = (0x40..0x80).contains(&op);
        let is_far = from == AT_HL || is_load && to == AT_HL;
        let behind = pc.wrapping_add(2);
        let address =
            self.reg16(index).wrapping_add_signed((self.byte_after(behind.wrapping_sub(1)) as i8).into());
        // H and L are the halves of the index, but not beside what it points to.
        let register = |number: u8| match number {
            4 if !is_far => high,
            5 if !is_far => low,
            _ => R[usize::from(number)],
        };
        let operand = |core: &Self, number: u8| match number {
            AT_HL => core.bus.memory.byte(address),
            _ => core.reg8(register(number)),
        };
        match op {
            0x76 => return false,
            0x40..=0x7F => {
                let value = operand(self, from);
                match to {
                    AT_HL => self.bus.write(address, value),
                    _ => self.put8(register(to), value),
                }
            }
            0x80..=0xBF => {
                let value = operand(self, from);
                self.accumulate(to, value);
            }
            0x24 | 0x2C | 0x25 | 0x2D => {
                let count = if from == 4 { flags::inc } else { flags::dec };
                let (value, f) = count(self.reg8(register(to)), self.reg8(Reg8::F));
                self.put8(register(to), value);
                self.put8(Reg8::F, f);
            }
            0x23 => self.put16(index, self.reg16(index).wrapping_add(1)),
            0x2B => self.put16(index, self.reg16(index).wrapping_sub(1)),
            _ => return false,
        }
        let next = if is_far { behind.wrapping_add(1) } else { behind };
        self.pass(next, 2, timing::MAIN[usize::from(op)] + timing::index_surcharge(op));
        true
    }

    /// `LDI`. Whether BC counts on.
    fn move_one(&mut self) -> bool {
        let (hl, de) = (self.reg16(Reg16::HL), self.reg16(Reg16::DE));
        let bc = self.reg16(Reg16::BC).wrapping_sub(1);
        let value = self.bus.memory.byte(hl);
        self.bus.write(de, value);
        self.put16(Reg16::HL, hl.wrapping_add(1));
        self.put16(Reg16::DE, de.wrapping_add(1));
        self.put16(Reg16::BC, bc);
        let n = value.wrapping_add(self.reg8(Reg8::A));
        let kept = self.reg8(Reg8::F) & (S | Z | C);
        // Bit 1 of the sum comes to where bit 5 is.
        let hidden = (n & 2) << 4 | n & 8;
        self.put8(Reg8::F, kept | hidden | if bc == 0 { 0 } else { PV });
        bc != 0
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
        self.fetches += fetches;
        self.t += u64::from(cost);
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
