//! Flash, decoded once before the run: an operation for every word.
//!
//! Encodings: "AVR Instruction Set Manual" (Microchip DS40002198), AVRe and AVRe+ columns. Every word is
//! decoded as if an instruction began there, so that a jump to any word works.

use crate::device::{Device, Family};

/// What an operation does. Where the manual's synonyms are one opcode (`LSL` is `ADD`, `TST` is `AND`, `SEC`
/// is `BSET 0`), there is one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum Kind {
    // Not instructions.
    Erased, Undefined, UndefinedResult, Missing, Cut,
    // a: Rd, b: Rr or K.
    Add, Adc, Sub, Sbc, And, Or, Eor, Mov, Movw, Cp, Cpc, Cpse,
    Subi, Sbci, Andi, Ori, Cpi, Ldi, Adiw, Sbiw,
    Mul, Muls, Mulsu, Fmul, Fmuls, Fmulsu,
    // a: Rd.
    Com, Neg, Swap, Inc, Dec, Asr, Lsr, Ror,
    // a: the bit of SREG as a mask; k: the target.
    Bset, Bclr, Brbs, Brbc,
    // a: register, b: the bit as a mask.
    Bst, Bld, Sbrc, Sbrs,
    // a: I/O address as a data address; b: the bit as a mask.
    Sbi, Cbi, Sbic, Sbis,
    // a: Rd, k: data address.
    In, Out, Lds, Sts,
    // a: Rd, b: the pointer's low register, k: displacement.
    Ld, LdInc, LdDec, Ldd, St, StInc, StDec, Std,
    // a: Rd.
    Lpm, LpmInc, Elpm, ElpmInc, Spm, Push, Pop,
    // k: the target in words.
    Jmp, Rjmp, Spin, Ijmp, Eijmp, Call, Rcall, Icall, Eicall, Ret, Reti,
    Nop, Sleep,
}

/// A decoded instruction. `k` also holds the word itself where the kind is a fault, and for skips the words
/// of the instruction that may be skipped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) kind: Kind,
    pub(crate) a: u8,
    pub(crate) b: u8,
    /// Whether the observer is told when PC gets here.
    pub(crate) watched: bool,
    pub(crate) k: u32,
}

const X: u8 = 26;
const Y: u8 = 28;
const Z: u8 = 30;

/// Decodes the whole flash.
pub(crate) fn decode_flash(flash: &[u8], device: &Device) -> Box<[Op]> {
    let words: Vec<u16> = flash.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    (0..words.len()).map(|at| decode(&words, at, device)).collect()
}

/// Whether the instruction at a word has a second one.
pub(crate) fn is_long(word: u16) -> bool {
    // LDS, STS; JMP, CALL.
    word & 0xFC0F == 0x9000 || word & 0xFE0C == 0x940C
}

fn decode(words: &[u16], at: usize, device: &Device) -> Op {
    let word = words[at];
    if word == 0xFFFF {
        return simple(Kind::Erased, 0, 0);
    }
    let second = words.get(at + 1).copied();
    let fault = |kind| Op { k: u32::from(word), ..simple(kind, 0, 0) };
    if is_long(word) && second.is_none() {
        return fault(Kind::Cut);
    }
    let d5 = (word >> 4 & 0x1F) as u8;
    let op = match word >> 12 {
        0..=2 => two_registers(word),
        3..=7 | 0xE => {
            let kind = match word >> 12 {
                3 => Kind::Cpi,
                4 => Kind::Sbci,
                5 => Kind::Subi,
                6 => Kind::Ori,
                7 => Kind::Andi,
                _ => Kind::Ldi,
            };
            simple(kind, 16 + (word >> 4 & 0xF) as u8, (word >> 4 & 0xF0 | word & 0xF) as u8)
        }
        8 | 0xA => {
            let displacement = word >> 8 & 0x20 | word >> 7 & 0x18 | word & 7;
            let pointer = if word & 8 == 0 { Z } else { Y };
            let kind = match (word & 0x200 == 0, displacement) {
                (true, 0) => Kind::Ld,
                (true, _) => Kind::Ldd,
                (false, 0) => Kind::St,
                (false, _) => Kind::Std,
            };
            Op { k: u32::from(displacement), ..simple(kind, d5, pointer) }
        }
        9 => nine(word, second.unwrap_or(0)),
        0xB => {
            let address = 0x20 + u32::from(word >> 5 & 0x30 | word & 0xF);
            let kind = if word & 0x800 == 0 { Kind::In } else { Kind::Out };
            Op { k: address, ..simple(kind, d5, 0) }
        }
        0xC | 0xD => {
            let offset = (word << 4) as i16 >> 4;
            let k = relative(at, i32::from(offset), words.len(), device.family);
            match word >> 12 {
                0xC if offset == -1 => Op { k, ..simple(Kind::Spin, 0, 0) },
                0xC => Op { k, ..simple(Kind::Rjmp, 0, 0) },
                _ => Op { k, ..simple(Kind::Rcall, 0, 0) },
            }
        }
        _ => last(word, at, words.len(), device.family),
    };
    match op.kind {
        Kind::Undefined | Kind::UndefinedResult => fault(op.kind),
        kind if is_missing(kind, word, device.family) => fault(Kind::Missing),
        Kind::Cpse | Kind::Sbrc | Kind::Sbrs | Kind::Sbic | Kind::Sbis => {
            Op { k: if second.is_some_and(is_long) { 2 } else { 1 }, ..op }
        }
        _ => op,
    }
}

