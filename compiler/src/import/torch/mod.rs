//! The `.pt` of the published trainer: what torch.save makes of
//! `{"model_state": state_dict, "architecture": {…}, "charset": "…\0", …}`; also a state dict by itself, or under
//! another usual name. Needs no PyTorch, runs no code.

mod archive;
mod checkpoint;
mod opcode;
mod pickle;
mod rebuild;
mod value;

use super::tensor::{self, Part, Tensor};
use super::{ImportError, Imported, Options, Problem, names, network};
use archive::Archive;
use value::Value;

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
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, ImportError> {
    model(bytes, file, options).map_err(|problem| ImportError::new(file, None, problem))
}

fn model(bytes: &[u8], file: &str, options: &Options) -> Result<Imported, Problem> {
    let mut archive = Archive::open(bytes)?;
    let pickle = archive.pickle()?;
    let (graph, root) = pickle::read(&pickle)?;
    let (tensors, mut facts) = checkpoint::read(&graph, root, options)?;
    let (pairs, note) = names::pairs(tensors.keys().copied())?;
    facts.notes.extend(note);
    let mut layers = Vec::new();
    for pair in pairs {
        let mut tensor = |name: &str, part| {
            let value = tensors[name];
            let Value::Tensor(view) = value else {
                return Err(entry(&format!("tensor {name}"), value, "a tensor"));
            };
            let view = &graph.tensors[view];
            tensor::check_shape(name, &view.shape, part)?;
            archive.tensor(name, &graph, view)
        };
        let weight: Tensor = tensor(&pair.weight, Part::Weight)?;
        layers.push(tensor::layer(&weight, &tensor(&pair.bias, Part::Bias)?)?);
    }
    network::model(layers, facts, file, options)
}

fn entry(entry: &str, found: Value<'_>, wants: &'static str) -> Problem {
    Problem::Entry { entry: entry.to_string(), found: found.shown(), wants }
}
