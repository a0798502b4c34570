//! Types of the operations of sequence models.

use super::{RANDOM, content, index, text, vector};
use crate::ir::{ConstId, Data, Elem, Graph, NodeId, Op, StateId, Type};
use crate::model::{Action, DIGITS};

/// Type of the value of one of these operations.
pub fn value(graph: &Graph, op: &Op) -> Result<Type, String> {
    match op {
        Op::Tokenize { text: input, tokenizer } => {
            text(graph, *input)?;
            match &graph.consts[*tokenizer].data {
                Data::Tokenizer(tokenizer) => Ok(Type::Tokens { below: tokenizer.pieces.len() }),
                _ => Err(format!("@{} is no tokenizer", graph.consts[*tokenizer].name)),
            }
        }
        Op::Feed { state, tokens } => match (queue(graph, *state)?, graph.nodes[*tokens].ty) {
            (below, Type::Tokens { below: found } | Type::Index { below: found }) if found == below => {
                Ok(Type::Unit)
            }
            (below, other) => Err(format!("%{} is {other}, not tokens below {below}", tokens.index())),
        },
        Op::Turn { state, tokens, turns } => match (queue(graph, *state)?, graph.nodes[*tokens].ty) {
            (below, Type::Tokens { below: found }) if found == below => turn(graph, below, *turns),
            (below, other) => Err(format!("%{} is {other}, not tokens below {below}", tokens.index())),
        },
        Op::Act { state, index: at, tools } => act(graph, queue(graph, *state)?, index(graph, *at)?, *tools),
        Op::Random { state } => match content(graph, *state)? {
            ty @ Type::Index { .. } => Ok(ty),
            other => Err(format!("${} is {other}, not random numbers", graph.states[*state].name)),
        },
        Op::Prior { input, state, prior } => match (&graph.consts[*prior].data, vector(graph, *input)?) {
            (Data::Prior(prior), (Elem::I16, len)) if len == prior.vocabulary() => {
                match queue(graph, *state)? {
                    below if below == len => Ok(Type::Vector { elem: Elem::I16, len }),
                    below => Err(format!("of {len} logits behind tokens below {below}")),
                }
            }
            (Data::Prior(prior), (elem, len)) => {
                Err(format!("of {elem}[{len}], not of a logit for each of {} tokens", prior.vocabulary()))
            }
            _ => Err(format!("@{} says nothing of what tokens cost", graph.consts[*prior].name)),
        },
        Op::Choose { input, state, random, rules } => choose(graph, *input, *state, *random, *rules),
        Op::Take { state } => Ok(Type::Index { below: queue(graph, *state)? }),
        Op::Position { state } => {
            queue(graph, *state)?;
            let crate::ir::StateType::Tokens { most, .. } = graph.states[*state].ty else {
                return Err("of no queue of tokens".into());
            };
            Ok(Type::Index { below: most })
        }
        Op::Waiting { state } => queue(graph, *state).map(|_| Type::Index { below: 2 }),
        Op::Gather { index: at, weights, scale } => match graph.nodes[*weights].ty {
            Type::Matrix { rows, cols, .. } => {
                scaled(graph, *scale, rows)?;
                match index(graph, *at)? {
                    below if below <= rows => Ok(Type::Vector { elem: Elem::I16, len: cols }),
                    below => Err(format!("an index below {below} for {rows} rows")),
                }
            }
            other => Err(format!("%{} is {other}, not a matrix", weights.index())),
        },
        Op::Append { state, value } => match (content(graph, *state)?, vector(graph, *value)?) {
            (Type::Rows { len, .. }, (Elem::I8, found)) if found == len => Ok(Type::Unit),
            (Type::Rows { len, .. }, (elem, found)) => {
                Err(format!("{elem}[{found}] is no row of {len} bytes"))
            }
            (other, _) => Err(format!("${} is {other}, not a cache", graph.states[*state].name)),
        },
        Op::Attend { bits, .. } if *bits > 23 => Err(format!("by {bits} bits")),
        Op::Attend { query, keys, values, head, table, .. } => {
            let Data::Weights(_) = graph.consts[*table].data else {
                return Err(format!("@{} holds no weights of attention", graph.consts[*table].name));
            };
            attend(graph, *query, [*keys, *values], *head)
        }
        _ => elementwise(graph, op),
    }
}

