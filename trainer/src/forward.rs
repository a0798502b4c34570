//! The forward pass over a chunk of steps, exactly as the machine computes it.
//!
//! # Why `f32` is exact here
//! An `f32` holds every integer up to 2^24, and a sum of integers is exact in any order (and with fused
//! multiply-add) as long as no partial sum passes that. Weights are in -2..=1, so a partial sum is at most
//! 2·Σ|x| in magnitude.
//! - First layer: at most 127 trigrams and 93 n-grams, each 32: 2·Σ|x| ≤ 14,080.
//! - Later layers: inputs are not negative. [`Activations::run`] sums each row of them; where
//!   2·Σx + 32,768 > 2^24 it computes the row in `i64` instead. That sum is itself trustworthy: rounding is
//!   monotone, so a sum whose exact value is above the limit does not come out below it.
//!
//! Then `acc` (with the bias, at most 32,768) is wrapped to 16 bits where it must be.

use crate::dataset::{Example, Inputs};
use crate::gemm::{Matrix, multiply};
use crate::network::{Layer, Network, floor};

/// Steps in a chunk. Fixed, so that results don't depend on the number of threads.
pub(crate) const CHUNK: usize = 64;

/// Accumulators beyond this are pushed back in training. 16 bits wrap at 32,768.
pub(crate) const OVERFLOW_MARGIN: f32 = 28_000.0;

/// Largest row sum of activations that is exact for sure: 2·sum + 32,768 ≤ 2^24.
const EXACT_SUM: f32 = ((1 << 24) - (1 << 15)) as f32 / 2.0;

/// An accumulator beyond [`OVERFLOW_MARGIN`], before wrapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overflow {
    pub layer: usize,
    pub row: usize,
    pub output: usize,
    pub acc: f32,
}

/// What every layer gives for a chunk of steps.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    pub rows: usize,
    /// `[rows, outputs]` for each layer; the last are the logits.
    pub outputs: Vec<Vec<f32>>,
    pub overflows: Vec<Overflow>,
}

impl Activations {
    /// Computes all layers for at most [`CHUNK`] steps.
    pub(crate) fn run(&mut self, network: &Network, inputs: Inputs, examples: &[Example]) {
        self.rows = examples.len();
        self.overflows.clear();
        self.outputs.resize_with(network.layers.len(), Vec::new);
        for (index, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.outputs.split_at_mut(index);
            let out = &mut after[0];
            out.clear();
            out.resize(self.rows * layer.outputs, 0.0);
            let x = before.last().map(Vec::as_slice);
            match x {
                None => sparse_product(layer, inputs, examples, out),
                Some(x) => {
                    let x = Matrix::new(x, self.rows, layer.inputs);
                    multiply(x, Matrix::new(&layer.weights, layer.inputs, layer.outputs), false, out);
                }
            }
            let hidden = index + 1 < network.layers.len();
            for (row, acc) in out.chunks_exact_mut(layer.outputs).enumerate() {
                if !network.relaxed {
                    let x = x.map(|x| &x[row * layer.inputs..(row + 1) * layer.inputs]);
                    exact_where_needed(layer, x, acc);
                }
                let top = add_bias(layer, acc);
                if top > OVERFLOW_MARGIN && !network.relaxed {
                    wrap(acc, |output, acc| {
                        self.overflows.push(Overflow { layer: index, row, output, acc });
                    });
                }
                activate(acc, layer.scale(), hidden, network.relaxed);
            }
        }
    }

    /// The logits, step by step.
    pub(crate) fn logits(&self) -> impl Iterator<Item = &[f32]> {
        let logits = self.outputs.last().map_or(&[][..], Vec::as_slice);
        logits.chunks_exact((logits.len() / self.rows.max(1)).max(1))
    }
}

/// Index of the largest, the first of equals.
pub(crate) fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (i, &y) in logits.iter().enumerate() {
        if y > logits[best] {
            best = i;
        }
    }
    best
}

