//! Blocks that run in several rounds, with the same code: the embedding is added to the residual stream before each, and
//! each has caches of its own.

use super::attend::Caches;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::beams;
use crate::kernel::predict::Runs;
use serde::Serialize;

#[derive(Serialize)]
struct Code {
    dim: usize,
}

/// A cache whose place depends on the round.
#[derive(Clone, Copy)]
pub enum Cache {
    Keys,
    Values,
}

impl Cache {
    fn name(self) -> &'static str {
        match self {
            Self::Keys => "cache_keys",
            Self::Values => "cache_values",
        }
    }

    /// Where the address of the first byte is, where each reply has caches of its own.
    fn of_reply(self) -> &'static str {
        match self {
            Self::Keys => "beam_keys",
            Self::Values => "beam_values",
        }
    }

    /// Lets HL be the place that is so many bytes behind the first of this round.
    pub fn place(self, e: &mut Emitter, offset: usize) {
        let name = self.name();
        match e.site.body.rounds {
            1 if beams::width(e.site.story).is_some() => {
                let first = self.of_reply();
                e.lines(&[&format!("ld hl,({first})"), &format!("ld de,{offset}"), "add hl,de"]);
            }
            1 => e.line(format!("ld hl,{name}+{offset}")),
            _ => {
                let round = match self {
                    Self::Keys => "round_key",
                    Self::Values => "round_value",
                };
                e.lines(&[&format!("ld hl,{offset}"), &format!("call {round}")]);
            }
        }
    }
}

/// What is kept of the rounds.
pub fn words(e: &Emitter) -> Vec<(&'static str, usize)> {
    match e.site.body.rounds {
        1 => vec![],
        _ => vec![("round_keys", 2), ("round_values", 2), ("rounds_left", 2)],
    }
}

/// What stands in front of the blocks.
pub fn begin(e: &mut Emitter) {
    let body = e.site.body;
    if body.start.is_empty() {
        return;
    }
    e.words("start_values", body.start.iter().map(|&v| v as u16));
    e.stage("embed");
    e.line("call begin");
    e.known.here().repeats("begin>ldir", 2.0 * body.dim as f64);
    if body.rounds > 1 {
        for (word, cache) in [("round_keys", Cache::Keys), ("round_values", Cache::Values)] {
            match beams::width(e.site.story) {
                Some(_) => e.set(word, &format!("({})", cache.of_reply())),
                None => e.set(word, cache.name()),
            }
        }
        e.set("rounds_left", &body.rounds.to_string());
        e.label("net_again");
        e.known.part("net_again", Runs::Rounds);
    }
    e.line("call again");
    e.known.here().rounds("again_next", body.dim as f64);
}

/// What stands behind the blocks.
pub fn end(e: &mut Emitter) {
    let body = e.site.body;
    if body.rounds == 1 {
        return;
    }
    let (keys, values) = Caches::new(e.site).round_bytes(body);
    e.stage("embed");
    for (cache, bytes) in [(Cache::Keys, keys), (Cache::Values, values)] {
        let (to, from) = match cache {
            Cache::Keys => ("round_keys", "round_key"),
            Cache::Values => ("round_values", "round_value"),
        };
        e.lines(&[&format!("ld hl,{bytes}"), &format!("call {from}"), &format!("ld ({to}),hl")]);
    }
    e.lines(&["ld hl,rounds_left", "dec (hl)", "jp nz,net_again"]);
}

/// The routines.
pub fn code(e: &Emitter) -> Result<String, CompileError> {
    let body = e.site.body;
    let mut code = String::new();
    if !body.start.is_empty() {
        code += &e.call("rounds.asm", "code", Code { dim: body.dim })?;
    }
    if body.rounds > 1 {
        code += &e.call("rounds.asm", "caches", ())?;
    }
    Ok(code)
}
