//! A model's integers → parameters to go on with: whole numbers times their scales are the shadows.
//!
//! A model does not say what a step of its values means where that changes nothing (the stream of a network with norms before
//! layers, values, what is between two matrices). There a unit is chosen with which weights have the size of fresh ones.

use super::layout::{Layout, Tensor};
use super::prior::Prior;
use super::ranges::{BlockRanges, Ranges};
use super::shape::Shape;
use super::start;
use crate::error::TrainError;
use mlc_compiler::import::sequence::quantize::trained::{input_step, rotary_steps};
use mlc_compiler::import::sequence::{self as float, Layout as Pairs, Norm, Position};
use mlc_compiler::math::{exp, ln};
use mlc_compiler::model::{
    Activation, Attention, Body, FeedForward, Grid, Matrix, Model, NormOrder, Output, Positions, Transformer,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// All parameters of a network, in the order in which training has them, and the ranges of its activations where they are
/// known, and its prior, if it has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(crate) values: Vec<f32>,
    pub(crate) ranges: Option<Ranges>,
    pub(crate) prior: Option<Prior>,
}

fn body(model: &Model) -> Result<&Transformer, TrainError> {
    match &model.body {
        Body::Transformer(body) => Ok(body),
        Body::Layers(_) | Body::Network(_) => Err(TrainError::Data("this is no sequence model".into())),
    }
}

fn lacks<T>(what: &str) -> Result<T, TrainError> {
    Err(TrainError::Data(format!("the model has {what}: the trainer cannot go on with that")))
}

/// The shape of a model's network.
///
/// # Errors
/// A part that the trainer does not have: biases, gains, matrices of several grids.
pub fn shape_of(model: &Model) -> Result<Shape, TrainError> {
    let body = body(model)?;
    let block = &body.blocks[0];
    let weights = block.attention.query.grid;
    if body.blocks.iter().flat_map(|block| block.matrices()).any(|matrix| matrix.grid != weights) {
        return lacks("blocks with weights of several kinds");
    }
    if body.matrices().any(|matrix| !matrix.bias.is_empty()) {
        return lacks("biases");
    }
    let norms = body.blocks.iter().flat_map(|block| [&block.attention.norm, &block.feed_forward.norm]);
    if norms.into_iter().any(|norm| norm.gain.is_some()) {
        return lacks("gains in the norms of its blocks");
    }
    let activation = match &block.feed_forward.activation {
        Activation::Relu => float::Activation::Relu,
        Activation::Table(table) if table[128..].iter().all(|&v| v == 0) => float::Activation::SquaredRelu,
        Activation::Table(_) => return lacks("a function that is no squared ReLU"),
        Activation::Gate { table, .. } if table[128..].iter().all(|&v| v == 0) => float::Activation::ReluGate,
        Activation::Gate { .. } => float::Activation::SwiGlu,
    };
    let (position, positions) = match &body.positions {
        Positions::Rotary { steps } => (rope(steps, body.head_size)?, None),
        Positions::Learnt(rows) => (Position::Learnt, Some(rows.rows)),
        Positions::None => (Position::None, None),
    };
    let pre = body.order == NormOrder::Pre;
    let tied = matches!(body.output, Output::Tied { .. });
    if pre != body.norm.is_some() {
        return lacks("no norm before its output, or one that it does not need");
    }
    let network = float::Shape {
        dim: body.dim,
        layers: body.blocks.len(),
        heads: body.heads,
        kv_heads: body.kv_heads,
        head_size: body.head_size,
        hidden: block.feed_forward.up.rows,
        vocabulary: body.embedding.rows,
        positions,
        norm_eps: 1e-6,
        position,
        activation,
        qk_norm: block.attention.head_norms.is_some(),
        norm: if pre { Norm::Pre } else { Norm::Post },
        recursion: body.rounds,
    };
    let gain = body.norm.as_ref().is_some_and(|norm| norm.gain.is_some());
    if gain && !tied {
        return lacks("gains before an output of its own");
    }
    Ok(Shape {
        network,
        tied,
        labels: model.sequence_labels().map(<[String]>::len),
        gain,
        weights,
        embedding: body.embedding.grid,
        window: body.window,
    })
}

