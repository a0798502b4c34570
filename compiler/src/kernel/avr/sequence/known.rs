//! What is known of the program's jumps: how many rounds its loops have, and how often each way is taken.

use super::beam::Beam;
use super::writer::Writer;
use crate::kernel::choosing::Choosing;
use crate::kernel::flow::Facts;
use crate::kernel::predict::Runs;
use crate::model::{Norm, Transformer};
use crate::stage::seen::Seen;

/// What the console takes to send a byte, its call aside: whoever waits for a line does not count.
const EMIT: f64 = 30.0;

/// `n` rounds of a loop that is tested in front.
fn tested(n: f64) -> f64 {
    n / (n + 1.0)
}

/// What is known in all of the program.
fn common(body: &Transformer, choosing: &Choosing, beam: Option<&Beam>, ends: usize) -> Facts {
    let mut f = Facts::default();
    // Results that fit.
    f.endings(&[("_fits", 1.0), ("_sum", 1.0), ("_bias", 1.0), ("_byte", 1.0), ("_narrow", 1.0)]);
    f.endings(&[
        ("_first", 1.0),
        ("_second", 1.0),
        ("_inner", 0.9),
        ("_four", 0.5),
        ("_or", 0.5),
        ("_shift", 0.5),
    ]);
    f.odds("net_slotted", 0.95).odds("net_read", 0.5).odds("net_rest", 0.5);
    f.leaves("net_rounds_end", body.rounds as f64);
    f.outside("emit", EMIT).odds("net_end", 0.0);
    (1..=ends).for_each(|end| {
        f.odds(format!("net_goes_on_{end}"), 0.98);
    });
    choosing.known(&mut f, body.outputs() as f64);
    if let Some(beam) = beam {
        beam.known(&mut f);
    }
    f
}

impl Choosing {
    fn known(&self, f: &mut Facts, vocabulary: f64) {
        // A new maximum is as seldom as in any order of different numbers.
        let most = (vocabulary.ln() + 0.577) / vocabulary;
        if let Some(recent) = self.recent() {
            f.odds("net_remember_next", 1.0 - 1.0 / recent).odds("net_remembered", 0.9);
            f.rounds("net_mark_next", recent).rounds("net_mark_clear", (vocabulary / 8.0).ceil());
            f.odds("net_mark_bit", tested(3.5));
            f.odds("net_keep_plain", 0.9).odds("net_keep_minus", 0.3).odds("net_keep_held", 0.9);
        }
        let Some((top_k, reach)) = self.drawn() else {
            // Of labels with a margin the two largest are kept.
            let kept = if self.margin.is_some() { (2.0 * most).min(1.0) } else { most };
            f.endings(&[("_not_more", 1.0 - kept)]).odds("net_keep_best", 0.5).odds("net_sure_end", 0.9);
            return;
        };
        let taken = (top_k * (1.0 + (vocabulary / top_k).ln()) / vocabulary).min(1.0);
        f.endings(&[("_not_more", 1.0 - taken)]);
        f.odds("net_keep_full", 0.5).odds("net_keep_place", 0.9).odds("net_keep_put", 0.2);
        f.odds("net_keep_behind", 0.3)
            .odds("net_keep_near", if reach { 0.5 } else { 1.0 })
            .odds("net_keep_end", 0.5);
        f.odds("net_draw_totalled", 0.1).rounds("net_draw_total", top_k);
        f.odds("net_draw_shared", 0.2).rounds("net_draw_share", top_k);
        f.odds("net_draw_next", 0.7).odds("net_weighed", 0.5);
    }
}

