//! The formats of a `model.ron`, and where each of them has the fields of a model.

use super::locate::Step;
use crate::import::Problem;
use crate::model::{ModelError, Parameters};

/// The first format that is read.
pub const OLDEST: i64 = 1;
/// The format that is written, and the last one that is read.
pub const NEWEST: i64 = 2;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// All fields of the head at the top; `output` holds what an answer means and the encoder of a chat's context.
    One,
    /// `head`, `reader`, `answer` and `body`, as [`crate::model::Model`] has them.
    Two,
}

/// Fields at the top of a transformer.
const TRANSFORMER: [&str; 14] = [
    "dim",
    "heads",
    "kv_heads",
    "head_size",
    "window",
    "order",
    "rounds",
    "start",
    "positions",
    "norm",
    "output",
    "prior",
    "embedding",
    "blocks",
];

impl Version {
    /// The format with this number.
    pub fn numbered(number: i64) -> Option<Self> {
        match number {
            OLDEST => Some(Self::One),
            NEWEST => Some(Self::Two),
            _ => None,
        }
    }

    /// The way to a field of the model, which stands inside a part of the file or at its top.
    pub fn path(self, field: &str) -> Vec<Step> {
        let part = match (self, field) {
            (Self::One, "charset" | "context" | "max_reply" | "labels") => Some("output"),
            (Self::Two, "name" | "about" | "training" | "calibration") => Some("head"),
            (Self::Two, "query" | "context" | "tokenizer" | "max_length") => Some("reader"),
            (
                Self::Two,
                "charset" | "max_reply" | "labels" | "ends" | "most" | "logit_bits" | "turns" | "choice"
                | "tools" | "margin",
            ) => Some("answer"),
            (Self::Two, "layers" | "parameters" | "rounding" | "operators") => Some("body"),
            (Self::Two, name) if TRANSFORMER.contains(&name) => Some("body"),
            _ => None,
        };
        part.into_iter().chain([field]).map(name).collect()
    }

    /// The way to what cannot be read.
    pub fn place(self, e: &Problem) -> Vec<Step> {
        match e {
            Problem::Packed { field, .. } => self.named(field),
            Problem::Tokenizer(_) => self.path("tokenizer"),
            _ => self.path("charset"),
        }
    }

    /// The way to the value that breaks a rule of the model.
    pub fn broken(self, e: &ModelError) -> Vec<Step> {
        match e {
            ModelError::Name(_) => self.path("name"),
            ModelError::Range { field, .. } | ModelError::Control { field, .. } => self.named(field),
            ModelError::CharsetSize(_) | ModelError::EndMark | ModelError::SameCharacter { .. } => {
                self.path("charset")
            }
            ModelError::NoContext | ModelError::IdleContext => self.path("context"),
            ModelError::Families => vec![name("body")],
            ModelError::MatrixShape { field, .. }
            | ModelError::Length { field, .. }
            | ModelError::OffGrid { field, .. }
            | ModelError::LargeSum { field, .. }
            | ModelError::WideSum { field, .. }
            | ModelError::Trees { field, .. }
            | ModelError::Rule { field, .. } => self.named(field),
            ModelError::Label { index }
            | ModelError::LongLabel { index, .. }
            | ModelError::SameLabel { index, .. } => self.item("labels", *index, None),
            ModelError::Calibration { index } => self.item("calibration", *index, None),
            ModelError::NoLayers | ModelError::TooManyWeights(_) => self.path("layers"),
            ModelError::Chain { layer, .. } => self.item("layers", layer - 1, Some("inputs")),
            ModelError::Classes { .. } => match self {
                Self::One => vec![name("output")],
                Self::Two => vec![name("answer")],
            },
            ModelError::Count { layer, what, .. } => {
                let field = if *what == Parameters::Biases { "bias" } else { "weights" };
                self.item("parameters", layer - 1, Some(field))
            }
            ModelError::Weight { layer, output, .. } => self.row(layer - 1, Some(*output)),
        }
    }

    /// The way to the rows of weights of a layer, or to one of them; both counted from 0.
    pub fn row(self, layer: usize, output: Option<usize>) -> Vec<Step> {
        let mut path = self.item("parameters", layer, Some("weights"));
        path.extend(output.map(Step::Item));
        path
    }

    fn item(self, list: &str, index: usize, field: Option<&str>) -> Vec<Step> {
        let mut path = self.path(list);
        path.push(Step::Item(index));
        path.extend(field.map(name));
        path
    }

    /// The way to a field as [`ModelError::Range`] names it: `query.buckets`, `layers[2].shift`.
    /// A name that is no field of the file leads nowhere further, which is a place all the same.
    fn named(self, field: &str) -> Vec<Step> {
        let mut path = Vec::new();
        for part in field.split(['.', ':', ' ']) {
            let (list, item) = match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
                Some((list, n)) => (list, n.parse::<usize>().ok().and_then(|n| n.checked_sub(1))),
                None => (part, None),
            };
            path.extend(if path.is_empty() { self.path(list) } else { vec![name(list)] });
            path.extend(item.map(Step::Item));
        }
        path
    }
}

/// A step into the field `field`.
pub fn name(field: &str) -> Step {
    Step::Field(field.to_string())
}

/// The bytes of a charset, a character each.
///
/// # Errors
/// A character beyond U+00FF.
pub fn latin1(charset: &str) -> Result<Vec<u8>, Problem> {
    let byte = |(index, found)| u8::try_from(found).map_err(|_| Problem::Charset { index, found });
    charset.chars().enumerate().map(byte).collect()
}
