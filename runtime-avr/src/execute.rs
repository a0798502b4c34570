//! One instruction: its result, its flags, its cycles.
//!
//! Cycles: "AVR Instruction Set Manual" (Microchip DS40002198), column AVRe, which AVRe+ shares. With a 22-bit
//! program counter calls, returns and interrupts take one more.

use crate::alu;
use crate::core::{Core, Pause};
use crate::decode::{Kind, Op};
use crate::end::FaultKind;

const ZL: u8 = 30;

impl Core {
    /// Executes `op`, which is at PC. On a fault nothing has changed but what the manual's steps before it
    /// have.
    #[inline(always)]
    pub(crate) fn execute(&mut self, op: Op) -> Result<(), FaultKind> {
        let Op { kind, a, b, k, .. } = op;
        let mut next = self.pc + 1;
        let mut cycles = 1;
        match kind {
            Kind::Erased => return Err(FaultKind::BlankExecution),
            Kind::Undefined => return Err(FaultKind::UndefinedOpcode { word: k as u16 }),
            Kind::UndefinedResult => return Err(FaultKind::UndefinedResult { word: k as u16 }),
            Kind::Missing => return Err(FaultKind::MissingInstruction { word: k as u16 }),
            Kind::Cut => return Err(FaultKind::CutInstruction),
            Kind::Spm => return Err(FaultKind::SelfProgramming),

            Kind::Add => self.two(a, b, |s, d, r| alu::add(s, d, r, 0)),
            Kind::Adc => self.two(a, b, |s, d, r| alu::add(s, d, r, s & alu::C)),
            Kind::Sub => self.two(a, b, alu::sub),
            Kind::Sbc => self.two(a, b, alu::sub_carry),
            Kind::And => self.two(a, b, |s, d, r| (d & r, alu::logic(s, d & r))),
            Kind::Or => self.two(a, b, |s, d, r| (d | r, alu::logic(s, d | r))),
            Kind::Eor => self.two(a, b, |s, d, r| (d ^ r, alu::logic(s, d ^ r))),
            Kind::Cp => self.two(a, b, |s, d, r| (d, alu::sub(s, d, r).1)),
            Kind::Cpc => self.two(a, b, |s, d, r| (d, alu::sub_carry(s, d, r).1)),
            Kind::Mov => self.memory.set_reg(a, self.memory.reg(b)),
            Kind::Movw => self.memory.set_pair(a, self.memory.pair(b)),

            Kind::Subi => self.one(a, |s, d| alu::sub(s, d, b)),
            Kind::Sbci => self.one(a, |s, d| alu::sub_carry(s, d, b)),
            Kind::Andi => self.one(a, |s, d| (d & b, alu::logic(s, d & b))),
            Kind::Ori => self.one(a, |s, d| (d | b, alu::logic(s, d | b))),
            Kind::Cpi => self.one(a, |s, d| (d, alu::sub(s, d, b).1)),
            Kind::Ldi => self.memory.set_reg(a, b),
            Kind::Adiw => {
                self.word(a, |s, d| alu::adiw(s, d, b));
                cycles = 2;
            }
            Kind::Sbiw => {
                self.word(a, |s, d| alu::sbiw(s, d, b));
                cycles = 2;
            }

            Kind::Mul | Kind::Muls | Kind::Mulsu | Kind::Fmul | Kind::Fmuls | Kind::Fmulsu => {
                self.multiply(op);
                cycles = 2;
            }

            Kind::Com => self.one(a, alu::com),
            Kind::Neg => self.one(a, |s, d| alu::sub(s, 0, d)),
            Kind::Swap => self.memory.set_reg(a, self.memory.reg(a).rotate_left(4)),
            Kind::Inc => self.one(a, alu::inc),
            Kind::Dec => self.one(a, alu::dec),
            Kind::Asr => self.one(a, |s, d| alu::shift_right(s, d, d & 0x80)),
            Kind::Lsr => self.one(a, |s, d| alu::shift_right(s, d, 0)),
            Kind::Ror => self.one(a, |s, d| alu::shift_right(s, d, s << 7)),

            Kind::Bset => self.set_sreg(self.memory.sreg | a),
            Kind::Bclr => self.memory.sreg &= !a,
            Kind::Brbs if self.memory.sreg & a != 0 => (next, cycles) = (k, 2),
            Kind::Brbc if self.memory.sreg & a == 0 => (next, cycles) = (k, 2),
            Kind::Brbs | Kind::Brbc => {}
            Kind::Bst => {
                let t = if self.memory.reg(a) & b != 0 { alu::T } else { 0 };
                self.memory.sreg = self.memory.sreg & !alu::T | t;
            }
            Kind::Bld => {
                let bit = if self.memory.sreg & alu::T != 0 { b } else { 0 };
                self.memory.set_reg(a, self.memory.reg(a) & !b | bit);
            }

            // A skip costs a cycle for every word skipped.
            Kind::Cpse if self.memory.reg(a) == self.memory.reg(b) => (next, cycles) = skip(next, k),
            Kind::Sbrc if self.memory.reg(a) & b == 0 => (next, cycles) = skip(next, k),
            Kind::Sbrs if self.memory.reg(a) & b != 0 => (next, cycles) = skip(next, k),
            Kind::Cpse | Kind::Sbrc | Kind::Sbrs => {}
            Kind::Sbic | Kind::Sbis => {
                let set = self.io_read(u16::from(a))? & b != 0;
                if set == (kind == Kind::Sbis) {
                    (next, cycles) = skip(next, k);
                }
            }
            Kind::Sbi | Kind::Cbi => {
                self.io_write_bit(u16::from(a), b, kind == Kind::Sbi)?;
                cycles = 2;
            }

            Kind::In => {
                let value = self.io_read(k as u16)?;
                self.memory.set_reg(a, value);
            }
            Kind::Out => self.io_write(k as u16, self.memory.reg(a))?,
            Kind::Lds => {
                let value = self.load(k as u16)?;
                self.memory.set_reg(a, value);
                (next, cycles) = (next + 1, 2);
            }
            Kind::Sts => {
                self.store(k as u16, self.memory.reg(a))?;
                (next, cycles) = (next + 1, 2);
            }

            Kind::Ld | Kind::Ldd | Kind::LdInc | Kind::LdDec => {
                let value = self.load(self.pointer(op))?;
                self.move_pointer(op);
                self.memory.set_reg(a, value);
                cycles = 2;
            }
            Kind::St | Kind::Std | Kind::StInc | Kind::StDec => {
                self.store(self.pointer(op), self.memory.reg(a))?;
                self.move_pointer(op);
                cycles = 2;
            }

            Kind::Lpm | Kind::LpmInc => {
                let z = self.memory.pair(ZL);
                let value = self.flash(u32::from(z))?;
                if kind == Kind::LpmInc {
                    self.memory.set_pair(ZL, z.wrapping_add(1));
                }
                self.memory.set_reg(a, value);
                cycles = 3;
            }
            Kind::Elpm | Kind::ElpmInc => {
                let z = self.rampz() << 16 | u32::from(self.memory.pair(ZL));
                let value = self.flash(z)?;
                if kind == Kind::ElpmInc {
                    self.memory.set_pair(ZL, z.wrapping_add(1) as u16);
                    self.set_rampz((z.wrapping_add(1) >> 16) as u8);
                }
                self.memory.set_reg(a, value);
                cycles = 3;
            }
            Kind::Push => {
                self.push(self.memory.reg(a))?;
                cycles = 2;
            }
            Kind::Pop => {
                let value = self.pop()?;
                self.memory.set_reg(a, value);
                cycles = 2;
            }

            Kind::Jmp => (next, cycles) = (k, 3),
            Kind::Rjmp => (next, cycles) = (k, 2),
            Kind::Spin => {
                (next, cycles) = (k, 2);
                (self.pause, self.due) = (Pause::Spinning, 0);
            }
            Kind::Ijmp => (next, cycles) = (u32::from(self.memory.pair(ZL)), 2),
            Kind::Eijmp => (next, cycles) = (self.extended_z(), 2),
            Kind::Call => {
                self.push_pc(next + 1)?;
                (next, cycles) = (k, 4 + self.wide());
            }
            Kind::Rcall => {
                self.push_pc(next)?;
                (next, cycles) = (k, 3 + self.wide());
            }
            Kind::Icall => {
                self.push_pc(next)?;
                (next, cycles) = (u32::from(self.memory.pair(ZL)), 3 + self.wide());
            }
            Kind::Eicall => {
                self.push_pc(next)?;
                (next, cycles) = (self.extended_z(), 4);
            }
            Kind::Ret => {
                if self.caller.as_ref().is_some_and(|caller| caller.slot == self.memory.sp) {
                    (self.pause, self.due) = (Pause::Returned, 0);
                }
                (next, cycles) = (self.pop_pc()?, 4 + self.wide());
            }
            Kind::Reti => {
                (next, cycles) = (self.pop_pc()?, 4 + self.wide());
                self.memory.sreg |= alu::I;
                (self.held, self.due) = (true, 0);
            }

            Kind::Nop => {}
            Kind::Sleep => self.fall_asleep()?,
        }
        self.pc = next;
        self.t += cycles;
        Ok(())
    }

