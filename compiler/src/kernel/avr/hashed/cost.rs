//! Cycles of hashing for one tile, counted from `templates/avr/hashed.S`, up to the routine that adds a column.

use super::Context;
use crate::kernel::View;
use crate::kernel::avr::chip;
use crate::kernel::avr::core::isa;
use crate::kernel::cycles::{Code, START};
use crate::stage::Source;
use crate::stage::usage::ProductUsage;
use crate::text::ngram_count;

/// Cycles over all queries.
pub struct Cost {
    /// Of hashes and buckets.
    pub encode: f64,
    /// Of what comes before the first, and of handing columns over.
    pub own: f64,
    /// Of what comes behind all tiles.
    pub end: f64,
}

/// Counts the specimen `context` for what a view's queries have.
pub fn count(context: Context, source: &Source, view: &View, usage: &ProductUsage) -> Cost {
    let chip = context.apply.chip;
    let jump = match context.apply.code {
        true => "ijmp".to_string(),
        false => format!("{} {}", context.apply.jump, context.apply.kernel),
    };
    let others = ["s_table", "query_text", "query_length", "window"];
    let others = [&others, &*context.apply.others()].concat();
    let tile = &context.tiles[0];
    let (steps, full) = (tile.multiples.len(), tile.length.saturating_sub(2));
    let part = if matches!(source, Source::Trigrams { .. }) { "trigrams" } else { "ngrams" };
    let code = Code::of(isa(view.machine), "hashed.S", part, context, &others);
    let (seek, end) =
        if chip { (chip::seek(view.machine), chip::end_cost(view.machine)) } else { (0.0, 0.0) };
    let (once, apply) = (code.way(&[START, "s_hash"]), code.way(&["s_apply", &jump]) + seek);
    let (hashes, grams) = match *source {
        Source::Trigrams { bands, .. } => {
            (trigrams(&code, bands > 1, view, usage), view.usage.query_bytes as f64)
        }
        Source::Ngrams { length, .. } => {
            let runs = usage.runs as f64;
            (runs * ngrams(&code, full), runs * ngram_count(length.into()) as f64)
        }
        Source::Hidden { .. } => unreachable!("offers() takes products of texts only"),
    };
    let restored = if steps > 0 { restored(&code) } else { 0.0 };
    let encode = hashes + grams * steps as f64 * restored;
    Cost { encode, own: usage.runs as f64 * once + grams * apply, end: usage.runs as f64 * end }
}

/// What a step of a remainder takes more on average than one that adds again what it has subtracted: as often as not it
/// adds nothing.
fn restored(code: &Code) -> f64 {
    (code.way(&["s_hash", "brsh .+4", "rcall s_apply"]) - code.way(&["s_hash", "rcall s_apply"])) / 2.0
}

/// All trigrams of all queries.
fn trigrams(code: &Code, banded: bool, view: &View, usage: &ProductUsage) -> f64 {
    let (same, end): (&[&str], &[&str]) = if banded {
        (&["s_hash", "s_same", "s_hash"], &["s_hash", "s_same", "s_done"])
    } else {
        (&["s_hash", "s_hash"], &["s_hash", "s_done"])
    };
    let turn = code.way(same);
    let each = view.usage.query_bytes as f64 * turn + usage.runs as f64 * (code.way(end) - turn);
    if !banded {
        return each;
    }
    let change = code.way(&["s_hash", "s_hash"]);
    let last_full = code.way(&["s_hash", "breq s_same"]) + code.way(&["s_same", "s_hash"]);
    each + usage.band_changes as f64 * (change - turn) + usage.last_band_full as f64 * (last_full - turn)
}

/// All n-grams of a window, with so many positions that have all three.
fn ngrams(code: &Code, full: u8) -> f64 {
    if full == 0 {
        return code.way(&["s_hash", "s_done"]);
    }
    f64::from(full - 1) * code.way(&["s_hash", "s_hash"]) + code.way(&["s_hash", "s_ends", "s_done"])
}
