//! What the templates in `templates/c99` are given.

use super::names::identifier;
use crate::model::Model;
use crate::stage::{Answer, Product, Source, Stage, Start, answer, output, readers};
use crate::weights::codes::{self, STEP};
use serde::Serialize;
use std::collections::BTreeSet;

/// Characters of a label in its name.
const MOST_OF_A_LABEL: usize = 24;
/// Numbers a line.
const PER_LINE: usize = 16;

/// Context of all of them.
#[derive(Serialize)]
pub struct Program {
    pub name: String,
    guard: String,
    /// First line of the comments on top.
    title: String,
    chat: bool,
    max_query: u8,
    max_reply: u8,
    window: u8,
    charset: Vec<String>,
    /// Characters and a 0, as C writes them.
    labels: Vec<String>,
    /// What the header calls each of them, and how it reads.
    label_names: Vec<LabelName>,
    /// The longest label with its 0.
    label_size: usize,
    logits: usize,
    /// How far below the largest logit the others must be for it to be sure, if it can be unsure.
    margin: Option<u8>,
    /// Shift of the last layer, and the buffer that its sums are in.
    shift: u8,
    last: &'static str,
    /// What a count of 1 is worth.
    factor: u8,
    /// Elements behind each buffer that the padding of a column may step over.
    slack: u16,
    buffers: Vec<Buffer>,
    stages: Vec<StageContext>,
    has_hidden: bool,
    /// A layer has 64 KB of codes or more.
    long_offsets: bool,
    state_bytes: usize,
    flash_bytes: usize,
}

impl Program {
    /// Bytes of constants and of state.
    pub fn bytes(&self) -> (usize, usize) {
        (self.flash_bytes, self.state_bytes)
    }
}

#[derive(Serialize)]
struct LabelName {
    name: String,
    /// Fit for a comment.
    text: String,
}

#[derive(Serialize)]
struct Buffer {
    name: &'static str,
    size: usize,
}

#[derive(Serialize)]
struct StageContext {
    name: String,
    /// One line for the comment on top.
    about: String,
    in_loop: bool,
    /// `trigrams`, `ngrams` or `hidden`.
    source: &'static str,
    /// The buffer of its sums, and of those it reads.
    to: &'static str,
    from: &'static str,
    /// The buffer whose sums it starts with, if not with constants.
    copies: Option<&'static str>,
    outputs: usize,
    inputs: usize,
    shift: u8,
    buckets: u16,
    bands: u8,
    weights: Vec<String>,
    columns: Vec<String>,
    starts: Vec<String>,
}

/// Everything that the templates need of a network.
pub fn context(model: &Model, stages: &[Stage]) -> Program {
    let products: Vec<&Product> = products(stages).map(|(_, product)| product).collect();
    let name = identifier(&model.head.name);
    let columns: Vec<Vec<Vec<u8>>> =
        products.iter().map(|p| p.columns.iter().map(codes::bytes).collect()).collect();
    let longest = columns.iter().map(|c| c.iter().map(Vec::len).sum::<usize>()).max().unwrap_or(0);
    let long_offsets = longest > usize::from(u16::MAX);
    let buffers = buffers(stages);
    let stage = |(i, codes): (usize, &Vec<Vec<u8>>)| stage(stages, i, codes);
    let (charset, labels) = match answer(stages) {
        Answer::Chat { charset, .. } => (lines(charset.iter().map(|&b| character(b))), vec![]),
        Answer::Label { labels, .. } => (vec![], labels.iter().map(|l| c_label(l)).collect()),
    };
    let (logits, choose) = output(stages);
    let (window, max_reply, label_size, texts) = match answer(stages) {
        Answer::Chat { charset, context, max_reply } => (*context, *max_reply, 0, charset.len()),
        Answer::Label { labels, .. } => {
            let sizes = || labels.iter().map(|l| l.len() + 1);
            (0, 0, sizes().max().unwrap_or(1), sizes().sum())
        }
    };
    let offset_bytes = if long_offsets { 4 } else { 2 };
    let constants = |(s, codes): (&&Product, &Vec<Vec<u8>>)| {
        let starts = if matches!(s.start, Start::Constant(_)) { 2 * s.outputs } else { 0 };
        codes.iter().map(Vec::len).sum::<usize>().max(1) + offset_bytes * (codes.len() + 1) + starts
    };
    let about: String = comment(&model.head.about);
    Program {
        title: format!("{}: {}", model.head.name, about).trim_end_matches([' ', ':']).to_string(),
        label_names: match answer(stages) {
            Answer::Chat { .. } => vec![],
            Answer::Label { labels, .. } => label_names(labels, choose.margin > 0),
        },
        // One label alone is always sure.
        margin: Some(choose.margin).filter(|margin| *margin > 0 && products[logits].outputs > 1),
        guard: name.to_ascii_uppercase(),
        name,
        chat: matches!(answer(stages), Answer::Chat { .. }),
        max_query: model.reader.max_query(),
        max_reply,
        window,
        charset,
        labels,
        label_size,
        logits: products[logits].outputs,
        shift: choose.shift,
        last: target(stages, logits),
        factor: products.iter().find_map(|p| factor(p)).expect("the first layer counts"),
        slack: STEP,
        has_hidden: products.iter().any(|p| !p.is_hashed()),
        long_offsets,
        state_bytes: buffers.iter().map(|b| 2 * (b.size + usize::from(STEP))).sum::<usize>()
            + if window > 0 { usize::from(window) + 1 } else { 0 },
        flash_bytes: products.iter().zip(&columns).map(constants).sum::<usize>() + texts,
        stages: columns.iter().enumerate().map(stage).collect(),
        buffers,
    }
}