fn simple(kind: Kind, a: u8, b: u8) -> Op {
    Op { kind, a, b, watched: false, k: 0 }
}

/// The target of a relative jump. In 8 KB of flash the program counter wraps, so that `RJMP` and `RCALL` reach
/// everything (as the manual says of them); beyond, a target outside is one.
fn relative(at: usize, offset: i32, words: usize, family: Family) -> u32 {
    let target = at as i32 + 1 + offset;
    let target = if family == Family::Avr25 { target.rem_euclid(words as i32) } else { target };
    target as u32
}

fn is_missing(kind: Kind, word: u16, family: Family) -> bool {
    match kind {
        Kind::Mul | Kind::Muls | Kind::Mulsu | Kind::Fmul | Kind::Fmuls | Kind::Fmulsu => {
            !family.has_multiplier()
        }
        Kind::Jmp | Kind::Call => !family.has_far_jumps(),
        Kind::Elpm | Kind::ElpmInc => !family.has_far_data(),
        Kind::Eijmp | Kind::Eicall => !family.has_wide_pc(),
        // SPM Z+ is an XMEGA instruction.
        Kind::Spm => word != 0x95E8,
        _ => false,
    }
}

/// `000x` to `0010`: two registers.
fn two_registers(word: u16) -> Op {
    let d = (word >> 4 & 0x1F) as u8;
    let r = (word >> 5 & 0x10 | word & 0xF) as u8;
    let kind = match word >> 10 {
        0 => return lowest(word),
        1 => Kind::Cpc,
        2 => Kind::Sbc,
        3 => Kind::Add,
        4 => Kind::Cpse,
        5 => Kind::Cp,
        6 => Kind::Sub,
        7 => Kind::Adc,
        8 => Kind::And,
        9 => Kind::Eor,
        10 => Kind::Or,
        _ => Kind::Mov,
    };
    simple(kind, d, r)
}

/// `0000 00xx`: no operation, word move, signed multiplications.
fn lowest(word: u16) -> Op {
    let (d, r) = ((word >> 4 & 0xF) as u8, (word & 0xF) as u8);
    match word >> 8 {
        0 if word == 0 => simple(Kind::Nop, 0, 0),
        0 => simple(Kind::Undefined, 0, 0),
        1 => simple(Kind::Movw, 2 * d, 2 * r),
        2 => simple(Kind::Muls, 16 + d, 16 + r),
        _ => {
            let kind = match (word & 0x80 != 0, word & 8 != 0) {
                (false, false) => Kind::Mulsu,
                (false, true) => Kind::Fmul,
                (true, false) => Kind::Fmuls,
                (true, true) => Kind::Fmulsu,
            };
            simple(kind, 16 + (d & 7), 16 + (r & 7))
        }
    }
}

/// `1001`: loads, stores, one register, jumps, bits of I/O registers, `MUL`.
fn nine(word: u16, second: u16) -> Op {
    let d = (word >> 4 & 0x1F) as u8;
    match word >> 8 & 0xF {
        0 | 1 => load(word, d, second),
        2 | 3 => store(word, d, second),
        4 | 5 => one_register(word, d, second),
        6 | 7 => {
            let kind = if word & 0x100 == 0 { Kind::Adiw } else { Kind::Sbiw };
            simple(kind, 24 + 2 * (word >> 4 & 3) as u8, (word >> 2 & 0x30 | word & 0xF) as u8)
        }
        8..=0xB => {
            let kind = [Kind::Cbi, Kind::Sbic, Kind::Sbi, Kind::Sbis][usize::from(word >> 8 & 3)];
            simple(kind, 0x20 + (word >> 3 & 0x1F) as u8, 1 << (word & 7))
        }
        _ => simple(Kind::Mul, d, (word >> 5 & 0x10 | word & 0xF) as u8),
    }
}

