//! Why templates cannot be expanded.

use mlc_compiler::words::count;
use thiserror::Error;

/// A problem with a file of templates, with its line.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{name}:{line}: {problem}")]
pub struct ExpandError {
    pub name: String,
    /// Counts from 1.
    pub line: usize,
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Problem {
    #[error("more than {} MiB of templates", super::MOST_FILE >> 20)]
    TooLarge,
    #[error("not UTF-8 text")]
    NotUtf8,
    #[error("a line begins with {found:?}; known are list, held, pair, chat, turns and text")]
    Keyword { found: String },
    #[error("a line that belongs to the one before it, and there is none")]
    NoLineBefore,
    #[error("{0:?} is no name: a name has small letters, digits and _, a letter first")]
    Name(String),
    #[error("{0} is written so: {1}")]
    Form(&'static str, &'static str),
    #[error("the list {0} is there twice, first in line {1}")]
    ListTwice(String, usize),
    #[error("there is no list {0:?}")]
    NoList(String),
    #[error("there are no turns {0:?}")]
    NoTurns(String),
    #[error("{0} uses itself")]
    Circle(String),
    #[error(
        "a range from {first} to {last}: the first must not be above the last, and at most a million values between"
    )]
    Range { first: i64, last: i64 },
    #[error("a share is a number above 0 % and below 100 %, not {0:?}")]
    Share(String),
    #[error("the list {0} holds values back already")]
    HeldTwice(String),
    #[error("{0:?} is held back, and it is one of the values of {1} too")]
    HeldValue(String, String),
    #[error("{share} % of {} of {list} leave none on one side", count(*values, "value"))]
    HeldNone { share: f64, values: usize, list: String },
    #[error("{{{0}}} has no end")]
    OpenBrace(String),
    #[error("a }} without a {{ before it; a brace that is meant is written \\}}")]
    CloseBrace,
    #[error("\\{0} is not known; there are \\{{ \\}} \\| \\[ \\\\ and \\n")]
    Escape(char),
    #[error("{{{slot}}}: there is no function {function:?}; known are {}", super::slot::FUNCTIONS.map(|(name, _)| name).join(", "))]
    Function { slot: String, function: String },
    #[error("{{{slot}}}: {list} is no list of whole numbers, so it cannot be reckoned with")]
    NoNumber { slot: String, list: String },
    #[error("{{{slot}}}: {problem}")]
    Slot { slot: String, problem: &'static str },
    #[error(
        "{{{slot}}}: {list} is held back together with others, so it is not drawn for itself: leave the * out"
    )]
    FreshGroup { slot: String, list: String },
    #[error("{list} has {}: not enough for {wanted} different ones", count(*values, "value"))]
    FewValues { list: String, values: usize, wanted: usize },
    #[error("[{0}] is no condition: write two numbers or slots with <, <=, >, >=, = or != between")]
    Condition(String),
    #[error("a weight is a whole number from 1 to 1000, not {0:?}")]
    Weight(String),
    #[error("nothing is there to make records of: write a pair, a chat or a text")]
    NoTemplate,
    #[error("a chat without turns")]
    EmptyChat,
    #[error("what is drawn for it is never right: {0}")]
    NeverRight(String),
    #[error(
        "no template uses a list of which something is held back, so there is nothing for the held-out file"
    )]
    NothingHeld,
    #[error("it says {word:?}, which is held back: training would see it")]
    Leak { word: String },
    #[error("{0} is too large a number")]
    Overflow(String),
}

impl Problem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Keyword { .. } | Self::Form(..) | Self::NoLineBefore | Self::NoTemplate => {
                "`list name = ANN | BOB`, `held name = ZOE`, `pair MY NAME IS {name} | HELLO {name}`; docs/data.md has all of it"
            }
            Self::Leak { .. } | Self::HeldValue(..) => "hold another value back, or take it out there",
            Self::NothingHeld => "write `held LIST = VALUE | …` or `held LIST 10 %`, or leave --held-out out",
            Self::NeverRight(_) => "widen its lists, or its condition",
            _ => "correct the line; docs/data.md has the format",
        }
    }
}
