//! T-states of the kernels in `templates/z80`, from the counts of [`crate::plan::stats`].
//!
//! Each constant is a sum of the manual's T-states over the instructions named beside it; the tests hold
//! predictions against the simulated machine.

use super::gaps;
use super::hashing::{band_cost, ngram_cost, trigram_cost};
use super::lists::{Piece, bits, half_table, is_binary, is_called, pieces, tiles};
use super::starts::{is_pushed, steps};
use crate::ir::{Column, Form};
use crate::plan::Prediction;
use crate::plan::memory::PAGE;
use crate::plan::narrow::{Narrow, PIECE};
use crate::plan::network::{Answer, Network, Source, Stage, Start};
use crate::plan::prefix::FEWEST;
use crate::plan::share::Prices;
use crate::plan::stats::{StageStats, Stats};
use crate::text::ngram_count;

/// `RET` into a list, a stage, or back.
const RET: f64 = 10.0;
/// `pop bc` (half), `ld l`, `ld a,(hl)`, `add a,e`, `ld (hl),a`, `jr c`.
const ADD: f64 = 5.0 + 4.0 + 7.0 + 4.0 + 7.0 + 7.0;
/// `pop bc` (half), `ld l`, `inc (hl)`.
const COUNT: f64 = 5.0 + 4.0 + 11.0;
/// `dec sp`, `pop bc`, `jp`: an odd list enters in the middle of a pair, whose first half it skips.
const ODD: f64 = 6.0 + 10.0 + 10.0 - 5.0;
/// `jr c` taken, `inc h`, `inc (hl)`, `dec h`, `jp`.
pub(super) const CARRY: f64 = 5.0 + 4.0 + 11.0 + 4.0 + 10.0;
/// The same by `call c`: taken instead of not, then `ret`.
const CARRY_CALL: f64 = 7.0 + 4.0 + 11.0 + 4.0 + 10.0;
/// `ld l,n`, `ld a,(hl)`, `add a,e`, `call c`, `ld (hl),a`.
const CODE: f64 = 7.0 + 7.0 + 4.0 + 10.0 + 7.0;
/// A second subtraction: `sub e`, `call c`.
const AGAIN: f64 = 4.0 + 10.0;
/// `exx`, `djnz`, `ld a,(de)`, `inc de`, `ld l,a`, `ld h,n`, `ld c,(hl)`, `inc h`, `ld h,(hl)`, `ld l,c`,
/// `jp (hl)`, `exx`, four `inc l`, `jp`.
const PACKED_BYTE: f64 = 4.0 + 13.0 + 7.0 + 6.0 + 4.0 + 7.0 + 7.0 + 4.0 + 7.0 + 4.0 + 4.0 + 4.0 + 16.0 + 10.0;
/// `ld a,(hl)`, `add a,e`, `call c`, `ld (hl),a`.
const PACKED_ADD: f64 = 7.0 + 4.0 + 10.0 + 7.0;
/// Adding a shared sum to two outputs: `ld l,n`, `ld e,(hl)`, `inc h`, `ld d,(hl)`, `dec h`; twice `ld l,n`,
/// `ld a,(hl)`, `add a,e`, `ld (hl),a`, `inc h`, `ld a,(hl)`, `adc a,d`, `ld (hl),a`, `dec h`.
const FOLD: f64 = 29.0 + 2.0 * 51.0;
/// What sharing sums trades: an addition with one carry in eight, and a fold with its start value.
pub const PRICES: Prices = Prices { addition: 38, fold: 131 + 12, accumulators: 256 };
/// A byte of eight weights: `exx`, `ld a,(de)`, `inc de`, `exx`, `rrca`, `ld c,a`; `dec b`, `jp`.
const BITS_BYTE: f64 = 4.0 + 7.0 + 6.0 + 4.0 + 4.0 + 4.0 + 4.0 + 10.0;
/// `ld a,(hl)`, `add a,e`, `ld (hl),a`, `jr c`, `inc l`.
const BITS_ADD: f64 = 7.0 + 4.0 + 7.0 + 7.0 + 4.0;
/// On to the next weight: `srl c`, `jr c`; more where that jumps to the other track.
const BITS_NEXT: f64 = 8.0 + 7.0;
const BITS_TURN: f64 = 5.0;
/// `copy` for 16 bytes: `ldi` and `jp`.
const COPY16: f64 = 16.0 * 16.0 + 10.0;
/// `ld hl`, `ld de`, `ld bc`, `call`, `ret`.
const COPY_CALL: f64 = 10.0 + 10.0 + 10.0 + 17.0 + 10.0;
/// `ld h,n`, `ld c,(hl)`, `inc h`, `ld h,(hl)`, `ld l,c`.
const TABLE: f64 = 7.0 + 7.0 + 4.0 + 7.0 + 4.0;
/// The same for a bucket: `ld l,a` first.
const BUCKET_TABLE: f64 = 4.0 + TABLE;
/// `add hl,hl`, `ld bc`, `add hl,bc`, `ld c,(hl)`, `inc hl`, `ld h,(hl)`, `ld l,c`.
const WIDE_TABLE: f64 = 11.0 + 10.0 + 11.0 + 7.0 + 6.0 + 7.0 + 4.0;

