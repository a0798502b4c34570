//! Sequence models as text: the layout, and that nothing is lost.

use super::sequence_small::small_story;
use super::transformers::{body_mut, tokens_mut};
use mlc_compiler::import::{Options, load, ron};
use mlc_compiler::model::Model;
use mlc_compiler::tokens::{Fallback, Form, Merges, Prefix, Rule, Scheme, Special, Split, Tokenizer};

#[track_caller]
fn comes_back(model: &Model) -> String {
    let text = ron::write(model);
    let read = ron::read(&text, "model.ron").unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(&read, model, "{text}");
    assert_eq!(ron::write(&read), text);
    text
}

#[test]
fn the_text_of_a_sequence_model() {
    let text = comes_back(&small_story());
    let (head, _) = text.split_once("        blocks: [").expect("there are blocks");
    insta::assert_snapshot!(head);
    // One line each, whatever is in it.
    assert!(text.lines().all(|line| !line.contains('\t') && line.trim_end() == line));
}

#[test]
fn content_decides_that_it_is_one() {
    let model = small_story();
    let text = ron::write(&model);
    assert_eq!(load(text.as_bytes(), "stories.bin", &Options::default()), Ok(model));
}

/// Every byte in every place for text of a tokenizer.
#[test]
fn every_byte_can_be_in_a_piece() {
    let mut model = small_story();
    let all: Vec<Vec<u8>> = (0..=255).map(|b| vec![b]).collect();
    let body = body_mut(&mut model);
    body.embedding.rows = 256;
    body.prior = None;
    body.embedding.values = vec![1; 256 * 4];
    body.embedding.mantissas = vec![1; 256];
    body.embedding.bias.clear();
    body.output = mlc_compiler::model::Output::Own(body.embedding.clone());
    let tokenizer = &mut tokens_mut(&mut model).tokenizer;
    tokenizer.pieces = all.clone();
    tokenizer.alphabet.start = (0..).zip(&all).map(|(id, piece)| (piece.clone(), id)).collect();
    tokenizer.alphabet.fallback = Fallback::Bytes((0..256).rev().collect());
    let every: Vec<u8> = (0..=255).collect();
    tokenizer.rules =
        vec![Rule::Prepend(every.clone()), Rule::Replace { from: every.clone(), to: every.clone() }];
    tokenizer.prefix = Some(Prefix { text: every.clone(), first_only: false });
    tokenizer.splits = vec![Split::Before(every.clone()), Split::After(every.clone())];
    let merges = Merges::new(vec![]).expect("no pair");
    tokenizer.scheme = Scheme::Merged { merges, whole: [(every, 255)].into() };
    let shown = "\u{0}\u{7f}\u{85}\u{a0}\u{ad}\u{200b}\u{202e}\u{2028}\u{feff}\u{1f600}\"\\\r\n\t'";
    tokenizer.specials = vec![Special { late: true, strip_left: true, ..Special::control(3, shown) }];
    comes_back(&model);
}

/// Whatever a tokenizer may be without, and its other kinds of parts.
#[test]
fn tokenizers_of_other_kinds_come_back() {
    let change = |change: fn(&mut Tokenizer)| {
        let mut model = small_story();
        change(&mut tokens_mut(&mut model).tokenizer);
        comes_back(&model)
    };
    let plain = change(|t| {
        let alphabet = t.alphabet.clone();
        *t = Tokenizer::characters(vec![vec![]; 6], None).expect("no character");
        t.alphabet = alphabet;
        t.alphabet.fallback = Fallback::Refuse;
    });
    for absent in ["specials", "rules", "prefix", "splits", "bos:", "eos:", "unknown:"] {
        assert!(!plain.contains(&format!("            {absent}")), "{absent}\n{plain}");
    }
    assert!(plain.contains("fallback: Refuse,") && plain.contains("scheme: Characters,"));
    change(|t| t.leading = mlc_compiler::tokens::LeadingSpace::Keep);
    change(|t| t.leading = mlc_compiler::tokens::LeadingSpace::First);
    change(|t| t.leading = mlc_compiler::tokens::LeadingSpace::FirstToken);
    change(|t| t.alphabet.unit = mlc_compiler::tokens::Unit::Byte);
    change(|t| t.rules = [Form::Nfc, Form::Nfd, Form::Nfkc, Form::Nfkd].map(Rule::Normal).to_vec());
    change(|t| t.rules = vec![Rule::Lower, Rule::LowerAscii, Rule::UpperAscii]);
    change(|t| t.splits = vec![Split::Digits, Split::Gpt2, Split::Digit]);
    change(|t| (t.eos, t.adds_eos, t.unknown) = (Some(5), true, Some(4)));
}
