//! Snapshots of everything between model and image: a change in any of them is a diff to review.
//!
//! `cargo insta review` blesses a change that was meant.

#[path = "../support/mod.rs"]
mod support;

use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::{Demands, Layer as LayerName};
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, Compiled, Request, compile, price, render};
use support::{Random, parts};

fn layers(seed: u64, widths: &[usize]) -> Vec<Layer> {
    let mut r = Random(seed);
    widths.windows(2).map(|w| support::layer(&mut r, w[0], w[1], 50, 60, 2)).collect()
}

/// 8+8 → 20 → 8 → 4: small enough to read, with a dead neuron, a dead bucket, and two outputs that take
/// the same inputs, so that sharing a sum pays.
fn chat() -> Model {
    let context = ContextEncoder { buckets: 8, length: 3 };
    let answer = Answer::Chat(Chat { charset: b"ab!\0".to_vec(), max_reply: 4 });
    let query = QueryEncoder { buckets: 8, bands: 1, max_length: 20 };
    let mut layers = layers(3, &[16, 20, 8, 4]);
    for row in layers[0].weights.chunks_mut(16) {
        row[5] = 0;
    }
    layers[1].weights[..40].fill(1);
    for row in layers[1].weights.chunks_mut(20) {
        row[2] = 0;
    }
    parts::model(("mini", "a network to read"), (query, Some(context)), layers, answer)
}

/// 12 → 300 → 3, so that outputs need two tiles and inputs two scans; 12 is no power of two.
fn classifier() -> Model {
    let query = QueryEncoder { buckets: 12, bands: 1, max_length: 40 };
    let mut layers = layers(5, &[12, 260, 3]);
    for (o, row) in layers[0].weights.chunks_mut(12).enumerate() {
        // Sparse, so that the snapshot stays short.
        if o > 4 && o < 250 {
            row.fill(0);
            row[o % 12] = if o % 3 == 0 { -2 } else { 1 };
        }
    }
    let answer = parts::label(["RED", "GREEN \"1\"", "BLUE"]);
    parts::model(("wide", "two tiles"), (query, None), layers, answer)
}

/// 12 in 3 bands → 11 → 10 → 2, the hidden layers of weights ±1: eight outputs to a byte and some left.
fn banded() -> Model {
    let query = QueryEncoder { buckets: 12, bands: 3, max_length: 40 };
    let mut layers = layers(7, &[12, 11, 10, 2]);
    for layer in &mut layers[..2] {
        layer.set = WeightSet::Binary;
        let signs = [1, -1, -1, 1, 1, 1, -1];
        layer.weights.iter_mut().enumerate().for_each(|(i, w)| *w = signs[i * i % 13 % 7]);
    }
    // No neuron of the hidden layers is dead.
    layers[2].weights = (0..20).map(|i| [1, -2, -1][i % 3]).collect();
    parts::model(("banded", "bands and bits"), (query, None), layers, parts::label(["YES", "NO"]))
}

fn compiled(model: &Model, form: Option<Form>) -> Compiled {
    support::compile_for_cpm(model, form, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()))
}

/// The program of a model on a target, with forms for the layers that are named.
fn program(model: &Model, target: &str, layers: &[(&str, Form)]) -> Compiled {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let target = &targets.into_iter().find(|t| t.name == target).expect("mlc brings it");
    let layers = layers.iter().map(|(stage, form)| (LayerName::Stage(stage.to_string()), *form)).collect();
    let demands = &Demands { layers, ..Demands::default() };
    let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
    compile(&request).unwrap_or_else(|e| panic!("{e}\n{}", e.help()))
}

/// The code of a stage as its kernel makes it, and its weights if they are short.
fn stage(model: &Model, target: &str, form: Form, wide: bool, name: &str) -> String {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let target = &targets.into_iter().find(|t| t.name == target).expect("mlc brings it");
    let demands = &Demands::of(Some(form));
    let request = Request { model, target, assets: &assets, demands, wide, calibration: &[] };
    let plan = price(&request).unwrap_or_else(|e| panic!("{e}"));
    let at = plan.stages().iter().position(|stage| stage.name == name);
    let at = at.unwrap_or_else(|| panic!("there is no {name}"));
    let templates = render::templates(&request).expect("the templates that mlc brings parse");
    let text = render::stage(&plan, &request, &templates, at).unwrap_or_else(|e| panic!("{e}"));
    let data: String =
        text.data.into_iter().map(|(section, text)| format!("\n== {section:?}{text}")).collect();
    let data = if data.lines().count() < 60 { data } else { String::new() };
    format!("{}\n{data}", text.code)
}

