//! How a token is chosen: the largest logit, or one that is drawn, with those read last held back.

use super::beam;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::choosing::{Choosing, Penalty};
use crate::kernel::prior::PriorData;
use crate::kernel::sequence::{Home, Offer, SequenceSite, Step};
use crate::kernel::{beams, called};
use crate::model::Turns;

fn choosing(site: &SequenceSite) -> Choosing {
    let kept = called::kept(site.request, site.story, site.body.outputs()) > 0;
    let mut choosing = Choosing::new(site.story, site.body);
    choosing.kept = kept;
    choosing
}

/// What is done before the first logit.
///
/// # Errors
/// A prior that the kernels do not reach.
pub fn begin(e: &mut Emitter) -> Result<(), CompileError> {
    prior(e)?;
    if beams::width(e.site.story).is_some() {
        beam::begin(e);
        return Ok(());
    }
    if choosing(e.site).kept {
        e.set("net_logits_at", "net_logits");
    }
    match choosing(e.site).draw {
        Some(_) => e.line("call choose_begin"),
        None => {
            e.line("ld hl,0");
            e.lines(&["ld (logit_best),hl", "ld (logit_index),hl", "ld (logit_choice),hl"]);
            if choosing(e.site).margin.is_some() {
                e.line("ld (logit_second),hl");
            }
        }
    }
    Ok(())
}

/// Finds what tokens cost, where a prior says so.
fn prior(e: &mut Emitter) -> Result<(), CompileError> {
    let Some(prior) = &e.site.body.prior else { return Ok(()) };
    let Some(data) = PriorData::new(prior) else {
        return Err(e.unsupported("an n-gram prior of more than 64 KB"));
    };
    e.line("call prior_find");
    e.known.here().leaves("prior_found", PriorData::looks(prior));
    let offers = vec![Offer { form: "bytes", home: Home::Image, bytes: data.bytes.len(), cycles: 0.0 }];
    let parts = e.known.parts.last().map(|part| part.from.clone()).into_iter().collect();
    let (rows, cols) = (prior.rows(), prior.vocabulary());
    e.steps.push(Step { name: "prior".into(), rows, cols, parts, offers });
    e.data("prior_data", data.bytes);
    Ok(())
}

/// What is done behind the last one.
pub fn end(e: &mut Emitter) {
    if beams::width(e.site.story).is_some() {
        return beam::end(e);
    }
    let choosing = choosing(e.site);
    if choosing.margin.is_some() {
        e.line("call choose_sure");
    }
    if choosing.draw.is_some() {
        e.stage("choice");
        e.line("call choose_draw");
        e.data("choose_weights", choosing.weights);
    }
}

/// The routines.
pub fn code(e: &Emitter) -> Result<String, CompileError> {
    let context = choosing(e.site);
    let prior = if context.prior.is_some() { e.call("prior.asm", "find", &context)? } else { String::new() };
    if let Some(width) = beams::width(e.site.story) {
        return Ok(beam::code(e, width)? + &prior);
    }
    let drawn = context.draw.is_some();
    let drawing = if drawn { e.call("draw.asm", "code", &context)? } else { String::new() };
    Ok(drawing + &e.call("choose.asm", "code", &context)? + &prior)
}

/// What it keeps: names and bytes.
pub fn buffers(site: &SequenceSite) -> Vec<(&'static str, usize)> {
    let Choosing { draw, penalty, margin, prior, kept, .. } = choosing(site);
    let mut all = beam::buffers(site);
    if kept {
        all.push(("net_logits_at", 2));
    }
    if margin.is_some() {
        all.push(("logit_second", 2));
    }
    if prior.is_some() {
        all.extend([("token_before", 2), ("prior_at", 2)]);
    }
    if let Some(draw) = draw {
        // In front of the list stands what nothing is larger than.
        all.push(("choose_room", 4 + 4 * draw.top_k));
        all.extend([("choose_end", 2), ("choose_least", 2), ("choose_logit", 2), ("random", 2)]);
        all.push(("choose_count", 1));
    }
    if let Some(Penalty { recent, .. }) = penalty {
        all.extend([("recent", 2 * usize::from(recent)), ("recent_next", 1), ("recent_count", 1)]);
    }
    if Turns::is_kept(site.story.turns.as_ref()) {
        all.push(("conversed", 1));
    }
    all
}
