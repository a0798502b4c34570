//! Snapshots of everything between model and image: a change in any of them is a diff to review.
//!
//! `cargo insta review` blesses a change that was meant.

#[path = "../support/mod.rs"]
mod support;

use mlc_compiler::Compiled;
use mlc_compiler::ir::Form;
use mlc_compiler::model::{Chat, ContextEncoder, Layer, Model, Output, QueryEncoder, WeightSet};
use support::Random;

fn layers(seed: u64, widths: &[usize]) -> Vec<Layer> {
    let mut r = Random(seed);
    widths.windows(2).map(|w| support::layer(&mut r, w[0], w[1], 50, 60, 2)).collect()
}

/// 8+8 → 20 → 8 → 4: small enough to read, with a dead neuron, a dead bucket, and two outputs that take
/// the same inputs, so that sharing a sum pays.
fn chat() -> Model {
    let context = ContextEncoder { buckets: 8, length: 3 };
    let output = Output::Chat(Chat { charset: b"ab!\0".to_vec(), context, max_reply: 4 });
    let query = QueryEncoder { buckets: 8, bands: 1, max_length: 20 };
    let mut layers = layers(3, &[16, 20, 8, 4]);
    for row in layers[0].weights.chunks_mut(16) {
        row[5] = 0;
    }
    layers[1].weights[..40].fill(1);
    for row in layers[1].weights.chunks_mut(20) {
        row[2] = 0;
    }
    let model = Model {
        name: "mini".into(),
        about: "a network to read".into(),
        query,
        output,
        layers,
        training: vec![],
        calibration: vec![],
    };
    model.check().expect("the model is valid");
    model
}

/// 12 → 300 → 3, so that outputs need two tiles and inputs two scans; 12 is no power of two.
fn classifier() -> Model {
    let query = QueryEncoder { buckets: 12, bands: 1, max_length: 40 };
    let output = Output::Classifier { labels: vec!["RED".into(), "GREEN \"1\"".into(), "BLUE".into()] };
    let mut layers = layers(5, &[12, 260, 3]);
    for (o, row) in layers[0].weights.chunks_mut(12).enumerate() {
        // Sparse, so that the snapshot stays short.
        if o > 4 && o < 250 {
            row.fill(0);
            row[o % 12] = if o % 3 == 0 { -2 } else { 1 };
        }
    }
    let model = Model {
        name: "wide".into(),
        about: "two tiles".into(),
        query,
        output,
        layers,
        training: vec![],
        calibration: vec![],
    };
    model.check().expect("the model is valid");
    model
}

/// 12 in 3 bands → 11 → 10 → 2, the hidden layers of weights ±1: eight outputs to a byte and some left.
fn banded() -> Model {
    let query = QueryEncoder { buckets: 12, bands: 3, max_length: 40 };
    let output = Output::Classifier { labels: vec!["YES".into(), "NO".into()] };
    let mut layers = layers(7, &[12, 11, 10, 2]);
    for layer in &mut layers[..2] {
        layer.set = WeightSet::Binary;
        let signs = [1, -1, -1, 1, 1, 1, -1];
        layer.weights.iter_mut().enumerate().for_each(|(i, w)| *w = signs[i * i % 13 % 7]);
    }
    // No neuron of the hidden layers is dead.
    layers[2].weights = (0..20).map(|i| [1, -2, -1][i % 3]).collect();
    let name = "banded".into();
    let model = Model {
        name,
        about: "bands and bits".into(),
        query,
        output,
        layers,
        training: vec![],
        calibration: vec![],
    };
    model.check().expect("the model is valid");
    model
}

fn compiled(model: &Model, form: Option<Form>) -> Compiled {
    support::compile_for_cpm(model, form, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()))
}

#[test]
fn graph_after_each_pass() {
    for form in Form::ALL {
        let compiled = compiled(&chat(), Some(form));
        let passes: Vec<_> = compiled.reports.iter().map(|r| r.pass).collect();
        assert_eq!(passes, mlc_compiler::pass::NAMES, "NAMES lists the passes as they run");
        let text: String =
            compiled.reports.iter().map(|r| format!("== {}: {}\n{}\n", r.pass, r.summary, r.graph)).collect();
        insta::assert_snapshot!(format!("graph-{form}"), text);
    }
}

#[test]
fn plan() {
    insta::assert_snapshot!("plan-chat", compiled(&chat(), None).plan.table());
    insta::assert_snapshot!("plan-classifier", compiled(&classifier(), None).plan.table());
}

#[test]
fn assembly_of_a_chat() {
    for form in Form::ALL {
        insta::assert_snapshot!(format!("chat-{form}.asm"), compiled(&chat(), Some(form)).assembly);
    }
}

#[test]
fn assembly_of_a_classifier_with_two_tiles() {
    for form in [Form::Columns, Form::Packed, Form::Gaps] {
        insta::assert_snapshot!(
            format!("classifier-{form}.asm"),
            compiled(&classifier(), Some(form)).assembly
        );
    }
}

#[test]
fn assembly_with_bands_and_bits() {
    let compiled = compiled(&banded(), Some(Form::Packed));
    let graph = &compiled.reports[0].graph;
    insta::assert_snapshot!(
        "banded-packed.asm",
        format!("{graph}\n{}\n{}", compiled.plan.table(), compiled.assembly)
    );
    // A hash of a byte: only the encoder is another.
    let mut narrow = banded();
    narrow.query.buckets = 8;
    narrow.layers[0].inputs = 8;
    narrow.layers[0].weights.truncate(8 * 11);
    let assembly = self::compiled(&narrow, Some(Form::Packed)).assembly;
    let encoder =
        assembly.split("ld ix,query_text").nth(1).and_then(|rest| rest.split("; Adds the column").next());
    insta::assert_snapshot!("banded-narrow-hash.asm", encoder.expect("the program has an encoder"));
}

#[test]
fn listing_and_symbol_map() {
    let compiled = compiled(&chat(), Some(Form::Columns));
    let listing = compiled.image.assembly.listing(&compiled.assembly);
    insta::assert_snapshot!("chat-columns.lst", listing);
    insta::assert_snapshot!("chat-columns.map", compiled.image.assembly.map());
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (a, b) = (compiled(&chat(), None), compiled(&chat(), None));
    assert_eq!(a.assembly, b.assembly);
    assert_eq!(a.image.bytes, b.image.bytes);
}
