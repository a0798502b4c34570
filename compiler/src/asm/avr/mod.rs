//! 8-bit AVR: cores, sections, operands, the table of formats, and the choice among them. The notation is GNU as's.

mod core;
mod error;
mod fixup;
mod modifier;
mod operand;
mod section;
mod select;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::error::Res;
use super::insn::Insn;
use super::parse::Cursor;
use table::{FORMATS, Format};

pub use core::AvrCore;
pub use error::AvrError;
pub(super) use fixup::{FixupKind, data};
pub(super) use modifier::{Modifier, Place};
pub(super) use section::{DATA, RAM, SECTIONS, TEXT, find};

/// Every mnemonic's formats, in the order of the table. Only looked up in, never walked.
static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static Format>>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Vec<&'static Format>> = HashMap::new();
    for format in FORMATS {
        map.entry(format.name).or_default().push(format);
    }
    map
});

/// Parses the operands of `mnemonic` (in lower case) up to the end of the line. `None`: no such mnemonic.
pub(super) fn parse(core: AvrCore, mnemonic: &str, cursor: &mut Cursor<'_, '_>) -> Option<Res<Insn>> {
    let formats = BY_NAME.get(mnemonic)?;
    let span = cursor.last_span();
    Some(
        select::check_core(core, formats, span)
            .and_then(|()| operand::parse_all(cursor))
            .and_then(|operands| select::select(core, formats, operands, span)),
    )
}

/// Whether `word` (in lower case) is a mnemonic.
pub(super) fn is_mnemonic(word: &str) -> bool {
    BY_NAME.contains_key(word)
}

/// Whether `word` (in lower case) is a register or the name of an operator such as `lo8`.
pub(super) fn is_operand_name(word: &str) -> bool {
    operand::is_register(word) || modifier::is_name(word)
}

/// Every mnemonic; some come twice.
pub(super) fn mnemonics() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}
