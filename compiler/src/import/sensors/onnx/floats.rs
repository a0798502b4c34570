//! An `.onnx` of floats → a network of floats, node by node.

mod affine;
mod linear;
mod pair;

use super::file::{File, Node, Tensor, Values};
use super::{AT_THE_END, option, refused, shapes};
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::float::{FREE, FloatKind, FloatNetwork, FloatOperator};
use crate::import::sensors::table::Curve;
use crate::model::{Pooling, Shape, Window};
use pair::Pair;
use std::collections::BTreeMap;

/// Reads the network.
///
/// # Errors
/// What is not computed, by name; what is not right in the file.
pub fn read(file: &File) -> Result<FloatNetwork, NetworkProblem> {
    let port = &file.inputs[0];
    let input = shapes::input(port)?;
    let network = FloatNetwork {
        input,
        scaler: None,
        operators: vec![],
        classifies: false,
        labels: None,
        notes: vec![],
    };
    let first = Value::Tensor { number: 0, shape: input, flattened: None };
    let (values, pair) = (BTreeMap::from([(port.name.clone(), first)]), Pair::of(file));
    let mut reader = Reader { file, network, values };
    for node in &file.nodes {
        match &pair {
            Some(pair) if pair.has(node) => reader.pair(node, pair)?,
            _ => reader.node(node)?,
        }
    }
    reader.end()
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    /// `flattened`: the shape that its values had before they became a vector, channels in front.
    Tensor { number: usize, shape: Shape, flattened: Option<Shape> },
    /// Made of what the network ends with: a probability, an index, a label.
    Derived,
}

