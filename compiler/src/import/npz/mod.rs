//! The `.npz` of the published Z80 networks as a model.
//!
//! Arrays `fcN_weight` (integers `[outputs, inputs]`) and `fcN_bias` (integers `[outputs]`), N from 1 and
//! ordered as numbers; 0-d strings `_architecture` (JSON) and `_charset` (UTF-8, the last character NUL).

mod archive;
mod npy;

use super::ron::latin1;
use super::{ImportError, Options, Problem};
use crate::model::{Chat, ContextEncoder, Layer, Model, Output, QueryEncoder, WeightSet};
use archive::Archive;
use npy::{Array, Kind};
use serde::Deserialize;

pub(super) use npy::MAGIC as NPY_MAGIC;

/// Shift behind every layer of the published networks, which their files do not state.
const SHIFT: u8 = 2;

/// `_architecture`; further keys are left alone.
#[derive(Deserialize)]
#[serde(expecting = "an object of input_size, hidden_sizes and num_classes")]
struct Architecture {
    input_size: usize,
    hidden_sizes: Vec<usize>,
    num_classes: usize,
}

/// Whether `bytes` start as a zip archive does.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Reads a model from the bytes of an `.npz`; `file` names it in errors, and names the model unless
/// `options` do.
///
/// # Errors
/// The first thing found wrong, with the array.
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Model, ImportError> {
    model(bytes, file, options).map_err(|problem| ImportError::new(file, None, problem))
}

fn model(bytes: &[u8], file: &str, options: &Options) -> Result<Model, Problem> {
    let mut archive = Archive::open(bytes)?;
    let count = archive.layers()?;
    let mut layers = Vec::new();
    for n in 1..=count {
        layers.push(layer(&mut archive, n)?);
    }
    check_architecture(&mut archive, &layers)?;

    let inputs = layers[0].inputs;
    let (buckets, output) = match &options.labels {
        Some(labels) => (classifier_buckets(inputs, options)?, Output::Classifier { labels: labels.clone() }),
        None => {
            let (query, context) = split(inputs, options)?;
            let charset = string(&mut archive, "_charset")?;
            let chat = Chat {
                charset: latin1(&charset)?,
                context: ContextEncoder { buckets: context, length: options.context_length },
                max_reply: options.max_reply,
            };
            (query, Output::Chat(chat))
        }
    };
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let model = Model {
        name: options.name.clone().unwrap_or_else(|| name(base)),
        about: format!("imported from {base}"),
        query: QueryEncoder { buckets, bands: 1, max_length: options.max_query },
        output,
        layers,
        training: Vec::new(),
    };
    model.check()?;
    Ok(model)
}

/// A name for the model in the file `base`: its stem, other characters as `-`.
fn name(base: &str) -> String {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(keep).take(32).collect();
    match name.trim_matches('-') {
        "" => "model".to_string(),
        name => name.to_string(),
    }
}

/// Buckets of query and context: as the options say, or half of the inputs each.
fn split(inputs: usize, options: &Options) -> Result<(u16, u16), Problem> {
    // An array is at most 1,024 wide, so every part of it fits.
    let narrow = |n: usize| u16::try_from(n).expect("a width of at most 1024");
    match options.query_buckets {
        None if inputs % 2 == 1 => Err(Problem::OddInputs { inputs }),
        None => Ok((narrow(inputs / 2), narrow(inputs / 2))),
        Some(query) if usize::from(query) >= inputs => Err(Problem::NoContext { query, inputs }),
        Some(query) => Ok((query, narrow(inputs - usize::from(query)))),
    }
}

fn classifier_buckets(inputs: usize, options: &Options) -> Result<u16, Problem> {
    let all = u16::try_from(inputs).expect("a width of at most 1024");
    match options.query_buckets {
        Some(query) if query != all => Err(Problem::ClassifierBuckets { query, inputs }),
        _ => Ok(all),
    }
}

/// Layer number `n`, with its weights in C order whatever order the file has.
fn layer(archive: &mut Archive<'_>, n: usize) -> Result<Layer, Problem> {
    let array = format!("fc{n}_weight");
    let matrix = integers(archive, &array)?;
    let [outputs, inputs] = matrix.header.shape[..] else {
        return Err(wrong_shape(&array, &matrix, "(outputs, inputs)"));
    };
    if outputs == 0 || inputs == 0 {
        return Err(wrong_shape(&array, &matrix, "at least (1, 1)"));
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
                _ => return Err(Problem::Weight { array, output, input, value }),
            }
        }
    }

    let array = format!("fc{n}_bias");
    let vector = integers(archive, &array)?;
    if vector.header.shape != [outputs as u64] {
        return Err(wrong_shape(&array, &vector, &format!("({outputs},)")));
    }
    let mut bias = Vec::with_capacity(outputs);
    for output in 0..outputs {
        let value = vector.integer(output);
        let narrow = i16::try_from(value);
        bias.push(narrow.map_err(|_| Problem::Bias { array: array.clone(), output, value })?);
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

/// Compares what `_architecture` says with the arrays: a file that lost its last layers shows here.
fn check_architecture(archive: &mut Archive<'_>, layers: &[Layer]) -> Result<(), Problem> {
    let text = string(archive, "_architecture")?;
    let says: Architecture = serde_json::from_str(text.trim_end_matches('\0'))
        .map_err(|e| Problem::Text { array: "_architecture", what: e.to_string() })?;
    let differ = |field, says: String, arrays: String| {
        if says == arrays { Ok(()) } else { Err(Problem::Architecture { field, says, arrays }) }
    };
    let outputs: Vec<usize> = layers.iter().map(|l| l.outputs).collect();
    let (classes, hidden) = outputs.split_last().expect("Archive::layers finds at least one");
    differ("input_size", says.input_size.to_string(), layers[0].inputs.to_string())?;
    differ("hidden_sizes", format!("{:?}", says.hidden_sizes), format!("{hidden:?}"))?;
    differ("num_classes", says.num_classes.to_string(), classes.to_string())
}
