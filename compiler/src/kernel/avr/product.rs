//! What the two kernels of products by columns have in common: hashed text and scans of the layer before.

use super::column::{ColumnKernel, column_kernel, find_kernel, label, low_byte};
use super::core::{has_jumps, isa, to_shared};
use super::loads::{self, Table};
use super::{chip, lists, table};
use crate::CompileError;
use crate::asm::{AvrCore, Isa};
use crate::kernel::columns::{self, Stored};
use crate::kernel::cycles::{Code, END, START};
use crate::kernel::sequence::Home;
use crate::kernel::{Kernel, Layout, Machine, Offer, Section, Site, View, lines};
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, share};
use crate::weights::{Fold, Form, tiles};
use serde::Serialize;
use std::sync::LazyLock;

/// What sharing sums trades: an addition by an index list, and a fold with its start value. On average: one addition in
/// eight is taken to carry, and every other fold to subtract. All cores take as long.
static PRICES: LazyLock<share::Prices> = LazyLock::new(|| {
    let isa = Isa::Avr(AvrCore::Avr5);
    let addition = lists::addition(isa) + lists::Lists { home: Home::Image }.carry(isa) / 8.0;
    let FoldCost { plus, minus, .. } = FoldCost::count(isa);
    let fold = (plus + minus) / 2.0 + 2.0 * loads::byte_cost(isa);
    share::Prices { addition: addition.round() as u64, fold: fold.round() as u64, accumulators: 256 }
});

/// An offer for each form whose columns `kernel` can add for stage `at`.
pub fn offers(kernel: &'static dyn Kernel, view: &View, at: usize) -> Vec<Offer> {
    let home = view.home(at);
    let stored = |form, _: &Product| {
        Some(Stored { can_count: find_kernel(form, home)?.can_count(), shares: form == Form::Shared })
    };
    let bytes = |form, product: &Product| match home {
        Home::Image => table::bytes(product, column_kernel(form, home)),
        Home::File | Home::Bank => chip::bytes(product, column_kernel(form, home)),
    };
    columns::offers(kernel, (view, at), *PRICES, &stored, &bytes)
}

/// Cycles of start values and shared sums, over all queries.
pub fn each_run_cost(product: &Product, usage: &ProductUsage, machine: Machine) -> f64 {
    usage.runs as f64 * (loads::cost(product, machine) + folds_cost(product, machine))
}

/// Cycles of adding the shared sums of a product once.
fn folds_cost(product: &Product, machine: Machine) -> f64 {
    if product.folds.is_empty() {
        return 0.0;
    }
    let FoldCost { plus, minus, around } = FoldCost::count(isa(machine));
    let folds = product.folds.iter().map(|fold| if fold.minus { minus } else { plus });
    around + folds.sum::<f64>()
}

/// Cycles of a fold whose second output gets the sum, and less it; and of what is around all folds.
struct FoldCost {
    plus: f64,
    minus: f64,
    around: f64,
}

impl FoldCost {
    fn count(isa: Isa) -> Self {
        let code = Code::of(isa, "shared.S", "folds", Folds::specimen(), &["s_folds"]);
        let end = code.way(&["s_fold_other", END]) - code.way(&["s_fold_other", "s_fold"]);
        Self {
            plus: code.way(&["s_fold", "s_fold_other", "s_fold"]),
            minus: code.way(&["s_fold", "sbrs r18, 0", "s_fold"]),
            around: code.way(&[START, "s_fold"]) + end,
        }
    }
}

/// Cycles of all columns that a product has used, over all queries.
pub fn columns_cost(
    product: &Product,
    kernel: &dyn ColumnKernel,
    usage: &ProductUsage,
    machine: Machine,
) -> f64 {
    let isa = isa(machine);
    let kinds = kernel.kinds(product);
    let byte_cost = kernel.cost(isa, product, kinds.first().copied());
    let wide_cost = kernel.cost(isa, product, kinds.last().copied());
    let (mut cost, mut additions) = (0.0, 0.0);
    for (t, &outputs) in tiles(product.outputs).iter().enumerate() {
        for (column, (&low, &high)) in product.columns.iter().zip(usage.low.iter().zip(&usage.high)) {
            if low + high == 0 {
                continue;
            }
            let column = column.tile(t);
            let (byte, wide) = (low.saturating_sub(high) as f64, high as f64);
            cost += byte * byte_cost(&column, outputs) + wide * wide_cost(&column, outputs);
            additions += byte * column.len() as f64;
        }
    }
    if product.counts().is_none() {
        // Shared sums are made of fewer additions than were counted where the sums were not shared; they carry about as
        // often.
        let share = usage.byte_carries as f64 / usage.byte_additions.max(1) as f64;
        cost += additions * share * kernel.carry(isa);
    }
    cost
}

/// What the macros of a tile need to hand a column to its routine.
#[derive(Serialize)]
pub struct Apply {
    /// The label of the routine for activations of one byte, or for any; and of one for more, if that is another.
    pub kernel: &'static str,
    pub wide_kernel: Option<&'static str>,
    /// What calls and jumps to shared code.
    pub call: &'static str,
    pub jump: &'static str,
    /// The columns are code, found by jumps of two words if `far_jumps`.
    pub code: bool,
    pub far_jumps: bool,
    /// Byte accumulators.
    pub counts: bool,
    /// XL is kept in r20 for the second list.
    pub keeps_start: bool,
    /// r19 is the number of bytes.
    pub has_length: bool,
    /// The columns are in a flash chip.
    pub chip: bool,
}

