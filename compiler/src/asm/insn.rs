//! A machine instruction: its format and size are known, its values perhaps not yet.

use std::fmt;

use super::error::{Res, Span};
use super::expr::Expr;
use super::section::Resolved;
use super::{avr, z80};

/// The clock cycles of an instruction, T-states on the Z80, as the manual counts them: without wait states or
/// contention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When a condition is false, a loop ends or a block instruction stops; the only one for all others.
    pub not_taken: u8,
    /// When a jump, call or return is taken, a block instruction repeats or a skip skips: over the instruction that
    /// follows it in the text, of one word or two.
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
    /// Whether it may skip the instruction that follows, which then decides about `timing.taken`.
    pub skips: bool,
}

/// A value still to be put into an instruction.
#[derive(Clone, Debug)]
pub(super) struct Fixup {
    pub kind: FixupKind,
    /// The byte of the instruction that takes the value, or its low half; the AVR's kinds know theirs.
    pub at: usize,
    pub expr: Expr,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FixupKind {
    Z80(z80::FixupKind),
    Avr(avr::FixupKind),
}

impl FixupKind {
    /// Whether the other assembler checks the value in its first pass already, so that it cannot refer forward.
    pub fn needed_in_first_pass(self) -> bool {
        match self {
            FixupKind::Z80(kind) => kind.needed_in_first_pass(),
            FixupKind::Avr(kind) => kind.needed_in_first_pass(),
        }
    }
}

impl Insn {
    pub fn new(timing: Timing) -> Insn {
        Insn { bytes: [0; MAX_LEN], len: 0, fixups: Vec::new(), timing, skips: false }
    }

    /// Appends a byte. An instruction set's table holds no format of more than [`MAX_LEN`].
    pub fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Puts `value` where the fixup wants it. `here` is the address of the instruction.
    pub fn patch(&mut self, kind: FixupKind, at: usize, span: Span, value: Resolved, here: u32) -> Res<()> {
        let bytes = &mut self.bytes[..self.len];
        match kind {
            FixupKind::Z80(kind) => kind.patch(bytes, at, span, (value.number & 0xFFFF) as u16, here),
            FixupKind::Avr(kind) => kind.patch(bytes, span, value, here),
        }
    }
}
