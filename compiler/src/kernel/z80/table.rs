//! The table of columns' addresses: low bytes in one page, high bytes in the next, or in half a page each where the form
//! is there for its size; words above 256 buckets. And the columns themselves, by segments.

use super::column::{ColumnContext, ColumnKernel, ColumnPlace, column_kernel};
use super::{lists, pages};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Layout, PAGE, lines};
use crate::stage::Product;
use crate::weights::{Column, Form, tiles};
use serde::Serialize;
use std::sync::LazyLock;

/// Addresses a line of `db` or `dw`.
const ADDRESSES: usize = 8;

/// Whether the addresses of so many columns share a page, low bytes below and high bytes above: the forms that are there
/// for their size take 4 T-states more for half a table.
pub fn is_half(kernel: &dyn ColumnKernel, columns: usize) -> bool {
    kernel.is_called() && columns <= PAGE / 2
}

/// Whether the addresses are words, found by a bucket of more than a byte.
pub fn is_wide(product: &Product) -> bool {
    product.is_hashed() && product.columns.len() > PAGE
}

/// Bytes of the table.
pub fn bytes(product: &Product, form: Form) -> usize {
    let kernel = column_kernel(form, product);
    let columns = product.columns.len();
    if is_wide(product) {
        return 2 * columns;
    }
    tiles(columns).iter().map(|&n| if is_half(kernel, n) { PAGE } else { 2 * PAGE }).sum()
}

/// Context of the macros `weights` of a column kernel's template, and `tables` of `table.asm`.
#[derive(Serialize)]
pub struct Context {
    name: String,
    wide: bool,
    pub segments: Vec<Segment>,
}

/// T-states of the entry of a list that goes on to the next tile, from the `ret` that leads there to the one that leads
/// on.
pub fn switch_cost(product: &Product) -> f64 {
    static COSTS: LazyLock<[f64; 3]> = LazyLock::new(|| {
        let context = |stride| Switch { name: "s".into(), stride };
        let code = |stride| Code::of(Isa::Z80, "table.asm", "switch", context(stride), &[]);
        [1, 2, 3].map(|stride| code(stride).way(&["s_tile", "ret"]))
    });
    COSTS[pages(product.elem()) - 1]
}

/// What the macro `switch` needs of a stage's context.
#[derive(Serialize)]
struct Switch {
    name: String,
    stride: usize,
}

/// The columns of one input tile, or of all buckets.
#[derive(Serialize)]
pub struct Segment {
    pub name: String,
    pub first: bool,
    /// The table of columns is one page.
    pub half: bool,
    /// Address of the last accumulator's high byte; its index; the page of low bytes; the last address of the page of
    /// high bytes, from which a scan steps to the first.
    pub last_high: String,
    pub before: String,
    pub last: usize,
    pub page: String,
    columns: Vec<ColumnContext>,
    /// Those that are lists among gaps.
    quick: Vec<ColumnContext>,
    lows: Vec<String>,
    highs: Vec<String>,
    words: Vec<String>,
}

impl Segment {
    /// One to be counted, without columns.
    pub fn specimen(name: &str, half: bool) -> Self {
        let [last_high, before, page] = ["0", "0", "0"].map(str::to_string);
        let (columns, quick, lows, highs, words) = (vec![], vec![], vec![], vec![], vec![]);
        let name = name.to_string();
        Self { name, first: true, half, last_high, before, last: 0, page, columns, quick, lows, highs, words }
    }
}

