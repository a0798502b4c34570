//! A machine instruction whose form is chosen and whose size is known, but whose values may not be.

use std::fmt;

use super::error::{ErrorKind, Res, Span, fail};
use super::expr::Expr;

/// T-states of an instruction, as the manual counts them: without wait states or contention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When a condition is false, a loop ends or a block instruction stops; the only one for all others.
    pub not_taken: u8,
    /// When a jump, call or return is taken or a block instruction repeats.
    pub taken: u8,
}

impl fmt::Display for Timing {
    /// `12/7`: taken, then not taken; `10` where both are the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.taken == self.not_taken {
            write!(f, "{}", self.taken)
        } else {
            write!(f, "{}/{}", self.taken, self.not_taken)
        }
    }
}

/// The longest instruction of the instruction sets here.
pub(super) const MAX_LEN: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct Insn {
    bytes: [u8; MAX_LEN],
    len: usize,
    pub fixups: Vec<Fixup>,
    pub timing: Timing,
}

/// A value still to be put into an instruction.
#[derive(Clone, Debug)]
pub(super) struct Fixup {
    pub kind: FixupKind,
    /// The byte of the instruction that takes the value, or its low half.
    pub at: usize,
    pub expr: Expr,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FixupKind {
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
}

impl Insn {
    pub fn new(timing: Timing) -> Insn {
        Insn { bytes: [0; MAX_LEN], len: 0, fixups: Vec::new(), timing }
    }

    /// Appends a byte. An instruction set's table holds no form of more than [`MAX_LEN`].
    pub fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Puts `value` where the fixup wants it. `here` is the address of the instruction.
    pub fn patch(&mut self, kind: FixupKind, at: usize, span: Span, value: u16, here: u32) -> Res<()> {
        let signed = i32::from(value.cast_signed());
        let low = value.to_le_bytes()[0];
        match kind {
            FixupKind::Byte => self.bytes[at] = byte(value, span)?,
            FixupKind::Word => self.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes()),
            FixupKind::Plus if value <= 127 => self.bytes[at] = low,
            FixupKind::Plus => return fail(ErrorKind::Displacement(signed), span),
            FixupKind::Minus if value <= 128 => self.bytes[at] = low.wrapping_neg(),
            FixupKind::Minus => return fail(ErrorKind::Displacement(-signed), span),
            FixupKind::Relative { mnemonic } => {
                // Memory has at most 65536 bytes, so both fit in an i32. No wrap past FFFFh: pasmo has none.
                let distance = i32::from(value) - (here as i32 + self.len as i32);
                match i8::try_from(distance) {
                    Ok(distance) => self.bytes[at] = distance.cast_unsigned(),
                    Err(_) => return fail(ErrorKind::TooFar { mnemonic, distance }, span),
                }
            }
            FixupKind::Bit if value <= 7 => self.bytes[at] |= low << 3,
            FixupKind::Bit => return fail(ErrorKind::BitNumber(value), span),
            FixupKind::Restart if value & !0x38 == 0 => self.bytes[at] |= low,
            FixupKind::Restart => return fail(ErrorKind::Restart(value), span),
            FixupKind::InterruptMode => match [0x46, 0x56, 0x5E].get(usize::from(value)) {
                Some(opcode) => self.bytes[at] = *opcode,
                None => return fail(ErrorKind::InterruptMode(value), span),
            },
        }
        Ok(())
    }
}

/// A value as one byte: 0..255, or -128..-1 as sixteen bits show it.
pub(super) fn byte(value: u16, span: Span) -> Res<u8> {
    if value <= 0xFF || value >= 0xFF80 {
        Ok(value.to_le_bytes()[0])
    } else {
        fail(ErrorKind::NotAByte(value), span)
    }
}
