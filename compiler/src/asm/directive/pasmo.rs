//! pasmo's directives.

use super::{Body, Item, Value, items, space};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::pasmo as expr;
use crate::asm::lex::{Token, decode};
use crate::asm::parse::Cursor;

/// The directives of this assembler.
pub(in crate::asm) const NAMES: &[&str] =
    &["align", "db", "defb", "defm", "defs", "defw", "ds", "dw", "end", "equ", "org"];

/// Those that only pasmo has.
const UNSUPPORTED: &[&str] = &[
    ".error", ".shift", ".warning", "defl", "else", "endif", "endm", "endp", "exitm", "if", "incbin",
    "include", "irp", "local", "macro", "proc", "public", "rept",
];

/// Whether `word` (in lower case) is a directive here or in pasmo.
pub(in crate::asm) fn is_directive(word: &str) -> bool {
    NAMES.contains(&word) || UNSUPPORTED.contains(&word)
}

/// Parses the operands of the directive `word` (in lower case), which stands at `span`. `None`: no such directive.
pub(in crate::asm) fn parse(
    word: &str,
    span: Span,
    cursor: &mut Cursor<'_, '_>,
    labelled: bool,
) -> Option<Res<Body>> {
    Some(match word {
        "db" | "defb" | "defm" => items(cursor, byte_item),
        "dw" | "defw" => items(cursor, |cursor| value(cursor).map(|value| Item::plain(2, value))),
        "ds" | "defs" => space(cursor, value),
        // pasmo gives a label before `org` the address after it.
        "org" if labelled => fail(ErrorKind::LabelNotAllowed("org"), span),
        // Before the padding or after it? Either guess would surprise someone.
        "align" if labelled => fail(ErrorKind::LabelNotAllowed("align"), span),
        "org" => value(cursor).map(Body::Org),
        "align" => value(cursor).map(Body::Align),
        "equ" if labelled => value(cursor).map(Body::Equ),
        "equ" => fail(ErrorKind::EquWithoutName, span),
        "end" if cursor.at_end() => Ok(Body::End(None)),
        "end" => value(cursor).map(|value| Body::End(Some(value))),
        _ if UNSUPPORTED.contains(&word) => fail(ErrorKind::UnsupportedDirective(word.to_owned()), span),
        _ => return None,
    })
}

fn value(cursor: &mut Cursor<'_, '_>) -> Res<Value> {
    let (expr, span) = expr::parse(cursor)?;
    Ok(Value { expr, span })
}

/// A string that stands alone is text; in an expression, a number.
fn byte_item(cursor: &mut Cursor<'_, '_>) -> Res<Item> {
    if let Some(Token::Text(text)) = cursor.peek()
        && matches!(cursor.peek_at(1), None | Some(Token::Sign(",")))
    {
        let bytes = decode(text, cursor.span())?;
        cursor.advance();
        return Ok(Item::Text(bytes));
    }
    value(cursor).map(|value| Item::plain(1, value))
}