/// Columns and tables of stage `at`.
pub fn context(layout: &Layout, at: usize, product: &Product, form: Form) -> Context {
    let name = layout.stages[at].name.clone();
    let weights = Weights {
        stage: &name,
        product,
        kernel: column_kernel(form, product),
        stride: layout.memory.stride(at),
    };
    let segments = match product.hidden() {
        None => vec![weights.segment(name.clone(), &product.columns, None)],
        Some(from) => {
            let array = format!("{}_acc", layout.stages[from].name);
            let tile = |(t, columns): (usize, &[Column])| {
                let (low, _) = layout.memory.accumulator(from, t * PAGE);
                let bytes = product.reads_bytes().is_some();
                let place = Place { tile: t, array: array.clone(), low, bytes };
                weights.segment(format!("{name}_{t}"), columns, Some(place))
            };
            product.columns.chunks(PAGE).enumerate().map(tile).collect()
        }
    };
    Context { wide: is_wide(product), segments, name }
}

/// What all columns of a stage have in common.
struct Weights<'a> {
    stage: &'a str,
    product: &'a Product,
    kernel: &'static dyn ColumnKernel,
    stride: usize,
}

/// Where a scanned tile of accumulators lies.
struct Place {
    tile: usize,
    array: String,
    low: usize,
    /// Byte accumulators: a byte behind the last ends the scan.
    bytes: bool,
}

impl Weights<'_> {
    fn segment(&self, name: String, columns: &[Column], place: Option<Place>) -> Segment {
        let last = columns.len() - 1;
        // The last column of a scan leads out of it.
        let leaves = |i: usize| i == last && place.as_ref().is_some_and(|p| !p.bytes);
        let own = |i: usize, column: &Column| !column.is_empty() || (leaves(i) && self.kernel.owns_last());
        let end = |i: usize| format!("{name}_{}", if leaves(i) { "last" } else { "next" });
        let shared = self.kernel.empty(&name);
        let label = |i: usize| format!("{name}_c{i}");
        let target = |(i, column): (usize, &Column)| if own(i, column) { label(i) } else { shared.clone() };
        let targets: Vec<String> = columns.iter().enumerate().map(target).collect();
        let is_quick = |i: usize| self.product.quick.get(i) == Some(&true);
        let owned = || columns.iter().enumerate().filter(|(i, c)| own(*i, c));
        let mut contexts: Vec<_> = owned()
            .filter(|(i, _)| !is_quick(*i))
            .map(|(i, c)| self.column(self.kernel, label(i), end(i), c))
            .collect();
        // A list leads back to where SP is put right.
        let back = || format!("{name}_back");
        let quick = owned().filter(|(i, _)| is_quick(*i));
        let quick = quick.map(|(i, c)| self.column(&lists::Lists, label(i), back(), c));
        let quick = quick.collect();
        if self.kernel.is_called() && columns.iter().any(Column::is_empty) {
            contexts.push(self.column(self.kernel, shared.clone(), String::new(), &Column::default()));
        }
        let of_place = |text: &dyn Fn(&Place) -> String| place.as_ref().map_or(String::new(), text);
        Segment {
            half: is_half(self.kernel, columns.len()),
            first: place.as_ref().is_none_or(|p| p.tile == 0),
            last_high: of_place(&|p| format!("{}+{}", p.array, p.low + PAGE + last)),
            before: of_place(&|p| {
                format!("{}+{}", p.array, p.low + if p.bytes { PAGE } else { 2 * PAGE } - 1)
            }),
            page: of_place(&|p| format!("{}/256+{}", p.array, p.low / PAGE)),
            last: if place.as_ref().is_some_and(|p| p.bytes) { last + 1 } else { last },
            columns: contexts,
            quick,
            lows: lines::lines(targets.iter().map(|t| format!("{t} and 255")), ADDRESSES),
            highs: lines::lines(targets.iter().map(|t| format!("{t}/256")), ADDRESSES),
            words: lines::lines(targets, ADDRESSES),
            name,
        }
    }

    fn column(
        &self,
        kernel: &dyn ColumnKernel,
        label: String,
        end: String,
        column: &Column,
    ) -> ColumnContext {
        let place = ColumnPlace { stage: self.stage.to_string(), label, end };
        kernel.context(self.product, self.stride, place, column)
    }
}
