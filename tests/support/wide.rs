//! Random networks at the edges of the kernels: widths at and around multiples of 256, few large biases, and
//! activations above 255 at the first, the last and the middle index of a tile.

use super::{Random, parts, query};
use mlc_compiler::Compiled;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::{Demands, Layer as LayerName, Optimize};
use mlc_compiler::stage::Stage;
use mlc_compiler::weights::Form;
use std::ops::Range;

/// What a tile, a counter in a byte, and a register pair can get wrong; 256 more often than the others.
const WIDTHS: [usize; 14] = [1, 2, 127, 128, 129, 254, 255, 256, 256, 256, 257, 258, 300, 512];
/// Weights of all layers: more would fit no machine when they are packed.
const MOST_WEIGHTS: usize = 180_000;

/// How many networks to try, from which seed on: `usual`, from 0 on, unless `MLC_WIDE_NETWORKS` and `MLC_WIDE_FROM`
/// say otherwise.
pub fn seeds(usual: u64) -> Range<u64> {
    let number = |name| std::env::var(name).ok().map(|v| v.parse().expect("the variable is a number"));
    let from = number("MLC_WIDE_FROM").unwrap_or(0);
    from..from + number("MLC_WIDE_NETWORKS").unwrap_or(usual)
}

/// The network of a seed: at most `widest` neurons a layer.
pub fn model(seed: u64, widest: usize) -> Model {
    let mut r = Random(seed ^ 0x57ED_A11D);
    let chat = r.chance(50);
    let pick = |r: &mut Random, from: &[usize]| from[r.within(0, from.len() - 1)].min(widest);
    let buckets = [16, 64, 255, 256, 257];
    let query = QueryEncoder {
        buckets: pick(&mut r, &buckets) as u16,
        bands: if r.chance(20) { 3 } else { 1 },
        max_length: 60,
    };
    let context = pick(&mut r, &buckets[..3]);
    let inputs = usize::from(query.buckets) + if chat { context } else { 0 };
    let classes = if chat { r.within(2, 40) } else { pick(&mut r, &[2, 5, 255, 256, 257, 300]) };
    let mut widths = vec![inputs];
    for _ in 0..r.within(1, 3) {
        widths.push(pick(&mut r, &WIDTHS));
    }
    widths.push(classes);
    while weights(&widths) > MOST_WEIGHTS {
        let at = r.within(1, widths.len() - 2);
        widths[at] = pick(&mut r, &WIDTHS);
    }
    let shift = if r.chance(60) { 2 } else { r.within(0, 7) as u8 };
    let layers = widths.windows(2).map(|w| edged(&mut r, w[0], w[1], shift)).collect();
    let (context, answer) = match chat {
        true => chat_of(&mut r, context, classes),
        false => (None, parts::label((0..classes).map(|i| format!("L{i}")))),
    };
    let (name, about) = (format!("wide-{seed}"), "widths and activations at the edges");
    parts::model((&name, about), (query, context), layers, answer)
}

/// Whether a program looks for activations above 255 in a whole tile of 256 accumulators: what these networks are for.
pub fn scans_whole_tile(compiled: &Compiled) -> bool {
    let whole = |stage: &Stage| {
        stage.product().is_some_and(|product| product.is_big() && product.columns.len() >= 256)
    };
    compiled.plan.stages().iter().any(whole)
}

fn weights(widths: &[usize]) -> usize {
    widths.windows(2).map(|w| w[0] * w[1]).sum()
}

fn chat_of(r: &mut Random, context: usize, classes: usize) -> (Option<ContextEncoder>, Answer) {
    let charset = (0..classes - 1).map(|i| b'"' + i as u8).chain([0]).collect();
    let context = ContextEncoder { buckets: context as u16, length: r.within(1, 9) as u8 };
    (Some(context), Answer::Chat(Chat { charset, max_reply: r.within(1, 3) as u8 }))
}