    #[inline]
    fn two(&mut self, d: u8, r: u8, operation: impl FnOnce(u8, u8, u8) -> (u8, u8)) {
        let memory = &mut self.memory;
        let (result, sreg) = operation(memory.sreg, memory.reg(d), memory.reg(r));
        memory.set_reg(d, result);
        memory.sreg = sreg;
    }

    #[inline]
    fn one(&mut self, d: u8, operation: impl FnOnce(u8, u8) -> (u8, u8)) {
        let memory = &mut self.memory;
        let (result, sreg) = operation(memory.sreg, memory.reg(d));
        memory.set_reg(d, result);
        memory.sreg = sreg;
    }

    #[inline]
    fn word(&mut self, d: u8, operation: impl FnOnce(u8, u16) -> (u16, u8)) {
        let memory = &mut self.memory;
        let (result, sreg) = operation(memory.sreg, memory.pair(d));
        memory.set_pair(d, result);
        memory.sreg = sreg;
    }

    #[inline]
    fn multiply(&mut self, op: Op) {
        let (d, r) = (self.memory.reg(op.a), self.memory.reg(op.b));
        let unsigned = || u16::from(d) * u16::from(r);
        // Products of signed bytes have at most 15 bits with the sign, those of a signed and an unsigned 16.
        let signed = || (i16::from(d as i8) * i16::from(r as i8)) as u16;
        let mixed = || (i16::from(d as i8) * i16::from(r)) as u16;
        let sreg = self.memory.sreg;
        let (product, sreg) = match op.kind {
            Kind::Mul => alu::mul(sreg, unsigned()),
            Kind::Muls => alu::mul(sreg, signed()),
            Kind::Mulsu => alu::mul(sreg, mixed()),
            Kind::Fmul => alu::fmul(sreg, unsigned()),
            Kind::Fmuls => alu::fmul(sreg, signed()),
            _ => alu::fmul(sreg, mixed()),
        };
        self.memory.set_pair(0, product);
        self.memory.sreg = sreg;
    }

