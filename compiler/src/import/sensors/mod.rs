//! Networks on numbers from files of other tools: TensorFlow Lite and ONNX → [`Model`].
//!
//! A format's reader gives an [`Outcome`]; [`outcome::model`] makes the model of it.

pub mod data;
mod error;
mod names;
mod outcome;
mod scale;
mod table;
mod tflite;
mod window;

pub use error::NetworkProblem;
pub use outcome::Settings;

use super::{ImportError, Imported, Problem, model_name};
use crate::model::Rounding;
use outcome::Outcome;

/// Whether this is a file of one of these formats, by its content.
pub fn is_network(bytes: &[u8]) -> bool {
    tflite::is_tflite(bytes)
}

/// Reads a network on numbers.
///
/// # Errors
/// What is damaged or not computed, with what to do.
pub fn import(bytes: &[u8], file_name: &str, settings: &Settings) -> Result<Imported, ImportError> {
    let fail = |problem| ImportError::new(file_name, None, problem);
    let outcome = read(bytes, settings).map_err(|e| fail(Problem::Network(e)))?;
    let name = settings.name.clone().unwrap_or_else(|| model_name(file_name));
    let about = format!("read from {}", file_name.rsplit(['/', '\\']).next().unwrap_or(file_name));
    let (model, notes) =
        outcome::model(outcome, settings, name, about).map_err(|e| fail(Problem::Network(e)))?;
    model.check().map_err(|e| fail(Problem::Model(e)))?;
    Ok(Imported { model, notes })
}

fn read(bytes: &[u8], settings: &Settings) -> Result<Outcome, NetworkProblem> {
    tflite::read(bytes, settings.rounding.unwrap_or(Rounding::Tflm))
}
