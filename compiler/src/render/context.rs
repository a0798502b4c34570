//! What the templates of a whole program are given.

use super::stage::{self, StageContext};
use super::text;
use crate::Request;
use crate::ir::Form;
use crate::plan::Plan;
use crate::plan::network::{Answer, Source, Stage};
use crate::plan::z80::lists::{self, tiles};
use serde::Serialize;
use std::collections::BTreeSet;

/// Context of `program.asm`.
#[derive(Serialize)]
pub struct Program {
    name: String,
    about: String,
    target: String,
    origin: String,
    /// The plan, for the comment on top.
    table: Vec<String>,
    max_query: u8,
    chat: bool,
    charset: Vec<String>,
    /// The charset has a TAB, which BDOS function 2 would expand.
    tab_used: bool,
    /// A reply can have a character that is not printed everywhere as it is: one outside 20h to 7Fh.
    controls_used: bool,
    end_mark: usize,
    window: u8,
    max_reply: u8,
    label_words: Vec<String>,
    label_texts: Vec<String>,
    stages: Vec<StageContext>,
    output: OutputContext,
    columns_used: bool,
    adds_used: bool,
    packed_used: bool,
    bits_used: bool,
    /// Outputs left behind the last eight of a tile, for all binary stages.
    bit_rests: Vec<usize>,
    carries_used: bool,
    /// The kernels of gaps that are used: adding before subtracting, each pair together.
    gap_kernels: Vec<GapKernel>,
    blocks: [Block; 2],
    counters: Vec<Counter>,
    routines: Vec<Routine>,
    /// Labels of all `ei` instructions.
    enables: Vec<String>,
    buffers: Vec<BufferContext>,
    memory_size: usize,
}

/// The unrolled additions or subtractions of the column kernel.
#[derive(Serialize)]
struct Block {
    name: &'static str,
    op: &'static str,
    fix: &'static str,
}

/// The unrolled counting up or down of byte accumulators.
#[derive(Serialize)]
struct Counter {
    name: &'static str,
}

/// A subroutine that walks a list of gaps.
#[derive(Serialize)]
struct GapKernel {
    name: &'static str,
    /// The one that walks the list behind this one; none behind the second.
    then: Option<&'static str>,
    /// Adds to or subtracts from a low byte, and mends the high one; or, counting, does all there is to do.
    op: &'static str,
    fix: &'static str,
    count: Option<&'static str>,
}

