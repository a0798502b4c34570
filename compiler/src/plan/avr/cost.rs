//! Cycles of the kernels in `templates/avr`, from the counts of [`crate::plan::stats`].
//!
//! Each constant is a sum of the manual's cycles over the instructions named beside it; the tests hold predictions
//! against the simulated machine.

use super::hashing::{ngrams, trigrams};
use super::loads::loads;
use super::weights::{kernel, tile_column, tiles};
use super::{Avr, columns};
use crate::ir::Form;
use crate::plan::Prediction;
use crate::plan::narrow::Narrow;
use crate::plan::network::{Answer, Network, Source, Stage, Start};
use crate::plan::share::Prices;
use crate::plan::stats::{StageStats, Stats};
use crate::text::ngram_count;

/// Adding to a word: `mov`, `ld`, `add`, `st`, `ld`, `adc`, `st`.
const ADD_WORD: f64 = 11.0;
/// A fold: `lpm`, `mov`, `ld`, `ld`; `lpm`; `lpm`, `lpm`, `sbrs`, `rjmp`; `dec`, `brne`. One that subtracts skips the
/// jump and negates: two more. Around them five `ldi`, and the last `brne` is not taken.
const FOLD: f64 = 8.0 + 3.0 + ADD_WORD + 6.0 + 3.0 + ADD_WORD + 3.0;
/// What sharing sums trades: an addition by an index list with one carry in eight, and a fold with its start value.
pub const PRICES: Prices = Prices { addition: 13, fold: 46 + 11, accumulators: 256 };
/// A carry: `brcs` taken, `mov`, `ld`, `inc`, `st`, `rjmp`.
const CARRY: f64 = 1.0 + 1.0 + 2.0 + 1.0 + 2.0 + 2.0;

/// Cycles of one stage over all queries.
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
    core: Avr,
) -> StageCost {
    let counts = &stats.stages[index];
    let runs = counts.runs as f64;
    let counting = narrow.is_some_and(|n| n.counts(index));
    let mut cost = StageCost::default();
    cost.stage += runs * (start_cost(stage, narrow, index, core) + fold_cost(stage));
    let kinds = kernel(stage, form, counting);
    let mut additions = 0.0;
    for t in 0..tiles(stage.outputs).len() {
        for (column, (&low, &high)) in stage.columns.iter().zip(counts.low.iter().zip(&counts.high)) {
            if low + high == 0 {
                continue;
            }
            let column = tile_column(column, t);
            let of = |kind| columns::cost(&column, stage, form, t, kind, counting) + core.ret();
            let (byte, big) = (low.saturating_sub(high) as f64, high as f64);
            let first = kinds.first().map(|k| k.kind);
            cost.stage += byte * of(first) + big * of(kinds.last().map(|k| k.kind));
            additions += byte * column.len() as f64;
        }
        let source = match stage.source {
            Source::Hidden { .. } => {
                scan_cost(stage, form, narrow.filter(|n| n.reader == index), counts, core)
            }
            Source::Trigrams { buckets, bands, .. } => {
                cost.encode += trigrams(buckets, bands, stats.query_bytes, counts, core);
                stats.query_bytes as f64 * apply_cost(form, counting, core)
            }
            Source::Ngrams { buckets, length, .. } => {
                cost.encode += runs * ngrams(buckets, length, core);
                runs * ngram_count(length.into()) as f64 * apply_cost(form, counting, core)
            }
        };
        cost.stage += source;
    }
    let is_carried = !matches!(form, Form::Packed | Form::Unrolled) && !counting;
    if is_carried {
        // Shared sums are made of fewer additions than were counted where the graph has none yet; they carry about
        // as often.
        let share = counts.byte_carries as f64 / counts.byte_additions.max(1) as f64;
        cost.stage += additions * share * CARRY;
    }
    cost
}

fn fold_cost(stage: &Stage) -> f64 {
    let minus = stage.folds.iter().filter(|f| f.minus).count() as f64;
    let around = if stage.folds.is_empty() { 0.0 } else { 4.0 };
    FOLD * stage.folds.len() as f64 + 2.0 * minus + around
}

