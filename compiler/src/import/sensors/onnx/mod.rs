//! `.onnx`: networks and trees of scikit-learn (skl2onnx), PyTorch and others, of floats or with quantized tensors.

mod addition;
mod averages;
mod file;
mod floats;
mod integers;
mod protobuf;
mod shapes;
mod trees;

use super::Read;
use super::error::{NO_STATE, NetworkProblem};
use file::{File, Node};
use protobuf::{Field, Fields};

/// Whether a file is a message that begins with the version of its format and has a graph.
pub fn is_onnx(bytes: &[u8]) -> bool {
    let mut fields = Fields::new(bytes, 0);
    let first = fields.next();
    matches!(first, Some(Ok((1, Field::Number(1..=100)))))
        && fields.any(|field| matches!(field, Ok((7, Field::Bytes(..)))))
}

/// Reads a network.
///
/// # Errors
/// See [`NetworkProblem`].
pub fn read(bytes: &[u8]) -> Result<Read, NetworkProblem> {
    let file = File::read(bytes)?;
    let [_] = file.inputs.as_slice() else {
        return Err(NetworkProblem::Several(format!("{} inputs", file.inputs.len())));
    };
    if file.nodes.iter().any(trees::is_trees) {
        return trees::read(&file).map(Read::Integers);
    }
    if file.nodes.iter().any(|node| QUANTIZED.contains(&node.operator.as_str())) {
        return integers::read(&file).map(Read::Integers);
    }
    floats::read(&file).map(Read::Floats)
}

/// Operators of bytes: a network that has one has no floats.
const QUANTIZED: [&str; 7] = [
    "QuantizeLinear",
    "QLinearMatMul",
    "QLinearConv",
    "QGemm",
    "QLinearAdd",
    "QLinearAveragePool",
    "QLinearGlobalAveragePool",
];

/// What makes the label, the probabilities or the number of what a network ends with.
const AT_THE_END: [&str; 10] = [
    "ArgMax",
    "Identity",
    "Cast",
    "Reshape",
    "Squeeze",
    "Flatten",
    "ArrayFeatureExtractor",
    "Normalizer",
    "ZipMap",
    "Softmax",
];

/// What to say of an operator that is not computed.
fn refused(node: &Node) -> NetworkProblem {
    let instead = match node.operator.as_str() {
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" => NO_STATE,
        "SVMClassifier" | "SVMRegressor" => {
            "train an MLPClassifier or LogisticRegression on the same data: both work"
        }
        "TreeEnsemble" => {
            "convert with target_opset={\"\": 17, \"ai.onnx.ml\": 3}: TreeEnsembleClassifier and TreeEnsembleRegressor work"
        }
        "ConvInteger" | "MatMulInteger" | "DynamicQuantizeLinear" => {
            "quantize statically (quantize_static), or give the network of floats with --calibrate: both work"
        }
        "QLinearMul" | "QLinearSigmoid" => {
            "ONNX Runtime computes it in floats, whose last bit depends on the processor: give the network of floats with \
             --calibrate, which works"
        }
        "LeakyRelu" | "Elu" | "Selu" | "HardSwish" | "Erf" | "PRelu" => {
            "use ReLU, ReLU6, tanh or sigmoid as activations"
        }
        _ => "docs/sensors.md lists the operators that work",
    };
    NetworkProblem::Operator { operator: node.operator.clone(), name: node.gives(), instead }
}

/// What to say of an operator that is computed, but not so.
fn option(node: &Node, what: impl Into<String>) -> NetworkProblem {
    NetworkProblem::Option { operator: node.operator.clone(), name: node.gives(), what: what.into() }
}
