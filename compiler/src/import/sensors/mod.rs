//! Networks on numbers from files of other tools: TensorFlow Lite and ONNX → [`crate::model::Model`].
//!
//! A format's reader gives a network of integers or one of floats; [`quantize`] makes integers of floats, and
//! [`outcome::model`] the model.

pub mod data;
mod error;
mod float;
mod names;
mod onnx;
mod outcome;
mod quantize;
mod scale;
mod table;
mod tflite;
mod window;

pub use error::NetworkProblem;
pub use outcome::Settings;

use super::{ImportError, Imported, Problem, model_name};
use crate::model::{Answer, Rounding};
use data::Examples;
use float::FloatNetwork;
use outcome::Outcome;
use std::path::Path;

/// What a file has.
enum Read {
    Integers(Outcome),
    Floats(FloatNetwork),
}

/// Whether this is a file of one of these formats, by its content; by its name, if it is damaged at its beginning.
pub fn is_network(bytes: &[u8], file_name: &str) -> bool {
    tflite::is_tflite(bytes)
        || onnx::is_onnx(bytes)
        || is_named(file_name, "tflite")
        || is_named(file_name, "onnx")
}

fn is_named(file_name: &str, extension: &str) -> bool {
    Path::new(file_name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn read(bytes: &[u8], file_name: &str, rounding: Option<Rounding>) -> Result<Read, NetworkProblem> {
    let needless = |why| Err(NetworkProblem::Needless { option: "--rounding", why });
    let is_tflite = tflite::is_tflite(bytes) || is_named(file_name, "tflite") && !onnx::is_onnx(bytes);
    let read = match is_tflite {
        true => tflite::read(bytes, rounding.unwrap_or(Rounding::Tflm))?,
        false => onnx::read(bytes)?,
    };
    match &read {
        Read::Floats(_) if rounding.is_some() => needless("a network of floats gets a rounding of mlc's own"),
        Read::Integers(_) if rounding.is_some() && !is_tflite => {
            needless("an .onnx is computed as ONNX Runtime does it")
        }
        _ => Ok(read),
    }
}

/// Reads a network on numbers. One of floats is quantized by `examples`.
///
/// # Errors
/// What is damaged or not computed, with what to do.
pub fn import(
    bytes: &[u8],
    file_name: &str,
    settings: &Settings,
    examples: Option<&Examples>,
) -> Result<Imported, ImportError> {
    let fail = |problem| ImportError::new(file_name, None, problem);
    let outcome = read(bytes, file_name, settings.rounding).and_then(|read| match (read, examples) {
        (Read::Integers(outcome), _) => Ok(outcome),
        (Read::Floats(_), None) => Err(NetworkProblem::Floats),
        (Read::Floats(mut float), Some(examples)) => {
            // Where there is nothing to split, it is said that labels are too many.
            if settings.labels.as_ref().is_some_and(|labels| labels.len() == 2) && float.outputs() == 1 {
                float.split_score();
            }
            let wants = float.input.len();
            if examples.width != wants {
                return Err(NetworkProblem::Columns { found: examples.width, wants });
            }
            quantize::quantize(&float, examples)
        }
    });
    let outcome = outcome.map_err(|e| fail(Problem::Network(e)))?;
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let name = settings.name.clone().unwrap_or_else(|| model_name(base));
    let about = format!("read from {base}");
    let (model, notes) =
        outcome::model(outcome, settings, name, about).map_err(|e| fail(Problem::Network(e)))?;
    model.check().map_err(|e| fail(Problem::Model(e)))?;
    Ok(Imported { model, notes })
}

/// A network of floats that was not quantized: what quantizing is measured against.
pub struct Floats(FloatNetwork);

impl Floats {
    /// Reads a network; `None` for one of integers.
    ///
    /// # Errors
    /// See [`import`].
    pub fn read(bytes: &[u8], file_name: &str) -> Result<Option<Self>, ImportError> {
        match read(bytes, file_name, None) {
            Ok(Read::Floats(float)) => Ok(Some(Self(float))),
            Ok(Read::Integers(_)) => Ok(None),
            Err(e) => Err(ImportError::new(file_name, None, Problem::Network(e))),
        }
    }

    /// How many numbers it reads.
    pub fn inputs(&self) -> usize {
        self.0.input.len()
    }

    /// Its outputs, before any softmax.
    pub fn run(&self, values: &[f64]) -> Vec<f32> {
        self.0.run(values).pop().unwrap_or_default()
    }

    /// What it answers, in the words of the model that was made of it.
    pub fn label(&self, values: &[f64], answer: &Answer) -> Option<String> {
        let Answer::Class(class) = answer else { return None };
        let outputs = self.run(values);
        if let ([score], [first, second]) = (outputs.as_slice(), class.labels.as_slice()) {
            let middle = if self.0.ends_with_probability() { 0.5 } else { 0.0 };
            return Some(if *score > middle { second } else { first }.clone());
        }
        let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let at = outputs.iter().position(|&y| y == largest)?;
        class.labels.get(at).cloned()
    }
}
