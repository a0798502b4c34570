//! Every row of the table has its case.

use super::operand::parse_all;
use super::select::chosen;
use super::table::FORMATS;
use super::{BY_NAME, Entry};
use crate::asm::dialect::Dialect;
use crate::asm::isa::Isa;
use crate::asm::lex::lex;
use crate::asm::parse::{Cursor, Scope};
use crate::asm::symbols::Symbols;

const CASES: &str = include_str!("../../../tests/asm_z80/cases.txt");

/// The format that a text such as `ld a,b` takes, as its index in the table.
fn format_of(text: &str) -> Option<usize> {
    let mut tokens = Vec::new();
    lex(text, 0, Dialect::Pasmo, &mut tokens).expect("a case lexes");
    let (mut symbols, mut scope) = (Symbols::default(), Scope::new(Isa::Z80));
    let mut cursor = Cursor::new(&tokens, &mut symbols, &mut scope);
    let mnemonic = cursor.word()?.to_ascii_lowercase();
    cursor.advance();
    let entries: &[Entry] = BY_NAME.get(&*mnemonic)?;
    let entry = chosen(entries, &parse_all(&mut cursor).ok()?)?;
    FORMATS.iter().position(|format| std::ptr::eq(format, entry.format))
}

#[test]
fn every_format_has_a_case() {
    let cases = CASES.lines().filter(|line| !line.starts_with(';')).filter_map(|line| line.split_once('|'));
    let mut covered = vec![false; FORMATS.len()];
    for (text, _) in cases {
        covered[format_of(text.trim()).unwrap_or_else(|| panic!("no format for {text}"))] = true;
    }
    let missing: Vec<_> = FORMATS.iter().zip(covered).filter(|(_, covered)| !covered).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn an_opcode_leaves_room_for_its_fields() {
    // The codes of operands are or-ed in, the place in the group is added: neither may meet a set bit or carry.
    for format in FORMATS {
        let last = u8::try_from(format.names.len() - 1).expect("few names");
        let top = format.step.checked_mul(last).and_then(|grown| format.opcode.checked_add(grown));
        let top = top.unwrap_or_else(|| panic!("{format:?} overflows"));
        let fields = format.operands.iter().fold(0, |all, pattern| all | pattern.field());
        for index in 0..=last {
            assert_eq!((format.opcode + index * format.step) & fields, 0, "{format:?} up to {top:02X}");
        }
    }
}
