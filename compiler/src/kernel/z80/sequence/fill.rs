//! Filling tables of sums: a routine for each layout, over those that fill tables of one size.

use super::emit::Emitter;
use super::layout::{Layout, ternary_gray};
use crate::CompileError;
use serde::Serialize;
use std::collections::BTreeSet;

/// Where the inputs of a table are while it is filled.
const INPUTS: [&str; 8] = ["b", "d", "e", "ixl", "ixh", "fill_input5", "fill_input6", "fill_input7"];
/// How many of them are registers.
const REGISTERS: usize = 5;
/// Inputs of a table of the weights of positions, which are never negative.
pub const UNSIGNED: usize = 4;

#[derive(Serialize)]
struct Tables {
    name: String,
    top: String,
    pages: usize,
    runs: Vec<Run>,
}

/// Tables of one size that follow each other.
#[derive(Serialize)]
struct Run {
    count: usize,
    fill: String,
}

#[derive(Serialize)]
struct Load {
    name: String,
    size: usize,
    ternary: bool,
    last: String,
    low: String,
    high: String,
    regs: &'static [&'static str],
    mems: &'static [&'static str],
}

#[derive(Serialize)]
struct Sequence {
    name: String,
    low: bool,
    ternary: bool,
    pairs: Vec<Pair>,
}

/// Two entries, which are pushed at once.
#[derive(Serialize)]
struct Pair {
    label: Option<String>,
    flip: Option<Step>,
    second: Option<Step>,
}

/// What becomes of an entry to make the next one.
#[derive(Serialize)]
struct Step {
    memory: bool,
    reg: &'static str,
    op: &'static str,
}

fn step(input: usize, up: bool) -> Step {
    Step { memory: input >= REGISTERS, reg: INPUTS[input], op: if up { "add" } else { "sub" } }
}

fn fill_name(size: usize, ternary: bool) -> String {
    format!("fill_{}{size}", if ternary { "t" } else { "" })
}

/// The label of what fills the tables of a layout.
pub fn tables_name(layout: &Layout) -> String {
    format!("tables_{}", layout.name())
}

/// Pages that the tables of a layout take in both rings.
pub fn pages(layout: &Layout) -> usize {
    2 * layout.pages()
}

/// The routines that fill tables: of these layouts under these labels, and of the weights of positions.
pub fn code(e: &Emitter, layouts: &[(String, Layout)]) -> Result<String, CompileError> {
    let mut sizes = [BTreeSet::from([UNSIGNED]), BTreeSet::new()];
    let mut code = String::new();
    for (name, layout) in layouts {
        sizes[usize::from(layout.ternary)].extend(layout.groups.iter().copied());
        let runs = layout.groups.chunk_by(|a, b| a == b);
        let runs = runs.map(|run| Run { count: run.len(), fill: fill_name(run[0], layout.ternary) });
        let (top, pages) = (format!("tables+{}", 512 * layout.pages()), layout.pages());
        let tables = Tables { name: name.clone(), top, pages, runs: runs.collect() };
        code += &e.call("fill.asm", "tables", tables)?;
    }
    let [planes, ternary] = sizes;
    for &size in &planes {
        code += &e.call("fill.asm", "load", load(size, false, fill_name(size, false)))?;
    }
    for &size in &ternary {
        code += &e.call("fill.asm", "load", load(size, true, fill_name(size, true)))?;
    }
    let unsigned = Load { regs: &[], mems: &[], ..load(UNSIGNED, false, "fill_u4".into()) };
    code += &e.call("fill.asm", "load", unsigned)?;
    for low in [true, false] {
        code += &e.call("fill.asm", "sequence", subsets(&planes, low))?;
    }
    for low in [true, false].into_iter().filter(|_| !ternary.is_empty()) {
        code += &e.call("fill.asm", "sequence", combinations(low))?;
    }
    Ok(code)
}

fn load(size: usize, ternary: bool, name: String) -> Load {
    let kind = if ternary { "ternary" } else { "planes" };
    let last = INPUTS[size - 1];
    Load {
        name,
        size,
        ternary,
        last: if size > REGISTERS { format!("({last})") } else { last.to_string() },
        low: format!("{kind}_low_{size}"),
        high: format!("{kind}_high_{size}"),
        regs: &INPUTS[..size.min(REGISTERS)],
        mems: if size > REGISTERS { &INPUTS[REGISTERS..size] } else { &[] },
    }
}

/// Entries of subsets from the last to the first. Smaller tables begin further on.
fn subsets(sizes: &BTreeSet<usize>, low: bool) -> Sequence {
    let most = *sizes.iter().max().expect("there is a size");
    let name = format!("planes_{}", if low { "low" } else { "high" });
    let gray = |k: usize| k ^ (k >> 1);
    let flip = |from: usize, to: usize| {
        let bit = (gray(from) ^ gray(to)).trailing_zeros() as usize;
        step(bit, gray(to) >> bit & 1 == 1)
    };
    let pair = |i: usize| {
        let k = 2 * i + 1;
        let size = sizes.iter().find(|&&n| k + 1 == 1 << n);
        Pair {
            label: size.map(|n| format!("{name}_{n}")),
            flip: (k + 1 < 1 << most).then(|| flip(k + 1, k)),
            second: Some(flip(k, k - 1)),
        }
    };
    let pairs = (0..1usize << (most - 1)).rev().map(pair).collect();
    Sequence { name, low, ternary: false, pairs }
}

/// Entries of combinations of four; those of three are the last third.
fn combinations(low: bool) -> Sequence {
    let name = format!("ternary_{}", if low { "low" } else { "high" });
    let flip = |from: usize, to: usize| {
        let (a, b) = (ternary_gray(from), ternary_gray(to));
        let digit = (0..4).find(|&i| a[i] != b[i]).expect("entries differ");
        step(digit, b[digit] > a[digit])
    };
    let pair = |i: usize| Pair {
        label: [(0, 4), (27, 3)].iter().find(|l| l.0 == i).map(|l| format!("{name}_{}", l.1)),
        flip: (i > 0).then(|| flip(2 * i - 1, 2 * i)),
        second: (i < 40).then(|| flip(2 * i, 2 * i + 1)),
    };
    Sequence { name: format!("{name}_end"), low, ternary: true, pairs: (0..=40).map(pair).collect() }
}
