//! GNU as's directives.

use super::{Body, Item, Number, Value, items, space};
use crate::asm::avr::{self, AvrError, Modifier, Place};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::gnu as expr;
use crate::asm::lex::{Token, decode_gnu};
use crate::asm::parse::{Cursor, Label, check_name};

pub(in crate::asm) const NAMES: &[&str] = &[
    ".2byte", ".4byte", ".ascii", ".asciz", ".balign", ".byte", ".data", ".end", ".equ", ".global", ".globl",
    ".hword", ".long", ".org", ".section", ".set", ".short", ".skip", ".space", ".string", ".text", ".word",
    ".zero",
];

/// Parses the operands of the directive `word` (in lower case), which stands at `span`. `None`: no such directive.
pub(in crate::asm) fn parse(
    word: &str,
    span: Span,
    cursor: &mut Cursor<'_, '_>,
    labelled: bool,
) -> Option<Res<Body>> {
    Some(match word {
        ".byte" => items(cursor, |cursor| number(cursor, 1, Place::Byte)),
        ".word" | ".short" | ".hword" | ".2byte" => items(cursor, |cursor| number(cursor, 2, Place::Word)),
        ".long" | ".4byte" => items(cursor, |cursor| value(cursor).map(|value| Item::plain(4, value))),
        ".ascii" => items(cursor, |cursor| text(cursor, false)),
        ".asciz" | ".string" => items(cursor, |cursor| text(cursor, true)),
        ".skip" | ".space" => space(cursor, value),
        ".zero" => value(cursor).map(|count| Body::Space { count, fill: None }),
        ".balign" => value(cursor).map(Body::Align),
        // Which section would the label belong to, and which address have?
        ".org" if labelled => fail(ErrorKind::LabelNotAllowed(".org"), span),
        ".text" | ".data" | ".section" if labelled => fail(ErrorKind::LabelNotAllowed(".section"), span),
        ".equ" | ".set" if labelled => fail(ErrorKind::LabelNotAllowed(".equ"), span),
        ".org" => value(cursor).map(Body::Org),
        ".text" => Ok(Body::Section(avr::TEXT)),
        ".data" => Ok(Body::Section(avr::DATA)),
        ".section" => section(cursor),
        ".equ" | ".set" => assign(cursor),
        ".global" | ".globl" => global(cursor),
        ".end" => Ok(Body::End(None)),
        _ if word.starts_with('.') => fail(ErrorKind::UnsupportedDirective(word.to_owned()), span),
        _ => return None,
    })
}

pub(in crate::asm) fn value(cursor: &mut Cursor<'_, '_>) -> Res<Value> {
    let (expr, span) = expr::parse(cursor)?;
    Ok(Value { expr, span })
}

fn number(cursor: &mut Cursor<'_, '_>, width: u8, place: Place) -> Res<Item> {
    let start = cursor.span();
    match Modifier::parse(cursor, place) {
        None => value(cursor).map(|value| Item::plain(width, value)),
        Some(modified) => {
            let (modifier, expr) = modified?;
            let value = Value { expr, span: start.to(cursor.last_span()) };
            Ok(Item::Number(Number { width, modifier: Some(modifier), value }))
        }
    }
}

fn text(cursor: &mut Cursor<'_, '_>, zero: bool) -> Res<Item> {
    let Some(Token::Text(text)) = cursor.peek() else { return cursor.expected("a string") };
    let mut bytes = decode_gnu(text, cursor.span())?;
    bytes.extend(zero.then_some(0));
    cursor.advance();
    Ok(Item::Text(bytes))
}

fn label(cursor: &mut Cursor<'_, '_>) -> Res<Label> {
    let span = cursor.span();
    let Some(name) = cursor.word() else { return cursor.expected("a name") };
    check_name(name, span, cursor.isa())?;
    let id = cursor.reference(name, span)?;
    cursor.advance();
    Ok(Label { id, span })
}

fn assign(cursor: &mut Cursor<'_, '_>) -> Res<Body> {
    let label = label(cursor)?;
    cursor.expect_sign(",", "`,`")?;
    Ok(Body::Assign(label, value(cursor)?))
}

fn global(cursor: &mut Cursor<'_, '_>) -> Res<Body> {
    let mut labels = vec![label(cursor)?];
    while cursor.accept_sign(",") {
        labels.push(label(cursor)?);
    }
    Ok(Body::Global(labels))
}

/// `.section name`, and for the names that GNU as does not know by itself their flags.
fn section(cursor: &mut Cursor<'_, '_>) -> Res<Body> {
    let start = cursor.span();
    let Some(name) = cursor.word() else { return cursor.expected("the name of a section") };
    let Some(id) = avr::find(name) else {
        return fail(AvrError::UnknownSection(name.to_owned()).into(), start);
    };
    cursor.advance();
    let mut flags = String::new();
    while cursor.accept_sign(",") {
        flags.push_str(if flags.is_empty() { "" } else { "," });
        if cursor.accept_sign("@") {
            flags.push('@');
        }
        match cursor.peek() {
            Some(Token::Text(text) | Token::Name(text)) => flags.push_str(text),
            _ => return cursor.expected("flags or a type, as in `\"ax\",@progbits`"),
        }
        cursor.advance();
    }
    let spec = &avr::SECTIONS[usize::from(id.0)];
    if flags == spec.flags {
        return Ok(Body::Section(id));
    }
    fail(AvrError::SectionFlags { name: spec.name, flags: spec.flags }.into(), start.to(cursor.last_span()))
}
