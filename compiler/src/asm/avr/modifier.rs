//! The operators that take a byte or a word address out of an address: `lo8(x)`, `hi8(-(x))`, `lo8(pm(x))`, `gs(x)`.
//!
//! As in GNU as they are no part of an expression: nothing can stand before or behind them.

use super::{AvrCore, AvrError};
use crate::asm::error::{Res, Span, fail};
use crate::asm::expr::{Expr, gnu};
use crate::asm::isa::Isa;
use crate::asm::lex::Token;
use crate::asm::parse::Cursor;
use crate::asm::section::{Resolved, SectionKind};

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::asm) struct Modifier {
    negate: bool,
    /// Halved, as flash is addressed by words; the value must be even.
    words: bool,
    /// Which byte is taken; `None`: the lower two.
    byte: Option<u8>,
}

/// Their names, whether they halve the value, and which byte they take.
const NAMES: &[(&str, bool, Option<u8>)] = &[
    ("lo8", false, Some(0)),
    ("hi8", false, Some(1)),
    ("hh8", false, Some(2)),
    ("hlo8", false, Some(2)),
    ("hhi8", false, Some(3)),
    ("pm_lo8", true, Some(0)),
    ("pm_hi8", true, Some(1)),
    ("pm_hh8", true, Some(2)),
    ("gs", true, None),
    ("pm", true, None),
];

/// Where a modifier stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::asm) enum Place {
    Immediate,
    Byte,
    Word,
}

impl Place {
    /// Whether GNU as knows the operator here.
    fn takes(self, name: &str) -> bool {
        match self {
            Place::Immediate => !matches!(name, "gs" | "pm"),
            Place::Byte => matches!(name, "lo8" | "hi8" | "hh8"),
            Place::Word => matches!(name, "gs" | "pm"),
        }
    }
}

pub(super) fn is_name(word: &str) -> bool {
    NAMES.iter().any(|(name, ..)| *name == word)
}

/// With a program counter of three bytes GNU ld puts a jump of its own into flash for `gs`, and for `pm` in `.word`.
fn check_stubs(name: &'static str, isa: Isa, span: Span) -> Res<()> {
    if isa == Isa::Avr(AvrCore::Avr6) { fail(AvrError::Stub(name).into(), span) } else { Ok(()) }
}

impl Modifier {
    /// Parses a modifier with its operand, if one stands here.
    pub fn parse(cursor: &mut Cursor<'_, '_>, place: Place) -> Option<Res<(Modifier, Expr)>> {
        let word = cursor.word()?;
        if cursor.peek_at(1) != Some(Token::Sign("(")) {
            return None;
        }
        let (name, words, byte) = *NAMES.iter().find(|(name, ..)| *name == word)?;
        let span = cursor.span();
        if place == Place::Word
            && let Err(problem) = check_stubs(name, cursor.isa(), span)
        {
            return Some(Err(problem));
        }
        Some(if place.takes(name) {
            cursor.advance();
            cursor.advance();
            let modifier = Modifier { negate: false, words, byte };
            modifier.operand(cursor, place)
        } else {
            fail(AvrError::ModifierHere(name).into(), span)
        })
    }

    /// What follows the opening parenthesis: perhaps a minus sign before a parenthesis, perhaps `pm(` or `gs(`.
    fn operand(mut self, cursor: &mut Cursor<'_, '_>, place: Place) -> Res<(Modifier, Expr)> {
        let mut open = 1;
        if place == Place::Immediate
            && cursor.peek() == Some(Token::Sign("-"))
            && cursor.peek_at(1) == Some(Token::Sign("("))
        {
            cursor.advance();
            cursor.advance();
            self.negate = true;
            open += 1;
        }
        if place == Place::Immediate
            && !self.words
            && cursor.peek_at(1) == Some(Token::Sign("("))
            && matches!(cursor.word(), Some("pm" | "gs"))
        {
            if cursor.word() == Some("gs") {
                check_stubs("gs", cursor.isa(), cursor.span())?;
            }
            cursor.advance();
            cursor.advance();
            self.words = true;
            open += 1;
        }
        let (expr, _) = gnu::parse(cursor)?;
        cursor.expect_sign(")", "`)` or an operator")?;
        for _ in 1..open {
            cursor.expect_sign(")", "`)`")?;
        }
        Ok((self, expr))
    }

    /// The value's byte or word.
    pub fn apply(self, value: Resolved, span: Span) -> Res<u16> {
        if self.words && matches!(value.space, Some(space) if space != SectionKind::Text) {
            return fail(AvrError::NotInFlash.into(), span);
        }
        if self.words && value.number % 2 != 0 {
            return fail(AvrError::OddTarget(value.number).into(), span);
        }
        let number = if self.negate { -value.number } else { value.number };
        let number = if self.words { number >> 1 } else { number };
        match self.byte {
            Some(byte) => Ok((number >> (8 * byte) & 0xFF) as u16),
            None if (0..=0xFFFF).contains(&number) => Ok(number as u16),
            None => fail(AvrError::WordAddress(number).into(), span),
        }
    }
}