    /// The address that a load or store through a pointer uses.
    #[inline]
    fn pointer(&self, op: Op) -> u16 {
        let pointer = self.memory.pair(op.b);
        match op.kind {
            Kind::LdDec | Kind::StDec => pointer.wrapping_sub(1),
            // 0 but for LDD and STD.
            _ => pointer.wrapping_add(op.k as u16),
        }
    }

    #[inline]
    fn move_pointer(&mut self, op: Op) {
        let pointer = self.memory.pair(op.b);
        match op.kind {
            Kind::LdInc | Kind::StInc => self.memory.set_pair(op.b, pointer.wrapping_add(1)),
            Kind::LdDec | Kind::StDec => self.memory.set_pair(op.b, pointer.wrapping_sub(1)),
            _ => {}
        }
    }

    #[inline]
    fn load(&mut self, address: u16) -> Result<u8, FaultKind> {
        let place = usize::from(address.wrapping_sub(self.memory.sram_start));
        match self.memory.sram.get(place) {
            Some(&byte) => Ok(byte),
            None if address < 0x20 => Ok(self.memory.reg(address as u8)),
            None if address < self.memory.sram_start => self.io_read(address),
            None => Err(FaultKind::ReadOutside { address }),
        }
    }

    #[inline]
    fn store(&mut self, address: u16, value: u8) -> Result<(), FaultKind> {
        let place = usize::from(address.wrapping_sub(self.memory.sram_start));
        match self.memory.sram.get_mut(place) {
            Some(byte) => *byte = value,
            None if address < 0x20 => self.memory.set_reg(address as u8, value),
            None if address < self.memory.sram_start => self.io_write(address, value)?,
            None => return Err(FaultKind::WriteOutside { address }),
        }
        Ok(())
    }