impl Apply {
    pub fn new(machine: Machine, product: &Product, form: Form, home: Home) -> Self {
        let kernel = column_kernel(form, home);
        let kinds = kernel.kinds(product);
        let (call, jump) = to_shared(machine);
        Self {
            kernel: kinds.first().map_or("", |kind| kernel.routine(*kind)),
            wide_kernel: kinds.get(1).map(|kind| kernel.routine(*kind)),
            call,
            jump,
            code: kernel.template().is_none(),
            far_jumps: has_jumps(isa(machine)),
            counts: product.counts().is_some(),
            keeps_start: form == Form::Gaps,
            has_length: form == Form::Packed,
            chip: home == Home::File,
        }
    }

    /// What is named that other code has, where it is counted.
    pub fn others(&self) -> Vec<&'static str> {
        let chip = if self.chip { vec!["s_chip", "net_flash_at"] } else { vec![] };
        let kernels = [self.kernel].into_iter().chain(self.wide_kernel).filter(|name| !name.is_empty());
        kernels.chain(chip).collect()
    }
}

/// Up to 256 outputs.
#[derive(Serialize)]
pub struct Tile {
    pub name: String,
    pub low: String,
    pub high: String,
    /// Where the routine wants XL.
    start: String,
    packed_bytes: usize,
    /// The addresses of the columns.
    table_at: String,
    /// In a flash chip: the address of the first column, and from each to the next.
    chip_at: String,
    pub stride: usize,
}

impl Tile {
    /// One to be counted: the stage is `s`.
    pub fn specimen() -> Self {
        let [low, high, start] = ["0", "0", "0"].map(String::from);
        let (table_at, chip_at) = ("s_table".into(), "s_chip".into());
        Self { name: "s".into(), low, high, start, packed_bytes: 0, table_at, chip_at, stride: 1 }
    }
}

/// The tiles of stage `at`.
pub fn tiles_of(layout: &Layout, at: usize, product: &Product, form: Form) -> Vec<Tile> {
    let stage = &layout.stages[at].name;
    let kernel = column_kernel(form, layout.home(at));
    let strides = match layout.home(at) {
        Home::Image => vec![],
        Home::File | Home::Bank => chip::strides(product, kernel),
    };
    let tile = |(t, &outputs): (usize, &usize)| {
        let base = low_byte(layout.memory.start, layout.memory.tiles[at][t].0);
        let low = label(stage, "acc", t);
        let name = super::column::tile_name(stage, t);
        Tile {
            high: if product.counts().is_some() { low.clone() } else { label(stage, "high", t) },
            low,
            start: kernel.start(base).to_string(),
            packed_bytes: outputs.div_ceil(4),
            table_at: format!("{name}_table"),
            chip_at: chip::label(&name),
            stride: strides.get(t).copied().unwrap_or(1),
            name,
        }
    };
    tiles(product.outputs).iter().enumerate().map(tile).collect()
}

/// Adds shared sums to the outputs that share them: code, and the table in flash.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn folds_text(site: &Site, at: usize, product: &Product) -> Result<(String, String), CompileError> {
    if product.folds.is_empty() {
        return Ok(Default::default());
    }
    let name = &site.layout.stages[at].name;
    let base = low_byte(site.layout.memory.start, site.layout.memory.tiles[at][0].0);
    let low = |output: u16| (base + usize::from(output)) as u8;
    // The last fold first: it may add to a sum that an earlier one shares.
    let fold = |f: &Fold| [low(f.from), low(f.plus), low(f.other), u8::from(f.minus)];
    let bytes: Vec<u8> = product.folds.iter().rev().flat_map(fold).collect();
    let context = Folds {
        name,
        folds: product.folds.len(),
        low: label(name, "acc", 0),
        high: label(name, "high", 0),
        tables: vec![Table { name: format!("{name}_folds"), lines: lines::gnu_bytes(bytes) }],
    };
    let code = site.templates.call("shared.S", "folds", &context)?;
    Ok((code, site.templates.call("loads.S", "tables", &context)?))
}

#[derive(Serialize)]
struct Folds<'a> {
    name: &'a str,
    folds: usize,
    low: String,
    high: String,
    tables: Vec<Table>,
}

impl Folds<'_> {
    /// Any number of folds, to be counted: the stage is `s`.
    fn specimen() -> Self {
        let [low, high] = ["0", "0"].map(String::from);
        Self { name: "s", folds: 1, low, high, tables: vec![] }
    }
}

/// Weights and tables of stage `at` as pieces of data; none where a flash chip has them.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn data(
    site: &Site,
    at: usize,
    product: &Product,
    form: Form,
) -> Result<Vec<(Section, String)>, CompileError> {
    if site.layout.home(at) != Home::Image {
        return Ok(vec![]);
    }
    let context = table::Context::new(site.layout, at, product, form);
    let call = |part: &str| site.templates.call("table.S", part, &context);
    Ok(match column_kernel(form, Home::Image).template() {
        Some(_) => vec![(Section::Weights, call("weights")?)],
        None => vec![(Section::Jumps, call("jumps")?), (Section::Code, call("code")?)],
    })
}