/// The base of the angles.
fn rope(steps: &[u32], head_size: usize) -> Result<Position, TrainError> {
    let position = |theta: f64| Position::Rope { theta: theta as f32, layout: Pairs::Adjacent };
    let [first, second, ..] = *steps else { return Ok(position(1000.0)) };
    let theta = exp(-ln(f64::from(second.max(1)) / f64::from(first.max(1))) * head_size as f64 / 2.0);
    let fits = |&theta: &f64| {
        let shape = float::Shape { head_size, position: position(theta), ..Shape::default().network };
        (1.0..1e6).contains(&theta) && rotary_steps(&shape) == steps
    };
    let candidates = [1.0, 10.0, 100.0, 1000.0].map(|unit| (theta / unit).round() * unit);
    match candidates.iter().rev().chain([&theta]).find(|theta| fits(theta)) {
        Some(&theta) => Ok(position(theta)),
        None => lacks("steps of rotation that follow no base"),
    }
}

/// The parameters of a model, for a network of this shape: its own, with more tokens perhaps, whose rows are fresh ones.
///
/// # Errors
/// A part that the trainer does not have; fewer tokens.
pub fn parameters_of(model: &Model, shape: &Shape, seed: u64) -> Result<Parameters, TrainError> {
    let body = body(model)?;
    let layout = Layout::new(shape);
    let (known, wanted) = (body.embedding.rows, shape.network.vocabulary);
    if wanted < known {
        return Err(TrainError::Data(format!("the model has {known} tokens, the texts want {wanted}")));
    }
    let mut values = start::fresh(&layout, &mut ChaCha8Rng::seed_from_u64(seed));
    let mut w = Writer { body, layout: &layout, values: &mut values, shape };
    let input = input_step(body.dim).1;
    let unit = logit_unit(model);
    // A row of the output is whole numbers times these.
    let (mantissas, shift) = match &body.output {
        Output::Tied { mantissas, shift } => (mantissas, *shift),
        Output::Own(matrix) => (&matrix.mantissas, matrix.shift),
    };
    let output = |r: usize| f64::from(mantissas[r]) * halved(shift) * unit / input;
    let stream = w.stream(&output);
    let end = w.layout.output.clone();
    match (&body.output, end) {
        (Output::Own(matrix), Some(tensor)) => {
            // Where outputs mean something else now, they begin fresh.
            if shape.labels == model.sequence_labels().map(<[String]>::len) {
                w.put(matrix, &tensor, 0, &output);
            }
            w.put(&body.embedding, &layout.embedding, 0, &|r| factor(&body.embedding, r) * stream);
        }
        _ => w.put(&body.embedding, &layout.embedding, 0, &output),
    }
    if let (Positions::Learnt(rows), Some(tensor)) = (&body.positions, &layout.positions) {
        let kept = rows.rows.min(tensor.rows);
        w.put_rows(rows, tensor, (0, kept), &|r| factor(rows, r) * stream);
    }
    if let (Some(tensor), Some((mantissas, shift))) =
        (&layout.gain, body.norm.as_ref().and_then(|n| n.gain.clone()))
    {
        let gains = mantissas.iter().map(|&m| (f64::from(m) * halved(shift)) as f32);
        w.values[tensor.range()].iter_mut().zip(gains).for_each(|(to, gain)| *to = gain);
    }
    if let Some(tensor) = &layout.start {
        let start = body.start.iter().map(|&v| (f64::from(v) * stream) as f32);
        w.values[tensor.range()].iter_mut().zip(start).for_each(|(to, v)| *to = v);
    }
    let blocks = (0..body.blocks.len()).map(|at| w.block(at, input, stream)).collect();
    // Where outputs mean labels now, no token costs anything.
    let prior = if shape.labels.is_some() { None } else { Prior::of(model) };
    let most = prior.as_ref().map_or(0.0, Prior::most);
    // Largest values with which the same units come out again.
    let ranges = Ranges {
        blocks,
        stream: (stream * 18_000.0) as f32,
        last: 127.0 * input as f32,
        logits: (unit * 18_000.0 - most).max(unit) as f32,
    };
    Ok(Parameters { values, ranges: Some(ranges), prior })
}

/// What a step of a logit means.
fn logit_unit(model: &Model) -> f64 {
    halved(model.sequence().map_or(0, |(_, _, story)| story.logit_bits))
}

/// 2^-`bits`.
fn halved(bits: u8) -> f64 {
    1.0 / f64::from(1u32 << bits)
}

/// What a unit of a row's sum becomes in steps of the result.
fn factor(matrix: &Matrix, row: usize) -> f64 {
    f64::from(matrix.mantissas[row]) * halved(matrix.shift)
}

