//! Layers that name the scales of their operands themselves (`QOperator`): products, convolutions and means of all places, in the
//! arithmetic of those between nodes that quantize.

use super::super::file::Node;
use super::super::option;
use super::{Bytes, Known, Reader, Value};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::scale::{Limits, multiplier};
use crate::model::{Kind, Rounding, Shape};

impl Reader<'_> {
    /// What is read as bytes: of an operator before, or the values of the network, whose scale is that of the operand.
    fn operand(&mut self, node: &Node) -> Result<Bytes, NetworkProblem> {
        if self.value(node, 0)? != &Value::Input || self.source.is_some() {
            return self.bytes(node, 0);
        }
        let (scale, zero) = self.scale(node, 1)?;
        let source = Bytes { number: 0, shape: self.shape, flattened: None, scale, zero };
        self.source = Some(source);
        Ok(source)
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
        let input = self.operand(node)?;
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
        let (scale, zero) = self.scale(node, output)?;
        let bytes = self.requantize(pending, scale, zero);
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    /// `QLinearGlobalAveragePool`.
    pub(super) fn fused_mean(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        if node.number("channels_last", 0) != 0 {
            return Err(option(node, "channels behind rows"));
        }
        let input = self.operand(node)?;
        let (scale, zero) = self.scale(node, 3)?;
        let bytes = self.mean(input, scale, zero);
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    /// The mean of all places: their sum as a 32-bit float, times the quotient of the scales and the number of places, rounded to even.
    pub(super) fn mean(&mut self, input: Bytes, scale: f32, zero: i16) -> Bytes {
        let places = (input.shape.height * input.shape.width) as f32;
        let factor = multiplier((input.scale / (scale * places)).into());
        let steps = Rounding::OnnxRuntime.steps();
        let requantization = Limits::of(zero).requantization(steps, std::iter::once(factor));
        let kind = Kind::Mean { input: input.number, zero: input.zero, requantization };
        self.push(Shape::vector(input.shape.channels), kind, scale, zero)
    }
}
