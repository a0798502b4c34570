//! How a token is chosen: the largest logit, or one that is drawn, with those read last held back.

use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::sequence::SequenceSite;
use crate::model::{ChoiceRules, DrawRules, Turns};
use serde::Serialize;

#[derive(Serialize)]
struct Choose {
    draw: Option<Draw>,
    penalty: Option<Penalty>,
}

#[derive(Serialize)]
struct Draw {
    bits: u8,
    count: usize,
    /// `None` where each difference is drawn.
    reach: Option<u32>,
    top_k: usize,
    /// In 256ths, if it is not all of them.
    share: Option<u16>,
}

#[derive(Serialize)]
struct Penalty {
    above: u8,
    below: u8,
    recent: u8,
}

fn rules(site: &SequenceSite) -> ChoiceRules {
    site.story.choice.rules(site.story.logit_bits)
}

/// Places of the list that tokens are drawn from: no more than there are tokens.
fn places(site: &SequenceSite, draw: &DrawRules) -> usize {
    usize::from(draw.top_k).min(site.body.embedding.rows)
}

/// What is done before the first logit.
pub fn begin(e: &mut Emitter) {
    match rules(e.site).draw {
        Some(_) => e.line("call choose_begin"),
        None => {
            e.line("ld hl,0");
            e.lines(&["ld (logit_best),hl", "ld (logit_index),hl", "ld (logit_choice),hl"]);
        }
    }
}

/// What is done behind the last one.
pub fn end(e: &mut Emitter) {
    if let Some(draw) = rules(e.site).draw {
        e.stage("choice");
        e.line("call choose_draw");
        e.data("choose_weights", draw.weights);
    }
}

/// The routines.
pub fn code(e: &Emitter) -> Result<String, CompileError> {
    let rules = rules(e.site);
    let draw = rules.draw.map(|draw| Draw {
        bits: draw.bits,
        count: draw.weights.len(),
        reach: Some(draw.reach()).filter(|&reach| reach < 1 << 16),
        top_k: places(e.site, &draw),
        share: Some(draw.share).filter(|&share| share < 256),
    });
    let penalty = rules.penalty.map(|([above, below], recent)| Penalty { above, below, recent });
    let drawn = draw.is_some();
    let context = Choose { draw, penalty };
    let drawing = if drawn { e.call("draw.asm", "code", &context)? } else { String::new() };
    Ok(drawing + &e.call("choose.asm", "code", &context)?)
}

/// What it keeps: names and bytes.
pub fn buffers(site: &SequenceSite) -> Vec<(&'static str, usize)> {
    let ChoiceRules { draw, penalty } = rules(site);
    let mut all = Vec::new();
    if let Some(draw) = draw {
        // In front of the list stands what nothing is larger than.
        all.push(("choose_room", 4 + 4 * places(site, &draw)));
        all.extend([("choose_end", 2), ("choose_least", 2), ("choose_logit", 2), ("random", 2)]);
        all.push(("choose_count", 1));
    }
    if let Some((_, recent)) = penalty {
        all.extend([("recent", 2 * usize::from(recent)), ("recent_next", 1), ("recent_count", 1)]);
    }
    if Turns::is_kept(site.story.turns.as_ref()) {
        all.push(("conversed", 1));
    }
    all
}
