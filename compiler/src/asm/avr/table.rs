//! Every instruction format with its opcode and cycles (Microchip DS40002198, "AVR Instruction Set Manual"; the cycles
//! are those of the AVRe and AVRe+ columns, which the classic ATtiny and ATmega devices belong to).
//!
//! Each operand puts its bits into the opcode's first word, or is the second. Aliases have rows of their own.

use super::core::Needs;
use super::operand::Ptr;

/// What one operand may be, and where its bits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pat {
    /// A pointer; it has no bits.
    At(Ptr),
    /// `Y+q` or `Z+q`.
    Displaced(Ptr),
    /// A register or a value.
    Field(Field),
}

/// How a register's number or a value goes into the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// r0..r31, in bits 4 to 8.
    D,
    /// r0..r31, in bits 0 to 3 and 9.
    R,
    /// The same register as both.
    Both,
    /// r16..r31, in bits 4 to 7.
    D16,
    /// r16..r31, in bits 0 to 3.
    R16,
    /// r16..r23, in bits 4 to 6.
    D8,
    /// r16..r23, in bits 0 to 2.
    R8,
    /// r0, r2 .. r30, halved in bits 4 to 7.
    EvenD,
    /// r0, r2 .. r30, halved in bits 0 to 3.
    EvenR,
    /// r24, r26, r28, r30, in bits 4 and 5.
    Pair,
    /// -128..255, in bits 0 to 3 and 8 to 11.
    K8,
    /// Its complement.
    NotK8,
    /// 0..63, in bits 0 to 3, 6 and 7.
    K6,
    /// An I/O address 0..63, in bits 0 to 3, 9 and 10.
    A6,
    /// An I/O address 0..31, in bits 3 to 7.
    A5,
    /// A bit number, in bits 0 to 2.
    Bit,
    /// A flag's number, in bits 4 to 6.
    Flag,
    /// A displacement 0..63, in bits 0 to 2, 10, 11 and 13.
    Q,
    /// -64..63 words from the next instruction, in bits 3 to 9.
    Rel7,
    /// -2048..2047 words from the next instruction, in bits 0 to 11.
    Rel12,
    /// A word address of 22 bits: bits 4 to 8 and 0, and the second word.
    Target,
    /// An address in RAM, the second word.
    Memory,
}

impl Field {
    /// The bits of the first word that it fills.
    #[cfg(test)]
    pub fn mask(self) -> u16 {
        match self {
            Field::D => 0x01F0,
            Field::R => 0x020F,
            Field::Both => 0x03FF,
            Field::D16 | Field::EvenD => 0x00F0,
            Field::R16 | Field::EvenR => 0x000F,
            Field::D8 | Field::Flag => 0x0070,
            Field::R8 | Field::Bit => 0x0007,
            Field::Pair => 0x0030,
            Field::K8 | Field::NotK8 => 0x0F0F,
            Field::K6 => 0x00CF,
            Field::A6 => 0x060F,
            Field::A5 => 0x00F8,
            Field::Q => 0x2C07,
            Field::Rel7 => 0x03F8,
            Field::Rel12 => 0x0FFF,
            Field::Target => 0x01F1,
            Field::Memory => 0,
        }
    }

    /// The registers it can name; `None`: it takes a value.
    pub fn registers(self) -> Option<&'static str> {
        Some(match self {
            Field::D | Field::R | Field::Both => "r0..r31",
            Field::D16 | Field::R16 => "r16..r31",
            Field::D8 | Field::R8 => "r16..r23",
            Field::EvenD | Field::EvenR => "r0, r2 .. r30",
            Field::Pair => "r24, r26, r28 or r30",
            _ => return None,
        })
    }

    /// The operand as the manual writes it.
    pub fn describe(self) -> &'static str {
        match self {
            Field::D | Field::Both | Field::D16 | Field::D8 | Field::EvenD | Field::Pair => "Rd",
            Field::R | Field::R16 | Field::R8 | Field::EvenR => "Rr",
            Field::K8 | Field::NotK8 | Field::K6 => "K",
            Field::A6 | Field::A5 => "A",
            Field::Bit => "b",
            Field::Flag => "s",
            Field::Q => "q",
            Field::Rel7 | Field::Rel12 | Field::Target => "target",
            Field::Memory => "address",
        }
    }
}

