//! A small transformer, quantized: what it computes is in docs/semantics.md, and in [`crate::arithmetic`] as code.

use super::prior::Prior;

/// A sequence model's body: tokens are vectors of `dim` values, which blocks change one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transformer {
    /// Values of the residual stream.
    pub dim: usize,
    /// Heads of queries; a multiple of `kv_heads`.
    pub heads: usize,
    /// Heads of keys and values: query head `h` reads head `h / (heads / kv_heads)`.
    pub kv_heads: usize,
    /// Values of a head, even where positions rotate.
    pub head_size: usize,
    /// Positions whose keys and values are kept: the first one, and the last `window - 1`.
    pub window: usize,
    pub embedding: Matrix,
    pub positions: Positions,
    pub order: NormOrder,
    /// Blocks that run one after the other, each with its own weights.
    pub blocks: Vec<Block>,
    /// How often all blocks run. Above 1 the network is recursive: the latent starts as `start`, and the embedding is added
    /// to it before each time.
    pub rounds: usize,
    /// What the latent starts with in a recursive network; empty in others.
    pub start: Vec<i16>,
    /// Before the output; none where the blocks end with one.
    pub norm: Option<Norm>,
    pub output: Output,
    /// What tokens cost behind those that were read, before the network says anything.
    pub prior: Option<Prior>,
}

/// How a position shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Positions {
    /// Pairs of queries and keys are rotated: pair `i` of each head turns by `steps[i]` 2^-24ths of a turn a position.
    Rotary {
        steps: Vec<u32>,
    },
    /// A row for each position is added to the embedding. There are no positions behind the last row.
    Learnt(Matrix),
    None,
}

/// Where norms stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormOrder {
    /// `x = x + f(norm(x))`.
    Pre,
    /// `x = norm(x + f(narrow(x)))`.
    Post,
}

/// Attention, then the feed-forward layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub attention: Attention,
    pub feed_forward: FeedForward,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    pub norm: Norm,
    /// `[heads · head_size, dim]`.
    pub query: Matrix,
    /// `[kv_heads · head_size, dim]`.
    pub key: Matrix,
    /// `[kv_heads · head_size, dim]`.
    pub value: Matrix,
    /// `[dim, heads · head_size]`.
    pub output: Matrix,
    /// Where queries and keys are normalised, each head of its own: the norms of both.
    pub head_norms: Option<(Norm, Norm)>,
    /// Queries and keys have 16 bits; a rotation divides by 2^rotate_bits (without rotation they are narrowed by as many).
    pub rotate_bits: u8,
    /// A difference of scores is divided by 2^score_bits, then looked up.
    pub score_bits: u8,
    /// 255 first, never rising.
    pub weights: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedForward {
    pub norm: Norm,
    /// `[hidden, dim]`, to 8 bits.
    pub up: Matrix,
    pub activation: Activation,
    /// `[dim, hidden]`, to 16 bits.
    pub down: Matrix,
}

/// What is between up and down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activation {
    /// `max(u, 0)`.
    Relu,
    /// `table[u]`: a byte for each byte, 0 to 127, then -128 to -1.
    Table(Vec<i8>),
    /// `table[g] · u / 2^bits`, rounded, saturated to 8 bits. `matrix` gives the gate `g`: `[hidden, dim]`, to 8 bits.
    Gate { matrix: Matrix, table: Vec<i8>, bits: u8 },
}

/// A root-mean-square norm: see [`crate::arithmetic::norm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Norm {
    /// The result is shifted right by so many bits more.
    pub down: u8,
    /// Mantissas that the elements are multiplied with, and the shift right behind that; none where they are part of the
    /// matrix behind the norm.
    pub gain: Option<(Vec<u8>, u8)>,
    /// Bits that are dropped when the result is narrowed to 8 bits.
    pub narrow: u8,
}

/// What gives the logits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The weights of the embedding, with scales of their own.
    Tied { mantissas: Vec<u8>, shift: u8 },
    /// `[vocabulary, dim]`, or a row for each label, to 16 bits.
    Own(Matrix),
}

/// Weights with a scale a row: row `r` of `W·x` is `sat16((Σ w·x) · mantissas[r] / 2^shift) + bias[r]`, the quotient
/// rounded, saturated to the bits of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    pub rows: usize,
    pub cols: usize,
    pub grid: Grid,
    /// Row by row.
    pub values: Vec<i8>,
    pub mantissas: Vec<u8>,
    /// 0 to 24.
    pub shift: u8,
    /// In units of the result; empty for none.
    pub bias: Vec<i16>,
}

/// The integers that weights may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// `±(2^(bits-1) - 1)`, for 3 to 8 bits.
    Symmetric { bits: u8 },
    /// -1, 0, 1.
    Ternary,
    /// -2, -1, 0, 1.
    TwoBits,
}

impl Grid {
    /// Bits of a weight, two's complement.
    pub fn bits(self) -> u8 {
        match self {
            Self::Symmetric { bits } => bits,
            Self::Ternary | Self::TwoBits => 2,
        }
    }

    /// The smallest and the largest weight.
    pub fn limits(self) -> (i8, i8) {
        match self {
            Self::Symmetric { bits } => {
                let most = ((1i16 << (bits - 1)) - 1) as i8;
                (-most, most)
            }
            Self::Ternary => (-1, 1),
            Self::TwoBits => (-2, 1),
        }
    }
}

impl Transformer {
    /// How many logits there are: one for each token, or for each label.
    pub fn outputs(&self) -> usize {
        match &self.output {
            Output::Own(matrix) => matrix.rows,
            Output::Tied { .. } => self.embedding.rows,
        }
    }

    /// All matrices, in the order in which they are first used.
    pub fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let positions = match &self.positions {
            Positions::Learnt(matrix) => Some(matrix),
            Positions::Rotary { .. } | Positions::None => None,
        };
        let output = match &self.output {
            Output::Own(matrix) => Some(matrix),
            Output::Tied { .. } => None,
        };
        let blocks = self.blocks.iter().flat_map(Block::matrices);
        std::iter::once(&self.embedding).chain(positions).chain(blocks).chain(output)
    }
}

impl Block {
    /// All matrices, in the order in which they are used.
    pub fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let Attention { query, key, value, output, .. } = &self.attention;
        let FeedForward { up, activation, down, .. } = &self.feed_forward;
        let gate = match activation {
            Activation::Gate { matrix, .. } => Some(matrix),
            Activation::Relu | Activation::Table(_) => None,
        };
        [query, key, value, output, up].into_iter().chain(gate).chain([down])
    }
}