fn load(word: u16, d: u8, second: u16) -> Op {
    let (kind, pointer) = match word & 0xF {
        0x0 => return Op { k: u32::from(second), ..simple(Kind::Lds, d, 0) },
        0x1 => (Kind::LdInc, Z),
        0x2 => (Kind::LdDec, Z),
        0x4 => (Kind::Lpm, Z),
        0x5 => (Kind::LpmInc, Z),
        0x6 => (Kind::Elpm, Z),
        0x7 => (Kind::ElpmInc, Z),
        0x9 => (Kind::LdInc, Y),
        0xA => (Kind::LdDec, Y),
        0xC => (Kind::Ld, X),
        0xD => (Kind::LdInc, X),
        0xE => (Kind::LdDec, X),
        0xF => (Kind::Pop, 0),
        _ => (Kind::Undefined, 0),
    };
    overlapping(simple(kind, d, pointer))
}

fn store(word: u16, d: u8, second: u16) -> Op {
    let (kind, pointer) = match word & 0xF {
        0x0 => return Op { k: u32::from(second), ..simple(Kind::Sts, d, 0) },
        0x1 => (Kind::StInc, Z),
        0x2 => (Kind::StDec, Z),
        0x9 => (Kind::StInc, Y),
        0xA => (Kind::StDec, Y),
        0xC => (Kind::St, X),
        0xD => (Kind::StInc, X),
        0xE => (Kind::StDec, X),
        0xF => (Kind::Push, 0),
        _ => (Kind::Undefined, 0),
    };
    overlapping(simple(kind, d, pointer))
}

/// "The result of these combinations is undefined": a pointer that changes, loaded or stored through itself.
fn overlapping(op: Op) -> Op {
    let changes = matches!(
        op.kind,
        Kind::LdInc | Kind::LdDec | Kind::StInc | Kind::StDec | Kind::LpmInc | Kind::ElpmInc
    );
    if changes && op.a & !1 == op.b { Op { kind: Kind::UndefinedResult, ..op } } else { op }
}

fn one_register(word: u16, d: u8, second: u16) -> Op {
    let kind = match word & 0xF {
        0x0 => Kind::Com,
        0x1 => Kind::Neg,
        0x2 => Kind::Swap,
        0x3 => Kind::Inc,
        0x5 => Kind::Asr,
        0x6 => Kind::Lsr,
        0x7 => Kind::Ror,
        0xA => Kind::Dec,
        0x8 if word & 0x100 == 0 => {
            let kind = if word & 0x80 == 0 { Kind::Bset } else { Kind::Bclr };
            return simple(kind, 1 << (word >> 4 & 7), 0);
        }
        0x8 | 0x9 => return alone(word),
        0xC..=0xF => {
            let k = u32::from(word >> 3 & 0x3E | word & 1) << 16 | u32::from(second);
            let kind = if word & 2 == 0 { Kind::Jmp } else { Kind::Call };
            return Op { k, ..simple(kind, 0, 0) };
        }
        _ => Kind::Undefined,
    };
    simple(kind, d, 0)
}

/// Instructions without operands.
fn alone(word: u16) -> Op {
    let kind = match word {
        0x9409 => Kind::Ijmp,
        0x9419 => Kind::Eijmp,
        0x9509 => Kind::Icall,
        0x9519 => Kind::Eicall,
        0x9508 => Kind::Ret,
        0x9518 => Kind::Reti,
        0x9588 => Kind::Sleep,
        // BREAK "is treated as NOP" without the on-chip debugger; there is no watchdog for WDR to reset.
        0x9598 | 0x95A8 => Kind::Nop,
        0x95C8 => return simple(Kind::Lpm, 0, Z),
        0x95D8 => return simple(Kind::Elpm, 0, Z),
        0x95E8 | 0x95F8 => Kind::Spm,
        _ => Kind::Undefined,
    };
    simple(kind, 0, 0)
}

/// `1111`: branches, and bits of registers.
fn last(word: u16, at: usize, words: usize, family: Family) -> Op {
    let (d, bit) = ((word >> 4 & 0x1F) as u8, 1u8 << (word & 7));
    let kind = match word >> 9 & 7 {
        0..=3 => {
            let offset = (word << 6) as i16 >> 9;
            let kind = if word & 0x400 == 0 { Kind::Brbs } else { Kind::Brbc };
            let k = relative(at, i32::from(offset), words, family);
            return Op { k, ..simple(kind, bit, 0) };
        }
        _ if word & 8 != 0 => Kind::Undefined,
        4 => Kind::Bld,
        5 => Kind::Bst,
        6 => Kind::Sbrc,
        _ => Kind::Sbrs,
    };
    simple(kind, d, bit)
}