fn sparse_product(layer: &Layer, inputs: Inputs, examples: &[Example], out: &mut [f32]) {
    for (example, acc) in examples.iter().zip(out.chunks_exact_mut(layer.outputs)) {
        for (input, value) in inputs.of(example) {
            for (a, w) in acc.iter_mut().zip(layer.row(input)) {
                *a += value * w;
            }
        }
    }
}

/// `x`: the row of inputs, `None` for the first layer.
fn exact_where_needed(layer: &Layer, x: Option<&[f32]>, acc: &mut [f32]) {
    let Some(x) = x else { return };
    if x.iter().sum::<f32>() <= EXACT_SUM {
        return;
    }
    let mut exact = vec![0i64; acc.len()];
    for (input, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        exact.iter_mut().zip(layer.row(input)).for_each(|(a, &w)| *a += x as i64 * w as i64);
    }
    // Only the low 16 bits matter, but the overflow's sign and rough size are wanted: beyond 2^23, keep 16 bits
    // and the sign. What is kept is below 2^23 + 2^16 and exact, with the bias too.
    for (a, &e) in acc.iter_mut().zip(&exact) {
        let kept = if e.abs() <= 1 << 23 { e } else { e.signum() * (1 << 23) + i64::from(e as i16) };
        *a = kept as f32;
    }
}

/// Gives the largest magnitude.
fn add_bias(layer: &Layer, acc: &mut [f32]) -> f32 {
    let mut top = 0.0f32;
    for (a, b) in acc.iter_mut().zip(&layer.bias) {
        *a += b;
        top = if a.abs() > top { a.abs() } else { top };
    }
    top
}

/// Wraps to 16 bits; reports what is beyond the margin.
fn wrap(acc: &mut [f32], mut report: impl FnMut(usize, f32)) {
    for (output, a) in acc.iter_mut().enumerate() {
        if a.abs() > OVERFLOW_MARGIN {
            report(output, *a);
            *a = f32::from(*a as i32 as i16);
        }
    }
}

