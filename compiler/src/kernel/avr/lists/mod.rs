//! Index lists: the low addresses of the outputs to add to, then of those to subtract from, in pieces with a length.

use super::column::{ColumnCost, ColumnKernel, Kind, Routine};
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::sequence::Home;
use crate::stage::Product;
use crate::weights::{Column, lists};

pub struct Lists;

impl ColumnKernel for Lists {
    fn template(&self) -> Option<&'static str> {
        Some("lists.S")
    }

    fn routine(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Byte => "lists_byte",
            Kind::Wide => "lists_wide",
            Kind::Count => "lists_count",
        }
    }

    fn cost(&self, isa: Isa, _: &Product, kind: Option<Kind>) -> ColumnCost {
        let kind = kind.unwrap_or(Kind::Byte);
        let name = self.routine(kind);
        let code = Routine::code(isa, "lists.S", name, kind, Home::Image);
        let (plus, minus) = (ListCost::count(&code, name, "add"), ListCost::count(&code, name, "sub"));
        let ret = code.way(&[&format!("{name}_sub_end"), "ret"]);
        Box::new(move |column, _| plus.of(column.plus.len()) + minus.of(column.minus.len()) + ret)
    }

    /// All carries on the side are alike.
    fn carry(&self, isa: Isa) -> f64 {
        let code = Routine::code(isa, "lists.S", "lists_byte", Kind::Byte, Home::Image);
        let [next, carry, back] = ["next", "carry", "back"].map(|part| format!("lists_byte_add_{part}"));
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
