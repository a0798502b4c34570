//! Sums of windows times weights: rows of weights that a loop walks, or weights that are code.

use super::code::{self, Taps};
use super::dot::{Form, Moves, Start, Sum, Walk, dot, registers, triangles};
use super::nomul;
use super::pool::bytes_of;
use super::scale::{Factors, Scaling, Sums};
use super::writer::{Writer, call};
use crate::CompileError;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::net::Product;
use crate::kernel::sensors::place::Place;
use serde::Serialize;

/// Most that a register counts.
const COUNT: usize = 255;

/// Outputs that are computed together, so many times.
pub struct Part {
    pub outputs: usize,
    pub count: usize,
}

/// Context of `stage`.
#[derive(Serialize)]
pub struct Stage {
    pub name: String,
    pub from: String,
    pub to: String,
    pub to_skip: usize,
    pub rows: usize,
    pub cols: usize,
    /// What Z points to at each position.
    pub data: Option<String>,
    /// `elpm` reads there.
    pub far: bool,
    /// X walks over the window.
    pub walks: bool,
    pub apart: bool,
    /// What adds the triangular numbers of the bytes of a window, before their products.
    pub triangles: Option<String>,
    pub parts: Vec<StagePart>,
    pub right: i64,
    pub down: i64,
    pub call: &'static str,
    pub scale: String,
    pub words: bool,
}

#[derive(Serialize)]
pub struct StagePart {
    pub sums: String,
    pub count: usize,
    pub results: Vec<Moves>,
}

/// Groups of outputs of at most `most`, as equal as possible.
pub fn parts(outputs: usize, most: usize) -> Vec<Part> {
    if let Some(size) = (most.min(3)..=most).rev().find(|size| outputs.is_multiple_of(*size)) {
        return counted(size, outputs / size);
    }
    let groups = outputs.div_ceil(most);
    let (size, larger) = (outputs / groups, outputs % groups);
    let mut parts = counted(size + 1, larger);
    parts.extend(counted(size, groups - larger));
    parts
}

fn counted(outputs: usize, mut count: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    while count > 0 {
        let some = count.min(COUNT);
        parts.push(Part { outputs, count: some });
        count -= some;
    }
    parts
}

/// Writes a product.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn write(w: &mut Writer, place: &Place, product: &Product, pace: Pace) -> Result<(), Refused> {
    let registers = registers(w);
    let outputs = product.weights.len();
    let apart = product.apart && outputs / place.from.channels <= registers / 3;
    let joined = (product.apart && !apart).then(|| product.joined(place.from.channels));
    let product = joined.as_ref().unwrap_or(product);
    let sums = Sums {
        steps: (0..outputs).map(|o| product.steps(o)).collect(),
        bounds: (0..outputs).map(|o| product.bounds(o)).collect(),
        words: place.step.writes.is_none(),
    };
    let scaling = Scaling::choose(&sums)?;
    let most = if scaling.is_long() { 1 } else { registers / 4 };
    if scaling.wide && product.apart && outputs / place.from.channels > most {
        return write(w, place, &product.joined(place.from.channels), pace);
    }
    let window = &product.window;
    let counted = [window.rows, window.places.0, window.places.1];
    if counted.iter().any(|count| *count > COUNT) {
        return Err(Refused::What(format!(
            "windows of more than {COUNT} rows, or as many positions in a row"
        )));
    }
    let taps = Taps { product, array: place.from };
    if w.multiplies() && pace == Pace::Fastest && scaling.is_loadable() && code::pays(&taps, w.times) {
        return code::write(w, place, &taps, &scaling, &sums);
    }
    rows(w, place, product, pace, (&scaling, &sums))
}

/// Why a product was not written.
pub enum Refused {
    What(String),
    Error(CompileError),
}

impl From<String> for Refused {
    fn from(what: String) -> Self {
        Self::What(what)
    }
}

impl From<CompileError> for Refused {
    fn from(error: CompileError) -> Self {
        Self::Error(error)
    }
}

/// The label of a step's weights.
pub fn weights_of(name: &str) -> String {
    format!("{name}_weights")
}

