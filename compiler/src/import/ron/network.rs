//! The schema of networks on numbers in `model.ron`. Weights are packed a row of an output each ([`super::pack`]), tables
//! are base64 of their bytes.

mod steps;
mod trees;

use super::pack::{pack_bits, unpack_bits};
use super::parts::bare;
use crate::import::Problem;
use crate::model::{self, Linear, MAX_ELEMENTS};
use serde::{Deserialize, Serialize};
use steps::{Requantization, Term, Window};
use trees::Trees;

/// Height, width, channels.
type Shape = (usize, usize, usize);
/// Multiplier, offset, shift.
type Line = (i32, i64, u8);
/// Scale and zero point.
type Quantization = (f64, i16);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensors {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<String>,
    shape: Shape,
    decimals: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scaling: Vec<Line>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quantization: Vec<Quantization>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ranks: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    labels: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    margin: u8,
    output: Quantization,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    softmax: Option<(i32, i8)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    decimals: u8,
    format: Vec<Line>,
    output: Quantization,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    rounding: Rounding,
    operators: Vec<Operator>,
}

#[derive(Serialize, Deserialize)]
enum Rounding {
    Tflm,
    Builtin,
    Xnnpack,
    OnnxRuntime,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operator {
    name: String,
    shape: Shape,
    output: Quantization,
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Kind {
    Dense {
        input: usize,
        zero: i16,
        requantization: Requantization,
        bias: Vec<i32>,
        weights: Vec<String>,
    },
    Convolution {
        input: usize,
        zero: i16,
        window: Window,
        groups: usize,
        requantization: Requantization,
        bias: Vec<i32>,
        weights: Vec<String>,
    },
    MaxPool {
        input: usize,
        window: Window,
    },
    AveragePool {
        input: usize,
        window: Window,
    },
    Mean {
        input: usize,
        zero: i16,
        requantization: Requantization,
    },
    Add {
        terms: (Term, Term),
        requantization: Requantization,
    },
    Sum {
        inputs: (usize, usize),
        tables: (Vec<i32>, Vec<i32>),
        requantization: Requantization,
    },
    Table {
        input: usize,
        values: String,
    },
    Trees {
        input: usize,
        trees: Trees,
    },
}

fn is_zero(n: &u8) -> bool {
    *n == 0
}

fn shape(from: model::Shape) -> Shape {
    (from.height, from.width, from.channels)
}

fn read_shape((height, width, channels): Shape) -> model::Shape {
    model::Shape { height, width, channels }
}

fn line(from: &Linear) -> Line {
    (from.multiplier, from.offset, from.shift)
}

fn read_line(&(multiplier, offset, shift): &Line) -> Linear {
    Linear { multiplier, offset, shift }
}

fn quantization(from: model::Quantization) -> Quantization {
    (from.scale.0, from.zero)
}

fn read_quantization((scale, zero): Quantization) -> model::Quantization {
    model::Quantization { scale: model::Real(scale), zero }
}

impl From<&model::Sensors> for Sensors {
    fn from(from: &model::Sensors) -> Self {
        Self {
            inputs: from.inputs.clone(),
            shape: shape(from.shape),
            decimals: from.decimals,
            scaling: from.scaling.iter().map(line).collect(),
            quantization: from.quantization.iter().copied().map(quantization).collect(),
            ranks: from.ranks.iter().map(|list| list.iter().map(|t| t.0 as f32).collect()).collect(),
        }
    }
}

impl Sensors {
    pub fn read(self) -> model::Sensors {
        model::Sensors {
            inputs: self.inputs,
            shape: read_shape(self.shape),
            decimals: self.decimals,
            scaling: self.scaling.iter().map(read_line).collect(),
            quantization: self.quantization.into_iter().map(read_quantization).collect(),
            ranks: self
                .ranks
                .into_iter()
                .map(|list| list.into_iter().map(|t| model::Real(t.into())).collect())
                .collect(),
        }
    }
}

impl From<&model::Class> for Class {
    fn from(from: &model::Class) -> Self {
        Self {
            labels: from.labels.clone(),
            margin: from.margin,
            output: quantization(from.output),
            softmax: from.softmax.map(|softmax| (softmax.multiplier, softmax.shift)),
        }
    }
}

impl Class {
    pub fn read(self) -> model::Class {
        model::Class {
            labels: self.labels,
            margin: self.margin,
            output: read_quantization(self.output),
            softmax: self.softmax.map(|(multiplier, shift)| model::Softmax { multiplier, shift }),
        }
    }
}

impl From<&model::Numbers> for Numbers {
    fn from(from: &model::Numbers) -> Self {
        Self {
            names: from.names.clone(),
            decimals: from.decimals,
            format: from.format.iter().map(line).collect(),
            output: quantization(from.output),
        }
    }
}

impl Numbers {
    pub fn read(self) -> model::Numbers {
        model::Numbers {
            names: self.names,
            decimals: self.decimals,
            format: self.format.iter().map(read_line).collect(),
            output: read_quantization(self.output),
        }
    }
}

impl From<&model::Network> for Network {
    fn from(from: &model::Network) -> Self {
        let rounding = match from.rounding {
            model::Rounding::Tflm => Rounding::Tflm,
            model::Rounding::Builtin => Rounding::Builtin,
            model::Rounding::Xnnpack => Rounding::Xnnpack,
            model::Rounding::OnnxRuntime => Rounding::OnnxRuntime,
        };
        Self { rounding, operators: from.operators.iter().map(Operator::from).collect() }
    }
}

impl Network {
    /// The network.
    ///
    /// # Errors
    /// Weights or tables that are not written as they should be.
    pub fn read(self) -> Result<model::Network, Problem> {
        let rounding = match self.rounding {
            Rounding::Tflm => model::Rounding::Tflm,
            Rounding::Builtin => model::Rounding::Builtin,
            Rounding::Xnnpack => model::Rounding::Xnnpack,
            Rounding::OnnxRuntime => model::Rounding::OnnxRuntime,
        };
        let read = |(i, operator): (usize, Operator)| operator.read(&format!("operators[{}]", i + 1));
        let operators = self.operators.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(model::Network { rounding, operators })
    }
}

impl From<&model::Operator> for Operator {
    fn from(from: &model::Operator) -> Self {
        let rows = |weights: &[i8], bias: &[i32]| {
            let each = weights.len() / bias.len();
            weights.chunks(each).map(|row| pack_bits(row, 8)).collect()
        };
        let kind = match &from.kind {
            model::Kind::Dense { input, zero, weights, bias, requantization } => Kind::Dense {
                input: *input,
                zero: *zero,
                requantization: requantization.into(),
                bias: bias.clone(),
                weights: rows(weights, bias),
            },
            model::Kind::Convolution { input, zero, window, groups, weights, bias, requantization } => {
                Kind::Convolution {
                    input: *input,
                    zero: *zero,
                    window: window.into(),
                    groups: *groups,
                    requantization: requantization.into(),
                    bias: bias.clone(),
                    weights: rows(weights, bias),
                }
            }
            model::Kind::Pool { input, window, pooling: model::Pooling::Average } => {
                Kind::AveragePool { input: *input, window: window.into() }
            }
            model::Kind::Pool { input, window, .. } => Kind::MaxPool { input: *input, window: window.into() },
            model::Kind::Mean { input, zero, requantization } => {
                Kind::Mean { input: *input, zero: *zero, requantization: requantization.into() }
            }
            model::Kind::Add { terms: [a, b], requantization } => {
                Kind::Add { terms: (a.into(), b.into()), requantization: requantization.into() }
            }
            model::Kind::Sum { inputs: [a, b], tables, requantization } => Kind::Sum {
                inputs: (*a, *b),
                tables: (tables[0].clone(), tables[1].clone()),
                requantization: requantization.into(),
            },
            model::Kind::Table { input, values } => {
                Kind::Table { input: *input, values: pack_bits(values, 8) }
            }
            model::Kind::Trees { input, trees } => Kind::Trees { input: *input, trees: trees.into() },
        };
        Self { name: from.name.clone(), shape: shape(from.shape), output: quantization(from.output), kind }
    }
}

impl Operator {
    fn read(self, field: &str) -> Result<model::Operator, Problem> {
        let output = read_quantization(self.output);
        Ok(model::Operator {
            name: self.name,
            shape: read_shape(self.shape),
            output,
            kind: self.kind.read(field)?,
        })
    }
}

impl Kind {
    fn read(self, field: &str) -> Result<model::Kind, Problem> {
        Ok(match self {
            Self::Dense { input, zero, requantization, bias, weights } => model::Kind::Dense {
                input,
                zero,
                weights: rows(field, &weights)?,
                bias,
                requantization: requantization.read(),
            },
            Self::Convolution { input, zero, window, groups, requantization, bias, weights } => {
                model::Kind::Convolution {
                    input,
                    zero,
                    window: window.read(),
                    groups,
                    weights: rows(field, &weights)?,
                    bias,
                    requantization: requantization.read(),
                }
            }
            Self::MaxPool { input, window } => {
                model::Kind::Pool { input, window: window.read(), pooling: model::Pooling::Max }
            }
            Self::AveragePool { input, window } => {
                model::Kind::Pool { input, window: window.read(), pooling: model::Pooling::Average }
            }
            Self::Mean { input, zero, requantization } => {
                model::Kind::Mean { input, zero, requantization: requantization.read() }
            }
            Self::Add { terms: (a, b), requantization } => {
                model::Kind::Add { terms: [a.read(), b.read()], requantization: requantization.read() }
            }
            Self::Sum { inputs: (a, b), tables, requantization } => model::Kind::Sum {
                inputs: [a, b],
                tables: Box::new([tables.0, tables.1]),
                requantization: requantization.read(),
            },
            Self::Table { input, values } => {
                model::Kind::Table { input, values: row(&format!("{field}.values"), &values)? }
            }
            Self::Trees { input, trees } => model::Kind::Trees { input, trees: trees.read() },
        })
    }
}

/// Weights of all rows, one after the other.
fn rows(field: &str, rows: &[String]) -> Result<Vec<i8>, Problem> {
    let mut values = Vec::new();
    for (i, text) in rows.iter().enumerate() {
        values.extend(row(&format!("{field}.weights[{}]", i + 1), text)?);
    }
    Ok(values)
}

/// The bytes of a row, as many as its text has.
fn row(field: &str, text: &str) -> Result<Vec<i8>, Problem> {
    let packed = |what: String| Problem::Packed { field: field.to_string(), what };
    let count = text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1);
    if count > MAX_ELEMENTS {
        return Err(packed(format!("{count} bytes, at most {MAX_ELEMENTS} are possible")));
    }
    unpack_bits(text, count, 8).map_err(|e| packed(e.to_string()))
}
