//! Sums of windows times weights: rows of weights that a loop walks, or weights that are code.

use super::code::{self, Taps};
use super::pool::bytes_of;
use super::scale::{Scaling, Sums};
use super::writer::{Writer, call};
use crate::CompileError;
use crate::kernel::cycles::Code;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::net::{Array, Product};
use crate::kernel::sensors::place::Place;
use serde::Serialize;

/// Registers that sums may have, from r2 on.
const REGISTERS: usize = 12;
/// Most that a register counts.
const COUNT: usize = 255;
/// Words that a branch back reaches, less those of the loop's end.
const NEAR: usize = 60;
/// Bytes whose sum 16 bits hold.
const SHORT: usize = 257;

/// How a window is read.
#[derive(Clone, Copy)]
struct Walk {
    rows: usize,
    run: usize,
    step: usize,
    skip: usize,
    /// Bytes read behind the last one, times 0.
    more: usize,
}

/// Outputs that are computed together, so many times.
pub struct Part {
    pub outputs: usize,
    pub count: usize,
}

/// A register for each byte of a sum.
#[derive(Serialize, Clone, Copy)]
pub struct Sum {
    b0: usize,
    b1: usize,
    b2: usize,
    b3: usize,
}

#[derive(Serialize)]
struct Dot {
    name: String,
    sums: Vec<Sum>,
    wide: bool,
    rows: usize,
    run: usize,
    unroll: usize,
    times: usize,
    rest: usize,
    near: bool,
    step: usize,
    skip: usize,
    long: bool,
    cycles: usize,
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
    /// X walks over the window.
    pub walks: bool,
    pub apart: bool,
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

/// What puts a sum where it is scaled.
#[derive(Serialize)]
pub struct Moves {
    pub moves: Vec<String>,
}

impl Sum {
    /// Those of so many outputs.
    pub fn all(outputs: usize, wide: bool) -> Vec<Self> {
        let bytes = if wide { 4 } else { 3 };
        (0..outputs)
            .map(|o| {
                let b0 = 2 + bytes * o;
                Self { b0, b1: b0 + 1, b2: b0 + 2, b3: b0 + 3 }
            })
            .collect()
    }

    pub fn registers(&self) -> [usize; 3] {
        [self.b0, self.b1, self.b2]
    }

    /// What puts it where it is scaled, with what loads its factor.
    pub fn loaded(&self, loads: Vec<String>) -> Moves {
        Moves { moves: [self.moves(false), loads].concat() }
    }

