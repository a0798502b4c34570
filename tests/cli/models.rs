//! Small models for the tests, and files that look like models.

use super::parts::{self, label};
use mlc_compiler::import::ron;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Every weight there is, in an order without a period that a layer's width could share.
fn layer(inputs: usize, outputs: usize, seed: usize) -> Layer {
    let weight = |i: usize| [1, 0, -1, 0, 0, 1, -2, 0, 0, -1, 1][(i * 7 + i / 5 + seed) % 11];
    let bias = |o: usize| ((o * 37 + seed * 11) % 61) as i16 - 30;
    Layer {
        inputs,
        outputs,
        weights: (0..inputs * outputs).map(weight).collect(),
        bias: (0..outputs).map(bias).collect(),
        shift: 2,
        set: mlc_compiler::model::WeightSet::Full,
    }
}

/// 24 + 16 inputs → 12 → 7: says a few letters.
pub fn chat() -> Model {
    let query = QueryEncoder { buckets: 24, bands: 1, max_length: 62 };
    let context = ContextEncoder { buckets: 16, length: 8 };
    let answer = Answer::Chat(Chat { charset: b"abcdef\0".to_vec(), max_reply: 5 });
    let layers = vec![layer(40, 12, 3), layer(12, 7, 5)];
    let mut model = parts::model(("tiny", "Says a few letters."), (query, Some(context)), layers, answer);
    model.head.training = vec![("pairs".into(), "2".into())];
    model
}

/// The same with other biases at the end: it says something else.
pub fn changed() -> Model {
    let mut model = chat();
    if let mlc_compiler::model::Body::Layers(layers) = &mut model.body {
        layers[1].bias.iter_mut().step_by(2).for_each(|bias| *bias += 400);
        layers[0].weights[7] ^= 1;
    }
    model
}

/// 16 → 8 → 3.
pub fn classifier() -> Model {
    let query = QueryEncoder { buckets: 16, bands: 1, max_length: 30 };
    let layers = vec![layer(16, 8, 1), layer(8, 3, 2)];
    parts::model(("sorter", "Sorts."), (query, None), layers, label(["go", "stop", "turn left"]))
}

/// 16 → 3: nothing is computed of a layer before.
pub fn one_layer() -> Model {
    let query = QueryEncoder { buckets: 16, bands: 1, max_length: 30 };
    parts::model(("single", ""), (query, None), vec![layer(16, 3, 1)], label(["go", "stop", "turn left"]))
}

/// Sums of the second layer can leave 16 bits: eight neurons of them.
pub fn wrapping() -> Model {
    let full = |inputs: usize, outputs: usize| Layer {
        inputs,
        outputs,
        weights: vec![1; inputs * outputs],
        bias: vec![0; outputs],
        shift: 0,
        set: mlc_compiler::model::WeightSet::Full,
    };
    let query = QueryEncoder { buckets: 4, bands: 1, max_length: 62 };
    let labels = (0..8).map(|i| format!("L{i}"));
    parts::model(("wrapping", ""), (query, None), vec![full(4, 32), full(32, 8)], label(labels))
}

/// 655,360 weights.
pub fn huge() -> Model {
    let query = QueryEncoder { buckets: 256, bands: 1, max_length: 62 };
    let labels = (0..256).map(|i| format!("L{i}"));
    let layers = vec![layer(256, 1024, 1), layer(1024, 256, 2), layer(256, 256, 3), layer(256, 256, 4)];
    parts::model(("huge", "Sorts."), (query, None), layers, label(labels))
}

pub fn text(model: &Model) -> String {
    model.check().expect("the models here keep the rules");
    ron::write(model)
}

/// A published file with one layer of 2 inputs and 2 outputs.
pub fn npz(weights: [i8; 4], charset: &str) -> Vec<u8> {
    let bytes = |text: &str| npy(&format!("|S{}", text.len()), "()", text.as_bytes());
    let weights: Vec<u8> = weights.iter().flat_map(|w| w.to_le_bytes()).collect();
    let members = [
        ("fc1_weight", npy("|i1", "(2, 2)", &weights)),
        ("fc1_bias", npy("<i2", "(2,)", &[0; 4])),
        ("_architecture", bytes(r#"{"input_size": 2, "hidden_sizes": [], "num_classes": 2}"#)),
        ("_charset", bytes(charset)),
    ];
    zipped(&members)
}

/// Rows of bytes for a network on numbers.
pub fn rows(width: usize, x: &[u8]) -> Vec<u8> {
    zipped(&[("x", npy("|i1", &format!("({}, {width})", x.len() / width), x))])
}

fn zipped(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).expect("memory takes it");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<width$}\n", width = (header.len() + 11).next_multiple_of(64) - 11);
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}
