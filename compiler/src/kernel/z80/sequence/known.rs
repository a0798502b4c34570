//! What is known of the program's jumps: how many rounds its loops have, and how often each way is taken.

use super::attend::Caches;
use super::beam;
use super::emit::Emitter;
use super::file::PASSED;
use super::layout::{Layout, planes};
use super::rows::Shape;
use crate::kernel::flow::Facts;
use crate::kernel::predict::{Known, Runs};
use crate::kernel::sequence::SequenceSite;
use crate::model::{Matrix, Norm, Output};
use crate::target::Machine;

/// What a system's call takes beside the call itself: its jump and its return.
const SYSTEM: f64 = 20.0;
/// What the BDOS takes to set where a record goes, to read the next one, and one by its number in another extent than the
/// one before (docs/cpm.md).
const SET_DMA: f64 = 425.0;
const NEXT_RECORD: f64 = 2_600.0 + 2_683.0;
const OTHER_RECORD: f64 = 15_560.0 + 2_683.0;
const SAME_RECORD: f64 = 2_920.0 + 2_683.0;

/// What is known in all of the program.
pub fn common(site: &SequenceSite) -> Facts {
    let mut f = Facts::default();
    // Results that fit, and their signs.
    f.endings(&[("_most", 0.0), ("_done", 1.0), ("_down", 0.5), ("_plus", 0.5)]);
    f.odds("store8", 1.0).odds("saturate", 0.0);
    mantissas(&mut f, &[]);
    f.odds("multiply_8>ret", 0.5).odds("multiply_signed>ret", 0.5);
    f.odds("multiply_wide_unsigned", 0.5).odds("multiply_wide_zero", 0.45).odds("multiply_wide_minus", 0.8);
    bytes(&mut f, site.seen.norm_bytes(site.body.dim));
    // The position's place.
    f.odds("window_full", 0.0).odds("window_slot", 1.0);
    f.odds("append_carry", 0.1).odds("append_back", 0.9).odds("append_group", 0.8);
    f.odds("append_was", 0.5).odds("append_same", 0.5).rounds("append_bit", 8.0).rounds("append_plane", 8.0);
    f.rounds("append_element", site.body.head_size as f64);
    f.rounds("index_bit", 16.0).odds("index_past", 0.85);
    fills(&mut f);
    choice(&mut f, site);
    system(&mut f, site);
    // Between the parts.
    f.odds("net_rest", 0.5).odds("net_read", 0.5).rounds("net_again", site.body.rounds as f64);
    f
}

/// Products with bytes that have these bits.
fn mantissas(f: &mut Facts, all: &[u8]) {
    for bit in 0..8 {
        let is_set = |m: &&u8| **m >> (7 - bit) & 1 == 1;
        let set = match all {
            [] if bit == 0 => 0.9,
            [] => 0.5,
            all => all.iter().filter(is_set).count() as f64 / all.len() as f64,
        };
        f.odds(format!("multiply_{}", bit + 1), 1.0 - set);
    }
}

/// Products with words, so many of which are within a byte.
fn bytes(f: &mut Facts, share: f64) {
    let half = share / 2.0;
    f.odds("multiply_byte", half).odds("multiply_long", (1.0 - share) / (1.0 - half).max(1e-9));
}

/// How tables are filled: each routine jumps to what fills a ring, which comes back to its next part.
fn fills(f: &mut Facts) {
    let ring = |f: &mut Facts, name: &str, kind: &str, size: usize| {
        let [low, high] = ["low", "high"].map(|ring| format!("{kind}_{ring}_{size}"));
        f.detour(format!("{name}_table>{low}"), &[(&low, 1.0)], Some(&format!("{name}_second")));
        for from in ["second", "ei"] {
            let third = format!("{name}_third");
            f.detour(format!("{name}_{from}>{high}"), &[(&high, 1.0)], Some(&third));
        }
    };
    for size in 1..=8 {
        ring(f, &format!("fill_{size}"), "planes", size);
    }
    ring(f, "fill_u4", "planes", 4);
    for (size, of_page) in [(3, 9.0), (4, 3.0)] {
        ring(f, &format!("fill_t{size}"), "ternary", size);
        f.odds(format!("fill_t{size}_in"), 1.0 - 1.0 / of_page);
    }
}

