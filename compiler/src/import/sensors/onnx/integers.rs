//! An `.onnx` whose tensors are quantized by nodes `QuantizeLinear` and `DequantizeLinear` → a network of integers, as ONNX
//! Runtime fuses it: a product of integers, then a product of floats that is rounded to even.

mod fused;
mod sums;

use super::file::{File, Node, Tensor};
use super::floats::transposed;
use super::{option, refused, shapes};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::names::Namer;
use crate::import::sensors::outcome::{Ending, Outcome, Source};
use crate::import::sensors::scale::{Limits, Scales, factor};
use crate::model::{Kind, MAX_OPERATORS, Network, Operator, Quantization, Real, Rounding, Shape, Window};
use std::collections::BTreeMap;

/// Reads the network.
///
/// # Errors
/// What is not computed, by name; what is not right in the file.
pub fn read(file: &File) -> Result<Outcome, NetworkProblem> {
    let shape = shapes::input(&file.inputs[0])?;
    let values = BTreeMap::from([(file.inputs[0].name.clone(), Value::Input)]);
    let mut reader = Reader {
        file,
        shape,
        source: None,
        values,
        operators: Vec::new(),
        namer: Namer::default(),
        classifies: false,
    };
    for node in &file.nodes {
        reader.node(node)?;
        // Some take a while: a longer network is refused before it is read to its end.
        if reader.operators.len() > MAX_OPERATORS {
            let (operator, name) = (node.operator.clone(), node.name.clone());
            let what = format!("networks of more than {MAX_OPERATORS} operators");
            return Err(NetworkProblem::Option { operator, name, what });
        }
    }
    reader.end()
}

/// Bytes of a tensor and what they stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bytes {
    number: usize,
    shape: Shape,
    flattened: Option<Shape>,
    scale: f32,
    zero: i16,
    /// The file has bytes without a sign.
    is_unsigned: bool,
}

/// Scale and zero point of a tensor. Its zero point is that of bytes with a sign.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    scale: f32,
    zero: i16,
    is_unsigned: bool,
}

/// Weights or biases: integers and their scales.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    dims: Vec<usize>,
    integers: Vec<i64>,
    scales: Vec<f32>,
    axis: i64,
}

/// A layer whose sums have not been requantized yet.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    input: Bytes,
    weights: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<i32>,
    /// The shape of what it gives, and the window of a convolution with its groups.
    shape: Shape,
    window: Option<(Window, usize)>,
    clamp: (f32, f32),
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Input,
    Bytes(Bytes),
    Known(Known),
    Pending(Box<Pending>),
    /// The mean of all places, which has not been requantized yet.
    Mean(Bytes),
    /// So are means of windows.
    Means(Bytes, Window),
    /// So is a sum; `true` where it is cut at 0.
    Sum([Bytes; 2], bool),
    /// Made of what the network ends with.
    Derived,
}

struct Reader<'f> {
    file: &'f File,
    shape: Shape,
    source: Option<Bytes>,
    values: BTreeMap<String, Value>,
    operators: Vec<Operator>,
    namer: Namer,
    classifies: bool,
}

