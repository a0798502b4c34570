//! Both passes of whole networks: gradients against finite differences, integers against the interpreter.

use super::backward::Flow;
use super::chunk::Chunk;
use super::dropout::Dropout;
use super::example::Example;
use super::export::quantized;
use super::gradients::Cpu;
use super::integer::{Integer, Memory};
use super::layout::Layout;
use super::learner::Learner;
use super::ops::differences::numbers;
use super::ops::loss::{self, Target};
use super::ops::rotate::Rotation;
use super::pass::Net;
use super::ranges::Ranges;
use super::tape::Tape;
use super::{Order, Prior, Settings, Shape, Texts, parameters_of, shape_of, start};
use mlc_compiler::eval::score;
use mlc_compiler::import::sequence::quantize::trained::rotary_steps;
use mlc_compiler::import::sequence::{Activation, Layout as Pairs, Norm, Position};
use mlc_compiler::ir;
use mlc_compiler::model::{Answer, Body, Grid, Head, Model, Reader, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const VOCABULARY: usize = 11;

/// A small network of each kind.
fn shapes() -> Vec<Shape> {
    let rope = Position::Rope { theta: 100.0, layout: Pairs::Adjacent };
    let kinds = [
        (Norm::Pre, Activation::ReluGate, rope, true, 1, true),
        (Norm::Pre, Activation::SwiGlu, rope, false, 1, true),
        (Norm::Pre, Activation::Relu, Position::Learnt, false, 1, false),
        (Norm::Pre, Activation::SquaredRelu, Position::None, true, 2, false),
        (Norm::Post, Activation::SwiGlu, rope, true, 3, true),
        (Norm::Post, Activation::ReluGate, Position::Learnt, false, 2, false),
    ];
    let shape = |(norm, activation, position, qk_norm, recursion, tied)| {
        let mut shape = Shape { tied, gain: tied && norm == Norm::Pre, window: 5, ..Shape::default() };
        let net = &mut shape.network;
        (net.dim, net.layers, net.heads, net.kv_heads, net.head_size, net.hidden) = (12, 2, 4, 2, 4, 10);
        (net.norm, net.activation, net.position) = (norm, activation, position);
        (net.qk_norm, net.recursion, net.vocabulary) = (qk_norm, recursion, VOCABULARY);
        net.positions = Some(9);
        shape.check().unwrap();
        shape
    };
    kinds.into_iter().map(shape).collect()
}

fn examples() -> Vec<Example> {
    let tokens = |seed: u32, n: usize| -> Vec<u32> {
        numbers(n, seed).iter().map(|v| ((v + 1.0) * 5.49) as u32).collect()
    };
    let counts = |n: usize, from: usize| (0..n).map(|i| i >= from).collect();
    let example = |(seed, n, from)| Example { tokens: tokens(seed, n), counts: counts(n, from) };
    [(1, 9, 3), (2, 2, 0), (3, 7, 6), (4, 8, 1)].into_iter().map(example).collect()
}

fn parameters(shape: &Shape, seed: u64) -> Vec<f32> {
    start::fresh(&Layout::new(shape), &mut ChaCha8Rng::seed_from_u64(seed))
}

#[test]
fn gradients_of_every_tensor_are_those_of_finite_differences() {
    for (number, shape) in shapes().iter().enumerate() {
        let layout = Layout::new(shape);
        let steps = rotary_steps(&shape.network);
        let rotation = Rotation::exact(&steps, 9);
        let examples = examples();
        let mut chunk = Chunk::default();
        chunk.fill(&examples);
        let dropout = Dropout { rate: 0.2, seed: 5 };
        let loss = |weights: &[f32], gradients: Option<&mut [f32]>| -> f64 {
            let rotation = (!steps.is_empty()).then_some(&rotation);
            let net = Net {
                shape,
                layout: &layout,
                weights,
                ranges: None,
                rotation,
                input_step: 1.0,
                dropout,
                prior: None,
            };
            let mut tape = Tape::default();
            net.forward(&chunk, &mut tape, &mut Ranges::new(2));
            let rows = tape.logits.chunks_exact_mut(VOCABULARY).zip(&chunk.targets);
            let loss =
                rows.map(|(logits, &(_, token))| loss::backward(logits, Target::Token(token), 1.0).0).sum();
            if let Some(gradients) = gradients {
                net.backward(&chunk, &mut tape, &mut Flow::default(), gradients);
            }
            loss
        };
        let weights = parameters(shape, number as u64);
        let mut gradients = vec![0.0; layout.len];
        loss(&weights, Some(&mut gradients));
        for (at, tensor) in layout.tensors().enumerate() {
            // Along three directions at once each parameter of a tensor.
            for seed in 0..3 {
                let direction = numbers(tensor.range().len(), 100 * at as u32 + seed + 1);
                let moved = |by: f32| {
                    let mut weights = weights.clone();
                    super::ops::add(&mut weights[tensor.range()], by, &direction);
                    loss(&weights, None)
                };
                // Too small a step is lost in rounding, in too large a one a ReLU may bend.
                let slope = |step: f32| (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let slopes = [1e-3, 3e-4, 1e-4].map(slope);
                let along = super::ops::dot(&gradients[tensor.range()], &direction);
                let size = super::ops::dot(&gradients[tensor.range()], &gradients[tensor.range()]).sqrt();
                let error =
                    slopes.iter().map(|wants| (f64::from(along) - wants).abs()).fold(f64::INFINITY, f64::min);
                assert!(
                    error < 0.02 * f64::from(size) + 1e-2,
                    "network {number}, tensor {at}: {along} for {slopes:?}, of {size}"
                );
                assert!(size > 1e-3, "network {number}, tensor {at} has no gradient");
            }
        }
    }
}

/// A model around a body, whose tokens are letters.
fn model(shape: &Shape, network: mlc_compiler::import::sequence::quantize::Quantized) -> Model {
    let pieces = (0..shape.network.vocabulary as u8).map(|i| vec![b'a' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).unwrap();
    let model = Model {
        head: Head { name: "test".into(), ..Head::default() },
        reader: Reader::Tokens(Tokens { tokenizer, max_length: 20 }),
        body: Body::Transformer(network.body),
        answer: Answer::Story(Story::plain(vec![0], 9, network.logit_bits)),
    };
    model.check().unwrap();
    model
}

#[test]
fn integers_are_those_of_the_interpreter_and_near_what_training_computes() {
    let grids = [
        (Grid::Ternary, Grid::Symmetric { bits: 4 }),
        (Grid::TwoBits, Grid::Symmetric { bits: 8 }),
        (Grid::Symmetric { bits: 3 }, Grid::Ternary),
        (Grid::Symmetric { bits: 8 }, Grid::Symmetric { bits: 5 }),
    ];
    let examples = examples();
    let texts = Texts::new(vec![examples.clone(); 4].concat());
    let priors = [Order::Bigram, Order::Trigram]
        .map(|order| Prior::count(&texts, VOCABULARY, order, 1000).expect("there is room"));
    assert!(priors[1].rows().1 > 0, "pairs have rows");
    let examples: Vec<&Example> = examples.iter().collect();
    for (number, (shape, grids)) in shapes().into_iter().zip(grids.iter().cycle()).enumerate() {
        let shape = Shape { weights: grids.0, embedding: grids.1, ..shape };
        let settings = Settings { shape, ..Settings::default() };
        // The largest activation is far out, so that saturation is reached, in one network of two.
        let mut learner = Learner::new(&settings, parameters(&settings.shape, number as u64), 9);
        learner.prior = priors.get(number % 3);
        learner.calibrate(&mut Cpu::new(1, None), &examples).unwrap();
        if number % 2 == 1 {
            learner.ranges.blocks[1].value *= 0.3;
            learner.ranges.blocks[0].up *= 0.3;
        }
        let Learner { layout, ranges, prior, .. } = &learner;
        let network = quantized(&settings.shape, layout, learner.parameters(), ranges, *prior).unwrap();
        let model = model(&settings.shape, network.clone());
        let mut chunk = Chunk::default();
        chunk.fill(examples.iter().copied());
        let (mut memory, mut tape) = (Memory::default(), Tape::default());
        Integer::new(&network.body).run(&chunk, &mut memory);
        let graph = ir::build_scoring(&model).unwrap().unwrap();
        let mut wants = Vec::new();
        for text in chunk.texts() {
            score(&graph, &chunk.tokens[text], &mut |logits| wants.push(logits.to_vec()));
        }
        for (&(row, _), found) in chunk.targets.iter().zip(memory.logits.chunks_exact(VOCABULARY)) {
            assert_eq!(found, wants[row], "network {number}, row {row}");
        }
        learner.net(Dropout::default()).forward(&chunk, &mut tape, &mut Ranges::new(2));
        let unit = 1.0 / f32::from(1u16 << network.logit_bits);
        let apart = tape.logits.iter().zip(&memory.logits).map(|(a, &b)| (a - b as f32 * unit).abs());
        let (mean, size) = (apart.sum::<f32>() / tape.logits.len() as f32, super::ops::largest(&tape.logits));
        assert!(mean < 0.05 * size, "network {number}: {mean} apart, of {size}");
    }
}

#[test]
fn a_model_gives_its_parameters_back() {
    let grids = [
        (Grid::Ternary, Grid::Symmetric { bits: 4 }),
        (Grid::TwoBits, Grid::Symmetric { bits: 8 }),
        (Grid::Symmetric { bits: 4 }, Grid::Ternary),
    ];
    let examples = examples();
    let prior =
        Prior::count(&Texts::new(vec![examples.clone(); 4].concat()), VOCABULARY, Order::Trigram, 1000)
            .unwrap();
    let examples: Vec<&Example> = examples.iter().collect();
    for (number, (shape, grids)) in shapes().into_iter().zip(grids.iter().cycle()).enumerate() {
        let shape = Shape { weights: grids.0, embedding: grids.1, ..shape };
        let settings = Settings { shape, ..Settings::default() };
        let prior = Some(&prior).filter(|_| number % 2 == 0);
        let mut learner = Learner::new(&settings, parameters(&settings.shape, number as u64), 9);
        learner.calibrate(&mut Cpu::new(1, None), &examples).unwrap();
        let network =
            quantized(&settings.shape, &learner.layout, learner.parameters(), &learner.ranges, prior)
                .unwrap();
        let before = model(&settings.shape, network);
        let shape = shape_of(&before).unwrap();
        assert_eq!(Shape { network: shape.network, ..settings.shape.clone() }, shape, "network {number}");
        let found = parameters_of(&before, &shape, 1).unwrap();
        let ranges = found.ranges.as_ref().unwrap();
        let again = found.prior.as_ref();
        let after = quantized(&shape, &Layout::new(&shape), &found.values, ranges, again).unwrap();
        assert_eq!(again.is_some(), prior.is_some());
        let Body::Transformer(body) = &before.body else { unreachable!("it is one") };
        for (a, b) in body.matrices().zip(after.body.matrices()) {
            let same = a.values.iter().zip(&b.values).filter(|(a, b)| a == b).count();
            assert!(same * 100 >= a.values.len() * 99, "network {number}: {same} of {}", a.values.len());
        }
        let (mut chunk, mut memories) = (Chunk::default(), [Memory::default(), Memory::default()]);
        chunk.fill(examples.iter().copied());
        Integer::new(body).run(&chunk, &mut memories[0]);
        Integer::new(&after.body).run(&chunk, &mut memories[1]);
        let Answer::Story(story) = &before.answer else { unreachable!("it is one") };
        let units = [story.logit_bits, after.logit_bits].map(|bits| 1.0 / f32::from(1u16 << bits));
        let pairs = memories[0].logits.iter().zip(&memories[1].logits);
        let apart: f32 = pairs.map(|(&a, &b)| (a as f32 * units[0] - b as f32 * units[1]).abs()).sum();
        let size = memories[0].logits.iter().fold(0, |m, l| m.max(l.abs())) as f32 * units[0];
        let mean = apart / memories[0].logits.len() as f32;
        assert!(mean < 0.04 * size, "network {number}: {mean} apart, of {size}");
        // More tokens: the rows that were there stay.
        let mut wider = shape.clone();
        wider.network.vocabulary += 2;
        let more = parameters_of(&before, &wider, 1).unwrap();
        let rows = Layout::new(&shape).embedding.range();
        assert_eq!(more.values[rows.clone()], found.values[rows]);
    }
}
