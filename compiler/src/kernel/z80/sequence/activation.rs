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
    /// Gates are looked up before.
    looked: bool,
}

/// The page of a block's table.
fn page(e: &mut Emitter, at: usize, table: &[i8]) -> String {
    let label = format!("activation_{at}");
    e.page(&label, table.iter().map(|&v| v as u8));
    format!("{label}/256")
}

/// The stage of a block whose gates come first: what each becomes, by its table.
pub fn look_up(e: &mut Emitter, at: usize, rows: usize, table: &[i8]) {
    e.stage("activation");
    known::activation(e.known.here(), e.site, rows);
    let page = page(e, at, table);
    e.lines(&["ld hl,gates", &format!("ld b,{}", rows % 256), &format!("ld d,{page}"), "call activate"]);
}

/// The stage of a block.
pub fn stage(e: &mut Emitter, at: usize, layer: &FeedForward) {
    let rows = layer.up.rows % 256;
    e.stage("activation");
    known::activation(e.known.here(), e.site, layer.up.rows);
    match &layer.activation {
        Activation::Relu => e.lines(&["ld hl,ups", &format!("ld b,{rows}"), "call relu"]),
        Activation::Table(table) => {
            let page = page(e, at, table);
            e.lines(&["ld hl,ups", &format!("ld b,{rows}"), &format!("ld d,{page}"), "call activate"]);
        }
        Activation::Gate { table, bits, .. } => {
            let tail = e.rescales.word(*bits);
            let (each, all) = ([(tail.as_str(), 1.0)], gates(e.site.body));
            if all.iter().any(|other| other != bits) {
                e.known.here().detour("gate_plus>ret", &each, Some("gate_back"));
            }
            e.set("rotate_tail", &tail);
            if !e.site.gates_first() {
                let page = page(e, at, table);
                e.lines(&[&format!("ld a,{page}"), "ld (gate_table),a"]);
            }
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
    let looked = e.site.gates_first();
    if looked || kinds().any(|kind| matches!(kind, Activation::Table(_))) {
        code += &e.call("activation.asm", "table", ())?;
    }
    if let Some(&bits) = gates.first() {
        let tail = gates.iter().all(|b| *b == bits).then(|| e.rescales.word(bits));
        code += &e.call("activation.asm", "gate", Gate { tail, looked })?;
    }
    Ok(code)
}
