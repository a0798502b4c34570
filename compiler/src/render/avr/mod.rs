//! What the templates of the AVR are given.

mod stage;
mod weights;

use super::board::BoardContext;
use super::text;
use crate::Request;
use crate::ir::Form;
use crate::plan::Plan;
use crate::plan::avr::{Kernel, Kind, kernel, label, tiles};
use crate::plan::network::{Answer, Source};
use serde::Serialize;
use stage::StageContext;

/// Context of `program.S`.
#[derive(Serialize)]
pub struct Program {
    name: String,
    about: String,
    target: String,
    /// The plan, for the comment on top.
    table: Vec<String>,
    max_query: u8,
    chat: bool,
    charset: Vec<String>,
    end_mark: usize,
    window: u8,
    max_reply: u8,
    labels: Vec<String>,
    stages: Vec<StageContext>,
    output: OutputContext,
    kernels: Vec<KernelContext>,
    /// What calls and jumps to shared code.
    call: &'static str,
    jump: &'static str,
    flash_loads: bool,
    ram_copies: bool,
    buffers: Vec<BufferContext>,
    memory_size: usize,
    /// The chip and its board, for the start-up code and the serial line.
    board: Option<BoardContext>,
}

#[derive(Serialize)]
struct KernelContext {
    name: &'static str,
    form: &'static str,
    /// `byte`, `wide` or `count`.
    kind: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct BufferContext {
    name: String,
    offset: usize,
}

/// The accumulators that are the logits.
#[derive(Serialize)]
struct OutputContext {
    mask: u8,
    tiles: Vec<TileContext>,
}

#[derive(Serialize)]
struct TileContext {
    low: String,
    high: String,
    count: usize,
}

/// The context of a plan.
pub fn program(plan: &Plan, request: &Request) -> Program {
    let network = &plan.network;
    let stages: Vec<_> = (0..network.stages.len()).map(|i| stage::context(plan, i)).collect();
    let (charset, end_mark, window, max_reply, labels) = match &network.answer {
        Answer::Chat { charset, context, max_reply } => {
            (text::gnu_bytes(charset.iter().copied()), charset.len() - 1, *context, *max_reply, &[][..])
        }
        Answer::Label { labels } => (vec![], 0, 0, 0, labels.as_slice()),
    };
    let output = network.stages.len() - 1;
    let visible = tiles(network.output().visible());
    let tile = |(t, &count): (usize, &usize)| {
        let (low, high) = (label(&network.output().name, "acc", t), label(&network.output().name, "high", t));
        TileContext { low, high, count }
    };
    debug_assert!(visible.len() <= plan.memory.tiles[output].len());
    Program {
        name: network.name.clone(),
        about: text::remark(&request.model.about),
        target: request.target.name.clone(),
        table: plan.table().lines().map(str::to_string).collect(),
        max_query: request.target.longest(request.model.query.max_length),
        chat: matches!(network.answer, Answer::Chat { .. }),
        charset,
        end_mark,
        window,
        max_reply,
        labels: labels.to_vec(),
        output: OutputContext {
            mask: (0xFFu16 << network.shift) as u8,
            tiles: visible.iter().enumerate().map(tile).collect(),
        },
        kernels: kernels(plan).into_iter().map(KernelContext::new).collect(),
        call: to_shared(plan).0,
        jump: to_shared(plan).1,
        flash_loads: stages.iter().any(|s| s.loads_from(true)),
        ram_copies: stages.iter().any(|s| s.loads_from(false)),
        buffers: plan
            .memory
            .buffers
            .iter()
            .map(|b| BufferContext { name: b.name.clone(), offset: b.offset })
            .collect(),
        memory_size: plan.memory.size,
        board: request.target.board.as_ref().and_then(|board| {
            let longest = request.target.longest(request.model.query.max_length);
            BoardContext::new(&board.device, &board.profile, &request.model.name, labels, longest)
        }),
        stages,
    }
}

/// The instructions that call code which stages share, and jump to it.
fn to_shared(plan: &Plan) -> (&'static str, &'static str) {
    if plan.far { ("call", "jmp") } else { ("rcall", "rjmp") }
}

impl KernelContext {
    fn new(kernel: Kernel) -> Self {
        let (kind, about) = match kernel.kind {
            Kind::Byte => ("byte", "16-bit accumulators, activations below 256"),
            Kind::Wide => ("wide", "16-bit accumulators, any activation"),
            Kind::Count => ("count", "byte accumulators, counted up and down"),
        };
        let form = match kernel.form {
            Form::Columns | Form::Shared => "lists",
            form => form.name(),
        };
        Self { name: kernel.name(), form, kind, about }
    }
}

/// Every kernel that the stages use, once.
fn kernels(plan: &Plan) -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for i in 0..plan.network.stages.len() {
        let counts = plan.narrow.as_ref().is_some_and(|n| n.counts(i));
        for kernel in kernel(&plan.network.stages[i], plan.forms[i], counts) {
            if !kernels.iter().any(|k: &Kernel| k.name() == kernel.name()) {
                kernels.push(kernel);
            }
        }
    }
    kernels
}

/// Where each phase of a program starts, by label. Code behind a label without a name belongs to the
/// phase that called it.
pub fn phases(plan: &Plan) -> Vec<(String, Option<String>)> {
    let named = |label: &str, name: &str| (label.to_string(), Some(name.to_string()));
    let mut phases = vec![named("set_query", "console")];
    for (i, stage) in plan.network.stages.iter().enumerate() {
        phases.push(named(&stage.name, &stage.name));
        if !matches!(stage.source, Source::Hidden { .. }) {
            for t in 0..plan.memory.tiles[i].len().min(tiles(stage.outputs).len()) {
                let tile = stage::tile_name(&stage.name, t);
                phases.push(named(&format!("{tile}_hash"), "encode"));
                phases.push(named(&format!("{tile}_apply"), &stage.name));
            }
        }
    }
    phases.push(named("argmax", "argmax"));
    phases.push(named("logits_ready", "reply"));
    if matches!(plan.network.answer, Answer::Chat { .. }) {
        phases.push(named("net_begin", "reply"));
    }
    phases.push(("net_shared".into(), None));
    phases
}