/// Copying start values: for each copy five `ldi` and the call; for each byte `lpm` or `ld`, and `st`; for each eight
/// `dec` and `brne`.
fn start_cost(stage: &Stage, narrow: Option<&Narrow>, index: usize, core: Avr) -> f64 {
    let copies = copies(stage, narrow, index);
    let one = |&(count, flash): &(usize, bool)| {
        let byte = if flash { 5.0 } else { 4.0 };
        5.0 + core.shared_call() + core.ret() + count as f64 * byte + count.div_ceil(8) as f64 * 3.0 - 1.0
    };
    copies.iter().map(one).sum()
}

/// How many bytes each copy of a stage has, and whether they come from flash.
fn copies(stage: &Stage, narrow: Option<&Narrow>, index: usize) -> Vec<(usize, bool)> {
    if let Some(n) = narrow.filter(|n| n.counts(index)) {
        return vec![(n.starts.len(), index == n.query)];
    }
    let flash = matches!(stage.start, Start::Constant(_));
    tiles(stage.outputs).into_iter().flat_map(|n| [(n, flash); 2]).collect()
}

/// From a column's number to its address: `lsl`, `rol`, `subi`, `sbci`, `lpm`, `lpm`, `mov`; for code `jmp` instead of
/// the last three, or `subi`, `sbci`, `rjmp`.
fn column_cost(form: Form, core: Avr) -> f64 {
    match form {
        Form::Unrolled if core.jumps => 4.0 + 3.0,
        Form::Unrolled => 2.0 + 2.0,
        _ => 4.0 + 7.0,
    }
}

/// Pointing the registers at a tile: `ldi r26`, `ldi r27`; `ldi r29`; `mov r20`; `ldi r19`.
fn point_cost(form: Form, counting: bool) -> f64 {
    let high = if counting { 0.0 } else { 1.0 };
    match form {
        Form::Unrolled => 0.0,
        Form::Gaps | Form::Packed => 3.0 + high,
        Form::Columns | Form::Shared => 2.0 + high,
    }
}

/// From a bucket to its column: `mov`, `ldi`; `ldi`, `ldi` for what is added; `ijmp`, `rjmp` or `jmp`.
fn apply_cost(form: Form, counting: bool, core: Avr) -> f64 {
    let jump = if form == Form::Unrolled { 2.0 } else { 2.0 + core.distance() };
    2.0 + column_cost(form, core) + if counting { 0.0 } else { 2.0 } + point_cost(form, counting) + jump
}

/// Looking at every accumulator of the source, for one output tile.
fn scan_cost(stage: &Stage, form: Form, narrow: Option<&Narrow>, counts: &StageStats, core: Avr) -> f64 {
    let Source::Hidden { shift, most, .. } = stage.source else { return 0.0 };
    let big = most > 255;
    let two = big && kernel(stage, form, false).len() == 2;
    let runs = counts.runs as f64;
    let (low, high) = (counts.low.iter().sum::<u64>() as f64, counts.high.iter().sum::<u64>() as f64);
    let above = high;
    let below = low + counts.high_without_low as f64 - high;
    // mov r21; icall, rcall or call; mov, ldi; cpi, brne
    let call = if form == Form::Unrolled { core.call() } else { core.shared_call() };
    let visit = 1.0 + point_cost(form, false) + call + 2.0;
    let end = 3.0;
    // cpse that skips; cpse, rjmp and the way back
    let (choose, choose_wide) = if two { (2.0, 5.0) } else { (0.0, 0.0) };
    let segments = tiles(stage.columns.len()).len() as f64;
    // The last brne is not taken; a jump over the way to the other kernel.
    let last = if two { 1.0 } else { -1.0 };
    if let Some(n) = narrow {
        let bits = f64::from(n.bits);
        // ld, subi, brlo; mov, dec, mov, ldi, subi, sbci, lpm; ldi, the shift, add, adc, mov, or; breq
        let look = 4.0 + 9.0 + if big { 1.0 + 2.0 * bits + 4.0 } else { bits + 1.0 } + 1.0;
        let found = look + if big { 0.0 } else { 1.0 } + 2.0 + column_cost(form, core) + visit + end;
        return 5.0 * counts.negative as f64
            + (look + 1.0 + end) * (counts.zero as f64 + runs)
            + (found + choose) * below
            + (found + choose_wide) * above
            + runs * (2.0 + last);
    }
    // ld, tst, brmi; mov, dec, ld; the shift; mov, or or tst; breq
    let look = 4.0 + 4.0 + 2.0 * f64::from(shift) + if big { 2.0 } else { 1.0 } + 1.0;
    // mov, ldi; ldi behind the visit
    let found = look + 2.0 + column_cost(form, core) + visit + 1.0 + end;
    let last_negative = counts.last_negative as f64;
    // lds, sbrs, rjmp, three ldi; two sts instead of the jump
    let begin = runs * segments * (8.0 + last) + 3.0 * last_negative;
    begin
        + 5.0 * (counts.negative as f64 - last_negative)
        + (look + 1.0 + end) * (counts.zero as f64 + last_negative)
        + (found + choose) * below
        + (found + choose_wide) * above
}

