//! A network that was trained on its grids → integers. Nothing is rounded anew but the scales of rows: whole numbers, their
//! scales and the steps of activations are those of the training.

use super::activations::{exponent, power};
use super::attention::{NARROW_BITS, ROTATE_BITS, head_norm, weights};
use super::blocks::{FILLED, norm_unit, rotary};
use super::feed_forward::{silu, table};
use super::{Quantized, blocks};
use crate::import::sequence::{self, Position, Problem, Shape};
use crate::model::{
    Activation, Attention, Block, FeedForward, Grid, Matrix, Norm, NormOrder, Output, Positions, Transformer,
};

/// A matrix on its grid: row `r` is `scales[r]` times its whole numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub cols: usize,
    pub grid: Grid,
    /// Row by row.
    pub values: Vec<i8>,
    /// One for each row, positive.
    pub scales: Vec<f32>,
}

/// How much a step of the 8-bit values of a block means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Of queries and keys in 16 bits, before their norm; where there is none, this follows from the next two.
    pub raw_query: f64,
    pub raw_key: f64,
    /// Of queries and keys as they are scored.
    pub query: f64,
    pub key: f64,
    pub value: f64,
    pub gate: f64,
    pub up: f64,
    /// Of what the table of a gate gives.
    pub table: f64,
    /// Of what goes into the last matrix: where there is a gate, `table · up` times a power of two.
    pub hidden: f64,
}

/// A block.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedBlock {
    pub query: Rows,
    pub key: Rows,
    pub value: Rows,
    pub mix: Rows,
    /// There if the activation is gated.
    pub gate: Option<Rows>,
    pub up: Rows,
    pub down: Rows,
    pub steps: Steps,
}

/// A network. Its norms have no gains but the one before a tied output.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    pub shape: Shape,
    pub embedding: Rows,
    /// A row for each position, where they are learnt.
    pub positions: Option<Rows>,
    pub blocks: Vec<TrainedBlock>,
    /// Gains before the output, `dim` values that are not negative.
    pub gain: Option<Vec<f32>>,
    /// `None` if it is the embedding.
    pub output: Option<Rows>,
    /// Where a recursive network starts, `dim` values.
    pub start: Option<Vec<f32>>,
    pub window: usize,
    /// Largest magnitudes that were seen of the residual stream, and of logits.
    pub stream: f64,
    pub logits: f64,
}

/// How the input of a matrix behind a norm of `dim` values is narrowed: the bits that are dropped, and how much a step then
/// means, near a sixteenth of the root mean square.
pub fn input_step(dim: usize) -> (u8, f64) {
    let (_, root) = norm_unit(dim);
    let mut bits = 0;
    while bits < 8 && root / power(bits + 1) >= 12.0 {
        bits += 1;
    }
    (bits as u8, power(bits) / root)
}

/// What each pair of a head turns by from one position to the next, in 2^-24ths of a turn; none where nothing rotates.
pub fn rotary_steps(shape: &Shape) -> Vec<u32> {
    match rotary(shape.position, shape.head_size) {
        Positions::Rotary { steps } => steps,
        Positions::Learnt(_) | Positions::None => Vec::new(),
    }
}

/// Puts the integers of a network together.
///
/// # Errors
/// Something that integers of these sizes cannot hold, with its name.
pub fn assemble(t: &Trained) -> Result<Quantized, Problem> {
    let shape = &t.shape;
    let (order, residual) = match shape.norm {
        sequence::Norm::Pre => (NormOrder::Pre, stream_step(t)),
        sequence::Norm::Post => (NormOrder::Post, 1.0 / norm_unit(shape.dim).1),
    };
    let (narrow, input) = input_step(shape.dim);
    let c = Parts { shape, norm: Norm { down: norm_unit(shape.dim).0, gain: None, narrow }, input, residual };
    let logit_bits = exponent(t.logits, FILLED).clamp(0, 15);
    let unit = power(-logit_bits);
    let output = match &t.output {
        Some(rows) => Output::Own(matrix("output", rows, input, unit)?),
        None => {
            let Matrix { mantissas, shift, .. } = matrix("output", &t.embedding, input, unit)?;
            Output::Tied { mantissas, shift }
        }
    };
    let positions = match &t.positions {
        Some(rows) => Positions::Learnt(matrix("positions", rows, 1.0, residual)?),
        None => rotary(shape.position, shape.head_size),
    };
    let mut blocks = Vec::new();
    for (at, block) in t.blocks.iter().enumerate() {
        blocks.push(Block { attention: c.attention(at, block)?, feed_forward: c.feed_forward(at, block)? });
    }
    let gain = t.gain.as_ref().map(|gain| blocks::mantissas(gain, 1.0, "final norm")).transpose()?;
    let start = t.start.as_ref().map_or(&[][..], |start| start);
    let in_stream = |v: &f32| (f64::from(*v) / residual).round().clamp(-32768.0, 32767.0) as i16;
    let body = Transformer {
        dim: shape.dim,
        heads: shape.heads,
        kv_heads: shape.kv_heads,
        head_size: shape.head_size,
        window: t.window,
        embedding: matrix("embedding", &t.embedding, 1.0, residual)?,
        positions,
        order,
        blocks,
        rounds: shape.recursion,
        start: start.iter().map(in_stream).collect(),
        norm: (order == NormOrder::Pre).then(|| Norm { gain, ..c.norm.clone() }),
        output,
        prior: None,
    };
    Ok(Quantized { body, logit_bits: logit_bits as u8 })
}

