//! What the templates of one stage are given.

use super::weights::{self, Tile};
use crate::ir::{Fold, Form};
use crate::plan::Plan;
use crate::plan::avr::{Load, bucket_steps, kernel, label, loads, tiles};
use crate::plan::memory::PAGE;
use crate::plan::network::Source;
use crate::plan::z80::wide_hash;
use crate::render::text;
use crate::target::{Core, Cpu};
use serde::Serialize;

/// A band's start value is 7 more than the one before, and the first step of the hash multiplies it by 31.
const BAND_STEP: u8 = 7 * 31;

/// Context of the macros in `stage.S` and `data.S`.
#[derive(Serialize)]
pub struct StageContext {
    pub name: String,
    title: String,
    in_loop: bool,
    form: &'static str,
    /// `trigrams`, `ngrams` or `hidden`.
    source: &'static str,
    /// What one n-gram adds.
    factor: u8,
    /// Byte accumulators that count.
    counts: bool,
    /// The kernel for activations of one byte, or for any; and one for more, if that is another.
    kernel: &'static str,
    wide_kernel: Option<&'static str>,
    /// What calls and jumps to shared code.
    call: &'static str,
    jump: &'static str,
    shift: u8,
    /// Activations can be above 255.
    big: bool,
    /// Jumps to columns as code are `jmp`, of two words.
    far_jumps: bool,
    /// The source counts in bytes.
    narrow: Option<NarrowContext>,
    loads: Vec<LoadContext>,
    starts: Vec<Table>,
    tiles: Vec<TileContext>,
    /// Shared sums.
    folds: usize,
}

#[derive(Serialize)]
struct LoadContext {
    flash: bool,
    from: String,
    to: String,
    rounds: usize,
    entry: usize,
}