    fn moves(&self, wide: bool) -> Vec<String> {
        let mut moves = match self.b0 % 2 {
            0 => vec![format!("movw r18, r{}", self.b0)],
            _ => vec![format!("mov r18, r{}", self.b0), format!("mov r19, r{}", self.b1)],
        };
        moves.push(format!("mov r20, r{}", self.b2));
        if wide {
            moves.push(format!("mov r21, r{}", self.b3));
        }
        moves
    }
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

/// How a window of a product is read.
fn walk(product: &Product, array: &Array) -> Walk {
    let window = &product.window;
    if product.apart {
        let skip = array.pitch() - window.cols * array.channels;
        return Walk { rows: window.rows, run: window.cols, step: array.channels, skip, more: 0 };
    }
    let run = window.cols * array.channels;
    if run == array.pitch() || window.rows == 1 {
        // One run, cut where a register cannot count it.
        let all = window.rows * run;
        let rows = all.div_ceil(2 * COUNT);
        let run = all.div_ceil(rows);
        return Walk { rows, run, step: 1, skip: 0, more: rows * run - all };
    }
    Walk { rows: window.rows, run, step: 1, skip: array.pitch() - run, more: 0 }
}

/// Writes a product.
///
/// # Errors
/// What the kernel does not compute; a damaged template.
pub fn write(w: &mut Writer, place: &Place, product: &Product, unrolls: bool) -> Result<(), Refused> {
    let outputs = product.weights.len();
    let apart = product.apart && outputs / place.from.channels <= REGISTERS / 3;
    let joined = (product.apart && !apart).then(|| product.joined(place.from.channels));
    let product = joined.as_ref().unwrap_or(product);
    let sums = Sums {
        steps: (0..outputs).map(|o| product.steps(o)).collect(),
        bounds: (0..outputs).map(|o| product.bounds(o)).collect(),
        words: place.step.writes.is_none(),
    };
    let scaling = Scaling::choose(&sums)?;
    let most = if scaling.is_long() { 1 } else { REGISTERS / 4 };
    if scaling.wide && product.apart && outputs / place.from.channels > most {
        return write(w, place, &product.joined(place.from.channels), unrolls);
    }
    let window = &product.window;
    let counted = [window.rows, window.places.0, window.places.1];
    if counted.iter().any(|count| *count > COUNT) {
        return Err(Refused::What(format!(
            "windows of more than {COUNT} rows, or as many positions in a row"
        )));
    }
    let taps = Taps { product, array: place.from };
    if unrolls && scaling.is_loadable() && code::pays(&taps) {
        return code::write(w, place, &taps, &scaling, &sums);
    }
    rows(w, place, product, &scaling, &sums)
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

/// Weights in flash, of the outputs of a group next to each other.
fn rows(
    w: &mut Writer,
    place: &Place,
    product: &Product,
    scaling: &Scaling,
    sums: &Sums,
) -> Result<(), Refused> {
    let (name, outputs) = (&place.step.name, product.weights.len());
    let walk = walk(product, place.from);
    let most = if scaling.is_long() { 1 } else { REGISTERS / if scaling.wide { 4 } else { 3 } };
    let parts = match product.apart {
        true => counted(outputs / place.from.channels, place.from.channels),
        false => parts(outputs, most),
    };
    let (scale, scale_cycles) = scaling.write(w, name, sums, false)?;
    let mut dots: Vec<(usize, f64)> = Vec::new();
    for part in &parts {
        if !dots.iter().any(|(size, _)| *size == part.outputs) {
            dots.push((part.outputs, dot(w, name, walk, part.outputs, scaling.wide)?));
        }
    }
    let (mut lines, mut first, mut bytes) = (Vec::new(), 0, 0);
    let mut cycles = 0.0;
    for part in &parts {
        let of_dot = dots.iter().find(|(size, _)| *size == part.outputs).map_or(0.0, |(_, cycles)| *cycles);
        let each = call(w.isa) + scale_cycles + 4.5;
        cycles += part.count as f64 * (of_dot + call(w.isa) + 6.0 + part.outputs as f64 * each);
        for _ in 0..part.count {
            bytes += group(&mut lines, (name, product), first..first + part.outputs, walk.more, scaling);
            first += part.outputs;
        }
    }
    let label = format!("{name}_weights");
    w.data(&label, &lines, bytes);
    let (down, across) = product.window.places;
    w.cost(name, (down * across) as f64 * (cycles + 8.0) + down as f64 * 10.0 + 6.0);
    let stage_parts = parts.iter().map(|part| StagePart {
        sums: format!("{name}_dot{}", part.outputs),
        count: part.count,
        results: results(part.outputs, scaling.wide),
    });
    let parts = stage_parts.collect();
    let window = &product.window;
    let moves = (window.down, window.right, window.places);
    let stage = Stage::new(place, moves, product.apart, (Some(label), parts, scale), sums.words);
    Ok(w.add("window.S", "stage", stage)?)
}

fn results(outputs: usize, wide: bool) -> Vec<Moves> {
    Sum::all(outputs, wide).iter().map(|sum| Moves { moves: sum.moves(wide) }).collect()
}

impl Stage {
    /// The loops over positions of a window that moves by so much.
    pub fn new(
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
            apart,
            parts,
            right,
            down: (down * place.from.pitch()) as i64 - passed,
            call: "call",
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
    more: usize,
    scaling: &Scaling,
) -> usize {
    let bytes = if scaling.wide { 4 } else { 3 };
    let starts = outputs.clone().flat_map(|o| {
        let start = product.biases[o] + scaling.add[o];
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

/// Writes the loop over a window for so many outputs; its cycles.
fn dot(w: &mut Writer, name: &str, walk: Walk, outputs: usize, wide: bool) -> Result<f64, CompileError> {
    let mut dot = Dot {
        name: format!("{name}_dot{outputs}"),
        sums: Sum::all(outputs, wide),
        wide,
        rows: walk.rows,
        run: walk.run,
        unroll: 1,
        times: walk.run,
        rest: 0,
        near: true,
        step: walk.step,
        skip: walk.skip,
        long: walk.rows * walk.run > SHORT,
        cycles: 0,
    };
    let one = Code::of(w.isa, "window.S", "multiply", &dot, &[]);
    let words = one.bytes() / 2;
    dot.unroll = (NEAR / words).clamp(1, walk.run);
    while walk.run / dot.unroll > COUNT {
        dot.unroll += 1;
    }
    dot.times = walk.run / dot.unroll;
    dot.rest = walk.run % dot.unroll;
    dot.near = dot.unroll * words <= NEAR;
    let all = Code::of(w.isa, "window.S", "dot", &dot, &[]);
    // Loops back: `dec`, and a branch that is taken, or one that is not and a jump.
    let back = if dot.near { 3.0 } else { 4.0 };
    let again = (dot.times - 1) as f64 * (dot.unroll as f64 * one.straight() + back);
    let skip = if walk.skip > 0 { 2.0 } else { 0.0 };
    let row = again + (dot.unroll + dot.rest) as f64 * one.straight() + 2.0 + skip;
    let cycles = all.straight() + again + (dot.rows - 1) as f64 * (row + 4.0);
    dot.cycles = cycles as usize;
    w.routine("window.S", "dot", dot)?;
    Ok(cycles)
}
