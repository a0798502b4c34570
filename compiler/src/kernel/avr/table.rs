//! Columns as bytes or code, and the table that finds them: addresses, or jumps.

use super::column::{ColumnKernel, column_kernel, low_byte, tile_name};
use super::core::{has_jumps, isa};
use super::unrolled;
use crate::kernel::sequence::Home;
use crate::kernel::{Layout, lines};
use crate::stage::Product;
use crate::weights::{Column, Form, tiles};
use serde::Serialize;

/// Addresses a line of `.word`.
const ADDRESSES: usize = 8;
/// Bytes of a fold: three low addresses and a sign.
const FOLD: usize = 4;

/// Weights of a product with the table of its columns.
pub fn bytes(product: &Product, kernel: &dyn ColumnKernel) -> usize {
    let size_of = kernel.size(product);
    let tile = |(t, &outputs): (usize, &usize)| -> usize {
        let columns: Vec<_> = product.columns.iter().map(|c| c.tile(t)).collect();
        let size = |c: &Column| size_of(c, outputs);
        let empty = columns.iter().find(|c| c.is_empty()).map_or(0, size);
        let filled = columns.iter().filter(|c| !c.is_empty()).map(size).sum::<usize>();
        empty + filled + kernel.entry() * columns.len()
    };
    tiles(product.outputs).iter().enumerate().map(tile).sum::<usize>() + FOLD * product.folds.len()
}

/// Context of the macros of `table.S`.
#[derive(Serialize)]
pub struct Context {
    form: &'static str,
    tiles: Vec<Tile>,
}

/// The columns of a tile.
#[derive(Serialize)]
struct Tile {
    name: String,
    columns: Vec<ColumnContext>,
    table: Vec<String>,
}

#[derive(Serialize)]
struct ColumnContext {
    label: String,
    lines: Vec<String>,
    /// Instructions, for columns that are code.
    code: Vec<String>,
}

impl Context {
    /// Columns and tables of stage `at`.
    pub fn new(layout: &Layout, at: usize, product: &Product, form: Form) -> Self {
        let stage = &layout.stages[at].name;
        let tile = |t: usize| {
            let base = low_byte(layout.memory.start, layout.memory.tiles[at][t].0);
            let weights = Weights { stage, product, kernel: column_kernel(form, Home::Image), t, base };
            weights.tile(has_jumps(isa(layout.machine)))
        };
        let form = if form.is_lists() { "lists" } else { form.name() };
        Self { form, tiles: (0..tiles(product.outputs).len()).map(tile).collect() }
    }
}

/// What all columns of a tile have in common.
struct Weights<'a> {
    stage: &'a str,
    product: &'a Product,
    kernel: &'static dyn ColumnKernel,
    t: usize,
    /// The low address of the tile's first accumulator.
    base: usize,
}

impl Weights<'_> {
    fn tile(&self, far: bool) -> Tile {
        let name = tile_name(self.stage, self.t);
        let columns: Vec<Column> = self.product.columns.iter().map(|c| c.tile(self.t)).collect();
        let empty = format!("{name}_empty");
        let label_of = |(i, column): (usize, &Column)| {
            if column.is_empty() { empty.clone() } else { format!("{name}_c{i}") }
        };
        let labels: Vec<String> = columns.iter().enumerate().map(label_of).collect();
        let filled = labels.iter().zip(&columns).filter(|(_, c)| !c.is_empty());
        let mut contexts: Vec<_> = filled.map(|(l, c)| self.column(l, c)).collect();
        if columns.iter().any(Column::is_empty) {
            contexts.push(self.column(&empty, &Column::default()));
        }
        let jump = unrolled::jump(far);
        let table = match self.kernel.template() {
            None => labels.iter().map(|l| format!("{jump} {l}")).collect(),
            Some(_) => {
                let lines = lines::lines(labels, ADDRESSES);
                lines.into_iter().map(|line| format!(".word {line}")).collect()
            }
        };
        Tile { name, columns: contexts, table }
    }

    fn column(&self, label: &str, column: &Column) -> ColumnContext {
        let (mut lines, mut code) = (vec![], vec![]);
        if self.kernel.template().is_none() {
            code = unrolled::code(self.stage, self.t, column, self.product.counts().is_some());
            // A label needs something to stand for, and a routine of nothing returns.
            code.extend(column.is_empty().then(|| "; nothing".to_string()));
        } else {
            let outputs = tiles(self.product.outputs)[self.t];
            lines = lines::gnu_bytes(self.kernel.bytes(column, outputs, self.base));
        }
        ColumnContext { label: label.to_string(), lines, code }
    }
}