struct Writer<'a> {
    body: &'a Transformer,
    layout: &'a Layout,
    values: &'a mut [f32],
    shape: &'a Shape,
}

impl Writer<'_> {
    /// Puts a matrix into rows of a tensor, row `r` of it times `scale(r)`.
    fn put(&mut self, matrix: &Matrix, tensor: &Tensor, from: usize, scale: &dyn Fn(usize) -> f64) {
        self.put_rows(matrix, tensor, (from, matrix.rows), scale);
    }

    fn put_rows(
        &mut self,
        matrix: &Matrix,
        tensor: &Tensor,
        (from, count): (usize, usize),
        scale: &dyn Fn(usize) -> f64,
    ) {
        for r in 0..count {
            let row = &matrix.values[r * matrix.cols..][..matrix.cols];
            // The scale of ternary weights is the mean of the shadows: those that are not 0 make up for the others.
            let spread = match tensor.grid {
                Some(Grid::Ternary) => {
                    let nonzero = row.iter().filter(|&&w| w != 0).count();
                    row.len() as f64 / nonzero.max(1) as f64
                }
                _ => 1.0,
            };
            let scale = scale(r) * spread;
            let to = &mut self.values[tensor.at + (from + r) * matrix.cols..][..matrix.cols];
            to.iter_mut().zip(row).for_each(|(to, &w)| *to = (f64::from(w) * scale) as f32);
        }
    }

    /// What a step of the stream means.
    fn stream(&self, output: &dyn Fn(usize) -> f64) -> f64 {
        let body = self.body;
        if body.order == NormOrder::Post {
            let (bits, step) = input_step(body.dim);
            return step * halved(bits);
        }
        let rows = body.embedding.rows;
        let wanted = match body.output {
            Output::Tied { .. } => (0..rows).map(output).sum::<f64>() / rows as f64,
            Output::Own(_) => return power_near(self.usual(&body.embedding)),
        };
        let found = (0..rows).map(|r| factor(&body.embedding, r)).sum::<f64>() / rows as f64;
        power_near(wanted / found.max(1e-12))
    }

    /// The unit of a matrix's results with which its weights, for inputs of a step of 1, have the size of fresh ones.
    fn usual(&self, matrix: &Matrix) -> f64 {
        let one = |(i, &w): (usize, &i8)| (f64::from(w) * factor(matrix, i / matrix.cols)).powi(2);
        let square = matrix.values.iter().enumerate().map(one).sum::<f64>() / matrix.values.len() as f64;
        1.0 / (square * matrix.cols as f64).max(1e-24).sqrt()
    }

    fn block(&mut self, at: usize, input: f64, stream: f64) -> BlockRanges {
        let body = self.body;
        let (block, tensors) = (&body.blocks[at], self.layout.blocks[at].clone());
        let Attention { query, key, value, output, .. } = &block.attention;
        let steps = self.attention_steps(&block.attention, input);
        let mut from = 0;
        for (matrix, step) in [(query, steps.raw.0), (key, steps.raw.1), (value, steps.value)] {
            self.put(matrix, &tensors.qkv, from, &|r| factor(matrix, r) * step / input);
            from += matrix.rows;
        }
        self.put(output, &tensors.mix, 0, &|r| factor(output, r) * stream / steps.value);
        let FeedForward { up, activation, down, .. } = &block.feed_forward;
        let feed = self.feed_steps(&block.feed_forward, input);
        let mut from = 0;
        if let Activation::Gate { matrix, .. } = activation {
            self.put(matrix, &tensors.feed, 0, &|r| factor(matrix, r) * feed.gate / input);
            from = matrix.rows;
        }
        self.put(up, &tensors.feed, from, &|r| factor(up, r) * feed.up / input);
        self.put(down, &tensors.down, 0, &|r| factor(down, r) * stream / feed.hidden);
        let most = |step: f64| (127.0 * step) as f32;
        BlockRanges {
            raw_query: (8192.0 * steps.raw.0) as f32,
            raw_key: (8192.0 * steps.raw.1) as f32,
            query: most(steps.scored.0),
            key: most(steps.scored.1),
            value: most(steps.value),
            gate: most(feed.gate),
            up: most(feed.up),
            table: most(feed.table),
            // In the middle of what gives the same power of two.
            hidden: most(feed.hidden * 0.75),
        }
    }

    fn attention_steps(&self, attention: &Attention, input: f64) -> AttentionSteps {
        let value = self.usual(&attention.value) * input;
        // 16-bit values in a step of the 8-bit one.
        let part = match self.body.positions {
            Positions::Rotary { .. } => f64::from(1u32 << attention.rotate_bits) / 127.0,
            _ => f64::from(1u32 << attention.rotate_bits),
        };
        if let Some((query, key)) = &attention.head_norms {
            let (bits, step) = input_step(self.body.head_size);
            let scored = |norm: &mlc_compiler::model::Norm| {
                let gain =
                    norm.gain.as_ref().map_or(1.0, |(m, shift)| f64::from(m[0].max(1)) * halved(*shift));
                step * halved(bits) * part / gain
            };
            let raw = (self.usual(&attention.query) * input, self.usual(&attention.key) * input);
            return AttentionSteps { raw, scored: (scored(query), scored(key)), value };
        }
        let product = score_step(attention) * (self.body.head_size as f64).sqrt();
        let one = product.sqrt();
        AttentionSteps { raw: (one / part, one / part), scored: (one, one), value }
    }

    fn feed_steps(&self, feed: &FeedForward, input: f64) -> FeedSteps {
        let up = self.usual(&feed.up) * input;
        match &feed.activation {
            Activation::Relu => FeedSteps { gate: 0.0, up, table: 0.0, hidden: up },
            Activation::Table(table) => {
                let largest = (127.0 * up) * (127.0 * up);
                // Wide results are cut off: the largest entry that is not.
                let at = (1..128).rev().find(|&i| table[i] < 127).unwrap_or(1);
                let square = (at as f64 * up) * (at as f64 * up);
                let hidden = if table[at] > 0 { square / f64::from(table[at]) } else { largest / 127.0 };
                FeedSteps { gate: 0.0, up, table: 0.0, hidden }
            }
            Activation::Gate { matrix, table, bits } => {
                let gate = match self.shape.network.activation {
                    float::Activation::SwiGlu => silu_step(table),
                    _ => self.usual(matrix) * input,
                };
                let most = f64::from(table[127].max(1));
                let table = match self.shape.network.activation {
                    float::Activation::SwiGlu => silu(127.0 * gate) / most,
                    _ => 127.0 * gate / most,
                };
                FeedSteps { gate, up, table, hidden: table * up * f64::from(1u32 << bits) }
            }
        }
    }
}