/// A scan goes on behind a kernel that is called: `ld a,d`, `cp`, `jp z`.
pub(super) const BACK: f64 = 4.0 + 7.0 + 10.0;

/// T-states of one stage over all queries.
#[derive(Debug, Clone, Copy, Default)]
pub struct StageCost {
    /// Hashing.
    pub encode: f64,
    /// Start values, scanning, weights.
    pub stage: f64,
}

impl StageCost {
    pub fn total(self) -> f64 {
        self.encode + self.stage
    }
}

/// Cost of a stage in a form, over all queries of `stats`.
pub fn stage_cost(
    stage: &Stage,
    narrow: Option<&Narrow>,
    stats: &Stats,
    index: usize,
    form: Form,
) -> StageCost {
    let counts = &stats.stages[index];
    // Stages that count need a form that can; the one that reads the bytes scans them in any form.
    let narrow = narrow.filter(|n| form.can_count() || !n.counts(index));
    let bytes = narrow.is_some_and(|n| n.counts(index));
    let binary = form == Form::Packed && is_binary(stage);
    let kernel = Kernel { form, stage, counts: bytes, binary };
    let start = match narrow {
        // cp, jp; call; ret: the hash loop is a subroutine where long queries use it, too.
        Some(n) if bytes => 44.0 + COPY_CALL + n.starts.len().div_ceil(16) as f64 * COPY16,
        _ => start_cost(stage, form),
    };
    let known = narrow.filter(|n| index == n.last && n.prefix.is_some());
    let long = narrow.filter(|n| index == n.query).map_or(0.0, |n| long_queries(n, stats));
    let each_run = start + FOLD * stage.folds.len() as f64;
    let mut cost = StageCost { encode: 0.0, stage: counts.runs as f64 * each_run + long };
    let mut additions = 0.0;
    // set 7,l in the place of inc h, where a tile of columns has half a table.
    let tables: Vec<f64> = tiles(stage.columns.len())
        .into_iter()
        .map(|columns| if half_table(form, columns) { 4.0 } else { 0.0 })
        .collect();
    let wide_table = stage.columns.len() > PAGE && !matches!(stage.source, Source::Hidden { .. });
    for (i, (column, (&low, &high))) in
        stage.columns.iter().zip(counts.low.iter().zip(&counts.high)).enumerate()
    {
        let low = if known.is_some() { low - counts.known[i] } else { low };
        if low + high > 0 {
            let table = if wide_table { 0.0 } else { tables[i / PAGE] };
            cost.stage += (low + high) as f64 * (kernel.column(column) + table);
            additions += (low + high) as f64 * column.len() as f64;
        }
    }
    let carry = if bytes {
        0.0
    } else if form.is_lists() || kernel.binary {
        CARRY
    } else if form == Form::Gaps {
        gaps::CARRY
    } else {
        CARRY_CALL
    };
    // Shared sums are made of fewer additions than were counted where the graph has none yet; they carry
    // about as often.
    cost.stage += counts.carries as f64 * carry * additions / counts.additions.max(1) as f64;
    match stage.source {
        Source::Trigrams { buckets, bands, .. } => {
            let table = if buckets > 256 { WIDE_TABLE } else { BUCKET_TABLE };
            cost.stage += stats.query_bytes as f64 * (table + kernel.around(true));
            cost.encode += stats.query_bytes as f64 * trigram_cost(buckets);
            if bands > 1 {
                cost.encode += band_cost(buckets, stats.query_bytes, counts);
            }
        }
        Source::Ngrams { buckets, length, .. } => {
            let table = if buckets > 256 { WIDE_TABLE } else { BUCKET_TABLE };
            let mut grams = counts.runs as f64 * ngram_count(length.into()) as f64;
            cost.encode += counts.runs as f64 * ngram_cost(buckets, length, None);
            if known.is_some() {
                grams -= counts.known.iter().sum::<u64>() as f64;
                let (stage, encode) = prefix_saving(buckets, length, stage.outputs, counts);
                cost.stage -= stage;
                cost.encode -= encode;
            }
            cost.stage += grams * (table + kernel.around(true));
        }
        Source::Hidden { .. } if narrow.is_some_and(|n| index == n.reader) => {
            let bits = narrow.map_or(0.0, |n| f64::from(n.bits));
            let big =
                if matches!(stage.source, Source::Hidden { most, .. } if most > 255) { 14.0 } else { 0.0 };
            let (low, high) = (counts.low.iter().sum::<u64>() as f64, counts.high.iter().sum::<u64>() as f64);
            let zeros = (counts.zero + counts.high_without_low + counts.runs) as f64;
            // inc l, ld a,(hl), sub n, jr c; then cp n, jr nc where needed, the shift, ld h, add a,(hl), jr z.
            let look = 25.0 + big + 4.0 * bits + 21.0;
            let found = TABLE + kernel.around(false);
            cost.stage +=
                30.0 * counts.negative as f64 + zeros * (look + 5.0 + 38.0) + low * (look + 8.0 + found);
            // jr nc taken; ld e,a, and n, add a,n, ld (hl),a, the shift, and n, ld e,a, ld d,l, dec d
            cost.stage += high * (44.0 + 4.0 + 7.0 + 7.0 + 7.0 + 4.0 * bits + 4.0 + 7.0 + 4.0 + 8.0 + found);
            cost.stage += counts.runs as f64 * 20.0;
        }
        Source::Hidden { shift, most, .. } => {
            let (low, high) = (counts.low.iter().sum::<u64>() as f64, counts.high.iter().sum::<u64>() as f64);
            let big = most > 255;
            // inc l, ld a,(hl), add a,a, jr c; then rrca, ld d,a, dec h, ld a,(hl), and the shift.
            let look = 22.0 + 19.0 + 12.0 * f64::from(shift);
            let check = if big { 15.0 } else { 0.0 };
            let zero = look + check + 4.0 + 12.0 + 4.0 + 7.0 + 10.0 + 4.0 + 10.0;
            let negative = (counts.negative - counts.last_negative) as f64;
            let zeros = (counts.zero + counts.last_negative + counts.high_without_low) as f64;
            // Behind a high byte the scan goes on, whatever the index: it is not compared with the last.
            let back = if is_called(form) { BACK } else { 0.0 };
            let found = TABLE + kernel.around(false);
            // or a, jr z, ld e,a, ld d,l
            let apply = look + check + 11.0 + 8.0 + found + back;
            // inc d, dec d, jr nz taken; ld e,d, inc h, ld a,(hl), and n, ld (hl),a, ld d,l, dec d
            let apply_high = look + 20.0 + 4.0 + 4.0 + 7.0 + 7.0 + 7.0 + 4.0 + 4.0 + found;
            let segments = tiles(stage.columns.len()).len() as f64;
            cost.stage += 27.0 * negative + zero * zeros + apply * low + apply_high * high;
            // ld hl, bit, jr z; ld hl, jp; and for a negative one: two stores
            cost.stage += counts.runs as f64 * segments * 54.0 + counts.last_negative as f64 * 19.0;
        }
    }
    cost
}