    #[inline]
    fn flash(&self, address: u32) -> Result<u8, FaultKind> {
        let byte = self.memory.flash.get(address as usize).copied();
        byte.ok_or(FaultKind::FlashReadOutside { address })
    }

    #[inline]
    fn push(&mut self, value: u8) -> Result<(), FaultKind> {
        let address = self.memory.sp;
        if address < self.lowest_sp {
            return Err(FaultKind::StackOverflow { reached: address, lowest: self.lowest_sp });
        }
        // `lowest_sp` is never below the SRAM.
        let place = usize::from(address - self.memory.sram_start);
        let byte = self.memory.sram.get_mut(place).ok_or(FaultKind::WriteOutside { address })?;
        *byte = value;
        self.memory.sp = address - 1;
        self.low_water = self.low_water.min(address - 1);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) -> Result<u8, FaultKind> {
        let address = self.memory.sp.wrapping_add(1);
        let place = usize::from(address.wrapping_sub(self.memory.sram_start));
        let byte = self.memory.sram.get(place).copied().ok_or(FaultKind::StackUnderflow { address })?;
        self.memory.sp = address;
        Ok(byte)
    }

    /// Low byte first, so that it lies highest.
    pub(crate) fn push_pc(&mut self, pc: u32) -> Result<(), FaultKind> {
        let [low, high, extended, _] = pc.to_le_bytes();
        self.push(low)?;
        self.push(high)?;
        if self.wide_pc { self.push(extended) } else { Ok(()) }
    }

    fn pop_pc(&mut self) -> Result<u32, FaultKind> {
        let extended = if self.wide_pc { self.pop()? } else { 0 };
        let high = self.pop()?;
        let low = self.pop()?;
        Ok(u32::from_le_bytes([low, high, extended, 0]))
    }

    /// The cycle that a 22-bit program counter costs.
    #[inline]
    pub(crate) fn wide(&self) -> u64 {
        u64::from(self.wide_pc)
    }

    fn extended_z(&self) -> u32 {
        self.eind() << 16 | u32::from(self.memory.pair(ZL))
    }

    /// `SLEEP`: nothing unless it has been enabled.
    fn fall_asleep(&mut self) -> Result<(), FaultKind> {
        let register = self.device.sleep;
        let value = self.kept[usize::from(register.address)];
        if value & register.enable == 0 {
            return Ok(());
        }
        let mode = value & register.mode;
        if mode != 0 {
            return Err(FaultKind::SleepMode { mode });
        }
        (self.pause, self.due) = (Pause::Asleep, 0);
        Ok(())
    }
}

/// Over `words` words.
#[inline]
fn skip(next: u32, words: u32) -> (u32, u64) {
    (next + words, 1 + u64::from(words))
}
