//! Every row of the table has its case, and no opcode meets its fields.

use super::operand::parse_all;
use super::select::chosen;
use super::table::{Cycles, FORMATS, Pat};
use super::{AvrCore, BY_NAME};
use crate::asm::dialect::Dialect;
use crate::asm::isa::Isa;
use crate::asm::lex::lex;
use crate::asm::parse::{Cursor, Scope};
use crate::asm::symbols::Symbols;

const CASES: &str = include_str!("../../../tests/asm_avr/cases.txt");

/// The format that a text such as `add r0,r1` takes, as its index in the table.
fn format_of(text: &str) -> Option<usize> {
    let mut tokens = Vec::new();
    lex(text, 0, Dialect::Gnu, &mut tokens).expect("a case lexes");
    let (mut symbols, mut scope) = (Symbols::default(), Scope::new(Isa::Avr(AvrCore::Avr6)));
    let mut cursor = Cursor::new(&tokens, &mut symbols, &mut scope);
    let mnemonic = cursor.word()?.to_ascii_lowercase();
    cursor.advance();
    let format = chosen(BY_NAME.get(&*mnemonic)?, &parse_all(&mut cursor).ok()?)?;
    FORMATS.iter().position(|other| std::ptr::eq(other, format))
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
    for format in FORMATS {
        let mut taken = format.opcode;
        for pattern in format.operands {
            let mask = match pattern {
                Pat::Field(field) => field.mask(),
                Pat::Displaced(_) => super::table::Field::Q.mask(),
                Pat::At(_) => 0,
            };
            assert_eq!(taken & mask, 0, "{format:?}");
            taken |= mask;
        }
    }
}

#[test]
fn skips_are_of_one_word() {
    // Their time depends on the words of what follows them, which must not be the skip's own second.
    assert!(FORMATS.iter().filter(|format| format.cycles == Cycles::Skip).all(|format| format.words() == 1));
}
