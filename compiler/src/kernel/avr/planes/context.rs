//! What the macros of `planes.S` are told: of a stage in a layout, or to be counted, where all addresses are 0.

use super::super::column::label;
use super::super::core::to_shared;
use crate::kernel::look_up::Shape;
use crate::kernel::{Layout, Machine, PAGE, lines};
use crate::stage::Product;
use crate::weights::planes::{self, FOUR, Planes};
use serde::Serialize;

/// Groups whose tables share a page.
pub const SIDE_BY_SIDE: usize = 8;

/// The label of the routine that fills a table.
fn fill_label(planes: Planes) -> &'static str {
    match planes {
        Planes::Signs => "planes_signs",
        Planes::Twos => "planes_sums",
    }
}

/// Context of the macro `fill`.
#[derive(Serialize)]
pub struct Fill {
    pub name: &'static str,
    signs: bool,
    steps: Vec<Step>,
}

/// One input more or less, in Gray's order: each sum differs from the one before by one input.
#[derive(Serialize)]
struct Step {
    ops: [&'static str; 2],
    /// Registers of the input.
    low: u32,
    high: u32,
    /// What is subtracted from the low byte of the place behind a sum's low byte, so that it is the place of the next.
    back: u8,
}

impl Fill {
    /// Of tables for such planes.
    pub fn new(planes: Planes) -> Self {
        Self { name: fill_label(planes), signs: planes == Planes::Signs, steps: steps() }
    }
}

fn steps() -> Vec<Step> {
    let step = |k: u8| {
        let input = k.trailing_zeros();
        let more = (k ^ k >> 1) >> input & 1 == 1;
        let way = 16u8 << input;
        Step {
            ops: if more { ["add", "adc"] } else { ["sub", "sbc"] },
            low: 2 + 2 * input,
            high: 3 + 2 * input,
            back: if more { 1u8.wrapping_sub(way) } else { 1u8.wrapping_add(way) },
        }
    };
    (1..1 << FOUR).map(step).collect()
}

/// Context of the macro `tables`.
#[derive(Serialize)]
pub struct Tables {
    /// The routine that fills a table, and what calls it.
    pub fill: &'static str,
    pub call: &'static str,
    scratch: String,
    shift: u8,
    inputs: Vec<Inputs>,
}

/// Up to 256 inputs.
#[derive(Serialize)]
struct Inputs {
    low: String,
    high: String,
    loops: Vec<Groups>,
}

/// Groups of one size, and the inputs that they lack.
#[derive(Serialize)]
pub struct Groups {
    pub label: String,
    pub count: usize,
    pub inputs: usize,
    missing: usize,
}

impl Tables {
    pub fn new(layout: &Layout, name: &str, shape: &Shape) -> Self {
        let source = &layout.stages[shape.from].name;
        Self::of(layout.machine, name, shape, |part, t| label(source, part, t))
    }

    /// To be counted: the stage is `s`.
    pub fn specimen(machine: Machine, shape: &Shape) -> Self {
        Self::of(machine, "s", shape, |_, _| "0".to_string())
    }

    /// `address`: of the low bytes (`acc`) or the high bytes (`high`) of a tile of inputs.
    fn of(machine: Machine, name: &str, shape: &Shape, address: impl Fn(&str, usize) -> String) -> Self {
        let tile = |(t, groups): (usize, &Vec<usize>)| {
            let loops = groups.chunk_by(|a, b| a == b).map(|same| Groups {
                label: format!("{name}_{t}_{}", same[0]),
                count: same.len(),
                inputs: same[0],
                missing: FOUR - same[0],
            });
            Inputs { low: address("acc", t), high: address("high", t), loops: loops.collect() }
        };
        Self {
            fill: fill_label(shape.planes),
            call: to_shared(machine).0,
            scratch: format!("{name}_scratch"),
            shift: shape.shift,
            inputs: shape.groups.iter().enumerate().map(tile).collect(),
        }
    }

    /// All of all tiles.
    pub fn loops(&self) -> Vec<&Groups> {
        self.inputs.iter().flat_map(|tile| &tile.loops).collect()
    }
}

/// Context of the macro `rows`.
#[derive(Serialize)]
pub struct Rows {
    name: String,
    signs: bool,
    scratch: String,
    outputs: Vec<Outputs>,
    pub walk: Walk,
}

/// Up to 256 outputs.
#[derive(Serialize)]
struct Outputs {
    low: String,
    high: String,
    count: usize,
}

/// The bytes of a plane: those of whole pages, and the rest.
#[derive(Serialize)]
pub struct Walk {
    pub pages: usize,
    page: Vec<Pair>,
    rest: Vec<Pair>,
}

/// A byte and what it looks up: the places of both sums in a page, of the last perhaps one.
#[derive(Serialize)]
struct Pair {
    first: usize,
    second: Option<usize>,
}

impl Rows {
    pub fn new(name: &str, shape: &Shape) -> Self {
        Self::of(name, shape, |part, t| label(name, part, t))
    }

    /// To be counted: the stage is `s`.
    pub fn specimen(shape: &Shape) -> Self {
        Self::of("s", shape, |_, _| "0".to_string())
    }

    /// `address`: of the low bytes (`acc`) or the high bytes (`high`) of a tile of outputs.
    fn of(name: &str, shape: &Shape, address: impl Fn(&str, usize) -> String) -> Self {
        let outputs = |(t, &count): (usize, &usize)| Outputs {
            low: address("acc", t),
            high: address("high", t),
            count: count % PAGE,
        };
        let rest = shape.tables() % SIDE_BY_SIDE;
        Self {
            name: name.to_string(),
            signs: shape.planes == Planes::Signs,
            scratch: format!("{name}_scratch"),
            outputs: shape.outputs.iter().enumerate().map(outputs).collect(),
            walk: Walk { pages: shape.tables() / SIDE_BY_SIDE, page: pairs(SIDE_BY_SIDE), rest: pairs(rest) },
        }
    }
}

/// The bytes of so many groups, from the first of a page on.
fn pairs(groups: usize) -> Vec<Pair> {
    let pair = |g: usize| Pair { first: 2 * g, second: (g + 1 < groups).then_some(2 * g + 2) };
    (0..groups).step_by(2).map(pair).collect()
}

/// Context of the macro `weights`.
#[derive(Serialize)]
pub struct Weights {
    name: String,
    rows: Vec<Vec<String>>,
}

impl Weights {
    pub fn new(name: &str, product: &Product, shape: &Shape) -> Self {
        let starts = product.constants().unwrap_or_default();
        let rows = planes::rows(&product.columns, product.outputs);
        let row = |(row, &start): (&Vec<i8>, &i16)| lines::gnu_bytes(planes::fours(row, start, shape.planes));
        Self { name: name.to_string(), rows: rows.iter().zip(starts).map(row).collect() }
    }
}
