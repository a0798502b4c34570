//! Four weights a byte; a short routine for each byte that occurs adds the activation to four accumulators.

use super::column::{Apply, ColumnContext, ColumnKernel, ColumnPlace};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Fragment, PAGE, Phase, Section, Site, Templates, lines};
use crate::stage::Product;
use crate::weights::{Column, packed, tiles};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What the loop and its routines take, counted from the template.
struct Costs {
    /// A byte of zeros.
    byte: f64,
    /// A weight of ±1 more; and of -2.
    single: f64,
    double: f64,
    /// Behind the last byte of a tile.
    end: f64,
    /// Code of the loop; of a routine for zeros; what it is larger by for a weight of ±1, and of -2.
    loop_code: usize,
    routine_code: usize,
    single_code: usize,
    double_code: usize,
}

static COSTS: LazyLock<Costs> = LazyLock::new(|| {
    let of = |bytes: &[u8]| {
        Code::of(Isa::Z80, "packed.asm", "code", routines(bytes), &["carry", "borrow", "packed_table"])
    };
    let code = of(&[0b00, 0b01, 0b10]);
    let routine = |label: &str| code.way(&[label, "packed_loop"]);
    let [zeros, single, double] = ["packed_00", "packed_01", "packed_02"].map(routine);
    let fetch = code.way(&["packed_loop", "packed_byte"]) + code.way(&["packed_byte", "jp (hl)"]);
    let loop_code = of(&[]).bytes();
    let [routine_code, with_single, with_double] = [0b00, 0b01, 0b10].map(|b| of(&[b]).bytes() - loop_code);
    Costs {
        byte: fetch + zeros,
        single: single - zeros,
        double: double - zeros,
        end: code.way(&["packed_loop", "ret"]),
        loop_code,
        routine_code,
        single_code: with_single - routine_code,
        double_code: with_double - routine_code,
    }
});

/// What columns call to carry into high bytes.
pub const CARRIES: [&str; 2] = ["carry", "borrow"];

/// T-states of a carry by a call.
pub fn carry() -> f64 {
    static CARRY: LazyLock<f64> = LazyLock::new(|| {
        let call = "call c,carry";
        let caller = Code::of_lines(Isa::Z80, &[call.to_string()], &CARRIES);
        let routine = Code::of(Isa::Z80, "carry.asm", "code", (), &[]);
        caller.taken(call) - caller.straight() + routine.way(&["carry", "ret"])
    });
    *CARRY
}

pub struct Packed;

impl ColumnKernel for Packed {
    fn template(&self) -> &'static str {
        "packed.asm"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn can_count(&self) -> bool {
        false
    }

    fn bytes(&self, product: &Product) -> usize {
        let filled = product.columns.iter().filter(|c| !c.is_empty()).count();
        filled * tiles(product.outputs).iter().map(|&n| packed::bytes_for(n)).sum::<usize>()
    }

    fn column(&self, product: &Product, column: &Column) -> f64 {
        let bytes: usize = tiles(product.outputs).iter().map(|&n| packed::bytes_for(n)).sum();
        let (single, double) = column.singles_and_doubles();
        bytes as f64 * COSTS.byte + single as f64 * COSTS.single + double as f64 * COSTS.double
    }

    fn returns(&self, product: &Product) -> f64 {
        COSTS.end * tiles(product.outputs).len() as f64
    }

    fn calls(&self) -> &'static [&'static str] {
        &["packed_loop"]
    }

    fn carry(&self) -> f64 {
        carry()
    }

    /// The routine of each byte that occurs, and the table that finds it.
    fn code_bytes(&self, products: &[&Product]) -> usize {
        let weight = |w: u8| match w & 3 {
            0b00 => 0,
            0b10 => COSTS.double_code,
            _ => COSTS.single_code,
        };
        let routine = |byte: u8| COSTS.routine_code + (0..4).map(|i| weight(byte >> (2 * i))).sum::<usize>();
        let seen = seen(products);
        if seen.is_empty() {
            return 0;
        }
        2 * PAGE + COSTS.loop_code + seen.into_iter().map(routine).sum::<usize>()
    }

    fn apply(&self, templates: &Templates, apply: &Apply) -> Result<String, CompileError> {
        let bytes = apply.tiles.iter().map(|&n| packed::bytes_for(n)).collect();
        templates.call(self.template(), "apply", ApplyPacked { apply, bytes })
    }

    fn calls_carry(&self) -> bool {
        true
    }

    fn context(&self, product: &Product, _: usize, place: ColumnPlace, column: &Column) -> ColumnContext {
        let bytes = lines::bytes(packed::encode(column, product.outputs));
        ColumnContext { bytes, ..ColumnContext::new(place) }
    }

    fn shared(&self, site: &Site, products: &[&Product]) -> Result<Fragment, CompileError> {
        if products.is_empty() {
            return Ok(Fragment::default());
        }
        let routines = routines(seen(products).iter());
        let code = site.templates.call(self.template(), "code", &routines)?;
        let table = site.templates.call(self.template(), "table", &routines)?;
        let phases = vec![Phase::shared("packed_loop")];
        Ok(Fragment { code, data: vec![(Section::Tables, table)], phases, ..Fragment::default() })
    }
}

#[derive(Serialize)]
struct ApplyPacked<'a> {
    #[serde(flatten)]
    apply: &'a Apply,
    /// Of each tile.
    bytes: Vec<usize>,
}

/// The bytes that the columns of these products hold.
fn seen(products: &[&Product]) -> BTreeSet<u8> {
    let bytes = products.iter().flat_map(|p| p.columns.iter().flat_map(|c| packed::encode(c, p.outputs)));
    bytes.collect()
}

/// The routines of these bytes.
fn routines<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> Vec<Routine> {
    let routine = |&byte: &u8| Routine { byte, label: format!("packed_{byte:02x}"), lines: routine(byte) };
    bytes.into_iter().map(routine).collect()
}

/// What four weights in one packed byte do.
#[derive(Serialize)]
struct Routine {
    byte: u8,
    label: String,
    lines: Vec<String>,
}

/// Adds the activation to four accumulators as the weights in `byte` say, and moves on to the next four.
fn routine(byte: u8) -> Vec<String> {
    let mut lines = Vec::new();
    for i in 0..4 {
        match byte >> (2 * i) & 3 {
            0b00 => {}
            0b01 => lines.extend(["ld a,(hl)", "add a,e", "call c,carry", "ld (hl),a"]),
            0b11 => lines.extend(["ld a,(hl)", "sub e", "call c,borrow", "ld (hl),a"]),
            _ => lines.extend(["ld a,(hl)", "sub e", "call c,borrow", "sub e", "call c,borrow", "ld (hl),a"]),
        }
        lines.push("inc l");
    }
    lines.into_iter().map(str::to_string).collect()
}