fn elementwise(graph: &Graph, op: &Op) -> Result<Type, String> {
    match op {
        Op::Rescale { input, scale, elem } => {
            let (of, len) = vector(graph, *input)?;
            if of == Elem::I32 {
                return Err("of 32 bits; sums of 24 are possible".into());
            }
            scaled(graph, *scale, len)?;
            match elem {
                Elem::I24 | Elem::I32 => Err(format!("to {} bits; 8 and 16 are possible", elem.bits())),
                elem => Ok(Type::Vector { elem: *elem, len }),
            }
        }
        Op::Add { a, b } => match (vector(graph, *a)?, vector(graph, *b)?) {
            (a, b) if a == b && a.0 < Elem::I24 => Ok(Type::Vector { elem: a.0, len: a.1 }),
            ((a, m), (b, n)) => Err(format!("adds {a}[{m}] and {b}[{n}]")),
        },
        Op::Norm { down, .. } if *down > 8 => Err(format!("by {down} bits")),
        Op::Norm { input, group, .. } => match vector(graph, *input)? {
            (Elem::I16, len) if *group > 0 && len % group == 0 => Ok(Type::Vector { elem: Elem::I16, len }),
            (elem, len) => Err(format!("of {elem}[{len}] by {group}")),
        },
        Op::Narrow { input, bits } => match vector(graph, *input)? {
            (elem @ (Elem::I24 | Elem::I32), _) => Err(format!("of {} bits", elem.bits())),
            _ if *bits > 15 => Err(format!("by {bits} bits")),
            (_, len) => Ok(Type::Vector { elem: Elem::I8, len }),
        },
        Op::Rotate { input, position, steps, bits } => {
            index(graph, *position)?;
            let Data::Steps(steps) = &graph.consts[*steps].data else {
                return Err(format!("@{} holds no steps", graph.consts[*steps].name));
            };
            match vector(graph, *input)? {
                _ if *bits > 22 => Err(format!("by {bits} bits")),
                (Elem::I16, len) if !steps.is_empty() && len % (2 * steps.len()) == 0 => {
                    Ok(Type::Vector { elem: Elem::I8, len })
                }
                (elem, len) => Err(format!("of {elem}[{len}] in {} pairs", steps.len())),
            }
        }
        Op::Table { input, table } => match (&graph.consts[*table].data, vector(graph, *input)?) {
            (Data::Bytes(_), (Elem::I8, len)) => Ok(Type::Vector { elem: Elem::I8, len }),
            (Data::Bytes(_), (elem, _)) => Err(format!("of {elem}; 8 bits are possible")),
            _ => Err(format!("@{} is no table of bytes", graph.consts[*table].name)),
        },
        Op::Multiply { a, b, bits } => match (vector(graph, *a)?, vector(graph, *b)?) {
            _ if *bits > 15 => Err(format!("by {bits} bits")),
            (a, b) if a == b && a.0 == Elem::I8 => Ok(Type::Vector { elem: Elem::I8, len: a.1 }),
            ((a, m), (b, n)) => Err(format!("multiplies {a}[{m}] and {b}[{n}]")),
        },
        other => unreachable!("{} is none of these operations", other.name()),
    }
}

/// Tokens that a state holds are below this.
fn queue(graph: &Graph, state: StateId) -> Result<usize, String> {
    match content(graph, state)? {
        Type::Tokens { below } => Ok(below),
        other => Err(format!("${} is {other}, not tokens", graph.states[state].name)),
    }
}

/// A line is framed with tokens that the queue takes.
fn turn(graph: &Graph, below: usize, turns: ConstId) -> Result<Type, String> {
    let Data::Turns(turns) = &graph.consts[turns].data else {
        return Err(format!("@{} frames no line", graph.consts[turns].name));
    };
    let mut frame = [&turns.start, &turns.before, &turns.after, &turns.close].into_iter().flatten();
    match frame.find(|&&token| token as usize >= below) {
        Some(token) => Err(format!("frames a line with {token}, of tokens below {below}")),
        None => Ok(Type::Unit),
    }
}

/// What tools name and let wait are tokens that the queue takes.
fn act(graph: &Graph, below: usize, found: usize, tools: ConstId) -> Result<Type, String> {
    let Data::Tools(table) = &graph.consts[tools].data else {
        return Err(format!("@{} names no action", graph.consts[tools].name));
    };
    if found != below {
        return Err(format!("by an index below {found}, of tokens below {below}"));
    }
    let mut all = Vec::new();
    for tool in &table.tools {
        all.push(tool.token);
        if let Action::Read { close } = &tool.action {
            let Some(digits) = table.digits else { return Err("reads without tokens for digits".into()) };
            all.extend(digits.iter().chain(close));
        }
    }
    match all.iter().find(|&&token| token as usize >= below) {
        Some(token) => Err(format!("acts with {token}, of tokens below {below}")),
        None => Ok(Type::Text { max: DIGITS }),
    }
}

/// An index of one of the logits; where it is drawn, by a random number.
fn choose(
    graph: &Graph,
    input: NodeId,
    state: StateId,
    random: Option<NodeId>,
    rules: ConstId,
) -> Result<Type, String> {
    let below = queue(graph, state)?;
    let Data::Choice(rules) = &graph.consts[rules].data else {
        return Err(format!("@{} says nothing of choosing", graph.consts[rules].name));
    };
    match (&rules.draw, random.map(|id| graph.nodes[id].ty)) {
        (None, None) | (Some(_), Some(Type::Index { below: RANDOM })) => {}
        (_, Some(other)) => return Err(format!("with {other} for a random number")),
        (Some(_), None) => return Err("draws without a random number".into()),
    }
    match vector(graph, input)? {
        (Elem::I16, len) if len == below => Ok(Type::Index { below }),
        (elem, len) => Err(format!("of {elem}[{len}], not of a logit for each of {below} tokens")),
    }
}

/// A constant has a mantissa for each of `len` elements.
fn scaled(graph: &Graph, scale: ConstId, len: usize) -> Result<(), String> {
    match &graph.consts[scale].data {
        Data::Scale { mantissas, .. } if mantissas.len() == len => Ok(()),
        Data::Scale { mantissas, .. } => Err(format!("{} mantissas for {len} elements", mantissas.len())),
        _ => Err(format!("@{} is no scale", graph.consts[scale].name)),
    }
}

/// Keys and values have as many heads as the query or fewer, each for the same number of heads of the query.
fn attend(graph: &Graph, query: NodeId, caches: [NodeId; 2], head: usize) -> Result<Type, String> {
    let (elem, len) = vector(graph, query)?;
    let [keys, values] = caches.map(|id| graph.nodes[id].ty);
    match (keys, values) {
        (Type::Rows { len: width, .. }, _) if keys == values => {
            let divides = |part: usize, whole: usize| part > 0 && whole.is_multiple_of(part);
            if elem == Elem::I8 && divides(head, width) && divides(width, len) {
                Ok(Type::Vector { elem: Elem::I8, len })
            } else {
                Err(format!("{elem}[{len}] attends to rows of {width} by {head}"))
            }
        }
        _ => Err(format!("attends to {keys} and {values}")),
    }
}
