//! A `.tflite` of 8-bit integers → a network, operator by operator.

mod ends;
mod layers;

use super::file::{Element, File, Op, Tensor};
use super::names::{self, refused};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::names::Namer;
use crate::import::sensors::outcome::{Ending, Outcome, Source};
use crate::import::sensors::scale::{Limits, Side, addition, multiplier};
use crate::import::sensors::table::{self, Curve};
use crate::import::sensors::window::{PADDING, Padded};
use crate::model::{Kind, Network, Operator, Pooling, Quantization, Real, Rounding, Shape, Softmax};
use ends::Ends;
use std::collections::BTreeMap;

/// Reads the network, with sums rounded as `rounding` says.
///
/// # Errors
/// What is not computed, by name; what is not right in the file.
pub fn read(file: &File, rounding: Rounding) -> Result<Outcome, NetworkProblem> {
    let Ends { input, output, operators } = Ends::of(file);
    let mut reader = Reader {
        file,
        rounding,
        values: BTreeMap::new(),
        padded: BTreeMap::new(),
        operators: Vec::new(),
        namer: Namer::default(),
        softmax: None,
        gives_probability: operators.last().is_some_and(|last| last.code == names::LOGISTIC),
        input,
        output,
    };
    reader.begin()?;
    for op in operators {
        reader.operator(op)?;
    }
    reader.end()
}

/// A tensor that is computed: its number in the network, and its shape.
#[derive(Debug, Clone, Copy)]
struct Value {
    number: usize,
    shape: Shape,
}

struct Reader<'a, 'f> {
    file: &'f File<'a>,
    rounding: Rounding,
    /// Tensors of the file that have been computed.
    values: BTreeMap<usize, Value>,
    /// Those with places around them, for the convolutions behind.
    padded: BTreeMap<usize, Padded>,
    operators: Vec<Operator>,
    namer: Namer,
    softmax: Option<Softmax>,
    /// The last operator is a LOGISTIC.
    gives_probability: bool,
    /// The tensors that the network begins and ends with.
    input: usize,
    output: usize,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn tensor(&self, number: usize) -> Result<&'f Tensor<'a>, NetworkProblem> {
        let count = self.file.tensors.len();
        self.file
            .tensors
            .get(number)
            .ok_or_else(|| NetworkProblem::Inconsistent(format!("it names tensor {number} of {count}")))
    }

    fn begin(&mut self) -> Result<(), NetworkProblem> {
        let shape = self.tensor(self.input)?.shape()?;
        self.tensor(self.input)?.scale()?;
        self.values.insert(self.input, Value { number: 0, shape });
        Ok(())
    }

    /// The operand at a place, which the file must have.
    fn operand(&self, op: &Op, at: usize) -> Result<(usize, &'f Tensor<'a>), NetworkProblem> {
        let number = op.inputs.get(at).copied().unwrap_or(-1);
        match usize::try_from(number) {
            Ok(number) => Ok((number, self.tensor(number)?)),
            Err(_) => Err(self.lacks(op, &format!("input {}", at + 1))),
        }
    }

    fn lacks(&self, op: &Op, what: &str) -> NetworkProblem {
        NetworkProblem::Inconsistent(format!("{} has no {what}", names::name(op.code)))
    }

    /// A tensor that an operator before has computed.
    fn computed(&self, op: &Op, at: usize) -> Result<(&'f Tensor<'a>, Value), NetworkProblem> {
        let (number, tensor) = self.operand(op, at)?;
        match self.values.get(&number) {
            Some(value) => Ok((tensor, *value)),
            None if self.padded.contains_key(&number) => Err(self.option(op, PADDING)),
            None => {
                let what = "is used as a value, and no operator before has computed it".into();
                Err(NetworkProblem::Tensor { name: tensor.name.clone(), what })
            }
        }
    }

    /// The shape in which a tensor of the network was computed.
    fn shape_of(&self, number: usize) -> Shape {
        let input = self.values[&self.input].shape;
        number.checked_sub(1).map_or(input, |at| self.operators[at].shape)
    }

    fn result(&self, op: &Op) -> Result<(usize, &'f Tensor<'a>), NetworkProblem> {
        match op.outputs.as_slice() {
            [one] if *one >= 0 => Ok((*one as usize, self.tensor(*one as usize)?)),
            _ => Err(self.lacks(op, "single output")),
        }
    }

