//! Networks on numbers, computed from the model by other code than the interpreter's: floats of the definition where
//! they are exact, no folded bias, no graph.

use crate::networks::{bytes, random};
use crate::random::Random;
use mlc_compiler::eval;
use mlc_compiler::model::{
    Answer, Branch, Kind, Model, Network, Pooling, Requantization, Sensors, Shape, Steps, Trees, Window,
};

/// The definition of a rounding, in integers of 128 bits.
pub fn plain_step(sum: i64, multiplier: i32, shift: i8, steps: Steps) -> i64 {
    let (sum, m) = (i128::from(sum), i128::from(multiplier));
    let bits = 31 - i32::from(shift);
    match steps {
        Steps::Up => (sum * m + (1i128 << (bits - 1))) >> bits,
        Steps::Twice => {
            // Halves of the first rounding up, of the second away from zero.
            let first = (sum * (1i128 << shift.max(0)) * m + (1 << 30)).div_euclid(1 << 31);
            let right = (-shift).max(0);
            let half = if right == 0 { 0 } else { 1i128 << (right - 1) };
            if first >= 0 { (first + half) >> right } else { -((-first + half) >> right) }
        }
        Steps::Even => {
            let scale = f32::from_bits((127 << 23) | (((multiplier as u32) >> 7) & 0x7f_ffff));
            if multiplier == 0 {
                return 0;
            }
            // 1.m times 2^(shift - 1).
            let scale = scale * 2f32.powi(i32::from(shift) - 1);
            i128::from((sum as i64 as f32 * scale).round_ties_even() as i64)
        }
    }
    .try_into()
    .expect("the model keeps its outputs small")
}

pub fn requantized(r: &Requantization, channel: usize, sum: i64) -> i32 {
    let (multiplier, shift) =
        (r.multipliers[channel % r.multipliers.len()], r.shifts[channel % r.shifts.len()]);
    let value = plain_step(sum, multiplier, shift, r.steps) + i64::from(r.zero);
    value.max(r.least.into()).min(r.most.into()) as i32
}

struct Tensor {
    shape: Shape,
    values: Vec<i32>,
}

impl Tensor {
    /// The value at a place, `None` outside.
    fn at(&self, y: i64, x: i64, channel: usize) -> Option<i64> {
        let (height, width) = (self.shape.height as i64, self.shape.width as i64);
        let inside = (0..height).contains(&y) && (0..width).contains(&x);
        inside.then(|| self.values[(y * width + x) as usize * self.shape.channels + channel].into())
    }
}

/// Every place that a window shows, as a list of `(ky, kx, y, x)` that may lie outside.
fn window(w: Window, row: usize, col: usize) -> Vec<(usize, usize, i64, i64)> {
    let mut places = Vec::new();
    for ky in 0..w.kernel[0] {
        for kx in 0..w.kernel[1] {
            let y = (row * w.stride[0] + ky) as i64 - w.before[0] as i64;
            let x = (col * w.stride[1] + kx) as i64 - w.before[1] as i64;
            places.push((ky, kx, y, x));
        }
    }
    places
}

fn positions(w: Window) -> impl Iterator<Item = (usize, usize)> {
    (0..w.output[0]).flat_map(move |row| (0..w.output[1]).map(move |col| (row, col)))
}

