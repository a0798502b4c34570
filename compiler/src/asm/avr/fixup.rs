//! Puts values into AVR instructions and into data.

use super::AvrError;
use super::core::AvrCore;
use super::modifier::Modifier;
use super::section::RAM;
use super::table::Field;
use crate::asm::error::{Res, Span, fail};
use crate::asm::section::{Resolved, SectionKind};

/// A value or register for a field of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::asm) struct FixupKind {
    pub(super) field: Field,
    pub(super) modifier: Option<Modifier>,
    /// The instruction, for messages.
    pub(super) mnemonic: &'static str,
    pub(super) core: AvrCore,
    /// The low register of the pointer that the instruction moves. To load or store its halves is undefined then.
    pub(super) moved: Option<i64>,
}

impl FixupKind {
    /// GNU as has no relocation for registers, bits and the complement of `cbr`: it wants the number at once.
    pub fn needed_in_first_pass(self) -> bool {
        self.field.registers().is_some() || matches!(self.field, Field::Bit | Field::Flag | Field::NotK8)
    }

    /// Puts `value` where it belongs. `here` is the address of the instruction, `bytes` the instruction.
    pub fn patch(self, bytes: &mut [u8], span: Span, value: Resolved, here: u32) -> Res<()> {
        let here = i64::from(here);
        let mut first = u16::from_le_bytes([bytes[0], bytes[1]]);
        first |= match self.field {
            Field::D | Field::R | Field::Both | Field::D16 | Field::R16 => self.register(value, span)?,
            Field::D8 | Field::R8 | Field::EvenD | Field::EvenR | Field::Pair => {
                self.register(value, span)?
            }
            Field::K8 => spread_k8(self.immediate(value, span)?),
            Field::NotK8 => spread_k8(255 - number(value, span, "the mask", 255)?),
            Field::K6 => {
                let k = number(value, span, "the constant", 63)?;
                (k & 0x30) << 2 | k & 0xF
            }
            Field::A6 => {
                let a = number(value, span, "the I/O address", 63)?;
                (a & 0x30) << 5 | a & 0xF
            }
            Field::A5 => number(value, span, "the I/O address", 31)? << 3,
            Field::Bit => number(value, span, "the bit number", 7)?,
            Field::Flag => number(value, span, "the flag number", 7)? << 4,
            Field::Q => {
                let q = number(value, span, "the displacement", 63)?;
                (q & 0x20) << 8 | (q & 0x18) << 7 | q & 7
            }
            Field::Rel7 => (self.distance(value, span, here, 64)? & 0x7F) << 3,
            Field::Rel12 => self.distance(value, span, here, 2048)? & 0xFFF,
            Field::Target => {
                let target = self.target(value, span)? / 2;
                let [low, high, top, _] = target.to_le_bytes();
                bytes[2..4].copy_from_slice(&[low, high]);
                // Bits 17 to 21 go to 4 to 8, bit 16 to 0. Flash ends long before bit 21.
                u16::from(top & 0x3E) << 3 | u16::from(top & 1)
            }
            Field::Memory => {
                bytes[2..4].copy_from_slice(&ram_address(value, span)?.to_le_bytes());
                0
            }
        };
        bytes[..2].copy_from_slice(&first.to_le_bytes());
        Ok(())
    }

    /// The bits of a register, which the first pass has made a number.
    fn register(self, value: Resolved, span: Span) -> Res<u16> {
        let n = constant(value, span)?;
        if self.moved.is_some_and(|low| n & !1 == low) {
            return fail(AvrError::MovedPointer { mnemonic: self.mnemonic, number: n }.into(), span);
        }
        let bits = u16::try_from(n).ok().filter(|n| *n < 32).and_then(|n| {
            Some(match self.field {
                Field::D => n << 4,
                Field::R => (n & 0x10) << 5 | n & 0xF,
                Field::Both => n << 4 | (n & 0x10) << 5 | n & 0xF,
                Field::D16 if n >= 16 => (n - 16) << 4,
                Field::R16 if n >= 16 => n - 16,
                Field::D8 if (16..24).contains(&n) => (n - 16) << 4,
                Field::R8 if (16..24).contains(&n) => n - 16,
                Field::EvenD if n % 2 == 0 => (n / 2) << 4,
                Field::EvenR if n % 2 == 0 => n / 2,
                Field::Pair if n >= 24 && n % 2 == 0 => ((n - 24) / 2) << 4,
                _ => return None,
            })
        });
        let allowed = self.field.registers().unwrap_or("no register");
        match bits {
            Some(bits) => Ok(bits),
            None if (0..32).contains(&n) => {
                fail(AvrError::Register { mnemonic: self.mnemonic, number: n, allowed }.into(), span)
            }
            None => fail(AvrError::RegisterNumber(n).into(), span),
        }
    }

