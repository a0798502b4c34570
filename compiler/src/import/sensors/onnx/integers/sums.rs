//! Sums of tensors with what cuts them, pools and means. A file has them between nodes that quantize, or as `QLinearAdd`,
//! `QLinearAveragePool` and `QLinearGlobalAveragePool`, which ONNX Runtime makes of those and which have scales of their own.

use super::super::addition::Addition;
use super::super::averages::Averages;
use super::super::file::{Node, Tensor};
use super::super::{option, shapes};
use super::{Bytes, Pending, Reader, Scale, Value};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::scale::{Limits, multiplier};
use crate::model::{Kind, MAX_ELEMENTS, Pooling, Rounding, Shape, Window};

impl Bytes {
    /// What its bytes stand for.
    fn quantized(self) -> Scale {
        Scale { scale: self.scale, zero: self.zero, is_unsigned: self.is_unsigned }
    }
}

/// What ONNX Runtime computes in floats, not in integers.
const MIXED: &str = "bytes with and without a sign together";
/// Means that no integers give.
const UNSURE: &str =
    "means in the middle between two bytes, where the order in which ONNX Runtime adds its floats decides";

/// The window that `kernel_shape` and its companions say.
fn window(node: &Node, input: Bytes) -> Result<Window, NetworkProblem> {
    let kernel = node.attribute("kernel_shape").numbers;
    let kernel: Vec<usize> = kernel.iter().filter_map(|&k| usize::try_from(k).ok()).collect();
    shapes::window(node, input.shape, &kernel)
}

