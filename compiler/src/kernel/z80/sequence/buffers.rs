//! The memory that a program of a sequence model needs.

use super::attend::Caches;
use super::emit::Emitter;
use super::file::RECORD;
use super::program::all_tables;
use super::{choose, fill, rounds, tokens, tools};
use crate::kernel::{PAGE, beams, called};
use crate::model::Transformer;

/// Words that routines keep.
const WORDS: [&str; 47] = [
    "multiply_low",
    "rows_stack",
    "rows_left",
    "rows_sink",
    "rows_out",
    "rows_bias",
    "fill_from",
    "fill_to",
    "fill_low",
    "fill_count",
    "fill_stack",
    "fill_back",
    "fill_back_high",
    "fill_input5",
    "fill_input6",
    "norm_down",
    "norm_s",
    "norm_gain",
    "norm_gains",
    "kept",
    "slot",
    "position",
    "logit",
    "logit_best",
    "logit_index",
    "logit_choice",
    "rotate_tail",
    "rotate_a",
    "rotate_b",
    "gate_table",
    "attend_keys",
    "attend_rows",
    "attend_values",
    "attend_weigh",
    "attend_out",
    "attend_sum",
    "token",
    "token_at",
    "waiting",
    "tokens_length",
    "tokens_front",
    "tokens_table",
    "tokens_to",
    "merge_pairs",
    "merge_at",
    "merge_right",
    "merge_result",
];
/// What they keep beside words.
const OTHERS: [(&str, usize); 8] = [
    ("score_most", 4),
    ("rows_sums", 16),
    ("tokens_unknown", 1),
    ("query_text", 129),
    ("query_length", 1),
    ("line", 130),
    ("caller_stack", 2),
    ("attend_scale", 2),
];
/// Bytes that addresses reach.
const MEMORY: usize = 0x1_0000;
/// Elements of a vector that tables of sums may read behind its end.
const BEHIND: usize = 8;

/// All memory that a program needs.
pub fn place(e: &mut Emitter, encoder: &tokens::Encoder) {
    let tokens::Encoder { text, prompt, merges, .. } = *encoder;
    let pages = all_tables(e).iter().map(|(_, layout)| fill::pages(layout)).max().unwrap_or(0);
    e.buffer("tables", pages * PAGE, true);
    // What only the making of tokens needs lies where tables are later, if there is room.
    let of_text = [
        ("tokens_text", text),
        ("tokens_other_text", text),
        ("merge_ranks", if merges { 2 * prompt } else { 0 }),
    ];
    let is_room = of_text.iter().map(|(_, bytes)| bytes).sum::<usize>() <= pages * PAGE;
    let mut at = 0;
    for (name, bytes) in of_text.into_iter().filter(|_| is_room) {
        e.alias(name, at);
        at += bytes;
    }
    e.buffer("mix_tables", Caches::new(e.site).mix_tables(), true);
    let of_text = of_text.into_iter().filter(|_| !is_room);
    let words = WORDS.map(|name| (name, 2)).into_iter().chain(rounds::words(e));
    let choice = choose::buffers(e.site).into_iter().chain(tools::buffers(e));
    let all = vectors(e).into_iter().chain([("tokens_all", 2 * prompt)]).chain(of_text).chain(words);
    let all = all.chain(OTHERS).chain(choice);
    for (name, bytes) in all {
        e.buffer(name, bytes, false);
    }
    if e.hides_caches() {
        e.buffer("slots", 2, false);
    }
    if all_tables(e).iter().any(|(_, layout)| layout.groups.contains(&8)) {
        e.buffer("fill_input7", 2, false);
    }
    if e.site.filing.is_some() {
        for name in ["file_offset", "file_list", "file_left", "file_behind"] {
            e.buffer(name, 2, false);
        }
        // What is left of the block before goes in front of the next records.
        e.buffer("file_front", RECORD, false);
        e.buffer("file_buffer", e.file.buffer(), false);
    }
    if e.site.request.target.is_library() {
        let body = e.site.body;
        let kept = called::kept(e.site.request, e.site.story, body.outputs());
        called::buffers(kept).into_iter().for_each(|(name, bytes)| e.buffer(name, bytes, false));
    }
    let stack = usize::from(e.site.request.target.stack);
    if stack > 0 {
        e.buffer("stack", stack, false);
        e.buffer("stack_top", 0, false);
    }
}

/// The caches where they lie apart: their labels and addresses; and the bytes of both.
pub fn second(e: &Emitter) -> (Vec<(&'static str, usize)>, usize) {
    let Some(first) = e.site.second_ram.map(|first| usize::from(first) + e.front()) else {
        return (vec![], 0);
    };
    let (keys, values) = Caches::new(e.site).bytes(e.site.body);
    // Behind the last address it is any: such a program is refused for the size of its caches.
    (vec![("cache_keys", first), ("cache_values", (first + keys) % MEMORY)], keys + values)
}

/// Bytes of the network's vectors and caches.
fn vectors(e: &Emitter) -> Vec<(&'static str, usize)> {
    let body = e.site.body;
    let (dim, size) = (body.dim, body.head_size);
    let (queries, keys, hidden) = (body.heads * size, body.kv_heads * size, hidden(body));
    let caches = Caches::new(e.site);
    let (key_cache, value_cache) = caches.bytes(body);
    let copies = beams::caches(e.site.story);
    let is_here = |(name, _): &(&str, usize)| e.site.second_ram.is_none() || !name.starts_with("cache_");
    let all = vec![
        ("latent", 2 * dim),
        ("embedded", 2 * body.start.len()),
        ("bytes", dim + BEHIND),
        ("queries", 2 * queries),
        ("keys", 2 * keys),
        ("values", keys + BEHIND),
        ("query_bytes", queries + BEHIND),
        ("key_bytes", keys + BEHIND),
        ("mixed", queries + BEHIND),
        ("ups", hidden + BEHIND),
        ("gates", hidden + BEHIND),
        ("embed_bytes", dim + BEHIND),
        ("cache_keys", copies * key_cache),
        ("cache_values", copies * value_cache),
        ("scores", 3 * caches.window),
        ("weights", caches.window + 4),
        ("phase_sums", 3 * size / 2),
        ("turns", size),
    ];
    all.into_iter().filter(is_here).collect()
}

/// The widest hidden layer.
pub fn hidden(body: &Transformer) -> usize {
    body.blocks.iter().map(|block| block.feed_forward.up.rows).max().unwrap_or(0)
}
