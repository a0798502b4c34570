//! Every instruction format with its opcode and T-states (Z80 CPU User Manual, Zilog UM0080; the undocumented formats
//! after S. Young, "The Undocumented Z80 Documented").
//!
//! The table follows the structure of the opcode, x:2 y:3 z:3: a group of names differs in y (by 8) or in another
//! field (`step`), and each register operand puts its code at a bit position. A pattern that ends in `x` takes
//! ix and iy, or their halves, in place of hl, h and l: a prefix byte and four T-states more, for every format of
//! the machine. `(ix+d)` has rows of its own, for its T-states follow no such rule.

use super::operand::Reg;
use crate::asm::insn::Timing;

/// What one operand may be, and where its code goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pat {
    /// b c d e h l a, the code shifted left.
    R(u8),
    /// The same, or ixh ixl iyh iyl.
    Rx(u8),
    /// bc de hl sp, in bits 4 and 5.
    Dd,
    /// bc de hl/ix/iy sp
    Ddx,
    /// bc de hl/ix/iy af
    Qqx,
    /// hl ix iy
    Hx,
    /// (hl) (ix) (iy) of `jp`
    MemHx,
    /// One register.
    Reg(Reg),
    /// Memory, or a port, at one register.
    Mem(Reg),
    /// (ix+d) (iy+d)
    Mix,
    /// (nn)
    Mnn,
    /// (n), a port
    Mn,
    N,
    Nn,
    /// A jump target within reach of a byte.
    Target,
    /// A condition, in bits 3 to 5.
    Cc,
    /// nz z nc c
    Cc4,
    Bit,
    Restart,
    Mode,
    /// The literal 0 of `out (c),0`.
    Zero,
}

impl Pat {
    /// The opcode's bits that the operand's code fills.
    #[cfg(test)]
    pub fn field(self) -> u8 {
        match self {
            Pat::R(shift) | Pat::Rx(shift) => 0b111 << shift,
            Pat::Dd | Pat::Ddx | Pat::Qqx => 0b11 << 4,
            Pat::Cc | Pat::Bit | Pat::Restart => 0b111 << 3,
            Pat::Cc4 => 0b11 << 3,
            _ => 0,
        }
    }

    /// The operand as the manual writes it.
    pub fn describe(self) -> &'static str {
        match self {
            Pat::R(_) | Pat::Rx(_) => "r",
            Pat::Dd => "bc/de/hl/sp",
            Pat::Ddx => "bc/de/hl/ix/iy/sp",
            Pat::Qqx => "bc/de/hl/ix/iy/af",
            Pat::Hx => "hl/ix/iy",
            Pat::Reg(reg) => reg.name(),
            Pat::MemHx => "(hl/ix/iy)",
            Pat::Mem(Reg::Bc) => "(bc)",
            Pat::Mem(Reg::De) => "(de)",
            Pat::Mem(Reg::Sp) => "(sp)",
            Pat::Mem(Reg::C) => "(c)",
            Pat::Mem(_) => "(hl)",
            Pat::Mix => "(ix+d)",
            Pat::Mnn => "(nn)",
            Pat::Mn => "(n)",
            Pat::N => "n",
            Pat::Nn => "nn",
            Pat::Target => "target",
            Pat::Cc => "nz/z/nc/c/po/pe/p/m",
            Pat::Cc4 => "nz/z/nc/c",
            Pat::Bit => "0..7",
            Pat::Restart => "0/8/../38h",
            Pat::Mode => "0/1/2",
            Pat::Zero => "0",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Plain,
    Cb,
    Ed,
}

/// A format, or a group of formats that differ in name and opcode only.
#[derive(Debug)]
pub(super) struct Format {
    /// "" where a member of the group does not have this format.
    pub names: &'static [&'static str],
    pub operands: &'static [Pat],
    pub page: Page,
    pub opcode: u8,
    /// What the opcode grows by from name to name.
    pub step: u8,
    /// Without a prefix for ix or iy, but with the one of `(ix+d)`.
    pub timing: Timing,
}

const fn op(names: &'static [&'static str], operands: &'static [Pat], opcode: u8, t: u8) -> Format {
    Format { names, operands, page: Page::Plain, opcode, step: 8, timing: Timing { not_taken: t, taken: t } }
}

const fn cb(names: &'static [&'static str], operands: &'static [Pat], opcode: u8, t: u8) -> Format {
    Format { page: Page::Cb, ..op(names, operands, opcode, t) }
}

