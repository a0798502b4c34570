//! Why a description of a target, a device or a board cannot be used.

use thiserror::Error;

/// A target description that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    #[error("{file}:{line}:{column}: {message}")]
    Syntax { file: String, line: usize, column: usize, message: String },
    #[error("{file}: {field}: {problem}")]
    Value { file: String, field: &'static str, problem: String },
}
