//! What the templates of one stage are given.

use super::text;
use crate::ir::{Column, Form};
use crate::plan::Plan;
use crate::plan::memory::PAGE;
use crate::plan::network::{Source, Stage, Start};
use crate::plan::z80::lists::{self, Piece, tiles};
use serde::Serialize;

/// Addresses a line of `db` or `dw`.
const ADDRESSES: usize = 8;

/// Context of the macros in `stage.asm`, `hash.asm` and `data.asm`.
#[derive(Serialize)]
pub struct StageContext {
    name: String,
    title: String,
    in_loop: bool,
    form: &'static str,
    /// `trigrams`, `ngrams` or `hidden`.
    source: &'static str,
    /// Tiles of 256 outputs, and pages from one to the next.
    tiles: usize,
    stride: usize,
    /// Page of the low bytes of the first tile; of the high bytes.
    page: String,
    high_page: String,
    copies: Vec<Copy>,
    starts: Vec<StartTable>,
    packed_bytes: Vec<usize>,
    segments: Vec<Segment>,
    wide_table: bool,
    // Hashed sources.
    factor: u8,
    length: u8,
    wide_hash: bool,
    mask: u16,
    mask_high: u16,
    multiples: Vec<Multiple>,
    // Hidden sources.
    shift: u8,
    big: bool,
    low_mask: u8,
}

#[derive(Serialize)]
struct Copy {
    from: String,
    to: String,
    /// A multiple of 16.
    count: usize,
}

#[derive(Serialize)]
struct StartTable {
    name: String,
    lines: Vec<String>,
}

/// A multiple of the bucket count, and what adding it means modulo 65536.
#[derive(Serialize)]
struct Multiple {
    multiple: u32,
    negative: u32,
}

/// The columns of one input tile, or of all buckets.
#[derive(Serialize)]
struct Segment {
    name: String,
    first: bool,
    /// Address of the last accumulator's high byte; its index; the page of low bytes; the last address
    /// of the page of high bytes, from which a scan steps to the first.
    last_high: String,
    before: String,
    last: usize,
    page: String,
    columns: Vec<ColumnContext>,
    lows: Vec<String>,
    highs: Vec<String>,
    words: Vec<String>,
}

#[derive(Serialize)]
struct ColumnContext {
    label: String,
    end: String,
    lists: Vec<List>,
    bytes: Vec<String>,
    code: Vec<String>,
}

#[derive(Serialize)]
struct List {
    entry: String,
    indices: String,
}

impl StageContext {
    /// Labels of its `ei` instructions.
    pub fn enables(&self) -> Vec<String> {
        if self.form != Form::Columns.name() {
            return vec![];
        }
        match self.source {
            "hidden" => self
                .segments
                .iter()
                .flat_map(|g| [format!("{}_ei", g.name), format!("{}_last_ei", g.name)])
                .collect(),
            _ => vec![format!("{}_ei", self.name)],
        }
    }
}

/// The context of a plan's stage.
pub fn context(plan: &Plan, index: usize) -> StageContext {
    let stage = &plan.network.stages[index];
    let (form, stride) = (plan.forms[index], plan.memory.strides[index]);
    let mut context = StageContext {
        name: stage.name.clone(),
        title: title(stage, form),
        in_loop: stage.in_loop,
        form: form.name(),
        source: "hidden",
        tiles: tiles(stage.outputs).len(),
        stride,
        page: format!("{}_acc/256", stage.name),
        high_page: format!("{}_acc/256+1", stage.name),
        copies: copies(plan, index),
        starts: starts(stage),
        packed_bytes: tiles(stage.outputs).iter().map(|n| n.div_ceil(4)).collect(),
        segments: segments(plan, index),
        wide_table: false,
        factor: 0,
        length: 0,
        wide_hash: false,
        mask: 0,
        mask_high: 0,
        multiples: vec![],
        shift: 0,
        big: false,
        low_mask: 0,
    };
    match stage.source {
        Source::Trigrams { buckets, factor } => {
            context.source = "trigrams";
            context.hashed(buckets, factor);
        }
        Source::Ngrams { buckets, length, factor } => {
            context.source = "ngrams";
            context.length = length;
            context.hashed(buckets, factor);
        }
        Source::Hidden { shift, most, .. } => {
            context.shift = shift;
            context.big = most > 255;
            context.low_mask = ((1u16 << shift) - 1) as u8;
        }
    }
    context
}

impl StageContext {
    fn hashed(&mut self, buckets: u16, factor: u8) {
        self.factor = factor;
        self.wide_table = buckets > 256;
        self.wide_hash = !(buckets.is_power_of_two() && buckets <= 256);
        self.mask = buckets - 1;
        if buckets.is_power_of_two() {
            self.mask_high = if buckets > 256 { (buckets - 1) >> 8 } else { 0 };
            return;
        }
        // Subtract the largest multiple that fits, then halves of it: what remains is the remainder.
        let mut multiple = u32::from(buckets);
        while 2 * multiple <= 0xFFFF {
            multiple *= 2;
        }
        while multiple >= u32::from(buckets) {
            self.multiples.push(Multiple { multiple, negative: 0x1_0000 - multiple });
            multiple /= 2;
        }
    }
}

fn title(stage: &Stage, form: Form) -> String {
    let from = match stage.source {
        Source::Trigrams { .. } => "trigrams of the query".to_string(),
        Source::Ngrams { .. } => "n-grams of the last characters".to_string(),
        Source::Hidden { shift, .. } => format!("max(acc >> {shift}, 0) of the stage before"),
    };
    format!(
        "{}: {} inputs ({from}), {} outputs, {form} weights",
        stage.name,
        stage.columns.len(),
        stage.outputs
    )
}