/// How a form applies columns.
pub(super) struct Kernel<'a> {
    pub(super) form: Form,
    pub(super) stage: &'a Stage,
    /// Byte accumulators.
    pub(super) counts: bool,
    /// Eight weights a byte.
    pub(super) binary: bool,
}

impl Kernel<'_> {
    /// From the column's address to the stage and back, without the column itself.
    fn around(&self, bucket: bool) -> f64 {
        let tiles = tiles(self.stage.outputs).len() as f64;
        let back = if bucket { 0.0 } else { 4.0 + 7.0 };
        back + match self.form {
            // di, ld sp,hl, ld h, ret; ld sp, ei; the subroutine's ret
            Form::Columns | Form::Shared => 4.0 + 6.0 + 7.0 + RET + 14.0 + if bucket { RET } else { 0.0 },
            // push, ld h, ret; jp at the column's end; the subroutine's ret
            Form::Unrolled => 11.0 + 7.0 + RET + 10.0 + if bucket { RET } else { 0.0 },
            // push, exx, pop, exx, ld h; ld l in each tile; back
            Form::Packed if self.binary => {
                36.0 + tiles * 7.0 + (tiles - 1.0) * 12.0 + if bucket { RET } else { 10.0 }
            }
            // push, exx, pop, exx, ld h; ld l, exx, ld b, exx, call, the loop's last round; back
            Form::Packed => {
                36.0 + tiles * (7.0 + 4.0 + 7.0 + 4.0 + 17.0 + 4.0 + 8.0 + 4.0 + RET)
                    + (tiles - 1.0) * 12.0
                    + if bucket { RET } else { 10.0 }
            }
            // ld hl, call; inc h and ld l between tiles; back; less than TABLE by ld l,c
            Form::Gaps => {
                10.0 + tiles * 17.0 + (tiles - 1.0) * (12.0 + 7.0) - 4.0 + if bucket { RET } else { 10.0 }
            }
        }
    }

    /// One use of a column, without carries.
    pub(super) fn column(&self, column: &Column) -> f64 {
        match self.form {
            Form::Columns | Form::Shared => pieces(column).iter().map(|p| self.piece(p)).sum(),
            Form::Packed if self.binary => {
                let mut bytes = bits(column, self.stage.outputs).into_iter();
                tiles(self.stage.outputs).iter().map(|&n| bits_tile(bytes.by_ref(), n)).sum()
            }
            Form::Packed => {
                let bytes: usize = tiles(self.stage.outputs).iter().map(|n| n.div_ceil(4)).sum();
                let (single, double) = singles_and_doubles(column);
                bytes as f64 * PACKED_BYTE + single * PACKED_ADD + double * (PACKED_ADD + AGAIN)
            }
            Form::Gaps => gaps::column(column, self.stage.outputs, self.counts),
            Form::Unrolled => {
                let (single, double) = singles_and_doubles(column);
                let switches = pieces(column).iter().filter(|p| **p == Piece::NextTile).count() as f64;
                single * CODE + double * (CODE + AGAIN) + switches * 12.0
            }
        }
    }

    fn piece(&self, piece: &Piece) -> f64 {
        match piece {
            Piece::Add(list) | Piece::Subtract(list) => {
                let addition = if self.counts { COUNT } else { ADD };
                list.len() as f64 * addition + if list.len() % 2 == 1 { ODD } else { 0.0 } + RET
            }
            Piece::NextTile => 12.0 + RET,
        }
    }
}