/// A name of its own for each label: its letters and digits in upper case, `_` for all else. Where that is taken, by
/// another label or by the size of labels, the label's index stands behind it.
/// `unsure`: the last one is what is not sure.
fn label_names(labels: &[String], unsure: bool) -> Vec<LabelName> {
    let mut taken = BTreeSet::from(["SIZE".to_string()]);
    let mut named = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        // A C compiler need not look at more than 63 characters of a name.
        let label = if unsure && i + 1 == labels.len() { "UNSURE" } else { label };
        let mut name: String = label.chars().map(plain).take(MOST_OF_A_LABEL).collect();
        while !taken.insert(name.clone()) {
            name += &format!("_{i}");
        }
        named.push(LabelName { name, text: comment(&labels[i]) });
    }
    named
}

/// Text that ends no comment, opens none, and stays on its line.
pub(super) fn comment(text: &str) -> String {
    text.replace(char::is_control, " ").replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
}

fn factor(product: &Product) -> Option<u8> {
    match product.source {
        Source::Trigrams { factor, .. } | Source::Ngrams { factor, .. } => Some(factor),
        Source::Hidden { .. } => None,
    }
}

/// The products, and where they stand among the stages.
fn products(stages: &[Stage]) -> impl Iterator<Item = (usize, &Product)> {
    stages.iter().enumerate().filter_map(|(i, stage)| Some((i, stage.product()?)))
}

/// The buffer that a stage's sums are in: one for the query's half, which stays, then two by turns.
fn target(stages: &[Stage], stage: usize) -> &'static str {
    let kept = readers(stages, stage).any(|r| stages[r].starts_from() == Some(stage));
    if kept { "query" } else { ["even", "odd"][stage % 2] }
}

/// Each buffer that a network uses, as large as its largest array.
fn buffers(stages: &[Stage]) -> Vec<Buffer> {
    let arrays = || products(stages).map(|(i, product)| (target(stages, i), product.outputs));
    let size = |name| arrays().filter(|(to, _)| *to == name).map(|(_, outputs)| outputs).max();
    ["query", "even", "odd"].into_iter().filter_map(|name| Some(Buffer { name, size: size(name)? })).collect()
}

fn stage(stages: &[Stage], index: usize, codes: &[Vec<u8>]) -> StageContext {
    let stage = &stages[index];
    let product = stage.product().expect("codes are those of products");
    let (source, inputs) = match product.source {
        Source::Trigrams { .. } => ("trigrams", "the query's trigrams".to_string()),
        Source::Ngrams { .. } => ("ngrams", "the window's n-grams".to_string()),
        Source::Hidden { stage: from, .. } => ("hidden", stages[from].name.clone()),
    };
    let (buckets, bands) = match product.source {
        Source::Trigrams { buckets, bands, .. } => (buckets, bands),
        Source::Ngrams { buckets, .. } => (buckets, 1),
        Source::Hidden { .. } => (0, 1),
    };
    let (from, shift) = match product.source {
        Source::Hidden { stage: from, shift, .. } => (target(stages, from), shift),
        Source::Trigrams { .. } | Source::Ngrams { .. } => ("", 0),
    };
    let ends = codes.iter().scan(0, |end, c| {
        *end += c.len();
        Some(*end)
    });
    let bytes: Vec<u8> = codes.concat();
    let bytes = if bytes.is_empty() { vec![0x77] } else { bytes }; // C knows no array of nothing
    StageContext {
        name: stage.name.clone(),
        about: format!(
            "{}: {} → {}, {} weights, from {inputs}",
            stage.name,
            product.columns.len(),
            product.outputs,
            product.columns.iter().map(|c| c.len()).sum::<usize>(),
        )
        .replace('→', "to"),
        in_loop: stage.in_loop,
        source,
        to: target(stages, index),
        from,
        copies: match product.start {
            Start::Stage(from) => Some(target(stages, from)),
            Start::Constant(_) => None,
        },
        outputs: product.outputs,
        inputs: product.columns.len(),
        shift,
        buckets,
        bands,
        weights: lines(bytes.iter().map(u8::to_string)),
        columns: lines(std::iter::once(0).chain(ends).map(|n| n.to_string())),
        starts: match &product.start {
            Start::Constant(values) => lines(values.iter().map(|&v| (v as u16).to_string())),
            Start::Stage(_) => vec![],
        },
    }
}

pub(super) fn lines(values: impl Iterator<Item = String>) -> Vec<String> {
    values.collect::<Vec<_>>().chunks(PER_LINE).map(|line| line.join(", ")).collect()
}

/// A byte as a C constant that is no negative `char`.
fn character(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("'\\{}'", char::from(byte)),
        b' '..=b'~' => format!("'{}'", char::from(byte)),
        _ => byte.to_string(),
    }
}

pub(super) fn c_label(label: &str) -> String {
    label.bytes().chain([0]).map(character).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_names_of_their_own() {
        let long = "a".repeat(60);
        let labels = ["ON", "on", "turn left", "size", "", "+1", "-1", "\u{e4} */ b", &long];
        let labels = labels.map(str::to_string);
        let names = label_names(&labels, false);
        let long = long[..24].to_uppercase();
        let wants = ["ON", "ON_1", "TURN_LEFT", "SIZE_3", "", "_1", "_1_6", "_____B", &long];
        assert_eq!(names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), wants);
        assert_eq!(names[7].text, "\u{e4} * / b");
        // A name that looks like one with an index.
        let names = label_names(&["A".to_string(), "A_2".to_string(), "a".to_string()], false);
        assert_eq!(names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["A", "A_2", "A_2_2"]);
    }
}
