//! Parses the tokens of one line into a statement. [`Cursor`] reads them, for directives and instruction sets too.

mod gnu;

use std::collections::BTreeMap;

use super::dialect::Dialect;
use super::directive::{self, Body};
use super::error::{ErrorKind, Res, Span, fail};
use super::expr::pasmo::OPERATOR_WORDS;
use super::isa::Isa;
use super::lex::{Lexeme, Token};
use super::suggest::nearest;
use super::symbols::{NUMERIC, SymbolId, Symbols};

/// What names mean at a place.
pub(super) struct Scope {
    isa: Isa,
    /// The last global label, which pasmo's local labels belong to.
    global: Option<String>,
    /// How often each numeric label (`1:`) has been defined so far.
    numeric: BTreeMap<String, u32>,
}

impl Scope {
    pub fn new(isa: Isa) -> Scope {
        Scope { isa, global: None, numeric: BTreeMap::new() }
    }
}

/// The tokens of a line, and what their names mean.
pub(super) struct Cursor<'t, 'a> {
    tokens: &'t [Lexeme<'a>],
    at: usize,
    /// Just behind the line's last token.
    end: Span,
    pub symbols: &'t mut Symbols,
    scope: &'t mut Scope,
}

impl<'t, 'a> Cursor<'t, 'a> {
    /// `tokens` is not empty.
    pub fn new(tokens: &'t [Lexeme<'a>], symbols: &'t mut Symbols, scope: &'t mut Scope) -> Cursor<'t, 'a> {
        let end = tokens.last().map_or(0, |last| last.span.end);
        Cursor { tokens, at: 0, end: Span { start: end, end }, symbols, scope }
    }

    pub fn isa(&self) -> Isa {
        self.scope.isa
    }

    pub fn peek(&self) -> Option<Token<'a>> {
        self.peek_at(0)
    }

    pub fn peek_at(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).map(|lexeme| lexeme.token)
    }

    /// The next token if it is a name.
    pub fn word(&self) -> Option<&'a str> {
        if let Some(Token::Name(word)) = self.peek() { Some(word) } else { None }
    }

    pub fn advance(&mut self) {
        self.at += 1;
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The place of the next token, or of the end of the line.
    pub fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.end, |lexeme| lexeme.span)
    }

    /// The place of the token just read.
    pub fn last_span(&self) -> Span {
        let last = self.at.min(self.tokens.len()).checked_sub(1);
        last.map_or(self.end, |at| self.tokens[at].span)
    }

    pub fn accept_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(next)) if next == sign);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect_sign(&mut self, sign: &str, expected: &'static str) -> Res<()> {
        if self.accept_sign(sign) { Ok(()) } else { self.expected(expected) }
    }

    /// The error that something else should stand here.
    pub fn expected<T>(&self, expected: &'static str) -> Res<T> {
        let found = match self.peek() {
            None => "the end of the line".to_owned(),
            Some(Token::Name(text) | Token::Text(text)) => format!("`{text}`"),
            Some(Token::Number(value)) => format!("the number {value}"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        };
        fail(ErrorKind::Expected { expected, found }, self.span())
    }

    /// The rest of the line: what `parse` reads, with commas between, or nothing. `is_open` says of an item whether an
    /// operator could go on with it.
    pub fn comma_separated<T>(
        &mut self,
        parse: fn(&mut Self) -> Res<T>,
        is_open: fn(&T) -> bool,
    ) -> Res<Vec<T>> {
        let mut items = Vec::new();
        if self.at_end() {
            return Ok(items);
        }
        loop {
            let item = parse(self)?;
            let open = is_open(&item);
            items.push(item);
            if self.at_end() {
                return Ok(items);
            }
            if !self.accept_sign(",") {
                return self.expected(if open {
                    "`,`, an operator or the end of the line"
                } else {
                    "`,` or the end of the line"
                });
            }
        }
    }

    /// The symbol that `word` means at this place.
    pub fn reference(&mut self, word: &str, span: Span) -> Res<SymbolId> {
        if self.isa().dialect() == Dialect::Gnu {
            return self.reference_gnu(word, span);
        }
        if !word.starts_with('.') {
            return Ok(self.symbols.intern(word));
        }
        match &self.scope.global {
            Some(scope) => Ok(self.symbols.intern(&format!("{scope}{word}"))),
            None => fail(ErrorKind::LocalWithoutGlobal(word.to_owned()), span),
        }
    }
}

