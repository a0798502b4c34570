//! Replies that grow side by side.

use super::attend::Caches;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::beams::{self, COPIED, ENDS, NOTE, RECORD};
use crate::kernel::flow::Facts;
use crate::kernel::sequence::SequenceSite;
use crate::model::{Choice, Positions};
use serde::Serialize;

/// Context of `beam.asm` and `replies.asm`.
#[derive(Serialize)]
struct Beam<'a> {
    width: usize,
    outputs: usize,
    bits: u8,
    count: usize,
    ends: &'a [u32],
    most: u16,
    keys: usize,
    values: usize,
    keeps: bool,
    /// Bits that costs of a prior are shifted by, where the model has one: each reply then has its own token read last.
    prior: Option<u8>,
    /// Bytes of what positions have turned by so far.
    sums: usize,
}

/// What stands around the stages.
#[derive(Serialize)]
pub struct Around {
    begin: String,
    round: String,
    said: String,
}

fn sums(site: &SequenceSite) -> usize {
    if let Positions::Rotary { steps } = &site.body.positions { 3 * steps.len() } else { 0 }
}

fn context<'a>(site: &SequenceSite<'a>, width: usize) -> Beam<'a> {
    let rules = Choice::beam_rules(site.story.logit_bits);
    let (keys, values) = Caches::new(site).bytes(site.body);
    Beam {
        width,
        outputs: site.body.outputs(),
        bits: rules.bits,
        count: rules.weights.len(),
        ends: &site.story.ends,
        most: site.story.most,
        keys,
        values,
        keeps: beams::keeps(site.story),
        prior: site.body.prior.as_ref().map(|prior| prior.shift),
        sums: sums(site),
    }
}

/// What is done before the first logit.
pub fn begin(e: &mut Emitter) {
    e.set("beam_at", "beam_logits");
    e.set("beam_most", "0");
}

/// What is done behind the last one.
pub fn end(e: &mut Emitter) {
    e.stage("choice");
    e.line("call beam_score");
    let rules = Choice::beam_rules(e.site.story.logit_bits);
    e.data("beam_weights", rules.weights);
    e.words("beam_parts", rules.parts);
    e.data("beam_powers", rules.powers.into_iter().flat_map(u32::to_le_bytes));
}

/// The routines.
///
/// # Errors
/// A damaged template.
pub fn code(e: &Emitter, width: usize) -> Result<String, CompileError> {
    e.call("beam.asm", "code", context(e.site, width))
}

/// What stands around the stages, if there is a beam.
///
/// # Errors
/// A damaged template.
pub fn around(e: &Emitter) -> Result<Option<Around>, CompileError> {
    let Some(width) = beams::width(e.site.story) else { return Ok(None) };
    let of = |part| e.call("replies.asm", part, context(e.site, width));
    Ok(Some(Around { begin: of("begin")?, round: of("round")?, said: of("said")? }))
}

/// What it keeps: names and bytes.
pub fn buffers(site: &SequenceSite) -> Vec<(&'static str, usize)> {
    let Some(width) = beams::width(site.story) else { return Vec::new() };
    let state = if beams::keeps(site.story) { 6 + sums(site) } else { 0 };
    let mut all = vec![
        ("beam_logits", 2 * site.body.outputs()),
        ("beam_now", RECORD * width),
        ("beam_next", RECORD * width),
        ("beam_trail", NOTE * width * usize::from(site.story.most)),
        ("beam_state", state),
        ("beam_used", width),
        ("beam_best", 8),
        ("beam_sums", 8),
        ("beam_times", 4),
        ("beam_sum", 4),
        ("beam_base", 4),
        ("beam_cost", 4),
        ("beam_token", 2),
        ("beam_at", 2),
        ("beam_most", 2),
        ("beam_keys", 2),
        ("beam_values", 2),
        ("beam_row", 2),
        ("beam_to", 2),
        ("beam_round", 2),
        ("beam_growing", 2),
        ("beam_reply", 1),
        ("beam_ended", 1),
    ];
    if site.body.prior.is_some() {
        all.extend([("beam_former", 2 * width), ("beam_parent", 2), ("beam_last", 2)]);
    }
    all
}

/// What is known of its jumps. The last round of a reply, and what shows it, are no token's time.
pub fn known(f: &mut Facts, site: &SequenceSite) {
    let Some(width) = beams::width(site.story) else { return };
    let (outputs, (keys, values)) = (site.body.outputs() as f64, Caches::new(site).bytes(site.body));
    let (width, records) = (width as f64, (RECORD * width) as f64);
    // Of the replies of a round the first alone goes on to the next position.
    let others = 1.0 - 1.0 / width;
    f.odds("window>ret", others).odds("phases>ret", others);
    f.odds("logits_ready>ret", 0.9).rounds("beam_weigh", outputs).odds("beam_far", 0.7);
    f.leaves("beam_shifted", 4.0).odds("beam_alone", 0.05);
    f.rounds("beam_each", outputs).odds("beam_low", 0.9).odds("beam_take", 0.1).odds("beam_leave", 0.99);
    f.odds("beam_here", 0.5).rounds("beam_before", width - 1.0).repeats("beam_before>ldir", 8.0);
    f.odds("net_step>ret", 0.0).odds("beam_all", 1.0 / width).leaves("beam_place>ret", (width + 1.0) / 2.0);
    f.odds("beam_ranked", 0.0).odds("beam_ends", ENDS).odds("beam_over", 0.0).rounds("beam_rank", width);
    f.odds("beam_better", 0.5).odds("beam_worse", 0.5).repeats("beam_better>ldir", 6.0);
    f.rounds("beam_zero", 7.0).rounds("beam_bit", 16.0).rounds("beam_double", 7.0);
    f.odds("beam_less", 0.5).rounds("beam_more", 4.0).rounds("beam_carry", 3.0);
    f.odds("beam_same", 0.5).rounds("beam_minus", 4.0).rounds("beam_borrow", 3.0);
    f.rounds("beam_unused", width).rounds("beam_heir", width).odds("beam_heir_is", 1.0 - COPIED);
    f.rounds("beam_other", width).odds("beam_other_next", 1.0 - COPIED).odds("beam_search", 0.5);
    f.repeats("beam_move>ldir", (keys + values) as f64 / 2.0).repeats("beam_rank>ldir", RECORD as f64);
    f.repeats("beam_other_next>ldir", records).rounds("beam_dear", records);
}
