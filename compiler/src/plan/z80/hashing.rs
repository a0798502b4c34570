//! T-states of the hashes in `templates/z80/hash.asm`, instruction by instruction.

use crate::plan::stats::StageStats;

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

/// Whether buckets need hashes of 16 bits: the low 8 bits decide only for powers of two up to 256.
pub fn wide_hash(buckets: u16) -> bool {
    !(buckets.is_power_of_two() && buckets <= 256)
}

/// `ld b,h`, `ld c,l`, five `add hl,hl`, `or a`, `sbc hl,bc`, `ld c,(ix+d)`, `ld b,n`, `add hl,bc`.
const WORD_STEP: f64 = 8.0 + 55.0 + 4.0 + 15.0 + 19.0 + 7.0 + 11.0;
/// `ld b,a`, five `add a,a`, `sub b`, `add a,(ix+d)`.
const BYTE_STEP: f64 = 28.0 + 19.0;

pub(super) fn trigram_cost(buckets: u16) -> f64 {
    // inc ix, ld hl, dec (hl), jp
    let turn = 10.0 + 10.0 + 11.0 + 10.0;
    turn + bucket_cost(buckets)
        + if wide_hash(buckets) { 26.0 + 2.0 * WORD_STEP } else { 19.0 + 2.0 * BYTE_STEP }
}

/// What bands add to [`trigram_cost`] over `bytes` trigrams.
pub(super) fn band_cost(buckets: u16, bytes: u64, counts: &StageStats) -> f64 {
    // dec d, jr nz taken; then not taken, ld a,(nn), cp, jr z
    let (turn, end) = (4.0 + 12.0, -5.0 + 13.0 + 7.0);
    let (seed, change) = if wide_hash(buckets) {
        // ld hl,(nn), ld c, ld b, add instead of ld l and ld h; ld hl,(nn), ld bc, add, ld (nn), ld d
        (16.0 + 7.0 + 11.0 - 7.0, 16.0 + 10.0 + 11.0 + 16.0 + 7.0)
    } else {
        // ld a,(nn); add a,n, ld (nn),a, ld d
        (13.0, 7.0 + 13.0 + 7.0)
    };
    bytes as f64 * (turn + seed)
        + counts.band_changes as f64 * (end + 7.0 + change)
        + counts.last_band_full as f64 * (end + 12.0)
}

/// All n-grams of a window; or those behind `spaces` whose n-grams are known.
pub(super) fn ngram_cost(buckets: u16, length: u8, spaces: Option<usize>) -> f64 {
    let position = |grams: f64| {
        let hash = if wide_hash(buckets) {
            // ld hl, ld c, ld b, add, ld; the steps with their loads and stores; the next seed
            let steps = (grams - 1.0) * (16.0 + WORD_STEP) + if grams > 2.0 { 16.0 } else { 0.0 };
            16.0 + 19.0 + 7.0 + 11.0 + 16.0 + steps + 16.0 + 10.0 + 11.0 + 16.0
        } else {
            // ld a,(nn), add, ld d,a; ld a,d and the steps; the next seed
            let steps = (grams - 1.0) * (4.0 + BYTE_STEP) + if grams > 1.0 { 4.0 } else { 0.0 };
            13.0 + 19.0 + 4.0 + steps + 13.0 + 7.0 + 13.0
        };
        hash + grams * bucket_cost(buckets) + 10.0
    };
    // Where positions are counted ld hl, dec (hl), else cp; jp.
    let turn = if wide_hash(buckets) { 21.0 + 10.0 } else { 7.0 + 10.0 };
    let full = |positions: usize| positions as f64 * (position(3.0) + turn);
    let tail = if length > 1 { position(2.0) } else { 0.0 } + position(1.0);
    match spaces {
        Some(spaces) if spaces == usize::from(length) => 0.0,
        Some(spaces) => {
            // ld a,d and a step; the next seed, inc ix, cp, jp nz; at the end jp
            let third = 4.0 + BYTE_STEP + bucket_cost(buckets) + 33.0 + 10.0 + 17.0;
            third + full(usize::from(length) - 1 - spaces) + tail + 10.0
        }
        None => {
            // ld ix, the seed's start, where positions are counted ld a, ld (nn),a; jp
            let (seed, count) = if wide_hash(buckets) { (26.0, 20.0) } else { (17.0, 0.0) };
            let once = 14.0 + seed + if length > 2 { count } else { 0.0 } + 10.0;
            full(usize::from(length.saturating_sub(2))) + tail + once
        }
    }
}
