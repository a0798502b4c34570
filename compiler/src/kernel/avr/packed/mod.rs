//! Four weights a byte.

use super::column::{ColumnCost, ColumnKernel, Kind, Routine};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::sequence::Home;
use crate::stage::Product;
use crate::weights::{Column, packed};

pub struct Packed {
    /// The image, or a flash chip.
    pub home: Home,
}

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
        if self.home == Home::File { "packed_chip" } else { "packed" }
    }

    fn cost(&self, isa: Isa, _: &Product, _: Option<Kind>) -> ColumnCost {
        let name = self.routine(Kind::Wide);
        let costs = Costs::count(&Routine::code(isa, "packed.S", name, Kind::Wide, self.home), name);
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
    /// The return, less the way to the next byte, which is not there behind the last; and the way to the first byte.
    ret: f64,
}

impl Costs {
    fn count(code: &Code, name: &str) -> Self {
        let labels = ["byte", "weight", "odd", "minus", "next", "sub"].map(|part| format!("{name}_{part}"));
        let [byte, weight, odd, minus, next, sub] = labels.each_ref().map(String::as_str);
        let subtract = code.way(&[sub, "ret"]);
        let zero = code.way(&[weight, next, weight]);
        let last = code.way(&[next, byte]) - code.way(&[next, weight]);
        let plus = code.way(&[weight, odd, next, weight]);
        let less = code.way(&[weight, odd, minus, weight]);
        Self {
            byte: code.way(&[byte, weight]) + 4.0 * zero + last,
            plus: plus - zero,
            minus: less + subtract - zero,
            double: code.way(&[weight, weight]) + 2.0 * subtract - zero,
            ret: code.way(&[next, "ret"]) - code.way(&[next, byte]) + code.fall(name, byte),
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
