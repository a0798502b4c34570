//! T-states, from the Z80 CPU User Manual (Zilog UM0080), without wait states.
//!
//! The tables of `iz80` are not used: they miss the prefixes of most indexed instructions and the 10 T-states
//! of a conditional jump or 7 of a conditional relative jump that is not taken.

/// Unprefixed instructions; conditional ones as not taken. Zero for the four prefixes.
pub(crate) const MAIN: [u8; 256] = [
    4, 10, 7, 6, 4, 4, 7, 4, 4, 11, 7, 6, 4, 4, 7, 4, // 00
    8, 10, 7, 6, 4, 4, 7, 4, 12, 11, 7, 6, 4, 4, 7, 4, // 10
    7, 10, 16, 6, 4, 4, 7, 4, 7, 11, 16, 6, 4, 4, 7, 4, // 20
    7, 10, 13, 6, 11, 11, 10, 4, 7, 11, 13, 6, 4, 4, 7, 4, // 30
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // 40
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // 50
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // 60
    7, 7, 7, 7, 7, 7, 4, 7, 4, 4, 4, 4, 4, 4, 7, 4, // 70
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // 80
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // 90
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // A0
    4, 4, 4, 4, 4, 4, 7, 4, 4, 4, 4, 4, 4, 4, 7, 4, // B0
    5, 10, 10, 10, 10, 11, 7, 11, 5, 10, 10, 0, 10, 17, 7, 11, // C0
    5, 10, 10, 11, 10, 11, 7, 11, 5, 4, 10, 11, 10, 0, 7, 11, // D0
    5, 10, 10, 19, 10, 11, 7, 11, 5, 4, 10, 4, 10, 0, 7, 11, // E0
    5, 10, 10, 4, 10, 11, 7, 11, 5, 6, 10, 4, 10, 0, 7, 11, // F0
];

/// `RET`, charged for a service that stands for a routine.
pub(crate) const RET: u64 = 10;
/// `JP nn`, charged for an entry of a jump table that is not really there.
pub(crate) const JP: u64 = 10;
/// Acceptance of an interrupt in modes 0 (with `RST 38h` on the bus) and 1, and in mode 2.
pub(crate) const INTERRUPT: u64 = 13;
pub(crate) const INTERRUPT_MODE_2: u64 = 19;
/// A repetition of `LDIR` and its like beyond the single form.
pub(crate) const REPEAT: u64 = 5;
/// A `DD` or `FD` prefix, and each NOP that a halted processor executes.
pub(crate) const PREFIX: u8 = 4;
pub(crate) const HALTED: u64 = 4;

/// What the run loop has to look at in an instruction besides its T-states.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Other,
    /// Without effect but on PC: one that leads to itself never ends.
    Jump,
    /// Writes to the stack.
    Push,
    EnableInterrupts,
    Halt,
}

pub(crate) const fn kind(op: u8) -> Kind {
    match op {
        0x18 | 0x20 | 0x28 | 0x30 | 0x38 | 0xC3 | 0xE9 => Kind::Jump,
        0x76 => Kind::Halt,
        0xFB => Kind::EnableInterrupts,
        0xCD => Kind::Push,
        _ => match (op & 0xC7, op & 0xCF) {
            (0xC2, _) => Kind::Jump,
            (0xC4 | 0xC7, _) | (_, 0xC5) => Kind::Push,
            _ => Kind::Other,
        },
    }
}

/// T-states that a conditional instruction takes in addition when its condition holds.
pub(crate) const SURCHARGE: [u8; 256] = {
    let mut table = [0; 256];
    let mut op = 0;
    while op < 256 {
        table[op] = surcharge(op as u8);
        op += 1;
    }
    table
};

const fn surcharge(op: u8) -> u8 {
    match op {
        0x10 | 0x20 | 0x28 | 0x30 | 0x38 => 5,
        _ => match op & 0xC7 {
            0xC0 => 6,
            0xC4 => 7,
            _ => 0,
        },
    }
}

/// After prefix `CB`.
#[inline]
pub(crate) const fn bits(op: u8) -> u8 {
    match (op & 7, op >> 6) {
        (6, 1) => 12,
        (6, _) => 15,
        _ => 8,
    }
}

/// After `DD CB d` and `FD CB d`.
pub(crate) const fn indexed_bits(op: u8) -> u8 {
    if op >> 6 == 1 { 20 } else { 23 }
}

/// What `DD` and `FD` add to an unprefixed instruction: themselves, and where (HL) becomes (IX+d) the fetch
/// of d and the addition. `LD (IX+d),n` hides 3 T-states of the addition behind the fetch of n.
#[inline]
pub(crate) const fn index_surcharge(op: u8) -> u8 {
    match op {
        0x36 => PREFIX + 5,
        0x76 => PREFIX,
        0x34 | 0x35 | 0x70..=0x77 => PREFIX + 8,
        0x40..=0xBF if op & 7 == 6 => PREFIX + 8,
        _ => PREFIX,
    }
}

/// After prefix `ED`; the repeating ones as at their last repetition. Zero: no such instruction.
#[inline]
pub(crate) const fn extended(op: u8) -> u8 {
    match op {
        0x77 | 0x7F => 0,
        0x67 | 0x6F => 18,
        0x40..=0x7F => match op & 7 {
            0 | 1 => 12,
            2 => 15,
            3 => 20,
            5 => 14,
            7 => 9,
            _ => 8,
        },
        0xA0..=0xA3 | 0xA8..=0xAB | 0xB0..=0xB3 | 0xB8..=0xBB => 16,
        _ => 0,
    }
}