struct Reader<'f> {
    file: &'f File,
    network: FloatNetwork,
    values: BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn known(&self, node: &Node, at: usize) -> Option<&Tensor> {
        self.file.known.get(node.input(at)?)
    }

    fn floats(&self, node: &Node, at: usize) -> Result<(&[usize], &[f32]), NetworkProblem> {
        let tensor = self.known(node, at).and_then(|t| Some((t.dims.as_slice(), t.floats()?)));
        tensor.ok_or_else(|| option(node, format!("input {} that is not known as floats", at + 1)))
    }

    fn value(&self, node: &Node, at: usize) -> Result<&Value, NetworkProblem> {
        let name = node.input(at).unwrap_or_default();
        self.values.get(name).ok_or_else(|| {
            let what = "is used as a value, and no node before has computed it".into();
            NetworkProblem::Tensor { name: name.to_string(), what }
        })
    }

    /// Number, shape, and shape before it was flattened.
    fn tensor(&self, node: &Node, at: usize) -> Result<(usize, Shape, Option<Shape>), NetworkProblem> {
        match self.value(node, at)? {
            Value::Tensor { number, shape, flattened } => Ok((*number, *shape, *flattened)),
            Value::Derived => Err(option(node, "anything behind the end of the network but its label")),
        }
    }

    /// How often a name is used.
    fn uses(&self, name: &str) -> usize {
        let inputs = self.file.nodes.iter().flat_map(|node| &node.inputs);
        inputs.filter(|&input| input == name).count()
            + self.file.outputs.iter().filter(|port| port.name == name).count()
    }

    fn set(&mut self, node: &Node, value: Value) {
        self.values.insert(node.gives(), value);
    }

    fn push(&mut self, node: &Node, shape: Shape, kind: FloatKind) {
        self.network.operators.push(FloatOperator { kind, shape, clamp: FREE });
        let number = self.network.operators.len();
        self.set(node, Value::Tensor { number, shape, flattened: None });
    }

    fn node(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let is_derived = node.input(0).and_then(|name| self.values.get(name)) == Some(&Value::Derived)
            || node.input(1).and_then(|name| self.values.get(name)) == Some(&Value::Derived);
        if is_derived {
            return self.derived(node);
        }
        match node.operator.as_str() {
            "Cast" | "Identity" | "Dropout" => {
                let value = self.value(node, 0)?.clone();
                self.set(node, value);
                Ok(())
            }
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => self.reshape(node),
            "Scaler" => self.scaler(node),
            "Gemm" => self.gemm(node),
            "MatMul" => self.matmul(node),
            "Add" => self.add(node),
            "Sub" | "Mul" | "Div" => self.affine(node),
            "BatchNormalization" => self.normalization(node),
            "Relu" => self.clamp(node, 0.0, f32::INFINITY),
            "Clip" => self.clip(node),
            "Tanh" => self.curve(node, Curve::Tanh),
            "Sigmoid" => self.curve(node, Curve::Sigmoid),
            "Conv" => self.convolution(node),
            "MaxPool" => self.pool(node, Pooling::Max),
            "AveragePool" => self.pool(node, Pooling::Average),
            "GlobalAveragePool" => {
                let (input, shape, _) = self.tensor(node, 0)?;
                let kind = FloatKind::Pool { input, window: Window::whole(shape), pooling: Pooling::Average };
                self.push(node, Shape::vector(shape.channels), kind);
                Ok(())
            }
            "LinearClassifier" => self.linear(node),
            "LinearRegressor" => self.regression(node),
            "Softmax" | "ArgMax" | "LogSoftmax" => {
                self.tensor(node, 0)?;
                self.network.classifies = true;
                self.set(node, Value::Derived);
                Ok(())
            }
            _ => Err(refused(node)),
        }
    }

    /// A node behind the end: it makes the label or the probabilities of the logits.
    fn derived(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        if !AT_THE_END.contains(&node.operator.as_str()) {
            return Err(refused(node));
        }
        if node.operator == "ArrayFeatureExtractor"
            && let Some(classes) = self.known(node, 0)
        {
            self.network.labels = Some(labels(&classes.values));
        }
        node.outputs.iter().for_each(|name| _ = self.values.insert(name.clone(), Value::Derived));
        Ok(())
    }

    fn reshape(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (number, shape, flattened) = self.tensor(node, 0)?;
        let places = shape.height * shape.width;
        let flattened = if places > 1 && shape.channels > 1 { Some(shape) } else { flattened };
        let rank = match node.operator.as_str() {
            "Flatten" => 2,
            "Reshape" => self.known(node, 1).and_then(|t| t.integers()).map_or(0, <[i64]>::len),
            // One row of one place stays what it is.
            _ if places == 1 => 2,
            _ => 0,
        };
        if rank == 0 || rank > 2 {
            return Err(option(node, "a shape other than a vector"));
        }
        self.set(node, Value::Tensor { number, shape: Shape::vector(shape.len()), flattened });
        Ok(())
    }

    fn scaler(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (number, shape, _) = self.tensor(node, 0)?;
        if number != 0 || self.network.scaler.is_some() {
            return Err(option(node, "a scaler anywhere but in front"));
        }
        let all = |name: &str| match node.attribute(name).floats {
            one if one.len() == 1 => vec![one[0]; shape.len()],
            many => many,
        };
        let (offset, scale) = (all("offset"), all("scale"));
        if offset.len() != shape.len() || scale.len() != shape.len() {
            return Err(option(node, format!("{} scales for {} values", scale.len(), shape.len())));
        }
        self.network.scaler = Some((offset, scale));
        let value = self.value(node, 0)?.clone();
        self.set(node, value);
        Ok(())
    }

    /// A dense layer of weights `[outputs, inputs]` in the order of the file.
    fn dense(&mut self, node: &Node, weights: Vec<f32>, bias: Vec<f32>) -> Result<(), NetworkProblem> {
        let (input, shape, flattened) = self.tensor(node, 0)?;
        if bias.is_empty() || weights.len() != shape.len() * bias.len() {
            return Err(option(node, "weights of such a shape"));
        }
        let weights = flattened.map_or_else(|| weights.clone(), |shape| shapes::columns(&weights, shape));
        let shape = Shape::vector(bias.len());
        self.push(node, shape, FloatKind::Dense { input, weights, bias });
        Ok(())
    }

    fn gemm(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        if node.number("transA", 0) != 0 {
            return Err(option(node, "a transposed input"));
        }
        let (dims, values) = self.floats(node, 1)?;
        let &[rows, cols] = dims else { return Err(option(node, "weights of such a shape")) };
        let alpha = node.attribute("alpha").float.unwrap_or(1.0);
        let beta = node.attribute("beta").float.unwrap_or(1.0);
        let (outputs, weights) = match node.number("transB", 0) {
            0 => (cols, transposed(values, cols)),
            _ => (rows, values.to_vec()),
        };
        let weights = weights.into_iter().map(|w| w * alpha).collect();
        let bias = match node.input(2) {
            Some(_) => {
                broadcast(self.floats(node, 2)?.1, outputs).map(|b| b.iter().map(|b| b * beta).collect())
            }
            None => Some(vec![0.0; outputs]),
        };
        self.dense(node, weights, bias.ok_or_else(|| option(node, "biases of such a shape"))?)
    }

    fn matmul(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (dims, values) = self.floats(node, 1)?;
        let &[_, outputs] = dims else { return Err(option(node, "weights of such a shape")) };
        self.dense(node, transposed(values, outputs), vec![0.0; outputs])
    }

    /// The operator that a name is the value of, if nothing else uses it and nothing has been made of it yet.
    fn open(&mut self, node: &Node, at: usize) -> Option<&mut FloatOperator> {
        let name = node.input(at)?.to_string();
        let Some(Value::Tensor { number, .. }) = self.values.get(&name) else { return None };
        let number = *number;
        let once = self.uses(&name) == 1;
        let operator = self.network.operators.get_mut(number.checked_sub(1)?)?;
        (once && operator.clamp == FREE).then_some(operator)
    }

    fn add(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        if self.known(node, 0).is_none() && self.known(node, 1).is_none() {
            let ((a, shape, _), (b, other, _)) = (self.tensor(node, 0)?, self.tensor(node, 1)?);
            if shape != other {
                return Err(option(node, "tensors of different shapes"));
            }
            self.push(node, shape, FloatKind::Add { inputs: [a, b] });
            return Ok(());
        }
        self.affine(node)
    }

    fn clamp(&mut self, node: &Node, least: f32, most: f32) -> Result<(), NetworkProblem> {
        let value = self.value(node, 0)?.clone();
        if let Some(operator) = self.open(node, 0)
            && matches!(
                operator.kind,
                FloatKind::Dense { .. } | FloatKind::Convolution { .. } | FloatKind::Add { .. }
            )
        {
            operator.clamp = (least, most);
            self.set(node, value);
            return Ok(());
        }
        self.curve(node, Curve::Clamp { least, most })
    }

    fn clip(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let limit = |at: usize, name: &str, default: f32| match self.known(node, at).and_then(Tensor::floats)
        {
            Some(values) => values.first().copied().unwrap_or(default),
            None => node.attribute(name).float.unwrap_or(default),
        };
        let (least, most) = (limit(1, "min", f32::NEG_INFINITY), limit(2, "max", f32::INFINITY));
        self.clamp(node, least, most)
    }

    fn curve(&mut self, node: &Node, curve: Curve) -> Result<(), NetworkProblem> {
        let (input, shape, flattened) = self.tensor(node, 0)?;
        self.push(node, shape, FloatKind::Curve { input, curve });
        let number = self.network.operators.len();
        self.set(node, Value::Tensor { number, shape, flattened });
        Ok(())
    }

    fn convolution(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (input, shape, _) = self.tensor(node, 0)?;
        let (dims, values) = self.floats(node, 1)?;
        let Some((&[outputs, part], kernel)) = dims.split_first_chunk::<2>() else {
            return Err(option(node, "weights of such a shape"));
        };
        let groups = usize::try_from(node.number("group", 1)).unwrap_or(0);
        let fits =
            groups > 0 && part.checked_mul(groups) == Some(shape.channels) && outputs.is_multiple_of(groups);
        if !fits || outputs == 0 {
            return Err(option(node, "weights of such a shape"));
        }
        let window = shapes::window(node, shape, kernel)?;
        let weights = shapes::taps(values, window.kernel, part);
        let bias = match node.input(2) {
            Some(_) => self.floats(node, 2)?.1.to_vec(),
            None => vec![0.0; outputs],
        };
        if bias.len() != outputs {
            return Err(option(node, "biases of such a shape"));
        }
        let shape = Shape { height: window.output[0], width: window.output[1], channels: outputs };
        self.push(node, shape, FloatKind::Convolution { input, window, groups, weights, bias });
        Ok(())
    }

    fn pool(&mut self, node: &Node, pooling: Pooling) -> Result<(), NetworkProblem> {
        let (input, shape, _) = self.tensor(node, 0)?;
        let kernel = node.attribute("kernel_shape").numbers;
        let kernel: Vec<usize> = kernel.iter().filter_map(|&k| usize::try_from(k).ok()).collect();
        let window = shapes::window(node, shape, &kernel)?;
        if pooling == Pooling::Average && window.is_padded() && node.number("count_include_pad", 0) != 0 {
            return Err(option(node, "a mean that counts padding"));
        }
        let shape = Shape { height: window.output[0], width: window.output[1], channels: shape.channels };
        self.push(node, shape, FloatKind::Pool { input, window, pooling });
        Ok(())
    }

    fn end(self) -> Result<FloatNetwork, NetworkProblem> {
        let last = self.network.operators.len();
        let ends = |name: &String| match self.values.get(name) {
            Some(Value::Derived) => true,
            Some(Value::Tensor { number, .. }) => *number == last,
            None => false,
        };
        match self.file.outputs.iter().find(|port| !ends(&port.name)) {
            Some(port) => {
                let what = "is an output, and not what the last layer gives".into();
                Err(NetworkProblem::Tensor { name: port.name.clone(), what })
            }
            None if last == 0 => Err(NetworkProblem::Inconsistent("it computes nothing".into())),
            None => Ok(self.network),
        }
    }
}

/// A matrix of so many columns, its columns as rows.
pub fn transposed<T: Copy>(values: &[T], cols: usize) -> Vec<T> {
    (0..cols).flat_map(|col| values.iter().skip(col).step_by(cols.max(1)).copied()).collect()
}

/// As many values as outputs: the same for all, if there is one.
fn broadcast(values: &[f32], count: usize) -> Option<Vec<f32>> {
    match values {
        [one] => Some(vec![*one; count]),
        many if many.len() == count => Some(many.to_vec()),
        _ => None,
    }
}

/// Classes as labels.
fn labels(values: &Values) -> Vec<String> {
    match values {
        Values::Integers(values) => values.iter().map(i64::to_string).collect(),
        Values::Floats(values) => values.iter().map(f32::to_string).collect(),
        Values::Texts(values) => values.clone(),
    }
}