fn copies(plan: &Plan, index: usize) -> Vec<Copy> {
    let stage = &plan.network.stages[index];
    let to = format!("{}_acc", stage.name);
    let mut copies = Vec::new();
    for (t, &n) in tiles(stage.outputs).iter().enumerate() {
        let target = plan.memory.accumulator(index, t * PAGE);
        let sources = match &stage.start {
            Start::Constant(_) => {
                [format!("{}_start_{t}_low", stage.name), format!("{}_start_{t}_high", stage.name)]
            }
            Start::Stage(from) => {
                let source = plan.memory.accumulator(*from, t * PAGE);
                let name = &plan.network.stages[*from].name;
                [format!("{name}_acc+{}", source.0), format!("{name}_acc+{}", source.1)]
            }
        };
        let count = n.next_multiple_of(16);
        for (from, offset) in sources.into_iter().zip([target.0, target.1]) {
            copies.push(Copy { from, to: format!("{to}+{offset}"), count });
        }
    }
    copies
}

fn starts(stage: &Stage) -> Vec<StartTable> {
    let Start::Constant(values) = &stage.start else { return vec![] };
    let halves = |(t, tile): (usize, &[i16])| {
        let half = |name: &str, byte: usize| StartTable {
            name: format!("{}_start_{t}_{name}", stage.name),
            lines: text::bytes(tile.iter().map(|v| v.to_le_bytes()[byte])),
        };
        [half("low", 0), half("high", 1)]
    };
    values.chunks(PAGE).enumerate().flat_map(halves).collect()
}

fn segments(plan: &Plan, index: usize) -> Vec<Segment> {
    let stage = &plan.network.stages[index];
    let (form, stride) = (plan.forms[index], plan.memory.strides[index]);
    let Source::Hidden { stage: from, .. } = stage.source else {
        return vec![segment(stage, form, stride, stage.name.clone(), &stage.columns, None)];
    };
    let source = format!("{}_acc", plan.network.stages[from].name);
    let tile = |(t, columns): (usize, &[Column])| {
        let (low, _) = plan.memory.accumulator(from, t * PAGE);
        let place = Place { tile: t, array: source.clone(), low };
        segment(stage, form, stride, format!("{}_{t}", stage.name), columns, Some(place))
    };
    stage.columns.chunks(PAGE).enumerate().map(tile).collect()
}

/// Where a scanned tile of accumulators lies.
struct Place {
    tile: usize,
    array: String,
    low: usize,
}

fn segment(
    stage: &Stage,
    form: Form,
    stride: usize,
    name: String,
    columns: &[Column],
    place: Option<Place>,
) -> Segment {
    let last = columns.len() - 1;
    let own = |i: usize, column: &Column| {
        !column.is_empty() || (place.is_some() && i == last && form != Form::Packed)
    };
    let end = |i: usize| {
        let last = place.is_some() && i == last;
        format!("{name}_{}", if last { "last" } else { "next" })
    };
    let shared = match form {
        Form::Columns | Form::Packed => format!("{name}_empty"),
        Form::Unrolled => format!("{name}_next"),
    };
    let label = |i: usize| format!("{name}_c{i}");
    let target = |(i, column): (usize, &Column)| if own(i, column) { label(i) } else { shared.clone() };
    let targets: Vec<String> = columns.iter().enumerate().map(target).collect();
    let mut contexts: Vec<_> = columns
        .iter()
        .enumerate()
        .filter(|(i, c)| own(*i, c))
        .map(|(i, c)| column(stage, form, stride, label(i), end(i), c))
        .collect();
    if form == Form::Packed && columns.iter().any(Column::is_empty) {
        contexts.push(column(stage, form, stride, shared.clone(), String::new(), &Column::default()));
    }
    Segment {
        first: place.as_ref().is_none_or(|p| p.tile == 0),
        last_high: place.as_ref().map_or(String::new(), |p| format!("{}+{}", p.array, p.low + PAGE + last)),
        before: place.as_ref().map_or(String::new(), |p| format!("{}+{}", p.array, p.low + 2 * PAGE - 1)),
        page: place.as_ref().map_or(String::new(), |p| format!("{}/256+{}", p.array, p.low / PAGE)),
        last,
        columns: contexts,
        lows: text::lines(targets.iter().map(|t| format!("{t} and 255")), ADDRESSES),
        highs: text::lines(targets.iter().map(|t| format!("{t}/256")), ADDRESSES),
        words: text::lines(targets, ADDRESSES),
        name,
    }
}

fn column(
    stage: &Stage,
    form: Form,
    stride: usize,
    label: String,
    end: String,
    column: &Column,
) -> ColumnContext {
    let mut context = ColumnContext { label, end, lists: vec![], bytes: vec![], code: vec![] };
    match form {
        Form::Columns => context.lists = lists::pieces(column).iter().map(|p| list(stage, p)).collect(),
        Form::Packed => context.bytes = text::bytes(lists::packed(column, stage.outputs)),
        Form::Unrolled => context.code = lists::pieces(column).iter().flat_map(|p| code(p, stride)).collect(),
    }
    context
}

fn list(stage: &Stage, piece: &Piece) -> List {
    let indices = |list: &[u8]| list.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    match piece {
        Piece::Add(list) => List { entry: format!("add_{}", list.len()), indices: indices(list) },
        Piece::Subtract(list) => List { entry: format!("sub_{}", list.len()), indices: indices(list) },
        Piece::NextTile => List { entry: format!("{}_tile", stage.name), indices: String::new() },
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
