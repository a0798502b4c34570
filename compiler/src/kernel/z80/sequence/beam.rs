//! Replies that grow side by side. All of them are of the same length, so that the position is theirs together; each has keys
//! and values of its own.

use super::attend::Caches;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::flow::Facts;
use crate::kernel::sequence::SequenceSite;
use crate::model::{Choice, Positions, Turns};
use serde::Serialize;

/// Bytes of a reply's record, and of what is noted of a token.
const RECORD: usize = 8;
const NOTE: usize = 3;

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

/// Replies side by side; `None`: a token is taken at a time.
pub fn width(site: &SequenceSite) -> Option<usize> {
    site.story.choice.beam.map(usize::from)
}

/// How many caches there are: of each reply, and of the best that has ended where the conversation goes on behind it.
pub fn caches(site: &SequenceSite) -> usize {
    width(site).map_or(1, |width| width + usize::from(keeps(site)))
}

fn keeps(site: &SequenceSite) -> bool {
    Turns::is_kept(site.story.turns.as_ref())
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
        keeps: keeps(site),
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
    let Some(width) = width(e.site) else { return Ok(None) };
    let of = |part| e.call("replies.asm", part, context(e.site, width));
    Ok(Some(Around { begin: of("begin")?, round: of("round")?, said: of("said")? }))
}

/// What it keeps: names and bytes.
pub fn buffers(site: &SequenceSite) -> Vec<(&'static str, usize)> {
    let Some(width) = width(site) else { return Vec::new() };
    let state = if keeps(site) { 6 + sums(site) } else { 0 };
    vec![
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
    ]
}

/// What is known of its jumps.
pub fn known(f: &mut Facts, site: &SequenceSite) {
    let Some(width) = width(site) else { return };
    let outputs = site.body.outputs() as f64;
    // Of the replies of a round the first alone goes on to the next position.
    let others = 1.0 - 1.0 / width as f64;
    f.odds("window>ret", others).odds("phases>ret", others);
    f.odds("logits_ready>ret", 0.9).rounds("beam_weigh", outputs).odds("beam_far", 0.7);
    f.leaves("beam_shifted", 4.0).odds("beam_alone", 0.05);
    f.rounds("beam_each", outputs).odds("beam_low", 0.9).odds("beam_take", 0.1).odds("beam_leave", 0.99);
    f.odds("beam_here", 0.5).rounds("beam_before", width as f64 - 1.0).repeats("beam_before>ldir", 8.0);
}

/// The most that a reply can cost, where that has more than 32 bits.
pub fn excess(site: &SequenceSite) -> bool {
    let most = Choice::beam_rules(site.story.logit_bits).most(site.body.outputs());
    // The largest number stands for no reply.
    width(site).is_some() && u64::from(most) * u64::from(site.story.most) >= u64::from(u32::MAX)
}
