//! Files of tokenizers → [`Tokenizer`](crate::tokens::Tokenizer).

pub mod huggingface;
pub mod llama2c;
pub mod soul;

use crate::tokens::error::Position;
use crate::tokens::{Problem, TokensError};

/// What the parser of JSON found wrong with `file`.
fn json(file: &str, error: &serde_json::Error) -> TokensError {
    // serde_json says the place itself, behind the message.
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    let position = Some(Position { line: error.line(), column: error.column() }).filter(|at| at.line > 0);
    let problem = Problem::Syntax { field: String::new(), what: what.to_string() };
    TokensError { position, ..TokensError::new(file, problem) }
}
