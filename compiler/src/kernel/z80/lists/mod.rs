//! Index lists, read through SP: an address of an entry into an unrolled block of additions, as many indices as that
//! entry takes, the next address, and so on; the last address leads back to the stage.

use super::column::{ColumnContext, ColumnKernel, ColumnPlace, List};
use super::product::folds_bytes;
use super::table;
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Fragment, Phase, Site};
use crate::stage::Product;
use crate::weights::Column;
use crate::weights::lists::{self, Piece};
use serde::Serialize;
use std::sync::LazyLock;

/// Most additions that one entry into the unrolled block makes: jumps to the carry handlers on both sides of a block of
/// 18 pairs just reach.
pub const LONGEST: usize = 36;

/// What the blocks take, counted from the template.
struct Costs {
    /// One addition, its share of `pop`.
    add: f64,
    /// One up or down.
    count: f64,
    /// An odd list enters in the middle of a pair, whose first half it skips.
    odd: f64,
    carry: f64,
    /// Into the next entry of a list, into a stage, or back.
    ret: f64,
    add_code: usize,
    count_code: usize,
}

static COSTS: LazyLock<Costs> = LazyLock::new(|| {
    let of =
        |adds: bool, counts: bool| Code::of(Isa::Z80, "lists.asm", "code", Context::new(adds, counts), &[]);
    let (adds, counts) = (of(true, false), of(false, true));
    let add = adds.way(&["add_36", "add_34"]) / 2.0;
    Costs {
        add,
        count: counts.way(&["inc_36", "inc_34"]) / 2.0,
        odd: adds.way(&["add_35", "add_half_35", "add_34"]) - add,
        carry: adds.way(&["add_36", "add_fix_0", "add_past_0"]) - adds.way(&["add_36", "add_past_0"]),
        ret: adds.way(&["add_past_35", "ret"]),
        add_code: adds.bytes(),
        count_code: counts.bytes(),
    }
});

/// Bytes of the block of additions and of the block of subtractions.
pub fn add_code() -> usize {
    COSTS.add_code
}

/// T-states of an addition to a word, without carries.
pub fn addition() -> f64 {
    COSTS.add
}

/// T-states of a carry into the high byte.
pub fn carry() -> f64 {
    COSTS.carry
}

pub struct Lists;

/// An address for each list and one for the end, and the indices.
pub fn column_bytes(column: &Column) -> usize {
    let piece = |p: &Piece| match p {
        Piece::Add(list) | Piece::Subtract(list) => 2 + list.len(),
        Piece::NextTile => 2,
    };
    2 + lists::pieces(column, LONGEST).iter().map(piece).sum::<usize>()
}

impl ColumnKernel for Lists {
    fn template(&self) -> &'static str {
        "lists.asm"
    }

    fn is_called(&self) -> bool {
        false
    }

    fn can_count(&self) -> bool {
        true
    }

    fn bytes(&self, product: &Product) -> usize {
        let filled = product.columns.iter().filter(|c| !c.is_empty());
        filled.map(column_bytes).sum::<usize>() + folds_bytes(product)
    }

    fn column(&self, product: &Product, column: &Column) -> f64 {
        let Costs { add, count, odd, ret, .. } = *COSTS;
        let addition = if product.counts().is_some() { count } else { add };
        let piece = |piece: &Piece| match piece {
            Piece::Add(list) | Piece::Subtract(list) => {
                list.len() as f64 * addition + if list.len() % 2 == 1 { odd } else { 0.0 } + ret
            }
            Piece::NextTile => table::switch_cost(product),
        };
        lists::pieces(column, LONGEST).iter().map(piece).sum()
    }

    fn returns(&self, _: &Product) -> f64 {
        0.0
    }

    fn calls(&self) -> &'static [&'static str] {
        &[]
    }

    fn carry(&self) -> f64 {
        COSTS.carry
    }

    fn code_bytes(&self, products: &[&Product]) -> usize {
        let (adds, counts) = kinds(products);
        (if adds { COSTS.add_code } else { 0 }) + if counts { COSTS.count_code } else { 0 }
    }

    fn context(&self, product: &Product, _: usize, place: ColumnPlace, column: &Column) -> ColumnContext {
        let (add, subtract) = if product.counts().is_some() { ("inc", "dec") } else { ("add", "sub") };
        let list = |op: &str, list: &[u8]| List {
            entry: format!("{op}_{}", list.len()),
            indices: list.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
        };
        let stage = place.stage.clone();
        let entry = |piece: &Piece| match piece {
            Piece::Add(outputs) => list(add, outputs),
            Piece::Subtract(outputs) => list(subtract, outputs),
            Piece::NextTile => List { entry: format!("{stage}_tile"), indices: String::new() },
        };
        let lists = lists::pieces(column, LONGEST).iter().map(entry).collect();
        ColumnContext { lists, ..ColumnContext::new(place) }
    }

    fn shared(&self, site: &Site, products: &[&Product]) -> Result<Fragment, CompileError> {
        let (adds, counts) = kinds(products);
        if !adds && !counts {
            return Ok(Fragment::default());
        }
        let mut phases = Vec::new();
        phases.extend(adds.then(|| Phase::shared("add_fix_0")));
        phases.extend(counts.then(|| Phase::shared("inc_36")));
        let code = site.templates.call(self.template(), "code", Context::new(adds, counts))?;
        Ok(Fragment { code, phases, ..Fragment::default() })
    }
}

/// Whether any of the products adds to words, and whether any counts in bytes.
fn kinds(products: &[&Product]) -> (bool, bool) {
    let counts = |product: &&&Product| product.counts().is_some();
    (products.iter().any(|p| !counts(&p)), products.iter().any(|p| counts(&p)))
}

#[derive(Serialize)]
struct Context {
    /// Unrolled additions and subtractions.
    blocks: &'static [Block],
    /// Unrolled counting up and down of byte accumulators.
    counters: &'static [Counter],
}

#[derive(Serialize)]
struct Block {
    name: &'static str,
    op: &'static str,
    fix: &'static str,
}

#[derive(Serialize)]
struct Counter {
    name: &'static str,
}

impl Context {
    fn new(adds: bool, counts: bool) -> Self {
        const BLOCKS: [Block; 2] =
            [Block { name: "add", op: "add a,", fix: "inc" }, Block { name: "sub", op: "sub", fix: "dec" }];
        const COUNTERS: [Counter; 2] = [Counter { name: "inc" }, Counter { name: "dec" }];
        Self { blocks: if adds { &BLOCKS } else { &[] }, counters: if counts { &COUNTERS } else { &[] } }
    }
}
