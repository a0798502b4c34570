//! The processor's registers, to look at and to set.

use iz80::{Cpu, Reg16};

/// The registers a program sees (the alternate set is reached with `EXX` and `EX AF,AF'` only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    pub af: u16,
    pub bc: u16,
    pub de: u16,
    pub hl: u16,
    pub ix: u16,
    pub iy: u16,
    pub sp: u16,
    pub pc: u16,
}

impl Registers {
    /// Those of a processor.
    pub(crate) fn of(cpu: &Cpu) -> Self {
        let r = cpu.immutable_registers();
        Registers {
            af: r.get16(Reg16::AF),
            bc: r.get16(Reg16::BC),
            de: r.get16(Reg16::DE),
            hl: r.get16(Reg16::HL),
            ix: r.get16(Reg16::IX),
            iy: r.get16(Reg16::IY),
            sp: r.get16(Reg16::SP),
            pc: r.pc(),
        }
    }

    /// Gives a processor all of them.
    pub(crate) fn put(self, cpu: &mut Cpu) {
        let r = cpu.registers();
        r.set16(Reg16::AF, self.af);
        r.set16(Reg16::BC, self.bc);
        r.set16(Reg16::DE, self.de);
        r.set16(Reg16::HL, self.hl);
        r.set16(Reg16::IX, self.ix);
        r.set16(Reg16::IY, self.iy);
        r.set16(Reg16::SP, self.sp);
        r.set_pc(self.pc);
    }
}
