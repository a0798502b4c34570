//! What the fuzzer calls: a function for each kind of file that mlc reads, and one for random models.
//!
//! Each takes any bytes. It panics where mlc has a bug: a reader that panics, a model that was read and breaks a rule, a model
//! that is written and read back as another one, a compiler that says of itself that it has a bug, a program that differs from
//! the reference. How to run them is in CONTRIBUTING.md.

#[path = "../../tests/support/flat.rs"]
mod flat;
mod images;
mod pipeline;
#[path = "../../tests/support/mod.rs"]
pub mod support;
#[path = "../../tests/support/tflite.rs"]
pub mod tflite;

pub use images::{avr_images, z80_images};
pub use pipeline::pipeline;

use mlc_compiler::Assets;
use mlc_compiler::asm::{AvrCore, Isa, assemble};
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings};
use mlc_compiler::import::sequence::hugging_face::chat::{self, Template};
use mlc_compiler::import::sequence::hugging_face::{self, File, Folder};
use mlc_compiler::import::{self, Options, ron, sensors, sequence, tokenizer};
use mlc_compiler::model::Model;
use mlc_compiler::target::{Profile, device};
use mlc_compiler::tokens::{Special, Tokenizer};
use mlc_trainer::expand::{self, Side};
use mlc_trainer::texts::{Cut, Records};
use mlc_trainer::{Limits, Pairs};

/// Records that templates are asked for.
const RECORDS: usize = 20;
/// Weights of the largest model that is compiled.
const WEIGHTS: usize = 2_000;

/// A model of any format: `model.ron`, `.npz`, `.pt`, `.safetensors`, `.tflite`, `.onnx`.
pub fn model(bytes: &[u8]) {
    if let Ok(model) = import::load(bytes, "x", &Options::default()) {
        kept(&model);
    }
}

/// What was read keeps every rule, is the same when it is read again, and is no riddle for the compiler.
fn kept(model: &Model) {
    model.check().unwrap_or_else(|e| panic!("a model was read that breaks a rule: {e}"));
    let text = ron::write(model);
    let again =
        ron::read(&text, "again.ron").unwrap_or_else(|e| panic!("what was written is not read: {e}\n{text}"));
    assert_eq!(again, *model, "what was written is read as another model");
    if model.body.weights() <= WEIGHTS {
        pipeline::compiles(model);
    }
}

/// A network on numbers: `.tflite` and `.onnx`, also those of floats, quantized by a few rows.
pub fn network(bytes: &[u8]) {
    for name in ["x.tflite", "x.onnx"] {
        let settings = Settings::default();
        if let Ok(read) = sensors::import(bytes, name, &settings, None) {
            kept(&read.model);
        }
        let Ok(Some(floats)) = Floats::read(bytes, name) else { continue };
        let inputs = floats.inputs();
        let rows: String =
            (0..4).map(|row| format!("{}\n", vec![format!("{row}.5"); inputs].join(","))).collect();
        if inputs > 1_000 {
            continue;
        }
        if let Ok(examples) = Examples::read(rows.as_bytes(), inputs)
            && let Ok(read) = sensors::import(bytes, name, &settings, Some(&examples))
        {
            kept(&read.model);
        }
    }
}

/// Examples for networks on numbers: `.csv` and `.npz`.
pub fn data(bytes: &[u8]) {
    let inputs = usize::from(bytes.first().copied().unwrap_or(0) % 9);
    if let Ok(examples) = Examples::read(bytes.get(1..).unwrap_or_default(), inputs) {
        assert!(examples.rows > 0);
    }
}

/// A float network of one file: llama2.c and soulplayer.
pub fn checkpoint(bytes: &[u8]) {
    let _ = sequence::read(bytes, "x.bin");
}

/// A Hugging Face folder: `config.json`, `generation_config.json` and `model.safetensors`, with a zero byte behind each of the
/// first two.
pub fn folder(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |&b| b == 0);
    let mut file = |name| File { name, bytes: parts.next().unwrap_or_default() };
    let (config, generation, weights) =
        (file("config.json"), file("generation_config.json"), file("model.safetensors"));
    let _ = hugging_face::read(&Folder { config, weights, generation: Some(generation), ignore: &[] });
    // The same bytes as a file that names a chat template, and as what one renders. What renders it is a process of its own.
    let _ = Template::read(Some(&generation), Some(&config));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let _ = chat::turns(&[config.bytes, generation.bytes, weights.bytes].map(text), &characters());
}

/// A token for each character of ASCII, and one mark.
pub fn characters() -> Tokenizer {
    let pieces = (32..127u8).map(|byte| vec![byte]).chain([Vec::new()]).collect();
    let plain = Tokenizer::characters(pieces, None).expect("each is one character");
    Tokenizer { specials: vec![Special::control(95, "<s>")], ..plain }
}

/// A tokenizer: `tokenizer.json`, llama2.c's and soulplayer's. What was read encodes without end only where the text has none.
pub fn tokenizer(bytes: &[u8]) {
    let vocabulary = usize::from(bytes.first().copied().unwrap_or(0)) * 4;
    let read = [
        tokenizer::huggingface::read("tokenizer.json", bytes),
        tokenizer::llama2c::read("tokenizer.bin", bytes.get(1..).unwrap_or_default(), vocabulary),
        tokenizer::soul::read("soul.json", bytes),
    ];
    for tokenizer in read.into_iter().flatten() {
        let tokens = tokenizer.encode("Once upon a time, \u{e9}\u{20ac}12".as_bytes());
        let known = tokenizer.pieces.len();
        assert!(tokens.iter().flatten().all(|&token| (token as usize) < known));
    }
}

/// Descriptions of targets, devices and boards.
pub fn description(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let assets = Assets::builtin();
    let devices = assets.devices().expect("built-in devices are valid");
    let _ = assets.read_target(text, "x.ron");
    let _ = device::read_devices([("x", text)]);
    let _ = Profile::read(text, "x", "x.ron", &devices);
}

/// Assembly for the Z80.
pub fn z80_assembly(bytes: &[u8]) {
    assembly(bytes, Isa::Z80);
}

/// Assembly for the AVR.
pub fn avr_assembly(bytes: &[u8]) {
    assembly(bytes, Isa::Avr(AvrCore::Avr5));
}

fn assembly(bytes: &[u8], isa: Isa) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        match assemble(text, "x", isa) {
            Ok(assembly) => drop(assembly.listing(text)),
            Err(e) => drop(e.to_string()),
        }
    }
}

/// Texts to train with: pairs, tables, conversations, and templates.
pub fn texts(bytes: &[u8]) {
    for name in ["x.txt", "x.csv", "x.tsv", "x.json", "x.jsonl"] {
        for cut in [Cut::Whole, Cut::Lines, Cut::Paragraphs] {
            let _ = Records::default().read(name, bytes, None, cut);
        }
    }
    let _ = Pairs::default().read(&mut &*bytes, "x", &Limits::default());
    if let Ok(templates) = expand::parse("x", bytes) {
        for side in [Side::Training, Side::HeldOut] {
            let _ = templates.expand(RECORDS, 1, side);
        }
    }
}