/// How a token is chosen.
fn choice(f: &mut Facts, site: &SequenceSite) {
    let vocabulary = site.body.outputs() as f64;
    let harmonic = |n: f64| n.max(1.0).ln() + 0.577;
    // A new maximum is as seldom as in any order of different numbers.
    let most = harmonic(vocabulary) / vocabulary;
    // It is compared twice, and once more behind a penalty.
    let rules = site.story.choice.rules(site.story.logit_bits);
    let times = if rules.penalty.is_some() { 2.0 } else { 1.0 };
    f.odds("logit_less", 1.0 - most.powf(0.5 / times));
    f.odds("logit_under", 1.0 - most.powf(0.5)).odds("choose_sure>ret", 0.9);
    if let Some((_, recent)) = rules.penalty {
        let recent = f64::from(recent);
        f.odds("choose_penalty>ret", 0.0).rounds("choose_recent", recent).odds("choose_other", 0.95);
        f.odds("choose_held", 0.02).odds("choose_below", 0.5).odds("choose_signed", 0.9);
        f.odds("recent_turn", 1.0 - 1.0 / recent).odds("recent_add>ret", 0.9).odds("recent_turn>ret", 0.9);
    }
    f.odds("prior_fits", 1.0).odds("prior_other", 0.95);
    f.rounds("choose_bit", 8.0).odds("choose_past", 0.5);
    beam::known(f, site);
    if let Some(draw) = rules.draw {
        let kept = f64::from(draw.top_k).min(vocabulary);
        let taken = (kept * (1.0 + (vocabulary / kept).ln()) / vocabulary).min(1.0);
        f.odds("choose_less", 1.0 - taken.powf(1.0 / times))
            .odds("choose_full", 0.5)
            .odds("choose_full>ret", 0.05);
        f.leaves("choose_put", 1.0 + kept.min(8.0) / 2.0).odds("choose_near", 0.5).odds("choose_bar", 0.5);
        f.rounds("choose_total", kept).odds("choose_next", 0.5).odds("choose_unlikely", 0.7);
        f.leaves("choose_shared", kept / 2.0).odds("choose_share", 0.7);
        f.rounds("choose_product", 16.0).odds("choose_zero", 0.5);
        f.odds("choose_find", 0.5).odds("choose_found", 0.6);
    }
}

/// What the systems' calls take.
fn system(f: &mut Facts, site: &SequenceSite) {
    // Who waits for what is typed and shown does not count.
    f.outside("emit", SYSTEM).outside("newline", SYSTEM).odds("newline", 0.0);
    if site.request.target.machine == Machine::Cpm {
        f.outside("bdos", SYSTEM);
        f.outside("file_next>bdos", SYSTEM + (SET_DMA + NEXT_RECORD) / 2.0);
        f.odds("file_bad", 0.0).odds("file_seek>ret", 1.0);
    }
    if site.second_ram.is_some() && site.request.target.rom.is_some() {
        f.outside("enaslt", SYSTEM);
    }
}

/// Of the code around the stages.
pub fn frame(known: &mut Known, site: &SequenceSite) {
    known.part("net_read", Runs::Token);
    known.ends = vec!["net_read", "net_reply", "net_feed"];
    known.rounds = site.body.rounds;
    if site.body.rounds > 1 {
        known.ends.push("net_again");
    }
}

