//! Parses the operands behind a Z80 mnemonic.

use super::fixup::FixupKind;
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::{Expr, pasmo as expr};
use crate::asm::lex::Token;
use crate::asm::parse::Cursor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reg {
    A,
    B,
    C,
    D,
    E,
    H,
    L,
    F,
    I,
    R,
    Bc,
    De,
    Hl,
    Sp,
    Af,
    AfAlt,
    Ix,
    Iy,
    Ixh,
    Ixl,
    Iyh,
    Iyl,
}

#[derive(Debug)]
pub(super) struct Operand {
    pub kind: Kind,
    pub span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    Reg(Reg),
    /// A condition's code: nz z nc c po pe p m. `c` comes as the register.
    Cond(u8),
    /// `(hl)`, `(c)`, also `(ix)`.
    Mem(Reg),
    /// `(ix+d)`; the fixup kind tells the sign.
    Indexed(Reg, FixupKind, Expr),
    /// `(nn)`
    MemExpr(Expr),
    Expr(Expr),
}

const REGS: &[(&str, Reg)] = &[
    ("a", Reg::A),
    ("b", Reg::B),
    ("c", Reg::C),
    ("d", Reg::D),
    ("e", Reg::E),
    ("h", Reg::H),
    ("l", Reg::L),
    ("hl", Reg::Hl),
    ("de", Reg::De),
    ("bc", Reg::Bc),
    ("sp", Reg::Sp),
    ("af", Reg::Af),
    ("af'", Reg::AfAlt),
    ("ix", Reg::Ix),
    ("iy", Reg::Iy),
    ("ixh", Reg::Ixh),
    ("ixl", Reg::Ixl),
    ("iyh", Reg::Iyh),
    ("iyl", Reg::Iyl),
    ("f", Reg::F),
    ("i", Reg::I),
    ("r", Reg::R),
];

impl Reg {
    pub fn name(self) -> &'static str {
        REGS.iter().find(|(_, reg)| *reg == self).map_or("", |(name, _)| name)
    }
}

const CONDITIONS: &[(&str, u8)] = &[("nz", 0), ("z", 1), ("nc", 2), ("po", 4), ("pe", 5), ("p", 6), ("m", 7)];

fn lookup<T: Copy>(table: &[(&str, T)], token: Option<Token<'_>>) -> Option<T> {
    let Some(Token::Name(word)) = token else { return None };
    // The longest name has three letters; most symbols end the search here.
    if word.len() > 3 {
        return None;
    }
    table.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}

/// Whether `word` is a register or a condition.
pub(super) fn is_name(word: &str) -> bool {
    let token = Some(Token::Name(word));
    lookup(REGS, token).is_some() || lookup(CONDITIONS, token).is_some()
}

/// Parses the rest of the line: operands with commas between them, or none.
pub(super) fn parse_all(cursor: &mut Cursor<'_, '_>) -> Res<Vec<Operand>> {
    cursor.comma_separated(parse, |operand| matches!(operand.kind, Kind::Expr(_)))
}

fn parse(cursor: &mut Cursor<'_, '_>) -> Res<Operand> {
    let start = cursor.span();
    let kind = if cursor.accept_sign("(") {
        let kind = parse_memory(cursor)?;
        if !matches!(cursor.peek(), None | Some(Token::Sign(","))) {
            return fail(ErrorKind::ParenthesisGoesOn, start.to(cursor.span()));
        }
        kind
    } else if let Some(reg) = lookup(REGS, cursor.peek()) {
        cursor.advance();
        Kind::Reg(reg)
    } else if let Some(code) = lookup(CONDITIONS, cursor.peek()) {
        cursor.advance();
        Kind::Cond(code)
    } else {
        Kind::Expr(expr::parse(cursor)?.0)
    };
    Ok(Operand { kind, span: start.to(cursor.last_span()) })
}

/// What follows the opening parenthesis, with the closing one.
fn parse_memory(cursor: &mut Cursor<'_, '_>) -> Res<Kind> {
    let Some(reg) = lookup(REGS, cursor.peek()) else {
        let (expr, _) = expr::parse(cursor)?;
        cursor.expect_sign(")", "`)` or an operator")?;
        return Ok(Kind::MemExpr(expr));
    };
    cursor.advance();
    if matches!(reg, Reg::Ix | Reg::Iy) {
        let indexed = if cursor.accept_sign("+") {
            Some((FixupKind::Plus, expr::parse(cursor)?.0))
        } else if cursor.accept_sign("-") {
            Some((FixupKind::Minus, expr::parse_after_minus(cursor)?.0))
        } else {
            None
        };
        if let Some((sign, expr)) = indexed {
            cursor.expect_sign(")", "`)` or an operator")?;
            return Ok(Kind::Indexed(reg, sign, expr));
        }
        cursor.expect_sign(")", "`+`, `-` or `)`")?;
    } else {
        cursor.expect_sign(")", "`)`")?;
    }
    Ok(Kind::Mem(reg))
}
