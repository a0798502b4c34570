//! A `.tflite` of floats → a network of floats, operator by operator.

use super::file::{File, Op, Tensor};
use super::flatbuffer::Table;
use super::names::{self, refused};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::float::{FREE, FloatKind, FloatNetwork, FloatOperator};
use crate::import::sensors::table::Curve;
use crate::import::sensors::window::{Geometry, PADDING, Padded, window};
use crate::model::{Pooling, Shape, Window};
use std::collections::BTreeMap;

/// Reads the network.
///
/// # Errors
/// What is not computed, by name; what is not right in the file.
pub fn read(file: &File) -> Result<FloatNetwork, NetworkProblem> {
    let input = file.tensors[file.input].shape()?;
    let network = FloatNetwork {
        input,
        scaler: None,
        operators: vec![],
        classifies: false,
        labels: None,
        notes: vec![],
    };
    let values = BTreeMap::from([(file.input, (0, input))]);
    let mut reader = Reader { file, network, values, padded: BTreeMap::new() };
    for op in &file.operators {
        reader.operator(op)?;
    }
    match reader.values.get(&file.output) {
        Some((number, _)) if *number == reader.network.operators.len() && *number > 0 => Ok(reader.network),
        _ => Err(NetworkProblem::Inconsistent("its output is not what its last operator gives".into())),
    }
}

struct Reader<'a, 'f> {
    file: &'f File<'a>,
    network: FloatNetwork,
    /// Tensors of the file that have been computed: their numbers and shapes.
    values: BTreeMap<usize, (usize, Shape)>,
    /// Those with places around them, for the convolutions behind.
    padded: BTreeMap<usize, Padded>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn tensor(&self, op: &Op, list: &[i32], at: usize) -> Result<(usize, &'f Tensor<'a>), NetworkProblem> {
        let number = list.get(at).and_then(|&n| usize::try_from(n).ok());
        match number.and_then(|n| Some((n, self.file.tensors.get(n)?))) {
            Some(found) => Ok(found),
            None => Err(NetworkProblem::Inconsistent(format!("{} lacks a tensor", names::name(op.code)))),
        }
    }

    fn computed(&self, op: &Op, at: usize) -> Result<(usize, Shape), NetworkProblem> {
        let (number, tensor) = self.tensor(op, &op.inputs, at)?;
        if self.padded.contains_key(&number) {
            return Err(self.option(op, PADDING));
        }
        self.values.get(&number).copied().ok_or_else(|| {
            let what = "is used as a value, and no operator before has computed it".into();
            NetworkProblem::Tensor { name: tensor.name.clone(), what }
        })
    }

    fn option(&self, op: &Op, what: &str) -> NetworkProblem {
        let name = self.tensor(op, &op.outputs, 0).map(|(_, t)| t.name.clone()).unwrap_or_default();
        NetworkProblem::Option { operator: names::name(op.code), name, what: what.into() }
    }

    fn push(
        &mut self,
        op: &Op,
        shape: Shape,
        kind: FloatKind,
        clamp: (f32, f32),
    ) -> Result<(), NetworkProblem> {
        let (number, _) = self.tensor(op, &op.outputs, 0)?;
        self.network.operators.push(FloatOperator { kind, shape, clamp });
        self.values.insert(number, (self.network.operators.len(), shape));
        Ok(())
    }

    fn activation(&self, op: &Op, field: usize) -> Result<(f32, f32), NetworkProblem> {
        match op.options.map_or(Ok(0), |o| o.byte(field, 0))? {
            0 => Ok(FREE),
            1 => Ok((0.0, f32::INFINITY)),
            2 => Ok((-1.0, 1.0)),
            3 => Ok((0.0, 6.0)),
            _ => Err(self.option(op, "an activation other than ReLU and ReLU6 inside of it")),
        }
    }