/// One tile of `outputs` weights ±1: eight to each of `bytes`, the rest in one more.
fn bits_tile(bytes: &mut impl Iterator<Item = u8>, outputs: usize) -> f64 {
    // ld b, call, ret
    let call = 7.0 + 17.0 + RET;
    // How often two neighbours of the lowest `n` bits differ.
    let turns = |byte: u8, n: usize| ((byte ^ byte >> 1) & ((1u16 << (n - 1)) - 1) as u8).count_ones();
    let steps = |byte: u8, n: usize| {
        BITS_BYTE + n as f64 * BITS_ADD + (n - 1) as f64 * BITS_NEXT + f64::from(turns(byte, n)) * BITS_TURN
    };
    let (full, rest) = (outputs / 8, outputs % 8);
    // jr c: taken where the first weight is +1.
    let first = |byte: u8| 7.0 + f64::from(byte & 1) * BITS_TURN;
    let full_cost: f64 = bytes.take(full).map(|b| first(b) + steps(b, 8)).sum();
    // jp nc, and jp where the first weight is +1.
    let entry = |byte: u8| call + 10.0 + f64::from(byte & 1) * 10.0;
    let rest_cost: f64 = bytes.take(usize::from(rest > 0)).map(|b| entry(b) + steps(b, rest)).sum();
    full_cost + if full > 0 { call } else { 0.0 } + rest_cost
}

/// Outputs with a weight of ±1, and of -2.
fn singles_and_doubles(column: &Column) -> (f64, f64) {
    let doubles = column.minus.windows(2).filter(|w| w[0] == w[1]).count() as f64;
    (column.len() as f64 - 2.0 * doubles, doubles)
}

/// What queries too long for byte accumulators cost more than short ones: `narrow.asm`, loop by loop.
fn long_queries(narrow: &Narrow, stats: &Stats) -> f64 {
    let outputs = narrow.starts.len() as f64 - 1.0;
    let longer = stats.lengths.iter().filter(|(length, _)| **length > narrow.short.into());
    let one = |length: usize| {
        let pieces = length.div_ceil(PIECE.into()) as f64;
        let (clear, middle, sum, raise) = (45.0 * 256.0, 27.0 * 256.0, 97.0 * outputs, 193.0 * outputs);
        clear + raise + pieces * (middle + sum + 120.0)
    };
    longer.map(|(&length, &count)| count as f64 * one(length)).sum()
}

