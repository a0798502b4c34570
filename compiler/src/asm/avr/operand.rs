//! Parses the operands behind an AVR mnemonic.

use super::modifier::{Modifier, Place};
use crate::asm::error::{Res, Span};
use crate::asm::expr::{Expr, gnu};
use crate::asm::lex::Token;
use crate::asm::parse::Cursor;

/// A pointer register and what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ptr {
    X,
    XInc,
    DecX,
    Y,
    YInc,
    DecY,
    Z,
    ZInc,
    DecZ,
}

impl Ptr {
    pub fn name(self) -> &'static str {
        match self {
            Ptr::X => "X",
            Ptr::XInc => "X+",
            Ptr::DecX => "-X",
            Ptr::Y => "Y",
            Ptr::YInc => "Y+",
            Ptr::DecY => "-Y",
            Ptr::Z => "Z",
            Ptr::ZInc => "Z+",
            Ptr::DecZ => "-Z",
        }
    }

    /// The pointer's low register, if the instruction moves it.
    pub fn moved(self) -> Option<i64> {
        match self {
            Ptr::X | Ptr::Y | Ptr::Z => None,
            Ptr::XInc | Ptr::DecX => Some(26),
            Ptr::YInc | Ptr::DecY => Some(28),
            Ptr::ZInc | Ptr::DecZ => Some(30),
        }
    }

    /// The pointer that `word` names, alone, with `+` behind it and with `-` before it.
    fn of(word: &str) -> Option<[Ptr; 3]> {
        match word {
            "X" | "x" => Some([Ptr::X, Ptr::XInc, Ptr::DecX]),
            "Y" | "y" => Some([Ptr::Y, Ptr::YInc, Ptr::DecY]),
            "Z" | "z" => Some([Ptr::Z, Ptr::ZInc, Ptr::DecZ]),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Operand {
    pub kind: Kind,
    pub span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A register's number.
    Reg(u8),
    Ptr(Ptr),
    /// `Y+q`, `Z+q`, also `X+q`, which no format takes.
    Displaced(Ptr, Expr, Span),
    /// `lo8(x)` and the like.
    Modified(Modifier, Expr),
    Expr(Expr),
}

/// r0 to r31, and the names of the pointers' halves.
fn register(word: &str) -> Option<u8> {
    let halves = ["xl", "xh", "yl", "yh", "zl", "zh"];
    if let Some(at) = halves.iter().position(|half| half.eq_ignore_ascii_case(word)) {
        return Some(26 + at as u8);
    }
    let digits = word.strip_prefix(['r', 'R'])?;
    let plain =
        digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|number| plain && *number < 32)
}

pub(super) fn is_register(word: &str) -> bool {
    register(word).is_some() || Ptr::of(word).is_some()
}

/// Parses the rest of the line: operands with commas between them, or none.
pub(super) fn parse_all(cursor: &mut Cursor<'_, '_>) -> Res<Vec<Operand>> {
    cursor.comma_separated(parse, |operand| matches!(operand.kind, Kind::Expr(_) | Kind::Displaced(..)))
}

fn parse(cursor: &mut Cursor<'_, '_>) -> Res<Operand> {
    let start = cursor.span();
    let kind = if let Some(kind) = pointer(cursor)? {
        kind
    } else if let Some(number) = cursor.word().and_then(register) {
        cursor.advance();
        Kind::Reg(number)
    } else if let Some(modified) = Modifier::parse(cursor, Place::Immediate) {
        let (modifier, expr) = modified?;
        Kind::Modified(modifier, expr)
    } else {
        Kind::Expr(gnu::parse(cursor)?.0)
    };
    Ok(Operand { kind, span: start.to(cursor.last_span()) })
}

fn pointer(cursor: &mut Cursor<'_, '_>) -> Res<Option<Kind>> {
    if cursor.peek() == Some(Token::Sign("-")) {
        let Some(Token::Name(word)) = cursor.peek_at(1) else { return Ok(None) };
        let Some([_, _, decremented]) = Ptr::of(word) else { return Ok(None) };
        cursor.advance();
        cursor.advance();
        return Ok(Some(Kind::Ptr(decremented)));
    }
    let Some([plain, incremented, _]) = cursor.word().and_then(Ptr::of) else { return Ok(None) };
    cursor.advance();
    if !cursor.accept_sign("+") {
        return Ok(Some(Kind::Ptr(plain)));
    }
    if matches!(cursor.peek(), None | Some(Token::Sign(","))) {
        return Ok(Some(Kind::Ptr(incremented)));
    }
    let (expr, span) = gnu::parse(cursor)?;
    Ok(Some(Kind::Displaced(plain, expr, span)))
}
