//! Snapshots of everything between model and image: a change in any of them is a diff to review.
//!
//! `cargo insta review` blesses a change that was meant.

#[path = "../support/mod.rs"]
mod support;

mod sensors;

use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::{Demands, Layer as LayerName, Storage};
use mlc_compiler::target::Board;
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

/// The text of a stage as its kernel makes it.
struct Kernel {
    /// What finds the buckets of hashed text, up to where a column is added: empty for other stages.
    buckets: String,
    code: String,
    /// Its weights, if they are short.
    data: String,
}

/// The text of a stage; `None` where it cannot have the form.
fn kernel(model: &Model, target: &str, form: Form, wide: bool, name: &str) -> Option<Kernel> {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let target = &targets.into_iter().find(|t| t.name == target).expect("mlc brings it");
    let demands = &Demands::of(Some(form));
    let request = Request { model, target, assets: &assets, demands, wide, calibration: &[] };
    let plan = price(&request).unwrap_or_else(|e| panic!("{e}"));
    let at = plan.stages().iter().position(|stage| stage.name == name);
    let at = at.unwrap_or_else(|| panic!("there is no {name}"));
    if plan.layout.forms[at] != Some(form) {
        return None;
    }
    let templates = render::templates(&request).expect("the templates that mlc brings parse");
    let text = render::stage(&plan, &request, &templates, at).unwrap_or_else(|e| panic!("{e}"));
    let data: String =
        text.data.into_iter().map(|(section, text)| format!("\n== {section:?}{text}")).collect();
    let data = if data.lines().count() < 60 { data } else { String::new() };
    // The title names the form.
    let code = text.code.split_once('\n').map_or(&*text.code, |(_, code)| code);
    let adds = code.find(&format!("{name}_apply:")).unwrap_or(0);
    let (buckets, code) = code.split_at(adds);
    Some(Kernel { buckets: buckets.to_string(), code: code.to_string(), data })
}

impl Kernel {
    /// All but what finds buckets.
    fn text(&self) -> String {
        format!("{}\n{}\n", self.code, self.data)
    }
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

/// Every kernel in every form: hashed text that counts in bytes and that does not, a scan of bytes and of words. What
/// finds buckets is the same in all forms, and stands alone.
#[test]
fn kernels() {
    for (processor, target) in [("z80", "z80-cpm"), ("avr", "atmega328p")] {
        let of = |form, wide, stage| kernel(&chat(), target, form, wide, stage);
        let ways = [("bytes", false), ("words", true)];
        let buckets =
            ways.map(|(_, wide)| of(Form::Columns, wide, "fc1_context").expect("lists can").buckets);
        let text = format!("==== bytes\n{}\n==== words\n{}\n", buckets[0], buckets[1]);
        insta::assert_snapshot!(format!("{processor}-hashed"), text);
        // What two forms have alike is shown once.
        let mut shown: Vec<(String, String)> = Vec::new();
        for form in Form::ALL {
            let mut text = String::new();
            let mut show = |what: String, kernel: &Kernel| {
                let code = kernel.text();
                text += &match shown.iter().find(|(known, _)| *known == code) {
                    Some((_, first)) => format!("==== {what}: as {first}\n"),
                    None => format!("==== {what}\n{code}"),
                };
                shown.push((code, format!("{form}, {what}")));
            };
            for (what, wide) in ways {
                let Some(kernel) = of(form, wide, "fc1_context") else { continue };
                assert!(buckets.contains(&kernel.buckets), "{processor}, {form}: {}", kernel.buckets);
                show(format!("hashed text, {what}"), &kernel);
            }
            for (what, stage) in [("bytes", "fc2"), ("words", "fc3")] {
                show(
                    format!("a scan of {what}"),
                    &of(form, false, stage).expect("a dense layer takes any form"),
                );
            }
            insta::assert_snapshot!(format!("{processor}-{form}"), text);
        }
    }
}

/// Two tiles of outputs and of inputs, and a number of buckets that is no power of two.
#[test]
fn kernels_over_two_tiles() {
    for (processor, target) in [("z80", "z80-cpm"), ("avr", "atmega2560")] {
        let of =
            |form, stage| kernel(&classifier(), target, form, true, stage).expect("it takes any columns");
        let buckets = of(Form::Columns, "fc1").buckets;
        insta::assert_snapshot!(format!("{processor}-hashed-two-tiles"), buckets);
        for form in [Form::Columns, Form::Packed, Form::Gaps] {
            let [first, second] = ["fc1", "fc2"].map(|stage| of(form, stage));
            // Before it stand start values, which some forms push.
            let hash = |text: &str| text.split_once("; Each trigram").map(|(_, hash)| hash.to_string());
            assert!(
                hash(&buckets).is_some() && hash(&first.buckets) == hash(&buckets),
                "{processor}, {form}"
            );
            let text = format!("{}{}", first.text(), second.text());
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
        let of = |model: &Model, stage| {
            kernel(model, target, Form::Packed, false, stage).expect("bits are packed")
        };
        let (first, narrow, second) = (of(&banded(), "fc1"), of(&narrow, "fc1"), of(&banded(), "fc2"));
        let text = [first.buckets.clone(), first.text(), narrow.buckets, second.text()].concat();
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

/// With all columns in a flash chip: gaps that count in bytes and that do not, and packed weights.
#[test]
fn a_program_with_a_flash_chip() {
    let assets = Assets::builtin();
    let profiles = assets.profiles().expect("the profiles that mlc brings are right");
    let profile = profiles.into_iter().find(|profile| profile.name == "uno+flash").expect("mlc brings it");
    let devices = assets.devices().expect("the devices that mlc brings are right");
    let device = devices.into_iter().find(|device| device.name == profile.device).expect("mlc brings it");
    let target = &Board { device, profile }.target().expect("it has a serial line");
    let model = &chat();
    let layers = vec![(LayerName::Number(2), Form::Packed), (LayerName::Number(3), Form::Gaps)];
    let demands = &Demands { layers, storage: Storage::File, ..Demands::default() };
    let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
    let compiled = compile(&request).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    insta::assert_snapshot!("program-uno+flash", compiled.assembly);
    let file = compiled.image.beside.expect("its columns are there");
    let lines: Vec<String> = file.bytes.chunks(16).map(|line| format!("{line:02x?}")).collect();
    insta::assert_snapshot!("program-uno+flash.dat", lines.join("\n"));
    // Of index lists only what reads them: the rest is the same.
    let demands = &Demands { encoding: Some(Form::Columns), storage: Storage::File, ..Demands::default() };
    let compiled = compile(&Request { demands, ..request }).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let parts = compiled.assembly.split("\n; ---- ").filter(|part| part.starts_with("lists_chip"));
    insta::assert_snapshot!("lists-uno+flash", parts.collect::<Vec<_>>().join("\n; ---- "));
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
