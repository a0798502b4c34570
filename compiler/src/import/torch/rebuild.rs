//! Rebuilds tensors as the functions of `torch/_utils.py` do. No argument is dropped: it is applied, or it changes no
//! value, or it is refused.

use super::value::{Graph, Value, View};
use crate::import::Problem;

/// Most dimensions of a tensor: those of a 3-D convolution, and one more.
const MAX_DIMENSIONS: usize = 6;

/// Why a tensor is not rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No writer makes such arguments.
    Damaged(&'static str),
    /// A tensor of a kind that is not read; the words follow `a tensor`.
    Kind(&'static str),
}

const ARGUMENTS: Refusal = Refusal::Damaged("a class is called with other arguments than it takes");

impl Refusal {
    /// The problem with the pickle, at a byte of it.
    pub fn at(self, at: usize) -> Problem {
        match self {
            Self::Damaged(what) => Problem::Pickle { at, what: what.to_string() },
            Self::Kind(what) => Problem::View { at, what },
        }
    }
}

/// `_rebuild_tensor_v2`: storage, offset, size, strides, requires_grad, hooks, and since PyTorch 1.13 metadata. Whether
/// gradients are wanted changes no value.
///
/// # Errors
/// Other arguments, or what the hooks or the metadata say.
pub fn tensor(graph: &Graph<'_>, arguments: &[Value<'_>]) -> Result<View, Refusal> {
    let &[
        Value::Storage(storage),
        Value::Int(offset),
        Value::Tuple(shape),
        Value::Tuple(strides),
        Value::Bool(_),
        hooks,
        ref metadata @ ..,
    ] = arguments
    else {
        return Err(ARGUMENTS);
    };
    let metadata = match metadata {
        [] => Value::None,
        &[metadata] => metadata,
        _ => return Err(ARGUMENTS),
    };
    check_hooks(graph, hooks)?;
    let negated = negated(graph, metadata)?;
    let view = view(graph, storage, offset, shape, strides);
    let view = view.ok_or(Refusal::Damaged("offset, size or strides are no tensor's"))?;
    Ok(View { negated, ..view })
}

/// `_rebuild_parameter`: data, requires_grad, hooks.
///
/// # Errors
/// Other arguments, or hooks.
pub fn parameter<'a>(graph: &Graph<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>, Refusal> {
    let &[tensor @ Value::Tensor(_), Value::Bool(_), hooks] = arguments else { return Err(ARGUMENTS) };
    check_hooks(graph, hooks)?;
    Ok(tensor)
}

/// Hooks are code that runs with a tensor. PyTorch writes an empty dict in their place.
fn check_hooks(graph: &Graph<'_>, hooks: Value<'_>) -> Result<(), Refusal> {
    match hooks {
        Value::None => Ok(()),
        Value::Dict(dict) if graph.dicts[dict].is_empty() => Ok(()),
        _ => Err(Refusal::Kind("with backward hooks")),
    }
}

/// Whether the metadata (`torch._utils.get_tensor_metadata`) say that the values are those of the storage with the other
/// sign. They may also say that the values are the conjugates, which only complex numbers have.
fn negated(graph: &Graph<'_>, metadata: Value<'_>) -> Result<bool, Refusal> {
    let entries = match metadata {
        Value::None => return Ok(false),
        Value::Dict(dict) => &graph.dicts[dict],
        _ => return Err(Refusal::Damaged("the metadata of a tensor is no dict")),
    };
    let mut negated = false;
    for entry in entries {
        match entry {
            // Of equal keys the last one counts.
            (Value::Str("neg"), Value::Bool(bit)) => negated = *bit,
            (Value::Str("conj"), Value::Bool(false)) => {}
            (Value::Str("conj"), _) => return Err(Refusal::Kind("that is a conjugate view")),
            _ => return Err(Refusal::Kind("with metadata that mlc does not know")),
        }
    }
    Ok(negated)
}

/// A plain view; `None` if the numbers are no tensor's.
fn view(graph: &Graph<'_>, storage: usize, offset: i64, shape: usize, strides: usize) -> Option<View> {
    let numbers = |tuple: usize| {
        let items = &graph.lists[tuple];
        let number = |v: &Value<'_>| match v {
            Value::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        };
        // Bounds the copy: one tuple may serve many tensors.
        (items.len() <= MAX_DIMENSIONS).then(|| items.iter().map(number).collect::<Option<Vec<u64>>>())?
    };
    let (shape, strides) = (numbers(shape)?, numbers(strides)?);
    let offset = u64::try_from(offset).ok()?;
    (shape.len() == strides.len()).then_some(View { storage, offset, shape, strides, negated: false })
}
