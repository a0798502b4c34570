//! The type of each operation's value, and what its operands must be.

mod network;
mod sequence;

use super::{ConstId, Data, Elem, Encoder, Graph, NodeId, Op, StateId, StateType, Type};
use crate::model::MAX_BANDS;
use thiserror::Error;

/// Random numbers are below this.
const RANDOM: usize = 1 << 16;

/// Operands that do not fit their operation: always a bug in the pass that made the node.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{op}: {problem}")]
pub struct TypeError {
    pub op: &'static str,
    pub problem: String,
}

/// Type of the value that `op` computes in `graph`.
///
/// # Errors
/// When an operand, constant, state or block is missing or has another type than `op` needs.
pub fn infer(graph: &Graph, op: &Op) -> Result<Type, TypeError> {
    exist(graph, op).and_then(|()| value(graph, op)).map_err(|problem| TypeError { op: op.name(), problem })
}

/// Whatever an operation names is there.
fn exist(graph: &Graph, op: &Op) -> Result<(), String> {
    if let Some(id) = op.operands().into_iter().find(|&id| !graph.nodes.contains(id)) {
        return Err(format!("operand {id:?} does not exist"));
    }
    if let Some(id) = op.constants().into_iter().find(|&id| !graph.consts.contains(id)) {
        return Err(format!("constant {id:?} does not exist"));
    }
    match op {
        Op::Loop { body, .. } if !graph.blocks.contains(*body) => Err("the body does not exist".into()),
        _ if op.state().is_some_and(|id| !graph.states.contains(id)) => {
            Err("the state does not exist".into())
        }
        _ => Ok(()),
    }
}

fn value(graph: &Graph, op: &Op) -> Result<Type, String> {
    match op {
        Op::Query { max_length, .. } => Ok(Type::Text { max: *max_length }),
        Op::Read { state } => read(graph, *state),
        Op::Encode { text: input, encoder } => {
            text(graph, *input)?;
            match encoder {
                _ if encoder.buckets() == 0 => Err("no buckets".into()),
                Encoder::Trigrams { bands, .. } if !(1..=MAX_BANDS).contains(bands) => {
                    Err(format!("{bands} bands"))
                }
                _ => Ok(Type::Vector { elem: Elem::I16, len: encoder.buckets().into() }),
            }
        }
        Op::Shift { input, bits } => match vector(graph, *input)? {
            (elem, _) if u32::from(*bits) >= elem.bits() => Err(format!("{bits} bits, of {}", elem.bits())),
            (elem, len) => Ok(Type::Vector { elem, len }),
        },
        Op::Scale { input, .. } | Op::Relu { input } => {
            let (elem, len) = vector(graph, *input)?;
            Ok(Type::Vector { elem, len })
        }
        Op::Concat { inputs } => concat(graph, inputs),
        Op::Constant { values } => constant(graph, values),
        Op::Product { input, weights, sum } => match graph.nodes[*weights].ty {
            Type::Matrix { rows, cols, .. } => match vector(graph, *input)?.1 {
                len if len == cols => Ok(Type::Vector { elem: *sum, len: rows }),
                len => Err(format!("{len} inputs for {cols} columns")),
            },
            other => Err(format!("%{} is {other}, not a matrix", weights.index())),
        },
        Op::Sum { terms } => sum(graph, terms),
        Op::ArgMax { input } => match vector(graph, *input)? {
            (_, 0) => Err("of an empty vector".into()),
            (elem @ (Elem::I24 | Elem::I32), _) => {
                Err(format!("of {} bits; logits have 16 at most", elem.bits()))
            }
            (_, below) => Ok(Type::Index { below }),
        },
        Op::Loop { times: 0, .. } => Err("without a round".into()),
        Op::Loop { .. } => Ok(Type::Unit),
        Op::ExitIf { index: input, equals } => match index(graph, *input)? {
            below if *equals < below => Ok(Type::Unit),
            below => Err(format!("{equals} is never reached by an index below {below}")),
        },
        Op::Lookup { index: input, table } => lookup(graph, index(graph, *input)?, *table),
        Op::Emit { text: input } => text(graph, *input).map(|_| Type::Unit),
        Op::Push { state, text: input } => match content(graph, *state)? {
            Type::Text { .. } => text(graph, *input).map(|_| Type::Unit),
            other => Err(format!("${} is {other}, not a text", graph.states[*state].name)),
        },
        Op::Write { state, value } => {
            let (holds, given) = (content(graph, *state)?, graph.nodes[*value].ty);
            match holds {
                Type::Vector { .. } if holds == given => Ok(Type::Unit),
                Type::Vector { .. } => {
                    Err(format!("${} is {holds}, the value {given}", graph.states[*state].name))
                }
                other => Err(format!("${} is {other}, not a vector", graph.states[*state].name)),
            }
        }
        Op::Tokenize { .. }
        | Op::Feed { .. }
        | Op::Turn { .. }
        | Op::Act { .. }
        | Op::Random { .. }
        | Op::Choose { .. }
        | Op::Prior { .. }
        | Op::Take { .. }
        | Op::Position { .. }
        | Op::Waiting { .. }
        | Op::Gather { .. }
        | Op::Rescale { .. }
        | Op::Add { .. }
        | Op::Norm { .. }
        | Op::Narrow { .. }
        | Op::Rotate { .. }
        | Op::Append { .. }
        | Op::Attend { .. }
        | Op::Table { .. }
        | Op::Multiply { .. } => sequence::value(graph, op),
        Op::Measure { .. }
        | Op::Convolve { .. }
        | Op::Pool { .. }
        | Op::Bias { .. }
        | Op::Requantize { .. }
        | Op::Widen { .. }
        | Op::Vote { .. }
        | Op::Decide { .. }
        | Op::Numbers { .. } => network::value(graph, op),
    }
}

