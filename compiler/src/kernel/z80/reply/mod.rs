//! What the index of the largest logit selects: a character, handed to the console and moved into the window, or a
//! label.

use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::reply::{Begin, Label};
use crate::kernel::{Fragment, Kernel, Need, Offer, Phase, Site, View};
use crate::stage::{Answer, Stage, Work};
use crate::weights::Form;
use serde::Serialize;

pub struct Reply;

impl Kernel for Reply {
    fn name(&self) -> &'static str {
        "reply"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        match view.stages[at].work {
            Work::Answer(_) => vec![Offer::plain(&Reply, view, at)],
            _ => vec![],
        }
    }

    fn cost(&self, view: &View, at: usize, _: Option<Form>) -> Vec<(String, f64)> {
        let Work::Answer(answer) = &view.stages[at].work else { return vec![] };
        let (queries, bytes) = (view.usage.queries as f64, view.usage.reply_bytes as f64);
        let cycles = match answer {
            Answer::Chat { context, .. } => {
                let (begin, each, end) = chat_cost(*context);
                bytes * each + queries * (begin + end)
            }
            Answer::Label { .. } => {
                let code =
                    Code::of(Isa::Z80, "reply.asm", "label", Label::new(view.stages), &["emit", "labels"]);
                let around = code.way(&["logits_ready", "net_label", "ret z"]);
                queries * around + bytes * code.way(&["net_label", "net_label"])
            }
        };
        vec![("reply".into(), cycles)]
    }

    fn buffers(&self, stage: &Stage) -> Vec<Need> {
        Need::window(stage).into_iter().collect()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let Work::Answer(answer) = &site.layout.stages[at].work else {
            unreachable!("offers() takes answers only")
        };
        let mut phases = vec![Phase::new("logits_ready", "reply")];
        let code = match answer {
            Answer::Chat { charset, context, .. } => {
                phases.push(Phase::new("net_reply_begin", "reply"));
                let context = Chat { end_mark: charset.len() - 1, window: *context };
                site.templates.call("reply.asm", "chat", context)?
            }
            Answer::Label { .. } => site.templates.call(
                "reply.asm",
                "label",
                Label::on(&site.layout.stages, site.request.target),
            )?,
        };
        Ok(Fragment { code, phases, ..Fragment::default() })
    }
}

/// T-states of the start of a reply, of each of its characters and of its end mark. A character is taken to be a small
/// letter; what the console does with it is not counted here.
fn chat_cost(window: u8) -> (f64, f64, f64) {
    let others = ["emit", "net_step", "net_left", "window", "charset"];
    let begin = Code::of(Isa::Z80, "reply.asm", "begin", Begin { window, max_reply: 1 }, &others);
    let spaces = f64::from(window - 1) * begin.way(&["net_spaces", "net_spaces"]) + begin.straight();
    let code = Code::of(Isa::Z80, "reply.asm", "chat", Chat { end_mark: 1, window }, &others);
    let each = code.way(&["logits_ready", "cp 'Z'+1", "net_push", "jp nz,net_step"]);
    let moved = if window > 1 { f64::from(window - 2) * code.taken("ldir") } else { 0.0 };
    (spaces, each + moved, code.way(&["logits_ready", "ret z"]))
}

/// The code that starts a reply of up to `max_reply` characters.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn begin(site: &Site, window: u8, max_reply: u8) -> Result<String, CompileError> {
    site.templates.call("reply.asm", "begin", Begin { window, max_reply })
}

/// Context of the macro `chat`.
#[derive(Serialize)]
struct Chat {
    end_mark: usize,
    window: u8,
}
