//! Names of the operators of TensorFlow Lite, and what to use in the place of those that mlc does not compute.

use crate::import::sensors::error::{NO_STATE, NetworkProblem};

pub const ADD: i32 = 0;
pub const AVERAGE_POOL_2D: i32 = 1;
pub const CONV_2D: i32 = 3;
pub const DEPTHWISE_CONV_2D: i32 = 4;
pub const DEQUANTIZE: i32 = 6;
pub const FULLY_CONNECTED: i32 = 9;
pub const LOGISTIC: i32 = 14;
pub const MAX_POOL_2D: i32 = 17;
pub const RELU: i32 = 19;
pub const RELU6: i32 = 21;
pub const RESHAPE: i32 = 22;
pub const SOFTMAX: i32 = 25;
pub const TANH: i32 = 28;
pub const PAD: i32 = 34;
pub const MEAN: i32 = 40;
pub const SQUEEZE: i32 = 43;
pub const EXPAND_DIMS: i32 = 70;
pub const QUANTIZE: i32 = 114;

/// Numbers and names of operators.
const NAMES: [(i32, &str); 46] = [
    (ADD, "ADD"),
    (AVERAGE_POOL_2D, "AVERAGE_POOL_2D"),
    (2, "CONCATENATION"),
    (CONV_2D, "CONV_2D"),
    (DEPTHWISE_CONV_2D, "DEPTHWISE_CONV_2D"),
    (DEQUANTIZE, "DEQUANTIZE"),
    (7, "EMBEDDING_LOOKUP"),
    (FULLY_CONNECTED, "FULLY_CONNECTED"),
    (11, "L2_NORMALIZATION"),
    (LOGISTIC, "LOGISTIC"),
    (16, "LSTM"),
    (MAX_POOL_2D, "MAX_POOL_2D"),
    (18, "MUL"),
    (RELU, "RELU"),
    (20, "RELU_N1_TO_1"),
    (RELU6, "RELU6"),
    (RESHAPE, "RESHAPE"),
    (23, "RESIZE_BILINEAR"),
    (24, "RNN"),
    (SOFTMAX, "SOFTMAX"),
    (27, "SVDF"),
    (TANH, "TANH"),
    (32, "CUSTOM"),
    (PAD, "PAD"),
    (35, "UNIDIRECTIONAL_SEQUENCE_RNN"),
    (36, "GATHER"),
    (39, "TRANSPOSE"),
    (MEAN, "MEAN"),
    (41, "SUB"),
    (42, "DIV"),
    (SQUEEZE, "SQUEEZE"),
    (44, "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    (45, "STRIDED_SLICE"),
    (47, "EXP"),
    (49, "SPLIT"),
    (52, "BIDIRECTIONAL_SEQUENCE_LSTM"),
    (53, "CAST"),
    (54, "PRELU"),
    (56, "ARG_MAX"),
    (65, "SLICE"),
    (EXPAND_DIMS, "EXPAND_DIMS"),
    (74, "SUM"),
    (83, "PACK"),
    (98, "LEAKY_RELU"),
    (QUANTIZE, "QUANTIZE"),
    (117, "HARD_SWISH"),
];

pub fn name(code: i32) -> String {
    match NAMES.iter().find(|(number, _)| *number == code) {
        Some((_, name)) => (*name).to_string(),
        None => format!("operator {code}"),
    }
}

/// What to say of an operator that is not computed; `tensor` is what it gives.
pub fn refused(code: i32, custom: &str, tensor: &str) -> NetworkProblem {
    let instead = match code {
        16 | 24 | 27 | 35 | 44 | 52 => NO_STATE,
        56 => "leave ARG_MAX away: mlc takes the largest output itself",
        98 | 54 | 117 | 18 | 41 | 42 | 47 => "use ReLU, ReLU6, tanh or sigmoid as activations",
        2 | 36 | 39 | 45 | 49 | 65 | 83 => "a chain of layers works, and sums of two of them (ADD)",
        _ => "docs/sensors.md lists the operators that work",
    };
    let operator = if custom.is_empty() { name(code) } else { format!("the custom operator {custom}") };
    NetworkProblem::Operator { operator, name: tensor.to_string(), instead }
}