fn operator(kind: &Kind, tensors: &[Tensor]) -> Vec<i32> {
    match kind {
        Kind::Dense { input, zero, weights, bias, requantization } => {
            let x = &tensors[*input].values;
            let one = |(o, row): (usize, &[i8])| {
                let products =
                    row.iter().zip(x).map(|(&w, &x)| i64::from(w) * (i64::from(x) - i64::from(*zero)));
                requantized(requantization, o, products.sum::<i64>() + i64::from(bias[o]))
            };
            weights.chunks(x.len()).enumerate().map(one).collect()
        }
        Kind::Convolution { input, zero, window: w, groups, weights, bias, requantization } => {
            let x = &tensors[*input];
            let (part, outputs) = (x.shape.channels / groups, bias.len());
            let mut values = Vec::new();
            for (row, col) in positions(*w) {
                for (o, &bias) in bias.iter().enumerate() {
                    let first = o / (outputs / groups) * part;
                    let mut sum = i64::from(bias);
                    for (ky, kx, y, at) in window(*w, row, col) {
                        for channel in 0..part {
                            let tap = ((o * w.kernel[0] + ky) * w.kernel[1] + kx) * part + channel;
                            // Padding stands for 0.
                            let value = x.at(y, at, first + channel).map_or(0, |x| x - i64::from(*zero));
                            sum += i64::from(weights[tap]) * value;
                        }
                    }
                    values.push(requantized(requantization, o, sum));
                }
            }
            values
        }
        Kind::Pool { input, window: w, pooling } => {
            let x = &tensors[*input];
            let mut values = Vec::new();
            for (row, col) in positions(*w) {
                for channel in 0..x.shape.channels {
                    let places = window(*w, row, col).into_iter();
                    let shown: Vec<i64> = places.filter_map(|(_, _, y, at)| x.at(y, at, channel)).collect();
                    values.push(match pooling {
                        Pooling::Max => *shown.iter().max().expect("each position shows something") as i32,
                        _ => (shown.iter().sum::<i64>() as f64 / shown.len() as f64).round() as i32,
                    });
                }
            }
            values
        }
        Kind::Mean { input, zero, requantization } => {
            let x = &tensors[*input];
            let one = |channel: usize| {
                let all = x.values.iter().skip(channel).step_by(x.shape.channels);
                requantized(requantization, channel, all.map(|&x| i64::from(x) - i64::from(*zero)).sum())
            };
            (0..x.shape.channels).map(one).collect()
        }
        Kind::Add { terms, requantization } => {
            let side = |at: usize, i: usize| {
                let term = &terms[at];
                let x = i64::from(tensors[term.input].values[i]) - i64::from(term.zero);
                plain_step(x << term.left, term.multiplier, term.shift, term.steps)
            };
            let count = tensors[terms[0].input].values.len();
            (0..count).map(|i| requantized(requantization, i, side(0, i) + side(1, i))).collect()
        }
        Kind::Sum { inputs, tables, requantization } => {
            let side = |at: usize, i: usize| {
                let byte = tensors[inputs[at]].values[i] as i8;
                i64::from(tables[at][usize::from(byte as u8)])
            };
            let count = tensors[inputs[0]].values.len();
            (0..count).map(|i| requantized(requantization, i, side(0, i) + side(1, i))).collect()
        }
        Kind::Trees { input, trees } => voted(trees, &tensors[*input].values),
        Kind::Table { input, values } => {
            tensors[*input].values.iter().map(|&x| values[usize::from(x as i8 as u8)].into()).collect()
        }
    }
}

/// What trees vote.
fn voted(trees: &Trees, x: &[i32]) -> Vec<i32> {
    // A branch of 0 and more is a split: every tree as a function that calls itself.
    fn leaf(trees: &Trees, x: &[i32], at: Branch) -> usize {
        match at {
            Branch::Leaf(leaf) => leaf,
            Branch::Split(split) => {
                let split = trees.splits[split];
                let is_high = x[split.feature] > i32::from(split.most);
                leaf(trees, x, if is_high { split.high } else { split.low })
            }
        }
    }
    let ends: Vec<usize> = trees.roots.iter().map(|&root| leaf(trees, x, root)).collect();
    let votes = |output: usize| {
        let all = ends.iter().flat_map(|&leaf| &trees.leaves[leaf]);
        all.filter(|vote| vote.output == output).map(|vote| i32::from(vote.weight)).sum::<i32>()
    };
    trees.base.iter().enumerate().map(|(output, &base)| i32::from(base) + votes(output)).collect()
}

/// What the last tensor holds.
pub fn outputs(sensors: &Sensors, network: &Network, values: &[i8]) -> Vec<i16> {
    let values = values.iter().map(|&x| x.into()).collect();
    let mut tensors = vec![Tensor { shape: sensors.shape, values }];
    for op in &network.operators {
        let values = operator(&op.kind, &tensors);
        assert_eq!(values.len(), op.shape.len(), "{}", op.name);
        tensors.push(Tensor { shape: op.shape, values });
    }
    tensors.pop().expect("the input is one").values.iter().map(|&y| y as i16).collect()
}

/// What a network with labels says of these outputs.
fn label(model: &Model, outputs: &[i16]) -> Option<String> {
    let Answer::Class(class) = &model.answer else { return None };
    let largest = *outputs.iter().max()?;
    let first = outputs.iter().position(|&y| y == largest)?;
    let near = |(i, &y): (usize, &i16)| i != first && i32::from(largest) - i32::from(y) < class.margin.into();
    let unsure = class.margin > 0 && outputs.iter().enumerate().any(near);
    Some(if unsure { "?".into() } else { class.labels[first].clone() })
}

#[test]
fn the_interpreter_computes_the_definition() {
    let (mut answered, mut unsure) = (0, 0);
    for seed in 0..600 {
        let model = random(seed);
        let (sensors, network) = model.network().expect("a network on numbers");
        let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let mut r = Random(seed);
        for _ in 0..4 {
            let values = bytes(&mut r, sensors.shape.len());
            let wants = outputs(sensors, network, &values);
            let run = eval::classify(&graph, &values);
            assert_eq!(run.logits, std::slice::from_ref(&wants), "seed {seed}");
            if let Some(label) = label(&model, &wants) {
                assert_eq!(run.text(), label, "seed {seed}");
                answered += 1;
                unsure += usize::from(label == "?");
            }
            // A line that has the bytes says the same.
            assert_eq!(eval::run(&graph, Sensors::line(&values).as_bytes()), run, "seed {seed}");
        }
    }
    assert!(unsure > 50 && answered > 2 * unsure, "{unsure} of {answered} are not sure");
}
