//! Weights that are code: each that is not 0 multiplies a byte by a constant, and its sign says whether the product is
//! added or taken away. Outputs of the same weight share a product.

use super::dot::Sum;
use super::product::{Part, Refused, Stage, StagePart, parts};
use super::scale::{Factors, Scaling, Sums};
use super::writer::{Writer, call};
use crate::kernel::cycles::Code;
use crate::kernel::sensors::net::{Array, Product};
use crate::kernel::sensors::place::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// Outputs of a group: their sums are in registers.
const MOST: usize = 4;
/// Bytes of code of a weight, about; what a loop takes for one, and code.
const BYTES: usize = 10;
const LOOP_CYCLES: f64 = 10.0;
const CODE_CYCLES: f64 = 6.5;
/// Cycles of a run that a byte more of the image must save.
const WORTH: f64 = 4.0;
/// How far `ldd` reaches.
const REACH: usize = 63;

/// A product, and what its windows show.
pub struct Taps<'a> {
    pub product: &'a Product,
    pub array: &'a Array,
}

impl Taps<'_> {
    /// Where in a window each weight of an output reads.
    fn offsets(&self) -> Vec<usize> {
        let (window, array) = (&self.product.window, self.array);
        let row = |y: usize| (0..window.cols * array.channels).map(move |x| y * array.pitch() + x);
        (0..window.rows).flat_map(row).collect()
    }
}

/// Whether its weights are worth their code, where a run comes by so often.
pub fn pays(taps: &Taps, times: f64) -> bool {
    let product = taps.product;
    let places = product.window.places.0 * product.window.places.1;
    let all: usize = product.weights.iter().map(Vec::len).sum();
    let filled = product.weights.iter().flatten().filter(|weight| **weight != 0).count();
    let saved = times * places as f64 * (all as f64 * LOOP_CYCLES - filled as f64 * CODE_CYCLES);
    !product.apart && saved > WORTH * (BYTES * filled) as f64
}

#[derive(Serialize)]
struct Context {
    name: String,
    outputs: usize,
    lines: Vec<String>,
    cycles: usize,
}

/// Writes the product.
///
/// # Errors
/// A damaged template.
pub fn write(
    w: &mut Writer,
    place: &Place,
    taps: &Taps,
    scaling: &Scaling,
    sums: &Sums,
) -> Result<(), Refused> {
    let (name, product) = (&place.step.name, taps.product);
    let (scale, scale_cycles) = scaling.write(w, name, sums, Factors::Loaded)?;
    let (mut stage_parts, mut first, mut cycles) = (Vec::new(), 0, 0.0);
    let groups = parts(product.weights.len(), MOST);
    for size in groups.iter().flat_map(|Part { outputs, count }| std::iter::repeat_n(*outputs, *count)) {
        let outputs = first..first + size;
        let lines = lines(taps, outputs.clone(), &scaling.add);
        let code = Code::of_lines(w.isa, &lines, &[]);
        let label = format!("{name}_code{}", stage_parts.len() + 1);
        // `movw` and `ret`.
        let of_code = code.straight() + call(w.isa) + 1.0;
        let context = Context { name: label.clone(), outputs: size, lines, cycles: of_code as usize };
        w.routine("window.S", "code", context)?;
        let results = Sum::all(size, false).into_iter().zip(outputs.clone());
        let results: Vec<_> = results.map(|(sum, output)| sum.loaded(scaling.loads(output))).collect();
        let moves: usize = results.iter().map(|r| r.moves.len()).sum();
        cycles += call(w.isa) + of_code + moves as f64 + size as f64 * (call(w.isa) + scale_cycles + 2.0);
        stage_parts.push(StagePart { sums: label, count: 1, results });
        first += size;
    }
    let window = &product.window;
    let (down, across) = window.places;
    w.cost(name, (down * across) as f64 * (cycles + 6.0) + down as f64 * 10.0 + 6.0);
    let moves = (window.down, window.right, window.places);
    let stage = Stage::new(w, place, moves, false, (None, stage_parts, scale), sums.words);
    Ok(w.add("window.S", "stage", Stage { walks: false, ..stage })?)
}

/// The sums of a group, Z the window.
fn lines(taps: &Taps, outputs: std::ops::Range<usize>, add: &[i64]) -> Vec<String> {
    let product = taps.product;
    let registers = Sum::all(outputs.len(), false);
    let mut lines = Vec::new();
    for (sum, o) in registers.iter().zip(outputs.clone()) {
        let start = (product.biases[o] + add[o]).to_le_bytes();
        for (register, byte) in sum.registers().into_iter().zip(start) {
            match byte {
                0 => lines.push(format!("mov r{register}, r14")),
                _ => {
                    lines.push(format!("ldi r19, {byte}"));
                    lines.push(format!("mov r{register}, r19"));
                }
            }
        }
    }
    let mut base = 0;
    for (tap, offset) in taps.offsets().into_iter().enumerate() {
        // Outputs by the weight's size.
        let mut sizes: BTreeMap<u8, Vec<(usize, bool)>> = BTreeMap::new();
        for (at, o) in outputs.clone().enumerate() {
            let weight = product.weights[o][tap];
            if weight != 0 {
                sizes.entry(weight.unsigned_abs()).or_default().push((at, weight > 0));
            }
        }
        if sizes.is_empty() {
            continue;
        }
        if offset - base > REACH {
            lines.push(format!("subi r30, lo8(-{})", offset - base));
            lines.push(format!("sbci r31, hi8(-{})", offset - base));
            base = offset;
        }
        lines.push(format!("ldd r18, Z+{}", offset - base));
        for (size, users) in sizes {
            let product = if size == 1 { ["r18", "r14"] } else { ["r0", "r1"] };
            if size > 1 {
                lines.push(format!("ldi r19, {size}"));
                lines.push("mul r18, r19".into());
            }
            for (at, is_added) in users {
                let [b0, b1, b2] = registers[at].registers();
                let [first, next] = if is_added { ["add", "adc"] } else { ["sub", "sbc"] };
                lines.push(format!("{first} r{b0}, {}", product[0]));
                lines.push(format!("{next} r{b1}, {}", product[1]));
                lines.push(format!("{next} r{b2}, r14"));
            }
        }
    }
    lines
}
