//! Steps that read all of an array once, row by row: each row is added to sums in RAM, and results are made of them in the end.

use super::dot::{Form, Start, Walk, dot, registers, triangles};
use super::nomul;
use super::pool::{bytes_of, mean, walk};
use super::product::{Part, Refused, StagePart, parts, weights_of};
use super::scale::{Factors, Scaling, Sums};
use super::writer::{Home, Writer, call};
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::net::{Product, Window, Work};
use crate::kernel::sensors::place::Place;
use crate::kernel::sensors::steps::Steps;
use serde::Serialize;

/// Most that a register counts.
const COUNT: usize = 255;
/// Cycles of `lds`, `out`, `in` and `sts`.
const FAR: f64 = 6.0;

/// Sums of a step in RAM.
#[derive(Serialize)]
pub struct Gathered {
    name: String,
    /// Of all sums.
    bytes: usize,
    count: usize,
    /// There are weights, which a pointer goes over.
    weights: bool,
    /// `elpm` reads them.
    far: bool,
    wide: bool,
    to: String,
    records: Option<String>,
    scale: String,
    words: bool,
    call: &'static str,
    cycles: f64,
}

/// Context of `gather`.
#[derive(Serialize)]
struct Row {
    name: String,
    from: String,
    weights: bool,
    far: bool,
    triangles: Option<String>,
    parts: Vec<StagePart>,
    call: &'static str,
}

impl Gathered {
    /// Its variables, with their bytes.
    pub fn variables(&self) -> Vec<(String, usize)> {
        let sums = (format!("{}_sums", self.name), self.bytes);
        let at = self.weights.then(|| (format!("{}_at", self.name), if self.far { 3 } else { 2 }));
        [sums].into_iter().chain(at).collect()
    }
}

/// Writes what adds a row.
///
/// # Errors
/// What the kernels do not compute; a damaged template.
pub fn row(w: &mut Writer, place: &Place, pace: Pace) -> Result<Gathered, Refused> {
    match &place.step.work {
        Work::Product(product) => of_product(w, place, product, pace),
        Work::Sum { window, steps } => of_sum(w, place, *window, steps),
        Work::Max(_) | Work::Add { .. } | Work::Table(_) | Work::Trees(_) => {
            unreachable!("only sums of all of an array are gathered")
        }
    }
}

/// Writes what makes results of sums.
///
/// # Errors
/// A damaged template.
pub fn finish(w: &mut Writer, place: &Place, gathered: &Gathered) -> Result<(), Refused> {
    w.cost(&place.step.name, gathered.count as f64 * gathered.cycles);
    Ok(w.add("rows.S", "finish", gathered)?)
}

/// What lies in flash for the functions of sums, if anything does.
fn records(w: &mut Writer, name: &str, scaling: &Scaling, count: usize) -> Option<String> {
    let lines: Vec<String> = (0..count).flat_map(|output| scaling.record(name, output)).collect();
    let label = format!("{name}_functions");
    (!lines.is_empty()).then(|| {
        w.data(&label, &lines, bytes_of(&lines));
        label
    })
}

/// What the sums begin with.
fn starts(w: &mut Writer, name: &str, bytes: usize, starts: impl Iterator<Item = i64>) -> usize {
    let all: Vec<u8> = starts.flat_map(|start| start.to_le_bytes().into_iter().take(bytes)).collect();
    let count = all.len();
    w.data(&format!("{name}_starts"), &gnu_bytes(all), count);
    count
}

