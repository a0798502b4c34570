//! The schema of a transformer in `model.ron`. Tables and mantissas are base64 of their bytes; weights are packed a row
//! ([`super::pack`]).

use super::pack::{pack_bits, unpack_bits};
use super::parts::bare;
use super::prior::Prior;
use crate::import::Problem;
use crate::model;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transformer {
    dim: usize,
    heads: usize,
    kv_heads: usize,
    head_size: usize,
    window: usize,
    order: Order,
    rounds: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    start: Vec<i16>,
    positions: Positions,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    norm: Option<Norm>,
    output: Output,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    prior: Option<Prior>,
    embedding: Matrix,
    blocks: Vec<Block>,
}

#[derive(Serialize, Deserialize)]
enum Order {
    Pre,
    Post,
}

#[derive(Serialize, Deserialize)]
enum Positions {
    Rotary(Vec<u32>),
    Learnt(Matrix),
    None,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Output {
    Tied { shift: u8, mantissas: String },
    Own(Matrix),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Norm {
    down: u8,
    narrow: u8,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    gain: Option<Gain>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gain {
    shift: u8,
    mantissas: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    attention: Attention,
    feed_forward: FeedForward,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attention {
    norm: Norm,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    head_norms: Option<(Norm, Norm)>,
    rotate_bits: u8,
    score_bits: u8,
    weights: String,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedForward {
    norm: Norm,
    activation: Activation,
    up: Matrix,
    down: Matrix,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Activation {
    Relu,
    Table(String),
    Gate { bits: u8, table: String, matrix: Matrix },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    rows: usize,
    cols: usize,
    grid: Grid,
    shift: u8,
    mantissas: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bias: Vec<i16>,
    weights: Vec<String>,
}

#[derive(Serialize, Deserialize)]
enum Grid {
    Symmetric(u8),
    Ternary,
    TwoBits,
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn signed(bytes: &[i8]) -> String {
    base64(&bytes.iter().map(|&b| b as u8).collect::<Vec<_>>())
}

/// Bytes that `field` has as base64.
pub(super) fn unbase64(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let bytes = STANDARD_NO_PAD.decode(text);
    bytes.map_err(|e| Problem::Packed { field: field.to_string(), what: e.to_string() })
}

fn unsigned(field: &str, text: &str) -> Result<Vec<i8>, Problem> {
    Ok(unbase64(field, text)?.into_iter().map(|b| b as i8).collect())
}

impl From<&model::Transformer> for Transformer {
    fn from(from: &model::Transformer) -> Self {
        Self {
            dim: from.dim,
            heads: from.heads,
            kv_heads: from.kv_heads,
            head_size: from.head_size,
            window: from.window,
            order: match from.order {
                model::NormOrder::Pre => Order::Pre,
                model::NormOrder::Post => Order::Post,
            },
            rounds: from.rounds,
            start: from.start.clone(),
            positions: match &from.positions {
                model::Positions::Rotary { steps } => Positions::Rotary(steps.clone()),
                model::Positions::Learnt(rows) => Positions::Learnt(rows.into()),
                model::Positions::None => Positions::None,
            },
            norm: from.norm.as_ref().map(Into::into),
            output: match &from.output {
                model::Output::Tied { mantissas, shift } => {
                    Output::Tied { shift: *shift, mantissas: base64(mantissas) }
                }
                model::Output::Own(matrix) => Output::Own(matrix.into()),
            },
            prior: from.prior.as_ref().map(Into::into),
            embedding: (&from.embedding).into(),
            blocks: from.blocks.iter().map(Into::into).collect(),
        }
    }
}

impl From<&model::Norm> for Norm {
    fn from(from: &model::Norm) -> Self {
        let gain = from.gain.as_ref().map(|(m, shift)| Gain { shift: *shift, mantissas: base64(m) });
        Self { down: from.down, narrow: from.narrow, gain }
    }
}

impl From<&model::Block> for Block {
    fn from(from: &model::Block) -> Self {
        let model::Block { attention: a, feed_forward: f } = from;
        Self {
            attention: Attention {
                norm: (&a.norm).into(),
                head_norms: a.head_norms.as_ref().map(|(query, key)| (query.into(), key.into())),
                rotate_bits: a.rotate_bits,
                score_bits: a.score_bits,
                weights: base64(&a.weights),
                query: (&a.query).into(),
                key: (&a.key).into(),
                value: (&a.value).into(),
                output: (&a.output).into(),
            },
            feed_forward: FeedForward {
                norm: (&f.norm).into(),
                activation: match &f.activation {
                    model::Activation::Relu => Activation::Relu,
                    model::Activation::Table(table) => Activation::Table(signed(table)),
                    model::Activation::Gate { matrix, table, bits } => {
                        Activation::Gate { bits: *bits, table: signed(table), matrix: matrix.into() }
                    }
                },
                up: (&f.up).into(),
                down: (&f.down).into(),
            },
        }
    }
}

impl From<&model::Matrix> for Matrix {
    fn from(from: &model::Matrix) -> Self {
        let bits = from.grid.bits().into();
        Self {
            rows: from.rows,
            cols: from.cols,
            grid: match from.grid {
                model::Grid::Symmetric { bits } => Grid::Symmetric(bits),
                model::Grid::Ternary => Grid::Ternary,
                model::Grid::TwoBits => Grid::TwoBits,
            },
            shift: from.shift,
            mantissas: base64(&from.mantissas),
            bias: from.bias.clone(),
            weights: from.values.chunks(from.cols).map(|row| pack_bits(row, bits)).collect(),
        }
    }
}

impl Transformer {
    /// The network that is written; [`model::Model::check`] is still to come.
    ///
    /// # Errors
    /// A text that is not the base64 of so many bytes, with its field.
    pub fn read(self) -> Result<model::Transformer, Problem> {
        let blocks = self.blocks.into_iter().enumerate();
        Ok(model::Transformer {
            dim: self.dim,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_size: self.head_size,
            window: self.window,
            embedding: self.embedding.read("embedding")?,
            positions: match self.positions {
                Positions::Rotary(steps) => model::Positions::Rotary { steps },
                Positions::Learnt(rows) => model::Positions::Learnt(rows.read("positions")?),
                Positions::None => model::Positions::None,
            },
            order: match self.order {
                Order::Pre => model::NormOrder::Pre,
                Order::Post => model::NormOrder::Post,
            },
            blocks: blocks.map(|(i, b)| b.read(&format!("blocks[{}]", i + 1))).collect::<Result<_, _>>()?,
            rounds: self.rounds,
            start: self.start,
            norm: self.norm.map(|norm| norm.read("norm")).transpose()?,
            output: match self.output {
                Output::Tied { shift, mantissas } => {
                    model::Output::Tied { mantissas: unbase64("output.mantissas", &mantissas)?, shift }
                }
                Output::Own(matrix) => model::Output::Own(matrix.read("output")?),
            },
            prior: self.prior.map(Prior::read).transpose()?,
        })
    }
}

impl Norm {
    fn read(self, field: &str) -> Result<model::Norm, Problem> {
        let gain = match self.gain {
            Some(gain) => Some((unbase64(&format!("{field}.gain"), &gain.mantissas)?, gain.shift)),
            None => None,
        };
        Ok(model::Norm { down: self.down, gain, narrow: self.narrow })
    }
}

impl Block {
    fn read(self, field: &str) -> Result<model::Block, Problem> {
        let Self { attention: a, feed_forward: f } = self;
        let of = |name: &str| format!("{field}.{name}");
        let attention = model::Attention {
            norm: a.norm.read(&of("attention.norm"))?,
            query: a.query.read(&of("attention.query"))?,
            key: a.key.read(&of("attention.key"))?,
            value: a.value.read(&of("attention.value"))?,
            output: a.output.read(&of("attention.output"))?,
            head_norms: match a.head_norms {
                Some((query, key)) => {
                    let name = of("attention.head_norms");
                    Some((query.read(&name)?, key.read(&name)?))
                }
                None => None,
            },
            rotate_bits: a.rotate_bits,
            score_bits: a.score_bits,
            weights: unbase64(&of("attention.weights"), &a.weights)?,
        };
        let activation = match f.activation {
            Activation::Relu => model::Activation::Relu,
            Activation::Table(table) => {
                model::Activation::Table(unsigned(&of("feed_forward.activation"), &table)?)
            }
            Activation::Gate { bits, table, matrix } => model::Activation::Gate {
                matrix: matrix.read(&of("feed_forward.activation.matrix"))?,
                table: unsigned(&of("feed_forward.activation.table"), &table)?,
                bits,
            },
        };
        let feed_forward = model::FeedForward {
            norm: f.norm.read(&of("feed_forward.norm"))?,
            up: f.up.read(&of("feed_forward.up"))?,
            activation,
            down: f.down.read(&of("feed_forward.down"))?,
        };
        Ok(model::Block { attention, feed_forward })
    }
}

impl Matrix {
    fn read(self, field: &str) -> Result<model::Matrix, Problem> {
        let grid = match self.grid {
            Grid::Symmetric(bits @ 3..=8) => model::Grid::Symmetric { bits },
            Grid::Symmetric(bits) => {
                let what = format!("{bits} bits; 3 to 8 are possible");
                return Err(Problem::Packed { field: format!("{field}.grid"), what });
            }
            Grid::Ternary => model::Grid::Ternary,
            Grid::TwoBits => model::Grid::TwoBits,
        };
        // Before numbers of the file are multiplied.
        if self.rows > model::MAX_VOCABULARY || self.cols > model::MAX_DIM {
            let what = format!(
                "{} × {} weights; {} × {} are possible",
                self.rows,
                self.cols,
                model::MAX_VOCABULARY,
                model::MAX_DIM
            );
            return Err(Problem::Packed { field: field.to_string(), what });
        }
        let mut values = Vec::new();
        for (row, text) in self.weights.iter().enumerate() {
            let unpacked = unpack_bits(text, self.cols, grid.bits().into());
            values.extend(unpacked.map_err(|e| {
                let what = format!("{e}");
                Problem::Packed { field: format!("{field}.weights[{}]", row + 1), what }
            })?);
        }
        Ok(model::Matrix {
            rows: self.rows,
            cols: self.cols,
            grid,
            values,
            mantissas: unbase64(&format!("{field}.mantissas"), &self.mantissas)?,
            shift: self.shift,
            bias: self.bias,
        })
    }
}
