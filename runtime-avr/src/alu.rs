//! Results and flags, as the "AVR Instruction Set Manual" (Microchip DS40002198) defines them.

pub(crate) const C: u8 = 0x01;
pub(crate) const Z: u8 = 0x02;
pub(crate) const N: u8 = 0x04;
pub(crate) const V: u8 = 0x08;
pub(crate) const S: u8 = 0x10;
pub(crate) const H: u8 = 0x20;
pub(crate) const T: u8 = 0x40;
pub(crate) const I: u8 = 0x80;

/// N, Z, V and S, where bit 7 of `overflow` is V.
#[inline]
fn signs(result: u8, overflow: u8) -> u8 {
    let zero = if result == 0 { Z } else { 0 };
    zero | (result >> 5) & N | (overflow >> 4) & V | ((result ^ overflow) >> 3) & S
}

/// H and C from the carries (or borrows) out of every bit.
#[inline]
fn carries(out: u8) -> u8 {
    (out << 2) & H | out >> 7
}

#[inline]
fn put(sreg: u8, mask: u8, flags: u8) -> u8 {
    sreg & !mask | flags
}

const ARITHMETIC: u8 = H | S | V | N | Z | C;

/// `ADD` and, with the carry in `carry` (0 or 1), `ADC`.
#[inline]
pub(crate) fn add(sreg: u8, d: u8, r: u8, carry: u8) -> (u8, u8) {
    let result = d.wrapping_add(r).wrapping_add(carry);
    let out = d & r | r & !result | !result & d;
    let overflow = d & r & !result | !d & !r & result;
    (result, put(sreg, ARITHMETIC, carries(out) | signs(result, overflow)))
}

/// `SUB`, `SUBI`, `CP`, `CPI`, and `NEG` as a subtraction from zero.
#[inline]
pub(crate) fn sub(sreg: u8, d: u8, r: u8) -> (u8, u8) {
    let result = d.wrapping_sub(r);
    (result, put(sreg, ARITHMETIC, borrow(d, r, result)))
}

/// `SBC`, `SBCI`, `CPC`: Z stays set only if it was, so that it tells of all bytes of a number.
#[inline]
pub(crate) fn sub_carry(sreg: u8, d: u8, r: u8) -> (u8, u8) {
    let result = d.wrapping_sub(r).wrapping_sub(sreg & C);
    let flags = borrow(d, r, result) & (!Z | sreg & Z);
    (result, put(sreg, ARITHMETIC, flags))
}

#[inline]
fn borrow(d: u8, r: u8, result: u8) -> u8 {
    let out = !d & r | r & result | result & !d;
    let overflow = d & !r & !result | !d & r & result;
    carries(out) | signs(result, overflow)
}

/// `AND`, `OR`, `EOR` with their immediate forms: V is cleared.
#[inline]
pub(crate) fn logic(sreg: u8, result: u8) -> u8 {
    put(sreg, S | V | N | Z, signs(result, 0))
}

/// `COM`: as the logical ones, and C is set.
#[inline]
pub(crate) fn com(sreg: u8, d: u8) -> (u8, u8) {
    (!d, logic(sreg, !d) | C)
}

/// `INC`: C and H stay.
#[inline]
pub(crate) fn inc(sreg: u8, d: u8) -> (u8, u8) {
    let result = d.wrapping_add(1);
    (result, put(sreg, S | V | N | Z, signs(result, result & !d)))
}

/// `DEC`: C and H stay.
#[inline]
pub(crate) fn dec(sreg: u8, d: u8) -> (u8, u8) {
    let result = d.wrapping_sub(1);
    (result, put(sreg, S | V | N | Z, signs(result, d & !result)))
}

/// `LSR`, `ROR`, `ASR`, where `top` is what comes in at bit 7: V is N xor C.
#[inline]
pub(crate) fn shift_right(sreg: u8, d: u8, top: u8) -> (u8, u8) {
    let result = d >> 1 | top;
    (result, put(sreg, S | V | N | Z | C, signs(result, result & 0x80 ^ d << 7) | d & C))
}

/// `ADIW` and `SBIW`: `word` is the result, bit 7 of `overflow` is V.
#[inline]
fn word_flags(sreg: u8, word: u16, overflow: u8, carry: u8) -> u8 {
    let zero = if word == 0 { Z } else { 0 };
    // A high byte that is not zero, or zero together with Z from the whole word.
    let flags = signs((word >> 8) as u8, overflow) & !Z | zero | carry >> 7;
    put(sreg, S | V | N | Z | C, flags)
}

/// `ADIW`.
#[inline]
pub(crate) fn adiw(sreg: u8, d: u16, k: u8) -> (u16, u8) {
    let result = d.wrapping_add(u16::from(k));
    let (before, after) = ((d >> 8) as u8, (result >> 8) as u8);
    (result, word_flags(sreg, result, !before & after, !after & before & 0x80))
}

/// `SBIW`.
#[inline]
pub(crate) fn sbiw(sreg: u8, d: u16, k: u8) -> (u16, u8) {
    let result = d.wrapping_sub(u16::from(k));
    let (before, after) = ((d >> 8) as u8, (result >> 8) as u8);
    (result, word_flags(sreg, result, before & !after, after & !before & 0x80))
}

/// `MUL`, `MULS`, `MULSU`: C is bit 15.
#[inline]
pub(crate) fn mul(sreg: u8, product: u16) -> (u16, u8) {
    let zero = if product == 0 { Z } else { 0 };
    (product, put(sreg, Z | C, zero | (product >> 15) as u8))
}

/// `FMUL`, `FMULS`, `FMULSU`: C is bit 15 before the shift, Z is of the shifted result.
#[inline]
pub(crate) fn fmul(sreg: u8, product: u16) -> (u16, u8) {
    let result = product << 1;
    let zero = if result == 0 { Z } else { 0 };
    (result, put(sreg, Z | C, zero | (product >> 15) as u8))
}
