//! `model.ron` text as a model.

use super::locate::{self, Step};
use super::pack::{self, RowError};
use super::parts::{Parameters, present};
use super::syntax::syntax;
use super::version::{NEWEST, OLDEST, Version, name};
use super::{version1, version2};
use crate::import::{ImportError, MAX_TEXT_MIB, Problem};
use crate::model::{Body, Layer, Model, ModelError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// All that is read of a file of another format.
#[derive(Deserialize)]
#[serde(rename = "Model")]
struct Versioned {
    #[serde(default, deserialize_with = "present")]
    format: Option<i64>,
}

/// Reads a model from the text of a `model.ron`; `file` names it in errors.
///
/// # Errors
/// The first thing found wrong: the version before the syntax of the rest, that before names and
/// shapes, and those before weights.
pub fn read(text: &str, file: &str) -> Result<Model, ImportError> {
    if text.len() > MAX_TEXT_MIB << 20 {
        return Err(ImportError::new(
            file,
            None,
            Problem::FileSize { what: "a model.ron", most: MAX_TEXT_MIB },
        ));
    }
    // Editors of some systems put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !locate::starts_struct(text, "Model") {
        let what = if text.trim().is_empty() { "an empty file" } else { "some other text" };
        return Err(ImportError::new(file, None, Problem::NotAModel(what.to_string())));
    }
    let fail = |path: &[Step], problem| ImportError::new(file, locate::place(text, path), problem);
    let Some(found) = parse::<Versioned>(text, file)?.format else {
        return Err(fail(&[], Problem::NoVersion));
    };
    let Some(version) = Version::numbered(found) else {
        let problem = Problem::Version { found, oldest: OLDEST, newest: NEWEST };
        return Err(fail(&[name("format")], problem));
    };
    let parts = match version {
        Version::One => parse::<version1::File>(text, file)?.parts(),
        Version::Two => parse::<version2::File>(text, file)?.parts(),
    };
    let (mut model, parameters) = parts.map_err(|e| fail(&version.place(&e), e))?;
    let broken = |e: ModelError| fail(&version.broken(&e), Problem::Model(e));
    model.check_shape().map_err(broken)?;
    match &mut model.body {
        Body::Layers(layers) => fill(layers, parameters, version, fail)?,
        // Their weights stand where their shapes are.
        Body::Transformer(_) | Body::Network(_) => {}
    }
    model.check().map_err(broken)?;
    Ok(model)
}

fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, ImportError> {
    ::ron::from_str(text).map_err(|e| syntax(text, file, &e))
}

/// Gives each layer its weights and biases.
///
/// # Errors
/// Others than the shapes want, or text that is no row; `fail` says where it stands.
fn fill(
    layers: &mut [Layer],
    parameters: Vec<Parameters>,
    version: Version,
    fail: impl Fn(&[Step], Problem) -> ImportError,
) -> Result<(), ImportError> {
    let (found, wants) = (parameters.len(), layers.len());
    if found != wants {
        return Err(fail(&version.path("parameters"), Problem::Parameters { found, wants }));
    }
    for (i, (layer, parameters)) in layers.iter_mut().zip(parameters).enumerate() {
        layer.bias = parameters.bias;
        let (found, wants) = (parameters.weights.len(), layer.outputs);
        if found != wants {
            return Err(fail(&version.row(i, None), Problem::Rows { layer: i + 1, found, wants }));
        }
        for (output, row) in parameters.weights.iter().enumerate() {
            let row = pack::unpack(row, layer.inputs, layer.set).map_err(|e| {
                fail(&version.row(i, Some(output)), row_problem(e, i + 1, output, layer.inputs))
            })?;
            layer.weights.extend(row);
        }
    }
    Ok(())
}

fn row_problem(e: RowError, layer: usize, output: usize, inputs: usize) -> Problem {
    match e {
        RowError::Length { found, wants } => Problem::Row { layer, output, found, wants, inputs },
        RowError::Symbol { at, found } => Problem::Symbol { layer, output, at, found },
        RowError::Padding => Problem::PaddingBits { layer, output },
    }
}
