//! What the index of the largest logit selects: a character, handed to the console and moved into the window, or the
//! index of a label.

use super::core::{isa, to_shared};
use crate::CompileError;
use crate::kernel::cycles::{Code, END, START};
use crate::kernel::reply::{Begin, Label};
use crate::kernel::{Fragment, Kernel, Machine, Need, Offer, Phase, Site, View};
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
                let (begin, each, end) = chat_cost(*context, view.machine);
                bytes * each + queries * (begin + end)
            }
            Answer::Label { .. } => {
                let code = Code::of(isa(view.machine), "reply.S", "label", Label::new(view.stages), &[]);
                queries * code.way(&["logits_ready", "ret"])
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
                let context = Chat::new(charset.len() - 1, *context, site.layout.machine);
                site.templates.call("reply.S", "chat", context)?
            }
            Answer::Label { .. } => site.templates.call(
                "reply.S",
                "label",
                Label::on(&site.layout.stages, site.request.target),
            )?,
        };
        Ok(Fragment { code, phases, ..Fragment::default() })
    }
}

/// Cycles of the start of a reply, of each of its characters and of its end mark. A character is taken to be a small
/// letter; what the console does with it is the runtime's.
fn chat_cost(window: u8, machine: Machine) -> (f64, f64, f64) {
    let begin =
        Code::of(isa(machine), "reply.S", "begin", Begin { window, max_reply: 1 }, &["net_left", "window"]);
    let spaces = begin.way(&[START, "net_spaces"])
        + f64::from(window - 1) * begin.way(&["net_spaces", "net_spaces"])
        + begin.fall("net_spaces", END);
    let (_, jump) = to_shared(machine);
    let others = ["emit", "net_step", "net_left", "window", "charset"];
    let code = Code::of(isa(machine), "reply.S", "chat", Chat::new(1, window, machine), &others);
    let on = format!("{jump} net_step");
    let shift = if window > 1 {
        code.way(&["net_push", "net_shift"])
            + f64::from(window - 2) * code.way(&["net_shift", "net_shift"])
            + code.way(&["net_shift", &on])
    } else {
        code.way(&["net_push", &on])
    };
    let look_up = code.way(&["logits_ready", "cpi r24, 'Z'+1", "net_push"]);
    (spaces, look_up + shift, code.way(&["logits_ready", "net_done", "ret"]))
}

/// The code that starts a reply of up to `max_reply` characters.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn begin(site: &Site, window: u8, max_reply: u8) -> Result<String, CompileError> {
    site.templates.call("reply.S", "begin", Begin { window, max_reply })
}

/// Context of the macro `chat`.
#[derive(Serialize)]
struct Chat {
    end_mark: usize,
    window: u8,
    /// What calls and jumps to shared code.
    call: &'static str,
    jump: &'static str,
}

impl Chat {
    fn new(end_mark: usize, window: u8, machine: Machine) -> Self {
        let (call, jump) = to_shared(machine);
        Self { end_mark, window, call, jump }
    }
}
