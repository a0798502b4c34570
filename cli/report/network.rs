//! The network in the report: drawn, and its weights counted.

use super::parts::{Cell, bar, label, picture, table};
use crate::inspect::{self, LayerFacts};
use crate::sequence;
use crate::table::grouped;
use mlc_compiler::model::{Body, Layer, Model, Reader, Transformer};
use std::collections::BTreeMap;

/// Bars of a histogram at most; more values share them.
const BARS: usize = 33;

/// Room for half of a part's name at both ends.
const LEFT: f64 = 46.0;

/// A part of the network that is drawn: a name, how wide it is, and the share of weights that lead to it and are not 0.
struct Part {
    name: String,
    width: usize,
    dense: Option<f64>,
}

/// The parts of a network in a row, as high as the root of their width.
pub fn drawing(model: &Model) -> String {
    let parts = parts(model);
    let most = parts.iter().map(|part| part.width).max().unwrap_or(1).max(1) as f64;
    let (step, base, high) = (104.0, 190.0, 140.0);
    let height = |part: &Part| (high * (part.width as f64 / most).sqrt()).max(4.0);
    let mut shapes = String::new();
    for (at, part) in parts.iter().enumerate() {
        let (x, tall) = (LEFT + step * at as f64, height(part));
        let middle = base - high / 2.0;
        if let (Some(before), Some(dense)) = (at.checked_sub(1).map(|before| &parts[before]), part.dense) {
            let from = height(before);
            shapes += &format!(
                "<polygon class=\"link\" fill-opacity=\"{:.2}\" points=\"{:.1},{:.1} {x:.1},{:.1} {x:.1},{:.1} {:.1},{:.1}\"/>\n",
                0.1 + 0.8 * dense,
                x - step + 22.0,
                middle - from / 2.0,
                middle - tall / 2.0,
                middle + tall / 2.0,
                x - step + 22.0,
                middle + from / 2.0
            );
            shapes += &label(x - step / 2.0 + 11.0, 24.0, "middle", &format!("{:.0} %", 100.0 * dense));
        }
        shapes += &bar("part", (x, middle - tall / 2.0), (22.0, tall));
        shapes += &label(x + 11.0, base + 22.0, "middle", &part.name);
        shapes += &label(x + 11.0, base + 40.0, "middle", &grouped(part.width as u64));
    }
    let chain: Vec<String> =
        parts.iter().map(|part| format!("{} {}", part.name, grouped(part.width as u64))).collect();
    let title = format!(
        "The network, from left to right: {}. Above each link is the share of its weights that are not 0.",
        chain.join(", ")
    );
    picture(&title, (2.0 * LEFT + step * parts.len() as f64 - step + 22.0, 240.0), &shapes)
}

fn parts(model: &Model) -> Vec<Part> {
    let part = |name: &str, width: usize| Part { name: name.into(), width, dense: None };
    match (&model.reader, &model.body) {
        (Reader::HashedText(reader), Body::Layers(layers)) => {
            let context = reader.context.as_ref().map_or(0, |context| usize::from(context.buckets));
            let name = if context > 0 { "query, context" } else { "query" };
            let mut parts = vec![part(name, usize::from(reader.query.buckets) + context)];
            parts.extend(layers.iter().enumerate().map(|(at, layer)| Part {
                name: format!("layer {}", at + 1),
                width: layer.outputs,
                dense: Some(share(&layer.weights)),
            }));
            parts
        }
        (_, Body::Transformer(body)) => {
            let mut parts = vec![part("tokens", body.embedding.rows)];
            parts.push(Part {
                name: "embedding".into(),
                width: body.dim,
                dense: Some(share(&body.embedding.values)),
            });
            for (at, block) in body.blocks.iter().enumerate() {
                let of = |name: &str| format!("{name} {}", at + 1);
                let heads = Part {
                    name: of("attention"),
                    width: body.heads * body.head_size,
                    dense: Some(share(&block.attention.query.values)),
                };
                let up = &block.feed_forward.up;
                let feed = Part { name: of("feed-forward"), width: up.rows, dense: Some(share(&up.values)) };
                parts.extend([heads, feed]);
            }
            let last = if body.outputs() == body.embedding.rows { "next token" } else { "labels" };
            parts.push(part(last, body.outputs()));
            parts
        }
        // Reports of networks on numbers are refused, and a reader of tokens goes with a transformer.
        (_, Body::Network(_)) | (Reader::Tokens(_) | Reader::Sensors(_), Body::Layers(_)) => Vec::new(),
    }
}

fn share<T: PartialEq + Default>(weights: &[T]) -> f64 {
    let zero = T::default();
    weights.iter().filter(|w| **w != zero).count() as f64 / weights.len().max(1) as f64
}

/// How many weights have each value, a picture for each layer or matrix, and a table of all of them.
pub fn weights(model: &Model) -> String {
    match &model.body {
        Body::Layers(layers) => hashed(layers),
        Body::Transformer(body) => matrices(body),
        Body::Network(_) => String::new(),
    }
}