fn of_product(w: &mut Writer, place: &Place, product: &Product, pace: Pace) -> Result<Gathered, Refused> {
    let (name, outputs) = (&place.step.name, product.weights.len());
    let sums = Sums {
        steps: (0..outputs).map(|o| product.steps(o)).collect(),
        bounds: (0..outputs).map(|o| product.bounds(o)).collect(),
        words: place.step.writes.is_none(),
    };
    let scaling = Scaling::choose(&sums)?;
    let (scale, scale_cycles) = scaling.write(w, name, &sums, Factors::Flash(Home::Near))?;
    let of_row = Product { window: Window { rows: 1, ..product.window }, ..product.clone() };
    let walk = Walk::of(&of_row, place.from);
    let form = Form::of(w, pace, walk);
    let bytes = if scaling.wide { 4 } else { 3 };
    let parts = parts(outputs, registers(w) / bytes);
    let (triangles, mut cycles) = triangles(w, name, (walk, form))?;
    let home = w.home(&weights_of(name));
    let mut dots: Vec<(usize, f64)> = Vec::new();
    for part in &parts {
        if !dots.iter().any(|(size, _)| *size == part.outputs) {
            let start = (Start::Memory { wide: scaling.wide }, home);
            dots.push((part.outputs, dot(w, name, (walk, form), part.outputs, start)?));
        }
        let of_dot = dots.iter().find(|(size, _)| *size == part.outputs).map_or(0.0, |(_, cycles)| *cycles);
        cycles += part.count as f64 * (of_dot + call(w.isa) + 4.0);
    }
    weights(w, name, product, (&parts, walk.more));
    let folded = |o: usize| if form == Form::Triangles { nomul::start(&product.weights[o]) } else { 0 };
    let first = (0..outputs).map(|o| product.biases[o] + scaling.add[o] + folded(o));
    let bytes = starts(w, name, bytes, first);
    let records = records(w, name, &scaling, outputs);
    // RAMPZ is loaded and stored.
    w.cost(name, cycles + 18.0 + if home.is_far() { FAR } else { 0.0 });
    let part = |part: &Part| StagePart {
        sums: format!("{name}_dot{}", part.outputs),
        count: part.count,
        results: vec![],
    };
    let parts = parts.iter().map(part).collect();
    let from = place.at.clone();
    let far = home.is_far();
    let row = Row { name: name.clone(), from, weights: true, far, triangles, parts, call: w.calls() };
    w.add("rows.S", "gather", row)?;
    Ok(Gathered {
        name: name.clone(),
        bytes,
        count: outputs,
        weights: true,
        far,
        wide: scaling.wide,
        to: place.to.clone(),
        records,
        scale,
        words: sums.words,
        call: w.calls(),
        cycles: scale_cycles + call(w.isa) + 16.0,
    })
}

/// Weights in flash, row by row, and in each row those of a group of outputs next to each other.
fn weights(w: &mut Writer, name: &str, product: &Product, (parts, more): (&[Part], usize)) {
    let taps = product.weights[0].len() / product.window.rows;
    let mut all: Vec<u8> = Vec::new();
    for row in 0..product.window.rows {
        let mut first = 0;
        for size in parts.iter().flat_map(|part| std::iter::repeat_n(part.outputs, part.count)) {
            for tap in 0..taps + more {
                let weight = |o: usize| if tap < taps { product.weights[o][row * taps + tap] } else { 0 };
                all.extend((first..first + size).map(|o| (i16::from(weight(o)) + 128) as u8));
            }
            first += size;
        }
    }
    let count = all.len();
    w.weights(&weights_of(name), &gnu_bytes(all), count, FAR / 2.0);
}

fn of_sum(w: &mut Writer, place: &Place, window: Window, steps: &[Steps]) -> Result<Gathered, Refused> {
    let (name, channels) = (&place.step.name, place.from.channels);
    let (sums, scaling) = mean(place, window, steps)?;
    if scaling.is_long() || scaling.wide {
        return Err(Refused::What("means that no factor of 24 bits gives".into()));
    }
    let (scale, scale_cycles) = scaling.write(w, name, &sums, Factors::Flash(Home::Near))?;
    let routine = format!("{name}_sum");
    let cycles = walk(w, (routine.clone(), true, true), place.from, Window { rows: 1, ..window })?;
    let bytes = starts(w, name, 3, scaling.add.iter().copied());
    let records = records(w, name, &scaling, channels);
    w.cost(name, channels as f64 * (cycles + call(w.isa) + 6.0) + 8.0);
    debug_assert!(channels <= COUNT, "`walk` refuses more");
    let parts = vec![StagePart { sums: routine, count: channels, results: vec![] }];
    let (from, triangles) = (place.at.clone(), None);
    let row = Row { name: name.clone(), from, weights: false, far: false, triangles, parts, call: w.calls() };
    w.add("rows.S", "gather", row)?;
    Ok(Gathered {
        name: name.clone(),
        bytes,
        count: channels,
        weights: false,
        far: false,
        wide: false,
        to: place.to.clone(),
        records,
        scale,
        words: sums.words,
        call: w.calls(),
        cycles: scale_cycles + call(w.isa) + 16.0,
    })
}
