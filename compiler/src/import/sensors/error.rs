//! Why a network on numbers was not imported.

use crate::shown::shown;
use crate::words::count;
use thiserror::Error;

/// What is wrong with a file of a network on numbers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkProblem {
    #[error("the file is damaged near byte {0}")]
    Damaged(usize),
    #[error("the file is damaged: {0}")]
    Inconsistent(String),
    #[error("{operator} ({}) is an operator that mlc does not compute", shown(name))]
    Operator { operator: String, name: String, instead: &'static str },
    #[error("{operator} ({}): mlc does not compute {what}", shown(name))]
    Option { operator: String, name: String, what: String },
    #[error("tensor {}: {what}", shown(name))]
    Tensor { name: String, what: String },
    #[error("the network has {0}, and one is possible")]
    Several(String),
    #[error("the network computes with floats, and no calibration data say which ranges its values have")]
    Floats,
    #[error("the data have {} in a row, the network reads {wants}", count(*found, "value"))]
    Columns { found: usize, wants: usize },
    #[error("column {column} is {found}, where the network reads {wants}")]
    Order { column: usize, found: String, wants: String },
    #[error("the data have no rows")]
    NoRows,
    #[error("{0}")]
    Data(String),
    #[error("{option} changes nothing: {why}")]
    Needless { option: &'static str, why: &'static str },
    #[error("line {line}, {column}: {what}")]
    Cell { line: usize, column: String, what: String },
    #[error("{0} labels for {1} outputs")]
    Labels(usize, usize),
}

/// What works in the place of a recurrent operator.
pub const NO_STATE: &str =
    "a window of readings, into dense layers or a one-dimensional convolution, works: train such a network";

impl NetworkProblem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Damaged(_) | Self::Inconsistent(_) => "write the file again",
            Self::Operator { instead, .. } => instead,
            Self::Option { .. } => {
                "docs/sensors.md lists what each operator may have; train the network without it"
            }
            Self::Tensor { .. } => {
                "convert with full integer quantization: 8-bit weights and activations, 32-bit biases (docs/sensors.md has the lines)"
            }
            Self::Several(_) => "cut the network down to one input and one output",
            Self::Floats => {
                "give the training data: `mlc import FILE --calibrate DATA.csv`, or an .npz whose array x has a row an example"
            }
            Self::Columns { .. } => {
                "give the features in the network's order, and the label last, if there is one"
            }
            Self::Order { .. } => "give the columns in the network's order: `mlc inspect` shows it",
            Self::NoRows => "give a file with the features of a few hundred examples",
            Self::Cell { .. } => {
                "every cell but the label is a number with a decimal point: fill in what is missing, or leave the row out"
            }
            Self::Data(_) => {
                "give a .csv with a header and the label in the last column, or an .npz with the arrays x and label"
            }
            Self::Needless { .. } => "leave the option out",
            Self::Labels(..) => "give one label an output, in the order of the outputs",
        }
    }
}
