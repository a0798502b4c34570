//! A small sequence model for tests of its text.

use super::random::Random;
use super::transformers::{Shape, tokens_mut};
use mlc_compiler::model::Model;
use mlc_compiler::tokens::{
    Fallback, Form, LeadingSpace, Merge, Merges, Prefix, Rule, Scheme, Special, Split, Tokenizer,
};

/// Two blocks of everything that there is, and a tokenizer with every field.
pub fn small_story() -> Model {
    let mut model = Shape::small().model(&mut Random(1));
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
