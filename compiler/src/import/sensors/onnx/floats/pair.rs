//! Two labels of one score, as skl2onnx writes classifiers with two classes: what speaks against the first label is what is left
//! of the second one's probability, `Concat(1 - p, p)` with p of a Sigmoid, or its score with another sign, `Concat(-s, s)`.
//!
//! The network gets two outputs in the place of the one.

use super::super::file::{File, Node};
use super::super::option;
use super::{Reader, Value};
use crate::import::sensors::error::NetworkProblem;

/// The names of the values around a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// What comes of the last layer.
    score: String,
    /// What a Sigmoid makes of it, else the same.
    second: String,
    first: String,
    both: String,
}

/// The operand of a node that gives `name`, and the node.
fn giver<'f>(file: &'f File, name: &str) -> Option<&'f Node> {
    file.nodes.iter().find(|node| node.gives() == name)
}

impl Pair {
    /// Of a file, if it has one.
    pub(super) fn of(file: &File) -> Option<Self> {
        file.nodes.iter().filter(|node| node.operator == "Concat").find_map(|concat| {
            let [first, second] = concat.inputs.as_slice() else { return None };
            let constant = |name: Option<&str>| file.known.get(name?)?.floats()?.first().copied();
            let node = giver(file, first)?;
            let is_rest = match node.operator.as_str() {
                "Sub" => constant(node.input(0)) == Some(1.0) && node.input(1) == Some(second),
                "Mul" => constant(node.input(1)) == Some(-1.0) && node.input(0) == Some(second),
                _ => false,
            };
            let sigmoid = giver(file, second).filter(|node| node.operator == "Sigmoid");
            if !is_rest || sigmoid.is_some() != (node.operator == "Sub") {
                return None;
            }
            let score = sigmoid.map_or(Some(second.as_str()), |node| node.input(0))?;
            Some(Self {
                score: score.into(),
                second: second.clone(),
                first: first.clone(),
                both: concat.gives(),
            })
        })
    }

    /// Whether a node is a part of it behind the score.
    pub(super) fn has(&self, node: &Node) -> bool {
        let gives = node.gives();
        gives != self.score && [&self.second, &self.first, &self.both].contains(&&gives)
    }
}

impl Reader<'_> {
    /// A node of the pair: the last of them makes two outputs of one.
    pub(super) fn pair(&mut self, node: &Node, pair: &Pair) -> Result<(), NetworkProblem> {
        if node.gives() != pair.both {
            return Ok(());
        }
        let last = self.network.operators.len();
        let is_last =
            matches!(self.values.get(&pair.score), Some(Value::Tensor { number, .. }) if *number == last);
        let split = is_last.then(|| self.network.split_score()).flatten();
        split.ok_or_else(|| option(node, "two labels of anything but a layer with one output"))?;
        for name in [&pair.score, &pair.second, &pair.first, &pair.both] {
            self.values.insert(name.clone(), Value::Derived);
        }
        Ok(())
    }
}
