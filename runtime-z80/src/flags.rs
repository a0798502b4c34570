//! Results and flags of arithmetic and logic: from the operands, and F before, to the result and F after.
//!
//! Bits 3 and 5 of F, which the manual does not name, are copies of those of the result, as in most processors.

pub(crate) const C: u8 = 0x01;
pub(crate) const N: u8 = 0x02;
pub(crate) const PV: u8 = 0x04;
pub(crate) const H: u8 = 0x10;
pub(crate) const Z: u8 = 0x40;
pub(crate) const S: u8 = 0x80;
/// Bits 3 and 5.
pub(crate) const XY: u8 = 0x28;

/// S, Z and the two bits of a result.
pub(crate) const SZ53: [u8; 256] = {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        table[value] = value as u8 & (S | XY) | if value == 0 { Z } else { 0 };
        value += 1;
    }
    table
};

/// [`SZ53`], and whether the number of ones is even.
pub(crate) const SZ53P: [u8; 256] = {
    let mut table = SZ53;
    let mut value = 0;
    while value < 256 {
        if (value as u8).count_ones() & 1 == 0 {
            table[value] |= PV;
        }
        value += 1;
    }
    table
};

/// The flags of a sum or difference of `a` and `b` that has nine bits.
#[inline]
fn nine_bits(a: u8, b: u8, sum: u16) -> u8 {
    let carries = u16::from(a) ^ u16::from(b) ^ sum;
    let overflow = (carries >> 8 ^ carries >> 7) & 1;
    SZ53[usize::from(sum as u8)] | (carries >> 8) as u8 & C | carries as u8 & H | (overflow << 2) as u8
}

/// `a + b + carry`.
#[inline]
fn add(a: u8, b: u8, carry: u8) -> (u8, u8) {
    let sum = u16::from(a) + u16::from(b) + u16::from(carry);
    (sum as u8, nine_bits(a, b, sum))
}

/// `a - b - carry`.
#[inline]
pub(crate) fn sub(a: u8, b: u8, carry: u8) -> (u8, u8) {
    let difference = u16::from(a).wrapping_sub(u16::from(b)).wrapping_sub(u16::from(carry));
    (difference as u8, nine_bits(a, b, difference) | N)
}

/// ADD, ADC, SUB, SBC, AND, XOR, OR and CP, by number.
#[inline]
pub(crate) fn accumulate(operation: u8, a: u8, b: u8, f: u8) -> (u8, u8) {
    let logic = |value: u8, half: u8| (value, SZ53P[usize::from(value)] | half);
    match operation {
        0 => add(a, b, 0),
        1 => add(a, b, f & C),
        2 => sub(a, b, 0),
        3 => sub(a, b, f & C),
        4 => logic(a & b, H),
        5 => logic(a ^ b, 0),
        6 => logic(a | b, 0),
        // Here the two bits are the operand's.
        _ => (a, sub(a, b, 0).1 & !XY | b & XY),
    }
}

#[inline]
pub(crate) fn inc(value: u8, f: u8) -> (u8, u8) {
    let (result, flags) = add(value, 1, 0);
    (result, flags & !C | f & C)
}

#[inline]
pub(crate) fn dec(value: u8, f: u8) -> (u8, u8) {
    let (result, flags) = sub(value, 1, 0);
    (result, flags & !C | f & C)
}

/// `a + b`, 16 bits: S, Z and P/V stay.
#[inline]
pub(crate) fn add16(a: u16, b: u16, f: u8) -> (u16, u8) {
    let (sum, carry) = a.overflowing_add(b);
    let half = (a ^ b ^ sum) >> 8;
    (sum, f & (S | Z | PV) | (sum >> 8) as u8 & XY | half as u8 & H | u8::from(carry))
}

/// `a - b - carry`, or `a + b + carry`, 16 bits.
#[inline]
pub(crate) fn carry16(subtracts: bool, a: u16, b: u16, f: u8) -> (u16, u8) {
    let operation = if subtracts { sub } else { add };
    let [a, b] = [a, b].map(u16::to_le_bytes);
    let (low, below) = operation(a[0], b[0], f & C);
    let (high, flags) = operation(a[1], b[1], below & C);
    let zero = if low | high == 0 { Z } else { 0 };
    (u16::from_le_bytes([low, high]), flags & !Z | zero)
}

/// RLCA, RRCA, RLA, RRA, and CPL, SCF, CCF, by number; 4 is none.
#[inline]
pub(crate) fn on_accumulator(operation: u8, a: u8, f: u8) -> (u8, u8) {
    let kept = f & (S | Z | PV);
    match operation {
        0..=3 => {
            let (value, carry) = rotate(operation, a, f & C);
            (value, kept | value & XY | carry)
        }
        5 => (!a, kept | f & C | H | N | !a & XY),
        6 => (a, kept | C | a & XY),
        _ => (a, kept | if f & C == 0 { C } else { H } | a & XY),
    }
}

/// RLC, RRC, RL, RR, SLA, SRA, SLL and SRL, by number.
#[inline]
pub(crate) fn shift(operation: u8, value: u8, f: u8) -> (u8, u8) {
    let (value, carry) = rotate(operation, value, f & C);
    (value, SZ53P[usize::from(value)] | carry)
}

/// The value, and what went out of it.
#[inline]
fn rotate(operation: u8, value: u8, carry: u8) -> (u8, u8) {
    let (left, right) = (value >> 7, value & 1);
    match operation {
        0 => (value << 1 | left, left),
        1 => (value >> 1 | right << 7, right),
        2 => (value << 1 | carry, left),
        3 => (value >> 1 | carry << 7, right),
        4 => (value << 1, left),
        5 => (value >> 1 | value & 0x80, right),
        6 => (value << 1 | 1, left),
        _ => (value >> 1, right),
    }
}
