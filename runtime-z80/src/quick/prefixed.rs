//! Instructions behind a prefix.

use iz80::{Reg8, Reg16};

use super::{AT_HL, PAIRS, Quick, R};
use crate::core::Core;
use crate::flags::{self, C, H, PV, S, XY, Z};
use crate::timing;

impl Core {
    /// Executes the instruction with the prefix CB at `pc`.
    pub(super) fn quick_bits(&mut self, pc: u16) {
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

    /// Executes the instruction with the prefix ED at `pc`.
    pub(super) fn quick_extended(&mut self, pc: u16) -> Quick {
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
            _ => return Quick::Left,
        }
        self.pass(next, 2, 0);
        self.t += cost;
        Quick::Done
    }

    /// Executes the instruction with `prefix` DD or FD at `pc`: loads of bytes, operations on the accumulator, and what
    /// counts IX and its halves.
    pub(super) fn quick_indexed(&mut self, prefix: u8, pc: u16) -> Quick {
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
            0x76 => return Quick::Left,
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
            _ => return Quick::Left,
        }
        let next = if is_far { behind.wrapping_add(1) } else { behind };
        self.pass(next, 2, timing::MAIN[usize::from(op)] + timing::index_surcharge(op));
        Quick::Done
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
}
