//! Vectors of a step that a caller can look at.

/// Which vector of a step is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vector {
    /// Embedding of the token, with a learnt position. Shown once a step, as pass 0, layer 0.
    Embedding,
    /// The residual stream `z`: at the start of each pass behind `z += embedding` (as layer 0), and behind each of
    /// the two additions of a block. With post-norm it is shown behind the norm.
    Residual,
    /// With post-norm only: the sum of residual and part that is normalised next.
    Sum,
    /// What goes into wq, wk and wv: `z`, normalised with pre-norm.
    AttentionIn,
    /// Queries before they are rotated (normalised if the network does), with their bias.
    Query,
    /// Keys likewise.
    Key,
    /// Queries as they are scored: rotated, or the same as before.
    RotatedQuery,
    /// Keys as they are cached.
    RotatedKey,
    /// Values as they are cached.
    Value,
    /// `q·k / √head_size`, of each head a score for each slot of the cache, one head behind the other.
    Scores,
    /// Values mixed by the softmax of the scores, all heads: what goes into wo.
    AttentionOut,
    /// What the attention adds to `z`.
    AttentionDelta,
    /// What goes into gate and up: `z`, normalised with pre-norm.
    FeedIn,
    /// The gate before its function. Only of gated networks.
    Gate,
    /// Up, before anything.
    Up,
    /// What goes into down: `silu(gate) · up`, for one.
    Hidden,
    /// What the feed-forward part adds to `z`.
    FeedDelta,
    /// What goes into the output: `z` behind the final norm, if there is one. As of the last pass and layer.
    Final,
    /// The result.
    Logits,
}

/// Where in a step a vector was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Which vector.
    pub vector: Vector,
    /// How often the blocks had been applied before, 0 in an ordinary network.
    pub pass: usize,
    /// The block.
    pub layer: usize,
}

/// Whoever looks at the vectors of a step.
pub(super) type Observe<'o> = &'o mut dyn FnMut(Spot, &[f32]);
/// Whoever looks at the vectors of a block.
pub(super) type Show<'o> = &'o mut dyn FnMut(Vector, &[f32]);
