//! Cycles of the hashes in `templates/avr/hash.S`, instruction by instruction, up to the call that adds the column.

use super::{Avr, bucket_steps};
use crate::plan::stats::StageStats;
use crate::plan::z80::wide_hash;

/// Turns the hash into a bucket and calls.
fn bucket(buckets: u16, core: Avr) -> f64 {
    // subi, sbci, brsh taken or not with subi, sbci: as often one as the other.
    let steps = bucket_steps(buckets).len() as f64 * (2.0 + 2.5);
    let power = buckets.is_power_of_two();
    let low = if power && (buckets - 1) & 255 < 255 { 1.0 } else { 0.0 };
    let high = if power && buckets > 256 { 1.0 } else { 0.0 };
    steps + low + high + core.call()
}

/// `h = h*31 + c`: `movw`, ten shifts, `sub`, `sbc`, `ldd`, `add`, `adc`; of a byte `mov`, `swap`, `lsl`, `andi`, `sub`,
/// `ldd`, `add`.
fn step(buckets: u16) -> f64 {
    if wide_hash(buckets) { 1.0 + 10.0 + 2.0 + 2.0 + 2.0 } else { 5.0 + 2.0 + 1.0 }
}

/// All trigrams of all queries.
pub(super) fn trigrams(buckets: u16, bands: u8, bytes: u64, counts: &StageStats, core: Avr) -> f64 {
    let long = wide_hash(buckets);
    // movw, ld; clr; ldi, add, adc; dec, breq, rjmp
    let each = 3.0 + if long { 1.0 } else { 0.0 } + 2.0 * step(buckets) + bucket(buckets, core) + 3.0 + 4.0;
    // ldi, ldi, movw, lds; the last breq is taken
    let once = 5.0 - 1.0;
    let banded = if bands > 1 {
        // add, adc; dec, brne
        let each = if long { 2.0 } else { 1.0 } + 3.0;
        // brne not taken, ldi, cp, breq; ldi, add, adc, ldi, mov
        let change = -1.0 + 3.0 + 5.0;
        // clr, clr, ldi, mov
        bytes as f64 * each
            + counts.band_changes as f64 * change
            + counts.last_band_full as f64 * (-1.0 + 4.0)
            + counts.runs as f64 * 4.0
    } else {
        0.0
    };
    bytes as f64 * each + counts.runs as f64 * once + banded
}

/// All n-grams of a window.
pub(super) fn ngrams(buckets: u16, length: u8, core: Avr) -> f64 {
    let long = wide_hash(buckets);
    let position = |grams: f64| {
        // movw, ld, add; clr, adc
        let first = 4.0 + if long { 2.0 } else { 0.0 };
        // movw, movw, the step; movw to keep the hash
        let more = (grams - 1.0) * (2.0 + step(buckets) + 1.0);
        // ldi, add, adc; ldi, add, adc
        first + more + grams * bucket(buckets, core) + 2.0 + if long { 1.0 } else { 0.0 } + 3.0
    };
    // ldi, ldi, movw, clr, clr; rjmp
    let once = 4.0 + if long { 1.0 } else { 0.0 } + 2.0;
    let full = f64::from(length.saturating_sub(2));
    // ldi, mov; dec, breq, rjmp, less where it ends
    let turns = if full > 0.0 { full * (position(3.0) + 4.0) + 2.0 - 1.0 } else { 0.0 };
    once + turns + if length > 1 { position(2.0) } else { 0.0 } + position(1.0)
}