const fn ed(names: &'static [&'static str], operands: &'static [Pat], opcode: u8, t: u8) -> Format {
    Format { page: Page::Ed, ..op(names, operands, opcode, t) }
}

impl Format {
    const fn step(self, step: u8) -> Format {
        Format { step, ..self }
    }

    const fn taken(self, taken: u8) -> Format {
        Format { timing: Timing { taken, ..self.timing }, ..self }
    }
}

const A: Pat = Pat::Reg(Reg::A);
const HL: Pat = Pat::Reg(Reg::Hl);
const SP: Pat = Pat::Reg(Reg::Sp);
const MBC: Pat = Pat::Mem(Reg::Bc);
const MDE: Pat = Pat::Mem(Reg::De);
const MHL: Pat = Pat::Mem(Reg::Hl);
const MSP: Pat = Pat::Mem(Reg::Sp);
const MC: Pat = Pat::Mem(Reg::C);
use Pat::{Bit, Cc, Cc4, Dd, Ddx, Hx, MemHx, Mix, Mn, Mnn, Mode, N, Nn, Qqx, R, Restart, Rx, Target, Zero};

/// add adc sbc name the accumulator, sub and the rest do not.
const ALU_A: &[&str] = &["add", "adc", "", "sbc"];
const ALU: &[&str] = &["", "", "sub", "", "and", "xor", "or", "cp"];
const ROTATE: &[&str] = &["rlc", "rrc", "rl", "rr", "sla", "sra", "sll", "srl"];
/// Other names of sll.
const SLI: &[&str] = &["", "", "", "", "", "", "sli"];
const SL1: &[&str] = &["", "", "", "", "", "", "sl1"];
const ACCUMULATOR: &[&str] = &["rlca", "rrca", "rla", "rra", "daa", "cpl", "scf", "ccf"];

