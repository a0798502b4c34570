//! From a graph to its stages.

use super::{Stage, answer, product};
use crate::ir::{Graph, NodeId, Op};
use thiserror::Error;

/// The graph has a shape that no kernel computes: passes did not do their work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ShapeError(pub String);

pub(super) fn shape(problem: &str) -> ShapeError {
    ShapeError(problem.to_string())
}

/// A product's name in the graph as part of a label.
pub fn label(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// A graph and what has been claimed of it so far.
pub(super) struct Reading<'a> {
    pub graph: &'a Graph,
    pub stages: Vec<Stage>,
}

impl Reading<'_> {
    /// The stage whose accumulators are the value of a node.
    pub fn writer(&self, node: NodeId) -> Option<usize> {
        self.stages.iter().position(|stage| stage.product().is_some_and(|p| p.sum == node))
    }
}

/// Reads a graph as stages, in the order in which they run.
///
/// # Errors
/// [`ShapeError`] where the graph has a shape that no kernel computes.
pub fn read(graph: &Graph) -> Result<Vec<Stage>, ShapeError> {
    let mut reading = Reading { graph, stages: Vec::new() };
    for (block, id) in graph.walk() {
        if let Op::Sum { terms } = &graph.nodes[id].op {
            let stage = product::claim(&reading, (block, id), terms)?;
            reading.stages.push(stage);
        }
    }
    let last = reading.stages.len().checked_sub(1).ok_or_else(|| shape("there is no layer"))?;
    let sum = reading.stages[last].product().expect("products are all there is up to here").sum;
    let tail = answer::claim(&reading, last, sum)?;
    reading.stages.extend(tail);
    Ok(reading.stages)
}

/// The only user of a node.
pub(super) fn user(graph: &Graph, id: NodeId) -> Result<NodeId, ShapeError> {
    let mut users = graph.users(id);
    match (users.next(), users.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(ShapeError(format!("%{} has not exactly one user", id.index()))),
    }
}
