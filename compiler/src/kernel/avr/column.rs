//! Kernels that add the weights of one input, a column, to the accumulators of one tile. Whoever has the inputs (a hash,
//! a scan of the layer before) finds the column's address and hands it over.

use super::flash::SOME_DATA;
use super::{gaps, lists, packed, unrolled};
use crate::asm::{AvrCore, Isa};
use crate::kernel::PAGE;
use crate::kernel::cycles::Code;
use crate::kernel::sequence::Home;
use crate::stage::Product;
use crate::weights::{Column, Form};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a routine adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 16-bit accumulators, activations of one byte: a carry is seldom.
    Byte,
    /// 16-bit accumulators, any activation.
    Wide,
    /// Byte accumulators, by one.
    Count,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Byte => "byte",
            Self::Wide => "wide",
            Self::Count => "count",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Byte => "16-bit accumulators, activations below 256",
            Self::Wide => "16-bit accumulators, any activation",
            Self::Count => "byte accumulators, counted up and down",
        }
    }
}

/// Context of the macro `kernel` of a column kernel's template.
#[derive(Serialize)]
pub struct Routine {
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    lpm: &'static str,
    /// The SPI's data register, where columns come from a flash chip.
    data: Option<String>,
}

impl Routine {
    /// One that reads columns by `lpm`, or from a flash chip by the SPI's register `data`.
    pub fn new(name: &'static str, kind: Kind, data: Option<String>) -> Self {
        Self { name, kind: kind.name(), about: kind.about(), lpm: "lpm", data }
    }

    /// It, to be counted.
    pub fn code(isa: Isa, template: &str, name: &'static str, kind: Kind, home: Home) -> Code {
        let data = (home == Home::File).then(|| SOME_DATA.to_string());
        Code::of(isa, template, "kernel", Self::new(name, kind, data), &[])
    }
}

/// Cycles of one use of a column of a tile of so many outputs, from the routine's label to its return, without carries.
pub type ColumnCost = Box<dyn Fn(&Column, usize) -> f64>;

/// Bytes of a column of a tile of so many outputs.
pub type Size<'a> = Box<dyn Fn(&Column, usize) -> usize + 'a>;

/// One way to store a column and to add it.
pub trait ColumnKernel: Sync {
    /// Its template, whose macro `kernel` is the routine; `None` if columns are code.
    fn template(&self) -> Option<&'static str>;

    /// Whether it can count in bytes.
    fn can_count(&self) -> bool {
        true
    }

    /// The routines of a product: the one that it uses, and where activations can be above 255 another one for those, if
    /// there are two. None where columns are code.
    fn kinds(&self, product: &Product) -> Vec<Kind> {
        match product.counts() {
            Some(_) => vec![Kind::Count],
            None if product.is_big() => vec![Kind::Byte, Kind::Wide],
            None => vec![Kind::Byte],
        }
    }

    /// The label of a routine.
    fn routine(&self, kind: Kind) -> &'static str;

    /// What the columns of a product cost with a routine, or as code.
    fn cost(&self, isa: Isa, product: &Product, kind: Option<Kind>) -> ColumnCost;

    /// Cycles of a carry where a routine mends it on the side, else 0.
    fn carry(&self, isa: Isa) -> f64 {
        let _ = isa;
        0.0
    }

    /// Where the routine wants XL, for a tile whose first accumulator has this low address.
    fn start(&self, base: usize) -> usize {
        base
    }

    /// Bytes of an entry in the table of columns, estimated.
    fn entry(&self) -> usize {
        2
    }

    /// The bytes of a column of a tile of so many outputs, whose accumulators begin at the low address `base`.
    fn bytes(&self, column: &Column, outputs: usize, base: usize) -> Vec<u8>;

    /// What the columns of a product take in flash.
    fn size(&self, product: &Product) -> Size<'_> {
        let _ = product;
        Box::new(move |column, outputs| self.bytes(column, outputs, 0).len())
    }
}

/// Bytes of the routine of that name.
pub fn routine_bytes(name: &str) -> usize {
    static BYTES: LazyLock<BTreeMap<&str, usize>> = LazyLock::new(|| {
        let all = [Home::Image, Home::File].into_iter().flat_map(|home| Form::ALL.map(|form| (form, home)));
        let kernels = all.filter_map(|(form, home)| Some((find_kernel(form, home)?, home)));
        let templates = kernels.filter_map(|(kernel, home)| Some((kernel, home, kernel.template()?)));
        let routines = templates.flat_map(|(kernel, home, template)| {
            [Kind::Byte, Kind::Wide, Kind::Count].map(|kind| (template, kernel.routine(kind), kind, home))
        });
        // All cores have its instructions, in as many bytes.
        let isa = Isa::Avr(AvrCore::Avr5);
        let bytes = |(file, name, kind, home)| (name, Routine::code(isa, file, name, kind, home).bytes());
        routines.map(bytes).collect()
    });
    BYTES[name]
}

/// The kernel of a form whose columns live there; `None` for a form that has no columns, or none there. From a flash chip come
/// those that are read from their first byte to their last. A list has a byte for each weight, for which the bus takes longer than the
/// addition: it pays where weights are so few that gaps need several nibbles.
pub fn find_kernel(form: Form, home: Home) -> Option<&'static dyn ColumnKernel> {
    Some(match (form, home) {
        (Form::Packed, Home::Image) => &packed::Packed { home: Home::Image },
        (Form::Packed, Home::File) => &packed::Packed { home: Home::File },
        (Form::Gaps, Home::Image) => &gaps::Gaps { home: Home::Image },
        (Form::Gaps, Home::File) => &gaps::Gaps { home: Home::File },
        (Form::Columns | Form::Shared, Home::Image) => &lists::Lists { home: Home::Image },
        (Form::Columns, Home::File) => &lists::Lists { home: Home::File },
        (Form::Unrolled, Home::Image) => &unrolled::Unrolled,
        (Form::Planes, _) | (_, Home::File | Home::Bank) => return None,
    })
}

/// The kernel of a form that a kernel of columns has offered.
pub fn column_kernel(form: Form, home: Home) -> &'static dyn ColumnKernel {
    find_kernel(form, home).expect("kernels of columns offer forms that have columns only")
}

/// The label of a tile's low bytes (`acc`) or high bytes (`high`).
pub fn label(stage: &str, part: &str, tile: usize) -> String {
    if tile == 0 { format!("{stage}_{part}") } else { format!("{stage}_{part}_{tile}") }
}

/// A tile's name in labels.
pub fn tile_name(stage: &str, tile: usize) -> String {
    if tile == 0 { stage.to_string() } else { format!("{stage}_{tile}") }
}

/// The low byte of the address of a place in memory that starts there.
pub fn low_byte(start: Option<usize>, offset: usize) -> usize {
    (start.unwrap_or(0) + offset) % PAGE
}
