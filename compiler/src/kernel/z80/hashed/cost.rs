//! T-states of hashed text, counted from its templates.

use super::known::KnownCost;
use super::long::LongCost;
use super::{Context, known, long};
use crate::asm::Isa;
use crate::kernel::View;
use crate::kernel::cycles::{Code, START};
use crate::kernel::z80::column::ColumnKernel;
use crate::kernel::z80::starts;
use crate::stage::prefix::FEWEST;
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, Source};
use crate::text::ngram_count;

/// T-states over all queries.
pub struct Cost {
    /// Of hashes and buckets.
    pub encode: f64,
    /// Of start values, of what comes before the first hash, and of handing columns over.
    pub own: f64,
}

/// Counts a product without its columns and shared sums.
pub fn count(view: &View, at: usize, product: &Product, kernel: &dyn ColumnKernel) -> Cost {
    let context = Context::specimen(view.stages, at, product, kernel);
    let apply = apply_cost(&context, product, kernel);
    let steps = context.multiples.len() as f64;
    let hashes = Hashes::new(view, at, &context, starts::cost(product, kernel));
    let (cost, grams) = match product.source {
        Source::Trigrams { .. } => {
            let cost = match context.long {
                None => hashes.trigrams(),
                Some(long) => hashes.trigrams_or_pieces(&long::count(long, view.usage)),
            };
            (cost, view.usage.query_bytes as f64)
        }
        Source::Ngrams { length, .. } => {
            let grams = hashes.runs * ngram_count(length.into()) as f64;
            let known = hashes.usage.known.iter().sum::<u64>() as f64;
            match context.known {
                None => (hashes.ngrams(length), grams),
                Some(context) => (hashes.known_ngrams(length.into(), &known::count(context)), grams - known),
            }
        }
        Source::Hidden { .. } => unreachable!("offers() takes products of texts only"),
    };
    let restored = if steps > 0.0 { hashes.restored() } else { 0.0 };
    Cost { encode: cost.encode + grams * steps * restored, own: cost.own + grams * apply }
}

/// From a bucket to its column and back, without the column itself.
fn apply_cost(context: &Context, product: &Product, kernel: &dyn ColumnKernel) -> f64 {
    let others = ["stack_top", "s_table"].into_iter().chain(kernel.calls().iter().copied());
    let code = Code::of(Isa::Z80, "hashed.asm", "apply", context, &others.collect::<Vec<_>>());
    let back = if kernel.is_called() { 0.0 } else { code.way(&["s_next", "ret"]) };
    code.way(&["s_apply", "ret"]) + back + kernel.returns(product)
}

/// The macro `trigrams` or `ngrams`, and what it meets.
struct Hashes<'a> {
    code: Code,
    banded: bool,
    /// Bytes of all queries.
    bytes: f64,
    runs: f64,
    usage: &'a ProductUsage,
    /// T-states of start values.
    start: f64,
}

impl<'a> Hashes<'a> {
    fn new(view: &View<'a>, at: usize, context: &Context, start: f64) -> Self {
        let others = [
            "query_text",
            "query_length",
            "window",
            "net_count",
            "net_seed",
            "net_hash",
            "s_apply",
            "s_done",
        ];
        let part = if context.length == 0 { "trigrams" } else { "ngrams" };
        let usage = &view.usage.stages[at];
        Self {
            code: Code::of(Isa::Z80, "hashed.asm", part, context, &others),
            banded: context.bands > 1,
            bytes: view.usage.query_bytes as f64,
            runs: usage.runs as f64,
            usage,
            start,
        }
    }

    fn way(&self, stops: &[&str]) -> f64 {
        self.code.way(stops)
    }

    /// What a step of a remainder takes more on average than one that takes back what it has added: as often as not it
    /// does.
    fn restored(&self) -> f64 {
        (self.way(&["s_hash", "jr c,$+4", "call s_apply"]) - self.way(&["s_hash", "call s_apply"])) / 2.0
    }

    /// From each trigram to the next, over all trigrams; and what the last of a text takes more, up to `stop`.
    fn turns(&self, stop: &str) -> (f64, f64) {
        let same: &[&str] = if self.banded { &["s_hash", "s_same"] } else { &["s_hash"] };
        let turn = self.way(&[same, &["s_hash"]].concat());
        let end = self.way(&[same, &[stop]].concat()) - turn;
        let mut all = self.bytes * turn;
        if self.banded {
            let change = self.way(&["s_hash", "s_hash"]) - turn;
            let last_full = self.way(&["s_hash", "jr z,s_same"]) + self.way(&["s_same", "s_hash"]) - turn;
            all += self.usage.band_changes as f64 * change + self.usage.last_band_full as f64 * last_full;
        }
        (all, end)
    }

    fn trigrams(&self) -> Cost {
        let (turns, end) = self.turns("jp s_done");
        let begin = self.start + self.way(&[START, "s_hash"]);
        Cost { encode: turns + self.runs * end, own: self.runs * begin }
    }

    /// The same where a subroutine counts them, those of long queries piece by piece.
    fn trigrams_or_pieces(&self, long: &LongCost) -> Cost {
        let (turns, end) = self.turns("ret");
        let short = self.runs - long.queries;
        let texts = short + long.pieces;
        let call = self.way(&[START, "call s_count", "jp s_done"]);
        let begin = short * (self.start + long.choose + call) + texts * self.way(&["s_count", "s_hash"]);
        Cost { encode: turns + texts * end, own: begin + long.own }
    }

    fn ngrams(&self, length: u8) -> Cost {
        let begin = self.start + self.way(&[START, "s_hash"]);
        let hashes = self.positions(usize::from(length).saturating_sub(2));
        Cost { encode: self.runs * hashes, own: self.runs * begin }
    }

    /// To the end of the window, over so many positions with three n-grams first.
    fn positions(&self, full: usize) -> f64 {
        // The only position that has three is no loop.
        let turn = if full > 1 { self.way(&["s_hash", "s_hash"]) } else { 0.0 };
        full.saturating_sub(1) as f64 * turn + self.way(&["s_hash", "jp s_done"])
    }

    /// The same where n-grams inside of spaces are known: hashing goes on with the third n-gram of a position.
    fn known_ngrams(&self, length: usize, known: &KnownCost) -> Cost {
        let mut cost = Cost { encode: 0.0, own: 0.0 };
        for (spaces, &runs) in self.usage.spaces.iter().enumerate() {
            let (encode, own) = if spaces < FEWEST {
                let begin = known.plain + self.start + self.way(&[START, "s_hash"]);
                (self.positions(length - 2), begin)
            } else if spaces == length {
                (0.0, known.whole)
            } else {
                let third = match length - 1 - spaces {
                    0 => self.way(&["s_third", "jp s_done"]),
                    full => self.way(&["s_third", "s_hash"]) + self.positions(full),
                };
                (third, known.part)
            };
            cost.encode += runs as f64 * encode;
            cost.own += runs as f64 * own;
        }
        cost
    }
}
