//! Reads RON, and says what is wrong with it.

use super::error::TargetError;
use ::ron::Error;
use ::ron::error::SpannedError;
use ::ron::extensions::Extensions;
use serde::de::DeserializeOwned;

/// Reads a description. `file` names it in errors.
pub(super) fn ron<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, TargetError> {
    let options = ::ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|e| TargetError::Syntax {
        file: file.to_string(),
        line: e.span.start.line,
        column: e.span.start.col,
        message: message(text, e),
    })
}

/// The reason, with the field that stands before the place where reading ended.
fn message(text: &str, e: SpannedError) -> String {
    let (before, after) = around(text, e.span.start.line, e.span.start.col);
    let reason = match e.code {
        Error::ExceededRecursionLimit => "nested too deeply".to_string(),
        Error::IntegerOutOfBounds => "the number is negative or too large".to_string(),
        Error::ExpectedComma if after.starts_with('.') => "a whole number is wanted".to_string(),
        code => code.to_string(),
    };
    let field = before.split_once(':').map(|(field, _)| field.trim());
    match field.filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) {
        Some(field) => format!("{field}: {reason}"),
        None => reason,
    }
}

/// A line before a place and from there on; both numbers count from 1, columns in characters.
fn around(text: &str, line: usize, column: usize) -> (&str, &str) {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or("");
    let at = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    line.split_at(at)
}

/// A value that cannot be used.
pub(super) fn fail(file: &str, field: &'static str, problem: &str) -> TargetError {
    TargetError::Value { file: file.to_string(), field, problem: problem.into() }
}