/// The parts are complete: behind them what was chosen is shown, or the next of several replies is read.
pub fn reply(e: &mut Emitter) {
    let site = e.site;
    let (token, bytes) = site.seen.token();
    e.known.part("net_reply", Runs::Answer);
    let ends = site.story.ends.len();
    let f = e.known.here();
    f.odds("net_reply>ret", if ends > 0 { 0.02 } else { 0.0 });
    f.leaves("net_piece_found", token + 1.0).leaves("net_feed", bytes + 1.0);
    let mut common = common(site);
    // A token seeks its rows, and then the first matrix: behind the last of them the first is in another extent.
    let seeks = (1 + ["w_embedding", "w_positions"].iter().filter(|name| e.is_filed(name)).count()) as f64;
    let seeks =
        seeks + f64::from(u8::from(e.is_filed("w_out") && matches!(site.body.output, Output::Tied { .. })));
    let first = if e.file.has_extents() { OTHER_RECORD } else { SAME_RECORD };
    let seek = (first + (seeks - 1.0) * SAME_RECORD) / seeks;
    common.outside("file_record>bdos", SYSTEM + (SET_DMA + seek) / 2.0);
    e.known.common = common;
    let caches = Caches::new(site);
    e.known.kept = (1..=caches.window).map(|kept| caches.kept(site, kept)).collect();
}

impl Shape {
    /// Rows: so many a call. `sink`: what becomes of their sums.
    pub fn known(&self, f: &mut Facts, rows: f64, sink: &str) {
        let name = self.name();
        f.rounds(format!("{name}_row"), rows);
        let last = match self.chunks.len() {
            1 => format!("{name}_plus"),
            chunks => {
                (0..chunks).for_each(|chunk| {
                    f.odds(format!("{name}_{chunk}"), 0.5);
                });
                format!("{name}_{}", chunks - 1)
            }
        };
        f.detour(format!("{last}>(hl)"), &[(sink, 1.0)], Some(&format!("{name}_next")));
    }
}

impl Layout {
    /// Tables of it that are filled.
    pub fn known(&self, f: &mut Facts) {
        for run in self.groups.chunk_by(|a, b| a == b) {
            let kind = if self.ternary { "t" } else { "" };
            f.rounds(format!("fill_{kind}{}_table", run[0]), run.len() as f64);
        }
    }
}

/// A product: of these mantissas, and so many of its sums within a byte.
pub fn product(f: &mut Facts, all: &[u8], small: f64) {
    mantissas(f, all);
    bytes(f, small);
}

/// A norm of `n` words by a routine.
pub fn norm(f: &mut Facts, site: &SequenceSite, norm: &Norm, n: usize) {
    let (bits, bytes_of) = (site.seen.norm_bits(n), site.seen.norm_bytes(n));
    let count = n as f64;
    // The largest of so many values, about.
    let largest = bits + (2.0 * count.ln().max(0.5)).sqrt().log2();
    let above = (largest.floor() - 7.0).clamp(0.0, 8.0);
    f.rounds("norm_or", count).rounds("norm_square", count).odds("norm_or_plus", 0.5);
    f.odds("norm_bits_done", if above > 0.0 { 0.0 } else { 1.0 }).rounds("norm_bits", above);
    let many = above > 3.0;
    f.odds("norm_many", if many { 1.0 } else { 0.0 });
    let entry = if many {
        ("norm_double", above as isize - 4, 1.0)
    } else {
        ("norm_halve", 2 * (3 - above as isize), 1.0)
    };
    f.detour_into("norm_plus>(ix)", &[], &[entry]);
    // Squares of what is left in a byte, added up.
    let square = 2.0 * (bits - above);
    f.odds("norm_plus", 0.5).odds("norm_next", 1.0 - (square - 16.0).exp2().min(0.5));
    let halvings = ((square + count.log2() - 8.0) / 2.0).ceil().max(0.0);
    f.leaves("norm_root", halvings + 1.0).odds("norm_k", 1.0);
    let k = (above + f64::from(norm.down) + halvings).min(24.0) as isize;
    f.odds("norm_far", if k > 8 { 1.0 } else { 0.0 }).odds("norm_left>ret", 1.0);
    let entry = if k > 8 { ("norm_right", 2 * (24 - k), 1.0) } else { ("norm_left", 3 * k, 1.0) };
    f.detour_into("norm_scale>(ix)", &[], &[entry]);
    bytes(f, bytes_of);
}

