//! Reading RON, and what is wrong with it.

use super::TargetError;
use ::ron::extensions::Extensions;
use serde::de::DeserializeOwned;

/// Reads a description. `file` names it in errors.
pub(super) fn ron<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, TargetError> {
    let options = ::ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|e| TargetError::Syntax {
        file: file.to_string(),
        line: e.span.start.line,
        column: e.span.start.col,
        message: e.code.to_string(),
    })
}

/// A value that cannot be used.
pub(super) fn fail(file: &str, field: &'static str, problem: &str) -> TargetError {
    TargetError::Value { file: file.to_string(), field, problem: problem.into() }
}
