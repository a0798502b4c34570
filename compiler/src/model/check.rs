//! The rules of a model, and what is said of one that breaks them.

use super::{
    Chat, MAX_ABOUT, MAX_BANDS, MAX_CALIBRATION, MAX_CALIBRATION_LENGTH, MAX_FACTS, MAX_LABEL, MAX_LAYERS,
    MAX_SHIFT, MAX_WEIGHTS, MAX_WIDTH, Model, Output, WeightSet,
};
use crate::shown::{counted, shown};
use std::collections::BTreeMap;
use thiserror::Error;

impl Model {
    /// Checks every rule stated on the fields. Importers and the trainer call it last.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check(&self) -> Result<(), ModelError> {
        self.check_head()?;
        self.check_layers()
    }

    /// Checks every rule but those on weights and biases, which may still be empty: an importer
    /// calls it before it reads them, so that a wrong shape shows as one and not as wrong weights.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check_head(&self) -> Result<(), ModelError> {
        self.check_texts()?;
        in_range("query.buckets", self.query.buckets.into(), 1, MAX_WIDTH)?;
        in_range("query.bands", self.query.bands.into(), 1, MAX_BANDS.into())?;
        in_range("query.max_length", self.query.max_length.into(), 1, 127)?;
        match &self.output {
            Output::Chat(chat) => chat.check()?,
            Output::Classifier { labels } => check_labels(labels)?,
        }
        in_range("calibration: their number", self.calibration.len(), 0, MAX_CALIBRATION)?;
        if let Some(index) = self.calibration.iter().position(|query| !is_calibration_query(query)) {
            return Err(ModelError::Calibration { index });
        }
        self.check_shapes()
    }

    /// Checks the name and the texts for people, which end up in comments of programs and on terminals. They are known
    /// before a network is.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check_texts(&self) -> Result<(), ModelError> {
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=32).contains(&self.name.len()) || !self.name.chars().all(named) {
            return Err(ModelError::Name(self.name.clone()));
        }
        check_text(|| "about".to_string(), &self.about)?;
        in_range("training: their number", self.training.len(), 0, MAX_FACTS)?;
        for (i, (name, value)) in self.training.iter().enumerate() {
            let field = || format!("training[{}]", i + 1);
            check_text(field, name)?;
            check_text(field, value)?;
        }
        Ok(())
    }

    fn check_shapes(&self) -> Result<(), ModelError> {
        if self.layers.is_empty() {
            return Err(ModelError::NoLayers);
        }
        check_layer_count(self.layers.len())?;
        let mut width = self.inputs();
        let mut source = "the encoders give".to_string();
        for (i, layer) in self.layers.iter().enumerate() {
            let n = i + 1;
            in_range(&format!("layers[{n}].inputs"), layer.inputs, 1, MAX_WIDTH)?;
            in_range(&format!("layers[{n}].outputs"), layer.outputs, 1, MAX_WIDTH)?;
            in_range(&format!("layers[{n}].shift"), layer.shift.into(), 0, MAX_SHIFT.into())?;
            if layer.inputs != width {
                return Err(ModelError::Chain {
                    layer: n,
                    takes: layer.inputs,
                    source_name: source,
                    gives: width,
                });
            }
            width = layer.outputs;
            source = format!("layer {n} gives");
        }
        // At most 64 layers of 1,024 by 1,024.
        let weights = self.layers.iter().map(|layer| layer.inputs * layer.outputs).sum();
        if weights > MAX_WEIGHTS {
            return Err(ModelError::TooManyWeights(weights));
        }
        if width != self.classes() {
            return Err(ModelError::Classes { gives: width, wants: self.classes() });
        }
        Ok(())
    }

    fn check_layers(&self) -> Result<(), ModelError> {
        for (i, layer) in self.layers.iter().enumerate() {
            let n = i + 1;
            let wants = layer.inputs * layer.outputs;
            if layer.weights.len() != wants {
                return Err(ModelError::Count {
                    layer: n,
                    what: Parameters::Weights,
                    found: layer.weights.len(),
                    wants,
                });
            }
            if layer.bias.len() != layer.outputs {
                return Err(ModelError::Count {
                    layer: n,
                    what: Parameters::Biases,
                    found: layer.bias.len(),
                    wants: layer.outputs,
                });
            }
            if let Some(at) = layer.weights.iter().position(|&w| !layer.set.contains(w)) {
                let (output, input) = (at / layer.inputs, at % layer.inputs);
                let (value, set) = (layer.weights[at], layer.set);
                return Err(ModelError::Weight { layer: n, output, input, value, set });
            }
        }
        Ok(())
    }
}

