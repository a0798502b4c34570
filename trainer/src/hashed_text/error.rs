//! Why nothing can be learned from pairs.

use crate::data::SplitError;
use mlc_compiler::model::MAX_WIDTH;
use mlc_compiler::words::count;
use std::io;
use thiserror::Error;

/// Pairs from which nothing can be learned.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TaskError {
    #[error("no \"query|reply\" pair in {} of {sources}{first_fault}", count(*lines, "line"))]
    NoPair { lines: usize, sources: String, first_fault: String },
    #[error(
        "query buckets ({query}) and context buckets ({context}) are more than {MAX_WIDTH} inputs together"
    )]
    TooManyInputs { query: u16, context: u16 },
    #[error("every pair has the reply \"{0}\": there is nothing to learn; a network needs at least two")]
    OneReply(String),
    #[error("{0} different labels, at most {MAX_WIDTH} are possible; did you mean a chat model?")]
    TooManyLabels(usize),
    #[error("label \"{0}\" stands twice in the list of labels")]
    LabelTwice(String),
    #[error("label \"{0}\" of the pairs is not in the list of labels")]
    UnlistedLabel(String),
    #[error("label \"{0}\" is in the list of labels, but no pair has it")]
    UnusedLabel(String),
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error("pairs cannot be put aside in a temporary file: {0}")]
    Storage(String),
}

impl TaskError {
    pub(crate) fn storage(e: io::Error) -> Self {
        Self::Storage(e.to_string())
    }
}