/// The indices at which a loop over `width` elements in tiles of 256 begins, turns over and ends.
fn edges(width: usize) -> Vec<usize> {
    let mut edges = vec![0, 1, 127, 128, 254, 255, 256, 257, 511, width / 2, width - 1];
    edges.push(width.saturating_sub(2));
    edges.retain(|&i| i < width);
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A layer with few weights in which no pass finds a neuron to remove: each has inputs, and somebody reads it. Neurons
/// at edges often have a large bias, so that what they hand on is above 255; and what comes from inputs at edges is used.
fn edged(r: &mut Random, inputs: usize, outputs: usize, shift: u8) -> Layer {
    let mut weights = vec![0i8; inputs * outputs];
    for row in weights.chunks_mut(inputs) {
        for _ in 0..r.within(2, 4) {
            row[r.within(0, inputs - 1)] = [-2, -1, -1, 1, 1, 1][r.within(0, 5)];
        }
        row[r.within(0, inputs - 1)] = 1;
    }
    for input in 0..inputs {
        if (0..outputs).all(|row| weights[row * inputs + input] == 0) {
            weights[r.within(0, outputs - 1) * inputs + input] = 1;
        }
    }
    let rows = edges(outputs);
    for input in edges(inputs) {
        for _ in 0..r.within(0, 4) {
            let row = if r.chance(50) { rows[r.within(0, rows.len() - 1)] } else { r.within(0, outputs - 1) };
            weights[row * inputs + input] = [-1, 1, 1][r.within(0, 2)];
        }
    }
    let mut bias: Vec<i16> = (0..outputs).map(|_| r.within(0, 120) as i16 - 60).collect();
    for row in rows {
        if r.chance(45) {
            bias[row] = large(r, shift);
        }
    }
    let mut layer = Layer { inputs, outputs, weights, bias, shift, set: WeightSet::Full };
    if r.chance(10) {
        super::restrict(&mut layer, WeightSet::Ternary, r);
    }
    layer
}

/// A bias that makes an activation of 256 and more, or one below or above: or far below 0.
fn large(r: &mut Random, shift: u8) -> i16 {
    let activation = [255, 256, 257, 511, 512, 1023, 1024, 5000][r.within(0, 7)];
    let scaled = (activation << shift).min(32_000) + r.within(0, 1);
    match r.within(0, 9) {
        0 => -(scaled as i16),
        1 => 32_767,
        _ => scaled as i16,
    }
}

/// Queries of a seed: short, as long as the network takes them, and of one letter. None is empty or ends a chat.
pub fn queries(seed: u64) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0x9E3);
    let mut queries: Vec<_> = [4, 59].map(|longest| query(&mut r, longest)).to_vec();
    queries.retain(|q| !matches!(q.trim_ascii(), b"" | b"!"));
    queries.push(vec![b'a' + r.within(0, 25) as u8]);
    queries
}

/// What programs are asked for: the fastest, the smallest, each form for all stages, and forms at random.
pub fn demands(seed: u64, layers: usize) -> Vec<(String, Demands)> {
    let mut r = Random(seed ^ 0xDE3A);
    // The first layer counts n-grams: it has columns.
    let columns = Form::ALL.into_iter().filter(|form| *form != Form::Planes).collect::<Vec<_>>();
    let mut pick = |from: &[Form]| from[r.within(0, from.len() - 1)];
    let form = |n: usize| if n == 1 { pick(&columns) } else { pick(&Form::ALL) };
    let mixed = (1..=layers).map(LayerName::Number).zip((1..=layers).map(form));
    let mixed = Demands { layers: mixed.collect(), ..Demands::default() };
    let what = format!("{:?}", mixed.layers);
    let size = Demands { optimize: Optimize::Size, ..Demands::default() };
    let mut all = vec![("auto".into(), Demands::default()), ("size".into(), size), (what, mixed)];
    all.extend(Form::ALL.map(|form| (form.name().into(), Demands::of(Some(form)))));
    all
}
