//! Weights of a stage for the templates: columns as lists, packed bytes, gaps or code, and the table that
//! finds them.

use super::text;
use crate::ir::{Column, Form};
use crate::plan::Plan;
use crate::plan::gaps;
use crate::plan::memory::PAGE;
use crate::plan::network::{Source, Stage};
use crate::plan::z80::lists::{self, Piece, is_called};
use serde::Serialize;

/// Addresses a line of `db` or `dw`.
const ADDRESSES: usize = 8;

/// The columns of one input tile, or of all buckets.
#[derive(Serialize)]
pub struct Segment {
    pub name: String,
    first: bool,
    /// The table of columns is one page.
    half: bool,
    /// Address of the last accumulator's high byte; its index; the page of low bytes; the last address
    /// of the page of high bytes, from which a scan steps to the first.
    last_high: String,
    before: String,
    last: usize,
    page: String,
    columns: Vec<ColumnContext>,
    /// Those that are lists among gaps.
    quick: Vec<ColumnContext>,
    lows: Vec<String>,
    highs: Vec<String>,
    words: Vec<String>,
}

#[derive(Serialize)]
pub struct ColumnContext {
    label: String,
    end: String,
    lists: Vec<List>,
    bytes: Vec<String>,
    code: Vec<String>,
}

#[derive(Serialize)]
pub struct List {
    entry: String,
    indices: String,
}

/// The segments of a plan's stage.
pub fn segments(plan: &Plan, index: usize) -> Vec<Segment> {
    let stage = &plan.network.stages[index];
    let narrow = plan.narrow.as_ref();
    let counted = narrow.is_some_and(|n| n.counts(index));
    let (form, stride, quick) = (plan.forms[index], plan.memory.strides[index], &plan.quick[index]);
    let weights = Weights { stage, form, stride, counted, quick };
    let Source::Hidden { stage: from, .. } = stage.source else {
        return vec![weights.segment(stage.name.clone(), &stage.columns, None)];
    };
    let source = format!("{}_acc", plan.network.stages[from].name);
    let tile = |(t, columns): (usize, &[Column])| {
        let (low, _) = plan.memory.accumulator(from, t * PAGE);
        let bytes = narrow.is_some_and(|n| index == n.reader);
        let place = Place { tile: t, array: source.clone(), low, bytes };
        weights.segment(format!("{}_{t}", stage.name), columns, Some(place))
    };
    stage.columns.chunks(PAGE).enumerate().map(tile).collect()
}

/// What all columns of a stage have in common.
struct Weights<'a> {
    stage: &'a Stage,
    form: Form,
    stride: usize,
    /// Byte accumulators: lists count up and down.
    counted: bool,
    /// Columns of the only segment that are lists among gaps; empty: none.
    quick: &'a [bool],
}

/// Where a scanned tile of accumulators lies.
struct Place {
    tile: usize,
    array: String,
    low: usize,
    /// Byte accumulators: a byte behind the last ends the scan.
    bytes: bool,
}

