//! The feed-forward layer: what is between its matrices has 8 bits everywhere.

use super::activations::{byte_scale, least, power};
use super::blocks::Context;
use super::matrix::{self, Setting};
use crate::import::sequence::float::Vector;
use crate::import::sequence::{self, Problem};
use crate::math::exp;
use crate::model::{Activation, FeedForward};

/// Quantizes the feed-forward layer of a block.
///
/// # Errors
/// See [`matrix::quantize`] and [`mantissas`](super::blocks::mantissas).
pub fn quantize(c: &Context, at: usize) -> Result<FeedForward, Problem> {
    let shape = &c.checkpoint.shape;
    let layer = &c.checkpoint.layers[at];
    let name = |what: &str| format!("layer {} {what}", at + 1);
    let seen = c.seen.values(Vector::FeedIn, at);
    let (norm, input) = c.norm(&layer.feed_norm, seen, &name("norm of the feed-forward layer"))?;
    let moments = Some(c.seen.moments(Vector::FeedIn, at));
    let quantized = |what: &str, linear, scale: f64| {
        let linear = c.with_gains(linear, &layer.feed_norm);
        let (grid, outputs) = (c.how.weights, vec![scale; shape.hidden]);
        matrix::quantize(&linear, &Setting { name: name(what), grid, input, outputs, moments })
    };
    let ups = byte_scale(&c.seen.values(Vector::Up, at).kept);
    let up = quantized("up", &layer.up, ups)?;
    let wanted = byte_scale(c.moments_values(at));
    let (activation, hidden) = match (shape.activation, &layer.gate) {
        (sequence::Activation::Relu, _) => (Activation::Relu, ups),
        (sequence::Activation::SquaredRelu, _) => {
            let square = |u: i8| f64::from(u.max(0)) * ups * f64::from(u.max(0)) * ups;
            (Activation::Table(table(|u| square(u) / wanted)), wanted)
        }
        (function, Some(gate)) => {
            let f: fn(f64) -> f64 = match function {
                sequence::Activation::ReluGate => |x| x.max(0.0),
                _ => silu,
            };
            let gates = &c.seen.values(Vector::Gate, at).kept;
            let scale = gate_scale(gates, f);
            let matrix = quantized("gate", gate, scale)?;
            let most = (-128..=127i8).map(|g| f(f64::from(g) * scale).abs()).fold(1e-9, f64::max);
            // T = f(g) · amplitude; T · u / 2^bits is in steps of 2^bits · ups / amplitude.
            let mut bits = 0;
            while bits < 15 && power(bits + 1) * ups / wanted * most <= 127.0 {
                bits += 1;
            }
            let amplitude = (power(bits) * ups / wanted).min(127.0 / most);
            let table = table(|g| f(f64::from(g) * scale) * amplitude);
            let hidden = power(bits) * ups / amplitude;
            (Activation::Gate { matrix, table, bits: bits as u8 }, hidden)
        }
        (_, None) => return Err(Problem::MissingTensor(name("gate"))),
    };
    let setting = Setting {
        name: name("down"),
        grid: c.how.weights,
        input: hidden,
        outputs: vec![c.residual; shape.dim],
        moments: Some(c.seen.moments(Vector::Hidden, at)),
    };
    Ok(FeedForward { norm, up, activation, down: matrix::quantize(&layer.down, &setting)? })
}

impl Context<'_> {
    /// What goes into the last matrix of a block.
    fn moments_values(&self, at: usize) -> &[f32] {
        &self.seen.values(Vector::Hidden, at).kept
    }
}

pub fn silu(x: f64) -> f64 {
    x / (1.0 + exp(-x))
}

/// A byte for each byte: first for 0 to 127, then for -128 to -1.
pub fn table(f: impl Fn(i8) -> f64) -> Vec<i8> {
    (0..=255u8).map(|i| f(i as i8).round().clamp(-128.0, 127.0) as i8).collect()
}

/// The scale of the gate with the least squared error behind its function.
fn gate_scale(gates: &[f32], f: fn(f64) -> f64) -> f64 {
    let largest = gates.iter().fold(0.0, |most: f64, &v| most.max(f64::from(v).abs())).max(1e-6);
    let error = |scale: f64| -> f64 {
        let one = |&g: &f32| {
            let g = f64::from(g);
            let near = (g / scale + 0.5).floor().clamp(-128.0, 127.0) * scale;
            (f(g) - f(near)) * (f(g) - f(near))
        };
        gates.iter().map(one).sum()
    };
    least((0..10).map(|i| largest / 127.0 * (1.0 - f64::from(i) * 0.02)), error)
}
