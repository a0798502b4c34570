//! Why a file is no tokenizer for mlc, and why a text has no tokens.

use super::Form;
use crate::shown::shown;
use crate::words::{count, grouped};
use std::fmt;
use thiserror::Error;

/// A place in a text; both count from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A problem with a tokenizer's file. Displays as `file:line:column: problem` or `file: problem`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct TokensError {
    pub file: String,
    /// Where in the text; `None` for a binary file or a problem that is not at one place.
    pub position: Option<Position>,
    /// Boxed to keep results small.
    pub problem: Box<Problem>,
}

impl TokensError {
    pub(crate) fn new(file: &str, problem: Problem) -> Self {
        Self { file: file.to_string(), position: None, problem: Box::new(problem) }
    }

    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        self.problem.help()
    }
}

impl fmt::Display for TokensError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(at) => write!(f, "{}:{}:{}: {}", self.file, at.line, at.column, self.problem),
            None => write!(f, "{}: {}", self.file, self.problem),
        }
    }
}

/// What is wrong. Tokens, merges and elements of lists count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// `field` is empty for the top of the file; the same in the following ones.
    #[error("{}{}", prefix(field), shown(what))]
    Syntax { field: String, what: String },
    #[error("{field}: {} found, at most {} are possible", grouped(*found as u64), count(*most, what.trim_end_matches('s')))]
    TooMany { field: String, found: usize, most: usize, what: &'static str },
    #[error("{field}: {} has {}, at most {most} are possible", shown(token), count(*length, "byte"))]
    TooLong { field: String, token: String, length: usize, most: usize },

    // Vocabularies
    #[error("the token {} is there twice, as {first} and as {second}", quoted(token))]
    SameToken { token: String, first: usize, second: usize },
    #[error("the tokens {} and {} have the same id, {id}", quoted(first), quoted(second))]
    SameId { first: String, second: String, id: u32 },
    #[error("id {id} has no token, though there are {}", count(*tokens, "token"))]
    Hole { id: usize, tokens: usize },
    #[error("token {id}, {}, is not one character", quoted(token))]
    NotOneCharacter { id: usize, token: String },
    #[error("{}{id} is no token, the vocabulary has {}", prefix(field), count(*tokens, "token"))]
    NoSuchId { field: String, id: u64, tokens: usize },
    #[error("{}{} is no token of the vocabulary", prefix(field), quoted(token))]
    NoSuchToken { field: String, token: String },
    #[error("vocab_size is {says}, but there are {}", count(*found, "token"))]
    Size { says: usize, found: usize },
    #[error("the vocabulary has {found} of the 256 byte tokens <0x00> to <0xFF>, and lacks {missing}")]
    ByteTokens { found: usize, missing: String },

    // Merges
    #[error("merges[{index}]: {} is not two tokens with one space between", quoted(text))]
    MergeForm { index: usize, text: String },
    #[error("merges[{index}]: {} is no token of the vocabulary", quoted(token))]
    MergeToken { index: usize, token: String },
    #[error("merges[{index}]: the pair {} and {} is there twice", quoted(left), quoted(right))]
    MergeTwice { index: usize, left: String, right: String },
    #[error("merges[{index}]: {} is used before the merge that makes it", quoted(token))]
    MergeOrder { index: usize, token: String },

    // tokenizer.json
    #[error("{field}: {} is not known to mlc, only {known}", shown(found))]
    Unsupported { field: String, found: String, known: &'static str },
    #[error("{}the field {} is not known to mlc, and it may change the tokens", prefix(field), quoted(found))]
    UnknownField { field: String, found: String },
    #[error("{}the field `{missing}` is missing", prefix(field))]
    MissingField { field: String, missing: &'static str },
    #[error("{field} is {}, {wants} wanted", shown(found))]
    Value { field: String, found: String, wants: &'static str },

    // llama2.c
    #[error("the file ends inside token {token}: it is truncated, or has fewer than {} tokens", grouped(*vocabulary as u64))]
    Truncated { token: usize, vocabulary: usize },
    #[error("{} behind the last of {}", count(*bytes, "byte"), count(*vocabulary, "token"))]
    Overlong { bytes: usize, vocabulary: usize },
    #[error(
        "token {token} has a length of {length}, the longest token by the file's first number has {longest}"
    )]
    Length { token: usize, length: i64, longest: i64 },
    #[error("token {token} has the score {score}")]
    Score { token: usize, score: String },
    #[error("token {token} is {}, the byte token {} is wanted there", quoted(found), quoted(wants))]
    ByteToken { token: usize, found: String, wants: String },
    #[error("a vocabulary of {}, at least 259 are needed: 3 special ones and 256 bytes", count(*tokens, "token"))]
    FewTokens { tokens: usize },
}

/// `field: `, or nothing for the top of the file.
fn prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

fn quoted(token: &str) -> String {
    format!("`{}`", shown(token))
}

/// Checks a number of things.
pub(crate) fn at_most(field: &str, found: usize, most: usize, what: &'static str) -> Result<(), Problem> {
    match found > most {
        true => Err(Problem::TooMany { field: field.to_string(), found, most, what }),
        false => Ok(()),
    }
}

impl Problem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Syntax { .. } | Self::Truncated { .. } | Self::Length { .. } | Self::Score { .. } => {
                "the file is damaged, or is no such tokenizer: fetch or save it again"
            }
            Self::TooMany { .. } | Self::TooLong { .. } => {
                "no network for an 8-bit machine has such a vocabulary: train a tokenizer with fewer tokens"
            }
            Self::SameToken { .. } | Self::SameId { .. } | Self::Hole { .. } => {
                "each id from 0 on belongs to exactly one token: correct the vocabulary"
            }
            Self::NotOneCharacter { .. } => "an alphabet has single characters only",
            Self::NoSuchId { .. } | Self::NoSuchToken { .. } => "name a token of the vocabulary",
            Self::Size { .. } => "the file is damaged or was put together wrongly: save it again",
            Self::ByteTokens { .. } => {
                "byte fallback needs all of them: train the tokenizer with a byte alphabet"
            }
            Self::MergeForm { .. } | Self::MergeToken { .. } => {
                "the merges do not belong to this vocabulary: save the tokenizer again"
            }
            Self::MergeTwice { .. } | Self::MergeOrder { .. } => {
                "correct the list of merges: each pair is there once, and parts are made before wholes"
            }
            Self::Unsupported { .. } | Self::Value { .. } => {
                "mlc would make other tokens than the network was trained with: train with a tokenizer of what it knows"
            }
            Self::UnknownField { .. } => "if it changes nothing, take it out of the file",
            Self::MissingField { .. } => "add it: `tokenizer.save()` of Hugging Face writes every field",
            Self::Overlong { .. } | Self::FewTokens { .. } | Self::ByteToken { .. } => {
                "the tokenizer belongs to another network: give the one that this network was trained with"
            }
        }
    }
}

