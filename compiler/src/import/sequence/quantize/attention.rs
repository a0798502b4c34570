//! Attention: scales of queries, keys and values, and the table that makes weights of scores.

use super::activations::{byte_scale, of_head, power};
use super::blocks::{Context, mantissas, norm_unit};
use super::matrix::{self, Setting};
use crate::import::sequence::float::Vector;
use crate::import::sequence::{Position, Problem};
use crate::math::{exp, ln};
use crate::model::{Attention, Norm};

/// Bits that a rotation drops of queries and keys: 7 of the cosine, and 6 more of the 16.
pub const ROTATE_BITS: u8 = 13;
/// Bits that are dropped where nothing rotates.
pub const NARROW_BITS: u8 = 6;

/// Quantizes the attention of a layer.
///
/// # Errors
/// See [`matrix::quantize`] and [`mantissas`].
pub fn quantize(c: &Context, at: usize) -> Result<Attention, Problem> {
    let shape = &c.checkpoint.shape;
    let layer = &c.checkpoint.layers[at];
    let name = |what: &str| format!("layer {} {what}", at + 1);
    let seen = c.seen.values(Vector::AttentionIn, at);
    let (norm, input) = c.norm(&layer.attention_norm, seen, &name("norm of attention"))?;
    let (keys, queries, product) = head_scales(c, at);
    let rotates = matches!(shape.position, Position::Rope { .. });
    // How many steps of the 16-bit value are one of the 8-bit value.
    let (bits, steps) = match rotates {
        true => (ROTATE_BITS, power(ROTATE_BITS.into()) / 127.0),
        false => (NARROW_BITS, power(NARROW_BITS.into())),
    };
    let moments = Some(c.seen.moments(Vector::AttentionIn, at));
    let rows = |scales: &[f64], vector: Vector| -> Vec<f64> {
        match shape.qk_norm {
            false => scales.iter().flat_map(|&s| vec![s / steps; shape.head_size]).collect(),
            // The norm takes the scale away: what is before it fills three quarters of 16 bits.
            true => {
                let largest = c.seen.values(before(vector), at).largest();
                vec![largest.max(1e-6) / 8192.0; scales.len() * shape.head_size]
            }
        }
    };
    let quantized = |what: &str, linear, outputs| {
        let linear = c.with_gains(linear, &layer.attention_norm);
        matrix::quantize(&linear, &Setting { name: name(what), grid: c.how.weights, input, outputs, moments })
    };
    let query = quantized("queries", &layer.wq, rows(&queries, Vector::RotatedQuery))?;
    let key = quantized("keys", &layer.wk, rows(&keys, Vector::RotatedKey))?;
    let values = byte_scale(&c.seen.values(Vector::Value, at).kept);
    let value = quantized("values", &layer.wv, vec![values; shape.kv_size()])?;
    let setting = Setting {
        name: name("mix"),
        grid: c.how.weights,
        input: values,
        outputs: vec![c.residual; shape.dim],
        moments: Some(c.seen.moments(Vector::AttentionOut, at)),
    };
    let output = matrix::quantize(&layer.wo, &setting)?;
    let head_norms = match shape.qk_norm {
        true => {
            let of = |gains: &Option<Vec<f32>>, scale: f64, what| {
                head_norm(shape.head_size, gains.as_deref(), scale / steps, &name(what))
            };
            Some((of(&layer.q_norm, queries[0], "query norm")?, of(&layer.k_norm, keys[0], "key norm")?))
        }
        false => None,
    };
    let (score_bits, weights) = weights(product / (shape.head_size as f64).sqrt());
    Ok(Attention { norm, query, key, value, output, head_norms, rotate_bits: bits, score_bits, weights })
}

/// Where queries and keys are as they were before the rotation.
fn before(rotated: Vector) -> Vector {
    if rotated == Vector::RotatedQuery { Vector::Query } else { Vector::Key }
}

/// The scale of each head of keys, that of each head of queries, and their product, which is the same for all heads.
fn head_scales(c: &Context, at: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let shape = &c.checkpoint.shape;
    let scales = |vector, heads: usize| -> Vec<f64> {
        let values = c.seen.values(vector, at);
        // With norms of heads all share one mantissa.
        match shape.qk_norm {
            true => vec![byte_scale(&values.kept); heads],
            false => (0..heads).map(|head| byte_scale(&of_head(values, head, shape.head_size))).collect(),
        }
    };
    let keys = scales(Vector::RotatedKey, shape.kv_heads);
    let queries = scales(Vector::RotatedQuery, shape.heads);
    let shared = shape.heads / shape.kv_heads;
    let product = queries.iter().enumerate().map(|(head, q)| q * keys[head / shared]).fold(0.0, f64::max);
    let queries = (0..shape.heads).map(|head| product / keys[head / shared]).collect();
    (keys, queries, product)
}

/// The norm of each head of queries or keys: `unit` is what a step of its 16-bit result means.
pub fn head_norm(size: usize, gains: Option<&[f32]>, unit: f64, name: &str) -> Result<Norm, Problem> {
    let (down, root) = norm_unit(size);
    let ones = vec![1.0; size];
    let gains = gains.unwrap_or(&ones);
    Ok(Norm { down, gain: Some(mantissas(gains, 1.0 / (root * unit), name)?), narrow: 0 })
}

/// The table of attention: by how many bits a difference of scores is shifted, and the weight of what is left. `step` is
/// what a difference of 1 means.
pub fn weights(step: f64) -> (u8, Vec<u8>) {
    // The last entry that is not 0 is half a 255th: e^-6.23.
    let far = ln(510.0);
    let mut bits = 0;
    while bits < 23 && step * power(bits) * 255.0 < far {
        bits += 1;
    }
    let step = step * power(bits);
    let weight = |i: usize| (255.0 * exp(-step * i as f64)).round() as u8;
    (bits as u8, (0..256).map(weight).collect())
}
