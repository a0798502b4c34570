//! Why a file is no model: file, place, field, and what to do about it.

use super::sensors::NetworkProblem;
use crate::model::ModelError;
use crate::shown::shown;
use crate::words::{count, grouped};
use std::fmt;
use thiserror::Error;

/// A place in a text; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A problem with a file. Displays as `file:line:column: problem` or `file: problem`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ImportError {
    pub file: String,
    /// Where in the text; `None` for a binary file or a problem of the whole file.
    pub position: Option<Position>,
    /// Boxed to keep results small.
    pub problem: Box<Problem>,
}

impl ImportError {
    pub(super) fn new(file: &str, position: Option<Position>, problem: Problem) -> Self {
        Self { file: file.to_string(), position, problem: Box::new(problem) }
    }

    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        self.problem.help()
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(at) => write!(f, "{}:{}:{}: {}", self.file, at.line, at.column, self.problem),
            None => write!(f, "{}: {}", self.file, self.problem),
        }
    }
}

/// What is wrong. Layers count from 1, outputs, inputs and characters from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("not a model: this is {0}")]
    NotAModel(String),
    #[error("{what} has at most {most} MiB, this one is larger")]
    FileSize { what: &'static str, most: usize },
    #[error("not a model for mlc: this is a bare pickle, as torch.save wrote before PyTorch 1.6")]
    BarePickle,
    /// A rule of the model itself, the same for every format.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Of a network on numbers.
    #[error(transparent)]
    Network(#[from] NetworkProblem),
    #[error(
        "charset: character {index} is '{}' (U+{:04X}), beyond U+00FF",
        found.escape_debug(),
        *found as u32
    )]
    Charset { index: usize, found: char },

    // model.ron
    #[error("format: this file is format {found}, this mlc reads {oldest} to {newest}")]
    Version { found: i64, oldest: i64, newest: i64 },
    #[error("format: the field is missing")]
    NoVersion,
    #[error("{}{message}", prefix(field))]
    Syntax { field: String, message: String },
    #[error("{}there is no field `{}` here, only {expected}", prefix(field), shown(found))]
    UnknownField { field: String, found: String, expected: String },
    #[error("{}the field `{missing}` is missing", prefix(field))]
    MissingField { field: String, missing: String },
    #[error("{}the field `{twice}` is there twice", prefix(field))]
    DuplicateField { field: String, twice: String },
    #[error("{}the number is outside the range of its field", prefix(field))]
    Number { field: String },
    #[error("{}{found} is no whole number", prefix(field))]
    NotWhole { field: String, found: String },
    #[error("parameters: {found} found, {wants} wanted, one for each of `layers`")]
    Parameters { found: usize, wants: usize },
    #[error(
        "parameters[{layer}].weights: {} found, {} wanted, one an output",
        count(*found, "row"),
        grouped(*wants as u64)
    )]
    Rows { layer: usize, found: usize, wants: usize },
    #[error(
        "parameters[{layer}].weights: the row of output {output} has {}, {wants} wanted for {}",
        count(*found, "character"),
        count(*inputs, "weight")
    )]
    Row { layer: usize, output: usize, found: usize, wants: usize, inputs: usize },
    #[error(
        "parameters[{layer}].weights: character {at} in the row of output {output} is '{}', \
         which is not base64",
        found.escape_debug()
    )]
    Symbol { layer: usize, output: usize, at: usize, found: char },
    #[error(
        "parameters[{layer}].weights: in the row of output {output}, bits behind the last weight are not zero"
    )]
    PaddingBits { layer: usize, output: usize },

    #[error("{field}: {what}")]
    Packed { field: String, what: String },
    #[error("tokenizer: {0}")]
    Tokenizer(String),

    // .npz
    #[error("the archive is damaged: {0}")]
    Zip(String),
    #[error("the archive has more than {0} files")]
    Members(usize),
    #[error("array {array} is damaged: {what}")]
    Array { array: String, what: String },
    #[error("array {0} is missing")]
    MissingArray(String),
    #[error("array {} is no part of this format", shown(.0))]
    UnknownArray(String),
    #[error("the layers are numbered with a gap: fc{found} is there, fc{missing} is not")]
    Gap { missing: usize, found: usize },
    #[error("array {array} has dtype {}, {wants} wanted", shown(found))]
    DType { array: String, found: String, wants: &'static str },
    #[error(
        "array {array} has dtype {}: floats are not taken, rounding them is the quantizer's work",
        shown(found)
    )]
    Float { array: String, found: String },
    #[error("array {array} has shape {found}, {wants} wanted")]
    Shape { array: String, found: String, wants: String },
    /// `place`: `array fc1_weight`, `tensor layers.0.weight`; the same in the following ones.
    #[error("{place} has shape {found}, at most 1024 by 1024 is possible")]
    TooLarge { place: String, found: String },
    #[error("the {what} have more than {limit} MiB together")]
    TooMuch { what: &'static str, limit: u64 },
    #[error("{place}: the weight of output {output} for input {input} is {value}, outside -2..1")]
    Weight { place: String, output: usize, input: usize, value: i128 },
    #[error("{place}: the bias of output {output} is {value}, outside -32768..32767")]
    Bias { place: String, output: usize, value: i128 },
    #[error("array {array}: {what}")]
    Text { array: &'static str, what: String },

    // .pt and .safetensors
    #[error("data.pkl, byte {at}: {what}")]
    Pickle { at: usize, what: String },
    #[error("data.pkl, byte {at}: opcode {name} is refused: a checkpoint of plain data has none")]
    Opcode { at: usize, name: String },
    #[error("data.pkl, byte {at}: {class} is refused: a checkpoint of plain data needs no such class")]
    Class { at: usize, class: String },
    #[error("data.pkl, byte {at}: a tensor {what} is refused")]
    View { at: usize, what: &'static str },
    #[error("the checkpoint has no tensors: neither {0} nor a state dict by itself")]
    NoState(String),
    #[error("{first} and {second} are both state dicts: which of them is the network?")]
    TwoStates { first: &'static str, second: &'static str },
    #[error("{entry} is {found}, {wants} wanted")]
    Entry { entry: String, found: String, wants: &'static str },
    #[error("the file is damaged: {0}")]
    SafeTensors(String),
    #[error("__metadata__: {key}: {what}")]
    Metadata { key: &'static str, what: String },
    #[error(
        "tensors {} and {} start differently: they are not parts of one network",
        shown(first),
        shown(other)
    )]
    Fronts { first: String, other: String },
    #[error("tensors {} and {} are the same part of the network", shown(first), shown(other))]
    SameTensor { first: String, other: String },
    #[error("tensor {0} is missing")]
    MissingTensor(String),
    #[error("tensor {} is no part of a plain network of layers", shown(.0))]
    UnknownTensor(String),
    #[error("tensor {tensor} has shape {found}, {wants} wanted")]
    TensorShape { tensor: String, found: String, wants: String },
    #[error("tensor {tensor} has dtype {found}, {wants} wanted")]
    TensorType { tensor: String, found: String, wants: &'static str },
    #[error("tensor {tensor}: {what}")]
    Storage { tensor: String, what: String },
    #[error("tensor {tensor}: the value at index {index} is {value}")]
    NotFinite { tensor: String, index: String, value: String },
    #[error("tensor {tensor}: the bias of output {output} is {value}, times 32 outside -32768..32767")]
    FloatBias { tensor: String, output: usize, value: String },
    #[error(
        "the file says neither by charset nor by labels what the {} of the network mean",
        count(*outputs, "output")
    )]
    NoOutput { outputs: usize },

    // All but model.ron
    #[error("{}{field} is {says}, but the layers have {found}", prefix(place))]
    Architecture { place: String, field: &'static str, says: String, found: String },
    #[error("{place}: {key} is missing")]
    MissingKey { place: &'static str, key: &'static str },
    #[error("{}{key} is {value}, {wants} wanted", prefix(place))]
    FactValue { place: String, key: String, value: String, wants: String },
    #[error(
        "{}{key} is {value}: mlc does not know this key, and it may change what the network computes",
        prefix(place)
    )]
    UnknownFact { place: String, key: String, value: String },
    #[error("an odd number of inputs, {inputs}, does not split into halves for query and context")]
    OddInputs { inputs: usize },
    #[error(
        "a query of {} leaves none of the network's {} to the context",
        count((*query).into(), "bucket"),
        count(*inputs, "input")
    )]
    NoContext { query: u16, inputs: usize },
    #[error(
        "a query of {} does not match the network's {}: a classifier has no context",
        count((*query).into(), "bucket"),
        count(*inputs, "input")
    )]
    ClassifierBuckets { query: u16, inputs: usize },
}

