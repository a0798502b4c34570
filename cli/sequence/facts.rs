//! What `mlc inspect --json` prints of a sequence model.

use super::describe::{cache_bytes, grid, named};
use mlc_compiler::model::{Model, Story, Tokens, Transformer};
use serde::Serialize;

#[derive(Serialize)]
pub struct Facts<'a, T> {
    name: &'a str,
    about: &'a str,
    kind: &'static str,
    /// Tokens that it knows, and pairs of them that are joined.
    tokens: usize,
    merges: usize,
    dim: usize,
    blocks: usize,
    /// How often the blocks are applied.
    rounds: usize,
    heads: usize,
    kv_heads: usize,
    head_size: usize,
    hidden: usize,
    /// Positions that it looks back at.
    window: usize,
    /// Tokens that it reads for a question, its own and those written.
    most_tokens: u16,
    /// Of keys and values, on the machine.
    cache_bytes: usize,
    weights: usize,
    matrices: Vec<MatrixFacts>,
    /// What it gives, where it writes no text.
    labels: Vec<&'a str>,
    /// Of labels that it can be unsure of.
    margin: Option<u8>,
    /// Names of what its tokens read and switch.
    tools: Vec<&'a str>,
    /// Whether it fits each of them, and what it takes there.
    targets: Vec<T>,
    training: Vec<(&'a str, &'a str)>,
}

#[derive(Serialize)]
struct MatrixFacts {
    matrix: String,
    inputs: usize,
    outputs: usize,
    grid: String,
    nonzero: usize,
    bytes: usize,
}

impl<'a, T> Facts<'a, T> {
    pub fn new(
        model: &'a Model,
        (tokens, body, story): (&'a Tokens, &'a Transformer, &'a Story),
        targets: Vec<T>,
    ) -> Self {
        let matrices = named(body).into_iter().map(|(matrix, of)| MatrixFacts {
            matrix,
            inputs: of.cols,
            outputs: of.rows,
            grid: grid(of),
            nonzero: of.values.iter().filter(|&&w| w != 0).count(),
            bytes: (of.values.len() * usize::from(of.grid.bits())).div_ceil(8),
        });
        Self {
            name: &model.head.name,
            about: &model.head.about,
            kind: crate::models::family(model),
            tokens: tokens.tokenizer.pieces.len(),
            merges: tokens.tokenizer.merges().len(),
            dim: body.dim,
            blocks: body.blocks.len(),
            rounds: body.rounds,
            heads: body.heads,
            kv_heads: body.kv_heads,
            head_size: body.head_size,
            hidden: body.blocks.iter().map(|block| block.feed_forward.up.rows).max().unwrap_or(0),
            window: body.window,
            most_tokens: story.most,
            cache_bytes: cache_bytes(body),
            weights: model.body.weights(),
            matrices: matrices.collect(),
            labels: story.labels.iter().map(String::as_str).collect(),
            margin: Some(story.margin).filter(|margin| *margin > 0),
            tools: story.tools.iter().map(|tool| tool.name.as_str()).collect(),
            targets,
            training: model.head.training.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
        }
    }
}
