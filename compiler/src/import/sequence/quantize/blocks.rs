//! The parts of a network, and how the scales of one follow from those of another.

use super::activations::{exponent, power};
use super::calibrate::{Calibration, Values};
use super::matrix::{self, Setting};
use super::{Quantization, Quantized, attention, feed_forward, output};
use crate::import::sequence::float::Vector;
use crate::import::sequence::{self, Checkpoint, Linear, Position, Problem};
use crate::math::{exp, ln};
use crate::model::{Block, Matrix, Norm, NormOrder, Positions, Transformer};

/// Part of 16 bits that the residual stream fills on the texts that were seen: others may go further.
pub const FILLED: f64 = 24_000.0;

/// What all parts of a network need.
pub struct Context<'a> {
    pub checkpoint: &'a Checkpoint,
    pub seen: &'a Calibration,
    pub how: &'a Quantization,
    pub order: NormOrder,
    /// How much a step of the residual stream means.
    pub residual: f64,
}

/// Quantizes a network.
///
/// # Errors
/// Something that integers of these sizes cannot hold, with its name.
pub fn quantize(
    checkpoint: &Checkpoint,
    seen: &Calibration,
    how: &Quantization,
) -> Result<Quantized, Problem> {
    let shape = &checkpoint.shape;
    let order = match shape.norm {
        sequence::Norm::Pre => NormOrder::Pre,
        sequence::Norm::Post => NormOrder::Post,
    };
    let residual = match order {
        NormOrder::Pre => {
            let layers = (0..shape.layers).map(|layer| seen.values(Vector::Residual, layer).largest());
            let fine = power(-exponent(layers.fold(0.0, f64::max), FILLED));
            coarse_enough(fine, checkpoint, how)
        }
        NormOrder::Post => 1.0 / norm_unit(shape.dim).1,
    };
    let c = Context { checkpoint, seen, how, order, residual };
    let output::Ends { embedding, norm, output, logit_bits } = output::quantize(&c)?;
    let positions = match &checkpoint.learnt_positions {
        Some(rows) => {
            let rows = Linear {
                outputs: rows.len() / shape.dim,
                inputs: shape.dim,
                weights: rows.clone(),
                bias: None,
            };
            Positions::Learnt(c.table("positions", &rows)?)
        }
        None => rotary(shape.position, shape.head_size),
    };
    let mut blocks = Vec::new();
    for layer in 0..shape.layers {
        let attention = attention::quantize(&c, layer)?;
        blocks.push(Block { attention, feed_forward: feed_forward::quantize(&c, layer)? });
    }
    let start = match (&checkpoint.start, shape.recursion) {
        (None, 1) => Vec::new(),
        (None, _) => vec![0; shape.dim],
        (Some(start), _) => start.iter().map(|&v| c.stream(v)).collect(),
    };
    let body = Transformer {
        dim: shape.dim,
        heads: shape.heads,
        kv_heads: shape.kv_heads,
        head_size: shape.head_size,
        window: how.window,
        embedding,
        positions,
        order,
        blocks,
        rounds: shape.recursion,
        start,
        norm,
        output,
        prior: None,
    };
    Ok(Quantized { body, logit_bits })
}

/// A step of the residual stream for which rows of the embedding have a mantissa of a byte, at least `step`.
fn coarse_enough(mut step: f64, checkpoint: &Checkpoint, how: &Quantization) -> f64 {
    let rows = checkpoint.embedding.iter().chain(checkpoint.learnt_positions.iter().flatten());
    let largest = rows.fold(0.0, |most: f64, &w| most.max(f64::from(w).abs()));
    let (_, most) = how.embedding.limits();
    while largest / f64::from(most) / step > 250.0 {
        step *= 2.0;
    }
    step
}

/// How far each pair turns at a position, in 2^-24ths of a turn.
pub fn rotary(position: Position, head: usize) -> Positions {
    let Position::Rope { theta, .. } = position else { return Positions::None };
    let log = ln(theta.into());
    let turns = |pair: usize| exp(-log * (2 * pair) as f64 / head as f64) / std::f64::consts::TAU;
    let step = |pair: usize| (turns(pair) * power(24)).round() as u32 & 0xff_ffff;
    Positions::Rotary { steps: (0..head / 2).map(step).collect() }
}

