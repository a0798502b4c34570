//! Bytes of each form. Weights are counted exactly; shared code and buffers closely enough to order plans:
//! whether one fits is decided by its assembled image.

use super::lists::{Piece, bits, half_table, is_binary, packed, pieces, tiles};
use super::starts::{is_pushed, steps};
use crate::ir::{Column, Form};
use crate::plan::gaps;
use crate::plan::memory::{PAGE, layout};
use crate::plan::narrow::Narrow;
use crate::plan::network::{Network, Source, Stage, Start};
use crate::plan::prefix::Prefix;
use crate::target::Target;
use std::collections::BTreeSet;

/// Adding one shared sum to its two outputs.
const FOLD: usize = 26;

/// Weights of a stage with the table of its columns.
pub fn weight_bytes(stage: &Stage, form: Form) -> usize {
    let filled = || stage.columns.iter().filter(|c| !c.is_empty());
    let weights: usize = match form {
        Form::Columns | Form::Shared => filled().map(list_bytes).sum::<usize>() + FOLD * stage.folds.len(),
        Form::Packed if is_binary(stage) => {
            stage.columns.len() * bits(&Column::default(), stage.outputs).len()
        }
        Form::Packed => filled().count() * packed(&Column::default(), stage.outputs).len(),
        Form::Gaps => {
            let tiles = tiles(stage.outputs);
            let empty = if stage.columns.iter().any(Column::is_empty) { 2 * tiles.len() } else { 0 };
            filled().map(|c| gaps::encode(c, &tiles).len()).sum::<usize>() + empty
        }
        Form::Unrolled => filled().map(code_bytes).sum(),
    };
    weights + table_bytes(stage.source, form, stage.columns.len())
}

/// Code of the lists' kernel.
pub(super) const LIST_CODE: usize = 2 * (18 * (13 + 12 + 5) + 1);

/// An address for each list and one for the end, and the indices.
pub(super) fn list_bytes(column: &Column) -> usize {
    let piece = |p: &Piece| match p {
        Piece::Add(list) | Piece::Subtract(list) => 2 + list.len(),
        Piece::NextTile => 2,
    };
    2 + pieces(column).iter().map(piece).sum::<usize>()
}

/// The nibbles of a column of `outputs`.
pub(super) fn gap_bytes(column: &Column, outputs: usize) -> usize {
    gaps::encode(column, &tiles(outputs)).len()
}

/// `ld l,n`, `ld a,(hl)`, `add a,e`, `call c,carry`, `ld (hl),a`: 8 bytes; 4 more for a second
/// subtraction; `jp` at the end.
fn code_bytes(column: &Column) -> usize {
    let distinct: BTreeSet<_> = column.minus.iter().collect();
    3 + 8 * (column.plus.len() + distinct.len()) + 4 * (column.minus.len() - distinct.len())
}

/// Two bytes a column; in pages of low and high bytes for up to 256 columns, or half of each.
fn table_bytes(source: Source, form: Form, columns: usize) -> usize {
    match source {
        Source::Trigrams { .. } | Source::Ngrams { .. } if columns > PAGE => 2 * columns,
        _ => tiles(columns).iter().map(|&n| if half_table(form, n) { PAGE } else { 2 * PAGE }).sum(),
    }
}

/// Code that stages share or that does not depend on forms, start values and texts.
pub fn shared_bytes(network: &Network, narrow: Option<&Narrow>, forms: &[Form]) -> usize {
    let counts = |i| narrow.is_some_and(|n| n.counts(i));
    let any = |wanted: fn(Form) -> bool, counted| {
        forms.iter().enumerate().any(|(i, &form)| wanted(form) && counts(i) == counted)
    };
    let gaps = |form| form == Form::Gaps;
    let kernels = [
        (any(Form::is_lists, false), LIST_CODE),
        (any(Form::is_lists, true), 2 * (18 * (5 + 5) + 1)),
        (any(gaps, false), 2 * 88),
        (any(gaps, true), 2 * 69),
    ];
    let kernels: usize = kernels.into_iter().filter(|(used, _)| *used).map(|(_, bytes)| bytes).sum();
    // A page of remainders; counting long queries, and taking their threshold.
    let bytes = narrow.map_or(0, |n| PAGE + if n.long.is_some() { 170 } else { 0 });
    // A record and a table for each number of spaces.
    let known =
        |p: &Prefix| 124 + p.sums.iter().map(|s| 8 + (s.len() + 1).next_multiple_of(8)).sum::<usize>();
    let bytes = bytes + narrow.and_then(|n| n.prefix.as_ref()).map_or(0, known);
    let starts = |i: usize, s: &Stage, form: Form| match &s.start {
        Start::Constant(values) if counts(i) => values.len() + 1,
        Start::Constant(values) if !is_pushed(s, form) => 2 * values.len(),
        Start::Constant(values) => steps(s, values).iter().map(|s| s.bytes()).sum(),
        Start::Stage(_) => 0,
    };
    let code = |(i, (s, &form)): (usize, (&Stage, &Form))| {
        starts(i, s, form) + 60 + 60 * tiles(s.columns.len()).len()
    };
    let data: usize = network.stages.iter().zip(forms).enumerate().map(code).sum();
    kernels + bytes + packed_code_bytes(network, forms) + data + 420
}

/// The routine of each byte that occurs, and the table that finds it; the kernel of binary stages.
fn packed_code_bytes(network: &Network, forms: &[Form]) -> usize {
    let packed_stages = || network.stages.iter().zip(forms).filter(|(_, f)| **f == Form::Packed);
    // 16 fix-ups of 6 bytes, 8 to fetch a byte, two tracks of 81; an entry for what is left of 8 outputs.
    let bit_code = if packed_stages().any(|(s, _)| is_binary(s)) { 266 + 12 } else { 0 };
    let mut seen = BTreeSet::new();
    for (stage, _) in packed_stages().filter(|(s, _)| !is_binary(s)) {
        seen.extend(stage.columns.iter().flat_map(|c| packed(c, stage.outputs)));
    }
    let routine = |byte: &u8| -> usize {
        let weight = |i: u8| [0, 6, 10, 6][usize::from(byte >> (2 * i) & 3)];
        4 + 4 + (0..4).map(weight).sum::<usize>()
    };
    let code = if seen.is_empty() { 0 } else { 2 * PAGE + 20 + seen.iter().map(routine).sum::<usize>() };
    code + bit_code
}

/// Buffers behind the image, with the bytes lost on the way to a page.
pub fn buffer_bytes(network: &Network, narrow: Option<&Narrow>, target: &Target) -> usize {
    layout(network, narrow, target.stack.into()).size + PAGE / 2
}
