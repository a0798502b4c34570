//! Puts values into Z80 instructions.

use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::insn;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::asm) enum FixupKind {
    /// -128..255
    Byte,
    /// Two bytes, the low one first.
    Word,
    /// The `d` of `(ix+d)`.
    Plus,
    /// The `d` of `(ix-d)`.
    Minus,
    /// A jump's distance from the end of the instruction.
    Relative { mnemonic: &'static str },
    /// A bit number, in bits 3 to 5.
    Bit,
    /// The operand of `rst`.
    Restart,
    /// The operand of `im`.
    InterruptMode,
}

impl From<FixupKind> for insn::FixupKind {
    fn from(kind: FixupKind) -> insn::FixupKind {
        insn::FixupKind::Z80(kind)
    }
}

impl FixupKind {
    /// pasmo checks these values in its first pass already, where a symbol from below still counts as 0.
    pub fn needed_in_first_pass(self) -> bool {
        match self {
            FixupKind::Byte | FixupKind::Word | FixupKind::Relative { .. } => false,
            FixupKind::Plus
            | FixupKind::Minus
            | FixupKind::Bit
            | FixupKind::Restart
            | FixupKind::InterruptMode => true,
        }
    }

    /// Puts `value` where the fixup wants it. `here` is the address of the instruction.
    pub fn patch(self, bytes: &mut [u8], at: usize, span: Span, value: u16, here: u32) -> Res<()> {
        let signed = i32::from(value.cast_signed());
        let low = value.to_le_bytes()[0];
        match self {
            FixupKind::Byte => bytes[at] = byte(value, span)?,
            FixupKind::Word => bytes[at..at + 2].copy_from_slice(&value.to_le_bytes()),
            FixupKind::Plus if value <= 127 => bytes[at] = low,
            FixupKind::Plus => return fail(ErrorKind::Displacement(signed), span),
            FixupKind::Minus if value <= 128 => bytes[at] = low.wrapping_neg(),
            FixupKind::Minus => return fail(ErrorKind::Displacement(-signed), span),
            FixupKind::Relative { mnemonic } => {
                // Memory has at most 65536 bytes, so both fit in an i32. No wrap past FFFFh: pasmo has none.
                let distance = i32::from(value) - (here as i32 + bytes.len() as i32);
                match i8::try_from(distance) {
                    Ok(distance) => bytes[at] = distance.cast_unsigned(),
                    Err(_) => return fail(ErrorKind::TooFar { mnemonic, distance }, span),
                }
            }
            FixupKind::Bit if value <= 7 => bytes[at] |= low << 3,
            FixupKind::Bit => return fail(ErrorKind::BitNumber(value), span),
            FixupKind::Restart if value & !0x38 == 0 => bytes[at] |= low,
            FixupKind::Restart => return fail(ErrorKind::Restart(value), span),
            FixupKind::InterruptMode => match [0x46, 0x56, 0x5E].get(usize::from(value)) {
                Some(opcode) => bytes[at] = *opcode,
                None => return fail(ErrorKind::InterruptMode(value), span),
            },
        }
        Ok(())
    }
}

/// A value as one byte: 0..255, or -128..-1 as sixteen bits show it.
pub(in crate::asm) fn byte(value: u16, span: Span) -> Res<u8> {
    if value <= 0xFF || value >= 0xFF80 {
        Ok(value.to_le_bytes()[0])
    } else {
        fail(ErrorKind::NotAByte(value), span)
    }
}