/// The first format that fits is taken, so the shorter of two encodings stands first.
#[rustfmt::skip]
pub(super) static FORMATS: &[Format] = &[
    // 8-bit load
    op(&["ld"], &[Rx(3), Rx(0)], 0x40, 4),
    op(&["ld"], &[R(3), MHL], 0x46, 7),
    op(&["ld"], &[R(3), Mix], 0x46, 19),
    op(&["ld"], &[MHL, R(0)], 0x70, 7),
    op(&["ld"], &[Mix, R(0)], 0x70, 19),
    op(&["ld"], &[Rx(3), N], 0x06, 7),
    op(&["ld"], &[MHL, N], 0x36, 10),
    op(&["ld"], &[Mix, N], 0x36, 19),
    op(&["ld"], &[A, MBC], 0x0A, 7),
    op(&["ld"], &[A, MDE], 0x1A, 7),
    op(&["ld"], &[A, Mnn], 0x3A, 13),
    op(&["ld"], &[MBC, A], 0x02, 7),
    op(&["ld"], &[MDE, A], 0x12, 7),
    op(&["ld"], &[Mnn, A], 0x32, 13),
    ed(&["ld"], &[A, Pat::Reg(Reg::I)], 0x57, 9),
    ed(&["ld"], &[A, Pat::Reg(Reg::R)], 0x5F, 9),
    ed(&["ld"], &[Pat::Reg(Reg::I), A], 0x47, 9),
    ed(&["ld"], &[Pat::Reg(Reg::R), A], 0x4F, 9),
    // 16-bit load
    op(&["ld"], &[Ddx, Nn], 0x01, 10),
    op(&["ld"], &[Hx, Mnn], 0x2A, 16),
    op(&["ld"], &[Mnn, Hx], 0x22, 16),
    ed(&["ld"], &[Dd, Mnn], 0x4B, 20),
    ed(&["ld"], &[Mnn, Dd], 0x43, 20),
    op(&["ld"], &[SP, Hx], 0xF9, 6),
    op(&["push"], &[Qqx], 0xC5, 11),
    op(&["pop"], &[Qqx], 0xC1, 10),
    // Exchange, block transfer and search
    op(&["ex"], &[Pat::Reg(Reg::De), HL], 0xEB, 4),
    op(&["ex"], &[Pat::Reg(Reg::Af), Pat::Reg(Reg::AfAlt)], 0x08, 4),
    op(&["ex"], &[MSP, Hx], 0xE3, 19),
    op(&["exx"], &[], 0xD9, 4),
    ed(&["ldi", "cpi", "ini", "outi"], &[], 0xA0, 16).step(1),
    ed(&["ldd", "cpd", "ind", "outd"], &[], 0xA8, 16).step(1),
    ed(&["ldir", "cpir", "inir", "otir"], &[], 0xB0, 16).step(1).taken(21),
    ed(&["lddr", "cpdr", "indr", "otdr"], &[], 0xB8, 16).step(1).taken(21),
    // 8-bit arithmetic
    op(ALU_A, &[A, Rx(0)], 0x80, 4),
    op(ALU_A, &[A, MHL], 0x86, 7),
    op(ALU_A, &[A, Mix], 0x86, 19),
    op(ALU_A, &[A, N], 0xC6, 7),
    op(ALU, &[Rx(0)], 0x80, 4),
    op(ALU, &[MHL], 0x86, 7),
    op(ALU, &[Mix], 0x86, 19),
    op(ALU, &[N], 0xC6, 7),
    op(&["inc", "dec"], &[Rx(3)], 0x04, 4).step(1),
    op(&["inc", "dec"], &[MHL], 0x34, 11).step(1),
    op(&["inc", "dec"], &[Mix], 0x34, 23).step(1),
    op(ACCUMULATOR, &[], 0x07, 4),
    ed(&["neg"], &[], 0x44, 8),
    // 16-bit arithmetic
    op(&["add"], &[Hx, Ddx], 0x09, 11),
    ed(&["adc"], &[HL, Dd], 0x4A, 15),
    ed(&["sbc"], &[HL, Dd], 0x42, 15),
    op(&["inc", "dec"], &[Ddx], 0x03, 6),
    // Control
    op(&["nop"], &[], 0x00, 4),
    op(&["halt"], &[], 0x76, 4),
    op(&["di", "ei"], &[], 0xF3, 4),
    ed(&["im"], &[Mode], 0x46, 8),
    // Rotate, shift and bit; the formats with two or three operands copy the result into a register too
    cb(ROTATE, &[R(0)], 0x00, 8),
    cb(ROTATE, &[MHL], 0x06, 15),
    cb(ROTATE, &[Mix], 0x06, 23),
    cb(ROTATE, &[Mix, R(0)], 0x00, 23),
    cb(SLI, &[R(0)], 0x00, 8),
    cb(SLI, &[MHL], 0x06, 15),
    cb(SLI, &[Mix], 0x06, 23),
    cb(SLI, &[Mix, R(0)], 0x00, 23),
    cb(SL1, &[R(0)], 0x00, 8),
    cb(SL1, &[MHL], 0x06, 15),
    cb(SL1, &[Mix], 0x06, 23),
    cb(SL1, &[Mix, R(0)], 0x00, 23),
    ed(&["rrd", "rld"], &[], 0x67, 18),
    cb(&["bit"], &[Bit, R(0)], 0x40, 8),
    cb(&["bit"], &[Bit, MHL], 0x46, 12),
    cb(&["bit"], &[Bit, Mix], 0x46, 20),
    cb(&["res", "set"], &[Bit, R(0)], 0x80, 8).step(0x40),
    cb(&["res", "set"], &[Bit, MHL], 0x86, 15).step(0x40),
    cb(&["res", "set"], &[Bit, Mix], 0x86, 23).step(0x40),
    cb(&["res", "set"], &[Bit, Mix, R(0)], 0x80, 23).step(0x40),
    // Jump, call and return
    op(&["jp"], &[Nn], 0xC3, 10),
    op(&["jp"], &[Cc, Nn], 0xC2, 10),
    op(&["jp"], &[MemHx], 0xE9, 4),
    op(&["jr"], &[Target], 0x18, 12),
    op(&["jr"], &[Cc4, Target], 0x20, 7).taken(12),
    op(&["djnz"], &[Target], 0x10, 8).taken(13),
    op(&["call"], &[Nn], 0xCD, 17),
    op(&["call"], &[Cc, Nn], 0xC4, 10).taken(17),
    op(&["ret"], &[], 0xC9, 10),
    op(&["ret"], &[Cc], 0xC0, 5).taken(11),
    ed(&["retn", "reti"], &[], 0x45, 14),
    op(&["rst"], &[Restart], 0xC7, 11),
    // Input and output
    op(&["in"], &[A, Mn], 0xDB, 11),
    ed(&["in"], &[R(3), MC], 0x40, 12),
    ed(&["in"], &[Pat::Reg(Reg::F), MC], 0x70, 12),
    ed(&["in"], &[MC], 0x70, 12),
    op(&["out"], &[Mn, A], 0xD3, 11),
    ed(&["out"], &[MC, R(3)], 0x41, 12),
    ed(&["out"], &[MC, Zero], 0x71, 12),
];
