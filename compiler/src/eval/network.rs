//! What the operations of networks on numbers compute. The arithmetic is in [`crate::arithmetic::network`].

use super::{Input, Machine, Value};
use crate::arithmetic::network::{Bytes, Line, decide, mean, measure, numbers, ranked_bytes, wanted};
use crate::ir::{ConstId, Data, NodeId, Op};
use crate::model::{Linear, Pooling, Window};

impl Machine<'_> {
    /// The value of one of these operations.
    pub(super) fn network(&mut self, op: &Op) -> Value {
        match op {
            Op::Convolve { input, weights, window, groups, padding } => {
                Value::Vector(self.convolve(*input, *weights, *window, *groups, (*padding).into()))
            }
            Op::Pool { input, window, pooling } => {
                Value::Vector(pool(self.vector(*input), *window, *pooling))
            }
            Op::Bias { input, bias } => {
                let bias = self.words(*bias);
                let sums = self.vector(*input).iter().enumerate();
                Value::Vector(sums.map(|(i, sum)| sum.wrapping_add(bias[i % bias.len()])).collect())
            }
            Op::Requantize { input, steps } => {
                let Data::Requantization(r) = &self.graph.consts[*steps].data else {
                    unreachable!("validated: how sums become bytes")
                };
                Value::Vector(self.vector(*input).iter().enumerate().map(|(i, &sum)| r.at(i, sum)).collect())
            }
            Op::Widen { input, table } => {
                let table = self.words(*table);
                self.each(*input, |x| table[usize::from(x as u8)])
            }
            Op::Vote { input, trees } => match &self.graph.consts[*trees].data {
                Data::Trees(trees) => {
                    let x = self.vector(*input);
                    Value::Vector(trees.run(|feature| x[feature]))
                }
                other => unreachable!("validated: trees, not {other:?}"),
            },
            Op::Decide { input, margin } => {
                let index = decide(self.vector(*input), *margin);
                self.show(*input);
                Value::Index(index)
            }
            Op::Numbers { input, format } => {
                let (_, decimals, lines) = self.lines(*format);
                let text = numbers(self.vector(*input), decimals, lines);
                self.show(*input);
                Value::Text(text.into_bytes())
            }
            other => unreachable!("{} is none of these operations", other.name()),
        }
    }

    /// The bytes that are read. `None` where the line is not the numbers that it should be: then the reply says so, if there
    /// was a line at all, and nothing is computed.
    pub(super) fn measured(&mut self, text: NodeId, scaling: ConstId) -> Option<Value> {
        let (count, decimals, bytes) = match &self.graph.consts[scaling].data {
            Data::Ranks { decimals, ranks } => (ranked_bytes(ranks), *decimals, Bytes::Ranks(ranks)),
            _ => {
                let (count, decimals, lines) = self.lines(scaling);
                (count, decimals, Bytes::Lines(lines))
            }
        };
        let line = match &self.input {
            Input::Values(values) => Line::Values(values.clone()),
            Input::Text(_) | Input::Tokens(_) => measure(self.text(text), decimals, bytes, count),
        };
        match line {
            Line::Values(values) => Some(Value::Vector(values.into_iter().map(i32::from).collect())),
            Line::Other(_) => {
                self.run.reply = wanted(bytes.numbers(count)).into_bytes();
                None
            }
            Line::Empty => None,
        }
    }

    /// Keeps logits.
    fn show(&mut self, input: NodeId) {
        let logits = self.vector(input).iter().map(|&y| y as i16).collect();
        self.run.logits.push(logits);
    }

    fn words(&self, id: ConstId) -> &[i32] {
        match &self.graph.consts[id].data {
            Data::Words(words) => words,
            other => unreachable!("validated: integers of 32 bits, not {other:?}"),
        }
    }

    fn lines(&self, id: ConstId) -> (usize, u8, &[Linear]) {
        match &self.graph.consts[id].data {
            Data::Lines { count, decimals, lines } => (*count, *decimals, lines),
            other => unreachable!("validated: lines of numbers, not {other:?}"),
        }
    }

    fn convolve(
        &self,
        input: NodeId,
        weights: NodeId,
        window: Window,
        groups: usize,
        padding: i32,
    ) -> Vec<i32> {
        let Value::Matrix(weights) = self.values[weights.index()] else {
            unreachable!("validated: weights are a matrix")
        };
        let Data::Matrix { rows, cols, values, .. } = &self.graph.consts[weights].data else {
            unreachable!("validated: weights are a matrix")
        };
        let (x, channels) = (self.vector(input), window.input.channels);
        let (part, per_group) = (channels / groups, rows / groups);
        let mut sums = Vec::with_capacity(window.output[0] * window.output[1] * rows);
        let mut shown = vec![padding; window.kernel[0] * window.kernel[1] * channels];
        for row in 0..window.output[0] {
            for col in 0..window.output[1] {
                shown.fill(padding);
                for (ky, kx, y, at) in window.places(row, col) {
                    let (to, from) = (ky * window.kernel[1] + kx, y * window.input.width + at);
                    shown[to * channels..][..channels].copy_from_slice(&x[from * channels..][..channels]);
                }
                for (o, weights) in values.chunks(*cols).enumerate() {
                    let first = o / per_group * part;
                    let taps = shown.chunks(channels).flat_map(|place| &place[first..first + part]);
                    let products = weights.iter().zip(taps).map(|(&w, x)| i32::from(w) * x);
                    sums.push(products.fold(0i32, i32::wrapping_add));
                }
            }
        }
        sums
    }
}

fn pool(x: &[i32], window: Window, pooling: Pooling) -> Vec<i32> {
    let channels = window.input.channels;
    let mut pooled = Vec::new();
    for row in 0..window.output[0] {
        for col in 0..window.output[1] {
            let places: Vec<usize> =
                window.places(row, col).map(|(_, _, y, x)| (y * window.input.width + x) * channels).collect();
            for channel in 0..channels {
                let shown = places.iter().map(|place| x[place + channel]);
                pooled.push(match pooling {
                    Pooling::Max => shown.max().unwrap_or(-128),
                    Pooling::Average => mean(shown.sum(), places.len() as i32),
                    Pooling::Sum => shown.sum(),
                });
            }
        }
    }
    pooled
}