impl Weights<'_> {
    fn segment(&self, name: String, columns: &[Column], place: Option<Place>) -> Segment {
        let form = self.form;
        let last = columns.len() - 1;
        // The last column of a scan leads out of it.
        let leaves = |i: usize| i == last && place.as_ref().is_some_and(|p| !p.bytes);
        let own = |i: usize, column: &Column| !column.is_empty() || (leaves(i) && !is_called(form));
        let end = |i: usize| format!("{name}_{}", if leaves(i) { "last" } else { "next" });
        let shared = match form {
            Form::Columns | Form::Shared | Form::Packed | Form::Gaps => format!("{name}_empty"),
            Form::Unrolled => format!("{name}_next"),
        };
        let label = |i: usize| format!("{name}_c{i}");
        let target = |(i, column): (usize, &Column)| if own(i, column) { label(i) } else { shared.clone() };
        let targets: Vec<String> = columns.iter().enumerate().map(target).collect();
        let is_quick = |i: usize| self.quick.get(i) == Some(&true);
        let owned = || columns.iter().enumerate().filter(|(i, c)| own(*i, c));
        let mut contexts: Vec<_> = owned()
            .filter(|(i, _)| !is_quick(*i))
            .map(|(i, c)| self.column(form, label(i), end(i), c))
            .collect();
        // A list leads back to where SP is put right.
        let back = || format!("{name}_back");
        let quick = owned().filter(|(i, _)| is_quick(*i));
        let quick = quick.map(|(i, c)| self.column(Form::Columns, label(i), back(), c)).collect();
        if is_called(form) && columns.iter().any(Column::is_empty) {
            contexts.push(self.column(form, shared.clone(), String::new(), &Column::default()));
        }
        Segment {
            half: lists::half_table(form, columns.len()),
            first: place.as_ref().is_none_or(|p| p.tile == 0),
            last_high: place
                .as_ref()
                .map_or(String::new(), |p| format!("{}+{}", p.array, p.low + PAGE + last)),
            before: place.as_ref().map_or(String::new(), |p| {
                format!("{}+{}", p.array, p.low + if p.bytes { PAGE } else { 2 * PAGE } - 1)
            }),
            page: place.as_ref().map_or(String::new(), |p| format!("{}/256+{}", p.array, p.low / PAGE)),
            last: if place.as_ref().is_some_and(|p| p.bytes) { last + 1 } else { last },
            columns: contexts,
            quick,
            lows: text::lines(targets.iter().map(|t| format!("{t} and 255")), ADDRESSES),
            highs: text::lines(targets.iter().map(|t| format!("{t}/256")), ADDRESSES),
            words: text::lines(targets, ADDRESSES),
            name,
        }
    }

    fn column(&self, form: Form, label: String, end: String, column: &Column) -> ColumnContext {
        let mut context = ColumnContext { label, end, lists: vec![], bytes: vec![], code: vec![] };
        match form {
            Form::Columns | Form::Shared => {
                context.lists = lists::pieces(column).iter().map(|p| list(self, p)).collect()
            }
            Form::Packed if lists::is_binary(self.stage) => {
                context.bytes = text::bytes(lists::bits(column, self.stage.outputs));
            }
            Form::Packed => context.bytes = text::bytes(lists::packed(column, self.stage.outputs)),
            Form::Gaps => {
                context.bytes = text::bytes(gaps::encode(column, &lists::tiles(self.stage.outputs)));
            }
            Form::Unrolled => {
                context.code = lists::pieces(column).iter().flat_map(|p| code(p, self.stride)).collect()
            }
        }
        context
    }
}

fn list(weights: &Weights, piece: &Piece) -> List {
    let (add, subtract) = if weights.counted { ("inc", "dec") } else { ("add", "sub") };
    let indices = |list: &[u8]| list.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    match piece {
        Piece::Add(list) => List { entry: format!("{add}_{}", list.len()), indices: indices(list) },
        Piece::Subtract(list) => List { entry: format!("{subtract}_{}", list.len()), indices: indices(list) },
        Piece::NextTile => List { entry: format!("{}_tile", weights.stage.name), indices: String::new() },
    }
}

/// Straight-line code for a piece; HL points into the tile, E is the activation.
fn code(piece: &Piece, stride: usize) -> Vec<String> {
    let one = |o: u8, ops: &[&str]| {
        let mut lines = vec![format!("ld l,{o}"), "ld a,(hl)".to_string()];
        lines.extend(ops.iter().map(|s| s.to_string()));
        lines.push("ld (hl),a".to_string());
        lines
    };
    const SUBTRACT: [&str; 4] = ["sub e", "call c,borrow", "sub e", "call c,borrow"];
    match piece {
        Piece::Add(list) => list.iter().flat_map(|&o| one(o, &["add a,e", "call c,carry"])).collect(),
        Piece::Subtract(list) => {
            list.chunk_by(|a, b| a == b).flat_map(|same| one(same[0], &SUBTRACT[..2 * same.len()])).collect()
        }
        Piece::NextTile => vec!["inc h".to_string(); stride],
    }
}
