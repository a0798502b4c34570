//! Columns as distances in nibbles.

use super::column::{ColumnCost, ColumnKernel, Kind, Routine};
use crate::asm::Isa;
use crate::kernel::PAGE;
use crate::kernel::cycles::Code;
use crate::kernel::sequence::Home;
use crate::kernel::symbols::{SymbolCosts, tile_cost};
use crate::stage::Product;
use crate::weights::Column;
use crate::weights::gaps::{self, symbols};

pub struct Gaps {
    /// The image, or a flash chip.
    pub home: Home,
}

impl ColumnKernel for Gaps {
    fn template(&self) -> Option<&'static str> {
        Some("gaps.S")
    }

    fn routine(&self, kind: Kind) -> &'static str {
        match (self.home, kind) {
            (Home::File, Kind::Byte) => "gaps_chip_byte",
            (Home::File, Kind::Wide) => "gaps_chip_wide",
            (Home::File, Kind::Count) => "gaps_chip_count",
            (_, Kind::Byte) => "gaps_byte",
            (_, Kind::Wide) => "gaps_wide",
            (_, Kind::Count) => "gaps_count",
        }
    }

    fn cost(&self, isa: Isa, _: &Product, kind: Option<Kind>) -> ColumnCost {
        let kind = kind.unwrap_or(Kind::Byte);
        let name = self.routine(kind);
        let code = Routine::code(isa, "gaps.S", name, kind, self.home);
        let lists = ["add", "sub"].map(|op| list_costs(&code, name, op));
        let first = code.fall(name, &format!("{name}_add_low"));
        Box::new(move |column, outputs| {
            first + symbols(column, &[outputs]).iter().map(|tile| tile_cost(tile, &lists)).sum::<f64>()
        })
    }

    /// All carries on the side are alike.
    fn carry(&self, isa: Isa) -> f64 {
        let name = self.routine(Kind::Byte);
        let code = Routine::code(isa, "gaps.S", name, Kind::Byte, self.home);
        let [go, carry, back] = ["go", "carry", "back"].map(|part| format!("{name}_add_low_{part}"));
        code.way(&[&go, &carry, &back]) - code.way(&[&go, &back])
    }

    fn start(&self, base: usize) -> usize {
        (base + PAGE - 1) % PAGE
    }

    fn bytes(&self, column: &Column, outputs: usize, _: usize) -> Vec<u8> {
        gaps::encode(column, &[outputs])
    }
}

/// The ways through one of a routine's two lists. The end of the first leads to the second; that of the second returns.
fn list_costs(code: &Code, routine: &str, op: &str) -> SymbolCosts {
    let way = |parts: &[&str], end: &[&str]| {
        let stops: Vec<String> = parts.iter().map(|part| format!("{routine}_{op}_{part}")).collect();
        let stops = stops.iter().map(String::as_str).chain(end.iter().copied());
        code.way(&stops.collect::<Vec<_>>())
    };
    let both = |low: &[&str], high: &[&str]| [way(low, &[]), way(high, &[])];
    let second = ["low", "high"].map(|half| format!("{routine}_sub_{half}"));
    let end = if op == "add" { [second[0].as_str(), &second[1]] } else { ["ret", "ret"] };
    SymbolCosts {
        near: both(&["low", "high"], &["high", "low"]),
        far: both(&["low", "low_escape", "high_go", "low"], &["high", "high_escape", "low_go", "high"]),
        again: both(
            &["low", "low_escape", "low_again", "high_go", "low"],
            &["high", "high_escape", "high_again", "low_go", "high"],
        ),
        step: both(&["low", "low_escape", "low"], &["high", "high_escape", "high"]),
        end: [
            way(&["low", "low_escape", "low_end"], &end[..1]),
            way(&["high", "high_escape", "high_end"], &end[1..]),
        ],
    }
}