    fn operator(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        if self.network.classifies {
            return Err(self.option(op, "anything behind SOFTMAX but the end"));
        }
        let (number, output) = self.tensor(op, &op.outputs, 0)?;
        let curve = |curve| FloatKind::Curve { input: 0, curve };
        match op.code {
            names::FULLY_CONNECTED => self.dense(op),
            names::CONV_2D => self.convolution(op, false),
            names::DEPTHWISE_CONV_2D => self.convolution(op, true),
            names::MAX_POOL_2D => self.pool(op, Pooling::Max),
            names::AVERAGE_POOL_2D => self.pool(op, Pooling::Average),
            names::MEAN => self.mean(op),
            names::ADD => {
                let ((a, shape), (b, other)) = (self.computed(op, 0)?, self.computed(op, 1)?);
                if shape != other {
                    return Err(self.option(op, "tensors of different shapes"));
                }
                let clamp = self.activation(op, 0)?;
                self.push(op, shape, FloatKind::Add { inputs: [a, b] }, clamp)
            }
            names::PAD => {
                let (from, shape) = self.computed(op, 0)?;
                let list = self.tensor(op, &op.inputs, 1)?.1.i32s(8)?;
                let padded = Padded::new(from, shape, &list).filter(|p| output.shape() == Ok(p.shape));
                let what = "anything but rows and columns around the same values";
                self.padded.insert(number, padded.ok_or_else(|| self.option(op, what))?);
                Ok(())
            }
            names::TANH => self.curve(op, curve(Curve::Tanh)),
            names::LOGISTIC => self.curve(op, curve(Curve::Sigmoid)),
            names::RELU => self.curve(op, curve(Curve::Clamp { least: 0.0, most: f32::INFINITY })),
            names::RELU6 => self.curve(op, curve(Curve::Clamp { least: 0.0, most: 6.0 })),
            names::RESHAPE | names::SQUEEZE | names::EXPAND_DIMS => {
                let ((from, shape), to) = (self.computed(op, 0)?, output.shape()?);
                if shape.len() != to.len() {
                    return Err(self.option(op, "other values than those that it gets"));
                }
                self.values.insert(number, (from, to));
                Ok(())
            }
            names::SOFTMAX => {
                let value = self.computed(op, 0)?;
                self.network.classifies = true;
                self.values.insert(number, value);
                Ok(())
            }
            code => Err(refused(code, &op.custom, &output.name)),
        }
    }

    fn curve(&mut self, op: &Op, kind: FloatKind) -> Result<(), NetworkProblem> {
        let (input, shape) = self.computed(op, 0)?;
        let FloatKind::Curve { curve, .. } = kind else { unreachable!("the callers give curves") };
        self.push(op, shape, FloatKind::Curve { input, curve }, FREE)
    }

    fn bias(&self, op: &Op, channels: usize) -> Result<Vec<f32>, NetworkProblem> {
        match op.inputs.get(2) {
            Some(&number) if number >= 0 => self.tensor(op, &op.inputs, 2)?.1.f32s(channels),
            _ => Ok(vec![0.0; channels]),
        }
    }

    fn dense(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let (input, shape) = self.computed(op, 0)?;
        let channels = self.tensor(op, &op.outputs, 0)?.1.shape()?.len();
        if op.options.map_or(Ok(0), |o| o.byte(1, 0))? != 0 {
            return Err(self.option(op, "shuffled weights"));
        }
        let weights = self.tensor(op, &op.inputs, 1)?.1.f32s(channels.saturating_mul(shape.len()))?;
        let (bias, clamp) = (self.bias(op, channels)?, self.activation(op, 0)?);
        self.push(op, Shape::vector(channels), FloatKind::Dense { input, weights, bias }, clamp)
    }

    fn window(
        &self,
        op: &Op,
        input: Shape,
        kernel: [usize; 2],
        output: Shape,
    ) -> Result<Window, NetworkProblem> {
        let lacks = || NetworkProblem::Inconsistent(format!("{} has no options", names::name(op.code)));
        let options: Table = op.options.ok_or_else(lacks)?;
        let size = |number| options.i32(number, 0).map(|n| usize::try_from(n).unwrap_or(0));
        let stride = [size(2)?, size(1)?];
        let same = options.byte(0, 0)? == 0;
        let found = window(Geometry { input, kernel, stride, same });
        let found = found.filter(|w| w.output == [output.height, output.width]);
        found.ok_or_else(|| self.option(op, "a window that does not fit its tensors"))
    }