    fn option(&self, op: &Op, what: impl Into<String>) -> NetworkProblem {
        let tensor = self.result(op).map(|(_, tensor)| tensor.name.clone()).unwrap_or_default();
        NetworkProblem::Option { operator: names::name(op.code), name: tensor, what: what.into() }
    }

    fn push(&mut self, op: &Op, shape: Shape, kind: Kind) -> Result<(), NetworkProblem> {
        let (number, tensor) = self.result(op)?;
        let (scale, zero) = tensor.scale()?;
        self.operators.push(Operator {
            name: self.namer.name(&kind),
            shape,
            kind,
            output: Quantization { scale: Real(scale.into()), zero },
        });
        self.values.insert(number, Value { number: self.operators.len(), shape });
        Ok(())
    }

    fn operator(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let output = self.result(op)?.1;
        if self.softmax.is_some() {
            return Err(self.option(op, "anything behind SOFTMAX but the end"));
        }
        match op.code {
            names::FULLY_CONNECTED => self.dense(op),
            names::CONV_2D => self.convolution(op, false),
            names::DEPTHWISE_CONV_2D => self.convolution(op, true),
            names::MAX_POOL_2D => self.pool(op, Pooling::Max),
            names::AVERAGE_POOL_2D => self.pool(op, Pooling::Average),
            names::MEAN => self.mean(op),
            names::ADD => self.add(op),
            names::PAD => self.pad(op),
            names::TANH => self.table(op, Curve::Tanh),
            names::LOGISTIC => self.table(op, Curve::Sigmoid),
            names::RELU => self.table(op, Curve::Clamp { least: 0.0, most: f32::INFINITY }),
            names::RELU6 => self.table(op, Curve::Clamp { least: 0.0, most: 6.0 }),
            names::RESHAPE | names::SQUEEZE | names::EXPAND_DIMS => self.alias(op),
            names::SOFTMAX => self.softmax(op),
            names::QUANTIZE => self.table(op, Curve::Identity),
            code => Err(refused(code, &op.custom, &output.name)),
        }
    }

    /// The same values in another shape.
    fn alias(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((tensor, value), (number, output)) = (self.computed(op, 0)?, self.result(op)?);
        let shape = output.shape()?;
        if shape.len() != value.shape.len() || tensor.scale()? != output.scale()? {
            return Err(self.option(op, "other values than those that it gets"));
        }
        self.values.insert(number, Value { shape, ..value });
        Ok(())
    }

    /// Places around a tensor, which the convolutions behind it pad by themselves.
    fn pad(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((tensor, value), (number, output)) = (self.computed(op, 0)?, self.result(op)?);
        let list = self.operand(op, 1)?.1.i32s(8)?;
        let padded = Padded::new(value.number, value.shape, &list).filter(|p| output.shape() == Ok(p.shape));
        match padded {
            Some(padded) if tensor.scale()? == output.scale()? => {
                self.padded.insert(number, padded);
                Ok(())
            }
            _ => Err(self.option(op, "anything but rows and columns around the same values")),
        }
    }

    /// The clamps of an activation in the integers of the output, as `CalculateActivationRangeQuantized` has them.
    fn limits(&self, op: &Op, activation: u8) -> Result<Limits, NetworkProblem> {
        let (scale, zero) = self.result(op)?.1.scale()?;
        let at = |value: f32| {
            let rounded = (value / scale).round().clamp(-1000.0, 1000.0) as i16;
            (zero + rounded).clamp(-128, 127)
        };
        let all = Limits::of(zero);
        Ok(match activation {
            0 => all,
            1 => Limits { least: at(0.0), ..all },
            2 => Limits { least: at(-1.0), most: at(1.0), ..all },
            3 => Limits { least: at(0.0), most: at(6.0), ..all },
            _ => return Err(self.option(op, "an activation other than ReLU and ReLU6 inside of it")),
        })
    }

    fn mean(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((input, value), (_, output)) = (self.computed(op, 0)?, self.result(op)?);
        let (_, axes) = self.operand(op, 1)?;
        let mut axes = axes.i32s(axes.data.len() / 4)?;
        let rank = input.dimensions.len() as i32;
        axes.iter_mut().for_each(|axis| *axis += if *axis < 0 { rank } else { 0 });
        axes.sort_unstable();
        if self.shape_of(value.number) != value.shape {
            return Err(self.option(op, "a mean of a tensor in another shape"));
        }
        let places = value.shape.height * value.shape.width;
        let whole = match rank {
            4 => axes == [1, 2],
            3 => axes == [1],
            _ => false,
        };
        if !whole {
            return Err(self.option(op, "a mean of anything but rows and columns"));
        }
        let ((input_scale, zero), (output_scale, output_zero)) = (input.scale()?, output.scale()?);
        let real = f64::from(input_scale) / f64::from(output_scale);
        let factor = match self.rounding {
            Rounding::Tflm | Rounding::Builtin => mean_factor(real, places),
            Rounding::Xnnpack | Rounding::OnnxRuntime => {
                multiplier(f64::from(input_scale / output_scale / places as f32))
            }
        };
        let requantization =
            Limits::of(output_zero).requantization(self.rounding.steps(), std::iter::once(factor));
        let kind = Kind::Mean { input: value.number, zero, requantization };
        self.push(op, Shape::vector(value.shape.channels), kind)
    }