#[derive(Serialize)]
struct Table {
    name: String,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct NarrowContext {
    threshold: u8,
    bits: u8,
    /// The remainders, less the low address of the first byte: the low address of a byte finds its own.
    rest_at: String,
}

/// Up to 256 outputs.
#[derive(Serialize)]
struct TileContext {
    name: String,
    low: String,
    high: String,
    /// Where the kernel wants XL.
    start: String,
    packed_bytes: usize,
    /// The addresses of the columns.
    table_at: String,
    scans: Vec<Scan>,
    hash: Option<Hash>,
    #[serde(flatten)]
    weights: Tile,
}

/// Up to 256 inputs.
#[derive(Serialize)]
struct Scan {
    name: String,
    low: String,
    high: String,
    /// What Y walks: high bytes, or bytes.
    scanned: String,
    count: usize,
    /// YL behind the last.
    end: u8,
    /// The table, less the entries of the low addresses before the first input's: an input's low address finds its own.
    table_at: String,
}

#[derive(Serialize)]
struct Hash {
    name: String,
    wide_hash: bool,
    wide_table: bool,
    mask: u8,
    mask_high: u8,
    /// Subtracted where it can be, one after the other: what remains is the remainder.
    multiples: Vec<u16>,
    length: u8,
    bands: u8,
    last_band: u8,
}

impl StageContext {
    /// Whether start values come from flash, or from other accumulators.
    pub fn loads_from(&self, flash: bool) -> bool {
        self.loads.iter().any(|l| l.flash == flash)
    }
}

/// A tile's name in labels.
pub fn tile_name(stage: &str, tile: usize) -> String {
    if tile == 0 { stage.to_string() } else { format!("{stage}_{tile}") }
}

/// The context of a plan's stage.
pub fn context(plan: &Plan, index: usize) -> StageContext {
    let stage = &plan.network.stages[index];
    let form = plan.forms[index];
    let counts = plan.narrow.as_ref().is_some_and(|n| n.counts(index));
    let kernels = kernel(stage, form, counts);
    let (source, factor, shift, big) = match stage.source {
        Source::Trigrams { factor, .. } => ("trigrams", factor, 0, false),
        Source::Ngrams { factor, .. } => ("ngrams", factor, 0, false),
        Source::Hidden { shift, most, .. } => ("hidden", 0, shift, most > 255),
    };
    StageContext {
        name: stage.name.clone(),
        title: crate::render::title(stage, form),
        in_loop: stage.in_loop,
        form: if form.is_lists() { "lists" } else { form.name() },
        source,
        factor,
        counts,
        kernel: kernels.first().map_or("", |k| k.name()),
        wide_kernel: kernels.get(1).map(|k| k.name()),
        call: super::to_shared(plan).0,
        jump: super::to_shared(plan).1,
        shift,
        big,
        far_jumps: far_jumps(plan),
        narrow: narrow(plan, index),
        loads: loads(&plan.network, plan.narrow.as_ref(), index).into_iter().map(LoadContext::new).collect(),
        starts: tables(plan, index),
        tiles: (0..tiles(stage.outputs).len()).map(|t| tile(plan, index, t)).collect(),
        folds: stage.folds.len(),
    }
}

impl LoadContext {
    fn new(load: Load) -> Self {
        let (rounds, entry) = load.rounds();
        Self { flash: load.flash, from: load.from, to: load.to, rounds, entry }
    }
}

/// Whether the core has `jmp`.
fn far_jumps(plan: &Plan) -> bool {
    plan.cpu != Cpu::Avr(Core::Avr25)
}

/// Bytes of an entry in the table of columns: an address, or a jump.
fn entry_bytes(plan: &Plan, index: usize) -> i64 {
    if plan.forms[index] == Form::Unrolled && far_jumps(plan) { 4 } else { 2 }
}

/// The low byte of the address of a place in memory.
fn low_byte(plan: &Plan, offset: usize) -> usize {
    (plan.memory.start.unwrap_or(0) + offset) % PAGE
}

fn narrow(plan: &Plan, index: usize) -> Option<NarrowContext> {
    let n = plan.narrow.as_ref().filter(|n| n.reader == index)?;
    let base = low_byte(plan, plan.memory.tiles[n.last][0].0);
    let rest_at = format!("{}_rest-{base}", plan.network.stages[index].name);
    Some(NarrowContext { threshold: n.threshold, bits: n.bits, rest_at })
}

/// Start values and remainders in flash.
fn tables(plan: &Plan, index: usize) -> Vec<Table> {
    let stage = &plan.network.stages[index];
    let mut tables = Vec::new();
    if let Some(n) = plan.narrow.as_ref().filter(|n| n.reader == index) {
        let lines = text::gnu_bytes(n.remainders.iter().copied());
        tables.push(Table { name: format!("{}_rest", stage.name), lines });
    }
    tables.extend(folds(plan, index));
    for load in loads(&plan.network, plan.narrow.as_ref(), index).into_iter().filter(|l| l.flash) {
        tables.push(Table { name: load.from, lines: text::gnu_bytes(load.bytes) });
    }
    tables
}

fn tile(plan: &Plan, index: usize, t: usize) -> TileContext {
    let (stage, form) = (&plan.network.stages[index], plan.forms[index]);
    let name = tile_name(&stage.name, t);
    let (low_at, _) = plan.memory.tiles[index][t];
    let low = label(&stage.name, "acc", t);
    let counts = plan.narrow.as_ref().is_some_and(|n| n.counts(index));
    let base = low_byte(plan, low_at);
    let start = if form == Form::Gaps { (base + PAGE - 1) % PAGE } else { base };
    let hash = match stage.source {
        Source::Trigrams { buckets, bands, .. } => Some(hash(&name, buckets, 0, bands)),
        Source::Ngrams { buckets, length, .. } => Some(hash(&name, buckets, length, 1)),
        Source::Hidden { .. } => None,
    };
    TileContext {
        high: if counts { low.clone() } else { label(&stage.name, "high", t) },
        low,
        start: start.to_string(),
        packed_bytes: tiles(stage.outputs)[t].div_ceil(4),
        table_at: format!("{name}_table"),
        scans: scans(plan, index, &name),
        hash,
        weights: weights::tile(&name, stage, form, t, base, counts, far_jumps(plan)),
        name,
    }
}

fn scans(plan: &Plan, index: usize, tile: &str) -> Vec<Scan> {
    let stage = &plan.network.stages[index];
    let Source::Hidden { stage: from, .. } = stage.source else { return vec![] };
    let source = &plan.network.stages[from];
    let bytes = plan.narrow.as_ref().is_some_and(|n| n.counts(from));
    let scan = |(g, &count): (usize, &usize)| {
        let base = low_byte(plan, plan.memory.tiles[from][g].0);
        let (low, high) = (label(&source.name, "acc", g), label(&source.name, "high", g));
        let ahead = entry_bytes(plan, index) * ((g * PAGE) as i64 - base as i64);
        Scan {
            name: format!("{tile}_{g}"),
            scanned: if bytes { low.clone() } else { high.clone() },
            low,
            high,
            count,
            end: ((base + count + usize::from(bytes)) % PAGE) as u8,
            table_at: format!("{tile}_table{ahead:+}"),
        }
    };
    tiles(stage.columns.len()).iter().enumerate().map(scan).collect()
}

fn hash(name: &str, buckets: u16, length: u8, bands: u8) -> Hash {
    let power = buckets.is_power_of_two();
    Hash {
        name: name.to_string(),
        wide_hash: wide_hash(buckets),
        wide_table: buckets > 256,
        mask: if power { ((buckets - 1) & 255) as u8 } else { 255 },
        mask_high: if power && buckets > 256 { ((buckets - 1) >> 8) as u8 } else { 255 },
        multiples: bucket_steps(buckets),
        length,
        bands,
        last_band: (bands - 1).wrapping_mul(BAND_STEP),
    }
}

/// The sums that outputs share, as `stage.S` reads them. Stages with shared sums have one tile.
fn folds(plan: &Plan, index: usize) -> Option<Table> {
    let stage = &plan.network.stages[index];
    let base = low_byte(plan, plan.memory.tiles[index][0].0);
    let low = |output: u16| (base + usize::from(output)) as u8;
    // The last fold first: it may add to a sum that an earlier one shares.
    let fold = |f: &Fold| [low(f.from), low(f.plus), low(f.other), u8::from(f.minus)];
    let bytes: Vec<u8> = stage.folds.iter().rev().flat_map(fold).collect();
    (!bytes.is_empty())
        .then(|| Table { name: format!("{}_folds", stage.name), lines: text::gnu_bytes(bytes) })
}
