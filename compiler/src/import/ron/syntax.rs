//! Errors of the `ron` crate, with the field and in mlc's words.

use super::locate;
use super::story::THREE_DECIMALS;
use crate::import::{ImportError, Position, Problem};
use crate::shown::{cut, shown};
use ::ron::error::{Error as RonError, SpannedError};

/// What is wrong with the text of `file`, and at which field.
pub fn syntax(text: &str, file: &str, e: &SpannedError) -> ImportError {
    let at = Position { line: e.span.start.line, column: e.span.start.col };
    let field = locate::field(text, at);
    let problem = match &e.code {
        RonError::NoSuchStructField { expected, found, .. } => {
            let expected: Vec<String> = expected.iter().map(|e| format!("`{e}`")).collect();
            Problem::UnknownField { field, found: found.clone(), expected: expected.join(", ") }
        }
        RonError::MissingStructField { field: missing, .. } => {
            Problem::MissingField { field, missing: (*missing).to_string() }
        }
        RonError::DuplicateStructField { field: twice, .. } => {
            Problem::DuplicateField { field, twice: (*twice).to_string() }
        }
        RonError::IntegerOutOfBounds => Problem::Number { field },
        RonError::ExceededRecursionLimit => {
            Problem::Syntax { field, message: "too many brackets, one in another".to_string() }
        }
        RonError::InvalidIdentifier(name) | RonError::SuggestRawIdentifier(name) => {
            Problem::Syntax { field, message: format!("`{}` is no name of a field", shown(name)) }
        }
        RonError::Message(message) if message == THREE_DECIMALS => {
            Problem::Syntax { field, message: message.clone() }
        }
        // An integer ends before the point of 1.5, and then something else should follow.
        code => match locate::number(text, at).filter(|found| found.parse::<i128>().is_err()) {
            Some(found) => Problem::NotWhole { field, found: shown(found) },
            None => Problem::Syntax { field, message: uncapitalized(&code.to_string()) },
        },
    };
    ImportError::new(file, Some(at), problem)
}

/// The message of another crate as a part of a sentence.
fn uncapitalized(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    cut(&(first + chars.as_str()), 200)
}
