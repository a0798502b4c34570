//! The `.npz` of the published Z80 networks as a model.
//!
//! Arrays `fcN_weight` (integers `[outputs, inputs]`) and `fcN_bias` (integers `[outputs]`), N from 1 and
//! ordered as numbers; 0-d strings `_architecture` (JSON) and `_charset` (UTF-8, the last character NUL) or `_labels`
//! (JSON); other arrays `_KEY` state facts ([`super::facts`]).

mod archive;
mod npy;
mod write;

pub use write::write;

use super::facts::{Entries, Facts};
use super::names::Pair;
use super::network::{self, SHIFT};
use super::{ImportError, Imported, Options, Problem};
use crate::model::{Layer, WeightSet};
use crate::shown::cut;
use archive::Archive;
use npy::{Array, Kind};
use serde::Deserialize;

pub(super) use archive::{damaged, open};
pub(super) use npy::{Header, Kind as NumberKind, MAGIC as NPY_MAGIC};

/// Whether `bytes` start as a zip archive does.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Reads a model from the bytes of an `.npz`; `file` names it in errors, and names the model unless
/// `options` do.
///
/// # Errors
/// The first thing found wrong, with the array.
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, ImportError> {
    model(bytes, file, options).map_err(|problem| ImportError::new(file, None, problem))
}

fn model(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, Problem> {
    let mut archive = Archive::open(bytes)?;
    let contents = archive.contents()?;
    let mut facts = Facts::with(contents.note);
    for name in contents.facts {
        state(&mut archive, &name, &mut facts, options)?;
    }
    let mut layers = Vec::new();
    for pair in &contents.layers {
        layers.push(layer(&mut archive, pair)?);
    }
    network::model(layers, facts, file, options)
}

/// Takes what an array that is no layer's states.
fn state(archive: &mut Archive<'_>, name: &str, facts: &mut Facts, options: &Options) -> Result<(), Problem> {
    match name {
        // Those that nobody asks for may be of any kind.
        "_charset" | "_labels" if options.says_outputs() => Ok(()),
        "_charset" => {
            facts.charset = Some(string(archive, "_charset")?);
            Ok(())
        }
        "_labels" => {
            facts.labels = Some(json(archive, "_labels")?);
            Ok(())
        }
        "_architecture" => {
            let Entries(entries) = json(archive, "_architecture")?;
            facts.architecture("_architecture", &entries, options)
        }
        _ => {
            let stated = archive.stated(name)?;
            facts.state("", name, &stated, options)
        }
    }
}

/// The layer of two arrays, with its weights in C order whatever order the file has.
fn layer(archive: &mut Archive<'_>, pair: &Pair) -> Result<Layer, Problem> {
    let array = &pair.weight;
    let matrix = integers(archive, array)?;
    let [outputs, inputs] = matrix.header.shape[..] else {
        return Err(wrong_shape(array, &matrix, "(outputs, inputs)"));
    };
    if outputs == 0 || inputs == 0 {
        return Err(wrong_shape(array, &matrix, "at least (1, 1)"));
    }
    // `Array::read` took no side beyond 1,024.
    let (outputs, inputs) = (outputs as usize, inputs as usize);
    let mut weights = Vec::with_capacity(outputs * inputs);
    for output in 0..outputs {
        for input in 0..inputs {
            let at = if matrix.header.fortran { input * outputs + output } else { output * inputs + input };
            let value = matrix.integer(at);
            match i8::try_from(value) {
                Ok(w) if (-2..=1).contains(&w) => weights.push(w),
                _ => {
                    let place = format!("array {array}");
                    return Err(Problem::Weight { place, output, input, value });
                }
            }
        }
    }

    let array = &pair.bias;
    let vector = integers(archive, array)?;
    if vector.header.shape != [outputs as u64] {
        return Err(wrong_shape(array, &vector, &format!("({outputs},)")));
    }
    let mut bias = Vec::with_capacity(outputs);
    for output in 0..outputs {
        let value = vector.integer(output);
        let narrow = i16::try_from(value);
        let place = || format!("array {array}");
        bias.push(narrow.map_err(|_| Problem::Bias { place: place(), output, value })?);
    }
    Ok(Layer { inputs, outputs, weights, bias, shift: SHIFT, set: WeightSet::Full })
}

fn integers(archive: &mut Archive<'_>, name: &str) -> Result<Array, Problem> {
    archive.array(name, "integers", |kind| matches!(kind, Kind::Signed | Kind::Unsigned))
}

fn wrong_shape(array: &str, found: &Array, wants: &str) -> Problem {
    Problem::Shape { array: array.to_string(), found: found.header.shape_text(), wants: wants.to_string() }
}

/// A 0-d string, trailing NULs included.
fn string(archive: &mut Archive<'_>, name: &'static str) -> Result<String, Problem> {
    let array = archive.array(name, "a string", |kind| matches!(kind, Kind::Bytes | Kind::Unicode))?;
    if !array.header.shape.is_empty() {
        return Err(wrong_shape(name, &array, "()"));
    }
    array
        .text()
        .ok_or_else(|| Problem::Text { array: name, what: "the text is no valid Unicode".to_string() })
}

/// The JSON in a 0-d string.
fn json<T: for<'de> Deserialize<'de>>(archive: &mut Archive<'_>, name: &'static str) -> Result<T, Problem> {
    let text = string(archive, name)?;
    serde_json::from_str(text.trim_end_matches('\0'))
        .map_err(|e| Problem::Text { array: name, what: cut(&e.to_string(), 200) })
}
