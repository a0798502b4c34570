//! Decision trees and forests from an `.onnx`: `TreeEnsembleClassifier` and `TreeEnsembleRegressor`, with a scaler in front
//! and what makes a label or a number behind.
//!
//! A tree only asks whether a value is above a threshold. So all that is read of a value is its rank among the thresholds that it
//! is compared with, by the float comparisons of ONNX Runtime: no tree goes another way than there, whatever the value. Votes
//! are rounded to 16 bits together (`votes`).

mod nodes;
mod votes;

use super::file::{File, Node};
use super::{AT_THE_END, option, refused, shapes};
use crate::arithmetic::network::ranked_bytes;
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::outcome::{Ending, Outcome, Source};
use crate::model::{Kind, Network, Operator, Quantization, Real, Rounding, Shape};
use nodes::{Scaler, Tree};
use std::collections::BTreeSet;

/// Whether a node is an ensemble of trees.
pub fn is_trees(node: &Node) -> bool {
    matches!(node.operator.as_str(), "TreeEnsembleClassifier" | "TreeEnsembleRegressor")
}

/// Reads the network.
///
/// # Errors
/// What is not computed, by name; what is not right in the file.
pub fn read(file: &File) -> Result<Outcome, NetworkProblem> {
    let port = &file.inputs[0];
    let shape = shapes::input(port)?;
    let mut input = BTreeSet::from([port.name.clone()]);
    let mut derived = BTreeSet::new();
    let (mut scaler, mut outcome) = (None, None);
    for node in &file.nodes {
        let first = node.input(0).unwrap_or_default();
        if derived.contains(first) || node.input(1).is_some_and(|name| derived.contains(name)) {
            if !AT_THE_END.contains(&node.operator.as_str()) {
                return Err(refused(node));
            }
            derived.extend(node.outputs.iter().cloned());
            continue;
        }
        if !input.contains(first) {
            let what = "is used as a value, and no node before has computed it".into();
            return Err(NetworkProblem::Tensor { name: first.to_string(), what });
        }
        match node.operator.as_str() {
            "Cast" if node.number("to", 1) != 1 => {
                return Err(option(node, "values that become something else than 32-bit floats"));
            }
            "Cast" | "Identity" => {}
            "Scaler" if scaler.is_none() => scaler = Some(Scaler::read(node, shape.len())?),
            _ if is_trees(node) && outcome.is_none() => {
                derived.extend(node.outputs.iter().cloned());
                outcome = Some(ensemble(node, shape, scaler.as_ref())?);
                continue;
            }
            _ if is_trees(node) => return Err(option(node, "anything but one ensemble of trees")),
            "Scaler" => return Err(option(node, "a second scaler")),
            _ => return Err(refused(node)),
        }
        input.extend(node.outputs.iter().cloned());
    }
    match file.outputs.iter().find(|port| !derived.contains(&port.name)) {
        Some(port) => {
            let what = "is an output, and not what the trees give".into();
            Err(NetworkProblem::Tensor { name: port.name.clone(), what })
        }
        None => outcome.ok_or_else(|| NetworkProblem::Inconsistent("it computes nothing".into())),
    }
}

fn ensemble(node: &Node, shape: Shape, scaler: Option<&Scaler>) -> Result<Outcome, NetworkProblem> {
    let doubles = ["nodes_values", "class_weights", "target_weights", "base_values"];
    if doubles.iter().any(|name| node.attributes.contains_key(&format!("{name}_as_tensor"))) {
        return Err(option(node, "thresholds and weights of 64-bit floats (convert with 32-bit inputs)"));
    }
    let trees: Vec<Tree> = nodes::read(node, shape.len(), scaler)?;
    let scores = match node.operator.as_str() {
        "TreeEnsembleClassifier" => votes::classes(node, &trees)?,
        _ => votes::target(node, &trees)?,
    };
    let (trees, ranks) = nodes::ranked(node, trees, &scores, shape.len())?;
    let shape = match ranked_bytes(&ranks) {
        bytes if bytes == shape.len() => shape,
        bytes => Shape::vector(bytes),
    };
    let output = Quantization { scale: Real(1.0 / scores.steps), zero: 0 };
    let outputs = Shape::vector(trees.base.len());
    let kind = Kind::Trees { input: 0, trees };
    let operator = Operator { name: "trees1".into(), shape: outputs, kind, output };
    Ok(Outcome {
        source: Source { names: Vec::new(), shape, quantization: Vec::new(), ranks },
        network: Network { rounding: Rounding::OnnxRuntime, operators: vec![operator] },
        ending: Ending::of(output, scores.labels.is_some(), scores.labels),
        notes: scores.notes,
    })
}
