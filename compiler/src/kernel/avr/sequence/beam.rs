//! Replies that grow side by side.

use super::tokens::is_wide;
use super::writer::{Writer, value};
use crate::CompileError;
use crate::kernel::beams::{self, COPIED, ENDS, NOTE, RECORD};
use crate::kernel::flow::Facts;
use crate::kernel::sequence::SequenceSite;
use crate::model::{Choice, Positions, Story, Transformer};
use serde::Serialize;

/// Bytes of what says where the next position's keys and values go, and which it is.
const STATE: usize = 4;

/// Context of `beam.S` and `replies.S`.
#[derive(Serialize, Clone)]
pub struct Beam {
    pub width: usize,
    pub outputs: usize,
    bits: u8,
    count: usize,
    /// Of a reply's keys and values.
    bytes: usize,
    /// Bytes of a token that waits.
    size: usize,
    ends: Vec<u32>,
    most: u16,
    keeps: bool,
    /// Bytes of the phases of rotations.
    phases: usize,
    /// Bits that costs of a prior are shifted by, where the model has one: each reply then has its own token read last.
    prior: Option<u8>,
    #[serde(skip)]
    logit_bits: u8,
}

/// What stands around the stages.
#[derive(Serialize)]
pub struct Around {
    begin: String,
    round: String,
    said: String,
}

fn phases(body: &Transformer) -> usize {
    if matches!(body.positions, Positions::Rotary { .. }) { 3 * body.head_size / 2 } else { 0 }
}

impl Beam {
    /// That of a model, if it has one. `bytes`: of a reply's keys and values.
    pub fn new(site: &SequenceSite, bytes: usize) -> Option<Self> {
        let (body, story) = (site.body, site.story);
        let rules = Choice::beam_rules(story.logit_bits);
        Some(Self {
            width: beams::width(story)?,
            outputs: body.outputs(),
            bits: rules.bits,
            count: rules.weights.len(),
            bytes,
            size: if is_wide(&site.reader.tokenizer) { 2 } else { 1 },
            ends: story.ends.clone(),
            most: story.most,
            keeps: beams::keeps(story),
            phases: phases(body),
            prior: body.prior.as_ref().map(|prior| prior.shift),
            logit_bits: story.logit_bits,
        })
    }

    /// What stands around the stages.
    ///
    /// # Errors
    /// A damaged template.
    pub fn around(&self, site: &SequenceSite) -> Result<Around, CompileError> {
        let of = |part| site.templates.call("replies.S", part, self);
        Ok(Around { begin: of("begin")?, round: of("round")?, said: of("said")? })
    }
}

/// What it keeps beside keys and values: names and bytes.
pub fn buffers(story: &Story, body: &Transformer) -> Vec<(&'static str, usize)> {
    let Some(width) = beams::width(story) else { return Vec::new() };
    let keeps = beams::keeps(story);
    let mut all = vec![
        ("beam_logits", 2 * body.outputs()),
        ("beam_logits_at", 2),
        ("beam_now", RECORD * width),
        ("beam_next", RECORD * width),
        ("beam_trail", NOTE * width * usize::from(story.most)),
        ("beam_state", if keeps { STATE + phases(body) } else { 0 }),
        ("beam_used", width),
        ("beam_best", 7),
        ("beam_row", 2),
        ("beam_round", 2),
        ("beam_caches", 2),
        ("beam_growing", 1),
        ("beam_reply", 1),
        ("beam_ended", 1),
    ];
    if body.prior.is_some() {
        all.extend([("beam_former", 2 * width), ("beam_last", 2)]);
    }
    all
}

impl Writer<'_> {
    /// What is done behind the last logit, where there is a beam.
    pub fn end_beam(&mut self) -> Result<(), CompileError> {
        let Some(beam) = self.beam.clone() else { return Ok(()) };
        self.stage("choice", "what tokens cost, and the cheapest of all so far");
        let rules = Choice::beam_rules(beam.logit_bits);
        self.data("beam_weights", &rules.weights);
        self.data("beam_parts", &rules.parts.iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<_>>());
        self.data("beam_powers", &rules.powers.iter().flat_map(|p| p.to_le_bytes()).collect::<Vec<_>>());
        self.routine("net_beam_score", ("beam.S", "score"), || value(&beam))?;
        self.routine("net_beam_wait", ("beam.S", "code"), || value(&beam))?;
        self.line("call net_beam_score");
        Ok(())
    }
}

impl Beam {
    /// What is known of its jumps. The last round of a reply, and what shows it, are no token's time.
    pub fn known(&self, f: &mut Facts) {
        let (outputs, width, records) =
            (self.outputs as f64, self.width as f64, (RECORD * self.width) as f64);
        let others = (width - 1.0) / 2.0;
        // Of the replies of a round the first alone goes on to the next position.
        f.odds("net_angles_first", 1.0 / width).odds("beam_all", 1.0 / width);
        f.odds("net_beam_far", 0.7).rounds("net_beam_weigh", outputs);
        f.leaves("net_beam_shifted", 4.0).odds("net_beam_alone", 0.05);
        f.odds("net_beam_leave", 0.99).rounds("net_beam_each", outputs);
        f.odds("net_beam_behind", 0.5).rounds("net_beam_before", width - 1.0);
        f.rounds("net_beam_dear", records).rounds("net_beam_move", records);
        f.odds("beam_is", 1.0)
            .odds("beam_grows", 1.0 - ENDS)
            .odds("beam_better", 0.5)
            .odds("beam_worse", 0.5);
        (1..=self.ends.len()).for_each(|end| {
            f.odds(format!("beam_goes_{end}"), 1.0 - ENDS);
        });
        f.odds("beam_next_one", 1.0).leaves("beam_ranked", width).odds("beam_goes_on", 1.0);
        f.rounds("beam_heir", width).odds("beam_heir_is", 1.0 - COPIED).odds("beam_search", 0.5);
        f.rounds("beam_other", width).odds("beam_other_next", 1.0 - COPIED);
        f.rounds("net_beam_copied", self.bytes as f64).odds("net_beam_place_next", others / (others + 1.0));
    }
}