impl Writer<'_> {
    /// The code in front of the stages.
    pub fn known_frame(&mut self, rounds: usize) {
        // Of several replies of a position one goes on to it.
        let from = if self.beam.is_some() { "net_read" } else { "net_read_on" };
        self.known.part(from, Runs::Token);
        self.known.rounds = rounds;
        self.known.ends = vec![from, "net_chosen", "net_pieced"];
        if rounds > 1 {
            self.known.ends.push("net_again");
        }
    }

    /// The parts are complete: behind them what was chosen is sent, or the next of several replies is read.
    pub fn known_end(&mut self, body: &Transformer, choosing: &Choosing, ends: usize) {
        self.known.part("net_chosen", Runs::Answer);
        let bytes = self.seen.token().1;
        self.known.here().leaves("net_pieced", bytes + 1.0);
        self.known.common = common(body, choosing, self.beam.as_ref(), ends);
        self.known.kept = (1..=body.window).map(|kept| kept_facts(body, self.seen, kept)).collect();
    }

    /// A row of an embedding: of 16 weights, or 8, so many loads.
    pub fn known_row(&mut self, name: &str, (cols, loads): (usize, usize), (fives, is_filed): (bool, bool)) {
        let f = self.known.here();
        let pieces = cols as f64 / if fives { 8.0 } else { 16.0 };
        let (byte, block) = (format!("{name}_byte"), format!("{name}_block"));
        let half = if is_filed { format!("{name}_half") } else { block.clone() };
        f.rounds(&byte, loads as f64).odds(format!("{name}_end"), 0.0).odds(&half, 0.5);
        let again = (1.0 - 1.0 / pieces).max(0.0);
        f.detour_into(format!("{byte}>{block}"), &[], &[(&block, 0, again)]);
    }

    /// A norm of `count` values by a routine; narrowed too, if it says by how much.
    pub fn known_norm(&mut self, name: &str, norm: &Norm, count: usize, narrow: Option<u8>) {
        let bits = self.seen.norm_bits(count);
        let f = self.known.here();
        let n = count as f64;
        // The largest of so many values, about.
        let largest = bits + (2.0 * n.ln().max(0.5)).sqrt().log2();
        let above = (largest.floor() - 7.0).clamp(0.0, 8.0);
        let of = |part: &str| format!("{name}_{part}");
        f.rounds(of("largest"), n).rounds(of("square"), n).rounds(of("value"), n);
        f.odds(of("large"), if above > 0.0 { 1.0 } else { 0.0 }).leaves(of("scaled"), above);
        let halvings = ((2.0 * (bits - above) + n.log2() - 8.0) / 2.0).ceil().max(0.0);
        f.leaves(of("root"), halvings + 1.0);
        let k = above + f64::from(norm.down) + halvings;
        f.odds(of("round_test"), if k > 0.0 { 1.0 } else { 0.0 }).leaves(of("rounds"), k);
        let dropped = f64::from(narrow.unwrap_or(0));
        f.odds(of("half"), if dropped > 0.0 { 0.0 } else { 1.0 })
            .odds(of("power"), tested((dropped - 1.0).max(0.0)));
        let shifts = k + dropped;
        let is_rare = !(8.0..16.0).contains(&shifts);
        f.odds(of("rare"), if is_rare { 1.0 } else { 0.0 });
        f.odds(of("rare_shift"), tested(shifts)).rounds(format!("{}>{}", of("rare_fits"), of("rare")), n);
        let back = -2 * (shifts - 8.0).clamp(0.0, 7.0) as isize;
        f.detour_into(format!("{}>ijmp", of("value")), &[], &[(&of("shifted"), back, 1.0)]);
    }

    /// Sums of a tile by multiplication.
    pub fn known_multiply(&mut self, name: &str, rows: usize, cols: usize) {
        let blocks = cols.div_ceil(16) as f64;
        let f = self.known.here();
        f.odds(format!("{name}_first"), 1.0 / blocks).leaves(format!("{name}_end"), blocks);
        for pass in ["first", "more"] {
            f.leaves(format!("{name}_next_{pass}"), rows as f64);
        }
    }

    /// Tables that are filled, and rows that look sums up in them.
    pub fn known_tables(&mut self, name: &str, groups: f64, of_page: usize) {
        let f = self.known.here();
        f.leaves(format!("{name}_end"), groups).odds(format!("{name}_more"), 1.0 - 1.0 / of_page as f64);
    }

    /// Rows of sums that become results.
    pub fn known_rows(&mut self, name: &str, rows: usize) {
        let f = self.known.here();
        f.leaves(format!("{name}_end"), rows as f64).rounds(format!("{name}_row"), rows as f64);
    }

    /// Keys and values that are kept, and heads that attend by a routine.
    pub fn known_append(&mut self, body: &Transformer) {
        let f = self.known.here();
        f.rounds("net_append_head", body.kv_heads as f64).rounds("net_append_byte", body.head_size as f64);
    }

    /// Heads that attend by a routine.
    pub fn known_heads(&mut self, name: &str, body: &Transformer) {
        let f = self.known.here();
        f.leaves(format!("{name}_next_kv"), (body.heads / body.kv_heads) as f64);
        f.leaves(format!("{name}_end"), body.kv_heads as f64);
        f.rounds("net_mean_value", body.head_size as f64);
        self.known.grows();
    }
}

/// What attention takes where `kept` positions are kept, this one's own among them.
fn kept_facts(body: &Transformer, seen: &Seen, kept: usize) -> Facts {
    let mut f = Facts::default();
    let n = kept as f64;
    let (zeros, above) = (seen.zeros(kept), seen.bits_above(kept));
    let maxima = (n.ln() + 0.577).max(1.0) / n;
    f.endings(&[("_weight", 1.0 - 1.0 / n), ("_far", 0.5 * zeros)]);
    f.odds("net_score_next", 1.0 - maxima).leaves("net_scores_end", n);
    f.leaves("net_mean_norm", above + 1.0);
    for pass in 0..body.head_size.div_ceil(8) {
        f.odds(format!("net_mean_{pass}_next"), zeros).rounds(format!("net_mean_{pass}"), n);
    }
    f.odds("net_mean_round", tested(above)).odds("net_mean_shift_test", above.min(1.0));
    f.rounds("net_mean_shift", above);
    f
}
