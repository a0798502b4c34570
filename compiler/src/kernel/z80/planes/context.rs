//! What the macros of `planes.asm` are told: of a stage in a layout, or to be counted, where all addresses are 0.

use crate::kernel::look_up::Shape;
use crate::kernel::{Layout, PAGE, lines};
use crate::stage::Product;
use crate::weights::planes::{self, Planes, SEVEN};
use serde::Serialize;
use std::collections::BTreeSet;

/// Context of the macro `code`.
#[derive(Serialize)]
pub struct Fill {
    sizes: Vec<usize>,
    pushes: Vec<Push>,
}

/// A push of the code that fills a table.
#[derive(Serialize)]
struct Push {
    /// Which difference is added before it; none before the first.
    step: Option<u32>,
    /// A table of so many inputs begins here: the steps to the end are its own.
    entry: Option<usize>,
}

impl Fill {
    /// Of tables of these sizes.
    pub fn new(sizes: BTreeSet<usize>) -> Self {
        let pushes = (0..1u8 << SEVEN).map(|k| Push {
            step: (k > 0).then(|| k.trailing_zeros()),
            entry: sizes.iter().copied().find(|n| k == (1 << SEVEN) - (1 << n)),
        });
        Self { pushes: pushes.collect(), sizes: sizes.into_iter().collect() }
    }
}

/// Context of the macro `tables`.
#[derive(Serialize)]
pub struct Tables {
    signs: bool,
    shift: u8,
    /// The page of the first table.
    page: String,
    tiles: Vec<Tile>,
}

/// Up to 256 inputs.
#[derive(Serialize)]
struct Tile {
    first: String,
    loops: Vec<Groups>,
}

/// Groups of one size.
#[derive(Serialize)]
pub struct Groups {
    pub label: String,
    pub count: usize,
    pub inputs: usize,
    /// Behind the table of the last: none where there is one.
    end: Option<String>,
}

impl Tables {
    pub fn new(layout: &Layout, name: &str, shape: &Shape) -> Self {
        let array = format!("{}_acc", layout.stages[shape.from].name);
        let first = |t: usize| format!("{array}+{}", layout.memory.accumulator(shape.from, t * PAGE).0);
        Self::of(name, shape, first)
    }

    /// To be counted: the stage is `s`.
    pub fn specimen(shape: &Shape) -> Self {
        Self::of("s", shape, |_| "0".to_string())
    }

    /// `first`: the low byte of the first input of a tile.
    fn of(name: &str, shape: &Shape, first: impl Fn(usize) -> String) -> Self {
        let mut behind = 0;
        let mut tile = |(t, groups): (usize, &Vec<usize>)| {
            let mut loops = Vec::new();
            for same in groups.chunk_by(|a, b| a == b) {
                behind += same.len();
                loops.push(Groups {
                    label: format!("{name}_{t}_{}", same[0]),
                    count: same.len(),
                    inputs: same[0],
                    end: (same.len() > 1).then(|| format!("{name}_scratch/256+{} and 255", behind + 1)),
                });
            }
            Tile { first: first(t), loops }
        };
        Self {
            signs: shape.planes == Planes::Signs,
            shift: shape.shift,
            page: page(name),
            tiles: shape.groups.iter().enumerate().map(&mut tile).collect(),
        }
    }

    /// All of all tiles.
    pub fn loops(&self) -> Vec<&Groups> {
        self.tiles.iter().flat_map(|tile| &tile.loops).collect()
    }
}

/// The page of the first table.
fn page(name: &str) -> String {
    format!("{name}_scratch/256")
}

/// Context of the macro `rows`.
#[derive(Serialize)]
pub struct Rows {
    name: String,
    signs: bool,
    /// One of each plane.
    walks: Vec<Vec<Look>>,
    /// A byte is left of the last pair.
    odd: bool,
    /// IX behind the last output; rows of a piece, less one.
    last: String,
    mask: usize,
    /// Tiles of outputs: pages from one to the one before, and the page before the first; none for one tile.
    back: Option<Back>,
}

