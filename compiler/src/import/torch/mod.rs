//! The `.pt` of the published trainer: what torch.save makes of
//! `{"model_state": state_dict, "architecture": {…}, "charset": "…\0", …}`. Needs no PyTorch, runs no code.

mod archive;
mod opcode;
mod pickle;
mod value;

use super::network::{self, Architecture, Facts};
use super::tensor::{self, Part, Tensor};
use super::{ImportError, Options, Problem, names};
use crate::model::Model;
use archive::Archive;
use std::collections::BTreeMap;
use value::{Graph, Value};

pub(super) use archive::is_checkpoint;

/// Whether `bytes` start as a pickle of protocol 2 to 5 does.
pub(super) fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [opcode::PROTO, 2..=5, ..])
}

/// Reads a model from the bytes of a `.pt`; `file` names it in errors, and names the model unless
/// `options` do. Float parameters are quantized (docs/import.md).
///
/// # Errors
/// The first thing found wrong, with the byte of the pickle, the entry or the tensor.
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Model, ImportError> {
    model(bytes, file, options).map_err(|problem| ImportError::new(file, None, problem))
}

fn model(bytes: &[u8], file: &str, options: &Options) -> Result<Model, Problem> {
    let mut archive = Archive::open(bytes)?;
    let pickle = archive.pickle()?;
    let (graph, root) = pickle::read(&pickle)?;
    let Value::Dict(top) = root else { return Err(entry("the checkpoint", root, "a dict")) };
    let state = dict(&graph, top, "model_state")?;

    let mut tensors = BTreeMap::new();
    for &(name, value) in &graph.dicts[state] {
        let Value::Str(name) = name else { return Err(entry("a name in model_state", name, "a string")) };
        tensors.insert(name, value);
    }
    let mut layers = Vec::new();
    for pair in names::pairs(tensors.keys().copied())? {
        let mut tensor = |name: &str, part| {
            let value = tensors[name];
            let Value::Tensor(view) = value else {
                return Err(entry(&format!("model_state: {name}"), value, "a tensor"));
            };
            let view = &graph.tensors[view];
            tensor::check_shape(name, &view.shape, part)?;
            archive.tensor(name, &graph, view)
        };
        let weight: Tensor = tensor(&pair.weight, Part::Weight)?;
        layers.push(tensor::layer(&weight, &tensor(&pair.bias, Part::Bias)?)?);
    }
    architecture(&graph, dict(&graph, top, "architecture")?)?.check("architecture", &layers)?;

    let charset = match graph.get(top, "charset") {
        None => None,
        Some(Value::Str(charset)) => Some(charset.to_string()),
        Some(other) => return Err(entry("charset", other, "a string")),
    };
    network::model(layers, Facts { charset, labels: None }, file, options)
}

fn entry(entry: &str, found: Value<'_>, wants: &'static str) -> Problem {
    Problem::Entry { entry: entry.to_string(), found: found.kind(), wants }
}

/// The dict that is the value of `key` in the checkpoint.
fn dict(graph: &Graph<'_>, top: usize, key: &str) -> Result<usize, Problem> {
    match graph.get(top, key) {
        Some(Value::Dict(dict)) => Ok(dict),
        Some(other) => Err(entry(key, other, "a dict")),
        None => Err(Problem::MissingEntry(key.to_string())),
    }
}

fn architecture(graph: &Graph<'_>, dict: usize) -> Result<Architecture, Problem> {
    let get = |key: &str| {
        let path = format!("architecture: {key}");
        match graph.get(dict, key) {
            Some(value) => Ok((path, value)),
            None => Err(Problem::MissingEntry(path)),
        }
    };
    let size = |(path, value): (String, Value<'_>)| match value {
        Value::Int(n) => u64::try_from(n).map_err(|_| entry(&path, value, "a number from 0 on")),
        other => Err(entry(&path, other, "an int")),
    };
    let (path, hidden) = get("hidden_sizes")?;
    let (Value::List(hidden) | Value::Tuple(hidden)) = hidden else {
        return Err(entry(&path, hidden, "a list"));
    };
    let hidden = graph.lists[hidden].iter().map(|&n| size((format!("{path}: an item"), n)));
    Ok(Architecture {
        input_size: size(get("input_size")?)?,
        hidden_sizes: hidden.collect::<Result<_, _>>()?,
        num_classes: size(get("num_classes")?)?,
    })
}