/// Units of queries and keys before their norm and as they are scored, and of values.
struct AttentionSteps {
    raw: (f64, f64),
    scored: (f64, f64),
    value: f64,
}

struct FeedSteps {
    gate: f64,
    up: f64,
    table: f64,
    hidden: f64,
}

/// The power of two that is nearest.
fn power_near(x: f64) -> f64 {
    let bits = (ln(x.max(1e-12)) / std::f64::consts::LN_2).round();
    (0..bits.abs() as u32).fold(1.0, |v, _| if bits < 0.0 { v / 2.0 } else { v * 2.0 })
}

/// How many nats a difference of 1 between scores is: from the table of attention, where it is neither flat nor near 0.
fn score_step(attention: &Attention) -> f64 {
    let table = attention.weights.iter().enumerate().skip(1).filter(|(_, w)| (8..=230).contains(*w));
    let (mut both, mut square) = (0.0, 0.0);
    for (i, &w) in table {
        let (i, weight) = (i as f64, f64::from(w));
        // Errors of half a unit weigh as they do in the logarithm.
        both += i * -ln(weight / 255.0) * weight * weight;
        square += i * i * weight * weight;
    }
    let step = if square > 0.0 { both / square } else { 1.0 };
    step * halved(attention.score_bits)
}

fn silu(x: f64) -> f64 {
    x / (1.0 + exp(-x))
}

/// The step of a gate whose table of SiLU looks like this.
fn silu_step(table: &[i8]) -> f64 {
    let error = |step: f64| -> f64 {
        let amplitude = f64::from(table[127]) / silu(127.0 * step);
        let one =
            |g: i32| (silu(f64::from(g) * step) * amplitude - f64::from(table[(g & 255) as usize])).powi(2);
        (-128..128).map(one).sum()
    };
    let mut best = (f64::INFINITY, 0.05);
    for i in 0..400 {
        let step = 0.002 * exp(f64::from(i) * 0.015);
        let found = error(step);
        if found < best.0 {
            best = (found, step);
        }
    }
    best.1
}
