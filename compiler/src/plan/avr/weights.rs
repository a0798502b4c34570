//! How columns are stored in flash, and which kernels read them.

use crate::ir::{Column, Form};
use crate::plan::gaps;
use crate::plan::memory::PAGE;
use crate::plan::network::{Source, Stage};
use crate::plan::z80::lists::packed;
pub use crate::plan::z80::lists::tiles;

/// What a kernel adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 16-bit accumulators, activations of one byte: a carry is seldom.
    Byte,
    /// 16-bit accumulators, any activation.
    Wide,
    /// Byte accumulators, by one.
    Count,
}

/// Code that stages share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    pub form: Form,
    pub kind: Kind,
}

impl Kernel {
    /// Its label.
    pub fn name(self) -> &'static str {
        match (self.form, self.kind) {
            (Form::Packed, _) => "packed",
            (Form::Gaps, Kind::Byte) => "gaps_byte",
            (Form::Gaps, Kind::Wide) => "gaps_wide",
            (Form::Gaps, Kind::Count) => "gaps_count",
            (_, Kind::Byte) => "lists_byte",
            (_, Kind::Wide) => "lists_wide",
            (_, Kind::Count) => "lists_count",
        }
    }
}

/// The kernels of a stage: the one that it uses, and where activations can be above 255 another one for those, if the
/// form has two. None for a form whose columns are code.
pub fn kernel(stage: &Stage, form: Form, counts: bool) -> Vec<Kernel> {
    let big = matches!(stage.source, Source::Hidden { most, .. } if most > 255);
    let kinds: &[Kind] = match form {
        Form::Unrolled => &[],
        Form::Packed => &[Kind::Wide],
        _ if counts => &[Kind::Count],
        _ if big => &[Kind::Byte, Kind::Wide],
        _ => &[Kind::Byte],
    };
    kinds.iter().map(|&kind| Kernel { form, kind }).collect()
}

/// The label of a tile's low bytes (`acc`) or high bytes (`high`).
pub fn label(stage: &str, part: &str, tile: usize) -> String {
    if tile == 0 { format!("{stage}_{part}") } else { format!("{stage}_{part}_{tile}") }
}

/// The part of a column in tile `t`, outputs counted from the tile's first.
pub fn tile_column(column: &Column, t: usize) -> Column {
    let inside = |list: &[u16]| -> Vec<u16> {
        list.iter().filter(|&&o| usize::from(o) / PAGE == t).map(|o| o % PAGE as u16).collect()
    };
    Column { plus: inside(&column.plus), minus: inside(&column.minus) }
}

/// The bytes of a column of tile `t`, whose accumulators begin at the low address `base`.
pub fn column_bytes(column: &Column, stage: &Stage, form: Form, t: usize, base: usize) -> Vec<u8> {
    let outputs = tiles(stage.outputs)[t];
    match form {
        Form::Packed => packed(column, outputs),
        Form::Gaps => gaps::encode(column, &[outputs]),
        Form::Columns | Form::Shared => {
            [&column.plus, &column.minus].into_iter().flat_map(|list| pieces(list, base)).collect()
        }
        Form::Unrolled => vec![],
    }
}

/// An index list: pieces of up to 255 outputs by their low addresses, each with its length in front; a length of 0
/// ends it.
fn pieces(list: &[u16], base: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in list.chunks(255) {
        bytes.push(piece.len() as u8);
        bytes.extend(piece.iter().map(|&o| (base + usize::from(o)) as u8));
    }
    bytes.push(0);
    bytes
}