    fn add(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((a, a_value), (b, b_value)) = (self.computed(op, 0)?, self.computed(op, 1)?);
        if a_value.shape != b_value.shape {
            return Err(self.option(op, "tensors of different shapes"));
        }
        let output = self.result(op)?.1.scale()?.0;
        let activation = op.options.map_or(Ok(0), |o| o.byte(0, 0))?;
        let limits = self.limits(op, activation)?;
        let side = |tensor: &Tensor, value: Value| {
            let (scale, zero) = tensor.scale()?;
            Ok::<_, NetworkProblem>(Side { input: value.number, scale, zero })
        };
        let sides = [side(a, a_value)?, side(b, b_value)?];
        let Some((terms, requantization)) = addition(self.rounding, sides, output, limits) else {
            return Err(self.option(op, format!("with scales so far apart as {}", self.rounding.name())));
        };
        self.push(op, a_value.shape, Kind::Add { terms, requantization })
    }

    fn table(&mut self, op: &Op, curve: Curve) -> Result<(), NetworkProblem> {
        let ((input, value), (_, output)) = (self.computed(op, 0)?, self.result(op)?);
        if input.element != Element::I8 {
            return Err(self.option(op, format!("on {}", input.element.name())));
        }
        let values = table::values(curve, input.scale()?, output.scale()?);
        self.push(op, value.shape, Kind::Table { input: value.number, values })
    }

    fn softmax(&mut self, op: &Op) -> Result<(), NetworkProblem> {
        let ((input, value), (number, _)) = (self.computed(op, 0)?, self.result(op)?);
        if number != self.output {
            return Err(self.option(op, "SOFTMAX anywhere but at the end"));
        }
        let beta = op.options.map_or(Ok(1.0), |o| o.f32(0, 0.0))?;
        // As `PreprocessSoftmaxScaling`: differences have 5 bits before the point.
        let real = f64::from(beta) * f64::from(input.scale()?.0) * f64::from(1u32 << 26);
        let (multiplier, shift) = multiplier(real.min(2_147_483_647.0));
        self.softmax = Some(Softmax { multiplier, shift });
        self.values.insert(number, value);
        Ok(())
    }

    fn end(self) -> Result<Outcome, NetworkProblem> {
        let output = self.tensor(self.output)?;
        let value = self.values.get(&self.output);
        // What the last operator gives, in whatever shape.
        if value.is_none_or(|value| value.number != self.operators.len()) || self.operators.is_empty() {
            let what = "is the output, and not what the last operator gives".into();
            return Err(NetworkProblem::Tensor { name: output.name.clone(), what });
        }
        let input = self.tensor(self.input)?;
        let (scale, zero) = input.scale()?;
        let quantization = vec![Quantization { scale: Real(scale.into()), zero }];
        let source = Source {
            names: Vec::new(),
            shape: self.values[&self.input].shape,
            quantization,
            ranks: Vec::new(),
        };
        let output = self.operators.last().expect("there is one").output;
        let middle = if self.gives_probability { 0.5 } else { 0.0 };
        let ending =
            Ending { softmax: self.softmax, middle, ..Ending::of(output, self.softmax.is_some(), None) };
        let network = Network { rounding: self.rounding, operators: self.operators };
        Ok(Outcome { source, network, ending, notes: Vec::new() })
    }
}

/// The factor of a mean over so many places, as `QuantizedMeanOrSum` has it: the multiplier is divided in integers.
fn mean_factor(real: f64, places: usize) -> (i32, i8) {
    let (m, s) = multiplier(real);
    let places = places as u64;
    let shift = (63 - i64::from(places.leading_zeros())).min(32).min(31 + i64::from(s));
    let divided = ((i64::from(m) << shift) / places as i64) as i32;
    let shift = i64::from(s) - shift;
    (divided, shift as i8)
}