/// Queries or keys of so many heads, which become bytes.
pub fn turn(e: &mut Emitter, heads: usize) {
    let (size, turned) = (e.site.body.head_size, e.site.seen.turned());
    let f = e.known.here();
    f.rounds("rotate", heads as f64).rounds("rotate_pair", (size / 2) as f64);
    f.rounds("narrow", heads as f64).rounds("narrow_word", size as f64);
    bytes(f, turned);
    mantissas(f, &[]);
}

/// What is between two matrices, over so many elements.
pub fn activation(f: &mut Facts, site: &SequenceSite, rows: usize) {
    let rows = rows as f64;
    f.rounds("relu", rows).odds("relu_next", 0.5).rounds("activate", rows).rounds("gate", rows);
    f.odds("gate_closed", site.seen.closed());
    for way in ["minus", "plus"] {
        f.odds(format!("gate_{way}"), 0.5).odds(format!("gate_{way}_over"), 0.1);
        f.odds(format!("gate_{way}_less"), 0.5);
    }
}

/// Rows of matrices, each by its label.
pub fn embedding(f: &mut Facts, all: &[(&str, &Matrix, &Layout)]) {
    let mut mantissas_of = Vec::new();
    let (mut inputs, mut groups) = (0, 0);
    for &(name, m, layout) in all {
        let bits = planes(m.grid) as f64;
        mantissas_of.extend(&m.mantissas);
        (inputs, groups) = (inputs + m.cols, groups + layout.groups.len());
        f.rounds(format!("row_{name}_clear"), m.cols as f64)
            .rounds(format!("row_{name}_sign"), m.cols as f64);
        f.rounds(format!("row_{name}_look"), layout.groups.len() as f64);
        if layout.is_winding() && bits > 1.0 {
            // Two planes a round, but for an odd one.
            let rounds = (bits / 2.0).ceil();
            let is_odd = bits % 2.0 == 1.0;
            f.odds(format!("row_{name}_planes"), if is_odd { 1.0 / rounds } else { 0.0 });
            f.odds(format!("row_{name}_plane"), if is_odd { 1.0 } else { 1.0 - 1.0 / rounds });
        } else {
            f.rounds(format!("row_{name}_plane"), bits);
        }
        f.rounds("embed_next", m.cols as f64);
    }
    f.rounds("embed_bit", inputs as f64 / groups as f64);
    product(f, &mantissas_of, 1.0);
}

/// A row of a matrix in a file: its number, and how many records are read for it.
pub fn filed_row(f: &mut Facts, name: &str, number: f64, reads: usize) {
    f.leaves(format!("file_row_{name}_found"), (number / PASSED as f64).floor() + 1.0);
    f.rounds("file_next>file_next", reads as f64);
}

/// A row of a matrix in banks that have so many rows each: its number.
pub fn banked_row(f: &mut Facts, name: &str, number: f64, rows: usize) {
    f.leaves(format!("bank_row_{name}_found"), (number / rows as f64).floor() + 1.0);
}

/// A matrix that is read in blocks: the records of each, and the bytes that are left of the last one.
pub fn blocks(f: &mut Facts, (name, routine): (&str, &str), rows: usize, runs: &[(usize, usize)]) {
    let count = runs.len() as f64;
    f.rounds(format!("{routine}_row"), rows as f64 / count);
    let mean = |of: &dyn Fn(&(usize, usize)) -> f64| runs.iter().map(of).sum::<f64>() / count;
    f.leaves(format!("{name}_past"), count + 1.0).leaves("file_block>ret", count + 1.0);
    let none = mean(&|run| f64::from(u8::from(run.1 == 0)));
    let left = mean(&|run| run.1 as f64);
    f.odds("file_moved", none).repeats("file_block>ldir", left / (1.0 - none).max(0.01));
    let reads = mean(&|run| f64::from(u8::from(run.0 > 0)));
    f.odds("file_moved>file_next", reads);
    f.rounds("file_next>file_next", mean(&|run| run.0 as f64) / reads.max(0.01));
}