/// `floor(acc / 2^shift)`, and ReLU where `hidden`. (They commute: both are monotone and floor(0) = 0.)
fn activate(acc: &mut [f32], scale: f32, hidden: bool, relaxed: bool) {
    let least = if hidden { 0.0 } else { f32::NEG_INFINITY };
    for a in acc.iter_mut() {
        let y = if *a > least { *a } else { least } * scale;
        *a = if relaxed { y } else { floor(y) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Sparse;
    use mlc_compiler::model::{self, Chat, ContextEncoder, Model, Output, QueryEncoder};
    use proptest::prelude::*;

    /// The definition, word for word: two's complement sums, an arithmetic shift.
    fn definition(model: &Model, mut x: Vec<i16>) -> Vec<i16> {
        for (i, layer) in model.layers.iter().enumerate() {
            let neuron = |o: usize| {
                let mut acc = layer.bias[o];
                for (&w, &x) in layer.row(o).iter().zip(&x) {
                    acc = acc.wrapping_add(x.wrapping_mul(i16::from(w)));
                }
                let y = acc >> layer.shift;
                if i + 1 < model.layers.len() { y.max(0) } else { y }
            };
            x = (0..layer.outputs).map(neuron).collect();
        }
        x
    }

    fn layer(inputs: usize, outputs: usize) -> impl Strategy<Value = model::Layer> {
        let bias = prop_oneof![3 => -200i16..200, 1 => any::<i16>()];
        // Few zeros in one case, many in another, and all -2: what makes big sums.
        let weight = prop_oneof![-2i8..=1, Just(0), Just(-2), Just(1)];
        let weights = prop_oneof![
            proptest::collection::vec(weight, inputs * outputs),
            Just(vec![1i8; inputs * outputs]),
            Just(vec![-2i8; inputs * outputs]),
        ];
        (weights, proptest::collection::vec(bias, outputs), 0u8..=7).prop_map(
            move |(weights, bias, shift)| model::Layer {
                inputs,
                outputs,
                weights,
                bias,
                shift,
                set: model::WeightSet::Full,
            },
        )
    }

    fn chat_model() -> impl Strategy<Value = Model> {
        let widths = proptest::collection::vec(prop_oneof![Just(1usize), 1usize..20, 60usize..70], 0..5);
        (widths, 1u16..40, 1u16..40, 1usize..9, 1u8..10).prop_flat_map(
            |(hidden, query, context, classes, length)| {
                let mut widths = vec![usize::from(query + context)];
                widths.extend(hidden);
                widths.push(classes);
                let layers: Vec<_> = widths.windows(2).map(|w| layer(w[0], w[1])).collect();
                layers.prop_map(move |layers| Model {
                    name: "random".into(),
                    about: String::new(),
                    query: QueryEncoder { buckets: query, bands: 1, max_length: 62 },
                    output: Output::Chat(Chat {
                        charset: (1..classes as u8).chain([0]).collect(),
                        context: ContextEncoder { buckets: context, length },
                        max_reply: 50,
                    }),
                    layers,
                    training: Vec::new(),
                    calibration: Vec::new(),
                })
            },
        )
    }

    fn check(model: &Model, steps: &[(Vec<u8>, Vec<u8>)]) {
        model.check().unwrap();
        let Output::Chat(chat) = &model.output else { unreachable!("a chat model") };
        let (mut queries, mut windows) = (Sparse::new(), Sparse::new());
        let mut examples = Vec::new();
        let mut wants = Vec::new();
        for (query, context) in steps {
            let mut window = chat.empty_window();
            context.iter().for_each(|&c| Chat::push(&mut window, c));
            examples.push(Example {
                query: queries.push_query(query, &model.query),
                window: windows.push_window(&window, chat, &model.query),
                target: 0,
            });
            wants.push(definition(model, chat.step_input(query, &model.query, &window)));
        }
        let mut activations = Activations::default();
        let inputs = Inputs { queries: &queries, windows: &windows };
        activations.run(&Network::from_model(model), inputs, &examples);
        let found: Vec<Vec<i16>> =
            activations.logits().map(|row| row.iter().map(|&y| y as i16).collect()).collect();
        assert_eq!(found, wants);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
        #[test]
        fn agrees_with_the_definition_bit_for_bit(
            model in chat_model(),
            steps in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..127), proptest::collection::vec(any::<u8>(), 0..12)),
                1..6,
            ),
        ) {
            check(&model, &steps);
        }
    }

    /// Sums far beyond 2^24: widest layers, no shift, every weight -2 or 1, so the slow way is taken.
    #[test]
    fn is_exact_where_f32_is_not() {
        let wide = |inputs: usize, outputs: usize, weight: fn(usize) -> i8, bias: i16| model::Layer {
            inputs,
            outputs,
            weights: (0..inputs * outputs).map(weight).collect(),
            bias: (0..outputs as i16).map(|o| bias.wrapping_add(o.wrapping_mul(77))).collect(),
            shift: 0,
            set: model::WeightSet::Full,
        };
        let model = Model {
            name: "wide".into(),
            about: String::new(),
            query: QueryEncoder { buckets: 8, bands: 1, max_length: 62 },
            output: Output::Chat(Chat {
                charset: vec![b'a', b'b', 0],
                context: ContextEncoder { buckets: 8, length: 8 },
                max_reply: 50,
            }),
            layers: vec![
                wide(16, 1024, |i| (i % 3 == 0).into(), 30_000),
                wide(1024, 1024, |i| if i % 5 == 0 { -2 } else { 1 }, -12_345),
                wide(1024, 3, |_| -2, i16::MIN),
            ],
            training: Vec::new(),
            calibration: Vec::new(),
        };
        let steps = [(b"some query or other".to_vec(), b"ab".to_vec()), (b"xyz".to_vec(), Vec::new())];
        check(&model, &steps);
    }

    #[test]
    fn argmax_takes_the_first_of_equals() {
        assert_eq!(argmax(&[-3.0, 5.0, 5.0, 1.0]), 1);
        assert_eq!(argmax(&[-3.0]), 0);
    }
}
