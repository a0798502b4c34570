//! GNU as's tokens: numbers as in C, character constants, strings in double quotes.

use super::{Span, Token, sign, unescape};
use crate::asm::avr::AvrError;
use crate::asm::error::{ErrorKind, Res, fail};

/// Longer signs first: `<<` is not two `<`.
const SIGNS: &[&str] = &[
    "<<", ">>", "<=", ">=", "==", "!=", "<>", "&&", "||", "(", ")", ",", ":", "+", "-", "*", "/", "%", "&",
    "|", "^", "~", "!", "=", "<", ">", "@",
];

/// The token that `rest`, which stands at `start`, begins with: `c` is its first character. `None`: none does.
pub(super) fn token(rest: &str, c: char, start: usize) -> Res<Option<(Token<'_>, usize)>> {
    Ok(Some(match c {
        '0'..='9' => number(rest, start)?,
        '"' => text(rest, start)?,
        '\'' => character(rest, start)?,
        _ if is_word(c) => (Token::Name(&rest[..word_len(rest)]), word_len(rest)),
        _ => return Ok(sign(rest, SIGNS)),
    }))
}

/// `$` is not among them: it separates statements in GNU as for the AVR.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

fn word_len(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

fn number(rest: &str, start: usize) -> Res<(Token<'_>, usize)> {
    let len = word_len(rest);
    let text = &rest[..len];
    let span = Span { start, end: start + len };
    let decimal = |digits: &str| !digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    if text.strip_suffix(['b', 'f']).is_some_and(decimal) {
        return Ok((Token::Name(text), len));
    }
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] if text.chars().all(|c| c.is_ascii_digit()) => {
            return fail(AvrError::LeadingZero(text.to_owned()).into(), span);
        }
        _ => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return fail(ErrorKind::BadNumber(text.to_owned()), span);
    }
    match u32::from_str_radix(digits, radix) {
        Ok(value) => Ok((Token::Number(value.into()), len)),
        Err(_) => fail(AvrError::NumberTooLarge(text.to_owned()).into(), span),
    }
}

/// `'c'` or `'\n'`, as a number. GNU as can do without the closing quote; people and editors cannot.
fn character(rest: &str, start: usize) -> Res<(Token<'_>, usize)> {
    let body = &rest[1..];
    let bad = || fail(AvrError::BadCharacter.into(), Span { start, end: start + 1 });
    let (byte, len) = match body.chars().next() {
        // GNU as takes the octal escapes in strings only.
        Some('\\') if body[1..].starts_with(|c: char| !c.is_ascii_digit()) => {
            escape(&body[1..], start + 1).map(|(byte, len)| (byte, 1 + len))?
        }
        Some(c) if c.is_ascii() && c != '\'' => (c as u8, 1),
        _ => return bad(),
    };
    if body[len..].starts_with('\'') { Ok((Token::Number(byte.into()), len + 2)) } else { bad() }
}

/// Finds the closing quote.
fn text(rest: &str, start: usize) -> Res<(Token<'_>, usize)> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return Ok((Token::Text(&rest[..=at]), at + 1)),
            _ => {}
        }
    }
    fail(ErrorKind::OpenString, Span { start, end: start + rest.trim_end_matches('\r').len() })
}

/// The bytes of a string token. `text` has its quotes; `span` is its place.
pub(in crate::asm) fn decode(text: &str, span: Span) -> Res<Vec<u8>> {
    unescape(&text[1..text.len() - 1], span.start + 1, escape)
}

/// The byte that an escape stands for and the length of the escape after its backslash, which is at `start`.
fn escape(rest: &str, start: usize) -> Res<(u8, usize)> {
    let c = rest.chars().next().unwrap_or('\\');
    let simple = match c {
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '\\' | '"' | '\'' => c as u8,
        '0'..='7' => {
            let len = rest.find(|d: char| !d.is_digit(8)).unwrap_or(rest.len()).min(3);
            if let Ok(byte) = u8::from_str_radix(&rest[..len], 8) {
                return Ok((byte, len));
            }
            return fail(ErrorKind::BadEscape(c), Span { start, end: start + 1 + len });
        }
        _ => {
            let end = start + 1 + c.len_utf8().min(rest.len());
            return fail(ErrorKind::BadEscape(c), Span { start, end });
        }
    };
    Ok((simple, 1))
}
