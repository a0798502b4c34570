//! Where the buffers of a network lie in RAM.

use super::choose::Choice;
use super::talk;
use crate::kernel::{Buffer, Memory, PAGE, beams};
use crate::model::{Activation, Positions, Story, Transformer, Turns};

/// Variables, with their bytes.
const VARIABLES: [(&str, usize); 24] = [
    ("net_rows", 1),
    ("net_blocks", 1),
    ("net_sum", 3),
    ("net_inputs", 2),
    ("net_best", 2),
    ("net_token", 2),
    ("logit", 2),
    ("net_keys", 2),
    ("net_table", 1),
    ("net_query", 2),
    ("net_mixed", 2),
    ("net_kv_left", 1),
    ("net_heads_left", 1),
    ("net_kept", 1),
    ("net_slot", 1),
    ("net_position", 2),
    ("net_next", 2),
    ("net_waiting", 1),
    ("net_reciprocal", 1),
    ("net_normal", 1),
    ("net_total", 3),
    ("net_length", 1),
    ("net_from", 2),
    ("net_until", 2),
];

/// Bytes of text and tokens.
#[derive(Debug, Clone, Copy)]
pub struct TextBytes {
    /// Most bytes of a text that becomes tokens.
    pub text: usize,
    /// Bytes of the tokens that wait.
    pub waiting: usize,
}

/// What a network needs beside sums and tables of sums.
pub struct Frame<'a> {
    body: &'a Transformer,
    text: TextBytes,
    hidden: usize,
    gated: bool,
    rotates: bool,
    /// Of the answer.
    answer: Vec<(&'static str, usize)>,
    /// How many replies have keys and values of their own.
    copies: usize,
    /// What was read stays for the next line.
    keeps: bool,
}

impl<'a> Frame<'a> {
    pub fn new(body: &'a Transformer, story: &Story, text: TextBytes) -> Self {
        let layers = body.blocks.iter().map(|block| &block.feed_forward);
        Self {
            body,
            text,
            hidden: layers.clone().map(|layer| layer.up.rows).max().unwrap_or(0),
            gated: layers.clone().any(|layer| matches!(layer.activation, Activation::Gate { .. })),
            rotates: matches!(body.positions, Positions::Rotary { .. }),
            answer: talk::buffers(story, body),
            copies: beams::caches(story),
            keeps: Turns::is_kept(story.turns.as_ref()),
        }
    }

    /// Bytes that sums and tables need at least, so that what shares memory with them has room: the scores and weights of
    /// a head. Where gains are, a vector of 16 bits lies where sums do.
    fn least(&self, pages: usize) -> usize {
        let (sums, scores) = self.scores();
        let heads = if self.apart() { PAGE + sums + scores } else { PAGE };
        let norms = self.body.blocks.iter().flat_map(|b| [&b.attention.norm, &b.feed_forward.norm]);
        let gains = norms.chain(&self.body.norm).any(|norm| norm.gain.is_some());
        heads.max(if gains { pages * PAGE + 2 * self.body.dim } else { 0 })
    }

    fn scores(&self) -> (usize, usize) {
        (3 * self.body.head_size, 3 * self.body.window)
    }

    /// Whether scores do not fit the page of the weights.
    fn apart(&self) -> bool {
        let (sums, scores) = self.scores();
        sums + scores + self.body.window > PAGE
    }

    fn heads(&self) -> (usize, usize) {
        let size = self.body.head_size;
        (self.body.heads * size, self.body.kv_heads * size)
    }

    /// Bytes of the caches of a round.
    fn round(&self) -> usize {
        let (_, shared) = self.heads();
        self.body.blocks.len() * 2 * shared * self.body.window
    }

    /// Bytes of a reply's caches.
    pub fn reply(&self) -> usize {
        self.body.rounds * self.round()
    }

    /// The buffers behind sums and tables, with their bytes, in their order.
    fn behind(&self) -> Vec<(&'static str, usize)> {
        let body = self.body;
        let (own, shared) = self.heads();
        let layer = if self.gated { 2 * self.hidden } else { self.hidden };
        let mut all = vec![
            ("stream", 2 * body.dim),
            ("act", body.dim.max(own)),
            ("queries", (2 * own + 3 * shared).max(layer)),
            ("caches", self.copies * self.reply()),
        ];
        if !body.start.is_empty() {
            all.push(("embedded", 2 * body.dim));
        }
        if body.rounds > 1 {
            all.extend([("net_caches", 2), ("net_round", 1)]);
        }
        if self.rotates {
            all.extend([("phases", 3 * body.head_size / 2), ("angles", body.head_size)]);
        }
        all.push(("net_tokens", self.text.waiting));
        all.extend(VARIABLES);
        all.extend(&self.answer);
        all
    }

    /// Bytes of everything but sums and tables, and those that these have at least.
    pub fn bytes(&self) -> (usize, usize) {
        (self.behind().iter().map(|(_, size)| size).sum(), self.least(0))
    }

    /// Where everything lies. Text and tokens in the making lie where later the network works.
    pub fn place(&self, choice: &Choice, start: usize) -> Memory {
        let mut buffers = Vec::new();
        let mut put = |name: &str, offset: usize, size: usize| {
            buffers.push(Buffer { name: name.to_string(), offset, size, stage: None, live: None });
        };
        let tables = choice.pages * PAGE;
        let (sums, scores) = self.scores();
        put("tables", 0, tables);
        put("acc", tables, choice.acc);
        // While heads attend there are no tables and sums. The weights of positions end with their page.
        put("spare", tables, 0);
        put("weights", 0, 0);
        let from = if self.apart() { PAGE } else { 0 };
        put("sums", from, 0);
        put("scores", from + sums, 0);
        debug_assert!(self.apart() || sums + scores + self.body.window <= PAGE);
        let mut end = (tables + choice.acc).max(self.least(choice.pages));
        let mut places = Vec::new();
        for (name, size) in self.behind() {
            if name == "net_tokens" || name == "caches" && self.keeps {
                // What waits must not lie where text becomes tokens, nor what is kept for the next line.
                end = end.max(5 * self.text.text + 8);
            }
            put(name, end, size);
            places.push((name, end));
            end += size;
        }
        let at = |name: &str| places.iter().find(|place| place.0 == name).map_or(0, |place| place.1);
        let (own, shared) = self.heads();
        put("mixed", at("act"), 0);
        put("keys", at("queries") + 2 * own, 0);
        put("values", at("queries") + 2 * own + 2 * shared, 0);
        put("up", at("queries"), 0);
        put("gates", at("queries") + self.hidden, 0);
        put("net_text", 0, 0);
        put("net_list", self.text.text + 2, 0);
        put("net_ranks", 3 * self.text.text + 4, 0);
        Memory { buffers, tiles: vec![], start: Some(start), size: end }
    }
}