impl Caches {
    /// What attention to the position's own and those before it takes, `kept` in all.
    fn kept(&self, site: &SequenceSite, kept: usize) -> Facts {
        let mut f = Facts::default();
        let n = kept as f64;
        let names = self.key_shapes().map(Shape::name);
        for name in names {
            f.rounds(format!("{name}_row"), n);
            let maxima = (n.ln() + 0.577).max(1.0) / n;
            f.odds(format!("score>{name}_next"), 1.0 - maxima);
            f.odds(format!("score_near>{name}_next"), 1.0 - maxima);
        }
        (0..site.body.blocks.len()).for_each(|at| {
            f.rounds(format!("weigh_{at}_next"), n);
            f.odds(format!("weigh_{at}_near"), 1.0 - site.seen.zeros(kept))
                .odds(format!("weigh_{at}_far"), 0.1);
            f.odds(format!("weigh_{at}_carry"), 1.0 - 0.5 * (1.0 - site.seen.zeros(kept)));
        });
        f.rounds("fill_u4_table", kept.div_ceil(4) as f64);
        let mut left = true;
        for (name, behind) in self.part_names() {
            let taken = left && kept < behind;
            left &= !taken;
            f.odds(name, f64::from(u8::from(taken)));
        }
        let above = site.seen.bits_above(kept);
        f.leaves("attend_normal", above + 1.0).rounds("attend_up", (8.0 - above).max(0.0) + 1.0);
        f
    }

    /// What attention does whatever is kept.
    pub fn known(&self, f: &mut Facts, site: &SequenceSite, at: usize) {
        let body = site.body;
        let size = body.head_size as f64;
        f.rounds("attend_shared", body.kv_heads as f64)
            .rounds("attend_head", (body.heads / body.kv_heads) as f64);
        self.keys.known(f);
        // How many there are is said by how many positions are kept.
        self.key_shapes().for_each(|shape| shape.known(f, 1.0, "score"));
        let weigh = format!("weigh_{at}");
        let [key, near] = [self.key_shapes().next(), self.key_shapes().nth(1)].map(|s| s.map(Shape::name));
        match (key, near) {
            (Some(key), Some(name)) => {
                // The magnitudes are added up until they are too many.
                let near = site.seen.near();
                let rounds = near * size + (1.0 - near) * 0.7 * size;
                let leaves = ((1.0 - near) / rounds).min(0.9);
                let ends = ((1.0 / rounds - leaves) / (1.0 - leaves)).clamp(0.0, 1.0);
                f.odds("attend_positive", 0.5).odds("attend_positive>attend_far", leaves);
                f.odds("attend_magnitude", 1.0 - ends);
                f.detour("attend_far>ret", &[(&key, 1.0 - near), (&name, near)], Some("attend_scored"));
                f.detour("attend_scored>(ix)", &[], Some(&weigh));
            }
            _ => {
                f.detour("attend>(ix)", &[], Some(&weigh));
            }
        }
        for shape in self.mix_shapes() {
            shape.known(f, size, "mix_sink");
            // The upper remainder of all but the first chunk is seldom 255.
            (1..shape.chunks.len()).for_each(|chunk| {
                f.odds(format!("{}_{chunk}", shape.name()), 0.99);
            });
        }
        f.odds("mix_carry", 0.75).odds("mix_exact", 0.01);
        mantissas(f, &[]);
    }
}