/// By how much the norm of `n` elements is shifted down, and what its root mean square is then.
pub fn norm_unit(n: usize) -> (u8, f64) {
    let root = 2040.0 / (n as f64).sqrt();
    let mut down = 0;
    while root / power(down) >= 362.0 {
        down += 1;
    }
    (down as u8, root / power(down))
}

impl Context<'_> {
    /// A value of the residual stream.
    pub fn stream(&self, value: f32) -> i16 {
        (f64::from(value) / self.residual).round().clamp(-32768.0, 32767.0) as i16
    }

    /// The norm of a part of a block and how much a step of its 8-bit result means. With norms before layers the gains are
    /// in the matrices behind.
    ///
    /// # Errors
    /// See [`mantissas`].
    pub fn norm(&self, gains: &[f32], input: &Values, name: &str) -> Result<(Norm, f64), Problem> {
        let (down, _) = norm_unit(self.checkpoint.shape.dim);
        let (narrow, step) = self.narrowed(input);
        let gain = match self.order {
            NormOrder::Post if gains.iter().any(|&gain| gain != 1.0) => Some(mantissas(gains, 1.0, name)?),
            NormOrder::Pre | NormOrder::Post => None,
        };
        Ok((Norm { down, gain, narrow }, step))
    }

    /// How many bits are dropped of what the norm of a part of a block gives, and how much a step means then.
    pub fn narrowed(&self, input: &Values) -> (u8, f64) {
        let unit = match self.order {
            NormOrder::Pre => 1.0 / norm_unit(self.checkpoint.shape.dim).1,
            NormOrder::Post => self.residual,
        };
        let narrow = narrow_bits(&input.kept, unit);
        (narrow, unit * power(narrow.into()))
    }

    /// A matrix behind a norm, with the gains of that norm in it.
    pub fn with_gains(&self, linear: &Linear, gains: &[f32]) -> Linear {
        let mut linear = linear.clone();
        if self.order == NormOrder::Pre {
            for row in linear.weights.chunks_exact_mut(gains.len()) {
                row.iter_mut().zip(gains).for_each(|(w, gain)| *w *= gain);
            }
        }
        linear
    }

    /// A table of rows of the residual stream.
    pub fn table(&self, name: &str, rows: &Linear) -> Result<Matrix, Problem> {
        let outputs = vec![self.residual; rows.outputs];
        let grid = self.how.embedding;
        matrix::quantize(rows, &Setting { name: name.into(), grid, input: 1.0, outputs, moments: None })
    }
}

/// The gains of a norm times `factor` as mantissas and a shift.
///
/// # Errors
/// Gains that are negative or too large for that, with the norm's name: mantissas have no sign and 8 bits.
pub fn mantissas(gains: &[f32], factor: f64, name: &str) -> Result<(Vec<u8>, u8), Problem> {
    let refused = |gain: f32, wants: &str| {
        let (field, value) = (name.to_string(), gain.to_string());
        Err(Problem::Value { field, value, wants: wants.into() })
    };
    if let Some(&gain) = gains.iter().find(|&&gain| gain < 0.0) {
        return refused(gain, "gains that are not negative");
    }
    let factors: Vec<f64> = gains.iter().map(|&gain| f64::from(gain) * factor).collect();
    match shared_shift(&factors) {
        Some(scales) => Ok(scales),
        None => refused(gains.iter().copied().fold(0.0, f32::max), "smaller gains"),
    }
}

/// Factors that are not negative as mantissas and the largest shift that all have in common. `None`: the largest is no byte
/// even without a shift.
pub fn shared_shift(factors: &[f64]) -> Option<(Vec<u8>, u8)> {
    let most = factors.iter().copied().fold(0.0, f64::max);
    let fits = |shift: i32| most * power(shift) < 255.5;
    let shift = (0..=24).rev().find(|&shift| fits(shift))?;
    Some((factors.iter().map(|factor| (factor * power(shift)).round() as u8).collect(), shift as u8))
}

/// How many bits are dropped of values in units of `unit`, so that 8 bits come nearest to them.
pub fn narrow_bits(values: &[f32], unit: f64) -> u8 {
    let error = |bits: f64| -> f64 {
        let scale = unit * power(bits as i32);
        let one = |&v: &f32| {
            let v = f64::from(v);
            let q = (v / scale + 0.5).floor().clamp(-128.0, 127.0);
            (v - q * scale) * (v - q * scale)
        };
        values.iter().map(one).sum()
    };
    super::activations::least((0..=8).map(f64::from), error) as u8
}
