//! Index lists: the low addresses of the outputs to add to, then of those to subtract from, in pieces with a length.

use super::column::{ColumnCost, ColumnKernel, Kind, Routine};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::sequence::Home;
use crate::stage::Product;
use crate::weights::{Column, lists};

pub struct Lists {
    /// The image, or a flash chip.
    pub home: Home,
}

impl ColumnKernel for Lists {
    fn template(&self) -> Option<&'static str> {
        Some("lists.S")
    }

    fn routine(&self, kind: Kind) -> &'static str {
        match (self.home, kind) {
            (Home::File, Kind::Byte) => "lists_chip_byte",
            (Home::File, Kind::Wide) => "lists_chip_wide",
            (Home::File, Kind::Count) => "lists_chip_count",
            (_, Kind::Byte) => "lists_byte",
            (_, Kind::Wide) => "lists_wide",
            (_, Kind::Count) => "lists_count",
        }
    }

    fn cost(&self, isa: Isa, _: &Product, kind: Option<Kind>) -> ColumnCost {
        let kind = kind.unwrap_or(Kind::Byte);
        let name = self.routine(kind);
        let code = Routine::code(isa, "lists.S", name, kind, self.home);
        let (plus, minus) = (ListCost::count(&code, name, "add"), ListCost::count(&code, name, "sub"));
        // Pauses, where the SPI brings the bytes; and the return.
        let part = |part: &str| format!("{name}_{part}");
        let around = code.fall(name, &part("add_piece"))
            + code.fall(&part("add_end"), &part("sub_piece"))
            + code.way(&[&part("sub_end"), "ret"]);
        Box::new(move |column, _| plus.of(column.plus.len()) + minus.of(column.minus.len()) + around)
    }

    /// All carries on the side are alike.
    fn carry(&self, isa: Isa) -> f64 {
        let name = self.routine(Kind::Byte);
        let code = Routine::code(isa, "lists.S", name, Kind::Byte, self.home);
        let [next, carry, back] = ["next", "carry", "back"].map(|part| format!("{name}_add_{part}"));
        code.way(&[&next, &carry, &back]) - code.way(&[&next, &back])
    }

    fn bytes(&self, column: &Column, _: usize, base: usize) -> Vec<u8> {
        lists::encode(column, base)
    }
}

/// Cycles of an output of a list, by an activation of one byte, without carries.
pub fn addition(isa: Isa) -> f64 {
    let code = Routine::code(isa, "lists.S", "lists_byte", Kind::Byte, Home::Image);
    ListCost::count(&code, "lists_byte", "add").output
}

/// Cycles of the parts of one of a column's two lists.
struct ListCost {
    /// An output, and on to the next one of its piece.
    output: f64,
    /// What is around the outputs of a piece.
    piece: f64,
    /// The end of the list, where there is no piece more.
    end: f64,
}

impl ListCost {
    fn count(code: &Code, name: &str, op: &str) -> Self {
        let [piece, next, end] = ["piece", "next", "end"].map(|part| format!("{name}_{op}_{part}"));
        let output = code.way(&[&next, &next]);
        let last = code.way(&[&next, &piece]);
        Self { output, piece: code.way(&[&piece, &next]) + last - output, end: code.way(&[&piece, &end]) }
    }

    fn of(&self, outputs: usize) -> f64 {
        outputs as f64 * self.output + outputs.div_ceil(lists::LONGEST) as f64 * self.piece + self.end
    }
}