/// Why a text has no tokens. `at` counts bytes of the text from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    #[error("byte {at}: the tokenizer has no token for {}", character(found))]
    Unknown { found: Vec<u8>, at: usize },
    #[error(
        "byte {at}: mlc does not know what {} is in {form}, the tokenizer's normal form",
        character(found)
    )]
    NotNormal { form: Form, found: Vec<u8>, at: usize },
    #[error("the text has {}, at most {} are possible", count(*bytes, "byte"), grouped(super::MOST_TEXT as u64))]
    TooLong { bytes: usize },
}

impl EncodeError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "write the text without it: the network has never seen it",
            Self::NotNormal { .. } => "write the text without it, or with ASCII in its place",
            Self::TooLong { .. } => "give a shorter text",
        }
    }
}

/// `'é' (U+00E9)`, or the bytes of what is no character.
fn character(bytes: &[u8]) -> String {
    let mut chars = std::str::from_utf8(bytes).unwrap_or_default().chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => format!("'{}' (U+{:04X})", c.escape_debug(), c as u32),
        _ => format!("the bytes {bytes:02x?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_where_and_what() {
        let error = EncodeError::Unknown { found: "é".into(), at: 3 };
        assert_eq!(error.to_string(), "byte 3: the tokenizer has no token for 'é' (U+00E9)");
        let error = EncodeError::NotNormal { form: Form::Nfc, found: vec![0xff], at: 0 };
        assert_eq!(
            error.to_string(),
            "byte 0: mlc does not know what the bytes [ff] is in NFC, the tokenizer's normal form"
        );
        let error = TokensError::new("a.json", Problem::Hole { id: 3, tokens: 1200 });
        assert_eq!(error.to_string(), "a.json: id 3 has no token, though there are 1,200 tokens");
        let error = at_most("model.vocab", 300_001, 300_000, "tokens").unwrap_err();
        assert_eq!(error.to_string(), "model.vocab: 300,001 found, at most 300,000 tokens are possible");
    }
}
