//! Zilog Z80: operands, the table of formats, and the choice among them.

mod fixup;
mod operand;
mod select;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::error::Res;
use super::insn::Insn;
use super::parse::Cursor;
use super::section::{SectionKind, Spec};
use table::{FORMATS, Format};

pub(super) use fixup::{FixupKind, byte};

/// All of memory.
pub(super) const SECTIONS: &[Spec] =
    &[Spec { name: ".text", kind: SectionKind::Text, flags: "", code: true, align: 1 }];

/// A format under one of its names, and that name's place in the format's group.
#[derive(Clone, Copy)]
struct Entry {
    format: &'static Format,
    name: &'static str,
    index: u8,
}

/// Every mnemonic's formats, in the order of the table. Only looked up in, never walked.
static BY_NAME: LazyLock<HashMap<&'static str, Vec<Entry>>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Vec<Entry>> = HashMap::new();
    for format in FORMATS {
        for (name, index) in format.names.iter().copied().zip(0u8..).filter(|(name, _)| !name.is_empty()) {
            map.entry(name).or_default().push(Entry { format, name, index });
        }
    }
    map
});

/// Parses the operands of `mnemonic` (in lower case) up to the end of the line. `None`: no such mnemonic.
pub(super) fn parse(mnemonic: &str, cursor: &mut Cursor<'_, '_>) -> Option<Res<Insn>> {
    let entries = BY_NAME.get(mnemonic)?;
    Some(
        operand::parse_all(cursor).and_then(|operands| select::select(entries, operands, cursor.last_span())),
    )
}

/// Whether `word` (in lower case) is a mnemonic.
pub(super) fn is_mnemonic(word: &str) -> bool {
    BY_NAME.contains_key(word)
}

/// Whether `word` (in lower case) is a register or a condition.
pub(super) fn is_operand_name(word: &str) -> bool {
    operand::is_name(word)
}

/// Every mnemonic; some come twice.
pub(super) fn mnemonics() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().flat_map(|format| format.names.iter().copied()).filter(|name| !name.is_empty())
}
