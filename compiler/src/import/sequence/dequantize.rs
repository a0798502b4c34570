//! The integers of a model as a float network: grid times scale.
//!
//! The scales between the parts are not in a model, and need not be: a norm, a softmax and a sum do not change when what
//! goes in is in other units. So the units of the residual stream, of values and of hidden neurons are chosen here, and those
//! of scores and gates follow from the tables. What the integers round away is not rounded here, so logits come near, not
//! equal.

use super::quantize::{norm_unit, power, rotary};
use super::{Activation, Checkpoint, Layer, Layout, Linear, Norm, Position, Shape};
use crate::math::{exp, ln};
use crate::model::{self, Block, Matrix, NormOrder, Output, Positions, Transformer};

/// What a step of the residual stream means.
const STREAM: f64 = 1.0 / 1024.0;
/// What a step of values, of hidden neurons and of what is normalised by heads means.
const BYTE: f64 = 1.0 / 16.0;
/// What is added below the root of norms; the integers add nothing.
const EPSILON: f32 = 1e-6;

/// The float network of a body whose logits count 2^-`logit_bits` nats.
///
/// # Errors
/// What has no float network of the kind that importers read.
pub fn dequantize(body: &Transformer, logit_bits: u8) -> Result<Checkpoint, String> {
    if body.order == NormOrder::Post || body.rounds != 1 || !body.start.is_empty() {
        return Err("norms behind layers, or blocks that run several times".into());
    }
    if body.prior.is_some() {
        return Err("an n-gram prior".into());
    }
    let Positions::Rotary { steps } = &body.positions else {
        return Err("positions that do not rotate".into());
    };
    let theta = base(steps, body.head_size)?;
    let first = body.blocks.first().ok_or("no blocks")?;
    let mut shape = Shape {
        head_size: body.head_size,
        hidden: first.feed_forward.up.rows,
        vocabulary: body.embedding.rows,
        norm_eps: EPSILON,
        position: Position::Rope { theta, layout: Layout::Adjacent },
        qk_norm: first.attention.head_norms.is_some(),
        norm: Norm::Pre,
        ..Shape::llama(body.dim, body.blocks.len(), body.heads, body.kv_heads)
    };
    let gates = body.blocks.iter().map(|block| gate(&block.feed_forward)).collect::<Result<Vec<_>, _>>()?;
    let activation = gates[0].activation;
    if gates.iter().any(|gate| gate.activation != activation) {
        return Err("blocks whose gates have different functions".into());
    }
    shape.activation = activation;
    let mut checkpoint = Checkpoint::blank(shape);
    checkpoint.embedding = floats(&body.embedding, 1.0, STREAM).weights;
    let layers = body.blocks.iter().zip(&gates).map(|(block, gate)| layer(body, block, gate));
    checkpoint.layers = layers.collect::<Result<_, _>>()?;
    let norm = body.norm.as_ref().ok_or("no norm before the output")?;
    let (gains, step) = gains(norm, body.dim)?;
    checkpoint.final_norm = Some(gains);
    let unit = 1.0 / f64::from(1u32 << logit_bits);
    checkpoint.output = Some(match &body.output {
        Output::Own(matrix) => floats(matrix, step, unit),
        // The weights of the embedding, with scales of their own.
        Output::Tied { mantissas, shift } => {
            let matrix = Matrix {
                mantissas: mantissas.clone(),
                shift: *shift,
                bias: Vec::new(),
                ..body.embedding.clone()
            };
            floats(&matrix, step, unit)
        }
    });
    checkpoint.check().map_err(|problem| problem.to_string())?;
    Ok(checkpoint)
}

/// A matrix whose input counts `input` a step and whose result `output`.
fn floats(matrix: &Matrix, input: f64, output: f64) -> Linear {
    let scale =
        |row: usize| f64::from(matrix.mantissas[row]) / f64::from(1u32 << matrix.shift) * output / input;
    let rows = matrix.values.chunks_exact(matrix.cols).enumerate();
    let weights = rows.flat_map(|(row, values)| {
        let scale = scale(row);
        values.iter().map(move |&value| (f64::from(value) * scale) as f32)
    });
    let bias: Vec<f32> = matrix.bias.iter().map(|&bias| (f64::from(bias) * output) as f32).collect();
    Linear {
        outputs: matrix.rows,
        inputs: matrix.cols,
        weights: weights.collect(),
        bias: (!bias.is_empty()).then_some(bias),
    }
}

/// The gains of a norm over `n` elements, and what a step of its 8-bit result means.
fn gains(norm: &model::Norm, n: usize) -> Result<(Vec<f32>, f64), String> {
    let (down, root) = norm_unit(n);
    // A norm may be shifted further than mlc's own are.
    let root = root * power(i32::from(down) - i32::from(norm.down));
    let gains = match &norm.gain {
        Some((mantissas, shift)) => {
            mantissas.iter().map(|&m| (f64::from(m) * power(-i32::from(*shift))) as f32).collect()
        }
        None => vec![1.0; n],
    };
    Ok((gains, power(norm.narrow.into()) / root))
}

