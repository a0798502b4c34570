//! The type of each operation's value, and what its operands must be.

use super::{Data, Encoder, Form, Graph, NodeId, Op, Type};
use crate::model::MAX_BANDS;
use thiserror::Error;

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
/// When an operand or constant is missing or has another type than `op` needs.
pub fn infer(graph: &Graph, op: &Op) -> Result<Type, TypeError> {
    let name = op.name();
    let fail = |problem: String| TypeError { op: name, problem };
    if let Some(dangling) = op.operands().into_iter().find(|&id| !graph.nodes.contains(id)) {
        return Err(fail(format!("operand {dangling:?} does not exist")));
    }
    let mut dangling = None;
    let _ = op.map(|id| id, |c| *dangling.insert(c));
    if let Some(c) = dangling.filter(|&c| !graph.consts.contains(c)) {
        return Err(fail(format!("constant {c:?} does not exist")));
    }
    let vector = |id: NodeId| match graph.nodes[id].ty {
        Type::Vector { len } => Ok(len),
        other => Err(fail(format!("%{} is {other}, not a vector", id.index()))),
    };
    let text = |id: NodeId| match graph.nodes[id].ty {
        Type::Text { max } => Ok(max),
        other => Err(fail(format!("%{} is {other}, not a text", id.index()))),
    };
    let index = |id: NodeId| match graph.nodes[id].ty {
        Type::Index { below } => Ok(below),
        other => Err(fail(format!("%{} is {other}, not an index", id.index()))),
    };
    let product = |len: usize, rows: usize, cols: usize| {
        if len == cols {
            Ok(Type::Vector { len: rows })
        } else {
            Err(fail(format!("{len} inputs for {cols} columns")))
        }
    };
    match op {
        Op::Query { max_length } => Ok(Type::Text { max: *max_length }),
        Op::State { state } if graph.states.contains(*state) => {
            Ok(Type::Text { max: graph.states[*state].length })
        }
        Op::State { .. } => Err(fail("the state does not exist".into())),
        Op::Encode { text: t, encoder } => {
            text(*t)?;
            match encoder {
                _ if encoder.buckets() == 0 => Err(fail("no buckets".into())),
                Encoder::Trigrams { bands, .. } if !(1..=MAX_BANDS).contains(bands) => {
                    Err(fail(format!("{bands} bands")))
                }
                _ => Ok(Type::Vector { len: encoder.buckets().into() }),
            }
        }
        Op::Shift { bits, .. } if *bits >= 16 => Err(fail(format!("{bits} bits, of 16"))),
        Op::Scale { input, .. } | Op::Shift { input, .. } | Op::Relu { input } => {
            Ok(Type::Vector { len: vector(*input)? })
        }
        Op::Concat { inputs } => {
            Ok(Type::Vector { len: inputs.iter().map(|&id| vector(id)).sum::<Result<usize, _>>()? })
        }
        Op::Constant { value } => match &graph.consts[*value].data {
            Data::Vector(values) => Ok(Type::Vector { len: values.len() }),
            _ => Err(fail(format!("@{} is not a vector", graph.consts[*value].name))),
        },
        Op::Unpack { weights } => match &graph.consts[*weights].data {
            Data::Matrix { rows, cols, .. } => Ok(Type::Matrix { rows: *rows, cols: *cols }),
            _ => Err(fail(format!("@{} is not a matrix", graph.consts[*weights].name))),
        },
        Op::Dense { input, weights } => match graph.nodes[*weights].ty {
            Type::Matrix { rows, cols } => product(vector(*input)?, rows, cols),
            other => Err(fail(format!("%{} is {other}, not a matrix", weights.index()))),
        },
        Op::Mac { input, weights, form } => match (form, &graph.consts[*weights].data) {
            (Form::Packed, Data::Matrix { rows, cols, .. }) => product(vector(*input)?, *rows, *cols),
            (Form::Columns | Form::Shared | Form::Gaps | Form::Unrolled, Data::Columns { rows, columns }) => {
                product(vector(*input)?, *rows, columns.len())
            }
            _ => Err(fail(format!("@{} does not hold {form} weights", graph.consts[*weights].name))),
        },
        Op::Sum { terms } => {
            let Some((&first, rest)) = terms.split_first() else {
                return Err(fail("nothing to add".into()));
            };
            let len = vector(first)?;
            for &term in rest {
                let other = vector(term)?;
                if other != len {
                    return Err(fail(format!("adds vectors of {len} and {other}")));
                }
            }
            Ok(Type::Vector { len })
        }
        Op::Fold { input, folds } => match &graph.consts[*folds].data {
            Data::Folds { outputs, folds } => {
                let len = vector(*input)?;
                let wants = outputs + folds.len();
                if len == wants {
                    Ok(Type::Vector { len: *outputs })
                } else {
                    Err(fail(format!("of {len} elements, not {wants}")))
                }
            }
            _ => Err(fail(format!("@{} holds no folds", graph.consts[*folds].name))),
        },
        Op::ArgMax { input } => match vector(*input)? {
            0 => Err(fail("of an empty vector".into())),
            below => Ok(Type::Index { below }),
        },
        Op::ExitIf { index: i, equals } => {
            let below = index(*i)?;
            if *equals < below {
                Ok(Type::Unit)
            } else {
                Err(fail(format!("{equals} is never reached by an index below {below}")))
            }
        }
        Op::Lookup { index: i, table } => {
            let below = index(*i)?;
            let (entries, max) = match &graph.consts[*table].data {
                Data::Charset(bytes) => (bytes.len(), 1),
                Data::Labels(labels) => (labels.len(), labels.iter().map(String::len).max().unwrap_or(0)),
                _ => return Err(fail(format!("@{} is no table of texts", graph.consts[*table].name))),
            };
            if entries == below {
                Ok(Type::Text { max })
            } else {
                Err(fail(format!("{below} indices for {entries} entries")))
            }
        }
        Op::Emit { text: t } => text(*t).map(|_| Type::Unit),
        Op::Push { state, text: t } if graph.states.contains(*state) => text(*t).map(|_| Type::Unit),
        Op::Push { .. } => Err(fail("the state does not exist".into())),
    }
}