/// The name under which the table of symbols has the `count`th numeric label of a number.
fn numeric_name(number: &str, count: u32) -> String {
    format!("{number}{NUMERIC}{count}")
}

/// A label and where it stands.
pub(super) struct Label {
    pub id: SymbolId,
    pub span: Span,
}

/// One line, parsed.
pub(super) struct Parsed {
    pub label: Option<Label>,
    pub body: Body,
    /// From the label or the first word to the end.
    pub span: Span,
}

/// Parses a line that has at least one token.
pub(super) fn parse_line(cursor: &mut Cursor<'_, '_>) -> Res<Parsed> {
    let parsed = match cursor.isa().dialect() {
        Dialect::Pasmo => parse_pasmo(cursor)?,
        Dialect::Gnu => gnu::parse(cursor)?,
    };
    if !cursor.at_end() {
        return cursor.expected("the end of the line");
    }
    Ok(parsed)
}

fn parse_pasmo(cursor: &mut Cursor<'_, '_>) -> Res<Parsed> {
    let isa = cursor.isa();
    let start = cursor.span();
    let mut label = None;
    let colon = cursor.peek_at(1) == Some(Token::Sign(":"));
    let equ = is_equ(cursor.peek_at(if colon { 2 } else { 1 }));
    if let Some(name) = cursor.word()
        && (colon || equ)
    {
        check_name(name, start, isa)?;
        if !equ && !name.starts_with('.') {
            cursor.scope.global = Some(name.to_owned());
        }
        label = Some(Label { id: cursor.reference(name, start)?, span: start });
        cursor.advance();
        if colon {
            cursor.advance();
        }
    }
    let body = parse_body(cursor, label.is_some())?;
    Ok(Parsed { label, body, span: start.to(cursor.last_span()) })
}

fn is_equ(token: Option<Token<'_>>) -> bool {
    matches!(token, Some(Token::Name(word)) if word.eq_ignore_ascii_case("equ"))
}

fn parse_body(cursor: &mut Cursor<'_, '_>, labelled: bool) -> Res<Body> {
    let isa = cursor.isa();
    let names = directive::names(isa.dialect());
    let span = cursor.span();
    let Some(word) = cursor.word() else {
        return if cursor.at_end() { Ok(Body::Nothing) } else { cursor.expected("an instruction") };
    };
    cursor.advance();
    let lower = word.to_ascii_lowercase();
    if let Some(insn) = isa.parse(&lower, cursor) {
        return insn.map(Body::Insn);
    }
    if let Some(body) = directive::parse(isa.dialect(), &lower, span, cursor, labelled) {
        return body;
    }
    let known = isa.mnemonics().chain(names.iter().copied());
    // `name` alone, or `name` before something that is an instruction itself.
    let looks_like_label = !labelled
        && match cursor.word() {
            None => cursor.at_end(),
            Some(next) => {
                let next = next.to_ascii_lowercase();
                isa.is_mnemonic(&next) || names.contains(&&*next)
            }
        };
    let suggestion = nearest(&lower, known);
    let looks_like_label = looks_like_label && !(cursor.at_end() && suggestion.is_some());
    fail(ErrorKind::UnknownInstruction { name: word.to_owned(), suggestion, looks_like_label }, span)
}

pub(super) fn check_name(name: &str, span: Span, isa: Isa) -> Res<()> {
    if is_reserved(name, isa) { fail(ErrorKind::Reserved(name.to_owned()), span) } else { Ok(()) }
}

/// Whether the notation or this assembler gives the word a meaning of its own.
pub(super) fn is_reserved(name: &str, isa: Isa) -> bool {
    let lower = name.to_ascii_lowercase();
    let lower = &*lower;
    if isa.dialect() == Dialect::Gnu {
        // `1f` is a name to the lexer only.
        if lower.starts_with(|c: char| c.is_ascii_digit()) {
            return true;
        }
        // A mnemonic or directive stands where no name can.
        return name == "." || isa.is_operand_name(lower);
    }
    isa.is_mnemonic(lower)
        || isa.is_operand_name(lower)
        || directive::pasmo::is_directive(lower)
        || OPERATOR_WORDS.contains(&lower)
}
