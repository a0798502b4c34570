//! What the C of a sequence model must know of its answer: how lines are framed, how tokens are chosen.

use super::arrays::Arrays;
use crate::model::{Story, Turns};
use serde::Serialize;

/// Tokens in flash.
#[derive(Serialize)]
struct List {
    /// `None` where there are none: C has no empty arrays.
    name: Option<String>,
    size: usize,
}

/// What frames a line.
#[derive(Serialize)]
pub struct TurnsContext {
    start: List,
    before: List,
    after: List,
    close: List,
    keeps: bool,
    /// Room in front of the tokens of a line.
    lead: usize,
    /// Tokens that the conversation may have with a turn.
    room: usize,
}

impl TurnsContext {
    /// Tokens that a turn has beside those of its line.
    pub fn around(&self) -> usize {
        self.lead + self.after.size
    }
}

/// How tokens are drawn.
#[derive(Serialize)]
struct Drawn {
    weights: String,
    count: usize,
    bits: u8,
    /// `None` where each difference is drawn.
    reach: Option<u32>,
    /// Places of the list that is drawn from: no more than there are tokens.
    top_k: usize,
    /// In 256ths, if it is not all of them.
    share: Option<u16>,
    seed: u16,
}

#[derive(Serialize)]
struct Penalty {
    above: u8,
    below: u8,
    recent: u8,
}

/// How a token is chosen.
#[derive(Serialize)]
pub struct ChoiceContext {
    draw: Option<Drawn>,
    penalty: Option<Penalty>,
}

impl ChoiceContext {
    /// Whether tokens are drawn, and how many of those read last are remembered.
    pub fn state(&self) -> (bool, usize) {
        (self.draw.is_some(), self.penalty.as_ref().map_or(0, |penalty| penalty.recent.into()))
    }
}

/// The context of turns. `token` is the C type of a token.
pub fn turns(story: &Story, token: &'static str, arrays: &mut Arrays) -> Option<TurnsContext> {
    let turns @ Turns { start, before, after, close, keeps } = story.turns.as_ref()?;
    let mut list = |name: &str, tokens: &[u32]| List {
        name: (!tokens.is_empty()).then(|| arrays.add(token, name, tokens.iter().map(|&t| t.into()))),
        size: tokens.len(),
    };
    Some(TurnsContext {
        lead: start.len().max(close.len()) + before.len(),
        room: turns.room(story.most.into()),
        start: list("conversation_start", start),
        before: list("turn_before", before),
        after: list("turn_after", after),
        close: list("turn_close", close),
        keeps: *keeps,
    })
}

/// The context of choosing.
pub fn choice(story: &Story, vocabulary: usize, arrays: &mut Arrays) -> ChoiceContext {
    let rules = story.choice.rules(story.logit_bits);
    let draw = rules.draw.map(|draw| Drawn {
        count: draw.weights.len(),
        bits: draw.bits,
        reach: Some(draw.reach()).filter(|&reach| reach < 1 << 16),
        top_k: usize::from(draw.top_k).min(vocabulary),
        share: Some(draw.share).filter(|&share| share < 256),
        seed: draw.seed,
        weights: arrays.bytes("draw_weights", &draw.weights),
    });
    let penalty = rules.penalty.map(|([above, below], recent)| Penalty { above, below, recent });
    ChoiceContext { draw, penalty }
}
