//! Networks written as folders: what is read again is the same network.

use crate::small::{self, network};
use mlc_compiler::eval::score;
use mlc_compiler::import::sequence::float::{Session, Window};
use mlc_compiler::import::sequence::hugging_face::{File, Folder, Generation, read, write};
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::sequence::{Activation, Checkpoint, Layout, Norm, Position, Shape, dequantize};
use mlc_compiler::ir::build_scoring;
use mlc_compiler::model::{Answer, Body, Grid, Head, NormOrder, Prior, Transformer};
use mlc_compiler::tokens::Tokenizer;

fn generation() -> Generation {
    Generation {
        sample: Some(true),
        temperature: Some(0.7),
        top_k: Some(5),
        top_p: Some(0.9),
        begin: Some(1),
        end: vec![2, 3],
        max_length: Some(64),
        ..Generation::default()
    }
}

#[test]
fn folders_are_read_as_they_were() {
    let rope = |theta| Position::Rope { theta, layout: Layout::Adjacent };
    let shapes = [
        (small::llama(), [false; 3]),
        (small::llama(), [true; 3]),
        (small::llama(), [false, true, false]),
        (
            Shape { qk_norm: true, head_size: 6, position: rope(1000.0), ..small::llama() },
            [true, true, false],
        ),
        (Shape { activation: Activation::ReluGate, norm_eps: 3e-6, ..small::llama() }, [false, false, true]),
    ];
    for (seed, (shape, biased)) in (0..).zip(shapes) {
        for tied in [true, false] {
            let mut wants = network(shape, tied, biased, seed);
            let written = write(&wants, &generation(), 99).expect("transformers has such networks");
            assert_eq!(write(&wants, &generation(), 99).expect("as before").weights, written.weights);
            let folder = Folder {
                config: File { name: "config.json", bytes: &written.config },
                weights: File { name: "model.safetensors", bytes: &written.weights },
                generation: Some(File { name: "generation_config.json", bytes: &written.generation }),
                ignore: &[],
            };
            let found = read(&folder).unwrap_or_else(|e| panic!("{e}"));
            // Where one matrix of the attention has a bias, all have one there.
            let zeros = |linear: &mut mlc_compiler::import::sequence::Linear| {
                linear.bias.get_or_insert_with(|| vec![0.0; linear.outputs]);
            };
            for layer in wants.layers.iter_mut().filter(|_| biased[0] || biased[1]) {
                [&mut layer.wq, &mut layer.wk, &mut layer.wv, &mut layer.wo].into_iter().for_each(zeros);
            }
            assert_eq!(found.checkpoint, wants, "{shape:?}");
            assert_eq!(found.generation, generation());
        }
    }
}

#[test]
fn what_no_architecture_has_is_refused() {
    let refused = |shape: Shape| {
        let checkpoint = network(Shape { positions: Some(20), ..shape }, false, [false; 3], 1);
        write(&checkpoint, &Generation::default(), 20)
            .map(|_| ())
            .expect_err("transformers has no such network")
    };
    let wants = ": transformers' Llama and Qwen3 have no such thing";
    assert_eq!(refused(Shape { norm: Norm::Post, ..small::llama() }), format!("norms behind layers{wants}"));
    assert_eq!(
        refused(Shape { recursion: 2, ..small::llama() }),
        format!("blocks that run several times{wants}")
    );
    assert_eq!(refused(small::soul()), format!("positions that do not rotate{wants}"));
    let plain = Shape { activation: Activation::Relu, ..small::llama() };
    assert_eq!(refused(plain), format!("a feed-forward layer without a gate{wants}"));
}

/// Integers as floats choose what the integers choose, nearly always.
#[test]
fn dequantized_networks_compute_what_the_integers_do() {
    let rope = |theta| Position::Rope { theta, layout: Layout::Adjacent };
    let shapes = [
        small::llama(),
        Shape { qk_norm: true, activation: Activation::ReluGate, position: rope(1000.0), ..small::llama() },
        Shape { activation: Activation::ReluGate, position: rope(500_000.0), ..small::llama() },
        Shape { qk_norm: true, ..small::llama() },
    ];
    let text: Vec<u32> = (0..16).map(|i| (i * i * 7 + i) % 20).collect();
    let pieces = b"abcdefghijklmnopqrst".map(|c| vec![c]).to_vec();
    for (seed, shape) in (0..).zip(shapes) {
        let checkpoint = network(shape, seed % 2 == 0, [seed == 2; 3], seed);
        let wanted = Wanted {
            head: Head { name: "small".into(), ..Head::default() },
            how: Quantization {
                weights: Grid::Symmetric { bits: 5 },
                embedding: Grid::Symmetric { bits: 8 },
                window: 16,
            },
            most: Some(20),
            max_length: 99,
            texts: vec![],
        };
        let tokenizer = Tokenizer::characters(pieces.clone(), None).expect("each is one character");
        let model =
            model(&checkpoint, tokenizer, &Generation::default(), &wanted).unwrap_or_else(|e| panic!("{e}"));
        let (Body::Transformer(body), Answer::Story(story)) = (&model.body, &model.answer) else {
            unreachable!("a sequence model")
        };
        let floats = dequantize(body, story.logit_bits).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(floats.shape.activation, shape.activation);
        assert_eq!(floats.shape.position, shape.position);
        let unit = 1.0 / f32::from(1u16 << story.logit_bits);
        let graph = build_scoring(&model).unwrap_or_else(|e| panic!("{e}")).expect("a sequence model");
        let mut session = Session::new(&floats, Window::Rolling { size: 16 }).expect("a window of 16");
        let (mut error, mut square, mut at) = (0.0, 0.0, 0);
        score(&graph, &text, &mut |logits| {
            let floats = session.step(text[at] as usize).expect("a token of the vocabulary");
            for (&integer, &float) in logits.iter().zip(floats) {
                error += f64::from(integer as f32 * unit - float).powi(2);
                square += f64::from(float).powi(2);
            }
            at += 1;
        });
        let relative = (error / square).sqrt();
        println!("{relative:.4} of {shape:?}");
        assert!(relative < 0.08, "{relative} of {shape:?}");
        assert!(write(&floats, &Generation::default(), 20).is_ok());
    }
}

#[test]
fn integers_without_floats_are_refused() {
    let checkpoint: Checkpoint =
        network(Shape { norm: Norm::Post, recursion: 2, ..small::llama() }, true, [false; 3], 3);
    let wanted = Wanted {
        head: Head { name: "small".into(), ..Head::default() },
        how: Quantization { weights: Grid::Ternary, embedding: Grid::Symmetric { bits: 4 }, window: 8 },
        most: Some(16),
        max_length: 99,
        texts: vec![],
    };
    let pieces = b"abcdefghijklmnopqrst".map(|c| vec![c]).to_vec();
    let tokenizer = Tokenizer::characters(pieces, None).expect("each is one character");
    let model =
        model(&checkpoint, tokenizer, &Generation::default(), &wanted).unwrap_or_else(|e| panic!("{e}"));
    let Body::Transformer(body) = &model.body else { unreachable!("a sequence model") };
    let said = dequantize(body, 8).map(|_| ()).expect_err("it is recursive");
    assert_eq!(said, "norms behind layers, or blocks that run several times");
    let prior = Prior { shift: 0, costs: vec![0; 20], last: vec![0; 20], pairs: vec![] };
    let plain = Transformer { order: NormOrder::Pre, rounds: 1, start: vec![], ..body.clone() };
    let said = dequantize(&Transformer { prior: Some(prior), ..plain }, 8).map(|_| ()).expect_err("a prior");
    assert_eq!(said, "an n-gram prior");
}
