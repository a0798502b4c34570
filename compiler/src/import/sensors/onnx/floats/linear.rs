//! The linear models of scikit-learn, as skl2onnx writes them.

use super::super::file::Node;
use super::super::option;
use super::{Reader, Value};
use crate::import::sensors::error::NetworkProblem;

impl Reader<'_> {
    pub(super) fn linear(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (weights, bias) = (node.attribute("coefficients").floats, node.attribute("intercepts").floats);
        let (numbers, texts) =
            (node.attribute("classlabels_ints").numbers, node.attribute("classlabels_strings").texts);
        let labels: Vec<String> =
            if texts.is_empty() { numbers.iter().map(i64::to_string).collect() } else { texts };
        if labels.len() != bias.len() {
            return Err(option(node, format!("{} scores for {} labels", bias.len(), labels.len())));
        }
        self.dense(node, weights, bias)?;
        (self.network.classifies, self.network.labels) = (true, Some(labels));
        node.outputs.iter().for_each(|name| _ = self.values.insert(name.clone(), Value::Derived));
        Ok(())
    }

    pub(super) fn regression(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (weights, bias) = (node.attribute("coefficients").floats, node.attribute("intercepts").floats);
        let targets = usize::try_from(node.number("targets", 1)).unwrap_or(0);
        let bias = if bias.is_empty() { vec![0.0; targets.min(weights.len())] } else { bias };
        if bias.len() != targets {
            return Err(option(node, format!("{} constants for {targets} numbers", bias.len())));
        }
        let transform = node.attribute("post_transform").text.unwrap_or_default();
        if !["", "NONE"].contains(&transform.as_str()) {
            return Err(option(node, format!("post_transform {transform}")));
        }
        self.dense(node, weights, bias)
    }
}
