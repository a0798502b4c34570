//! Types of the operations of networks on numbers.

use super::{text, vector};
use crate::ir::{ConstId, Data, Elem, Graph, NodeId, Op, Type};
use crate::model::{Pooling, Requantization, Window, ranked_bytes};

/// Longest text of a number: a sign, the digits of 64 bits, a point and a space.
const NUMBER: usize = 23;

/// Type of the value of one of these operations.
pub fn value(graph: &Graph, op: &Op) -> Result<Type, String> {
    match op {
        Op::Measure { text: input, scaling } => {
            text(graph, *input)?;
            let count = match &graph.consts[*scaling].data {
                Data::Ranks { ranks, .. } => ranked_bytes(ranks),
                _ => lines(graph, *scaling)?,
            };
            Ok(Type::Vector { elem: Elem::I8, len: count })
        }
        Op::Convolve { input, weights, window, groups, .. } => {
            shown(graph, *input, window)?;
            convolve(window, *groups, graph.nodes[*weights].ty)
        }
        Op::Pool { input, window, pooling } => {
            shown(graph, *input, window)?;
            let elem = if *pooling == Pooling::Sum { Elem::I32 } else { Elem::I8 };
            Ok(Type::Vector { elem, len: window.output[0] * window.output[1] * window.input.channels })
        }
        Op::Bias { input, bias } => match (sums(graph, *input)?, &graph.consts[*bias].data) {
            (len, Data::Words(words)) => each("a bias", words.len(), len, Elem::I32),
            _ => Err(format!("@{} holds no integers of 32 bits", graph.consts[*bias].name)),
        },
        Op::Requantize { input, steps } => match (sums(graph, *input)?, &graph.consts[*steps].data) {
            (len, Data::Requantization(r)) => each("a multiplier", r.multipliers.len(), len, elem(r)),
            _ => Err(format!("@{} makes no bytes of sums", graph.consts[*steps].name)),
        },
        Op::Widen { input, table } => match (bytes(graph, *input)?, &graph.consts[*table].data) {
            (len, Data::Words(words)) if words.len() == 256 => Ok(Type::Vector { elem: Elem::I32, len }),
            _ => Err(format!("@{} is no table of 256 integers of 32 bits", graph.consts[*table].name)),
        },
        Op::Vote { input, trees } => match (bytes(graph, *input)?, &graph.consts[*trees].data) {
            (values, Data::Trees(trees)) => match trees.problem(values) {
                None => Ok(Type::Vector { elem: Elem::I16, len: trees.base.len() }),
                Some(problem) => Err(problem),
            },
            _ => Err(format!("@{} holds no trees", graph.consts[*trees].name)),
        },
        Op::Decide { input, .. } => match logits(graph, *input)? {
            0 => Err("of an empty vector".into()),
            len => Ok(Type::Index { below: len + 1 }),
        },
        Op::Numbers { input, format } => match (logits(graph, *input)?, lines(graph, *format)?) {
            (len, count) if len == count => Ok(Type::Text { max: NUMBER * len }),
            (len, count) => Err(format!("{len} elements for {count} numbers")),
        },
        other => unreachable!("{} is none of these operations", other.name()),
    }
}

/// What requantized sums are made of.
fn elem(r: &Requantization) -> Elem {
    if r.is_bytes() { Elem::I8 } else { Elem::I16 }
}

/// A constant has one value for each channel; channels repeat.
fn each(what: &str, count: usize, len: usize, elem: Elem) -> Result<Type, String> {
    if count > 0 && len.is_multiple_of(count) {
        return Ok(Type::Vector { elem, len });
    }
    Err(format!("{what} for {count} channels of {len} elements"))
}

fn convolve(window: &Window, groups: usize, weights: Type) -> Result<Type, String> {
    let Type::Matrix { rows, cols, .. } = weights else { return Err(format!("by {weights}, not a matrix")) };
    let channels = window.input.channels;
    if groups == 0 || !channels.is_multiple_of(groups) || !rows.is_multiple_of(groups) {
        return Err(format!("{groups} groups of {channels} channels and {rows} rows"));
    }
    let taps = window.kernel[0] * window.kernel[1] * (channels / groups);
    if taps != cols {
        return Err(format!("{taps} elements in a window for {cols} columns"));
    }
    Ok(Type::Vector { elem: Elem::I32, len: window.output[0] * window.output[1] * rows })
}

/// The operand has the bytes that a window goes over, and every position shows one of its places.
fn shown(graph: &Graph, input: NodeId, window: &Window) -> Result<(), String> {
    let (len, wants) = (bytes(graph, input)?, window.input.len());
    if len != wants {
        return Err(format!("{len} elements for a window over {wants}"));
    }
    for (axis, size) in [window.input.height, window.input.width].into_iter().enumerate() {
        let last = window.output[axis].saturating_sub(1) * window.stride[axis];
        let empty = window.kernel[axis] == 0 || window.stride[axis] == 0 || window.output[axis] == 0;
        if empty || window.before[axis] >= window.kernel[axis] || last >= size + window.before[axis] {
            return Err("a window that shows nothing".into());
        }
    }
    Ok(())
}

fn bytes(graph: &Graph, id: NodeId) -> Result<usize, String> {
    match vector(graph, id)? {
        (Elem::I8, len) => Ok(len),
        (elem, _) => Err(format!("of {elem}; 8 bits are possible")),
    }
}

fn sums(graph: &Graph, id: NodeId) -> Result<usize, String> {
    match vector(graph, id)? {
        (Elem::I32, len) => Ok(len),
        (elem, _) => Err(format!("of {elem}; 32 bits are possible")),
    }
}

fn logits(graph: &Graph, id: NodeId) -> Result<usize, String> {
    match vector(graph, id)? {
        (Elem::I8 | Elem::I16, len) => Ok(len),
        (elem, _) => Err(format!("of {} bits; logits have 16 at most", elem.bits())),
    }
}

/// How many numbers a constant has lines for.
fn lines(graph: &Graph, id: ConstId) -> Result<usize, String> {
    match &graph.consts[id].data {
        Data::Lines { count, .. } => Ok(*count),
        _ => Err(format!("@{} holds no lines of numbers", graph.consts[id].name)),
    }
}
