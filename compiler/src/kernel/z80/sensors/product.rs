//! Sums of windows times weights, by sums of subsets.

use super::code::{self, Source};
use super::layout::{Aim, EACH, LOOKS, Layout};
use super::scale::{Record, Scaling, Sums};
use super::stage::{Gather, Group, Output, Spread, Stage, counted};
use super::writer::{Refused, Writer, db};
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::net::{Array, Product};
use crate::kernel::sensors::place::Place;
use serde::Serialize;

/// Bytes of a channel that are gathered by code.
const APART: usize = 64;

/// A part of a window, whose bytes are in tables at once.
#[derive(Serialize)]
pub struct Part {
    number: usize,
    label: String,
    data: String,
    /// Where it begins in the window.
    offset: usize,
    is_first: bool,
    is_last: bool,
    /// How many parts it stands for, which follow each other: 1 unless it is a loop over all but the last.
    times: usize,
    sign: Plane,
    others: Plane,
}

/// The looks of a plane: a loop over `pages` pages with those of a page, and what is behind it.
#[derive(Serialize)]
struct Plane {
    label: String,
    pages: usize,
    of_page: Vec<Look>,
    rest: Vec<Look>,
}

#[derive(Serialize)]
struct Look {
    /// It reads two places, its own and that of the next.
    pop: bool,
    reg: char,
    /// The next table is in the next page.
    turn: bool,
    label: String,
}

/// Context of a product in `stage`.
#[derive(Serialize)]
pub struct Subsets {
    gathers: bool,
    gather: Option<Gather>,
    parts: Vec<Part>,
    size: usize,
    large: usize,
    small: usize,
    stride: usize,
    planes: usize,
    each: usize,
    data: String,
}

/// Writes a product.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn write(w: &mut Writer, place: &Place, product: &Product, pace: Pace) -> Result<(), Refused> {
    let window = &product.window;
    let channels = place.from.channels;
    counted(&[window.rows, window.places.0, window.places.1])?;
    let outputs = product.weights.len();
    let bytes = product.weights[0].len();
    if product.apart && (bytes > APART || outputs / channels > EACH) {
        return write(w, place, &product.joined(channels), pace);
    }
    let sums = Sums {
        steps: (0..outputs).map(|o| product.steps(o)).collect(),
        bounds: (0..outputs).map(|o| product.bounds(o)).collect(),
        words: place.step.writes.is_none(),
    };
    let each = if product.apart { outputs / channels } else { outputs };
    let planes = planes(product);
    let aim = match pace {
        // Of a window that is read at many places, many parts would fill their tables again at each.
        Pace::Smallest if !product.apart => {
            Aim::Size { loops: window.places == (1, 1) && follows(place, product) }
        }
        // The window of a channel is one part.
        Pace::Fastest | Pace::Fast | Pace::Plain | Pace::Smallest => Aim::Speed,
    };
    let (layout, parts) = Layout::choose(bytes, each, planes, aim);
    if product.apart && parts > 1 {
        return write(w, place, &product.joined(channels), pace);
    }
    let scaling = Scaling::choose(&sums, parts > 1)?;
    let name = &place.step.name;
    let scale = scaling.write(w, name, &sums)?;
    if code::takes(product, &scaling) {
        let (source, time, size) = code::choose(product, channels);
        let positions = (window.places.0 * window.places.1) as f64;
        let times = outputs as f64 / each as f64;
        let saved = positions * (times * layout.run(each, planes) - time);
        if pace.takes(saved, size) {
            return coded(w, place, product, source, (scale, &scaling, &sums));
        }
    }
    fills(w, &layout)?;
    let shape = Shape { layout, planes };
    let looped = aim.is_loop(parts, outputs);
    let made: Vec<Part> = match looped {
        true => {
            [(0, parts - 1), (parts - 1, 1)].map(|(at, times)| shape.part(w, name, (at, times, parts))).into()
        }
        false => (0..parts).map(|at| shape.part(w, name, (at, 1, parts))).collect(),
    };
    for part in &made {
        let mut lines = Vec::new();
        for at in part.number..part.number + part.times {
            let first = at * layout.window();
            for (o, weights) in product.weights.iter().enumerate() {
                lines.extend(db(shape.row(weights.get(first..).unwrap_or_default())));
                if part.is_last {
                    lines.extend(scaling.record(name, &sums, o, product.biases[o]).lines());
                }
            }
        }
        w.data(&part.data, &lines);
        w.data(&format!("{}_end", part.data), &[]);
    }
    let (loops, rounds) = if product.apart { ("_channel", channels) } else { ("_out", outputs) };
    made.iter().for_each(|part| {
        let label = if product.apart { name } else { &part.label };
        w.facts.rounds(format!("{label}{loops}"), rounds as f64);
        w.facts.rounds(format!("{label}_part"), part.times as f64);
    });
    if looped {
        w.facts.repeats(format!("{}_clear>ldir", made[0].label), (4 * outputs - 1) as f64);
    }
    if product.apart {
        w.facts.rounds(format!("{name}_out"), each as f64);
    }
    w.tables = w.tables.max(layout.bytes());
    if parts > 1 {
        w.sums = w.sums.max(4 * outputs);
    }
    let gather = gather(w, place, product, layout.window() * parts);
    let subsets = Subsets::new(layout, gather, made, (planes, each));
    let kind = if product.apart { "apart" } else { "product" };
    let stage = Stage::new(place, window, (kind, scale, Some(&scaling)), sums.words, Some(subsets));
    stage.facts(w);
    Ok(w.add("window.asm", "stage", stage)?)
}

