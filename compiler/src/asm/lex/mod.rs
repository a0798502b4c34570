//! Splits one source line into tokens.

mod gnu;
mod pasmo;

use super::dialect::Dialect;
use super::error::{ErrorKind, Res, Span, fail};

pub(super) use gnu::decode as decode_gnu;
pub(super) use pasmo::decode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// pasmo: letters, digits, `_?@`, perhaps a dot before it; or `af'`. GNU: letters, digits, `_.`; or `1b`, `1f`.
    Name(&'a str),
    /// Not negative; up to 2^16 in pasmo's notation, 2^32 in GNU's.
    Number(i64),
    /// A string with its quotes, escapes still in it.
    Text(&'a str),
    /// An operator or separator.
    Sign(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Lexeme<'a> {
    pub token: Token<'a>,
    pub span: Span,
}

/// Appends the tokens of `line`, which stands at `offset` in the source. A comment ends the line.
pub(super) fn lex<'a>(line: &'a str, offset: usize, dialect: Dialect, out: &mut Vec<Lexeme<'a>>) -> Res<()> {
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let start = offset + at;
        match c {
            ' ' | '\t' | '\r' => {
                at += 1;
                continue;
            }
            ';' => break,
            _ => {}
        }
        let found = match dialect {
            Dialect::Pasmo => pasmo::token(&line[at..], c, start)?,
            Dialect::Gnu => gnu::token(&line[at..], c, start)?,
        };
        let Some((token, len)) = found else {
            return fail(ErrorKind::StrayCharacter(c), Span { start, end: start + c.len_utf8() });
        };
        out.push(Lexeme { token, span: Span { start, end: start + len } });
        at += len;
    }
    Ok(())
}

/// The first of `signs` that `rest` begins with.
fn sign<'a>(rest: &str, signs: &'static [&'static str]) -> Option<(Token<'a>, usize)> {
    signs.iter().find(|sign| rest.starts_with(**sign)).map(|sign| (Token::Sign(sign), sign.len()))
}

/// The bytes of a string's inside, which stands at `start`. `escape` gives the byte that an escape stands for, and the
/// escape's length without its backslash; it takes what follows the backslash, and the backslash's place.
fn unescape(inner: &str, start: usize, escape: fn(&str, usize) -> Res<(u8, usize)>) -> Res<Vec<u8>> {
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        if c == '\\' {
            let (byte, escaped) = escape(&rest[1..], start + inner.len() - rest.len())?;
            bytes.push(byte);
            len += escaped;
        } else {
            bytes.extend_from_slice(&rest.as_bytes()[..len]);
        }
        rest = &rest[len..];
    }
    Ok(bytes)
}