fn layer(body: &Transformer, block: &Block, gate: &Gate) -> Result<Layer, String> {
    let attention = &block.attention;
    let (attention_norm, input) = gains(&attention.norm, body.dim)?;
    // What a step of a rotated query and key means: half of the score's step each, and the root of the head.
    let score = score_step(&attention.weights)? / power(attention.score_bits.into());
    let rotated = (score * (body.head_size as f64).sqrt()).sqrt();
    let unit = rotated * 127.0 / power(attention.rotate_bits.into());
    let (before, norms) = match &attention.head_norms {
        None => (unit, None),
        Some((query, key)) => {
            let of = |norm: &model::Norm| -> Result<Vec<f32>, String> {
                let (gains, step) = gains(norm, body.head_size)?;
                // The result has 16 bits: it is not narrowed.
                let root = power(norm.narrow.into()) / step;
                Ok(gains.iter().map(|gain| (f64::from(*gain) * root * unit) as f32).collect())
            };
            (BYTE, Some((of(query)?, of(key)?)))
        }
    };
    let (q_norm, k_norm) = norms.unzip();
    let feed = &block.feed_forward;
    let (feed_norm, feed_input) = gains(&feed.norm, body.dim)?;
    Ok(Layer {
        attention_norm,
        wq: floats(&attention.query, input, before),
        wk: floats(&attention.key, input, before),
        wv: floats(&attention.value, input, BYTE),
        wo: floats(&attention.output, BYTE, STREAM),
        q_norm,
        k_norm,
        feed_norm,
        gate: Some(floats(gate.matrix, feed_input, gate.step)),
        down: floats(&feed.down, gate.hidden, STREAM),
        up: floats(&feed.up, feed_input, BYTE),
    })
}

/// What a difference of 1 means, by the table of weights, `255 · e^(-step · i)`.
fn score_step(weights: &[u8]) -> Result<f64, String> {
    let (mut both, mut square) = (0.0, 0.0);
    // Small weights are rounded too much to tell.
    for (i, &weight) in weights.iter().enumerate().skip(1).take_while(|(_, weight)| **weight >= 16) {
        let i = i as f64;
        both += i * ln(255.0 / f64::from(weight).min(254.75));
        square += i * i;
    }
    if square == 0.0 {
        // One step takes all weight away; any factor that does so will do.
        return Ok(ln(510.0));
    }
    Ok(both / square)
}

/// The gate of a feed-forward layer.
struct Gate<'a> {
    matrix: &'a Matrix,
    activation: Activation,
    /// What a step of the gate means.
    step: f64,
    /// What a step of the hidden neurons means.
    hidden: f64,
}

fn gate(feed: &model::FeedForward) -> Result<Gate<'_>, String> {
    let model::Activation::Gate { matrix, table, bits } = &feed.activation else {
        return Err("a feed-forward layer without a gate".into());
    };
    let value = |g: i32| f64::from(table[usize::from(g as i8 as u8)]);
    let error = |f: &dyn Fn(f64) -> f64, step: f64| {
        let (mut both, mut square) = (0.0, 0.0);
        for g in -128..=127 {
            let wanted = f(f64::from(g) * step);
            both += value(g) * wanted;
            square += wanted * wanted;
        }
        let amplitude = both / f64::max(square, 1e-12);
        let miss = |g| value(g) - amplitude * f(f64::from(g) * step);
        ((-128..=127).map(|g| miss(g) * miss(g)).sum::<f64>(), amplitude)
    };
    let relu = |x: f64| x.max(0.0);
    let silu = |x: f64| x / (1.0 + exp(-x));
    let (straight, slope) = error(&relu, BYTE);
    // Steps of 1 % from 1/2000 to 1, then finer around the best.
    let coarse = (0..764).map(|i| 0.0005 * exp(f64::from(i) * 0.00995));
    let least = |steps: &mut dyn Iterator<Item = f64>| {
        steps.fold((f64::INFINITY, 0.0), |best, step| {
            let (miss, _) = error(&silu, step);
            if miss < best.0 { (miss, step) } else { best }
        })
    };
    let (_, near) = least(&mut coarse.into_iter());
    let (curved, step) = least(&mut (-100..=100).map(|i| near * (1.0 + f64::from(i) * 0.0001)));
    let (activation, step, amplitude) = match straight <= curved {
        true => (Activation::ReluGate, BYTE, slope),
        false => (Activation::SwiGlu, step, error(&silu, step).1),
    };
    if amplitude <= 0.0 || straight.min(curved) > 256.0 * 4.0 {
        return Err("a gate whose table is neither SiLU nor max(0, x)".into());
    }
    Ok(Gate { matrix, activation, step, hidden: power((*bits).into()) * BYTE / amplitude })
}

/// The base of the angles of which these are the steps.
fn base(steps: &[u32], head: usize) -> Result<f32, String> {
    let gives = |theta: f64| rotary(Position::Rope { theta: theta as f32, layout: Layout::Adjacent }, head);
    let fits = |theta: f64| matches!(gives(theta), Positions::Rotary { steps: given } if given == steps);
    // The pair that says most exactly: a half of its step is least, against what it tells of the base.
    let exact = |&i: &usize| (i as f64) * f64::from(steps[i]);
    let best = (1..steps.len()).filter(|&i| steps[i] > 0).max_by(|a, b| exact(a).total_cmp(&exact(b)));
    let Some(i) = best else {
        return if fits(10_000.0) { Ok(10_000.0) } else { Err("a rotation of one pair".into()) };
    };
    let turn = f64::from(steps[i]) / f64::from(1u32 << 24) * std::f64::consts::TAU;
    let theta = exp(-ln(turn) * head as f64 / (2 * i) as f64);
    // People choose round numbers.
    let digits = (1..=6).map(|digits| format!("{theta:.0$e}", digits - 1).parse().unwrap_or(theta));
    digits
        .chain([theta])
        .find(|&theta: &f64| fits(theta))
        .map(|theta| theta as f32)
        .ok_or_else(|| "angles that are no powers of one base".into())
}
