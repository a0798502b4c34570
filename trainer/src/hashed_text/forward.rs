//! The forward pass over a chunk of steps, exactly as the machine computes it.
//!
//! # Why `f32` is exact here
//! An `f32` holds every integer up to 2^24, and a sum of integers is exact in any order (and with fused
//! multiply-add) as long as no partial sum passes that. Weights are in -2..=1, so a partial sum is at most
//! 2·Σ|x| in magnitude.
//! - First layer: at most 127 trigrams and 93 n-grams, each 32: 2·Σ|x| ≤ 14,080.
//! - Later layers: inputs are not negative. [`Operations::activate`] sums each row of them; where
//!   2·Σx + 32,768 > 2^24 it computes the row in `i64` instead. That sum is itself trustworthy: rounding is
//!   monotone, so a sum whose exact value is above the limit does not come out below it.
//!
//! Then `acc` (with the bias, at most 32,768) is wrapped to 16 bits where it must be.

use super::dataset::{Example, Inputs};
use super::network::Network;
use super::ops::{Form, Operations};
use crate::arrays::{Cpu, Matrix};

/// What every layer gives for a chunk of steps; kept from chunk to chunk for its buffers.
pub(crate) struct Activations<D: Operations> {
    pub rows: usize,
    /// What the first layer is given.
    pub encoded: D::Encoded,
    /// `[rows, outputs]` for each layer; the last are the logits.
    pub outputs: Vec<D::Array>,
    /// Of each layer. None in a relaxed network.
    pub overflows: Vec<D::Overflows>,
}

impl<D: Operations> Default for Activations<D> {
    fn default() -> Self {
        Self { rows: 0, encoded: D::Encoded::default(), outputs: Vec::new(), overflows: Vec::new() }
    }
}

impl<D: Operations> Activations<D> {
    /// Computes all layers for at most a chunk of steps.
    pub(crate) fn run(&mut self, ops: &D, network: &Network<D::Array>, inputs: Inputs, examples: &[Example]) {
        let layers = &network.layers;
        self.rows = examples.len();
        ops.encode(inputs, examples, layers[0].inputs, &mut self.encoded);
        self.outputs.resize_with(layers.len(), || ops.array(&[]));
        self.overflows.resize_with(layers.len(), D::Overflows::default);
        for (index, (layer, overflows)) in layers.iter().zip(&mut self.overflows).enumerate() {
            let (before, after) = self.outputs.split_at_mut(index);
            let (x, out) = (before.last(), &mut after[0]);
            match x {
                None => ops.encoded_product(&self.encoded, self.rows, layer, out),
                Some(x) => ops.product(
                    Matrix::new(x, self.rows, layer.inputs),
                    Matrix::new(&layer.weights, layer.inputs, layer.outputs),
                    out,
                ),
            }
            let form = Form { hidden: index + 1 < layers.len(), relaxed: network.relaxed };
            ops.activate(layer, x, form, out, overflows);
        }
    }
}

impl Activations<Cpu> {
    /// The logits, step by step.
    pub(crate) fn logits(&self) -> impl Iterator<Item = &[f32]> {
        let logits = self.outputs.last().map_or(&[][..], Vec::as_slice);
        logits.chunks_exact((logits.len() / self.rows.max(1)).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed_text::sparse::Sparse;
    use mlc_compiler::model::{
        self, Answer, Body, Chat, ContextEncoder, HashedText, Head, Model, QueryEncoder, Reader,
    };
    use proptest::prelude::*;

    /// The definition, word for word: two's complement sums, an arithmetic shift.
    fn definition(model: &Model, mut x: Vec<i16>) -> Vec<i16> {
        let Body::Layers(layers) = &model.body else { unreachable!("a model of hashed text") };
        for (i, layer) in layers.iter().enumerate() {
            let neuron = |o: usize| {
                let mut acc = layer.bias[o];
                for (&w, &x) in layer.row(o).iter().zip(&x) {
                    acc = acc.wrapping_add(x.wrapping_mul(i16::from(w)));
                }
                let y = acc >> layer.shift;
                if i + 1 < layers.len() { y.max(0) } else { y }
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
                let context = ContextEncoder { buckets: context, length };
                let charset: Vec<u8> = (1..classes as u8).chain([0]).collect();
                layers.prop_map(move |layers| chat(query, context.clone(), charset.clone(), layers))
            },
        )
    }

    fn chat(buckets: u16, context: ContextEncoder, charset: Vec<u8>, layers: Vec<model::Layer>) -> Model {
        let query = QueryEncoder { buckets, bands: 1, max_length: 62 };
        Model {
            head: Head { name: "chat".into(), ..Head::default() },
            reader: Reader::HashedText(HashedText { query, context: Some(context) }),
            body: Body::Layers(layers),
            answer: Answer::Chat(Chat { charset, max_reply: 50 }),
        }
    }

    fn check(model: &Model, steps: &[(Vec<u8>, Vec<u8>)]) {
        model.check().unwrap();
        let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
        let (mut queries, mut windows) = (Sparse::new(), Sparse::new());
        let mut examples = Vec::new();
        let mut wants = Vec::new();
        for (query, context) in steps {
            let mut window = reader.empty_window();
            context.iter().for_each(|&c| HashedText::push(&mut window, c));
            examples.push(Example {
                query: queries.push_query(query, &reader.query),
                window: windows.push_window(&window, reader),
                target: 0,
            });
            wants.push(definition(model, reader.input(query, &window)));
        }
        let inputs = Inputs { queries: &queries, windows: &windows };
        assert_eq!(logits(&Cpu { threads: 1 }, model, inputs, &examples), wants);
        #[cfg(feature = "tch")]
        assert_eq!(logits(&crate::hashed_text::ops::torch_cpu(), model, inputs, &examples), wants);
    }

    fn logits<D: Operations>(ops: &D, model: &Model, inputs: Inputs, examples: &[Example]) -> Vec<Vec<i16>> {
        let mut activations = Activations::default();
        activations.run(ops, &Network::from_model(model).on(ops), inputs, examples);
        let logits = ops.read(activations.outputs.last().expect("a model has a layer"));
        ops.check().unwrap();
        let width = logits.len() / examples.len();
        logits.chunks(width).map(|row| row.iter().map(|&y| y as i16).collect()).collect()
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
        let layers = vec![
            wide(16, 1024, |i| (i % 3 == 0).into(), 30_000),
            wide(1024, 1024, |i| if i % 5 == 0 { -2 } else { 1 }, -12_345),
            wide(1024, 3, |_| -2, i16::MIN),
        ];
        let model = chat(8, ContextEncoder { buckets: 8, length: 8 }, vec![b'a', b'b', 0], layers);
        let steps = [(b"some query or other".to_vec(), b"ab".to_vec()), (b"xyz".to_vec(), Vec::new())];
        check(&model, &steps);
    }
}