impl Reader<'_> {
    /// A bias behind a product, or the sum of two tensors.
    pub(super) fn add(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let at = usize::from(!matches!(self.value(node, 0)?, Value::Pending(_)));
        let Value::Pending(mut pending) = self.value(node, at)?.clone() else {
            if (0..2).any(|at| matches!(self.value(node, at), Ok(Value::Known(_)))) {
                return Err(option(node, "a constant behind anything but a product"));
            }
            let sides = [self.bytes(node, 0)?, self.bytes(node, 1)?];
            self.set(node, Value::Sum(sides, false));
            return Ok(());
        };
        let more = self.bias(node, 1 - at, pending.bias.len())?;
        pending.bias.iter_mut().zip(more).for_each(|(b, more)| *b = b.saturating_add(more));
        self.set(node, Value::Pending(pending));
        Ok(())
    }

    pub(super) fn clip(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let limit = |at, default| {
            let known = self.known(node, at).and_then(Tensor::floats).and_then(|v| v.first());
            known.copied().unwrap_or(default)
        };
        let clamp = (limit(1, f32::NEG_INFINITY), limit(2, f32::INFINITY));
        self.clamp(node, clamp)
    }

    pub(super) fn clamp(&mut self, node: &Node, clamp: (f32, f32)) -> Result<(), NetworkProblem> {
        let value = match self.value(node, 0)?.clone() {
            Value::Pending(pending) => Value::Pending(Box::new(Pending { clamp, ..*pending })),
            Value::Sum(sides, _) if clamp == (0.0, f32::INFINITY) => Value::Sum(sides, true),
            _ => return Err(option(node, "an activation behind anything but a product or a sum")),
        };
        self.set(node, value);
        Ok(())
    }

    /// `QLinearAdd`.
    pub(super) fn fused_sum(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let sides = [self.operand(node, 0)?, self.operand(node, 3)?];
        let output = self.scale(node, 6)?;
        let bytes = self.sum(node, sides, false, output)?;
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    /// The sum of two tensors, now that it has a scale. `is_cut`: negative sums become 0.
    pub(super) fn sum(
        &mut self,
        node: &Node,
        sides: [Bytes; 2],
        is_cut: bool,
        output: Scale,
    ) -> Result<Bytes, NetworkProblem> {
        let [a, b] = sides;
        if (a.shape, a.flattened) != (b.shape, b.flattened) {
            return Err(option(node, "a sum of tensors of different shapes"));
        }
        if a.shape.len() == 1 {
            return Err(option(node, "a sum of single values"));
        }
        if [a.is_unsigned, b.is_unsigned] != [output.is_unsigned; 2] {
            return Err(option(node, MIXED));
        }
        // Where the least byte is not 0, ONNX Runtime cuts floats.
        if is_cut && output.zero != -128 {
            return Err(option(node, "a ReLU behind a sum whose zero point is not the least byte"));
        }
        let quantized = sides.map(Bytes::quantized).map(|s| (s.scale, s.zero));
        let addition = Addition::new(quantized, (output.scale, output.zero), output.is_unsigned);
        let Some((tables, requantization)) = addition.integers() else {
            return Err(option(node, "scales so far apart: no integers give the sums that its floats give"));
        };
        let inputs = [a.number, b.number];
        let kind = Kind::Sum { inputs, tables: Box::new(tables), requantization };
        Ok(Bytes { flattened: a.flattened, ..self.push(a.shape, kind, output) })
    }

    pub(super) fn pool(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let input = self.bytes(node, 0)?;
        let window = window(node, input)?;
        let shape =
            Shape { height: window.output[0], width: window.output[1], channels: input.shape.channels };
        let kind = Kind::Pool { input: input.number, window, pooling: Pooling::Max };
        let pooled = self.push(shape, kind, input.quantized());
        self.set(node, Value::Bytes(pooled));
        Ok(())
    }

    /// The window of an `AveragePool`, whose means are of as many values everywhere.
    pub(super) fn averaged(&self, node: &Node, input: Bytes) -> Result<Window, NetworkProblem> {
        let window = window(node, input)?;
        if window.is_padded() && node.number("count_include_pad", 0) == 0 {
            return Err(option(node, "means that leave padding out (count_include_pad is 0)"));
        }
        Ok(window)
    }

    /// What `QLinearAveragePool` and `QLinearGlobalAveragePool` read.
    fn pooled(&mut self, node: &Node) -> Result<Bytes, NetworkProblem> {
        if node.number("channels_last", 0) != 0 {
            return Err(option(node, "channels behind rows"));
        }
        self.operand(node, 0)
    }

    /// `QLinearAveragePool`.
    pub(super) fn fused_means(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let input = self.pooled(node)?;
        let window = self.averaged(node, input)?;
        let output = self.scale(node, 3)?;
        let bytes = self.means(node, (input, window), output)?;
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    /// Means of windows: sums of what they show as depthwise convolutions have them, with weights of 1. One that shows everything
    /// is the mean of all places, which ONNX Runtime computes otherwise.
    pub(super) fn means(
        &mut self,
        node: &Node,
        (input, window): (Bytes, Window),
        output: Scale,
    ) -> Result<Bytes, NetworkProblem> {
        if input.is_unsigned != output.is_unsigned {
            return Err(option(node, MIXED));
        }
        if window == Window::whole(input.shape) {
            return Ok(self.mean(input, output));
        }
        let groups = input.shape.channels;
        let count = window.kernel[0] * window.kernel[1];
        if count.saturating_mul(groups) > MAX_ELEMENTS {
            return Err(option(node, format!("windows of more than {MAX_ELEMENTS} values")));
        }
        let averages = Averages {
            count,
            input: (input.scale, input.zero),
            output: (output.scale, output.zero),
            is_unsigned: output.is_unsigned,
        };
        let Some((bias, requantization)) = averages.integers() else {
            return Err(option(node, UNSURE));
        };
        let kind = Kind::Convolution {
            input: input.number,
            zero: input.zero,
            window,
            groups,
            weights: vec![1; groups * count],
            bias: vec![bias; groups],
            requantization,
        };
        let [height, width] = window.output;
        Ok(self.push(Shape { height, width, channels: groups }, kind, output))
    }

    /// `QLinearGlobalAveragePool`.
    pub(super) fn fused_mean(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let input = self.pooled(node)?;
        let output = self.scale(node, 3)?;
        let bytes = self.mean(input, output);
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    /// The mean of all places: their sum as a 32-bit float, times the quotient of the scales and the number of places, rounded to even.
    pub(super) fn mean(&mut self, input: Bytes, output: Scale) -> Bytes {
        let places = (input.shape.height * input.shape.width) as f32;
        let factor = multiplier((input.scale / (output.scale * places)).into());
        let steps = Rounding::OnnxRuntime.steps();
        let requantization = Limits::of(output.zero).requantization(steps, std::iter::once(factor));
        let kind = Kind::Mean { input: input.number, zero: input.zero, requantization };
        self.push(Shape::vector(input.shape.channels), kind, output)
    }
}