/// `field: `, or nothing for the top of the file.
fn prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

impl Problem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Packed { .. } | Self::Tokenizer(_) => {
                "the file is damaged: write it again with `mlc import`"
            }
            Self::NotAModel(_) => {
                "give a model.ron, an .npz, a .pt, a .safetensors, a .tflite or an .onnx; docs/import.md says what is read from each"
            }
            Self::FileSize { .. } => "this is no network for an 8-bit machine: give another file",
            Self::BarePickle => "load it in a newer PyTorch and save it again with torch.save",
            Self::Model(e) => e.help(),
            Self::Network(e) => e.help(),
            Self::Charset { .. } => "a character is one byte: use characters up to U+00FF (Latin-1) only",
            Self::Version { found, newest, .. } if found > newest => "use a newer mlc",
            Self::Version { .. } => "there was no such format: correct the field, or write the file again",
            Self::NoVersion => "a model.ron starts with `format: 2`",
            Self::Syntax { .. } => "docs/model-format.md shows how the file is written",
            Self::UnknownField { .. } => "correct its name or take it out",
            Self::MissingField { .. } => "add it; docs/model-format.md describes every field",
            Self::DuplicateField { .. } => "take one of the two out",
            Self::Number { .. } | Self::NotWhole { .. } => {
                "change the field; docs/model-format.md has its limits"
            }
            Self::Parameters { .. } | Self::Rows { .. } | Self::Row { .. } => {
                "the file is truncated or damaged, or its shapes were changed: write it again"
            }
            Self::Symbol { .. } | Self::PaddingBits { .. } => "the file is damaged: write it again",
            Self::Members(_) => "this is no network: give the archive that the trainer wrote",
            Self::Zip(_) | Self::Array { .. } | Self::Pickle { .. } | Self::SafeTensors(_) => {
                "fetch or save the file again"
            }
            Self::Gap { .. } => "number the layers fc1, fc2, fc3 and so on",
            Self::MissingArray(_) | Self::UnknownArray(_) => {
                "an .npz has fc1_weight, fc1_bias, fc2_weight and so on, _architecture and _charset"
            }
            Self::DType { .. } | Self::Shape { .. } => {
                "save integer weights [outputs, inputs], integer biases [outputs] and 0-d strings"
            }
            Self::Float { .. } => "quantize first: weights to the integers -2..1, biases to int16",
            Self::TooLarge { .. } | Self::TooMuch { .. } => {
                "no 8-bit machine holds such a network: train a smaller one"
            }
            Self::Weight { .. } => "quantize the weights to -2, -1, 0, +1 first",
            Self::Bias { .. } => "biases are 16-bit integers: scale or clamp them when quantizing",
            Self::Text { .. } => "_architecture is JSON, _charset is text; save both as 0-d strings",
            Self::Opcode { .. } | Self::Class { .. } => {
                "save only dicts, lists, strings, Python numbers and tensors (a NumPy value: use its .item())"
            }
            Self::View { .. } => {
                "save the tensor itself: t.detach().resolve_conj().resolve_neg().clone() for each of the state dict"
            }
            Self::NoState(_) | Self::Entry { .. } => {
                "a checkpoint is a dict of model_state, architecture and charset; docs/import.md describes it"
            }
            Self::TwoStates { .. } => "save a checkpoint with only one of them",
            Self::Metadata { .. } => "charset is text, architecture and labels are JSON in a text",
            Self::Fronts { .. }
            | Self::SameTensor { .. }
            | Self::MissingTensor(_)
            | Self::UnknownTensor(_) => {
                "a layer has layers.N.weight and layers.N.bias (or fcN.weight, fcN_weight), and nothing else"
            }
            Self::TensorShape { .. } => "a layer has a weight [outputs, inputs] and a bias [outputs]",
            Self::TensorType { .. } => "convert the tensor, with .float() for one, and save again",
            Self::Storage { .. } => "the file is damaged, or was not written by torch.save: save it again",
            Self::NotFinite { .. } => "the training diverged: train again, with a smaller learning rate",
            Self::FloatBias { .. } => {
                "a bias must lie between -1024 and 1023.98: train with weight decay on the biases"
            }
            Self::NoOutput { .. } => {
                "say it: `mlc import FILE --charset \" ABC\"`, a character an output but the last, which is the end \
                 mark, or --labels yes,no, one an output"
            }
            Self::FactValue { .. } => "mlc computes nothing else; docs/import.md says what a file may state",
            Self::UnknownFact { .. } => {
                "if it changes nothing, say so: `mlc import FILE --ignore KEY`; else mlc cannot compute this network"
            }
            Self::MissingKey { .. } | Self::Architecture { .. } => {
                "the file is damaged or was put together wrongly: save it again"
            }
            Self::OddInputs { .. } => {
                "say how many of them count the query: `mlc import FILE --query-buckets N`"
            }
            Self::NoContext { .. } => "give --query-buckets a smaller number",
            Self::ClassifierBuckets { .. } => "leave --query-buckets out",
        }
    }
}
