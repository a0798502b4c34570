//! Statements as GNU as writes them: `label: instruction`, `1: instruction`, `name = value`.

use super::{Cursor, Label, Parsed, check_name, numeric_name, parse_body};
use crate::asm::avr::AvrError;
use crate::asm::directive::{Body, gnu::value};
use crate::asm::error::{Res, Span, fail};
use crate::asm::lex::Token;
use crate::asm::symbols::SymbolId;

impl Cursor<'_, '_> {
    /// The symbol that `word` means at this place: itself, or the label that `1b` and `1f` stand for.
    pub(super) fn reference_gnu(&mut self, word: &str, span: Span) -> Res<SymbolId> {
        // The lexer lets a name start with a digit only if it is of this kind.
        if !word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(self.symbols.intern(word));
        }
        let (number, direction) = word.split_at(word.len() - 1);
        let so_far = self.scope.numeric.get(number).copied().unwrap_or(0);
        match (direction, so_far) {
            ("f", _) => Ok(self.symbols.intern(&numeric_name(number, so_far + 1))),
            (_, 0) => fail(AvrError::NumericLabel { number: number.to_owned(), below: false }.into(), span),
            _ => Ok(self.symbols.intern(&numeric_name(number, so_far))),
        }
    }

    fn define_numeric(&mut self, number: i64) -> SymbolId {
        let number = number.to_string();
        let count = self.scope.numeric.entry(number.clone()).or_insert(0);
        *count += 1;
        let name = numeric_name(&number, *count);
        self.symbols.intern(&name)
    }
}

/// Parses a line that has at least one token.
pub(super) fn parse(cursor: &mut Cursor<'_, '_>) -> Res<Parsed> {
    let start = cursor.span();
    let label = label(cursor)?;
    let body = match cursor.word() {
        Some(name) if cursor.peek_at(1) == Some(Token::Sign("=")) && label.is_none() => {
            check_name(name, start, cursor.isa())?;
            let id = cursor.reference(name, start)?;
            cursor.advance();
            cursor.advance();
            Body::Assign(Label { id, span: start }, value(cursor)?)
        }
        _ => parse_body(cursor, label.is_some())?,
    };
    Ok(Parsed { label, body, span: start.to(cursor.last_span()) })
}

fn label(cursor: &mut Cursor<'_, '_>) -> Res<Option<Label>> {
    if cursor.peek_at(1) != Some(Token::Sign(":")) {
        return Ok(None);
    }
    let span = cursor.span();
    let id = match cursor.peek() {
        // Not `0x1:` or `'a':`, which are longer.
        Some(Token::Number(number)) if number.to_string().len() == span.end - span.start => {
            cursor.define_numeric(number)
        }
        Some(Token::Name(name)) => {
            check_name(name, span, cursor.isa())?;
            cursor.reference(name, span)?
        }
        _ => return cursor.expected("a label or an instruction"),
    };
    cursor.advance();
    cursor.advance();
    if cursor.peek_at(1) == Some(Token::Sign(":")) {
        return fail(AvrError::SecondLabel.into(), cursor.span());
    }
    Ok(Some(Label { id, span }))
}
