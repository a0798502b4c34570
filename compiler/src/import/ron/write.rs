//! A model as `model.ron` text.

use super::{FORMAT, pack};
use crate::model::{Chat, Layer, Model, Output, QueryEncoder, WeightSet};
use std::fmt::Write;

/// Biases on a line.
const BIASES_A_LINE: usize = 16;

/// The canonical text of `model`, which must be one that [`Model::check`] passes.
pub fn write(model: &Model) -> String {
    let mut out = String::new();
    out.push_str("// A model for mlc. docs/model-format.md describes every field.\n(\n");
    field(&mut out, "format", &FORMAT.to_string());
    field(&mut out, "name", &quote(&model.name));
    field(&mut out, "about", &quote(&model.about));
    field(&mut out, "query", &query_text(&model.query));
    match &model.output {
        Output::Chat(chat) => field(&mut out, "output", &chat_text(chat)),
        Output::Classifier { labels } => {
            let lines = labels.iter().map(|label| quote(label));
            field(&mut out, "output", &format!("Classifier(labels: {})", list(lines)));
        }
    }
    let facts = model.training.iter().map(|(key, value)| format!("({}, {})", quote(key), quote(value)));
    field(&mut out, "training", &list(facts));
    // It came later than the format.
    if !model.calibration.is_empty() {
        field(&mut out, "calibration", &list(model.calibration.iter().map(|query| quote(query))));
    }
    field(&mut out, "layers", &list(model.layers.iter().map(shape)));
    out.push_str("    parameters: [\n");
    for (i, layer) in model.layers.iter().enumerate() {
        parameters(&mut out, i + 1, layer);
    }
    out.push_str("    ],\n)\n");
    out
}

/// Bands and sets came later than the format: what files without them mean is not written.
fn query_text(query: &QueryEncoder) -> String {
    let bands = if query.bands == 1 { String::new() } else { format!(", bands: {}", query.bands) };
    format!("(buckets: {}{bands}, max_length: {})", query.buckets, query.max_length)
}

fn shape(l: &Layer) -> String {
    let set = if l.set == WeightSet::Full { String::new() } else { format!(", set: {}", l.set) };
    format!("(inputs: {}, outputs: {}, shift: {}{set})", l.inputs, l.outputs, l.shift)
}

fn chat_text(chat: &Chat) -> String {
    // A byte is the character of the same number: Latin-1.
    let charset: String = chat.charset.iter().map(|&c| char::from(c)).collect();
    format!(
        "Chat(\n        charset: {},\n        context: (buckets: {}, length: {}),\n        max_reply: {},\n    )",
        quote(&charset),
        chat.context.buckets,
        chat.context.length,
        chat.max_reply
    )
}

fn parameters(out: &mut String, number: usize, layer: &Layer) {
    out.push_str(&format!("        ( // layer {number}\n            bias: [\n"));
    for line in layer.bias.chunks(BIASES_A_LINE) {
        let line: Vec<String> = line.iter().map(i16::to_string).collect();
        out.push_str(&format!("                {},\n", line.join(", ")));
    }
    out.push_str("            ],\n            weights: [\n");
    for output in 0..layer.outputs {
        out.push_str(&format!("                \"{}\",\n", pack::pack(layer.row(output), layer.set)));
    }
    out.push_str("            ],\n        ),\n");
}

fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("    {name}: {value},\n"));
}

/// A list of the head, an item a line.
fn list(items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("        {item},\n")).collect();
    if lines.is_empty() { "[]".to_string() } else { format!("[\n{lines}    ]") }
}

/// A RON string. Characters that do not show, or that change how others show, are escaped.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => escape(&mut out, c),
            '\u{2060}'..='\u{206f}' | '\u{feff}' => escape(&mut out, c),
            c if c.is_control() => escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    write!(out, "\\u{{{:x}}}", u32::from(c)).expect("a String takes every write");
}
