//! What is said of a model that breaks a rule.

use super::answer::MAX_LABEL;
use super::body::{MAX_WEIGHTS, WeightSet};
use super::head::MAX_CALIBRATION_LENGTH;
use crate::shown::shown;
use crate::words::{count, grouped};
use thiserror::Error;

/// Which parameters of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    Weights,
    Biases,
}

impl Parameters {
    fn counted(self, n: usize) -> String {
        match self {
            Self::Weights => count(n, "weight"),
            Self::Biases => count(n, "bias"),
        }
    }
}

/// Why a set of values is no model. Fields and layers count from 1, outputs and inputs from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    #[error("name: \"{}\" is no name for a model", shown(.0))]
    Name(String),
    #[error("{field} is {value}, outside {least}..{most}")]
    Range { field: String, value: usize, least: usize, most: usize },
    #[error("charset has {0} characters, at most 256 are possible")]
    CharsetSize(usize),
    #[error("charset does not end with the end mark (NUL)")]
    EndMark,
    #[error("the reader has no context, but a chat reads what it has said so far")]
    NoContext,
    #[error("the reader has a context, but what answers with a label says nothing that it could read")]
    IdleContext,
    #[error("labels[{index}] is empty or holds something else than printable ASCII")]
    Label { index: usize },
    #[error("labels[{index}] has {length} characters, at most {MAX_LABEL} are possible")]
    LongLabel { index: usize, length: usize },
    #[error("labels[{index}] is \"{}\", as labels[{first}] is already", shown(label))]
    SameLabel { index: usize, first: usize, label: String },
    #[error("charset: character {index} is {}, as character {first} is already", quoted(*character))]
    SameCharacter { index: usize, first: usize, character: u8 },
    #[error("{field} holds '{}', a control character", found.escape_debug())]
    Control { field: String, found: char },
    #[error(
        "calibration[{index}] is no query: printable ASCII, not blank, at most {MAX_CALIBRATION_LENGTH} characters"
    )]
    Calibration { index: usize },
    #[error("layers: there is none")]
    NoLayers,
    #[error("the layers have {0} weights together, at most {MAX_WEIGHTS} are possible")]
    TooManyWeights(usize),
    #[error("layers[{layer}] takes {}, but {source_name} {}", count(*takes, "input"), grouped(*gives as u64))]
    Chain { layer: usize, takes: usize, source_name: String, gives: usize },
    #[error("the last layer gives {}, but charset or labels have {}", count(*gives, "output"), grouped(*wants as u64))]
    Classes { gives: usize, wants: usize },
    #[error("layers[{layer}] has {}, its shape wants {}", what.counted(*found), grouped(*wants as u64))]
    Count { layer: usize, what: Parameters, found: usize, wants: usize },
    #[error(
        "layers[{layer}]: the weight of output {output} for input {input} is {value}, not in the set {set} {:?}",
        set.weights()
    )]
    Weight { layer: usize, output: usize, input: usize, value: i8, set: WeightSet },
    #[error("reader, body and answer are parts of different families of networks")]
    Families,
    #[error("{field} is {} × {}, its place wants {} × {}", found.0, found.1, wants.0, wants.1)]
    MatrixShape { field: String, found: (usize, usize), wants: (usize, usize) },
    #[error("{field}: {what}")]
    Trees { field: String, what: String },
    #[error("{field} has {found} values, its place wants {wants}")]
    Length { field: String, found: usize, wants: usize },
    #[error("{field}: the weight in row {row}, column {col} is {value}, outside of {least}..{most}")]
    OffGrid { field: String, row: usize, col: usize, value: i8, least: i8, most: i8 },
    #[error("{field}: the sum of row {row} can be {sum}, which 24 bits do not hold")]
    LargeSum { field: String, row: usize, sum: i64 },
    #[error("{field}: the sum of row {row} can be {sum}, which 32 bits do not hold")]
    WideSum { field: String, row: usize, sum: i64 },
    #[error("{field} must be {rule}")]
    Rule { field: String, rule: &'static str },
}

impl ModelError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "use 1 to 32 letters, digits, '-' and '_'",
            Self::Range { .. } => "change the field; docs/model-format.md has its limits",
            Self::CharsetSize(_) => "train with fewer distinct characters in the replies",
            Self::EndMark => "append NUL to the charset: the last output is the end of the reply",
            Self::NoContext => "give the reader a context, or let the answer be a label",
            Self::IdleContext => "take the context out, or let the answer be a chat",
            Self::Label { .. } => "give every class a printable label",
            Self::LongLabel { .. } => "shorten the label",
            Self::SameLabel { .. } => "give every class a label of its own",
            Self::SameCharacter { character: 0, .. } => {
                "the end mark comes once, at the end: take the others out"
            }
            Self::SameCharacter { .. } => "every output has a character of its own: correct the charset",
            Self::Control { .. } => "write it as printable text on one line",
            Self::Calibration { .. } => {
                "correct the query or take it out: the list may be left out altogether"
            }
            Self::NoLayers => "a network has at least one layer",
            Self::TooManyWeights(_) => "no 8-bit machine holds such a network: train a smaller one",
            Self::Chain { .. } => {
                "a layer takes what the one before gives; the file is damaged or was put together wrongly"
            }
            Self::Classes { .. } => "the last layer has one output a character or label",
            Self::Count { .. } => "the file is truncated or damaged: write it again",
            Self::Families => "take all three from one family: docs/model-format.md says which go together",
            Self::MatrixShape { .. } | Self::Length { .. } | Self::Rule { .. } | Self::Trees { .. } => {
                "correct the field; docs/model-format.md has the rules"
            }
            Self::OffGrid { .. } => "quantize the weights to the grid, or give the matrix more bits",
            Self::WideSum { .. } => "quantize the layer with larger scales; the file may be damaged",
            Self::LargeSum { .. } => "quantize this row with a larger scale, or with fewer bits",
            Self::Weight { .. } => "quantize the weights to the layer's set, or give the layer a larger set",
        }
    }
}

/// A character of a charset for a message.
fn quoted(c: u8) -> String {
    if c == 0 { "the end mark (NUL)".to_string() } else { format!("'{}'", char::from(c).escape_debug()) }
}