    fn immediate(self, value: Resolved, span: Span) -> Res<u16> {
        match self.modifier {
            Some(modifier) => modifier.apply(value, span),
            None => byte(value, span),
        }
    }

    /// The distance of a target in words, from the next instruction on; it reaches from `-reach` to `reach - 1`. Where
    /// flash has 8 KiB or a part of that, the program counter wraps, so that `rjmp` and `rcall` reach all of it: GNU
    /// ld makes use of that for avr25.
    fn distance(self, value: Resolved, span: Span, here: i64, reach: i64) -> Res<u16> {
        let distance = i64::from(self.target(value, span)?) - (here + 2);
        let words = distance / 2;
        let wraps = self.field == Field::Rel12 && self.core == AvrCore::Avr25;
        if wraps || (-reach..reach).contains(&words) {
            return Ok((words & 0xFFFF) as u16);
        }
        let mnemonic = self.mnemonic;
        fail(AvrError::TooFar { mnemonic, distance, reach: 2 * reach }.into(), span)
    }

    /// An address of an instruction, in bytes.
    fn target(self, value: Resolved, span: Span) -> Res<u32> {
        if matches!(value.space, Some(space) if space != SectionKind::Text) {
            return fail(AvrError::NotInFlash.into(), span);
        }
        match u32::try_from(value.number) {
            Ok(address) if address < self.core.flash() && address % 2 == 0 => Ok(address),
            Ok(address) if address < self.core.flash() => {
                fail(AvrError::OddTarget(address.into()).into(), span)
            }
            _ => fail(AvrError::BeyondFlash { address: value.number, core: self.core }.into(), span),
        }
    }
}

fn spread_k8(k: u16) -> u16 {
    (k & 0xF0) << 4 | k & 0xF
}

fn constant(value: Resolved, span: Span) -> Res<i64> {
    match value.space {
        None => Ok(value.number),
        Some(_) => fail(AvrError::AddressForNumber.into(), span),
    }
}

/// A number from 0 to `last`.
fn number(value: Resolved, span: Span, what: &'static str, last: u16) -> Res<u16> {
    let n = constant(value, span)?;
    match u16::try_from(n) {
        Ok(n) if n <= last => Ok(n),
        _ => fail(AvrError::OutOfRange { what, value: n, last }.into(), span),
    }
}

/// -128..255
fn byte(value: Resolved, span: Span) -> Res<u16> {
    match value.space {
        Some(_) => fail(AvrError::AddressForByte.into(), span),
        None if (-128..256).contains(&value.number) => Ok((value.number & 0xFF) as u16),
        None => fail(AvrError::NotAByte(value.number).into(), span),
    }
}

/// The 16 bits that the machine addresses RAM with.
fn ram_address(value: Resolved, span: Span) -> Res<u16> {
    let ram = i64::from(RAM);
    let number = match value.space {
        Some(SectionKind::Text) => return fail(AvrError::NotInRam.into(), span),
        Some(_) => value.number - ram,
        None if (ram..ram + 0x1_0000).contains(&value.number) => value.number - ram,
        None => value.number,
    };
    match u16::try_from(number) {
        Ok(address) => Ok(address),
        Err(_) => fail(AvrError::BeyondRam(value.number).into(), span),
    }
}

/// The bytes of one number of `.byte`, `.word` or `.long`: `width` is 1, 2 or 4.
pub(in crate::asm) fn data(
    width: u8,
    modifier: Option<Modifier>,
    value: Resolved,
    span: Span,
) -> Res<[u8; 4]> {
    let bits = match (modifier, width) {
        (Some(modifier), _) => modifier.apply(value, span)?.into(),
        (None, 1) => byte(value, span)?.into(),
        (None, 2) => word(value, span)?.into(),
        // An expression has at most 32 bits.
        (None, _) => (value.number & 0xFFFF_FFFF) as u32,
    };
    Ok(bits.to_le_bytes())
}

/// -32768..65535, or an address.
fn word(value: Resolved, span: Span) -> Res<u16> {
    match value.space {
        Some(SectionKind::Text) => match u16::try_from(value.number) {
            Ok(address) => Ok(address),
            Err(_) => fail(AvrError::WordAddress(value.number).into(), span),
        },
        Some(_) => ram_address(value, span),
        None if (-0x8000..0x1_0000).contains(&value.number) => Ok((value.number & 0xFFFF) as u16),
        None => fail(AvrError::NotAWord(value.number).into(), span),
    }
}