/// What reading a state gives. Tokens and random numbers have operations of their own, which change the state.
fn read(graph: &Graph, state: StateId) -> Result<Type, String> {
    match content(graph, state)? {
        Type::Tokens { .. } => Err(format!("${} holds tokens, which are taken", graph.states[state].name)),
        Type::Index { .. } => Err(format!("${} gives random numbers", graph.states[state].name)),
        ty => Ok(ty),
    }
}

fn vector(graph: &Graph, id: NodeId) -> Result<(Elem, usize), String> {
    match graph.nodes[id].ty {
        Type::Vector { elem, len } => Ok((elem, len)),
        other => Err(format!("%{} is {other}, not a vector", id.index())),
    }
}

fn text(graph: &Graph, id: NodeId) -> Result<usize, String> {
    match graph.nodes[id].ty {
        Type::Text { max } => Ok(max),
        other => Err(format!("%{} is {other}, not a text", id.index())),
    }
}

fn index(graph: &Graph, id: NodeId) -> Result<usize, String> {
    match graph.nodes[id].ty {
        Type::Index { below } => Ok(below),
        other => Err(format!("%{} is {other}, not an index", id.index())),
    }
}

/// The type of what a state holds.
fn content(graph: &Graph, state: StateId) -> Result<Type, String> {
    match graph.states[state].ty {
        StateType::Text { length } => Ok(Type::Text { max: length }),
        StateType::Tokens { below, .. } => Ok(Type::Tokens { below }),
        StateType::Cache { rows, len } => Ok(Type::Rows { rows, len }),
        StateType::Random { .. } => Ok(Type::Index { below: RANDOM }),
        StateType::Vector { elem, start } => {
            match graph.consts.contains(start).then(|| &graph.consts[start].data) {
                Some(Data::Vector(values)) => Ok(Type::Vector { elem, len: values.len() }),
                _ => Err(format!("${} does not start as a vector", graph.states[state].name)),
            }
        }
    }
}

/// Vectors of one kind of element, one behind the other.
fn concat(graph: &Graph, inputs: &[NodeId]) -> Result<Type, String> {
    let parts = inputs.iter().map(|&id| vector(graph, id)).collect::<Result<Vec<_>, _>>()?;
    let Some(&(elem, _)) = parts.first() else { return Err("of nothing".into()) };
    match parts.iter().find(|part| part.0 != elem) {
        Some((other, _)) => Err(format!("of {elem} and {other}")),
        None => Ok(Type::Vector { elem, len: parts.iter().map(|part| part.1).sum() }),
    }
}

/// Constants that are alike: one for each round.
fn constant(graph: &Graph, values: &[ConstId]) -> Result<Type, String> {
    let ty = |id: ConstId| match &graph.consts[id].data {
        Data::Vector(values) => Ok(Type::Vector { elem: Elem::I16, len: values.len() }),
        Data::Matrix { rows, cols, bits, .. } => Ok(Type::Matrix { rows: *rows, cols: *cols, bits: *bits }),
        _ => Err(format!("@{} is neither vector nor matrix", graph.consts[id].name)),
    };
    let Some((&first, rest)) = values.split_first() else { return Err("of no constant".into()) };
    let first = ty(first)?;
    for &id in rest {
        let other = ty(id)?;
        if other != first {
            return Err(format!("@{} is {other}, in another round it is {first}", graph.consts[id].name));
        }
    }
    Ok(first)
}

fn sum(graph: &Graph, terms: &[NodeId]) -> Result<Type, String> {
    let Some((&first, rest)) = terms.split_first() else { return Err("nothing to add".into()) };
    let (elem, len) = vector(graph, first)?;
    for &term in rest {
        let (other_elem, other_len) = vector(graph, term)?;
        if other_len != len {
            return Err(format!("adds vectors of {len} and {other_len}"));
        }
        if other_elem != elem {
            return Err(format!("adds {elem} and {other_elem}"));
        }
    }
    Ok(Type::Vector { elem, len })
}

/// A text for each index below `below`.
fn lookup(graph: &Graph, below: usize, table: ConstId) -> Result<Type, String> {
    let (entries, max) = match &graph.consts[table].data {
        Data::Charset(bytes) => (bytes.len(), 1),
        Data::Labels(labels) => (labels.len(), labels.iter().map(String::len).max().unwrap_or(0)),
        Data::Pieces(pieces) => (pieces.len(), pieces.iter().map(Vec::len).max().unwrap_or(0)),
        _ => return Err(format!("@{} is no table of texts", graph.consts[table].name)),
    };
    if entries == below {
        Ok(Type::Text { max })
    } else {
        Err(format!("{below} indices for {entries} entries"))
    }
}