#[test]
fn graph_after_each_pass() {
    let compiled = compiled(&chat(), None);
    let passes: Vec<_> = compiled.reports.iter().map(|r| r.pass).collect();
    assert_eq!(passes, mlc_compiler::pass::NAMES, "NAMES lists the passes as they run");
    let text: String =
        compiled.reports.iter().map(|r| format!("== {}: {}\n{}\n", r.pass, r.summary, r.graph)).collect();
    insta::assert_snapshot!("graph", text);
}

#[test]
fn plan() {
    insta::assert_snapshot!("plan-chat", compiled(&chat(), None).plan.table());
    insta::assert_snapshot!("plan-classifier", compiled(&classifier(), None).plan.table());
}

/// Every kernel in every form: hashed text that counts in bytes and that does not, a scan of bytes and of words.
#[test]
fn kernels() {
    for (processor, target) in [("z80", "z80-cpm"), ("avr", "atmega328p")] {
        for form in Form::ALL {
            let of = |wide, stage| self::stage(&chat(), target, form, wide, stage);
            let mut text = String::new();
            for (what, wide, stage) in [
                ("hashed text, bytes", false, "fc1_context"),
                ("hashed text, words", true, "fc1_context"),
                ("a scan of bytes", false, "fc2"),
                ("a scan of words", false, "fc3"),
            ] {
                text += &format!("==== {what}\n{}", of(wide, stage));
            }
            insta::assert_snapshot!(format!("{processor}-{form}"), text);
        }
    }
}

/// Two tiles of outputs and of inputs, and a number of buckets that is no power of two.
#[test]
fn kernels_over_two_tiles() {
    for (processor, target) in [("z80", "z80-cpm"), ("avr", "atmega2560")] {
        for form in [Form::Columns, Form::Packed, Form::Gaps] {
            let of = |stage| self::stage(&classifier(), target, form, true, stage);
            let text = format!("{}{}", of("fc1"), of("fc2"));
            insta::assert_snapshot!(format!("{processor}-{form}-two-tiles"), text);
        }
    }
}

/// Position bands, with hashes of a word and of a byte, and weights of one bit.
#[test]
fn kernels_with_bands_and_bits() {
    let mut narrow = banded();
    parts::reader_mut(&mut narrow).query.buckets = 8;
    let first = &mut parts::layers_mut(&mut narrow)[0];
    first.inputs = 8;
    first.weights.truncate(8 * 11);
    for (processor, target) in [("z80", "z80-cpm"), ("avr", "atmega328p")] {
        let of = |model: &Model, stage| self::stage(model, target, Form::Packed, false, stage);
        let text = [of(&banded(), "fc1"), of(&narrow, "fc1"), of(&banded(), "fc2")].concat();
        insta::assert_snapshot!(format!("{processor}-bands-and-bits"), text);
    }
}

/// The whole text of one program a target. That for CP/M has a layer in each kind of form, so the code that stages
/// share is in it.
#[test]
fn programs() {
    let kinds = [
        ("fc1_query", Form::Columns),
        ("fc1_context", Form::Gaps),
        ("fc2", Form::Packed),
        ("fc3", Form::Unrolled),
    ];
    let small = ["fc1_query", "fc1_context", "fc2", "fc3"].map(|stage| (stage, Form::Gaps));
    for (target, forms) in [("z80-cpm", &kinds), ("zx48", &small), ("cpc464", &small), ("atmega328p", &kinds)]
    {
        let compiled = program(&chat(), target, forms);
        insta::assert_snapshot!(format!("program-{target}"), compiled.assembly);
    }
    let binary = program(&banded(), "z80-cpm", &[("fc2", Form::Packed), ("fc3", Form::Gaps)]);
    insta::assert_snapshot!("program-of-bits", binary.assembly);
}

#[test]
fn listing_and_symbol_map() {
    let compiled = compiled(&chat(), Some(Form::Gaps));
    let listing = compiled.image.assembly.listing(&compiled.assembly);
    insta::assert_snapshot!("gaps.lst", listing);
    insta::assert_snapshot!("gaps.map", compiled.image.assembly.map());
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (a, b) = (compiled(&chat(), None), compiled(&chat(), None));
    assert_eq!(a.assembly, b.assembly);
    assert_eq!(a.image.bytes, b.image.bytes);
}