fn hashed(layers: &[Layer]) -> String {
    let histograms: String = layers
        .iter()
        .enumerate()
        .map(|(at, layer)| {
            let values = layer.weights.iter().map(|&w| i32::from(w));
            histogram(&format!("layer {}", at + 1), values)
        })
        .collect();
    let row = |(at, layer): (usize, &Layer)| {
        let facts = LayerFacts::new(layer);
        let weights = facts.inputs * facts.outputs;
        vec![
            Cell::text(format!("layer {}", at + 1)),
            Cell::count(facts.inputs),
            Cell::count(facts.outputs),
            Cell::count(weights),
            Cell::count(facts.nonzero),
            Cell::share(facts.nonzero as f64, weights as f64),
            Cell::count(facts.minus_two),
            Cell::count(facts.zero_rows),
            Cell::count(facts.zero_columns),
            Cell::signed(facts.bias_least.into()),
            Cell::signed(facts.bias_most.into()),
            Cell::count(facts.shift.into()),
        ]
    };
    let columns = [
        "layer",
        "inputs",
        "outputs",
        "weights",
        "not 0",
        "share",
        "−2",
        "outputs without weights",
        "inputs without weights",
        "least bias",
        "largest bias",
        "shift",
    ];
    let rows: Vec<_> = layers.iter().enumerate().map(row).collect();
    format!(
        "<div class=\"grid\">\n{histograms}</div>\n{}",
        table("layers", "Weights by layer", &columns, &rows)
    )
}

fn matrices(body: &Transformer) -> String {
    let named = sequence::named(body);
    let histograms: String = named
        .iter()
        .map(|(name, matrix)| histogram(name, matrix.values.iter().map(|&w| i32::from(w))))
        .collect();
    let row = |(name, matrix): &(String, &mlc_compiler::model::Matrix)| {
        let nonzero = matrix.values.iter().filter(|&&w| w != 0).count();
        vec![
            Cell::text(name.clone()),
            Cell::count(matrix.cols),
            Cell::count(matrix.rows),
            Cell::count(matrix.values.len()),
            Cell::count(nonzero),
            Cell::share(nonzero as f64, matrix.values.len() as f64),
            Cell::text(sequence::grid(matrix)),
            Cell::count((matrix.values.len() * usize::from(matrix.grid.bits())).div_ceil(8)),
        ]
    };
    let columns = ["matrix", "inputs", "outputs", "weights", "not 0", "share", "grid", "bytes"];
    let rows: Vec<_> = named.iter().map(row).collect();
    format!(
        "<div class=\"grid\">\n{histograms}</div>\n{}",
        table("matrices", "Weights by matrix", &columns, &rows)
    )
}

/// Counts of values as bars; neighbours share a bar where there are many values.
fn histogram(name: &str, values: impl Iterator<Item = i32>) -> String {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let (Some((&least, _)), Some((&most, _))) = (counts.first_key_value(), counts.last_key_value()) else {
        return String::new();
    };
    let wide = ((most - least) as usize / BARS + 1) as i32;
    let bins: Vec<(i32, usize)> = (least..=most)
        .step_by(wide as usize)
        .map(|from| (from, counts.range(from..from + wide).map(|(_, count)| count).sum()))
        .collect();
    let high = bins.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let step = 220.0 / bins.len() as f64;
    let mut shapes = label(120.0, 16.0, "middle", name);
    let number = |n: i32| n.to_string().replace('-', "−");
    for (at, (from, count)) in bins.iter().enumerate() {
        let (x, tall) = (10.0 + step * at as f64, 80.0 * *count as f64 / high);
        shapes += &bar("bar", (x + 0.5, 120.0 - tall), (step - 1.0, tall));
        if bins.len() <= 5 {
            shapes += &label(x + step / 2.0, 114.0 - tall, "middle", &grouped(*count as u64));
        }
        if bins.len() <= 5 || [0, bins.len() - 1].contains(&at) || *from == 0 {
            shapes += &label(x + step / 2.0, 136.0, "middle", &number(*from));
        }
    }
    let told: Vec<String> = match bins.len() {
        0..=16 => bins
            .iter()
            .map(|(from, count)| format!("{} × {}", grouped(*count as u64), number(*from)))
            .collect(),
        _ => vec![format!("values {} to {}", number(least), number(most))],
    };
    let (title, size) = (format!("Weights of {name}: {}", told.join(", ")), (240.0, 144.0));
    picture(&title, size, &shapes)
}

/// Proven bounds of sums.
pub fn bounds(accumulators: &[inspect::Accumulator]) -> String {
    let row = |sums: &inspect::Accumulator| {
        vec![
            Cell::text(sums.stage.clone()),
            Cell::signed(sums.least),
            Cell::signed(sums.most),
            Cell::count(sums.wraps),
        ]
    };
    let rows: Vec<_> = accumulators.iter().map(row).collect();
    let columns = ["layer", "least sum", "largest sum", "neurons that can wrap"];
    table("sums", "Proven bounds of the sums, for the longest question", &columns, &rows)
}
