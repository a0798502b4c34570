//! What the templates of one stage are given.

use super::prefix::{self, PrefixContext};
use super::text;
use super::weights::{self, Segment};
use crate::ir::{Fold, Form};
use crate::plan::Plan;
use crate::plan::memory::PAGE;
use crate::plan::narrow::{Narrow, PIECE};
use crate::plan::network::{Source, Stage, Start};
use crate::plan::z80::lists::{self, tiles};
use crate::plan::z80::starts::{Step, is_pushed, steps};
use crate::plan::z80::wide_hash;
use crate::target::Target;
use serde::Serialize;

/// A band's start value is 7 more than the one before, and the first step of the hash multiplies it by 31.
pub(super) const BAND_STEP: u8 = 7 * 31;

/// Context of the macros in `stage.asm`, `hash.asm` and `data.asm`.
#[derive(Serialize)]
pub struct StageContext {
    name: String,
    title: String,
    in_loop: bool,
    form: &'static str,
    /// Whether weights are index lists.
    lists: bool,
    /// Whether the kernel is a subroutine, which comes back to the stage.
    called: bool,
    /// Some columns of a gaps stage are lists.
    quick: bool,
    /// The system's interrupts need the alternate registers.
    keeps_alternate: bool,
    /// The subroutine that walks gaps.
    gap_kernel: &'static str,
    /// `trigrams`, `ngrams` or `hidden`.
    source: &'static str,
    /// Tiles of 256 outputs, and pages from one to the next.
    tiles: usize,
    stride: usize,
    /// Page of the low bytes of the first tile; of the high bytes.
    page: String,
    high_page: String,
    copies: Vec<Copy>,
    /// Byte accumulators: what counts in them, or reads them.
    narrow: Option<NarrowContext>,
    /// What is known of a window that begins with spaces.
    prefix: Option<PrefixContext>,
    /// Instructions that push start values.
    start_code: Vec<String>,
    folds: Vec<FoldContext>,
    starts: Vec<StartTable>,
    packed_bytes: Vec<usize>,
    /// One bit a weight; then for each tile the bytes of eight outputs, and the outputs left.
    binary: bool,
    bit_bytes: Vec<usize>,
    bit_rests: Vec<usize>,
    segments: Vec<Segment>,
    wide_table: bool,
    // Hashed sources.
    factor: u8,
    length: u8,
    /// What the hash starts with at the second but last position of the window, modulo 256.
    last_seed: u8,
    /// Position bands, and the low byte of what the last one adds to a trigram's first character.
    bands: u8,
    last_band: u8,
    wide_hash: bool,
    mask: u16,
    mask_high: u16,
    multiples: Vec<Multiple>,
    // Hidden sources.
    shift: u8,
    big: bool,
    /// How deep the stack is where a hashed stage's column ends.
    depth: u8,
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

/// Byte accumulators.
#[derive(Serialize)]
struct NarrowContext {
    reads: bool,
    counts_query: bool,
    start: String,
    threshold: u8,
    short: u8,
    long: bool,
    long_threshold: u8,
    long_shift: u16,
    floor: u8,
    piece: u8,
    outputs: usize,
    remainders: Vec<String>,
    bits: u8,
    /// Counts from here on have activations above 255.
    limit: u16,
    high_mask: u16,
    /// Labels of the instructions that know the threshold.
    patches: Vec<String>,
}

/// Adds a shared sum to the two outputs that share it.
#[derive(Serialize)]
struct FoldContext {
    from: u16,
    plus: u16,
    other: u16,
    low: &'static str,
    high: &'static str,
}

/// A multiple of the bucket count, and what adding it means modulo 65536.
#[derive(Serialize)]
struct Multiple {
    multiple: u32,
    negative: u32,
}

impl StageContext {
    /// Labels of its `ei` instructions.
    pub fn enables(&self) -> Vec<String> {
        let mut labels: Vec<String> = self
            .start_code
            .iter()
            .filter_map(|l| l.strip_suffix("_ei:"))
            .map(|l| format!("{l}_ei"))
            .collect();
        if self.lists && self.source == "hidden" {
            labels.extend(self.segments.iter().map(|g| format!("{}_ei", g.name)));
            if self.narrow.is_none() {
                labels.extend(self.segments.iter().map(|g| format!("{}_last_ei", g.name)));
            }
        } else if self.quick {
            labels.extend(self.segments.iter().map(|g| format!("{}_ei", g.name)));
        } else if self.lists {
            labels.push(format!("{}_ei", self.name));
        }
        labels
    }
}

/// The context of a plan's stage.
pub fn context(plan: &Plan, index: usize, target: &Target) -> StageContext {
    let stage = &plan.network.stages[index];
    let (form, stride) = (plan.forms[index], plan.memory.strides[index]);
    let mut context = StageContext {
        name: stage.name.clone(),
        title: super::title(stage, form),
        in_loop: stage.in_loop,
        form: form.name(),
        lists: form.is_lists(),
        called: lists::is_called(form),
        quick: !plan.quick[index].is_empty(),
        keeps_alternate: target.keeps_alternate,
        gap_kernel: if counts(plan, index).is_some() { "gap_inc" } else { "gap_add" },
        source: "hidden",
        tiles: tiles(stage.outputs).len(),
        stride,
        page: format!("{}_acc/256", stage.name),
        high_page: format!("{}_acc/256+1", stage.name),
        copies: copies(plan, index),
        narrow: narrow(plan, index),
        prefix: prefix::context(plan, index),
        start_code: start_code(plan, index),
        folds: folds(stage),
        starts: starts(plan, index),
        packed_bytes: tiles(stage.outputs).iter().map(|n| n.div_ceil(4)).collect(),
        binary: form == Form::Packed && lists::is_binary(stage),
        bit_bytes: tiles(stage.outputs).iter().map(|n| n / 8).collect(),
        bit_rests: tiles(stage.outputs).iter().map(|n| n % 8).collect(),
        segments: weights::segments(plan, index),
        wide_table: false,
        factor: 0,
        length: 0,
        last_seed: 0,
        bands: 1,
        last_band: 0,
        wide_hash: false,
        mask: 0,
        mask_high: 0,
        multiples: vec![],
        shift: 0,
        big: false,
        depth: if plan.narrow.as_ref().is_some_and(|n| index == n.query && n.long.is_some()) { 6 } else { 4 },
        low_mask: 0,
    };
    match stage.source {
        Source::Trigrams { buckets, bands, factor } => {
            context.source = "trigrams";
            context.bands = bands;
            context.last_band = (bands - 1).wrapping_mul(BAND_STEP);
            context.hashed(buckets, factor);
        }
        Source::Ngrams { buckets, length, factor } => {
            context.source = "ngrams";
            context.length = length;
            context.last_seed = length.saturating_sub(2).wrapping_mul(BAND_STEP);
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
        self.wide_hash = wide_hash(buckets);
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

fn copies(plan: &Plan, index: usize) -> Vec<Copy> {
    let stage = &plan.network.stages[index];
    if let Some(n) = counts(plan, index) {
        return vec![byte_copy(plan, n, index)];
    }
    if is_pushed(stage, plan.forms[index]) {
        return vec![];
    }
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

/// The byte accumulators, if stage `index` counts in them.
fn counts(plan: &Plan, index: usize) -> Option<&Narrow> {
    plan.narrow.as_ref().filter(|n| n.counts(index))
}

/// Bytes start as a table says, or as the query's left them.
fn byte_copy(plan: &Plan, n: &Narrow, index: usize) -> Copy {
    let name = &plan.network.stages[index].name;
    let query = &plan.network.stages[n.query].name;
    let from = if index == n.query { format!("{name}_start") } else { format!("{query}_acc") };
    Copy { from, to: format!("{name}_acc"), count: n.starts.len().next_multiple_of(16) }
}

fn narrow(plan: &Plan, index: usize) -> Option<NarrowContext> {
    let n = plan.narrow.as_ref()?;
    let query = &plan.network.stages[n.query].name;
    (index == n.reader || counts(plan, index).is_some()).then(|| NarrowContext {
        reads: index == n.reader,
        counts_query: index == n.query,
        start: format!("{query}_start"),
        threshold: n.threshold,
        short: n.short,
        long: n.long.is_some(),
        long_threshold: n.long.map_or(0, |l| l.threshold),
        // From the threshold of short queries to that of long ones, modulo 65536.
        long_shift: n.long.map_or(0, |l| u16::from(l.threshold).wrapping_sub(n.threshold.into())),
        floor: n.long.map_or(0, |l| l.floor),
        piece: PIECE,
        outputs: n.starts.len() - 1,
        remainders: text::bytes(n.remainders.iter().copied()),
        bits: n.bits,
        limit: 256 >> n.bits,
        high_mask: (1u16 << n.bits) - 1,
        patches: patches(&plan.network.stages[n.reader]),
    })
}

/// The instruction that subtracts the threshold, and the one that adds it again.
fn patches(reader: &Stage) -> Vec<String> {
    let big = matches!(reader.source, Source::Hidden { most, .. } if most > 255);
    let labels = ["threshold", "raise"];
    labels[..1 + usize::from(big)].iter().map(|l| format!("{}_0_{l}", reader.name)).collect()
}

fn start_code(plan: &Plan, index: usize) -> Vec<String> {
    let (stage, form, stride) = (&plan.network.stages[index], plan.forms[index], plan.memory.strides[index]);
    let Start::Constant(values) = &stage.start else { return vec![] };
    if !is_pushed(stage, form) || counts(plan, index).is_some() {
        return vec![];
    }
    let name = &stage.name;
    let point = |tile: usize, high: bool, behind: usize| {
        let page = tile * stride + usize::from(high);
        format!("        ld sp,{name}_acc+{}", page * PAGE + behind)
    };
    let mut lines = vec![
        "; start values, two bytes a push, from the last to the first".to_string(),
        "        di".to_string(),
    ];
    let mut moments = 0;
    for step in steps(stage, values) {
        match step {
            Step::Point { tile, high, behind } => lines.push(point(tile, high, behind)),
            Step::Load(pair, word) => lines.push(format!("        ld {},{word}", pair.name())),
            Step::Push(pair) => lines.push(format!("        push {}", pair.name())),
            Step::Breathe { tile, high, behind } => {
                lines.push("        ld sp,stack_top-2".into());
                lines.push(format!("{name}_start_{moments}_ei:"));
                lines.extend(["        ei", "        nop", "        di"].map(str::to_string));
                lines.push(point(tile, high, behind));
                moments += 1;
            }
        }
    }
    lines.push("        ld sp,stack_top-2".into());
    lines.push(format!("{name}_start_{moments}_ei:"));
    lines.push("        ei".into());
    lines
}

fn folds(stage: &Stage) -> Vec<FoldContext> {
    let op = |minus, plus: &'static str, less: &'static str| if minus { less } else { plus };
    let context = |f: &Fold| FoldContext {
        from: f.from,
        plus: f.plus,
        other: f.other,
        low: op(f.minus, "add a,", "sub "),
        high: op(f.minus, "adc a,", "sbc a,"),
    };
    // The last fold first: it may add to a sum that an earlier one shares.
    stage.folds.iter().rev().map(context).collect()
}

fn starts(plan: &Plan, index: usize) -> Vec<StartTable> {
    let (stage, form) = (&plan.network.stages[index], plan.forms[index]);
    let Start::Constant(values) = &stage.start else { return vec![] };
    if let Some(n) = counts(plan, index) {
        return vec![StartTable {
            name: format!("{}_start", stage.name),
            lines: text::bytes(n.starts.iter().copied()),
        }];
    }
    if is_pushed(stage, form) {
        return vec![];
    }
    let halves = |(t, tile): (usize, &[i16])| {
        let half = |name: &str, byte: usize| StartTable {
            name: format!("{}_start_{t}_{name}", stage.name),
            lines: text::bytes(tile.iter().map(|v| v.to_le_bytes()[byte])),
        };
        [half("low", 0), half("high", 1)]
    };
    values.chunks(PAGE).enumerate().flat_map(halves).collect()
}
