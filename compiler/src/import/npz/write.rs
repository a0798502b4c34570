//! A model of hashed text as the published `.npz`: what [`super::read`] reads is the same network.

use crate::import::network::SHIFT;
use crate::model::{Answer, Body, Layer, Model, Reader, WeightSet};
use serde_json::{Map, Value, json};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Writes a model, the same bytes for the same model. Its name and what is said about it have no place in the format.
///
/// # Errors
/// What of the model the format cannot say.
pub fn write(model: &Model) -> Result<Vec<u8>, String> {
    let (Reader::HashedText(reader), Body::Layers(layers)) = (&model.reader, &model.body) else {
        return Err("a sequence model: it is written as a folder".into());
    };
    for (number, layer) in (1..).zip(layers) {
        if layer.shift != SHIFT {
            return Err(format!(
                "layer {number} shifts by {}: the format has no shifts, all are {SHIFT}",
                layer.shift
            ));
        }
        if layer.set != WeightSet::Full {
            return Err(format!("layer {number} has a smaller set of weights: the format has -2 to 1 only"));
        }
    }
    let mut architecture = Map::new();
    let sizes: Vec<usize> = layers.iter().map(|layer| layer.outputs).collect();
    let (classes, hidden) = sizes.split_last().expect("a model has layers");
    architecture.insert("input_size".into(), json!(layers[0].inputs));
    architecture.insert("hidden_sizes".into(), json!(hidden));
    architecture.insert("num_classes".into(), json!(classes));
    architecture.insert("query_buckets".into(), json!(reader.query.buckets));
    architecture.insert("position_bands".into(), json!(reader.query.bands));
    architecture.insert("max_query".into(), json!(reader.query.max_length));
    if let Some(context) = &reader.context {
        architecture.insert("context_length".into(), json!(context.length));
    }
    let output = match &model.answer {
        Answer::Chat(chat) => {
            architecture.insert("max_reply".into(), json!(chat.max_reply));
            // Latin-1, as UTF-8.
            ("_charset", chat.charset.iter().map(|&byte| char::from(byte)).collect::<String>())
        }
        Answer::Label { margin: 1.., .. } => {
            return Err("it answers ? below a margin, which the format has not".into());
        }
        Answer::Label { labels, .. } => ("_labels", json!(labels).to_string()),
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
            return Err("a sequence model: it is written as a folder".into());
        }
    };
    Ok(archive(layers, &Value::Object(architecture).to_string(), output))
}

fn archive(layers: &[Layer], architecture: &str, (name, output): (&str, String)) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The default time of a file in the archive is 1980-01-01, not now.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut put = |name: &str, array: Vec<u8>| {
        zip.start_file(format!("{name}.npy"), options).expect("the names are short and differ");
        zip.write_all(&array).expect("memory takes every write");
    };
    for (number, layer) in (1..).zip(layers) {
        let weights: Vec<u8> = layer.weights.iter().map(|&w| w as u8).collect();
        put(
            &format!("fc{number}_weight"),
            npy("|i1", &format!("({}, {})", layer.outputs, layer.inputs), &weights),
        );
        let bias: Vec<u8> = layer.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        put(&format!("fc{number}_bias"), npy("<i2", &format!("({},)", layer.outputs), &bias));
    }
    put("_architecture", npy(&format!("|S{}", architecture.len()), "()", architecture.as_bytes()));
    put(name, npy(&format!("|S{}", output.len()), "()", output.as_bytes()));
    zip.finish().expect("memory takes every write").into_inner()
}

/// An array in version 1.0 of the format: numpy/lib/format.py. The data begins at a multiple of 64 bytes.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = super::NPY_MAGIC.len() + 4;
    while !(before + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [super::NPY_MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
}