impl Pat {
    pub fn describe(self) -> String {
        match self {
            Pat::At(ptr) => ptr.name().to_owned(),
            Pat::Displaced(ptr) => format!("{}+q", ptr.name()),
            Pat::Field(field) => field.describe().to_owned(),
        }
    }
}

/// What an instruction costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cycles {
    Always(u8),
    /// One, or two when it branches.
    Branch,
    /// One, and one for each word that it skips.
    Skip,
    /// One more where the program counter has three bytes.
    Stack(u8),
}

#[derive(Debug)]
pub(super) struct Format {
    pub name: &'static str,
    pub operands: &'static [Pat],
    pub opcode: u16,
    pub cycles: Cycles,
    pub needs: Needs,
}

const fn op(name: &'static str, operands: &'static [Pat], opcode: u16, cycles: u8) -> Format {
    Format { name, operands, opcode, cycles: Cycles::Always(cycles), needs: Needs::Nothing }
}

const fn branch(name: &'static str, opcode: u16) -> Format {
    Format { cycles: Cycles::Branch, ..op(name, &[REL7], opcode, 1) }
}

const fn skip(name: &'static str, operands: &'static [Pat], opcode: u16) -> Format {
    Format { cycles: Cycles::Skip, ..op(name, operands, opcode, 1) }
}

const fn stack(name: &'static str, operands: &'static [Pat], opcode: u16, cycles: u8) -> Format {
    Format { cycles: Cycles::Stack(cycles), ..op(name, operands, opcode, cycles) }
}

impl Format {
    const fn needs(self, needs: Needs) -> Format {
        Format { needs, ..self }
    }

    /// One or two.
    pub fn words(&self) -> usize {
        let second = |pat: &Pat| matches!(pat, Pat::Field(Field::Target | Field::Memory));
        if self.operands.iter().any(second) { 2 } else { 1 }
    }
}

const D: Pat = Pat::Field(Field::D);
const R: Pat = Pat::Field(Field::R);
const BOTH: Pat = Pat::Field(Field::Both);
const D16: Pat = Pat::Field(Field::D16);
const R16: Pat = Pat::Field(Field::R16);
const D8: Pat = Pat::Field(Field::D8);
const R8: Pat = Pat::Field(Field::R8);
const ED: Pat = Pat::Field(Field::EvenD);
const ER: Pat = Pat::Field(Field::EvenR);
const PAIR: Pat = Pat::Field(Field::Pair);
const K8: Pat = Pat::Field(Field::K8);
const NOT_K8: Pat = Pat::Field(Field::NotK8);
const K6: Pat = Pat::Field(Field::K6);
const A6: Pat = Pat::Field(Field::A6);
const A5: Pat = Pat::Field(Field::A5);
const BIT: Pat = Pat::Field(Field::Bit);
const FLAG: Pat = Pat::Field(Field::Flag);
const REL7: Pat = Pat::Field(Field::Rel7);
const REL12: Pat = Pat::Field(Field::Rel12);
const TARGET: Pat = Pat::Field(Field::Target);
const MEMORY: Pat = Pat::Field(Field::Memory);
const X: Pat = Pat::At(Ptr::X);
const X_INC: Pat = Pat::At(Ptr::XInc);
const DEC_X: Pat = Pat::At(Ptr::DecX);
const Y: Pat = Pat::At(Ptr::Y);
const Y_INC: Pat = Pat::At(Ptr::YInc);
const DEC_Y: Pat = Pat::At(Ptr::DecY);
const Z: Pat = Pat::At(Ptr::Z);
const Z_INC: Pat = Pat::At(Ptr::ZInc);
const DEC_Z: Pat = Pat::At(Ptr::DecZ);
const Y_Q: Pat = Pat::Displaced(Ptr::Y);
const Z_Q: Pat = Pat::Displaced(Ptr::Z);
use Needs::{Eind, Elpm, Mega};

