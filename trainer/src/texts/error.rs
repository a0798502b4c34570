//! Why a file is no data to learn from.

use super::{Kind, MOST_BYTES, MOST_MESSAGE, MOST_MESSAGES, Role};
use mlc_compiler::words::count;
use thiserror::Error;

/// A problem with a source. Displays as `file:line: problem`.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{place}: {problem}")]
pub struct RecordsError {
    /// `file`, `file:line`, `file:line:column` or `file, entry n`.
    pub place: String,
    pub problem: Problem,
}

/// What is wrong. Messages count from 1.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Problem {
    #[error("not UTF-8 text")]
    NotUtf8,
    #[error("more than {} MiB of data together", MOST_BYTES >> 20)]
    TooMuch,
    #[error("has a NUL byte: this is no text file")]
    Binary,
    #[error("no {} in it{}", kind.one(), fault.as_ref().map_or(String::new(), |(line, what)| format!("; line {line}: {what}")))]
    Nothing { kind: Kind, fault: Option<(usize, String)> },
    #[error("{0}")]
    Json(String),
    #[error("the first entry has neither `messages` nor `instruction`: {found}")]
    JsonKind { found: String },
    #[error("control character {0:#04x}")]
    Control(u32),

    // Conversations
    #[error("a conversation without messages")]
    NoMessage,
    #[error("{} in a conversation, at most {MOST_MESSAGES} are possible", count(*.0, "message"))]
    ManyMessages(usize),
    #[error("message {number}: {} has nothing to say: `content` is empty", role.name())]
    Empty { number: usize, role: Role },
    #[error("message {number}: {bytes} bytes, at most {MOST_MESSAGE} are possible")]
    Long { number: usize, bytes: usize },
    #[error("message {number}: control character {character:#04x}")]
    MessageControl { number: usize, character: u32 },
    #[error("message {number} is of {}, {}; {wants}", role.name(), before.map_or("the first".into(), |role| format!("behind one of {}", role.name())))]
    Order { number: usize, role: Role, before: Option<Role>, wants: &'static str },
    #[error("the last message is of {}: nothing is learnt from it; the assistant must have the last word", .0.name())]
    NoReply(Role),
    #[error(
        "message {number} is a tool's, but the assistant's message before it names no tool: it must end with a token like <temp>"
    )]
    NoTool { number: usize },
    #[error("message {number}: <{name}> is a mark of mlc's own: name the tool otherwise")]
    ReservedTool { number: usize, name: String },

    // Tables
    #[error("{0}")]
    Table(String),
    #[error("{} in the row, 2 wanted: query and reply; or name them in the first row", count(*.0, "column"))]
    Columns(usize),
    #[error("the column of the {0} is empty")]
    EmptyCell(&'static str),
    #[error("two columns may be the {what}: {first} and {second}")]
    TwoColumns { what: &'static str, first: String, second: String },
}

impl RecordsError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match &self.problem {
            Problem::NotUtf8 => "save it as UTF-8",
            Problem::TooMuch => "take a part of it",
            Problem::Binary => "name a text file",
            Problem::Json(_) | Problem::JsonKind { .. } => {
                "an entry is {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}, or {\"instruction\": \"…\", \"input\": \"…\", \
                 \"output\": \"…\"}; what mlc would ignore must not be there"
            }
            Problem::Nothing { .. } => {
                "`mlc data --help` shows the kinds of data; --kind says which one it is"
            }
            Problem::Control(_) | Problem::MessageControl { .. } => "take it out",
            Problem::NoMessage | Problem::ManyMessages(_) | Problem::Long { .. } => {
                "cut it into smaller ones"
            }
            Problem::Empty { .. } | Problem::EmptyCell(_) => "write something, or leave the entry out",
            Problem::Order { .. } | Problem::NoReply(_) => {
                "perhaps one of system, then user and assistant in turn, the assistant last"
            }
            Problem::NoTool { .. } | Problem::ReservedTool { .. } => {
                "assistant: IT IS <temp>, tool: 21, assistant: DEGREES"
            }
            Problem::Table(_) | Problem::Columns(_) | Problem::TwoColumns { .. } => {
                "two columns, query and reply; values with the separator, quotes or line ends in quotes"
            }
        }
    }
}
