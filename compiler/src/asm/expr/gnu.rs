//! Expressions as GNU as reads them.
//!
//! From the tightest to the loosest; those on one line associate to the left:
//!
//! ```text
//! - + ~ !                       prefix
//! * / % << >>
//! & | ^                         all alike, and tighter than + and -, unlike C
//! + -
//! == != <> < <= > >=            true is -1, false 0
//! &&                            true is 1
//! ||
//! ```
//!
//! Values are signed. Refused are results that need more than 32 bits, and negative numbers shifted right: how GNU as
//! was built decides what that gives.

use super::{Expr, Infix, MAX_DEPTH, Node, Prefix};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::lex::Token;
use crate::asm::parse::Cursor;

/// The infix operators of the levels from the loosest in.
const LEVELS: [&[(&str, Infix)]; 6] = [
    &[("||", Infix::LogicalOr)],
    &[("&&", Infix::LogicalAnd)],
    &[
        ("==", Infix::Equal),
        ("!=", Infix::NotEqual),
        ("<>", Infix::NotEqual),
        ("<", Infix::Less),
        ("<=", Infix::LessEqual),
        (">", Infix::Greater),
        (">=", Infix::GreaterEqual),
    ],
    &[("+", Infix::Add), ("-", Infix::Subtract)],
    &[("&", Infix::And), ("|", Infix::Or), ("^", Infix::Xor)],
    &[
        ("*", Infix::Multiply),
        ("/", Infix::Divide),
        ("%", Infix::Remainder),
        ("<<", Infix::ShiftLeft),
        (">>", Infix::ShiftRight),
    ],
];

const PREFIXES: &[(&str, Prefix)] =
    &[("-", Prefix::Minus), ("+", Prefix::Plus), ("~", Prefix::Not), ("!", Prefix::LogicalNot)];

/// Parses an expression; `span` of the result covers it all.
pub(in crate::asm) fn parse(cursor: &mut Cursor<'_, '_>) -> Res<(Expr, Span)> {
    let start = cursor.span();
    let mut out = Vec::new();
    level(cursor, 0, 0, &mut out)?;
    Ok((Expr::from_nodes(out), start.to(cursor.last_span())))
}

fn level(cursor: &mut Cursor<'_, '_>, at: usize, depth: u32, out: &mut Vec<Node>) -> Res<()> {
    let Some(operators) = LEVELS.get(at) else { return operand(cursor, depth, out) };
    level(cursor, at + 1, depth, out)?;
    while let Some(op) = lookup(operators, cursor.peek()) {
        cursor.advance();
        let span = cursor.span();
        level(cursor, at + 1, depth, out)?;
        out.push(Node::Infix(op, span.to(cursor.last_span())));
    }
    Ok(())
}

fn lookup<T: Copy>(table: &[(&str, T)], token: Option<Token<'_>>) -> Option<T> {
    let Some(Token::Sign(sign)) = token else { return None };
    table.iter().find(|(name, _)| *name == sign).map(|(_, op)| *op)
}

/// A value with the prefix operators before it.
fn operand(cursor: &mut Cursor<'_, '_>, depth: u32, out: &mut Vec<Node>) -> Res<()> {
    let span = cursor.span();
    let node = match cursor.peek() {
        Some(Token::Number(value)) => Node::Number(value),
        Some(Token::Name(".")) => Node::Here(span),
        Some(Token::Name(word)) => Node::Symbol(cursor.reference(word, span)?, span),
        Some(Token::Sign("(")) => {
            check(depth, span)?;
            cursor.advance();
            level(cursor, 0, depth + 1, out)?;
            return cursor.expect_sign(")", "`)` or an operator");
        }
        token => {
            let Some(op) = lookup(PREFIXES, token) else { return cursor.expected("a value") };
            check(depth, span)?;
            cursor.advance();
            let span = cursor.span();
            operand(cursor, depth + 1, out)?;
            out.push(Node::Prefix(op, span.to(cursor.last_span())));
            return Ok(());
        }
    };
    cursor.advance();
    out.push(node);
    Ok(())
}

fn check(depth: u32, span: Span) -> Res<()> {
    if depth < MAX_DEPTH { Ok(()) } else { fail(ErrorKind::NestedTooDeeply, span) }
}