    fn convolution(&mut self, op: &Op, depthwise: bool) -> Result<(), NetworkProblem> {
        let padded = self.padded.get(&self.tensor(op, &op.inputs, 0)?.0).copied();
        let (input, shape) = match padded {
            Some(Padded { number, shape, .. }) => (number, shape),
            None => self.computed(op, 0)?,
        };
        let output = self.tensor(op, &op.outputs, 0)?.1.shape()?;
        let first = usize::from(depthwise);
        if let Some(options) = op.options
            && (options.i32(4 + first, 1)?, options.i32(5 + first, 1)?) != (1, 1)
        {
            return Err(self.option(op, "dilations"));
        }
        let (_, tensor) = self.tensor(op, &op.inputs, 1)?;
        let sizes: Vec<usize> = tensor.dimensions.iter().filter_map(|&d| usize::try_from(d).ok()).collect();
        let &[d0, height, width, d3] = sizes.as_slice() else {
            return Err(self.option(op, "weights of such a shape"));
        };
        let channels = if depthwise { d3 } else { d0 };
        let groups = if depthwise { shape.channels } else { shape.channels / d3.max(1) };
        let fits = if depthwise { d0 == 1 } else { d3 > 0 && shape.channels.is_multiple_of(d3) };
        if !fits || channels != output.channels || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(self.option(op, "weights of such a shape"));
        }
        let mut window = self.window(op, shape, [height, width], output)?;
        if let Some(padded) = padded {
            window = padded.fold(window).ok_or_else(|| self.option(op, PADDING))?;
        }
        let (part, count) = (shape.channels / groups, height.saturating_mul(width));
        let mut weights = tensor.f32s(channels.saturating_mul(count).saturating_mul(part))?;
        if depthwise {
            let places = (0..channels).flat_map(|o| (0..count).map(move |k| k * channels + o));
            weights = places.map(|i| weights[i]).collect();
        }
        let (bias, clamp) = (self.bias(op, channels)?, self.activation(op, 3 + first)?);
        let kind = FloatKind::Convolution { input, window, groups, weights, bias };
        self.push(op, output, kind, clamp)
    }

    fn pool(&mut self, op: &Op, pooling: Pooling) -> Result<(), NetworkProblem> {
        let (input, shape) = self.computed(op, 0)?;
        let output = self.tensor(op, &op.outputs, 0)?.1.shape()?;
        let size =
            |number| op.options.map_or(Ok(0), |o| o.i32(number, 0)).map(|n| usize::try_from(n).unwrap_or(0));
        let window = self.window(op, shape, [size(4)?, size(3)?], output)?;
        let (least, most) = self.activation(op, 5)?;
        self.push(op, output, FloatKind::Pool { input, window, pooling }, FREE)?;
        if (least, most) == FREE {
            return Ok(());
        }
        let input = self.network.operators.len();
        self.push(op, output, FloatKind::Curve { input, curve: Curve::Clamp { least, most } }, FREE)
    }

    fn mean(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let (input, shape) = self.computed(op, 0)?;
        let (_, axes) = self.tensor(op, &op.inputs, 1)?;
        let rank = self.tensor(op, &op.inputs, 0)?.1.dimensions.len() as i32;
        let mut axes = axes.i32s(axes.data.len() / 4)?;
        axes.iter_mut().for_each(|axis| *axis += if *axis < 0 { rank } else { 0 });
        axes.sort_unstable();
        let whole = (rank == 4 && axes == [1, 2]) || (rank == 3 && axes == [1]);
        if !whole {
            return Err(self.option(op, "a mean of anything but rows and columns"));
        }
        let kind = FloatKind::Pool { input, window: Window::whole(shape), pooling: Pooling::Average };
        self.push(op, Shape::vector(shape.channels), kind, FREE)
    }
}
