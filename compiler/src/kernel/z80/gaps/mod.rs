//! Columns as distances in nibbles, walked by a subroutine: small, and half as fast as lists.

use super::column::{ColumnContext, ColumnKernel, ColumnPlace};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::symbols::{SymbolCosts, tile_cost};
use crate::kernel::{Fragment, Phase, Site, lines};
use crate::stage::Product;
use crate::weights::gaps::{self, symbols};
use crate::weights::{Column, tiles};
use serde::Serialize;
use std::sync::LazyLock;

/// A subroutine, counted from the template: its first and its second list.
struct Walked {
    lists: [SymbolCosts; 2],
    bytes: usize,
}

static ADDS: LazyLock<Walked> = LazyLock::new(|| Walked::count(&code(true, false), ["gap_add", "gap_sub"]));
static COUNTS: LazyLock<Walked> = LazyLock::new(|| Walked::count(&code(false, true), ["gap_inc", "gap_dec"]));

/// A carry, as often behind a low nibble as behind a high one.
static CARRY: LazyLock<f64> = LazyLock::new(|| {
    let code = code(true, false);
    let low = code.way(&["gap_add", "gap_add_low_fix", "gap_add_half"]);
    let high = code.way(&["gap_add_half", "gap_add_high_fix", "gap_add"]);
    let plain = code.way(&["gap_add", "gap_add_half"]) + code.way(&["gap_add_half", "gap_add"]);
    (low + high - plain) / 2.0
});

fn code(adds: bool, counts: bool) -> Code {
    Code::of(Isa::Z80, "gaps.asm", "code", walks(adds, counts), &[])
}

impl Walked {
    /// The ways through the subroutine whose lists begin at these labels.
    fn count(code: &Code, [first, second]: [&str; 2]) -> Self {
        let way = |name: &str, suffixes: &[&str], rest: &[&str]| {
            let stops: Vec<String> = suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect();
            let stops = stops.iter().map(String::as_str).chain(rest.iter().copied());
            code.way(&stops.collect::<Vec<_>>())
        };
        let symbols = |name: &str, end: [f64; 2]| {
            let both = |low: &[&str], high: &[&str]| [way(name, low, &[]), way(name, high, &[])];
            SymbolCosts {
                near: both(&["", "_half"], &["_half", ""]),
                far: both(&["", "_low_escape", "_high", ""], &["_half", "_high_escape", "_low", "_half"]),
                again: both(
                    &["", "_low_escape", "_low_rest", "_high", ""],
                    &["_half", "_high_escape", "_high_rest", "_low", "_half"],
                ),
                step: both(
                    &["", "_low_escape", "_low_rest", ""],
                    &["_half", "_high_escape", "_high_rest", "_half"],
                ),
                end,
            }
        };
        let half = format!("{second}_half");
        let ends = [
            [
                way(first, &["", "_low_escape", "_low_end"], &[second]),
                way(first, &["_half", "_high_escape", "_high_end"], &[&half]),
            ],
            [
                way(second, &["", "_low_escape"], &["ret z"]),
                way(second, &["_half", "_high_escape", "_high_end"], &["ret"]),
            ],
        ];
        Self { lists: [symbols(first, ends[0]), symbols(second, ends[1])], bytes: code.bytes() }
    }
}

pub struct Gaps;

/// The bytes of a column of `outputs`.
pub fn column_bytes(column: &Column, outputs: usize) -> usize {
    gaps::encode(column, &tiles(outputs)).len()
}

impl ColumnKernel for Gaps {
    fn template(&self) -> &'static str {
        "gaps.asm"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn can_count(&self) -> bool {
        true
    }

    fn in_bc(&self) -> bool {
        true
    }

    fn bytes(&self, product: &Product) -> usize {
        let empty = product.columns.iter().any(Column::is_empty);
        let empty = if empty { 2 * tiles(product.outputs).len() } else { 0 };
        let filled = product.columns.iter().filter(|c| !c.is_empty());
        filled.map(|c| column_bytes(c, product.outputs)).sum::<usize>() + empty
    }

    fn column(&self, product: &Product, column: &Column) -> f64 {
        // From the first nibble to the return behind each tile.
        let walked = if product.counts().is_some() { &COUNTS } else { &ADDS };
        symbols(column, &tiles(product.outputs)).iter().map(|lists| tile_cost(lists, &walked.lists)).sum()
    }

    fn returns(&self, _: &Product) -> f64 {
        0.0
    }

    fn calls(&self) -> &'static [&'static str] {
        &["gap_add", "gap_inc"]
    }

    fn carry(&self) -> f64 {
        *CARRY
    }

    fn code_bytes(&self, products: &[&Product]) -> usize {
        let (adds, counts) = kinds(products);
        (if adds { ADDS.bytes } else { 0 }) + if counts { COUNTS.bytes } else { 0 }
    }

    fn context(&self, product: &Product, _: usize, place: ColumnPlace, column: &Column) -> ColumnContext {
        let bytes = lines::bytes(gaps::encode(column, &tiles(product.outputs)));
        ColumnContext { bytes, ..ColumnContext::new(place) }
    }

    fn shared(&self, site: &Site, products: &[&Product]) -> Result<Fragment, CompileError> {
        if products.is_empty() {
            return Ok(Fragment::default());
        }
        let (adds, counts) = kinds(products);
        let code = site.templates.call(self.template(), "code", walks(adds, counts))?;
        Ok(Fragment { code, phases: vec![Phase::shared("gaps")], ..Fragment::default() })
    }
}

/// Whether any of the products adds to words, and whether any counts in bytes.
fn kinds(products: &[&Product]) -> (bool, bool) {
    let counts = |product: &&&Product| product.counts().is_some();
    (products.iter().any(|p| !counts(&p)), products.iter().any(|p| counts(&p)))
}

/// The subroutines that add to words, and that count bytes.
fn walks(adds: bool, counts: bool) -> Vec<Walk> {
    let walk = |name, then, op, fix, count| Walk { name, then, op, fix, count };
    let words =
        [walk("gap_add", Some("gap_sub"), "add a,", "inc", None), walk("gap_sub", None, "sub ", "dec", None)];
    let bytes =
        [walk("gap_inc", Some("gap_dec"), "", "", Some("inc")), walk("gap_dec", None, "", "", Some("dec"))];
    let used = [(words, adds), (bytes, counts)];
    used.into_iter().filter(|(_, used)| *used).flat_map(|(walks, _)| walks).collect()
}

/// A subroutine that walks a list of gaps; the one that adds goes before the one that subtracts.
#[derive(Serialize)]
struct Walk {
    name: &'static str,
    /// The one that walks the list behind this one; none behind the second.
    then: Option<&'static str>,
    /// Adds to or subtracts from a low byte, and mends the high one; or, counting, does all there is to do.
    op: &'static str,
    fix: &'static str,
    count: Option<&'static str>,
}
