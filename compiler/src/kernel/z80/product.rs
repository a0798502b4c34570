//! What the two kernels of products by columns have in common: hashed text and scans of the layer before.

use super::column::{Apply, ColumnKernel, column_kernel, find_kernel};
use super::{lists, starts, table};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::columns::{self, Stored};
use crate::kernel::cycles::Code;
use crate::kernel::{Kernel, Layout, Offer, PAGE, Section, Site, View};
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, share};
use crate::weights::{Form, tiles};
use serde::Serialize;
use std::sync::LazyLock;

/// What sharing sums trades: an addition by an index list, and a fold with its start value, which is pushed. On average:
/// one addition in eight is taken to carry, and one word in ten to be in no register yet.
static PRICES: LazyLock<share::Prices> = LazyLock::new(|| {
    let addition = lists::addition() + lists::carry() / 8.0;
    let (push, load) = starts::word_cost();
    let fold = FOLDS.one.0 + push + load / 10.0;
    share::Prices { addition: addition.round() as u64, fold: fold.round() as u64, accumulators: 256 }
});

/// An offer for each form whose columns `kernel` can add for stage `at`.
pub fn offers(kernel: &'static dyn Kernel, view: &View, at: usize) -> Vec<Offer> {
    let stored = |form, product: &Product| {
        let kernel = find_kernel(form, product)?;
        Some(Stored { can_count: kernel.can_count(), shares: form == Form::Shared })
    };
    let bytes =
        |form, product: &Product| column_kernel(form, product).bytes(product) + table::bytes(product, form);
    columns::offers(kernel, (view, at), *PRICES, &stored, &bytes)
}

/// T-states of all columns that a stage has used, over all queries; of those of n-grams that are `known` none.
pub fn columns_cost(product: &Product, form: Form, usage: &ProductUsage, known: bool) -> f64 {
    let kernel = column_kernel(form, product);
    // `set 7,l` in the place of `inc h`, where the last of several tiles has half a table and the others have not.
    let segments = tiles(product.columns.len());
    let has_half =
        |columns: &usize| segments.len() > 1 && !table::is_wide(product) && table::is_half(kernel, *columns);
    let tables: Vec<f64> = segments.iter().map(|n| if has_half(n) { 4.0 } else { 0.0 }).collect();
    let (mut cost, mut additions) = (0.0, 0.0);
    for (i, column) in product.columns.iter().enumerate() {
        let uses = usage.low[i] + usage.high[i] - if known { usage.known[i] } else { 0 };
        if uses > 0 {
            cost += uses as f64 * (kernel.column(product, column) + tables[i / PAGE]);
            additions += uses as f64 * column.len() as f64;
        }
    }
    let carry = if product.counts().is_some() { 0.0 } else { kernel.carry() };
    // Shared sums are made of fewer additions than were counted where the sums were not shared; they carry about as
    // often.
    cost + usage.carries as f64 * carry * additions / usage.additions.max(1) as f64
}

/// What was counted of folds.
struct FoldCosts {
    /// T-states around all of them.
    around: f64,
    /// T-states and bytes of one. One that subtracts takes as long.
    one: (f64, usize),
}

static FOLDS: LazyLock<FoldCosts> = LazyLock::new(|| {
    let fold = Fold { from: 0, plus: 0, other: 0, low: "add a,", high: "adc a," };
    let of = |folds| Code::of(Isa::Z80, "shared.asm", "folds", Folds { page: "0".into(), folds }, &[]);
    let (none, one) = (of(vec![]), of(vec![fold]));
    FoldCosts { around: none.straight(), one: (one.straight() - none.straight(), one.bytes() - none.bytes()) }
});

/// T-states of adding the shared sums of a product once.
pub fn folds_cost(product: &Product) -> f64 {
    if product.folds.is_empty() { 0.0 } else { FOLDS.around + FOLDS.one.0 * product.folds.len() as f64 }
}

/// Bytes of the code that adds them.
pub fn folds_bytes(product: &Product) -> usize {
    FOLDS.one.1 * product.folds.len()
}

/// Adds shared sums to the outputs that share them.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn folds_text(site: &Site, at: usize, product: &Product) -> Result<String, CompileError> {
    if product.folds.is_empty() {
        return Ok(String::new());
    }
    let context = Folds {
        page: page(site.layout, at, false),
        // The last fold first: it may add to a sum that an earlier one shares.
        folds: product.folds.iter().rev().map(Fold::new).collect(),
    };
    site.templates.call("shared.asm", "folds", context)
}

#[derive(Serialize)]
struct Folds {
    page: String,
    folds: Vec<Fold>,
}

/// Adds a shared sum to the two outputs that share it.
#[derive(Serialize)]
struct Fold {
    from: u16,
    plus: u16,
    other: u16,
    low: &'static str,
    high: &'static str,
}

impl Fold {
    fn new(fold: &crate::weights::Fold) -> Self {
        let (low, high) = if fold.minus { ("sub ", "sbc a,") } else { ("add a,", "adc a,") };
        Self { from: fold.from, plus: fold.plus, other: fold.other, low, high }
    }
}

/// The page of the low bytes of a stage's first tile, or of the high ones.
pub fn page(layout: &Layout, at: usize, high: bool) -> String {
    format!("{}_acc/256{}", layout.stages[at].name, if high { "+1" } else { "" })
}

/// Hands a column of stage `at` to its kernel.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn apply_text(
    site: &Site,
    at: usize,
    product: &Product,
    kernel: &dyn ColumnKernel,
    high: bool,
) -> Result<String, CompileError> {
    let apply = Apply {
        page: page(site.layout, at, high),
        tiles: tiles(product.outputs),
        stride: site.layout.memory.stride(at),
        counts: product.counts().is_some(),
        keeps_alternate: site.request.target.keeps_alternate,
    };
    kernel.apply(site.templates, &apply)
}

/// Weights and tables of stage `at` as pieces of data.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn data(
    site: &Site,
    at: usize,
    product: &Product,
    form: Form,
) -> Result<[(Section, String); 2], CompileError> {
    let kernel = column_kernel(form, product);
    let context = table::context(site.layout, at, product, form);
    let weights = site.templates.call(kernel.template(), "weights", &context)?;
    let tables = site.templates.call("table.asm", "tables", &context)?;
    Ok([(Section::Weights, weights), (Section::Tables, tables)])
}
