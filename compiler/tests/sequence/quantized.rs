//! Networks in integers: the same ones every time, right by the rules, and nearly as good as in floats.

use crate::small::{self, network};
use crate::support::shared;
use mlc_compiler::eval::score;
use mlc_compiler::import::sequence::float::log_probability;
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::{NoModel, Wanted, model};
use mlc_compiler::import::sequence::quantize::{Quantization, Unsuitable, calibrate, own_texts, quantize};
use mlc_compiler::import::sequence::{Activation, Checkpoint, Layout, Norm, Position, Shape, llama2c};
use mlc_compiler::import::tokenizer;
use mlc_compiler::ir::build_scoring;
use mlc_compiler::model::{Answer, Block, Body, Grid, Head, Model, Output, Reader, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use std::time::Instant;

/// Twenty characters.
fn characters() -> Tokenizer {
    let pieces = b"abcdefghijklmnopqrst".map(|c| vec![c]).to_vec();
    Tokenizer::characters(pieces, None).expect("each is one character")
}

fn wanted(grid: Grid) -> Wanted {
    Wanted {
        head: Head { name: "small".into(), ..Head::default() },
        how: Quantization { weights: grid, embedding: Grid::Symmetric { bits: 8 }, window: 8 },
        most: Some(16),
        max_length: 99,
        texts: vec![],
    }
}

fn quantized(checkpoint: &Checkpoint, wanted: &Wanted) -> Result<Model, NoModel> {
    model(checkpoint, characters(), &Generation::default(), wanted)
}

/// Networks of every kind, with what they may have beside.
fn networks() -> Vec<Checkpoint> {
    let adjacent = Position::Rope { theta: 10_000.0, layout: Layout::Adjacent };
    let shapes = [
        small::llama(),
        Shape { qk_norm: true, activation: Activation::ReluGate, ..small::llama() },
        Shape { norm: Norm::Post, recursion: 2, ..small::llama() },
        small::soul(),
        Shape { position: Position::None, activation: Activation::SquaredRelu, ..small::soul() },
        Shape { position: adjacent, qk_norm: true, norm: Norm::Post, recursion: 3, ..small::soul() },
    ];
    let of = |(seed, shape): (u64, Shape)| {
        let shape = Shape { positions: Some(20), ..shape };
        network(shape, seed % 2 == 0, [seed % 3 == 0, seed % 3 == 1, seed % 2 == 1], seed)
    };
    (0..).zip(shapes).map(of).collect()
}

#[test]
fn quantizing_keeps_the_rules_and_gives_the_same_every_time() {
    let grids =
        [8, 5, 4, 3].map(|bits| Grid::Symmetric { bits }).into_iter().chain([Grid::Ternary, Grid::TwoBits]);
    for (checkpoint, grid) in networks().iter().zip(grids.cycle()) {
        let wanted = wanted(grid);
        let once = quantized(checkpoint, &wanted).unwrap_or_else(|e| panic!("{:?}: {e}", checkpoint.shape));
        assert_eq!(once.check(), Ok(()));
        assert_eq!(quantized(checkpoint, &wanted).as_ref(), Ok(&once), "{:?}", checkpoint.shape);
        let Body::Transformer(body) = &once.body else { unreachable!("a sequence model") };
        assert!(body.blocks.iter().flat_map(Block::matrices).all(|matrix| matrix.grid == grid));
        assert_eq!(body.embedding.grid, Grid::Symmetric { bits: 8 });
        assert_eq!(matches!(body.output, Output::Tied { .. }), checkpoint.output.is_none());
        let biases = body.matrices().filter(|matrix| !matrix.bias.is_empty()).count();
        assert_eq!(
            biases > 0,
            checkpoint
                .layers
                .iter()
                .any(|l| l.wq.bias.is_some() || l.wo.bias.is_some() || l.up.bias.is_some())
        );
    }
}

/// With 8 bits the integers choose what the floats choose, nearly always.
#[test]
fn logits_in_integers_are_near_those_in_floats() {
    use mlc_compiler::import::sequence::float::{Session, Window};
    let text: Vec<u32> = (0..16).map(|i| (i * i * 7 + i) % 20).collect();
    for checkpoint in networks() {
        let model =
            quantized(&checkpoint, &wanted(Grid::Symmetric { bits: 8 })).unwrap_or_else(|e| panic!("{e}"));
        let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
        let unit = 1.0 / f32::from(1u16 << story.logit_bits);
        let graph = build_scoring(&model).unwrap_or_else(|e| panic!("{e}")).expect("a sequence model");
        let mut session = Session::new(&checkpoint, Window::Rolling { size: 8 }).expect("a window of 8");
        let (mut error, mut square, mut count) = (0.0, 0.0, 0);
        let mut at = 0;
        score(&graph, &text, &mut |logits| {
            let floats = session.step(text[at] as usize).expect("a token of the vocabulary");
            for (&integer, &float) in logits.iter().zip(floats) {
                error += f64::from(integer as f32 * unit - float).powi(2);
                square += f64::from(float).powi(2);
            }
            (at, count) = (at + 1, count + 1);
        });
        assert_eq!(count, 16);
        let relative = (error / square).sqrt();
        println!("{relative:.4} of {:?}", checkpoint.shape);
        assert!(relative < 0.15, "{relative} of {:?}", checkpoint.shape);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let checkpoint = network(small::llama(), true, [false; 3], 1);
    let wanted = wanted(Grid::Symmetric { bits: 8 });
    let other = Tokenizer::characters(vec![b"a".to_vec(), b"b".to_vec()], None).expect("two characters");
    let error = model(&checkpoint, other, &Generation::default(), &wanted).expect_err("two tokens");
    assert_eq!(error, NoModel::Vocabulary { tokenizer: 2, network: 20 });
    assert_eq!(error.to_string(), "the tokenizer has 2 tokens, the network 20");
    let text = Wanted { texts: vec![b"abc".to_vec(), b"ab?".to_vec()], ..wanted.clone() };
    let error = quantized(&checkpoint, &text).expect_err("no such character");
    assert_eq!(
        error.to_string(),
        "a text to calibrate on: byte 2: the tokenizer has no token for '?' (U+003F)"
    );
    let empty = Wanted { texts: vec![vec![]], ..wanted.clone() };
    let error = quantized(&checkpoint, &empty).expect_err("no token");
    assert_eq!(error, NoModel::Unsuitable(Unsuitable::Empty));
    for error in [error, NoModel::Vocabulary { tokenizer: 2, network: 20 }] {
        assert!(!error.help().is_empty());
    }
    let mut far = checkpoint.clone();
    far.layers[0].down.weights[3] = 1e30;
    let error = quantized(&far, &wanted).map(|_| ()).expect_err("weights that are no numbers");
    assert!(!error.to_string().is_empty());
}

/// Mean negative log likelihood of texts, in nats a token, and how many tokens that is.
fn likelihood(model: &Model, texts: &[Vec<u32>]) -> (f64, usize) {
    let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
    let unit = 1.0 / f32::from(1u16 << story.logit_bits);
    let graph = build_scoring(model).unwrap_or_else(|e| panic!("{e}")).expect("a sequence model");
    let (mut sum, mut count) = (0.0, 0);
    for text in texts {
        let mut next = text.iter().skip(1);
        score(&graph, &text[..text.len() - 1], &mut |logits| {
            let logits: Vec<f32> = logits.iter().map(|&l| l as f32 * unit).collect();
            let token = next.next().expect("a token behind each");
            sum -= log_probability(&logits, *token as usize);
            count += 1;
        });
    }
    (sum / count as f64, count)
}

/// As `mlc eval --bits` measures it, but for fewer texts to calibrate on.
#[test]
fn stories_are_nearly_as_likely_in_integers() {
    let (Some(bytes), Some(pieces), Some(text)) =
        (shared("stories260K.bin"), shared("tok512.bin"), shared("stories-dev.txt"))
    else {
        return;
    };
    let checkpoint = llama2c::read(&bytes, "stories260K.bin").expect("a checkpoint of llama2.c");
    let tokenizer = tokenizer::llama2c::read("tok512.bin", &pieces, 512).expect("a tokenizer of llama2.c");
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let encode = |line: &[u8]| tokenizer.framed(&tokenizer.encode(line).expect("every byte has a token"));
    let texts: Vec<Vec<u32>> = lines.map(encode).collect();
    assert!(texts.len() == 10 && texts.iter().all(|text| text[0] == 1));
    let window = texts.iter().map(Vec::len).max().expect("ten");
    let start = Instant::now();
    // Half of the texts that a network writes for `mlc eval`: the other half changes nothing but the time.
    let own = own_texts(&checkpoint, 1, 12, 160).expect("a network that writes");
    let seen = calibrate(&checkpoint, window, &own).expect("texts of its own");
    println!("calibrated in {:.1} s", start.elapsed().as_secs_f64());
    for (bits, most) in [(8, 1.530), (5, 1.570), (4, 1.69)] {
        let grid = Grid::Symmetric { bits };
        let how = Quantization { weights: grid, embedding: grid, window };
        let quantized = quantize(&checkpoint, &seen, &how).expect("integers that fit");
        let model = Model {
            head: Head { name: "stories".into(), ..Head::default() },
            reader: Reader::Tokens(Tokens { tokenizer: tokenizer.clone(), max_length: 127 }),
            body: Body::Transformer(quantized.body),
            answer: Answer::Story(Story::plain(vec![1, 2], window as u16, quantized.logit_bits)),
        };
        assert_eq!(model.check(), Ok(()));
        let (nats, tokens) = likelihood(&model, &texts);
        println!("{bits} bits: {nats:.4} nats a token, {:.1} s", start.elapsed().as_secs_f64());
        assert_eq!(tokens, 1511);
        assert!(nats <= most, "{bits} bits: {nats} nats a token, at most {most} wanted");
        // In floats it is 1.51196.
        assert!(nats > 1.505, "{bits} bits: {nats} nats a token are too good to be true");
    }
}

/// With norms behind layers the stream has steps of its own: what a mantissa of a byte cannot reach is refused, not cut off.
#[test]
fn scales_beyond_a_mantissa_are_refused() {
    let post = network(Shape { norm: Norm::Post, recursion: 2, ..small::llama() }, true, [false; 3], 3);
    let said = |change: &dyn Fn(&mut Checkpoint)| {
        let (mut checkpoint, mut wanted) = (post.clone(), wanted(Grid::Ternary));
        wanted.how.embedding = Grid::Ternary;
        change(&mut checkpoint);
        quantized(&checkpoint, &wanted).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(said(&|_| ()), Ok(()));
    let message = |change: &dyn Fn(&mut Checkpoint)| said(change).expect_err("a scale that is too large");
    let large = message(&|c| c.embedding.iter_mut().for_each(|w| *w *= 40.0));
    assert!(large.starts_with("embedding is a matrix whose scale is too large"), "{large}");
    let gain = |gain: f32| message(&move |c| c.layers[1].feed_norm[3] = gain);
    assert!(gain(300.0).starts_with("layer 2 norm of the feed-forward layer is 300"), "{}", gain(300.0));
    assert!(gain(-0.5).contains("gains that are not negative"), "{}", gain(-0.5));
}
