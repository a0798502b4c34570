//! Layers that name the scales of their operands themselves (`QOperator`): products and convolutions, in the arithmetic of those
//! between nodes that quantize.

use super::super::file::Node;
use super::super::option;
use super::{Bytes, Known, Reader, Value};
use crate::import::sensors::error::NetworkProblem;

impl Reader<'_> {
    /// What is read as bytes, input `at` of the node: of an operator before, or the values of the network, whose scale is that of
    /// the operand.
    pub(super) fn operand(&mut self, node: &Node, at: usize) -> Result<Bytes, NetworkProblem> {
        if self.value(node, at)? != &Value::Input {
            return self.bytes(node, at);
        }
        match self.source {
            Some(source) => Ok(source),
            None => {
                let scale = self.scale(node, at + 1)?;
                Ok(self.begin(scale))
            }
        }
    }

    /// Weights with a scale for each output, or one for all: inputs 4 to 6 of the node. `axis`: that of outputs.
    fn operand_weights(&self, node: &Node, axis: i64) -> Result<Known, NetworkProblem> {
        let tensor = self.known(node, 3).and_then(|t| Some((t, t.integers()?)));
        let scales = self.known(node, 4).and_then(|t| t.floats()).map(<[f32]>::to_vec);
        let (Some((tensor, integers)), Some(scales)) = (tensor, scales) else {
            return Err(option(node, "weights that are not known as bytes"));
        };
        // Bytes without a sign are less by 128 as bytes with one.
        let half = if tensor.element == 2 { 128 } else { 0 };
        let zeros = self.known(node, 5).and_then(|t| t.integers()).unwrap_or(&[]);
        if zeros.iter().any(|&zero| zero != half) || (half > 0 && zeros.is_empty()) {
            return Err(option(node, format!("weights with a zero point other than {half}")));
        }
        let integers = integers.iter().map(|w| w - half).collect();
        Ok(Known { dims: tensor.dims.clone(), integers, scales, axis })
    }

    /// `QLinearMatMul`, `QGemm`, `QLinearConv`.
    pub(super) fn fused(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let input = self.operand(node, 0)?;
        let is_convolution = node.operator == "QLinearConv";
        // Where the bias stands, and the scale of what comes out.
        let (bias, output) = match node.operator.as_str() {
            "QLinearConv" => (Some(8), 6),
            "QGemm" => (Some(6), 7),
            _ => (None, 6),
        };
        if node.input(output).is_none() {
            return Err(option(node, "an output of floats"));
        }
        let axis = if is_convolution { 0 } else { i64::from(node.number("transB", 0) == 0) };
        let weights = self.operand_weights(node, axis)?;
        let mut pending = match is_convolution {
            true => self.convolved(node, input, &weights)?,
            false => self.product(node, input, &weights)?,
        };
        if let Some(at) = bias.filter(|&at| node.input(at).is_some()) {
            let known = self.known(node, at).and_then(|t| t.integers()).unwrap_or(&[]);
            let all: Option<Vec<i32>> = known.iter().map(|&b| i32::try_from(b).ok()).collect();
            let all = all.filter(|b| b.len() == pending.bias.len());
            pending.bias = all.ok_or_else(|| option(node, "biases of such a shape"))?;
        }
        let output = self.scale(node, output)?;
        let bytes = self.requantize(pending, output);
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }
}