/// A step of the residual stream with which all that was seen fits 16 bits, and rows of tables have a mantissa of a byte.
fn stream_step(t: &Trained) -> f64 {
    let mut step = power(-exponent(t.stream, FILLED));
    let scales = t.embedding.scales.iter().chain(t.positions.iter().flat_map(|rows| &rows.scales));
    let largest = scales.fold(0.0, |most: f64, &scale| most.max(scale.into()));
    while largest / step > 250.0 {
        step *= 2.0;
    }
    step
}

/// A matrix whose input and results have these steps.
fn matrix(name: &str, rows: &Rows, input: f64, output: f64) -> Result<Matrix, Problem> {
    let factors: Vec<f64> = rows.scales.iter().map(|&scale| f64::from(scale) * input / output).collect();
    let top = factors.iter().copied().fold(0.0, f64::max);
    let mut shift = 0;
    while shift < i32::from(crate::arithmetic::MAX_RESCALE) && top * power(shift + 1) < 255.5 {
        shift += 1;
    }
    if top >= 255.5 {
        return Err(Problem::Value {
            field: name.to_string(),
            value: "a matrix whose scale is too large".to_string(),
            wants: "weights and activations that are no further apart".to_string(),
        });
    }
    let mantissa = |factor: &f64| (factor * power(shift)).round() as u8;
    Ok(Matrix {
        rows: rows.scales.len(),
        cols: rows.cols,
        grid: rows.grid,
        values: rows.values.clone(),
        mantissas: factors.iter().map(mantissa).collect(),
        shift: shift as u8,
        bias: Vec::new(),
    })
}

/// What all blocks share.
struct Parts<'a> {
    shape: &'a Shape,
    norm: Norm,
    /// Steps of what goes into matrices behind a norm, and of the stream.
    input: f64,
    residual: f64,
}

impl Parts<'_> {
    fn attention(&self, at: usize, block: &TrainedBlock) -> Result<Attention, Problem> {
        let Self { shape, input, residual, .. } = *self;
        let steps = &block.steps;
        let name = |what: &str| format!("layer {} {what}", at + 1);
        let rotates = matches!(shape.position, Position::Rope { .. });
        // How many steps of the 16-bit value are one of the 8-bit value.
        let (rotate_bits, part) = match rotates {
            true => (ROTATE_BITS, power(ROTATE_BITS.into()) / 127.0),
            false => (NARROW_BITS, power(NARROW_BITS.into())),
        };
        let (query, key) = match shape.qk_norm {
            true => (steps.raw_query, steps.raw_key),
            false => (steps.query / part, steps.key / part),
        };
        let head_norms = match shape.qk_norm {
            true => Some((
                head_norm(shape.head_size, None, steps.query / part, &name("query norm"))?,
                head_norm(shape.head_size, None, steps.key / part, &name("key norm"))?,
            )),
            false => None,
        };
        let (score_bits, weights) = weights(steps.query * steps.key / (shape.head_size as f64).sqrt());
        Ok(Attention {
            norm: self.norm.clone(),
            query: matrix(&name("queries"), &block.query, input, query)?,
            key: matrix(&name("keys"), &block.key, input, key)?,
            value: matrix(&name("values"), &block.value, input, steps.value)?,
            output: matrix(&name("mix"), &block.mix, steps.value, residual)?,
            head_norms,
            rotate_bits,
            score_bits,
            weights,
        })
    }

    fn feed_forward(&self, at: usize, block: &TrainedBlock) -> Result<FeedForward, Problem> {
        let Self { shape, input, residual, .. } = *self;
        let steps = &block.steps;
        let name = |what: &str| format!("layer {} {what}", at + 1);
        let gate = |f: fn(f64) -> f64| -> Result<Activation, Problem> {
            let rows = block.gate.as_ref().ok_or_else(|| Problem::MissingTensor(name("gate")))?;
            let matrix = matrix(&name("gate"), rows, input, steps.gate)?;
            let mut bits = 0;
            while bits < 15 && steps.table * steps.up * power(bits) < steps.hidden * 0.75 {
                bits += 1;
            }
            let table = table(|g| f(f64::from(g) * steps.gate) / steps.table);
            Ok(Activation::Gate { matrix, table, bits: bits as u8 })
        };
        let activation = match shape.activation {
            sequence::Activation::Relu => Activation::Relu,
            sequence::Activation::SquaredRelu => {
                let up = |u: i8| f64::from(u.max(0)) * steps.up;
                Activation::Table(table(|u| up(u) * up(u) / steps.hidden))
            }
            sequence::Activation::ReluGate => gate(|g| g.max(0.0))?,
            sequence::Activation::SwiGlu => gate(silu)?,
        };
        Ok(FeedForward {
            norm: self.norm.clone(),
            up: matrix(&name("up"), &block.up, input, steps.up)?,
            activation,
            down: matrix(&name("down"), &block.down, steps.hidden, residual)?,
        })
    }
}
