//! The rules of a model: those of each part, then those that tie parts together.

use super::answer::{Answer, Chat, MAX_LABEL};
use super::body::{Body, Layer, MAX_LAYERS, MAX_SHIFT, MAX_WEIGHTS};
use super::error::{ModelError, Parameters};
use super::head::{Head, MAX_ABOUT, MAX_CALIBRATION, MAX_FACTS, is_calibration_query};
use super::reader::{HashedText, MAX_BANDS, Reader};
use super::{MAX_WIDTH, Model, check_network, check_sequence};
use std::collections::BTreeMap;

impl Model {
    /// Checks every rule stated on the fields. Importers and the trainer call it last.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check(&self) -> Result<(), ModelError> {
        self.check_shape()?;
        match &self.body {
            Body::Layers(layers) => check_parameters(layers),
            // Their shapes and their parameters are checked together.
            Body::Transformer(_) | Body::Network(_) => Ok(()),
        }
    }

    /// Checks every rule but those on weights and biases, which may still be empty: an importer
    /// calls it before it reads them, so that a wrong shape shows as one and not as wrong weights.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check_shape(&self) -> Result<(), ModelError> {
        self.head.check()?;
        match (&self.reader, &self.body, &self.answer) {
            (Reader::HashedText(text), Body::Layers(layers), Answer::Chat(_) | Answer::Label { .. }) => {
                text.check()?;
                match &self.answer {
                    Answer::Chat(chat) => chat.check()?,
                    Answer::Label { labels, .. } => check_labels(labels)?,
                    Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {}
                }
                self.check_context(text)?;
                self.check_layers(text, layers)
            }
            (Reader::Tokens(tokens), Body::Transformer(body), Answer::Story(story)) => {
                check_sequence::check(tokens, body, story)
            }
            (
                Reader::Sensors(sensors),
                Body::Network(network),
                answer @ (Answer::Class(_) | Answer::Numbers(_)),
            ) => {
                if let Answer::Class(class) = answer {
                    check_labels(&class.labels)?;
                }
                check_network::check(sensors, network, answer)
            }
            _ => Err(ModelError::Families),
        }
    }

    /// A chat reads what it has said so far, and nothing else has said anything.
    fn check_context(&self, text: &HashedText) -> Result<(), ModelError> {
        match (&self.answer, &text.context) {
            (Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_), _) => Ok(()),
            (Answer::Chat(_), Some(_)) | (Answer::Label { .. }, None) => Ok(()),
            (Answer::Chat(_), None) => Err(ModelError::NoContext),
            (Answer::Label { .. }, Some(_)) => Err(ModelError::IdleContext),
        }
    }

    /// Each layer takes what the one before gives, the first one what the reader gives; the last one gives what the
    /// answer takes.
    fn check_layers(&self, text: &HashedText, layers: &[Layer]) -> Result<(), ModelError> {
        if layers.is_empty() {
            return Err(ModelError::NoLayers);
        }
        check_layer_count(layers.len())?;
        let mut width = text.inputs();
        let mut source = "the encoders give".to_string();
        for (i, layer) in layers.iter().enumerate() {
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
        let weights = layers.iter().map(|layer| layer.inputs * layer.outputs).sum();
        if weights > MAX_WEIGHTS {
            return Err(ModelError::TooManyWeights(weights));
        }
        match self.answer.classes() {
            Some(wants) if wants != width => Err(ModelError::Classes { gives: width, wants }),
            _ => Ok(()),
        }
    }
}

impl Head {
    fn check(&self) -> Result<(), ModelError> {
        self.check_texts()?;
        in_range("calibration: their number", self.calibration.len(), 0, MAX_CALIBRATION)?;
        match self.calibration.iter().position(|query| !is_calibration_query(query)) {
            Some(index) => Err(ModelError::Calibration { index }),
            None => Ok(()),
        }
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
}

impl HashedText {
    fn check(&self) -> Result<(), ModelError> {
        in_range("query.buckets", self.query.buckets.into(), 1, MAX_WIDTH)?;
        in_range("query.bands", self.query.bands.into(), 1, MAX_BANDS.into())?;
        in_range("query.max_length", self.query.max_length.into(), 1, 127)?;
        let Some(context) = &self.context else { return Ok(()) };
        in_range("context.buckets", context.buckets.into(), 1, MAX_WIDTH)?;
        in_range("context.length", context.length.into(), 1, 32)
    }
}

fn check_parameters(layers: &[Layer]) -> Result<(), ModelError> {
    for (i, layer) in layers.iter().enumerate() {
        let n = i + 1;
        let count = |what, found, wants| ModelError::Count { layer: n, what, found, wants };
        let wants = layer.inputs * layer.outputs;
        if layer.weights.len() != wants {
            return Err(count(Parameters::Weights, layer.weights.len(), wants));
        }
        if layer.bias.len() != layer.outputs {
            return Err(count(Parameters::Biases, layer.bias.len(), layer.outputs));
        }
        if let Some(at) = layer.weights.iter().position(|&w| !layer.set.contains(w)) {
            let (output, input) = (at / layer.inputs, at % layer.inputs);
            let (value, set) = (layer.weights[at], layer.set);
            return Err(ModelError::Weight { layer: n, output, input, value, set });
        }
    }
    Ok(())
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
        in_range("max_reply", self.max_reply.into(), 1, 255)
    }
}

/// Checks how many layers there are, which an importer does before it reads them.
pub(crate) fn check_layer_count(layers: usize) -> Result<(), ModelError> {
    in_range("layers: their number", layers, 1, MAX_LAYERS)
}

/// Checks the labels of a classifier.
///
/// # Errors
/// None or too many of them, one that is no text of printable ASCII, one that is there twice.
pub fn check_labels(labels: &[String]) -> Result<(), ModelError> {
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

pub(super) fn in_range(field: &str, value: usize, least: usize, most: usize) -> Result<(), ModelError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ModelError::Range { field: field.to_string(), value, least, most })
}
