//! What the shared part asks of an instruction set.

use super::error::Res;
use super::insn::Insn;
use super::parse::Cursor;
use super::z80;

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Zilog Z80, all documented instructions and the common undocumented ones.
    Z80,
}

impl Isa {
    /// Parses the operands of `mnemonic` up to the end of the line and chooses the form. `None`: no such mnemonic.
    pub(super) fn parse(self, mnemonic: &str, cursor: &mut Cursor<'_, '_>) -> Option<Res<Insn>> {
        match self {
            Isa::Z80 => z80::parse(mnemonic, cursor),
        }
    }

    /// Whether `word` (in lower case) is a mnemonic.
    pub(super) fn is_mnemonic(self, word: &str) -> bool {
        match self {
            Isa::Z80 => z80::is_mnemonic(word),
        }
    }

    /// Whether `word` (in lower case) is a register or a condition.
    pub(super) fn is_operand_name(self, word: &str) -> bool {
        match self {
            Isa::Z80 => z80::is_operand_name(word),
        }
    }

    /// Every mnemonic, to suggest one.
    pub(super) fn mnemonics(self) -> impl Iterator<Item = &'static str> {
        match self {
            Isa::Z80 => z80::mnemonics(),
        }
    }
}