/// Writes a product whose weights are code.
fn coded(
    w: &mut Writer,
    place: &Place,
    product: &Product,
    source: Source,
    (scale, scaling, sums): (String, &Scaling, &Sums),
) -> Result<(), Refused> {
    let (array, window, name) = (place.from, &product.window, &place.step.name);
    let bytes = product.weights[0].len();
    let records: Vec<Record> =
        (0..product.weights.len()).map(|o| scaling.record(name, sums, o, product.biases[o])).collect();
    let output = |o: usize| Output {
        lines: source.lines(&product.weights[o], &records[o]),
        early: records[o].early.clone(),
    };
    let groups = code::groups(product, array.channels).into_iter().enumerate();
    let code =
        groups.map(|(offset, outputs)| Group { offset, outputs: outputs.map(output).collect() }).collect();
    let (spread, subsets) = match source {
        Source::Bytes => {
            w.window = w.window.max(2 * bytes);
            (Some(Spread::new(w, place, window, product.apart)), None)
        }
        Source::Subsets(layout) => {
            fills(w, &layout)?;
            w.tables = w.tables.max(layout.bytes());
            let gather = gather(w, place, product, bytes);
            let part = Shape { layout, planes: 2 }.part(w, name, (0, 1, 1));
            (None, Some(Subsets::new(layout, gather, vec![part], (2, 1))))
        }
    };
    let stage = Stage::new(place, window, ("code", scale, Some(scaling)), sums.words, subsets);
    stage.facts(w);
    Ok(w.add("window.asm", "stage", Stage { code, spread, ..stage })?)
}

impl Subsets {
    fn new(layout: Layout, gather: Option<Gather>, parts: Vec<Part>, (planes, each): (usize, usize)) -> Self {
        Self {
            gathers: gather.is_some(),
            gather,
            size: layout.size,
            large: layout.large,
            small: layout.small,
            stride: layout.stride(),
            planes,
            each,
            data: parts[0].data.clone(),
            parts,
        }
    }
}

/// Planes of the weights in two's complement, two at least.
fn planes(product: &Product) -> usize {
    let bits = |&w: &i8| 9 - if w < 0 { (!w).leading_zeros() } else { w.leading_zeros() };
    product.weights.iter().flatten().map(bits).max().unwrap_or(2).max(2) as usize
}

/// Whether the bytes of a window lie one after the other.
fn follows(place: &Place, product: &Product) -> bool {
    let (array, window): (&Array, _) = (place.from, &product.window);
    !product.apart && (window.rows == 1 || window.cols * array.channels == array.pitch())
}

