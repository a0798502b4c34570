//! A model as `model.ron` text.

use super::network::{Class, Network, Numbers, Sensors};
use super::tokenizer::Tokenizer;
use super::transformer::Transformer;
use super::version::NEWEST;
use super::{pack, story};
use crate::model::{
    Answer, Body, ContextEncoder, HashedText, Head, Layer, Model, QueryEncoder, Reader, WeightSet,
};
use ::ron::ser::PrettyConfig;
use serde::Serialize;
use std::fmt::Write;

/// Biases on a line.
const BIASES_A_LINE: usize = 16;

/// The canonical text of `model`, which must be one that [`Model::check`] passes, in the newest format.
pub fn write(model: &Model) -> String {
    let mut out = String::new();
    out.push_str("// A model for mlc. docs/model-format.md describes every field.\n(\n");
    field(&mut out, 1, "format", &NEWEST.to_string());
    head(&mut out, &model.head);
    match &model.reader {
        Reader::HashedText(text) => hashed_text(&mut out, text),
        Reader::Tokens(tokens) => {
            out.push_str("    reader: Tokens(\n");
            field(&mut out, 2, "max_length", &tokens.max_length.to_string());
            field(&mut out, 2, "tokenizer", &pretty(2, &Tokenizer::from(&tokens.tokenizer)));
            out.push_str("    ),\n");
        }
        Reader::Sensors(sensors) => {
            field(&mut out, 1, "reader", &format!("Sensors({})", compact(1, &Sensors::from(sensors))));
        }
    }
    // Before the body, whose weights are long.
    match &model.answer {
        Answer::Chat(chat) => {
            // A byte is the character of the same number: Latin-1.
            let charset: String = chat.charset.iter().map(|&c| char::from(c)).collect();
            let (charset, max_reply) = (quote(&charset), chat.max_reply);
            let chat = format!("Chat(\n        charset: {charset},\n        max_reply: {max_reply},\n    )");
            field(&mut out, 1, "answer", &chat);
        }
        Answer::Label { labels, margin } => {
            let lines = labels.iter().map(|label| quote(label));
            let margin = if *margin > 0 { format!(", margin: {margin}") } else { String::new() };
            field(&mut out, 1, "answer", &format!("Label(labels: {}{margin})", list(1, lines)));
        }
        Answer::Class(class) => {
            field(&mut out, 1, "answer", &format!("Class({})", compact(1, &Class::from(class))));
        }
        Answer::Numbers(numbers) => {
            field(&mut out, 1, "answer", &format!("Numbers({})", compact(1, &Numbers::from(numbers))));
        }
        Answer::Story(story) => field(&mut out, 1, "answer", &story::text(story)),
    }
    match &model.body {
        Body::Layers(layers) => body(&mut out, layers),
        Body::Transformer(body) => {
            field(&mut out, 1, "body", &format!("Transformer({})", pretty(1, &Transformer::from(body))));
        }
        Body::Network(body) => {
            field(&mut out, 1, "body", &format!("Network({})", compact(1, &Network::from(body))));
        }
    }
    out.push_str(")\n");
    out
}

fn head(out: &mut String, head: &Head) {
    out.push_str("    head: (\n");
    field(out, 2, "name", &quote(&head.name));
    field(out, 2, "about", &quote(&head.about));
    let facts = head.training.iter().map(|(key, value)| format!("({}, {})", quote(key), quote(value)));
    field(out, 2, "training", &list(2, facts));
    if !head.calibration.is_empty() {
        field(out, 2, "calibration", &list(2, head.calibration.iter().map(|query| quote(query))));
    }
    out.push_str("    ),\n");
}

fn hashed_text(out: &mut String, text: &HashedText) {
    out.push_str("    reader: HashedText(\n");
    field(out, 2, "query", &query_text(&text.query));
    if let Some(ContextEncoder { buckets, length }) = &text.context {
        field(out, 2, "context", &format!("(buckets: {buckets}, length: {length})"));
    }
    out.push_str("    ),\n");
}

fn body(out: &mut String, layers: &[Layer]) {
    out.push_str("    body: Layers(\n");
    field(out, 2, "layers", &list(2, layers.iter().map(shape)));
    out.push_str("        parameters: [\n");
    for (i, layer) in layers.iter().enumerate() {
        parameters(out, i + 1, layer);
    }
    out.push_str("        ],\n    ),\n");
}

/// One band is what a file without the field means, and is not written; nor is the full set of a layer.
fn query_text(query: &QueryEncoder) -> String {
    let bands = if query.bands == 1 { String::new() } else { format!(", bands: {}", query.bands) };
    format!("(buckets: {}{bands}, max_length: {})", query.buckets, query.max_length)
}

fn shape(l: &Layer) -> String {
    let set = if l.set == WeightSet::Full { String::new() } else { format!(", set: {}", l.set) };
    format!("(inputs: {}, outputs: {}, shift: {}{set})", l.inputs, l.outputs, l.shift)
}

fn parameters(out: &mut String, number: usize, layer: &Layer) {
    out.push_str(&format!("            ( // layer {number}\n                bias: [\n"));
    for line in layer.bias.chunks(BIASES_A_LINE) {
        let line: Vec<String> = line.iter().map(i16::to_string).collect();
        out.push_str(&format!("                    {},\n", line.join(", ")));
    }
    out.push_str("                ],\n                weights: [\n");
    for output in 0..layer.outputs {
        out.push_str(&format!("                    \"{}\",\n", pack::pack(layer.row(output), layer.set)));
    }
    out.push_str("                ],\n            ),\n");
}

/// A part that serde writes, as the value of a field that stands in `depth` brackets.
fn pretty(depth: usize, part: &impl Serialize) -> String {
    text(depth, part, false)
}

/// The same with each list on one line.
fn compact(depth: usize, part: &impl Serialize) -> String {
    text(depth, part, true)
}

fn text(depth: usize, part: &impl Serialize, compact_lists: bool) -> String {
    let config = PrettyConfig::new().new_line("\n").compact_arrays(compact_lists);
    let text = ::ron::ser::to_string_pretty(part, config).expect("strings, numbers and lists can be written");
    text.replace('\n', &format!("\n{}", "    ".repeat(depth)))
}

/// A field that stands in `depth` brackets.
fn field(out: &mut String, depth: usize, name: &str, value: &str) {
    out.push_str(&format!("{}{name}: {value},\n", "    ".repeat(depth)));
}

/// A list, an item a line, as the value of a field that stands in `depth` brackets.
fn list(depth: usize, items: impl Iterator<Item = String>) -> String {
    let indent = "    ".repeat(depth);
    let lines: String = items.map(|item| format!("{indent}    {item},\n")).collect();
    if lines.is_empty() { "[]".to_string() } else { format!("[\n{lines}{indent}]") }
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