/// Weights in flash, of the outputs of a group next to each other.
fn rows(
    w: &mut Writer,
    place: &Place,
    product: &Product,
    pace: Pace,
    (scaling, sums): (&Scaling, &Sums),
) -> Result<(), Refused> {
    let (name, outputs) = (&place.step.name, product.weights.len());
    let walk = Walk::of(product, place.from);
    let most = if scaling.is_long() { 1 } else { registers(w) / if scaling.wide { 4 } else { 3 } };
    let form = Form::of(w, pace, walk);
    let parts = match product.apart {
        true => counted(outputs / place.from.channels, place.from.channels),
        false => parts(outputs, most),
    };
    let label = weights_of(name);
    let home = w.home(&label);
    let (scale, scale_cycles) = scaling.write(w, name, sums, Factors::Flash(home))?;
    let mut dots: Vec<(usize, f64)> = Vec::new();
    for part in &parts {
        if !dots.iter().any(|(size, _)| *size == part.outputs) {
            let start = (Start::Flash { wide: scaling.wide }, home);
            dots.push((part.outputs, dot(w, name, (walk, form), part.outputs, start)?));
        }
    }
    let (mut lines, mut first, mut bytes) = (Vec::new(), 0, 0);
    let (triangles, mut cycles) = triangles(w, name, (walk, form))?;
    if product.apart {
        cycles *= parts.iter().map(|part| part.count).sum::<usize>() as f64;
    }
    for part in &parts {
        let of_dot = dots.iter().find(|(size, _)| *size == part.outputs).map_or(0.0, |(_, cycles)| *cycles);
        let each = call(w.isa) + scale_cycles + 4.5;
        cycles += part.count as f64 * (of_dot + call(w.isa) + 6.0 + part.outputs as f64 * each);
        for _ in 0..part.count {
            bytes +=
                group(&mut lines, (name, product), first..first + part.outputs, (walk.more, form), scaling);
            first += part.outputs;
        }
    }
    let (down, across) = product.window.places;
    let places = (down * across) as f64;
    w.weights(&label, &lines, bytes, places);
    w.cost(name, places * (cycles + 8.0 + home.cycles()) + down as f64 * 10.0 + 6.0);
    let stage_parts = parts.iter().map(|part| StagePart {
        sums: format!("{name}_dot{}", part.outputs),
        count: part.count,
        results: results(part.outputs, scaling.wide),
    });
    let parts = stage_parts.collect();
    let window = &product.window;
    let moves = (window.down, window.right, window.places);
    let stage = Stage::new(w, place, moves, product.apart, (Some(label), parts, scale), sums.words);
    Ok(w.add("window.S", "stage", Stage { triangles, far: home.is_far(), ..stage })?)
}

fn results(outputs: usize, wide: bool) -> Vec<Moves> {
    Sum::all(outputs, wide).iter().map(|sum| Moves { moves: sum.moves(wide) }).collect()
}

impl Stage {
    /// The loops over positions of a window that moves by so much.
    pub fn new(
        w: &Writer,
        place: &Place,
        (down, right, places): (usize, usize, (usize, usize)),
        apart: bool,
        (data, parts, scale): (Option<String>, Vec<StagePart>, String),
        words: bool,
    ) -> Self {
        let channels = place.from.channels as i64;
        // Groups of channels move on by themselves.
        let moved = if apart { channels } else { 0 };
        let right = right as i64 * channels - moved;
        let passed = if places.1 > 1 { places.1 as i64 * (right + moved) } else { moved };
        Self {
            name: place.step.name.clone(),
            from: place.at.clone(),
            to: place.to.clone(),
            to_skip: place.to_skip,
            rows: places.0,
            cols: places.1,
            walks: true,
            data,
            far: false,
            apart,
            triangles: None,
            parts,
            right,
            down: (down * place.from.pitch()) as i64 - passed,
            call: w.calls(),
            scale,
            words,
        }
    }
}

/// Start values, weights and factors of a group, as lines; how many bytes that is.
fn group(
    lines: &mut Vec<String>,
    (name, product): (&str, &Product),
    outputs: std::ops::Range<usize>,
    (more, form): (usize, Form),
    scaling: &Scaling,
) -> usize {
    let bytes = if scaling.wide { 4 } else { 3 };
    let starts = outputs.clone().flat_map(|o| {
        let folded = if form == Form::Triangles { nomul::start(&product.weights[o]) } else { 0 };
        let start = product.biases[o] + scaling.add[o] + folded;
        start.to_le_bytes().into_iter().take(bytes)
    });
    let mut all: Vec<u8> = starts.collect();
    let taps = product.weights[outputs.start].len();
    for tap in 0..taps + more {
        let weight = |o: usize| product.weights[o].get(tap).copied().unwrap_or(0);
        all.extend(outputs.clone().map(|o| (i16::from(weight(o)) + 128) as u8));
    }
    let mut count = all.len();
    lines.extend(gnu_bytes(all));
    for o in outputs {
        let record = scaling.record(name, o);
        count += bytes_of(&record);
        lines.extend(record);
    }
    count
}