/// What brings the bytes of a window together, if they are not; `all` bytes are read.
fn gather(w: &mut Writer, place: &Place, product: &Product, all: usize) -> Option<Gather> {
    if follows(place, product) {
        return None;
    }
    let (array, window): (&Array, _) = (place.from, &product.window);
    let (step, run) = match product.apart {
        true => (array.channels, window.cols),
        false => (1, window.cols * array.channels),
    };
    w.window = w.window.max(all);
    let from = if product.apart { "net_channel" } else { "net_at" };
    let gather = Gather { from, rows: window.rows, run, step, skip: array.pitch() - run * step };
    gather.facts(w, &place.step.name);
    Some(gather)
}

/// The routines that fill tables of these groups.
fn fills(w: &mut Writer, layout: &Layout) -> Result<(), Refused> {
    #[derive(Serialize)]
    struct Fill {
        size: usize,
        turns: Vec<u32>,
    }
    let sizes = [layout.size, layout.size - 1];
    for size in sizes.into_iter().take(if layout.small > 0 { 2 } else { 1 }) {
        let fours = if size > 2 { 1u32 << (size - 2) } else { 1 };
        let turns = (1..fours).map(u32::trailing_zeros).collect();
        w.routine(&format!("net_fill_{size}"), ("subsets.asm", "fill"), Fill { size, turns })?;
    }
    Ok(())
}

/// How the windows of a step are looked up.
struct Shape {
    layout: Layout,
    planes: usize,
}

impl Shape {
    /// The places of entries for the weights of an output, as far as they belong to a part of the window.
    fn row(&self, weights: &[i8]) -> Vec<u8> {
        let plane = |plane: usize| {
            let is_in = |i: usize| weights.get(i).is_some_and(|w| w >> plane & 1 == 1);
            let mut places = self.layout.places(is_in);
            // Two are read at once.
            places.resize(places.len().next_multiple_of(2), 0);
            places
        };
        (0..self.planes).rev().flat_map(plane).collect()
    }

    /// The text of `times` parts from `at` on, of `parts`.
    fn part(&self, w: &mut Writer, name: &str, (at, times, parts): (usize, usize, usize)) -> Part {
        let number = if parts > 1 { format!("_{at}") } else { String::new() };
        let label = format!("{name}{number}");
        let layout = self.layout;
        for (size, count) in [("large", layout.large), ("small", layout.small)] {
            w.facts.rounds(format!("{name}_{size}{at}"), count.max(1) as f64);
        }
        w.facts.rounds(format!("{label}_plane"), (self.planes - 1) as f64);
        Part {
            number: at,
            data: format!("{name}_weights{number}"),
            offset: at * layout.window(),
            // A loop adds to sums that are 0 before the first.
            is_first: at == 0 && times == 1,
            is_last: at + 1 == parts,
            times,
            sign: self.plane(w, format!("{label}_sign")),
            others: self.plane(w, format!("{label}_bits")),
            label,
        }
    }

    fn plane(&self, w: &mut Writer, label: String) -> Plane {
        let (looks, of_page) = (self.layout.looks(), self.layout.of_page());
        // A loop reads whole pairs, and pages from the first on.
        let loops = looks > LOOKS && of_page > 1;
        let pages = if loops { looks / of_page } else { 0 };
        if pages > 0 {
            w.facts.rounds(format!("{label}_page"), pages as f64);
        }
        let some = |from: usize, to: usize| {
            let one = |at: usize| Look {
                pop: at.is_multiple_of(2),
                reg: if at.is_multiple_of(2) { 'e' } else { 'd' },
                turn: (at + 1).is_multiple_of(of_page) && at + 1 < looks,
                label: format!("{label}_{at}"),
            };
            (from..to).map(one).collect::<Vec<_>>()
        };
        let mut body = some(0, if loops { of_page } else { 0 });
        body.iter_mut().last().into_iter().for_each(|look| look.turn = true);
        Plane { pages, of_page: body, rest: some(pages * of_page, looks), label }
    }
}
