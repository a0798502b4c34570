//! How lines are framed as turns of a chat, and how tokens are chosen.

use super::beam;
use super::context::Bar;
use super::writer::{Writer, value};
use crate::CompileError;
use crate::kernel::choosing::Choosing;
use crate::kernel::prior::PriorData;
use crate::model::{Prior, Story, Transformer, Turns};
use serde::Serialize;

/// What stands around a line, in tokens; for `turns.S`.
#[derive(Serialize, Clone)]
pub struct Framing {
    /// In front of the first line of a conversation, and of a later one.
    pub first: usize,
    pub later: usize,
    /// Behind a line.
    pub after: usize,
    pub first_bytes: usize,
    pub later_bytes: usize,
    pub keeps: bool,
    /// Tokens that the conversation may have with a turn.
    pub room: usize,
}

/// What is in front of the first line, and of a later one.
fn fronts(turns: &Turns) -> [Vec<u32>; 2] {
    [&turns.start, &turns.close].map(|front| [front.as_slice(), &turns.before].concat())
}

impl Framing {
    /// `size`: bytes of a token.
    pub fn new(story: &Story, size: usize) -> Option<Self> {
        let turns = story.turns.as_ref()?;
        let [first, later] = fronts(turns).map(|front| front.len());
        let later = if turns.keeps { later } else { 0 };
        Some(Self {
            first,
            later,
            after: turns.after.len(),
            first_bytes: size * first,
            later_bytes: size * later,
            keeps: turns.keeps,
            room: turns.room(story.most.into()),
        })
    }

    /// Tokens in front of a line, and all around it.
    pub fn around(&self) -> (usize, usize) {
        let lead = self.first.max(self.later);
        (lead, lead + self.after)
    }
}

impl Choosing {
    /// Whether tokens that were read are remembered.
    pub fn remembers(&self) -> bool {
        self.penalty.is_some()
    }

    /// How many tokens are held back, where some are.
    pub fn recent(&self) -> Option<f64> {
        self.penalty.as_ref().map(|penalty| penalty.recent.into())
    }

    /// How many tokens are drawn from at most, and whether some are too unlikely, where any are drawn.
    pub fn drawn(&self) -> Option<(f64, bool)> {
        self.draw.as_ref().map(|draw| (draw.top_k as f64, draw.reach.is_some()))
    }

    /// How a logit is compared with the ones before, where something else follows than taking the first largest.
    pub fn bar(&self) -> Option<Bar> {
        match (&self.draw, &self.penalty) {
            _ if self.margin.is_some() => Some(Bar::Second),
            (Some(_), _) => Some(Bar::Least),
            (None, Some(_)) => Some(Bar::Best),
            (None, None) => None,
        }
    }

    /// What it keeps: names and bytes.
    fn buffers(&self) -> Vec<(&'static str, usize)> {
        let mut all = Vec::new();
        if self.margin.is_some() {
            all.push(("net_second", 2));
        }
        if self.prior.is_some() {
            all.extend([("net_last", 2), ("net_before", 2), ("net_prior_at", 2)]);
        }
        if let Some(draw) = &self.draw {
            all.extend([("net_choices", 4 * draw.top_k), ("net_count", 1), ("net_random", 2)]);
        }
        if let Some(penalty) = &self.penalty {
            let recent = usize::from(penalty.recent);
            all.extend([("net_recent", 2 * recent), ("net_recent_next", 1), ("net_recent_count", 1)]);
            all.push(("net_said", self.said));
        }
        all
    }
}

/// Buffers of an answer: names and bytes.
pub fn buffers(story: &Story, body: &Transformer) -> Vec<(&'static str, usize)> {
    let mut all = Choosing::new(story, body).buffers();
    all.extend(beam::buffers(story, body));
    if Turns::is_kept(story.turns.as_ref()) {
        all.push(("net_conversed", 1));
    }
    all
}

impl Writer<'_> {
    /// What frames lines, as data. `two`: tokens have two bytes.
    pub fn framing(&mut self, story: &Story, two: bool) {
        let Some(turns) = &story.turns else { return };
        let [first, later] = fronts(turns);
        let later = if turns.keeps { later } else { vec![] };
        if turns.keeps {
            self.data("net_clear_text", b"clear");
        }
        let size = if two { 2 } else { 1 };
        for (label, tokens) in
            [("net_turn_first", &first), ("net_turn_later", &later), ("net_turn_after", &turns.after)]
        {
            let bytes: Vec<u8> =
                tokens.iter().flat_map(|id| id.to_le_bytes().into_iter().take(size)).collect();
            if !bytes.is_empty() {
                self.data(label, &bytes);
            }
        }
    }

    /// Finds what tokens cost.
    pub fn prior(&mut self, prior: &Prior, choosing: &Choosing) -> Result<(), CompileError> {
        let Some(data) = PriorData::new(prior) else {
            // More than what `lpm` reads, whatever the program has besides: it is refused for it.
            self.data_bytes += prior.costs.len().max(1 << 16);
            return Ok(());
        };
        self.prior = Some((prior.rows(), prior.vocabulary(), data.bytes.len()));
        self.data("net_prior", &data.bytes);
        self.routine("net_prior_find", ("prior.S", "find"), || value(choosing))?;
        self.line("call net_prior_find");
        self.known.here().leaves("net_prior_found", PriorData::looks(prior));
        self.computes("prior");
        Ok(())
    }

    /// What stands in front of the logits.
    pub fn begin_choice(&mut self, choosing: &Choosing) -> Result<(), CompileError> {
        if choosing.remembers() {
            self.routine("net_mark", ("choose.S", "read"), || value(choosing))?;
            self.line("call net_mark");
        }
        if let Some(kept) = self.kept {
            for (part, place) in [("lo8", "at"), ("hi8", "at+1")] {
                self.line(&format!("ldi r24, {part}({kept})"));
                self.line(&format!("sts {kept}_{place}, r24"));
            }
        }
        match choosing.bar() {
            None => {
                self.line("ldi r24, 0x80                   ; no logit is less");
                self.line("sts net_best, r1");
                self.line("sts net_best+1, r24");
            }
            Some(Bar::Second) => {
                self.routine("net_keep", ("choose.S", "second"), || value(choosing))?;
                for place in ["net_best", "net_best+1", "net_second", "net_second+1"] {
                    self.line(&format!("sts {place}, r1"));
                }
            }
            Some(bar) => {
                self.routine("net_keep", ("choose.S", "keep"), || value(choosing))?;
                self.line("sts net_best, r1");
                self.line("sts net_best+1, r1");
                if bar == Bar::Least {
                    self.line("sts net_count, r1");
                }
            }
        }
        self.line("sts net_token, r1");
        self.line("sts net_token+1, r1");
        Ok(())
    }

    /// What stands behind the logits.
    pub fn end_choice(&mut self, choosing: &Choosing) -> Result<(), CompileError> {
        if self.beam.is_some() {
            return self.end_beam();
        }
        if choosing.margin.is_some() {
            self.line("call net_sure");
        }
        if choosing.bar() != Some(Bar::Least) {
            return Ok(());
        }
        self.stage("choice", "a token, drawn");
        self.data("net_draw_weights", &choosing.weights);
        self.routine("net_draw", ("choose.S", "drawn"), || value(choosing))?;
        self.line("call net_draw");
        Ok(())
    }
}
