//! Four weights a byte.

use super::column::{ColumnCost, ColumnKernel, Kind, Routine};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::stage::Product;
use crate::weights::{Column, packed};

pub struct Packed;

impl ColumnKernel for Packed {
    fn template(&self) -> Option<&'static str> {
        Some("packed.S")
    }

    fn can_count(&self) -> bool {
        false
    }

    fn kinds(&self, _: &Product) -> Vec<Kind> {
        vec![Kind::Wide]
    }

    fn routine(&self, _: Kind) -> &'static str {
        "packed"
    }

    fn cost(&self, isa: Isa, _: &Product, _: Option<Kind>) -> ColumnCost {
        let costs = Costs::count(&Routine::code(isa, "packed.S", "packed", Kind::Wide));
        Box::new(move |column, outputs| costs.column(column, outputs))
    }

    fn bytes(&self, column: &Column, outputs: usize, _: usize) -> Vec<u8> {
        packed::encode(column, outputs)
    }
}

/// Cycles of the parts of the routine.
struct Costs {
    /// A byte of zeros, and on to the next byte.
    byte: f64,
    /// What a weight takes more than a 0.
    plus: f64,
    minus: f64,
    double: f64,
    /// The return, less the way to the next byte, which is not there behind the last.
    ret: f64,
}

impl Costs {
    fn count(code: &Code) -> Self {
        let subtract = code.way(&["packed_sub", "ret"]);
        let zero = code.way(&["packed_weight", "packed_next", "packed_weight"]);
        let last = code.way(&["packed_next", "packed"]) - code.way(&["packed_next", "packed_weight"]);
        let plus = code.way(&["packed_weight", "packed_odd", "packed_next", "packed_weight"]);
        let minus = code.way(&["packed_weight", "packed_odd", "packed_minus", "packed_weight"]);
        Self {
            byte: code.way(&["packed", "packed_weight"]) + 4.0 * zero + last,
            plus: plus - zero,
            minus: minus + subtract - zero,
            double: code.way(&["packed_weight", "packed_weight"]) + 2.0 * subtract - zero,
            ret: code.way(&["packed_next", "ret"]) - code.way(&["packed_next", "packed"]),
        }
    }

    fn column(&self, column: &Column, outputs: usize) -> f64 {
        let (singles, doubles) = column.singles_and_doubles();
        let (plus, minus) = (column.plus.len(), singles - column.plus.len());
        packed::bytes_for(outputs) as f64 * self.byte
            + plus as f64 * self.plus
            + minus as f64 * self.minus
            + doubles as f64 * self.double
            + self.ret
    }
}
