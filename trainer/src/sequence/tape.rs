//! What a forward pass keeps for the way back. Its memory is used again for the next chunk.

use super::ops::attention::Scratch;
use super::ops::product::Packed;

/// A block in a round.
#[derive(Debug, Default)]
pub(crate) struct Visit {
    /// What goes into queries, keys and values: `[rows, dim]`, narrowed.
    pub attention_in: Vec<f32>,
    /// One over the root mean square that it was divided by (behind the sum, where norms stand behind layers).
    pub attention_inverse: Vec<f32>,
    /// Queries, keys and values as attention gets them: `[rows, queries + 2 · keys]`.
    pub qkv: Vec<f32>,
    /// Queries and keys behind their norm, before they are rotated: `[rows, queries + keys]`.
    pub heads: Vec<f32>,
    pub heads_inverse: Vec<f32>,
    /// What each position gives to each other, of each text and head.
    pub shares: Vec<f32>,
    /// What attention gives: `[rows, queries]`.
    pub mixed: Vec<f32>,
    /// The stream behind attention, where norms stand behind layers.
    pub attention_out: Vec<f32>,
    /// As of attention.
    pub feed_in: Vec<f32>,
    pub feed_inverse: Vec<f32>,
    /// Gate and up, narrowed.
    pub feed: Vec<f32>,
    /// What goes into the last matrix, narrowed: `[rows, hidden]`.
    pub hidden: Vec<f32>,
    pub feed_out: Vec<f32>,
}

/// Everything of a chunk.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// Embedding of each token, with its position.
    pub embedded: Vec<f32>,
    /// The residual stream.
    pub stream: Vec<f32>,
    pub visits: Vec<Visit>,
    /// Of the rows that count: behind the last norm, before its gain, `[targets, dim]`.
    pub normed: Vec<f32>,
    pub last_inverse: Vec<f32>,
    /// What goes into the output: `[targets, dim]`, narrowed.
    pub last: Vec<f32>,
    /// `[targets, outputs]`; then their gradients.
    pub logits: Vec<f32>,
    /// What a layer gives.
    pub delta: Vec<f32>,
    pub scratch: Scratch,
    pub strip: Packed,
}

/// Makes room for `len` values, whose content does not matter.
pub(crate) fn room(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() != len {
        buffer.resize(len, 0.0);
    }
    buffer
}