/// What a stage's start and its hashing take less where n-grams inside of spaces are known: `prefix.asm`.
fn prefix_saving(buckets: u16, length: u8, outputs: usize, counts: &StageStats) -> (f64, f64) {
    // ld a, sub, jr c taken
    let (mut stage, mut encode) = (-(13.0 + 7.0 + 10.0) * counts.runs as f64, 0.0);
    let bytes = outputs + 1;
    let copy = COPY_CALL + bytes.div_ceil(16) as f64 * COPY16;
    // Each eight outputs: ld a,(de), add a,(hl), ld (bc),a, inc hl, inc e, inc c; then ld a,c, cp, jp nz.
    let sum = bytes.div_ceil(8) as f64 * (8.0 * 35.0 + 21.0);
    for (spaces, &runs) in counts.spaces.iter().enumerate().skip(FEWEST) {
        // From add a,a to ld bc; from pop hl to jp z, and where something is left to count, jp.
        let rest = if spaces == usize::from(length) { 0.0 } else { 10.0 };
        stage += runs as f64 * (copy - (109.0 + sum + 121.0 + rest));
        encode +=
            runs as f64 * (ngram_cost(buckets, length, None) - ngram_cost(buckets, length, Some(spaces)));
    }
    (stage, encode)
}

fn start_cost(stage: &Stage, form: Form) -> f64 {
    match &stage.start {
        Start::Constant(values) if is_pushed(stage, form) => {
            // di, ld sp, ei
            18.0 + steps(stage, values).iter().map(|s| f64::from(s.t_states())).sum::<f64>()
        }
        Start::Constant(_) | Start::Stage(_) => {
            let per_tile = |&n: &usize| 2.0 * (COPY_CALL + n.div_ceil(16) as f64 * COPY16);
            tiles(stage.outputs).iter().map(per_tile).sum()
        }
    }
}

/// Predicted cost of a step by phase.
pub fn predict(
    network: &Network,
    narrow: Option<&Narrow>,
    stats: &Stats,
    forms: &[Form],
    bytes: usize,
) -> Prediction {
    let steps = stats.steps.max(1) as f64;
    let mut encode = 0.0;
    let mut phases = Vec::new();
    for (i, (stage, &form)) in network.stages.iter().zip(forms).enumerate() {
        let cost = stage_cost(stage, narrow, stats, i, form);
        encode += cost.encode;
        phases.push((stage.name.clone(), cost.stage / steps));
    }
    let queries = stats.queries as f64 / steps;
    let query_bytes = stats.query_bytes as f64 / steps;
    phases.push(("argmax".into(), argmax_cost(network, stats) / steps));
    phases.push(("reply".into(), reply_cost(network, stats) / steps));
    // Folding a letter of the query and copying it takes 78 T-states, another byte 62; start, first checks,
    // a leading space, the new line and the way back 627. For each character printed: ld e, ld c, jp, the
    // BDOS's jp and ret; the BDOS itself is not counted.
    let printed = stats.reply_bytes as f64 / steps;
    let console = query_bytes * 76.0 + queries * 627.0 + printed * 41.0;
    let mut all = vec![("console".to_string(), console), ("encode".to_string(), encode / steps)];
    all.append(&mut phases);
    Prediction { phases: all, bytes }
}

fn argmax_cost(network: &Network, stats: &Stats) -> f64 {
    let outputs = network.output().visible() as f64;
    let runs = stats.stages.last().map_or(0, |s| s.runs) as f64;
    let a = &stats.argmax;
    // inc l, ld, xor, cp, jr nc, djnz
    let each = 4.0 + 7.0 + 7.0 + 4.0 + 7.0 + 13.0;
    runs * (70.0 + (outputs - 1.0) * each)
        + a.won as f64 * 58.0
        + a.tied_won as f64 * 74.0
        + a.tied_lost as f64 * 54.0
}

/// Looking the character up, handing it to the console, folding it, moving the window; for a label: handing
/// on each character.
fn reply_cost(network: &Network, stats: &Stats) -> f64 {
    match &network.answer {
        Answer::Chat { context, .. } => {
            let shift = if *context > 1 { 30.0 + 21.0 * (f64::from(*context) - 1.0) - 5.0 } else { 0.0 };
            // to `ld a,(hl)`; push, call, pop; the fold; the window; the count
            let each = 51.0 + 38.0 + 35.0 + shift + 13.0 + 31.0;
            let begin = 17.0 + 20.0 + 29.0 * f64::from(*context);
            stats.reply_bytes as f64 * each + stats.queries as f64 * begin
        }
        Answer::Label { .. } => {
            stats.queries as f64 * 87.0 + stats.reply_bytes as f64 * (7.0 + 4.0 + 5.0 + 38.0 + 6.0 + 12.0)
        }
    }
}
