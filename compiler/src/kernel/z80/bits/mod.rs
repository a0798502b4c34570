//! Eight weights of -1 and +1 a byte, read bit by bit on two tracks of code, one that subtracts and one that adds.

use super::column::{Apply, ColumnContext, ColumnKernel, ColumnPlace};
use super::lists;
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Fragment, Phase, Site, Templates, lines};
use crate::stage::Product;
use crate::weights::{Column, bits, tiles};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What the two tracks take, counted from the template.
struct Costs {
    /// Fetching a byte, up to where its first weight says which track; more for the track that adds.
    fetch: f64,
    /// The last weight of a byte, and on to the next byte.
    last: f64,
    /// A weight, and on to the next one; more where that jumps to the other track.
    weight: f64,
    turn: f64,
    /// The entry for what is left of eight outputs; more for the track that adds.
    rest: f64,
    rest_adds: f64,
    /// What ends both tracks, less the jump to the next byte, which is not taken then.
    ret: f64,
    code: usize,
}

static COSTS: LazyLock<Costs> = LazyLock::new(|| {
    let code = Code::of(Isa::Z80, "bits.asm", "code", [1], &[]);
    let fetch = code.way(&["bits_loop", "bits_sub_0"]);
    let weight = code.way(&["bits_sub_0", "bits_sub_1"]);
    let rest = code.way(&["bits_rest_1", "bits_sub_7"]);
    Costs {
        fetch,
        last: code.way(&["bits_sub_7", "bits_loop"]),
        weight,
        turn: code.way(&["bits_sub_0", "bits_add_1"]) - weight,
        rest,
        rest_adds: code.way(&["bits_rest_1", "bits_add_7"]) - rest,
        ret: code.way(&["bits_sub_7", "ret"]) - code.way(&["bits_sub_7", "bits_loop"]),
        code: code.bytes(),
    }
});

pub struct Bits;

/// Whether the weights of a product are all -1 or +1, and enough of them.
pub fn takes(product: &Product) -> bool {
    bits::holds(&product.columns, product.outputs)
}

impl ColumnKernel for Bits {
    fn template(&self) -> &'static str {
        "bits.asm"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn can_count(&self) -> bool {
        false
    }

    fn bytes(&self, product: &Product) -> usize {
        product.columns.len() * bits::bytes_for(product.outputs)
    }

    fn column(&self, product: &Product, column: &Column) -> f64 {
        let mut bytes = bits::encode(column, product.outputs).into_iter();
        tiles(product.outputs).iter().map(|&n| tile(bytes.by_ref(), n)).sum()
    }

    /// A tile of full bytes is one call, what is left of it another.
    fn returns(&self, product: &Product) -> f64 {
        let calls = |n: &usize| usize::from(n / 8 > 0) + usize::from(!n.is_multiple_of(8));
        COSTS.ret * tiles(product.outputs).iter().map(calls).sum::<usize>() as f64
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "bits_loop",
            "bits_rest_1",
            "bits_rest_2",
            "bits_rest_3",
            "bits_rest_4",
            "bits_rest_5",
            "bits_rest_6",
            "bits_rest_7",
        ]
    }

    fn carry(&self) -> f64 {
        lists::carry()
    }

    fn code_bytes(&self, products: &[&Product]) -> usize {
        if products.is_empty() { 0 } else { COSTS.code }
    }

    fn apply(&self, templates: &Templates, apply: &Apply) -> Result<String, CompileError> {
        let tiles = apply.tiles.iter().map(|&n| Tile { bytes: n / 8, rest: n % 8 }).collect();
        templates.call(self.template(), "apply", ApplyBits { apply, tiles })
    }

    fn context(&self, product: &Product, _: usize, place: ColumnPlace, column: &Column) -> ColumnContext {
        let bytes = lines::bytes(bits::encode(column, product.outputs));
        ColumnContext { bytes, ..ColumnContext::new(place) }
    }

    fn shared(&self, site: &Site, products: &[&Product]) -> Result<Fragment, CompileError> {
        if products.is_empty() {
            return Ok(Fragment::default());
        }
        let rests = products.iter().flat_map(|p| tiles(p.outputs)).map(|n| n % 8).filter(|&n| n > 0);
        let rests: BTreeSet<usize> = rests.collect();
        let code = site.templates.call(self.template(), "code", rests)?;
        Ok(Fragment { code, phases: vec![Phase::shared("bits_sub_fix_0")], ..Fragment::default() })
    }
}

#[derive(Serialize)]
struct ApplyBits<'a> {
    #[serde(flatten)]
    apply: &'a Apply,
    /// In the place of the outputs of each tile.
    #[serde(rename = "bits")]
    tiles: Vec<Tile>,
}

/// Bytes of eight outputs, and the outputs left.
#[derive(Serialize)]
struct Tile {
    bytes: usize,
    rest: usize,
}

/// One tile of `outputs` weights ±1: eight to each of `bytes`, the rest in one more.
fn tile(bytes: &mut impl Iterator<Item = u8>, outputs: usize) -> f64 {
    // How often two neighbours of the lowest `n` bits differ.
    let turns = |byte: u8, n: usize| ((byte ^ byte >> 1) & ((1u16 << (n - 1)) - 1) as u8).count_ones();
    let weights = |byte: u8, n: usize| {
        COSTS.last + (n - 1) as f64 * COSTS.weight + f64::from(turns(byte, n)) * COSTS.turn
    };
    let (full, rest) = (outputs / 8, outputs % 8);
    let adds = |byte: u8, more: f64| f64::from(byte & 1) * more;
    let full_cost: f64 = bytes.take(full).map(|b| COSTS.fetch + adds(b, COSTS.turn) + weights(b, 8)).sum();
    let entry = |byte: u8| COSTS.rest + adds(byte, COSTS.rest_adds);
    let rest_cost: f64 = bytes.take(usize::from(rest > 0)).map(|b| entry(b) + weights(b, rest)).sum();
    full_cost + rest_cost
}
