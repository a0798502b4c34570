//! Models as mlc wrote them in format 1.

use super::parts::{layers, reader};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use mlc_compiler::model::{Answer, Layer, Model, WeightSet};

/// The text of `model` in format 1: all of the head at the top, and a chat's context inside `output`.
pub fn version1(model: &Model) -> String {
    let query = &reader(model).query;
    let bands = if query.bands == 1 { String::new() } else { format!(", bands: {}", query.bands) };
    let output = match (&model.answer, &reader(model).context) {
        (Answer::Chat(chat), Some(context)) => format!(
            "Chat(\n        charset: {},\n        context: (buckets: {}, length: {}),\n        max_reply: {},\n    )",
            quote(&chat.charset.iter().map(|&c| char::from(c)).collect::<String>()),
            context.buckets,
            context.length,
            chat.max_reply
        ),
        (Answer::Label { labels, margin: 0 }, None) => {
            format!("Classifier(labels: {})", list(labels.iter().map(|label| quote(label))))
        }
        _ => panic!("a chat has a context, and only a chat"),
    };
    let facts = model.head.training.iter().map(|(key, value)| format!("({}, {})", quote(key), quote(value)));
    let calibration = match &model.head.calibration[..] {
        [] => String::new(),
        queries => format!("    calibration: {},\n", list(queries.iter().map(|query| quote(query)))),
    };
    format!(
        "// A model for mlc. docs/model-format.md describes every field.\n(\n    format: 1,\n    name: {},\n    \
         about: {},\n    query: (buckets: {}{bands}, max_length: {}),\n    output: {output},\n    training: {},\n\
         {calibration}    layers: {},\n    parameters: [\n{}    ],\n)\n",
        quote(&model.head.name),
        quote(&model.head.about),
        query.buckets,
        query.max_length,
        list(facts),
        list(layers(model).iter().map(shape)),
        layers(model).iter().enumerate().map(|(i, layer)| parameters(i + 1, layer)).collect::<String>(),
    )
}

fn quote(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn list(items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("        {item},\n")).collect();
    if lines.is_empty() { "[]".to_string() } else { format!("[\n{lines}    ]") }
}

fn shape(l: &Layer) -> String {
    let set = if l.set == WeightSet::Full { String::new() } else { format!(", set: {}", l.set) };
    format!("(inputs: {}, outputs: {}, shift: {}{set})", l.inputs, l.outputs, l.shift)
}

fn parameters(number: usize, layer: &Layer) -> String {
    let biases = |line: &[i16]| line.iter().map(i16::to_string).collect::<Vec<_>>().join(", ");
    let biases = layer.bias.chunks(16).map(|line| format!("                {},\n", biases(line)));
    let row = |o| format!("                \"{}\",\n", packed(layer.row(o), layer.set));
    format!(
        "        ( // layer {number}\n            bias: [\n{}            ],\n            weights: [\n{}            ],\n        ),\n",
        biases.collect::<String>(),
        (0..layer.outputs).map(row).collect::<String>(),
    )
}

/// Two bits a weight, or one in a binary layer, from the lowest bits of a byte up.
fn packed(row: &[i8], set: WeightSet) -> String {
    let (bits, code): (usize, fn(i8) -> u8) = match set {
        WeightSet::Binary => (1, |w| u8::from(w > 0)),
        WeightSet::Full | WeightSet::Ternary => (2, |w| w as u8 & 3),
    };
    let mut bytes = vec![0u8; (row.len() * bits).div_ceil(8)];
    for (i, &w) in row.iter().enumerate() {
        bytes[i * bits / 8] |= code(w) << (i * bits % 8);
    }
    STANDARD_NO_PAD.encode(bytes)
}
