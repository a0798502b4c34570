//! pasmo's tokens: numbers with a prefix or suffix, strings in either quote.

use super::{Span, Token, sign, unescape};
use crate::asm::error::{ErrorKind, Res, fail};

/// Longer signs first: `<<` is not two `<`.
const SIGNS: &[&str] =
    &["<<", ">>", "<=", ">=", "!=", "(", ")", ",", ":", "+", "-", "*", "/", "=", "<", ">", "$"];

/// The token that `rest`, which stands at `start`, begins with: `c` is its first character. `None`: none does.
pub(super) fn token(rest: &str, c: char, start: usize) -> Res<Option<(Token<'_>, usize)>> {
    Ok(Some(match c {
        '0'..='9' => number(rest, word_len(rest), start)?,
        '$' if rest[1..].starts_with(is_word) => number(rest, 1 + word_len(&rest[1..]), start)?,
        '%' if rest[1..].starts_with(['0', '1']) => number(rest, 1 + word_len(&rest[1..]), start)?,
        '"' | '\'' => text(rest, c, start)?,
        '.' if rest[1..].starts_with(is_word) => name(rest, 1 + word_len(&rest[1..])),
        _ if is_word(c) => name(rest, word_len(rest)),
        _ => return Ok(sign(rest, SIGNS)),
    }))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '?' | '@')
}

fn word_len(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

fn name(rest: &str, len: usize) -> (Token<'_>, usize) {
    // The quote of `af'` would else open a string.
    let len =
        if rest[..len].eq_ignore_ascii_case("af") && rest[len..].starts_with('\'') { len + 1 } else { len };
    (Token::Name(&rest[..len]), len)
}

fn number(rest: &str, len: usize, start: usize) -> Res<(Token<'_>, usize)> {
    let text = &rest[..len];
    let lower = text.to_ascii_lowercase();
    // The order is pasmo's: `0x` before the suffix, and 0B1h is hexadecimal.
    let (digits, radix) = if let Some(digits) = lower.strip_prefix('$') {
        (digits, 16)
    } else if let Some(digits) = lower.strip_prefix('%') {
        (digits, 2)
    } else if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_suffix('h') {
        (digits, 16)
    } else if let Some(digits) = lower.strip_suffix('b') {
        (digits, 2)
    } else {
        (&*lower, 10)
    };
    let span = Span { start, end: start + len };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return fail(ErrorKind::BadNumber(text.to_owned()), span);
    }
    match u16::from_str_radix(digits, radix) {
        Ok(value) => Ok((Token::Number(value.into()), len)),
        Err(_) => fail(ErrorKind::NumberTooLarge(text.to_owned()), span),
    }
}

/// Finds the closing quote. In single quotes `''` is a quote; in double quotes `\` escapes the next character.
fn text(rest: &str, quote: char, start: usize) -> Res<(Token<'_>, usize)> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                chars.next();
            } else {
                return Ok((Token::Text(&rest[..=at]), at + 1));
            }
        }
    }
    let end = start + rest.trim_end_matches('\r').len();
    fail(ErrorKind::OpenString, Span { start, end })
}

/// The bytes of a string token. `text` has its quotes; `span` is its place.
pub(in crate::asm) fn decode(text: &str, span: Span) -> Res<Vec<u8>> {
    let inner = &text[1..text.len() - 1];
    if text.starts_with('\'') {
        return Ok(inner.replace("''", "'").into_bytes());
    }
    unescape(inner, span.start + 1, escape)
}

/// The byte that an escape stands for and the length of the escape after its backslash, which is at `start`.
fn escape(rest: &str, start: usize) -> Res<(u8, usize)> {
    let c = rest.chars().next().unwrap_or('\\');
    let simple = match c {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'a' => 7,
        '\\' | '"' => c as u8,
        _ => {
            let (from, len, radix) = match c {
                'x' => (1, 3, 16),
                '0'..='7' => (0, rest.find(|d: char| !d.is_digit(8)).unwrap_or(rest.len()).min(3), 8),
                _ => (0, 0, 16),
            };
            let digits = rest.get(from..len).filter(|digits| digits.chars().all(|d| d.is_digit(radix)));
            return match digits.and_then(|digits| u8::from_str_radix(digits, radix).ok()) {
                Some(byte) => Ok((byte, len)),
                None => fail(
                    ErrorKind::BadEscape(c),
                    Span { start, end: start + 1 + c.len_utf8().min(rest.len()) },
                ),
            };
        }
    };
    Ok((simple, 1))
}