#[rustfmt::skip]
pub(super) static FORMATS: &[Format] = &[
    // Arithmetic and logic
    op("add", &[D, R], 0x0C00, 1),
    op("adc", &[D, R], 0x1C00, 1),
    op("sub", &[D, R], 0x1800, 1),
    op("sbc", &[D, R], 0x0800, 1),
    op("and", &[D, R], 0x2000, 1),
    op("or", &[D, R], 0x2800, 1),
    op("eor", &[D, R], 0x2400, 1),
    op("cp", &[D, R], 0x1400, 1),
    op("cpc", &[D, R], 0x0400, 1),
    op("lsl", &[BOTH], 0x0C00, 1),
    op("rol", &[BOTH], 0x1C00, 1),
    op("tst", &[BOTH], 0x2000, 1),
    op("clr", &[BOTH], 0x2400, 1),
    op("subi", &[D16, K8], 0x5000, 1),
    op("sbci", &[D16, K8], 0x4000, 1),
    op("andi", &[D16, K8], 0x7000, 1),
    op("cbr", &[D16, NOT_K8], 0x7000, 1),
    op("ori", &[D16, K8], 0x6000, 1),
    op("sbr", &[D16, K8], 0x6000, 1),
    op("cpi", &[D16, K8], 0x3000, 1),
    op("ldi", &[D16, K8], 0xE000, 1),
    op("ser", &[D16], 0xEF0F, 1),
    op("adiw", &[PAIR, K6], 0x9600, 2),
    op("sbiw", &[PAIR, K6], 0x9700, 2),
    op("com", &[D], 0x9400, 1),
    op("neg", &[D], 0x9401, 1),
    op("swap", &[D], 0x9402, 1),
    op("inc", &[D], 0x9403, 1),
    op("asr", &[D], 0x9405, 1),
    op("lsr", &[D], 0x9406, 1),
    op("ror", &[D], 0x9407, 1),
    op("dec", &[D], 0x940A, 1),
    op("mul", &[D, R], 0x9C00, 2).needs(Mega),
    op("muls", &[D16, R16], 0x0200, 2).needs(Mega),
    op("mulsu", &[D8, R8], 0x0300, 2).needs(Mega),
    op("fmul", &[D8, R8], 0x0308, 2).needs(Mega),
    op("fmuls", &[D8, R8], 0x0380, 2).needs(Mega),
    op("fmulsu", &[D8, R8], 0x0388, 2).needs(Mega),
    // Jumps, calls and returns
    op("rjmp", &[REL12], 0xC000, 2),
    op("ijmp", &[], 0x9409, 2),
    op("eijmp", &[], 0x9419, 2).needs(Eind),
    op("jmp", &[TARGET], 0x940C, 3).needs(Mega),
    stack("rcall", &[REL12], 0xD000, 3),
    stack("icall", &[], 0x9509, 3),
    op("eicall", &[], 0x9519, 4).needs(Eind),
    stack("call", &[TARGET], 0x940E, 4).needs(Mega),
    stack("ret", &[], 0x9508, 4),
    stack("reti", &[], 0x9518, 4),
    // Skips and branches
    skip("cpse", &[D, R], 0x1000),
    skip("sbrc", &[D, BIT], 0xFC00),
    skip("sbrs", &[D, BIT], 0xFE00),
    skip("sbic", &[A5, BIT], 0x9900),
    skip("sbis", &[A5, BIT], 0x9B00),
    Format { cycles: Cycles::Branch, ..op("brbs", &[BIT, REL7], 0xF000, 1) },
    Format { cycles: Cycles::Branch, ..op("brbc", &[BIT, REL7], 0xF400, 1) },
    branch("brcs", 0xF000),
    branch("brlo", 0xF000),
    branch("breq", 0xF001),
    branch("brmi", 0xF002),
    branch("brvs", 0xF003),
    branch("brlt", 0xF004),
    branch("brhs", 0xF005),
    branch("brts", 0xF006),
    branch("brie", 0xF007),
    branch("brcc", 0xF400),
    branch("brsh", 0xF400),
    branch("brne", 0xF401),
    branch("brpl", 0xF402),
    branch("brvc", 0xF403),
    branch("brge", 0xF404),
    branch("brhc", 0xF405),
    branch("brtc", 0xF406),
    branch("brid", 0xF407),
    // Registers and memory
    op("mov", &[D, R], 0x2C00, 1),
    op("movw", &[ED, ER], 0x0100, 1),
    op("lds", &[D, MEMORY], 0x9000, 2),
    op("ld", &[D, X], 0x900C, 2),
    op("ld", &[D, X_INC], 0x900D, 2),
    op("ld", &[D, DEC_X], 0x900E, 2),
    op("ld", &[D, Y], 0x8008, 2),
    op("ld", &[D, Y_INC], 0x9009, 2),
    op("ld", &[D, DEC_Y], 0x900A, 2),
    op("ld", &[D, Z], 0x8000, 2),
    op("ld", &[D, Z_INC], 0x9001, 2),
    op("ld", &[D, DEC_Z], 0x9002, 2),
    op("ldd", &[D, Y_Q], 0x8008, 2),
    op("ldd", &[D, Z_Q], 0x8000, 2),
    op("sts", &[MEMORY, D], 0x9200, 2),
    op("st", &[X, D], 0x920C, 2),
    op("st", &[X_INC, D], 0x920D, 2),
    op("st", &[DEC_X, D], 0x920E, 2),
    op("st", &[Y, D], 0x8208, 2),
    op("st", &[Y_INC, D], 0x9209, 2),
    op("st", &[DEC_Y, D], 0x920A, 2),
    op("st", &[Z, D], 0x8200, 2),
    op("st", &[Z_INC, D], 0x9201, 2),
    op("st", &[DEC_Z, D], 0x9202, 2),
    op("std", &[Y_Q, D], 0x8208, 2),
    op("std", &[Z_Q, D], 0x8200, 2),
    op("push", &[D], 0x920F, 2),
    op("pop", &[D], 0x900F, 2),
    op("in", &[D, A6], 0xB000, 1),
    op("out", &[A6, D], 0xB800, 1),
    op("lpm", &[], 0x95C8, 3),
    op("lpm", &[D, Z], 0x9004, 3),
    op("lpm", &[D, Z_INC], 0x9005, 3),
    op("elpm", &[], 0x95D8, 3).needs(Elpm),
    op("elpm", &[D, Z], 0x9006, 3).needs(Elpm),
    op("elpm", &[D, Z_INC], 0x9007, 3).needs(Elpm),
    // The manual gives no cycles for it: the CPU may halt while flash is written. One is the fetch.
    op("spm", &[], 0x95E8, 1),
    // Bits
    op("sbi", &[A5, BIT], 0x9A00, 2),
    op("cbi", &[A5, BIT], 0x9800, 2),
    op("bst", &[D, BIT], 0xFA00, 1),
    op("bld", &[D, BIT], 0xF800, 1),
    op("bset", &[FLAG], 0x9408, 1),
    op("bclr", &[FLAG], 0x9488, 1),
    op("sec", &[], 0x9408, 1),
    op("sez", &[], 0x9418, 1),
    op("sen", &[], 0x9428, 1),
    op("sev", &[], 0x9438, 1),
    op("ses", &[], 0x9448, 1),
    op("seh", &[], 0x9458, 1),
    op("set", &[], 0x9468, 1),
    op("sei", &[], 0x9478, 1),
    op("clc", &[], 0x9488, 1),
    op("clz", &[], 0x9498, 1),
    op("cln", &[], 0x94A8, 1),
    op("clv", &[], 0x94B8, 1),
    op("cls", &[], 0x94C8, 1),
    op("clh", &[], 0x94D8, 1),
    op("clt", &[], 0x94E8, 1),
    op("cli", &[], 0x94F8, 1),
    // The machine
    op("nop", &[], 0x0000, 1),
    op("sleep", &[], 0x9588, 1),
    op("wdr", &[], 0x95A8, 1),
    op("break", &[], 0x9598, 1),
];
