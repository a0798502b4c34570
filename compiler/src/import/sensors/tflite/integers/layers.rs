//! Layers and pools: what goes over a tensor with weights or a window.

use super::{Reader, Value};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::scale::{Limits, Scales, factor};
use crate::import::sensors::tflite::file::{Op, Tensor};
use crate::import::sensors::tflite::flatbuffer::Table;
use crate::import::sensors::window::{Geometry, PADDING, Padded, window};
use crate::model::{Kind, Pooling, Shape, Window};

impl Reader<'_, '_> {
    /// Biases of a layer, 0 where the file has none.
    fn biases(&self, op: &Op, channels: usize) -> Result<Vec<i32>, NetworkProblem> {
        match op.inputs.get(2) {
            Some(&number) if number >= 0 => self.operand(op, 2)?.1.i32s(channels),
            _ => Ok(vec![0; channels]),
        }
    }

    pub(super) fn dense(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((input, value), (_, output)) = (self.computed(op, 0)?, self.result(op)?);
        let options = op.options.as_ref();
        let get = |number| options.map_or(Ok(0), |o| o.byte(number, 0));
        let (activation, format) = (get(0)?, get(1)?);
        if format != 0 {
            return Err(self.option(op, "shuffled weights"));
        }
        let channels = output.shape()?.len();
        let inputs = value.shape.len();
        let (_, tensor) = self.operand(op, 1)?;
        let weights = tensor.i8s(channels.saturating_mul(inputs))?;
        let scales = tensor.channel_scales(channels, 0)?;
        let ((input_scale, zero), (output_scale, _)) = (input.scale()?, output.scale()?);
        let one = |&weights: &f32| {
            let scales = Scales { input: input_scale, weights, output: output_scale };
            factor(self.rounding, scales, true)
        };
        let requantization =
            self.limits(op, activation)?.requantization(self.rounding.dense(), scales.iter().map(one));
        let bias = self.biases(op, channels)?;
        let kind = Kind::Dense { input: value.number, zero, weights, bias, requantization };
        self.push(op, Shape::vector(channels), kind)
    }

    pub(super) fn convolution(&mut self, op: &Op, depthwise: bool) -> Result<(), NetworkProblem> {
        let (number, input) = self.operand(op, 0)?;
        let padded = self.padded.get(&number).copied();
        let value = match padded {
            Some(Padded { number, shape, .. }) => Value { number, shape },
            None => self.computed(op, 0)?.1,
        };
        let (_, output) = self.result(op)?;
        let options = op.options.ok_or_else(|| self.lacks(op, "options"))?;
        let first = usize::from(depthwise);
        let activation = options.byte(3 + first, 0)?;
        if (options.i32(4 + first, 1)?, options.i32(5 + first, 1)?) != (1, 1) {
            return Err(self.option(op, "dilations"));
        }
        let (shape, (_, tensor)) = (output.shape()?, self.operand(op, 1)?);
        let [d0, height, width, d3] = self.four(op, tensor)?;
        let channels = if depthwise { d3 } else { d0 };
        // A convolution by groups has fewer channels in its weights.
        let groups = if depthwise { value.shape.channels } else { value.shape.channels / d3.max(1) };
        let fits = if depthwise { d0 == 1 } else { d3 > 0 && value.shape.channels.is_multiple_of(d3) };
        if !fits || channels != shape.channels || groups == 0 || channels % groups != 0 {
            return Err(self.option(op, "weights of such a shape"));
        }
        let mut window = self.window(op, &options, value.shape, [height, width], shape)?;
        if let Some(padded) = padded {
            window = padded.fold(window).ok_or_else(|| self.option(op, PADDING))?;
        }
        let (part, count) = (value.shape.channels / groups, height.saturating_mul(width));
        let mut weights = tensor.i8s(channels.saturating_mul(count).saturating_mul(part))?;
        if depthwise {
            weights = (0..channels)
                .flat_map(|o| (0..count).map(move |k| k * channels + o))
                .map(|i| weights[i])
                .collect();
        }
        let scales = tensor.channel_scales(channels, if depthwise { 3 } else { 0 })?;
        let ((input_scale, zero), (output_scale, _)) = (input.scale()?, output.scale()?);
        let one = |&weights: &f32| {
            let scales = Scales { input: input_scale, weights, output: output_scale };
            factor(self.rounding, scales, false)
        };
        let requantization =
            self.limits(op, activation)?.requantization(self.rounding.steps(), scales.iter().map(one));
        let bias = self.biases(op, channels)?;
        let kind =
            Kind::Convolution { input: value.number, zero, window, groups, weights, bias, requantization };
        self.push(op, shape, kind)
    }

    fn four(&self, op: &Op, tensor: &Tensor) -> Result<[usize; 4], NetworkProblem> {
        let sizes: Vec<usize> = tensor.dimensions.iter().filter_map(|&d| usize::try_from(d).ok()).collect();
        sizes.try_into().map_err(|_| self.option(op, "weights of such a shape"))
    }

    /// The window of a convolution or a pool, whose options begin alike.
    fn window(
        &self,
        op: &Op,
        options: &Table,
        input: Shape,
        kernel: [usize; 2],
        output: Shape,
    ) -> Result<Window, NetworkProblem> {
        let size = |number| options.i32(number, 0).map(|n| usize::try_from(n).unwrap_or(0));
        let stride = [size(2)?, size(1)?];
        let same = match options.byte(0, 0)? {
            0 => true,
            1 => false,
            _ => return Err(self.option(op, "such a padding")),
        };
        let geometry = Geometry { input, kernel, stride, same };
        let found = window(geometry).filter(|w| w.output == [output.height, output.width]);
        found.ok_or_else(|| self.option(op, "a window that does not fit its tensors"))
    }

    pub(super) fn pool(&mut self, op: &Op, pooling: Pooling) -> Result<(), NetworkProblem> {
        let ((input, value), (_, output)) = (self.computed(op, 0)?, self.result(op)?);
        let options = op.options.ok_or_else(|| self.lacks(op, "options"))?;
        let size = |number| options.i32(number, 0).map(|n| usize::try_from(n).unwrap_or(0));
        let kernel = [size(4)?, size(3)?];
        if input.scale()? != output.scale()? {
            return Err(self.option(op, "a pool that changes the scale"));
        }
        let shape = output.shape()?;
        let window = self.window(op, &options, value.shape, kernel, shape)?;
        let limits = self.limits(op, options.byte(5, 0)?)?;
        self.push(op, shape, Kind::Pool { input: value.number, window, pooling })?;
        self.clamp(op, limits)
    }

    /// Cuts the last tensor to the clamps of an activation.
    pub(super) fn clamp(&mut self, op: &Op, limits: Limits) -> Result<(), NetworkProblem> {
        let Limits { least, most, .. } = limits;
        if (least, most) == (-128, 127) {
            return Ok(());
        }
        let cut = |byte: u8| i16::from(byte as i8).clamp(least, most) as i8;
        let number = self.result(op)?.0;
        let value = self.values[&number];
        let kind = Kind::Table { input: value.number, values: (0..=255).map(cut).collect() };
        self.push(op, value.shape, kind)
    }
}