impl Reader<'_> {
    fn known(&self, node: &Node, at: usize) -> Option<&Tensor> {
        self.file.known.get(node.input(at)?)
    }

    fn value(&self, node: &Node, at: usize) -> Result<&Value, NetworkProblem> {
        let name = node.input(at).unwrap_or_default();
        self.values.get(name).ok_or_else(|| {
            let what = "is used as a value, and no node before has computed it".into();
            NetworkProblem::Tensor { name: name.to_string(), what }
        })
    }

    fn bytes(&self, node: &Node, at: usize) -> Result<Bytes, NetworkProblem> {
        match self.value(node, at)? {
            Value::Bytes(bytes) => Ok(*bytes),
            Value::Derived => Err(option(node, "anything behind the end of the network but its label")),
            _ => Err(option(node, "values that are not quantized")),
        }
    }

    fn integers(&self, node: &Node, at: usize) -> Result<&Known, NetworkProblem> {
        match self.value(node, at)? {
            Value::Known(known) => Ok(known),
            _ => Err(option(node, "weights that are not quantized")),
        }
    }

    fn set(&mut self, node: &Node, value: Value) {
        self.values.insert(node.gives(), value);
    }

    /// Scale and zero point of a whole tensor, inputs `at` and the one behind it, as that of bytes with a sign.
    fn scale(&self, node: &Node, at: usize) -> Result<Scale, NetworkProblem> {
        let scale = self.known(node, at).and_then(|t| t.floats()).and_then(|s| <[f32; 1]>::try_from(s).ok());
        let zero = match node.input(at + 1) {
            None => Some((0, 2)),
            Some(_) => self.known(node, at + 1).and_then(|t| Some((*t.integers()?.first()?, t.element))),
        };
        match (scale, zero) {
            (Some([scale]), Some((zero, element))) if scale > 0.0 && scale.is_finite() => {
                let is_unsigned = element == 2;
                let zero = if is_unsigned { zero - 128 } else { zero };
                let zero = i16::try_from(zero).ok().filter(|z| (-128..=127).contains(z));
                let zero = zero.ok_or_else(|| option(node, "a zero point of more than 8 bits"))?;
                Ok(Scale { scale, zero, is_unsigned })
            }
            _ => Err(option(node, "scales for each channel of what is computed")),
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        match node.operator.as_str() {
            "QuantizeLinear" => self.quantize(node),
            "DequantizeLinear" => self.dequantize(node),
            "Gemm" => self.dense(node),
            "MatMul" => self.dense(node),
            "Conv" => self.convolution(node),
            "Relu" => self.clamp(node, (0.0, f32::INFINITY)),
            "Clip" => self.clip(node),
            "Add" => self.add(node),
            "MaxPool" => self.pool(node),
            "AveragePool" => {
                let input = self.bytes(node, 0)?;
                let window = self.averaged(node, input)?;
                self.set(node, Value::Means(input, window));
                Ok(())
            }
            "GlobalAveragePool" => {
                let input = self.bytes(node, 0)?;
                self.set(node, Value::Mean(input));
                Ok(())
            }
            "QLinearMatMul" | "QGemm" | "QLinearConv" => self.fused(node),
            "QLinearGlobalAveragePool" => self.fused_mean(node),
            "QLinearAveragePool" => self.fused_means(node),
            "QLinearAdd" => self.fused_sum(node),
            "Reshape" | "Flatten" => self.flatten(node),
            "Softmax" | "ArgMax" => {
                self.classifies = true;
                self.set(node, Value::Derived);
                Ok(())
            }
            "Identity" | "Cast" if self.value(node, 0)? == &Value::Derived => {
                self.set(node, Value::Derived);
                Ok(())
            }
            _ => Err(refused(node)),
        }
    }

    fn quantize(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let scale = self.scale(node, 1)?;
        let value = match self.value(node, 0)?.clone() {
            Value::Input if self.source.is_none() => self.begin(scale),
            Value::Pending(pending) => self.requantize(*pending, scale),
            Value::Mean(input) => self.mean(input, scale),
            Value::Means(input, window) => self.means(node, (input, window), scale)?,
            Value::Sum(sides, is_cut) => self.sum(node, sides, is_cut, scale)?,
            Value::Bytes(bytes) if (bytes.scale, bytes.zero) == (scale.scale, scale.zero) => bytes,
            _ => return Err(option(node, "values that were quantized otherwise before")),
        };
        self.set(node, Value::Bytes(value));
        Ok(())
    }

    /// What the network reads, now that it has a scale.
    fn begin(&mut self, Scale { scale, zero, is_unsigned }: Scale) -> Bytes {
        let source = Bytes { number: 0, shape: self.shape, flattened: None, scale, zero, is_unsigned };
        self.source = Some(source);
        source
    }

    /// The layer, now that its output has a scale.
    fn requantize(&mut self, pending: Pending, output: Scale) -> Bytes {
        let Scale { scale, zero, .. } = output;
        let Pending { input, weights, scales, bias, shape, window, clamp } = pending;
        let at =
            |value: f32| ((value / scale).round_ties_even() + f32::from(zero)).clamp(-128.0, 127.0) as i16;
        let limits = Limits { zero, least: at(clamp.0), most: at(clamp.1) };
        let rounding = Rounding::OnnxRuntime;
        let one =
            |&weights: &f32| factor(rounding, Scales { input: input.scale, weights, output: scale }, true);
        let requantization = limits.requantization(rounding.steps(), scales.iter().map(one));
        let kind = match window {
            None => Kind::Dense { input: input.number, zero: input.zero, weights, bias, requantization },
            Some((window, groups)) => {
                let (input, zero) = (input.number, input.zero);
                Kind::Convolution { input, zero, window, groups, weights, bias, requantization }
            }
        };
        self.push(shape, kind, output)
    }

    fn push(&mut self, shape: Shape, kind: Kind, output: Scale) -> Bytes {
        let Scale { scale, zero, is_unsigned } = output;
        let name = self.namer.name(&kind);
        let output = Quantization { scale: Real(scale.into()), zero };
        self.operators.push(Operator { name, shape, kind, output });
        Bytes { number: self.operators.len(), shape, flattened: None, scale, zero, is_unsigned }
    }

    fn dequantize(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let Some(tensor) = self.known(node, 0) else {
            let value = Value::Bytes(self.bytes(node, 0)?);
            self.set(node, value);
            return Ok(());
        };
        let scales = self.known(node, 1).and_then(|t| t.floats()).map(<[f32]>::to_vec);
        let zeros = self.known(node, 2).and_then(|t| t.integers());
        if zeros.is_some_and(|zeros| zeros.iter().any(|&z| z != 0)) {
            return Err(option(node, "weights with a zero point other than 0"));
        }
        let (Some(integers), Some(scales)) = (tensor.integers(), scales) else {
            return Err(option(node, "values that are no integers"));
        };
        let (dims, integers) = (tensor.dims.clone(), integers.to_vec());
        let known = Known { dims, integers, scales, axis: node.number("axis", 1) };
        self.set(node, Value::Known(known));
        Ok(())
    }

    /// Weights as bytes.
    fn weights(&self, node: &Node, known: &Known) -> Result<Vec<i8>, NetworkProblem> {
        let bytes: Option<Vec<i8>> = known.integers.iter().map(|&w| i8::try_from(w).ok()).collect();
        bytes.ok_or_else(|| option(node, "weights of more than 8 bits"))
    }

    /// Biases of so many outputs; none where the node has none.
    fn bias(&self, node: &Node, at: usize, outputs: usize) -> Result<Vec<i32>, NetworkProblem> {
        if node.input(at).is_none() {
            return Ok(vec![0; outputs]);
        }
        let known = self.integers(node, at)?;
        let bias: Option<Vec<i32>> = known.integers.iter().map(|&b| i32::try_from(b).ok()).collect();
        bias.filter(|b| b.len() == outputs).ok_or_else(|| option(node, "biases of such a shape"))
    }

    fn dense(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (input, known) = (self.bytes(node, 0)?, self.integers(node, 1)?);
        let pending = self.product(node, input, known)?;
        let bias = self.bias(node, 2, pending.bias.len())?;
        self.set(node, Value::Pending(Box::new(Pending { bias, ..pending })));
        Ok(())
    }

    /// A dense layer without biases.
    fn product(&self, node: &Node, input: Bytes, known: &Known) -> Result<Pending, NetworkProblem> {
        let of = |name| node.attribute(name).float.unwrap_or(1.0);
        if node.number("transA", 0) != 0 || of("alpha") != 1.0 || of("beta") != 1.0 {
            return Err(option(node, "factors, or a transposed input"));
        }
        let &[rows, cols] = known.dims.as_slice() else {
            return Err(option(node, "weights of such a shape"));
        };
        let weights = self.weights(node, known)?;
        let (outputs, axis, weights) = match node.number("transB", 0) {
            0 => (cols, 1, transposed(&weights, cols)),
            _ => (rows, 0, weights),
        };
        let scales = known.scales.clone();
        if outputs == 0 || weights.len() != outputs * input.shape.len() {
            return Err(option(node, "weights of such a shape"));
        }
        if scales.len() != 1 && (scales.len() != outputs || known.axis != axis) {
            return Err(option(node, "scales that are not one an output"));
        }
        let weights = input.flattened.map_or_else(|| weights.clone(), |s| shapes::columns(&weights, s));
        let (shape, clamp) = (Shape::vector(outputs), (f32::NEG_INFINITY, f32::INFINITY));
        Ok(Pending { input, weights, scales, bias: vec![0; outputs], shape, window: None, clamp })
    }

    fn convolution(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (input, known) = (self.bytes(node, 0)?, self.integers(node, 1)?);
        let pending = self.convolved(node, input, known)?;
        let bias = self.bias(node, 2, pending.bias.len())?;
        self.set(node, Value::Pending(Box::new(Pending { bias, ..pending })));
        Ok(())
    }

    /// A convolution without biases.
    fn convolved(&self, node: &Node, input: Bytes, known: &Known) -> Result<Pending, NetworkProblem> {
        let Some((&[outputs, part], kernel)) = known.dims.split_first_chunk::<2>() else {
            return Err(option(node, "weights of such a shape"));
        };
        let groups = usize::try_from(node.number("group", 1)).unwrap_or(0);
        let channels = input.shape.channels;
        if groups == 0
            || outputs == 0
            || part.checked_mul(groups) != Some(channels)
            || !outputs.is_multiple_of(groups)
        {
            return Err(option(node, "weights of such a shape"));
        }
        let scales = known.scales.clone();
        if scales.len() != 1 && (scales.len() != outputs || known.axis != 0) {
            return Err(option(node, "scales that are not one an output"));
        }
        let window = shapes::window(node, input.shape, kernel)?;
        let weights = shapes::taps(&self.weights(node, known)?, window.kernel, part);
        let shape = Shape { height: window.output[0], width: window.output[1], channels: outputs };
        let (window, clamp) = (Some((window, groups)), (f32::NEG_INFINITY, f32::INFINITY));
        Ok(Pending { input, weights, scales, bias: vec![0; outputs], shape, window, clamp })
    }

    fn flatten(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let Bytes { shape, flattened, .. } = self.bytes(node, 0)?;
        let rank = match node.operator.as_str() {
            "Flatten" => 2,
            _ => self.known(node, 1).and_then(|t| t.integers()).map_or(0, <[i64]>::len),
        };
        if rank == 0 || rank > 2 {
            return Err(option(node, "a shape other than a vector"));
        }
        let many = shape.height * shape.width > 1 && shape.channels > 1;
        let flattened = if many { Some(shape) } else { flattened };
        let bytes = Bytes { shape: Shape::vector(shape.len()), flattened, ..self.bytes(node, 0)? };
        self.set(node, Value::Bytes(bytes));
        Ok(())
    }

    fn end(self) -> Result<Outcome, NetworkProblem> {
        let (Some(source), Some(last)) = (self.source, self.operators.last()) else {
            return Err(NetworkProblem::Inconsistent("it computes nothing".into()));
        };
        let count = self.operators.len();
        let ends = |name: &String| match self.values.get(name) {
            Some(Value::Derived) => true,
            Some(Value::Bytes(bytes)) => bytes.number == count,
            _ => false,
        };
        if let Some(port) = self.file.outputs.iter().find(|port| !ends(&port.name)) {
            let what = "is an output, and not what the last layer gives in bytes".into();
            return Err(NetworkProblem::Tensor { name: port.name.clone(), what });
        }
        let quantization = vec![Quantization { scale: Real(source.scale.into()), zero: source.zero }];
        let source = Source { names: Vec::new(), shape: source.shape, quantization, ranks: Vec::new() };
        let ending = Ending::of(last.output, self.classifies, None);
        let network = Network { rounding: Rounding::OnnxRuntime, operators: self.operators };
        Ok(Outcome { source, network, ending, notes: Vec::new() })
    }
}