/// Predicted cost of a step by phase. Of the console only what the network does for it is counted: taking the query.
/// `emit` is the runtime's.
pub fn predict(
    network: &Network,
    narrow: Option<&Narrow>,
    stats: &Stats,
    forms: &[Form],
    bytes: usize,
    core: Avr,
) -> Prediction {
    let steps = stats.steps.max(1) as f64;
    let mut encode = 0.0;
    let mut stages = Vec::new();
    for (i, (stage, &form)) in network.stages.iter().zip(forms).enumerate() {
        debug_assert_eq!(loads(network, narrow, i).len(), copies(stage, narrow, i).len());
        let cost = stage_cost(stage, narrow, stats, i, form, core);
        encode += cost.encode;
        stages.push((stage.name.clone(), cost.stage / steps));
    }
    // For each byte ld, cpi, brlo, cpi, brsh, st, inc, dec, brne; around them 31 and the return.
    let console = stats.query_bytes as f64 * 13.0 + stats.queries as f64 * (31.0 + core.ret());
    let mut phases = vec![("console".to_string(), console / steps), ("encode".to_string(), encode / steps)];
    phases.append(&mut stages);
    phases.push(("argmax".into(), argmax_cost(network, stats) / steps));
    phases.push(("reply".into(), reply_cost(network, stats, core) / steps));
    Prediction { phases, bytes }
}

fn argmax_cost(network: &Network, stats: &Stats) -> f64 {
    let outputs = network.output().visible() as f64;
    let tiles = tiles(network.output().visible()).len() as f64;
    let runs = stats.stages.last().map_or(0, |s| s.runs) as f64;
    let won = (stats.argmax.won + stats.argmax.tied_won) as f64;
    // ld, andi, ld, cp, cpc, brlt, inc, cpi, brne
    let each = 2.0 + 1.0 + 2.0 + 1.0 + 1.0 + 1.0 + 1.0 + 1.0 + 2.0;
    // brlt taken, movw, mov, rjmp; ldi
    let more = 1.0 + 1.0 + 1.0 + 2.0 + if tiles > 1.0 { 1.0 } else { 0.0 };
    // four ldi, the last brne not taken, rjmp; the first: ld, andi, ld, clr, ldi
    runs * ((outputs - 1.0) * each + tiles * 5.0 + 7.0) + won * more
}

/// Looking the character up, handing it to the console, folding it, moving the window.
fn reply_cost(network: &Network, stats: &Stats, core: Avr) -> f64 {
    match &network.answer {
        Answer::Chat { context, .. } => {
            let window = f64::from(*context);
            // cpi, breq, ldi, ldi, add, adc, lpm; push, rcall, pop; cpi, brlo, cpi, brsh
            let look_up = 9.0 + 4.0 + core.shared_call() + 5.0;
            // five ldi; ld, st, dec, brne; sts
            let shift = if *context > 1 { 4.0 + 7.0 * (window - 1.0) } else { 0.0 } + 2.0;
            // lds, dec, sts, breq, rjmp
            let each = look_up + shift + 8.0 + core.distance();
            // four ldi; st, dec, brne; ldi, sts
            let begin = 4.0 + 5.0 * window - 1.0 + 3.0;
            // cpi, breq, ret
            let end = 3.0 + core.ret();
            stats.reply_bytes as f64 * each + stats.queries as f64 * (begin + end)
        }
        // mov, clr, ret
        Answer::Label { .. } => stats.queries as f64 * (2.0 + core.ret()),
    }
}
