//! What the rest of the assembler asks of an instruction set.

use super::avr::{self, AvrCore};
use super::dialect::Dialect;
use super::error::Res;
use super::insn::Insn;
use super::parse::Cursor;
use super::section::{SectionId, Spec};
use super::z80;

/// An instruction set. With it comes the notation of the text: pasmo's for the Z80, GNU as's for the AVR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Zilog Z80, all documented instructions and the common undocumented ones.
    Z80,
    /// 8-bit AVR, what the core has.
    Avr(AvrCore),
}

impl Isa {
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Isa::Z80 => Dialect::Pasmo,
            Isa::Avr(_) => Dialect::Gnu,
        }
    }

    /// The sections that a text can name, in the order in which they lie.
    pub(super) fn sections(self) -> &'static [Spec] {
        match self {
            Isa::Z80 => z80::SECTIONS,
            Isa::Avr(_) => avr::SECTIONS,
        }
    }

    /// The section that a text starts in.
    pub(super) fn first_section(self) -> SectionId {
        match self {
            Isa::Z80 => SectionId(0),
            Isa::Avr(_) => avr::TEXT,
        }
    }

    /// How many bytes each [`SectionKind`](super::section::SectionKind) has room for.
    pub(super) fn limits(self) -> [u32; 4] {
        match self {
            Isa::Z80 => [0x1_0000; 4],
            Isa::Avr(core) => [core.flash(), 0x1_0000, 0x1_0000, 0x1_0000],
        }
    }

    /// Parses the operands of `mnemonic` up to the end of the line and chooses the format. `None`: no such mnemonic.
    pub(super) fn parse(self, mnemonic: &str, cursor: &mut Cursor<'_, '_>) -> Option<Res<Insn>> {
        match self {
            Isa::Z80 => z80::parse(mnemonic, cursor),
            Isa::Avr(core) => avr::parse(core, mnemonic, cursor),
        }
    }

    /// Whether `word` (in lower case) is a mnemonic.
    pub(super) fn is_mnemonic(self, word: &str) -> bool {
        match self {
            Isa::Z80 => z80::is_mnemonic(word),
            Isa::Avr(_) => avr::is_mnemonic(word),
        }
    }

    /// Whether `word` (in lower case) is a register, a condition or the like.
    pub(super) fn is_operand_name(self, word: &str) -> bool {
        match self {
            Isa::Z80 => z80::is_operand_name(word),
            Isa::Avr(_) => avr::is_operand_name(word),
        }
    }

    /// Every mnemonic, to suggest one.
    pub(super) fn mnemonics(self) -> Box<dyn Iterator<Item = &'static str>> {
        match self {
            Isa::Z80 => Box::new(z80::mnemonics()),
            Isa::Avr(_) => Box::new(avr::mnemonics()),
        }
    }
}
