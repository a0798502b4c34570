//! Phrases: text with slots.

use super::Problem;
use super::slot::Slot;
use std::collections::BTreeMap;

/// Text with slots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Phrase(pub Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Text(String),
    Slot(Slot),
}

/// Lists by their names, as slots look them up.
pub type Names = BTreeMap<String, usize>;

impl Phrase {
    /// The text, where there is no slot in it.
    pub fn literal(&self) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Slot(_) => None,
            })
            .collect()
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Slot(slot) => Some(slot),
        })
    }

    /// Reads a phrase.
    pub fn parse(text: &str, names: &Names) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut open = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => open.push(match rest.next() {
                    Some(c @ ('{' | '}' | '|' | '[' | '\\')) => c,
                    Some('n') => '\n',
                    other => return Err(Problem::Escape(other.unwrap_or(' '))),
                }),
                '{' => {
                    let behind = rest.as_str();
                    let Some(end) = behind.find('}') else { return Err(Problem::OpenBrace(behind.into())) };
                    if !open.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut open)));
                    }
                    pieces.push(Piece::Slot(Slot::parse(&behind[..end], names)?));
                    rest = behind[end + 1..].chars();
                }
                '}' => return Err(Problem::CloseBrace),
                c => open.push(c),
            }
        }
        if !open.is_empty() {
            pieces.push(Piece::Text(open));
        }
        Ok(Self(pieces))
    }
}

/// Parts of a text between bars that are not written `\|`, without white space around them.
pub fn bars(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == '|' && !escaped {
            parts.push(text[from..at].trim());
            from = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(text[from..].trim());
    parts
}
