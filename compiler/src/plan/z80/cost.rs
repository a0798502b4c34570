//! T-states of the kernels in `templates/z80`, from the counts of [`crate::plan::stats`].
//!
//! Each constant is a sum of the manual's T-states over the instructions named beside it; the tests hold
//! predictions against the simulated machine.

use super::lists::{Piece, pieces, tiles};
use crate::ir::{Column, Form};
use crate::plan::Prediction;
use crate::plan::network::{Answer, Network, Source, Stage, Start};
use crate::plan::stats::Stats;
use crate::text::ngram_count;

/// `RET` into a list, a stage, or back.
const RET: f64 = 10.0;
/// `pop bc` (half), `ld l`, `ld a,(hl)`, `add a,e`, `ld (hl),a`, `jr c`.
const ADD: f64 = 5.0 + 4.0 + 7.0 + 4.0 + 7.0 + 7.0;
/// `dec sp`, `pop bc`, `jp`: an odd list enters in the middle of a pair, whose first half it skips.
const ODD: f64 = 6.0 + 10.0 + 10.0 - 5.0;
/// `jr c` taken, `inc h`, `inc (hl)`, `dec h`, `jp`.
const CARRY: f64 = 5.0 + 4.0 + 11.0 + 4.0 + 10.0;
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
/// `copy` for 16 bytes: `ldi` and `jp`.
const COPY16: f64 = 16.0 * 16.0 + 10.0;
/// `ld hl`, `ld de`, `ld bc`, `call`, `ret`.
const COPY_CALL: f64 = 10.0 + 10.0 + 10.0 + 17.0 + 10.0;
/// `ld l,a`, `ld h,n`, `ld c,(hl)`, `inc h`, `ld h,(hl)`, `ld l,c`.
const TABLE: f64 = 4.0 + 7.0 + 7.0 + 4.0 + 7.0 + 4.0;
/// `add hl,hl`, `ld bc`, `add hl,bc`, `ld c,(hl)`, `inc hl`, `ld h,(hl)`, `ld l,c`.
const WIDE_TABLE: f64 = 11.0 + 10.0 + 11.0 + 7.0 + 6.0 + 7.0 + 4.0;

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
pub fn stage_cost(network: &Network, stats: &Stats, index: usize, form: Form) -> StageCost {
    let stage = &network.stages[index];
    let counts = &stats.stages[index];
    let kernel = Kernel { form, stage };
    let mut cost = StageCost { encode: 0.0, stage: counts.runs as f64 * start_cost(stage) };
    for (column, (&low, &high)) in stage.columns.iter().zip(counts.low.iter().zip(&counts.high)) {
        if low + high > 0 {
            cost.stage += (low + high) as f64 * kernel.column(column);
        }
    }
    let carry = if form == Form::Columns { CARRY } else { CARRY_CALL };
    cost.stage += counts.carries as f64 * carry;
    match stage.source {
        Source::Trigrams { buckets, .. } => {
            let table = if buckets > 256 { WIDE_TABLE } else { TABLE };
            cost.stage += stats.query_bytes as f64 * (table + kernel.around(true));
            cost.encode += stats.query_bytes as f64 * trigram_cost(buckets);
        }
        Source::Ngrams { buckets, length, .. } => {
            let table = if buckets > 256 { WIDE_TABLE } else { TABLE };
            let grams = counts.runs as f64 * ngram_count(length.into()) as f64;
            cost.stage += grams * (table + kernel.around(true));
            cost.encode += counts.runs as f64 * ngram_cost(buckets, length);
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
            let found = TABLE + kernel.around(false);
            // or a, jr z, ld e,a, ld d,l
            let apply = look + check + 11.0 + 8.0 + found;
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
struct Kernel<'a> {
    form: Form,
    stage: &'a Stage,
}

impl Kernel<'_> {
    /// From the column's address to the stage and back, without the column itself.
    fn around(&self, bucket: bool) -> f64 {
        let tiles = tiles(self.stage.outputs).len() as f64;
        let back = if bucket { 0.0 } else { 4.0 + 7.0 };
        back + match self.form {
            // di, ld sp,hl, ld h, ret; ld sp, ei; the subroutine's ret
            Form::Columns => 4.0 + 6.0 + 7.0 + RET + 14.0 + if bucket { RET } else { 0.0 },
            // push, ld h, ret; jp at the column's end; the subroutine's ret
            Form::Unrolled => 11.0 + 7.0 + RET + 10.0 + if bucket { RET } else { 0.0 },
            // push, exx, pop, exx, ld h; ld l, exx, ld b, exx, call, the loop's last round; back
            Form::Packed => {
                36.0 + tiles * (7.0 + 4.0 + 7.0 + 4.0 + 17.0 + 4.0 + 8.0 + 4.0 + RET)
                    + (tiles - 1.0) * 12.0
                    + if bucket { RET } else { 10.0 + 4.0 + 7.0 + 10.0 }
            }
        }
    }

    /// One use of a column, without carries.
    fn column(&self, column: &Column) -> f64 {
        match self.form {
            Form::Columns => pieces(column).iter().map(piece).sum(),
            Form::Packed => {
                let bytes: usize = tiles(self.stage.outputs).iter().map(|n| n.div_ceil(4)).sum();
                let (single, double) = singles_and_doubles(column);
                bytes as f64 * PACKED_BYTE + single * PACKED_ADD + double * (PACKED_ADD + AGAIN)
            }
            Form::Unrolled => {
                let (single, double) = singles_and_doubles(column);
                let switches = pieces(column).iter().filter(|p| **p == Piece::NextTile).count() as f64;
                single * CODE + double * (CODE + AGAIN) + switches * 12.0
            }
        }
    }
}

fn piece(piece: &Piece) -> f64 {
    match piece {
        Piece::Add(list) | Piece::Subtract(list) => {
            list.len() as f64 * ADD + if list.len() % 2 == 1 { ODD } else { 0.0 } + RET
        }
        Piece::NextTile => 12.0 + RET,
    }
}

/// Outputs with a weight of ±1, and of -2.
fn singles_and_doubles(column: &Column) -> (f64, f64) {
    let doubles = column.minus.windows(2).filter(|w| w[0] == w[1]).count() as f64;
    (column.len() as f64 - 2.0 * doubles, doubles)
}

fn start_cost(stage: &Stage) -> f64 {
    let per_tile = |&n: &usize| 2.0 * (COPY_CALL + n.div_ceil(16) as f64 * COPY16);
    let copies: f64 = tiles(stage.outputs).iter().map(per_tile).sum();
    match stage.start {
        Start::Constant(_) | Start::Stage(_) => copies,
    }
}

/// Turns a 16-bit hash into a bucket; 8-bit hashes need one `and` at most.
fn bucket_cost(buckets: u16) -> f64 {
    let call = 17.0;
    let narrow = if buckets > 256 { 0.0 } else { 4.0 };
    if buckets.is_power_of_two() {
        return call
            + if buckets > 256 {
                15.0
            } else if buckets < 256 {
                7.0
            } else {
                0.0
            };
    }
    // ld bc, add hl,bc, jr c taken or not with sbc: as often one as the other.
    let steps = (65535 / u32::from(buckets)).ilog2() + 1;
    call + narrow + f64::from(steps) * (10.0 + 11.0 + (12.0 + 22.0) / 2.0)
}

fn wide_hash(buckets: u16) -> bool {
    !(buckets.is_power_of_two() && buckets <= 256)
}

/// `ld b,h`, `ld c,l`, five `add hl,hl`, `or a`, `sbc hl,bc`, `ld c,(ix+d)`, `ld b,n`, `add hl,bc`.
const WORD_STEP: f64 = 8.0 + 55.0 + 4.0 + 15.0 + 19.0 + 7.0 + 11.0;
/// `ld b,a`, five `add a,a`, `sub b`, `add a,(ix+d)`.
const BYTE_STEP: f64 = 28.0 + 19.0;

fn trigram_cost(buckets: u16) -> f64 {
    // inc ix, ld hl, dec (hl), jp
    let turn = 10.0 + 10.0 + 11.0 + 10.0;
    turn + bucket_cost(buckets)
        + if wide_hash(buckets) { 26.0 + 2.0 * WORD_STEP } else { 19.0 + 2.0 * BYTE_STEP }
}

fn ngram_cost(buckets: u16, length: u8) -> f64 {
    let position = |grams: f64| {
        let hash = if wide_hash(buckets) {
            // ld hl, ld c, ld b, add, ld; the steps with their loads and stores; the next seed
            let steps = (grams - 1.0) * (16.0 + WORD_STEP) + if grams > 2.0 { 16.0 } else { 0.0 };
            16.0 + 19.0 + 7.0 + 11.0 + 16.0 + steps + 16.0 + 10.0 + 11.0 + 16.0
        } else {
            // ld a,iyl, add, ld d,a; ld a,d and the steps; the next seed
            let steps = (grams - 1.0) * (4.0 + BYTE_STEP) + if grams > 1.0 { 4.0 } else { 0.0 };
            8.0 + 19.0 + 4.0 + steps + 8.0 + 7.0 + 8.0
        };
        hash + grams * bucket_cost(buckets) + 10.0
    };
    let full = f64::from(length.saturating_sub(2)) * (position(3.0) + 8.0 + 10.0);
    full + if length > 1 { position(2.0) } else { 0.0 } + position(1.0) + 35.0
}

/// Predicted cost of a step by phase.
pub fn predict(network: &Network, stats: &Stats, forms: &[Form], bytes: usize) -> Prediction {
    let steps = stats.steps.max(1) as f64;
    let mut encode = 0.0;
    let mut phases = Vec::new();
    for (i, (stage, &form)) in network.stages.iter().zip(forms).enumerate() {
        let cost = stage_cost(network, stats, i, form);
        encode += cost.encode;
        phases.push((stage.name.clone(), cost.stage / steps));
    }
    let queries = stats.queries as f64 / steps;
    let query_bytes = stats.query_bytes as f64 / steps;
    phases.push(("argmax".into(), argmax_cost(network, stats) / steps));
    phases.push(("reply".into(), reply_cost(network, stats) / steps));
    // Copying a query: 59 T-states a byte; start, first checks, the new line and the way back: about 620.
    // The BDOS itself is not counted, only the way to it and back: ld e, ld c, jp, jp, ret.
    let console = query_bytes * 59.0 + queries * 620.0;
    let mut all = vec![("console".to_string(), console), ("encode".to_string(), encode / steps)];
    all.append(&mut phases);
    Prediction { phases: all, bytes }
}

fn argmax_cost(network: &Network, stats: &Stats) -> f64 {
    let outputs = network.output().outputs as f64;
    let runs = stats.stages.last().map_or(0, |s| s.runs) as f64;
    let a = &stats.argmax;
    // inc l, ld, xor, cp, jr nc, djnz
    let each = 4.0 + 7.0 + 7.0 + 4.0 + 7.0 + 13.0;
    runs * (70.0 + (outputs - 1.0) * each)
        + a.won as f64 * 58.0
        + a.tied_won as f64 * 74.0
        + a.tied_lost as f64 * 54.0
}

/// Looking the character up, printing it, moving the window; for a label: printing each character.
fn reply_cost(network: &Network, stats: &Stats) -> f64 {
    // ld e, ld c, jp, the BDOS's jp and ret
    let emit = 4.0 + 7.0 + 10.0 + 10.0 + 10.0 + 17.0;
    match &network.answer {
        Answer::Chat { context, .. } => {
            let shift = if *context > 1 { 30.0 + 21.0 * (f64::from(*context) - 1.0) } else { 0.0 };
            let characters = stats.steps.saturating_sub(stats.queries) as f64;
            let each = 4.0 + 7.0 + 5.0 + 7.0 + 10.0 + 11.0 + 7.0 + 21.0 + emit + 40.0 + shift + 13.0 + 31.0;
            characters * each + stats.queries as f64 * 120.0
        }
        Answer::Label { labels } => {
            let mean = labels.iter().map(String::len).sum::<usize>() as f64 / labels.len().max(1) as f64;
            stats.queries as f64 * (70.0 + mean * (17.0 + 16.0 + 21.0 + 12.0 + emit))
        }
    }
}
