//! What is between the two matrices of a feed-forward layer.

use super::emit::Emitter;
use super::known;
use crate::CompileError;
use crate::model::{Activation, Block, FeedForward, Transformer};
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
    known::activation(e.known.here(), e.site, layer.up.rows);
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
            let (each, all) = ([(tail.as_str(), 1.0)], gates(e.site.body));
            if all.iter().any(|other| other != bits) {
                e.known.here().detour("gate_plus>ret", &each, Some("gate_back"));
            }
            e.set("rotate_tail", &tail);
            e.lines(&[&format!("ld a,{page}"), "ld (gate_table),a"]);
            e.lines(&["ld hl,ups", "ld (rows_out),hl", "ld hl,gates"]);
            e.lines(&[&format!("ld b,{rows}"), "call gate"]);
        }
    }
}

/// By how many bits the products of each gate are shifted.
fn gates(body: &Transformer) -> Vec<u8> {
    let bits = |block: &Block| match block.feed_forward.activation {
        Activation::Gate { bits, .. } => Some(bits),
        Activation::Relu | Activation::Table(_) => None,
    };
    body.blocks.iter().filter_map(bits).collect()
}

/// The routines that the blocks call.
pub fn code(e: &mut Emitter) -> Result<String, CompileError> {
    let kinds = || e.site.body.blocks.iter().map(|block| &block.feed_forward.activation);
    let gates = gates(e.site.body);
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
