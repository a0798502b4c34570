//! What becomes of the logits.

use super::read::{Reading, shape, user};
use super::{ShapeError, Stage, Work};
use crate::ir::{BlockId, Data, NodeId, Op, StateType};

/// The index of the largest logit, the first on a tie: `argmax(acc >> shift)`; that behind the last where another is less than
/// `margin` below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choose {
    /// The stage whose accumulators are the logits before the shift.
    pub stage: usize,
    pub shift: u8,
    /// 0: whatever the others are.
    pub margin: u8,
}

/// What the index of the largest logit selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A character of `charset`, the last of which is the end mark, in a loop.
    Chat {
        charset: Vec<u8>,
        context: u8,
        max_reply: u8,
    },
    Label {
        labels: Vec<String>,
    },
}

/// Claims what follows the last sum: shift, argmax, lookup.
///
/// # Errors
/// Something else follows.
pub(super) fn claim(reading: &Reading, last: usize, sum: NodeId) -> Result<[Stage; 2], ShapeError> {
    let graph = reading.graph;
    let logits = user(graph, sum)?;
    let Op::Shift { bits: shift, .. } = graph.nodes[logits].op else {
        return Err(shape("the last accumulators are not shifted"));
    };
    let index = user(graph, logits)?;
    let margin = match graph.nodes[index].op {
        Op::ArgMax { .. } => 0,
        Op::Decide { margin, .. } => margin,
        _ => return Err(shape("the logits do not end in an argmax")),
    };
    let in_loop = reading.stages[last].in_loop;
    let stage = |name: &str, work| Stage { name: name.into(), layer: 0, in_loop, work };
    let answer = answer(reading, index)?;
    Ok([
        stage("argmax", Work::Choose(Choose { stage: last, shift, margin })),
        stage("reply", Work::Answer(answer)),
    ])
}

fn answer(reading: &Reading, index: NodeId) -> Result<Answer, ShapeError> {
    let graph = reading.graph;
    let table = graph.users(index).find_map(|u| match graph.nodes[u].op {
        Op::Lookup { table, .. } => Some(table),
        _ => None,
    });
    match table.map(|t| &graph.consts[t].data) {
        Some(Data::Labels(labels)) => Ok(Answer::Label { labels: labels.clone() }),
        Some(Data::Charset(charset)) => {
            let block = graph.homes()[index.index()];
            let text = |owner: BlockId| {
                graph.states.iter().find_map(|(_, s)| match s.ty {
                    StateType::Text { length } if s.owner == owner => Some(length),
                    _ => None,
                })
            };
            let length = text(block).ok_or_else(|| shape("the loop has no context"))?;
            let rounds = graph.loops()[block.index()].map(|id| &graph.nodes[id].op);
            let Some(Op::Loop { times, .. }) = rounds else { return Err(shape("a chat has no loop")) };
            let byte = |n: usize| u8::try_from(n).map_err(|_| shape("a context or reply is too long"));
            let (context, max_reply) = (byte(length)?, byte(*times as usize)?);
            Ok(Answer::Chat { charset: charset.clone(), context, max_reply })
        }
        _ => Err(shape("the index selects nothing")),
    }
}
