//! A small sequence model for tests of its text.

use super::random::Random;
use super::transformers::{Shape, body_mut, story_mut, tokens_mut};
use mlc_compiler::model::{Activation, Matrix, Model, Norm, Output, Positions, Transformer};
use mlc_compiler::tokens::{
    Fallback, Form, LeadingSpace, Merge, Merges, Prefix, Rule, Scheme, Special, Split, Tokenizer,
};

/// Two blocks of everything that there is, and a tokenizer with every field.
pub fn small_story() -> Model {
    let mut model = Shape::small().model(&mut Random(1));
    numbers(body_mut(&mut model));
    tokens_mut(&mut model).max_length = 84;
    let story = story_mut(&mut model);
    (story.ends, story.most, story.logit_bits) = (vec![1], 9, 7);
    model.head.name = "story".into();
    model.head.about = "Goes on.".into();
    let pieces = ["", "", "a", "\u{e9}", "\n", "ab"].map(|piece| piece.chars().map(|c| c as u8).collect());
    let pieces: Vec<Vec<u8>> = pieces.to_vec();
    let start = [(b"a".to_vec(), 2), (vec![0xe9], 3), (b"\n".to_vec(), 4)];
    let merges = Merges::new(vec![Merge { rank: 7, left: 2, right: 3, merged: 5 }]).expect("one pair");
    let tokenizer = &mut tokens_mut(&mut model).tokenizer;
    *tokenizer = Tokenizer {
        pieces,
        specials: vec![Special { everywhere: true, ..Special::control(1, "<\u{20ac}>") }],
        rules: vec![
            Rule::Prepend(b" ".to_vec()),
            Rule::Replace { from: vec![0x80], to: vec![] },
            Rule::Lower,
            Rule::Normal(Form::Nfkd),
        ],
        prefix: Some(Prefix { text: b"a".to_vec(), first_only: true }),
        splits: vec![Split::Gpt2, Split::Digit, Split::Around(b".".to_vec())],
        scheme: Scheme::Merged { merges, whole: [(b"ab".to_vec(), 5)].into() },
        leading: LeadingSpace::AfterBos,
        bos: Some(0),
        eos: Some(1),
        unknown: None,
        adds_bos: true,
        adds_eos: false,
        ..tokenizer.clone()
    };
    tokenizer.alphabet.start = start.into();
    tokenizer.alphabet.fallback = Fallback::Unknown { id: 1, fuse: true };
    model.check().unwrap_or_else(|e| panic!("{e}"));
    model
}

/// Numbers that tests may name, whatever a generator chooses.
fn numbers(body: &mut Transformer) {
    body.positions = Positions::Rotary { steps: vec![1 << 20] };
    matrix(&mut body.embedding);
    body.embedding.bias.clear();
    let Output::Own(output) = &mut body.output else { unreachable!("a matrix of its own") };
    matrix(output);
    norm(body.norm.as_mut().expect("there is one"));
    for block in &mut body.blocks {
        let attention = &mut block.attention;
        let (query, key) = attention.head_norms.as_mut().expect("there are two");
        [&mut attention.norm, query, key, &mut block.feed_forward.norm].into_iter().for_each(norm);
        (attention.rotate_bits, attention.score_bits) = (13, 6);
        attention.weights = (0..=255).rev().collect();
        [&mut attention.query, &mut attention.key, &mut attention.value, &mut attention.output]
            .into_iter()
            .for_each(matrix);
        let layer = &mut block.feed_forward;
        [&mut layer.up, &mut layer.down].into_iter().for_each(matrix);
        let Activation::Gate { matrix: gate, table, bits } = &mut layer.activation else {
            unreachable!("a gate")
        };
        matrix(gate);
        *table = (0..=255u8).map(|b| b as i8 / 2).collect();
        *bits = 6;
    }
}

fn norm(norm: &mut Norm) {
    (norm.down, norm.narrow) = (1, 3);
    let (mantissas, shift) = norm.gain.as_mut().expect("there is one");
    (0..).zip(mantissas).for_each(|(i, m)| *m = 120 + i);
    *shift = 7;
}

fn matrix(matrix: &mut Matrix) {
    (0..).zip(&mut matrix.values).for_each(|(i, w)| *w = (i * 5 + i / 4) % 15 - 7);
    (0..).zip(&mut matrix.mantissas).for_each(|(i, m)| *m = 200 + i);
    matrix.bias = (0..matrix.rows as i16).map(|i| i * 100 - 150).collect();
    matrix.shift = 6;
}