/// What four weights in one packed byte do.
#[derive(Serialize)]
struct Routine {
    byte: u8,
    label: String,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct BufferContext {
    name: String,
    offset: usize,
}

/// The accumulators that are the logits.
#[derive(Serialize)]
struct OutputContext {
    acc: String,
    stride: usize,
    tiles: usize,
    logit_mask: u8,
    logit_tiles: Vec<LogitTile>,
}

/// Logits of one tile that are still to be compared: all but the very first.
#[derive(Serialize)]
struct LogitTile {
    index: usize,
    count: usize,
}

/// The context of a plan.
pub fn program(plan: &Plan, request: &Request) -> Program {
    let network = &plan.network;
    let stages: Vec<_> = (0..network.stages.len()).map(|i| stage::context(plan, i, request.target)).collect();
    let uses = |form| plan.forms.contains(&form);
    let packed_used = packed(plan, false).next().is_some();
    let (charset, end_mark, window, max_reply, labels) = match &network.answer {
        Answer::Chat { charset, context, max_reply } => {
            (text::quoted(charset), charset.len() - 1, *context, *max_reply, &[][..])
        }
        Answer::Label { labels } => (vec![], 0, 0, 0, labels.as_slice()),
    };
    let quoted = |(i, label): (usize, &String)| {
        format!("label_{i}: db {},0", text::quoted(label.as_bytes()).join(","))
    };
    Program {
        name: network.name.clone(),
        about: request.model.about.replace(char::is_control, " "),
        target: request.target.name.clone(),
        origin: format!("{:05X}h", request.target.origin),
        table: plan.table().lines().map(str::to_string).collect(),
        max_query: request.model.query.max_length.min(request.target.longest_query),
        chat: matches!(network.answer, Answer::Chat { .. }),
        charset,
        tab_used: matches!(&network.answer, Answer::Chat { charset, .. } if charset.contains(&9)),
        controls_used: match &network.answer {
            Answer::Chat { charset, .. } => charset[..end_mark].iter().any(|b| !(32..128).contains(b)),
            Answer::Label { labels } => labels.iter().any(|l| l.bytes().any(|b| !(32..128).contains(&b))),
        },
        end_mark,
        window,
        max_reply,
        label_words: (0..labels.len()).map(|i| format!("label_{i}")).collect(),
        label_texts: labels.iter().enumerate().map(quoted).collect(),
        enables: stages.iter().flat_map(StageContext::enables).collect(),
        output: output(plan),
        columns_used: adds(plan) || counters(plan),
        adds_used: adds(plan),
        packed_used,
        bits_used: packed(plan, true).next().is_some(),
        bit_rests: bit_rests(plan),
        carries_used: packed_used || uses(Form::Unrolled),
        gap_kernels: gap_kernels(plan),
        blocks: [
            Block { name: "add", op: "add a,", fix: "inc" },
            Block { name: "sub", op: "sub", fix: "dec" },
        ],
        counters: match counters(plan) {
            true => vec![Counter { name: "inc" }, Counter { name: "dec" }],
            false => vec![],
        },
        routines: routines(plan),
        buffers: plan
            .memory
            .buffers
            .iter()
            .map(|b| BufferContext { name: format!("{:<15}", b.name), offset: b.offset })
            .collect(),
        memory_size: plan.memory.size,
        stages,
    }
}

fn output(plan: &Plan) -> OutputContext {
    let index = plan.network.stages.len() - 1;
    let stage = plan.network.output();
    let sizes = tiles(stage.visible());
    let rest = |(index, &count): (usize, &usize)| LogitTile {
        index,
        count: if index == 0 { count - 1 } else { count },
    };
    OutputContext {
        acc: format!("{}_acc", stage.name),
        stride: plan.memory.strides[index],
        tiles: sizes.len(),
        logit_mask: (0xFFu16 << plan.network.shift) as u8,
        logit_tiles: sizes.iter().enumerate().map(rest).collect(),
    }
}

/// The pairs of kernels that stages of gaps call.
fn gap_kernels(plan: &Plan) -> Vec<GapKernel> {
    let kernel = |name, then, op, fix, count| GapKernel { name, then, op, fix, count };
    let wide = [
        kernel("gap_add", Some("gap_sub"), "add a,", "inc", None),
        kernel("gap_sub", None, "sub ", "dec", None),
    ];
    let bytes = [
        kernel("gap_inc", Some("gap_dec"), "", "", Some("inc")),
        kernel("gap_dec", None, "", "", Some("dec")),
    ];
    let counts = |i| plan.narrow.as_ref().is_some_and(|n| n.counts(i));
    let uses =
        |counted| plan.forms.iter().enumerate().any(|(i, form)| *form == Form::Gaps && counts(i) == counted);
    let used = [(wide, uses(false)), (bytes, uses(true))];
    used.into_iter().filter(|(_, used)| *used).flat_map(|(kernels, _)| kernels).collect()
}

/// Whether any index list adds to accumulators of 16 bits.
fn adds(plan: &Plan) -> bool {
    let counts = |i| plan.narrow.as_ref().is_some_and(|n| n.counts(i));
    let quick = plan.quick.iter().any(|columns| !columns.is_empty());
    quick || plan.forms.iter().enumerate().any(|(i, f)| f.is_lists() && !counts(i))
}

/// Whether any index list counts in bytes.
fn counters(plan: &Plan) -> bool {
    let counts = |i| plan.narrow.as_ref().is_some_and(|n| n.counts(i));
    plan.forms.iter().enumerate().any(|(i, f)| f.is_lists() && counts(i))
}

/// Packed stages with one bit a weight, or those with two.
fn packed(plan: &Plan, binary: bool) -> impl Iterator<Item = &Stage> {
    let packed = plan.network.stages.iter().zip(&plan.forms).filter(|(_, f)| **f == Form::Packed);
    packed.map(|(s, _)| s).filter(move |s| lists::is_binary(s) == binary)
}

fn bit_rests(plan: &Plan) -> Vec<usize> {
    let rests = packed(plan, true).flat_map(|s| tiles(s.outputs)).map(|n| n % 8).filter(|&n| n > 0);
    rests.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The routines of all bytes that packed stages hold.
fn routines(plan: &Plan) -> Vec<Routine> {
    let bytes: BTreeSet<u8> = packed(plan, false)
        .flat_map(|s| s.columns.iter().flat_map(|c| lists::packed(c, s.outputs)))
        .collect();
    let routine = |byte| Routine { byte, label: format!("packed_{byte:02x}"), lines: routine(byte) };
    bytes.into_iter().map(routine).collect()
}

/// Adds the activation to four accumulators as the weights in `byte` say, and moves on to the next four.
fn routine(byte: u8) -> Vec<String> {
    let mut lines = Vec::new();
    for i in 0..4 {
        match byte >> (2 * i) & 3 {
            0b00 => {}
            0b01 => lines.extend(["ld a,(hl)", "add a,e", "call c,carry", "ld (hl),a"]),
            0b11 => lines.extend(["ld a,(hl)", "sub e", "call c,borrow", "ld (hl),a"]),
            _ => lines.extend(["ld a,(hl)", "sub e", "call c,borrow", "sub e", "call c,borrow", "ld (hl),a"]),
        }
        lines.push("inc l");
    }
    lines.into_iter().map(str::to_string).collect()
}

/// Where each phase of a program starts, by label. Code behind a label without a name belongs to the
/// phase that called it.
pub fn phases(plan: &Plan) -> Vec<(String, Option<String>)> {
    let mut phases = vec![("start".to_string(), Some("console".to_string()))];
    for stage in &plan.network.stages {
        let own = |label: String| (label, Some(stage.name.clone()));
        phases.push(own(stage.name.clone()));
        if is_hashed(stage) {
            phases.push((format!("{}_hash", stage.name), Some("encode".into())));
            phases.push(own(format!("{}_apply", stage.name)));
        }
    }
    phases.push(("argmax".into(), Some("argmax".into())));
    phases.push(("logits_ready".into(), Some("reply".into())));
    if matches!(plan.network.answer, Answer::Chat { .. }) {
        phases.push(("net_begin".into(), Some("reply".into())));
    }
    let uses = |form| plan.forms.contains(&form);
    let shared = [
        (adds(plan), "add_fix_0"),
        (counters(plan), "inc_36"),
        (uses(Form::Gaps), "gaps"),
        (packed(plan, false).next().is_some(), "packed_loop"),
        (packed(plan, true).next().is_some(), "bits_sub_fix_0"),
        (packed(plan, false).next().is_some() || uses(Form::Unrolled), "carry"),
        (true, "copy"),
    ];
    phases.extend(shared.into_iter().filter(|(used, _)| *used).map(|(_, label)| (label.to_string(), None)));
    phases
}

fn is_hashed(stage: &Stage) -> bool {
    !matches!(stage.source, Source::Hidden { .. })
}