impl Chat {
    fn check(&self) -> Result<(), ModelError> {
        if self.charset.len() > 256 {
            return Err(ModelError::CharsetSize(self.charset.len()));
        }
        if self.charset.last() != Some(&0) {
            return Err(ModelError::EndMark);
        }
        if let Some((first, index)) = twice(&self.charset) {
            return Err(ModelError::SameCharacter { index, first, character: self.charset[index] });
        }
        in_range("context.buckets", self.context.buckets.into(), 1, MAX_WIDTH)?;
        in_range("context.length", self.context.length.into(), 1, 32)?;
        in_range("max_reply", self.max_reply.into(), 1, 255)
    }
}

/// Whether [`Model::calibration`] may hold `query`.
pub fn is_calibration_query(query: &str) -> bool {
    let printable = query.bytes().all(|b| (b' '..=b'~').contains(&b));
    printable && query.len() <= MAX_CALIBRATION_LENGTH && query.bytes().any(|b| b != b' ')
}

/// Checks how many layers there are, which an importer does before it reads them.
pub(crate) fn check_layer_count(layers: usize) -> Result<(), ModelError> {
    in_range("layers: their number", layers, 1, MAX_LAYERS)
}

fn check_labels(labels: &[String]) -> Result<(), ModelError> {
    in_range("labels: their number", labels.len(), 1, MAX_WIDTH)?;
    let printable = |l: &String| !l.is_empty() && l.chars().all(|c| (' '..='~').contains(&c));
    if let Some(index) = labels.iter().position(|l| !printable(l)) {
        return Err(ModelError::Label { index });
    }
    if let Some(index) = labels.iter().position(|l| l.len() > MAX_LABEL) {
        return Err(ModelError::LongLabel { index, length: labels[index].len() });
    }
    match twice(labels) {
        Some((first, index)) => Err(ModelError::SameLabel { index, first, label: labels[index].clone() }),
        None => Ok(()),
    }
}

fn check_text(field: impl Fn() -> String, text: &str) -> Result<(), ModelError> {
    if let Some(found) = text.chars().find(|c| c.is_control()) {
        return Err(ModelError::Control { field: field(), found });
    }
    in_range(&format!("{}: its length", field()), text.chars().count(), 0, MAX_ABOUT)
}

/// The first value that was there before: where it was first, and where it is again.
fn twice<T: Ord>(values: &[T]) -> Option<(usize, usize)> {
    let mut seen = BTreeMap::new();
    values.iter().enumerate().find_map(|(i, value)| seen.insert(value, i).map(|first| (first, i)))
}

/// A character of a charset for a message.
fn quoted(c: u8) -> String {
    if c == 0 { "the end mark (NUL)".to_string() } else { format!("'{}'", char::from(c).escape_debug()) }
}

fn in_range(field: &str, value: usize, least: usize, most: usize) -> Result<(), ModelError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ModelError::Range { field: field.to_string(), value, least, most })
}

/// Which parameters of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    Weights,
    Biases,
}

impl Parameters {
    fn counted(self, n: usize) -> String {
        match self {
            Self::Weights => counted(n, "weight", "weights"),
            Self::Biases => counted(n, "bias", "biases"),
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
    #[error("layers[{layer}] takes {}, but {source_name} {gives}", counted(*takes, "input", "inputs"))]
    Chain { layer: usize, takes: usize, source_name: String, gives: usize },
    #[error("the last layer gives {}, but charset or labels have {wants}", counted(*gives, "output", "outputs"))]
    Classes { gives: usize, wants: usize },
    #[error("layers[{layer}] has {}, its shape wants {wants}", what.counted(*found))]
    Count { layer: usize, what: Parameters, found: usize, wants: usize },
    #[error(
        "layers[{layer}]: the weight of output {output} for input {input} is {value}, not in the set {set} {:?}",
        set.weights()
    )]
    Weight { layer: usize, output: usize, input: usize, value: i8, set: WeightSet },
}

impl ModelError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "use 1 to 32 letters, digits, '-' and '_'",
            Self::Range { .. } => "change the field; docs/model-format.md has its limits",
            Self::CharsetSize(_) => "train with fewer distinct characters in the replies",
            Self::EndMark => "append NUL to the charset: the last output is the end of the reply",
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
            Self::Weight { .. } => "quantize the weights to the layer's set, or give the layer a larger set",
        }
    }
}