/// A byte of a row and what it looks up.
#[derive(Serialize)]
struct Look {
    /// Interrupts are let in before it, behind this label.
    enable: Option<String>,
    /// The page of its table, where H does not have it.
    page: Option<String>,
    /// The pair is read before it.
    pop: bool,
    register: &'static str,
    /// The sum is taken and not added.
    load: bool,
    /// There is a table behind this one.
    next: bool,
}

#[derive(Serialize)]
struct Back {
    stride: usize,
    end: String,
}

/// How much of the rows runs from one moment in which interrupts are let in to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Rows: a power of two.
    pub rows: usize,
    /// Bytes of a row. A whole row has fewer, where interrupts are let in between rows alone.
    pub looks: usize,
}

impl Piece {
    pub const ROW: Self = Self { rows: 1, looks: usize::MAX };
}

impl Rows {
    pub fn new(layout: &Layout, at: usize, shape: &Shape, piece: Piece) -> Self {
        let name = &layout.stages[at].name;
        let count = shape.outputs[shape.outputs.len() - 1];
        let (low, _) = layout.memory.accumulator(at, (shape.outputs.len() - 1) * PAGE);
        let stride = layout.memory.stride(at);
        let back = Back { stride, end: format!("{name}_acc/256-{stride}") };
        Self {
            last: format!("{name}_acc+{}", low + count % PAGE),
            mask: piece.rows - 1,
            back: (shape.outputs.len() > 1).then_some(back),
            ..Self::of(name, shape.planes, shape.tables(), piece.looks)
        }
    }

    /// To be counted, with so many tables and pieces of so many bytes: the stage is `s`. `back`: it has several tiles of
    /// outputs.
    pub fn specimen(planes: Planes, tables: usize, looks: usize, back: bool) -> Self {
        let back = back.then(|| Back { stride: 2, end: "0".to_string() });
        Self { back, ..Self::of("s", planes, tables, looks) }
    }

    /// The labels of all moments in which interrupts are let in.
    pub fn enables(&self) -> Vec<String> {
        let in_rows = self.walks.iter().flatten().filter_map(|look| look.enable.clone());
        in_rows.chain([format!("{}_ei", self.name)]).collect()
    }

    /// Of one tile at 0, in pieces of at most one row.
    fn of(name: &str, planes: Planes, tables: usize, looks: usize) -> Self {
        Self {
            name: name.to_string(),
            signs: planes == Planes::Signs,
            walks: (0..planes.count()).map(|plane| walk(name, planes, tables, plane, looks)).collect(),
            odd: planes == Planes::Signs && tables % 2 == 1,
            last: "0".to_string(),
            mask: 0,
            back: None,
        }
    }
}

/// The bytes of a plane. Those of the second go on where the first has stopped, in the middle of a pair too. Interrupts
/// are let in before each of `looks` bytes of both.
fn walk(name: &str, planes: Planes, tables: usize, plane: usize, looks: usize) -> Vec<Look> {
    let look = |g: usize| {
        let at = plane * tables + g;
        let first = at.is_multiple_of(2);
        let enables = at > 0 && at.is_multiple_of(looks);
        let page = match g {
            0 => Some(page(name)),
            _ => enables.then(|| format!("{}+{g}", page(name))),
        };
        Look {
            enable: enables.then(|| format!("{name}_{at}_ei")),
            page,
            pop: first,
            register: if first { "c" } else { "b" },
            load: planes == Planes::Twos && plane == 0 && g == 0,
            next: g + 1 < tables,
        }
    };
    (0..tables).map(look).collect()
}

/// Context of the macro `weights`.
#[derive(Serialize)]
pub struct Weights {
    name: String,
    rows: Vec<Vec<String>>,
}

impl Weights {
    pub fn new(name: &str, product: &Product, shape: &Shape) -> Self {
        let rows = planes::rows(&product.columns, product.outputs);
        let starts = product.constants().unwrap_or_default();
        let row = |(row, &start): (&Vec<i8>, &i16)| lines::bytes(planes::sevens(row, start, shape.planes));
        Self { name: name.to_string(), rows: rows.iter().zip(starts).map(row).rev().collect() }
    }
}
