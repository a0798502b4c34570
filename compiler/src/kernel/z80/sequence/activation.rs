//! What is between the two matrices of a feed-forward layer.

use super::emit::Emitter;
use crate::CompileError;
use crate::model::{Activation, FeedForward};
use serde::Serialize;

#[derive(Serialize)]
struct Gate {
    /// What narrows a product, where all gates have the same.
    tail: Option<String>,
}

/// The stage of a block.
pub fn stage(e: &mut Emitter, at: usize, layer: &FeedForward) {
    let rows = layer.up.rows % 256;
    e.stage("activation");
    let page = |e: &mut Emitter, table: &[i8]| {
        let label = format!("activation_{at}");
        e.page(&label, table.iter().map(|&v| v as u8));
        format!("{label}/256")
    };
    match &layer.activation {
        Activation::Relu => e.lines(&["ld hl,ups", &format!("ld b,{rows}"), "call relu"]),
        Activation::Table(table) => {
            let page = page(e, table);
            e.lines(&["ld hl,ups", &format!("ld b,{rows}"), &format!("ld d,{page}"), "call activate"]);
        }
        Activation::Gate { table, bits, .. } => {
            let page = page(e, table);
            let tail = e.rescales.word(*bits);
            e.set("rotate_tail", &tail);
            e.lines(&[&format!("ld a,{page}"), "ld (gate_table),a"]);
            e.lines(&["ld hl,ups", "ld (rows_out),hl", "ld hl,gates"]);
            e.lines(&[&format!("ld b,{rows}"), "call gate"]);
        }
    }
}

/// The routines that the blocks call.
pub fn code(e: &mut Emitter) -> Result<String, CompileError> {
    let kinds = || e.site.body.blocks.iter().map(|block| &block.feed_forward.activation);
    let gates: Vec<u8> = kinds()
        .filter_map(|kind| match kind {
            Activation::Gate { bits, .. } => Some(*bits),
            Activation::Relu | Activation::Table(_) => None,
        })
        .collect();
    let mut code = String::new();
    if kinds().any(|kind| *kind == Activation::Relu) {
        code += &e.call("activation.asm", "relu", ())?;
    }
    if kinds().any(|kind| matches!(kind, Activation::Table(_))) {
        code += &e.call("activation.asm", "table", ())?;
    }
    if let Some(&bits) = gates.first() {
        let tail = gates.iter().all(|b| *b == bits).then(|| e.rescales.word(bits));
        code += &e.call("activation.asm", "gate", Gate { tail })?;
    }
    Ok(code)
}
