//! Columns as straight-line code.

use super::column::{ColumnContext, ColumnKernel, ColumnPlace};
use super::lists::LONGEST;
use super::packed::{self, CARRIES};
use super::pages;
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Fragment, Site};
use crate::stage::Product;
use crate::weights::Column;
use crate::weights::lists::{self, Piece};
use serde::Serialize;
use std::sync::LazyLock;

/// What a weight takes, counted from its instructions.
struct Weight {
    cycles: f64,
    bytes: usize,
}

impl Weight {
    fn of(piece: Piece) -> Self {
        let code = Code::of_lines(Isa::Z80, &code(&piece, 2), &CARRIES);
        Self { cycles: code.straight(), bytes: code.bytes() }
    }
}

/// A weight of ±1, and of -2.
static SINGLE: LazyLock<Weight> = LazyLock::new(|| Weight::of(Piece::Add(vec![0])));
static DOUBLE: LazyLock<Weight> = LazyLock::new(|| Weight::of(Piece::Subtract(vec![0, 0])));
/// T-states from one tile to the next, by the pages of a tile, less one.
static SWITCHES: LazyLock<[f64; 3]> = LazyLock::new(|| {
    [1, 2, 3].map(|stride| Code::of_lines(Isa::Z80, &code(&Piece::NextTile, stride), &[]).straight())
});
/// What leads back at the end of a column: a column without weights.
static LEAVE: LazyLock<Weight> = LazyLock::new(|| {
    let place = ColumnPlace { stage: "s".into(), label: "s_c0".into(), end: "s_next".into() };
    let segments = [Segment { columns: [ColumnContext::new(place)] }];
    let code = Code::of(Isa::Z80, "unrolled.asm", "weights", Weights { name: "s", segments }, &["s_next"]);
    Weight { cycles: code.straight(), bytes: code.bytes() }
});

/// What the macro `weights` needs of a stage's context.
#[derive(Serialize)]
struct Weights {
    name: &'static str,
    segments: [Segment; 1],
}

#[derive(Serialize)]
struct Segment {
    columns: [ColumnContext; 1],
}

pub struct Unrolled;

impl ColumnKernel for Unrolled {
    fn template(&self) -> &'static str {
        "unrolled.asm"
    }

    fn is_called(&self) -> bool {
        false
    }

    fn can_count(&self) -> bool {
        false
    }

    fn bytes(&self, product: &Product) -> usize {
        let column = |column: &Column| {
            let (single, double) = column.singles_and_doubles();
            LEAVE.bytes + single * SINGLE.bytes + double * DOUBLE.bytes
        };
        product.columns.iter().filter(|c| !c.is_empty()).map(column).sum()
    }

    fn column(&self, product: &Product, column: &Column) -> f64 {
        let (single, double) = column.singles_and_doubles();
        let pieces = lists::pieces(column, LONGEST);
        let switches = pieces.iter().filter(|p| **p == Piece::NextTile).count() as f64;
        single as f64 * SINGLE.cycles
            + double as f64 * DOUBLE.cycles
            + switches * SWITCHES[pages(product.elem()) - 1]
    }

    fn returns(&self, _: &Product) -> f64 {
        LEAVE.cycles
    }

    fn calls(&self) -> &'static [&'static str] {
        &[]
    }

    fn carry(&self) -> f64 {
        packed::carry()
    }

    fn code_bytes(&self, _: &[&Product]) -> usize {
        0
    }

    fn calls_carry(&self) -> bool {
        true
    }

    /// An empty column needs no code: it is where all columns lead.
    fn empty(&self, segment: &str) -> String {
        format!("{segment}_next")
    }

    fn context(&self, _: &Product, stride: usize, place: ColumnPlace, column: &Column) -> ColumnContext {
        let code = lists::pieces(column, LONGEST).iter().flat_map(|p| code(p, stride)).collect();
        ColumnContext { code, ..ColumnContext::new(place) }
    }

    fn shared(&self, _: &Site, _: &[&Product]) -> Result<Fragment, CompileError> {
        Ok(Fragment::default())
    }
}

/// Straight-line code for a piece; HL points into the tile, E is the activation.
fn code(piece: &Piece, stride: usize) -> Vec<String> {
    const SUBTRACT: [&str; 4] = ["sub e", "call c,borrow", "sub e", "call c,borrow"];
    let one = |o: u8, ops: &[&str]| {
        let mut lines = vec![format!("ld l,{o}"), "ld a,(hl)".to_string()];
        lines.extend(ops.iter().map(|s| s.to_string()));
        lines.push("ld (hl),a".to_string());
        lines
    };
    match piece {
        Piece::Add(list) => list.iter().flat_map(|&o| one(o, &["add a,e", "call c,carry"])).collect(),
        Piece::Subtract(list) => {
            list.chunk_by(|a, b| a == b).flat_map(|same| one(same[0], &SUBTRACT[..2 * same.len()])).collect()
        }
        Piece::NextTile => vec!["inc h".to_string(); stride],
    }
}
