//! Rows from which nothing can be learned.

use mlc_compiler::import::sensors::NetworkProblem;
use mlc_compiler::words::{count, grouped};
use thiserror::Error;

/// What is wrong with rows of numbers. Places and columns are as `Examples` says them.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DataError {
    #[error("{} to learn from", count(*.0, "row"))]
    FewRows(usize),
    #[error("every row has the label \"{0}\": there is nothing to tell apart")]
    OneLabel(String),
    #[error("the last column has {} in {}: that is no label", count(*labels, "value"), count(*rows, "row"))]
    ManyLabels { labels: usize, rows: usize },
    #[error("{place}: the label \"{label}\" {what}")]
    Label { place: String, label: String, what: &'static str },
    #[error("label \"{label}\" {what}")]
    Order { label: String, what: &'static str },
    #[error("every column has the same value in all training rows")]
    Constant,
    #[error(
        "{place}, {column}: {value} is beyond what is read, numbers of 24 bits: {} at most",
        grouped(mlc_compiler::arithmetic::network::MOST_READING as u64)
    )]
    Huge { place: String, column: String, value: f64 },
    #[error(
        "{column} changes by less than {decimals} digits behind the point show, and there is room for no more"
    )]
    Fine { column: String, decimals: u8 },
    #[error("{} in a row here, {wants} in the first file", count(*found, "value"))]
    Columns { found: usize, wants: usize },
    #[error("bytes (8-bit integers) and other numbers are not learned from together")]
    Bytes,
    #[error("the model to go on with reads {}, a row has {found}", count(*wants, "number"))]
    OtherInputs { found: usize, wants: usize },
    #[error("the model to go on with has other labels: {0}")]
    OtherLabels(String),
    #[error("label \"{0}\" stands in no training row")]
    Untrained(String),
    #[error(transparent)]
    Misplaced(#[from] NetworkProblem),
    #[error("the model to go on with {0}")]
    OtherModel(&'static str),
}

impl DataError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Misplaced(problem) => problem.help(),
            Self::FewRows(_) => "give some dozens of rows for each label",
            Self::OneLabel(_) => "give rows of two labels or more; the label is in the last column",
            Self::ManyLabels { .. } => {
                "put the label last, one of a few words or whole numbers; a network that gives a number is trained \
                 elsewhere and imported (`mlc help sensors`)"
            }
            Self::Label { .. } => "name it by printable ASCII characters, 255 at most",
            Self::Order { .. } => "--labels names each label of the data once, in the order of the outputs",
            Self::Constant => "give columns that differ from row to row",
            Self::Huge { .. } => "give the column in a larger unit, or take a constant off",
            Self::Fine { .. } => {
                "take a constant off the column, or give it in a smaller unit; a reading has 24 bits, and all columns have as \
                 many digits behind the point"
            }
            Self::Columns { .. } => "give files with the same columns",
            Self::Bytes => "give files of one kind: all of floats, or all of 8-bit integers",
            Self::OtherInputs { .. } | Self::OtherLabels(_) => {
                "go on with rows of the same columns and labels, or train without --resume"
            }
            Self::Untrained(_) => "measure on rows of the labels that are learned",
            Self::OtherModel(_) => "train without --resume",
        }
    }
}
