//! What a sequence model is, without its weights, and how large it may be.

use super::Problem;

/// Largest width of the residual stream.
pub const MAX_DIM: usize = 8192;
/// Most layers.
pub const MAX_LAYERS: usize = 256;
/// Most heads of a layer.
pub const MAX_HEADS: usize = 256;
/// Most values of a head.
pub const MAX_HEAD_SIZE: usize = 1024;
/// Most hidden neurons of a feed-forward part.
pub const MAX_HIDDEN: usize = 1 << 16;
/// Most tokens.
pub const MAX_VOCABULARY: usize = 1 << 20;
/// Most positions that a network may say it was trained for.
pub const MAX_POSITIONS: usize = 1 << 22;
/// Most times that the blocks are applied.
pub const MAX_PASSES: usize = 64;
/// Most weights of a network: 1 GiB as floats.
pub const MAX_WEIGHTS: u64 = 1 << 28;

/// How values of a head are paired for rotation. Pair `i` turns by `position · theta^(-2i / head_size)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Pair `i` is the values `2i` and `2i + 1` (Llama's own code, llama2.c). All importers give this one.
    Adjacent,
    /// Pair `i` is the values `i` and `i + head_size / 2` (Hugging Face).
    Half,
}

/// How a network knows positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Position {
    /// Queries and keys are rotated by angles that grow with the position (RoPE).
    Rope {
        /// Base of the angles, 10,000 in most networks.
        theta: f32,
        /// Which values of a head turn together.
        layout: Layout,
    },
    /// A vector for each position is added to the embedding.
    Learnt,
    /// Not at all.
    None,
}

/// What the feed-forward part computes between its matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `SiLU(gate) · up`, three matrices.
    SwiGlu,
    /// `max(0, gate) · up`, three matrices.
    ReluGate,
    /// `max(0, up)`, two matrices.
    Relu,
    /// `max(0, up)²`, two matrices.
    SquaredRelu,
}

impl Activation {
    /// Whether there is a matrix for the gate.
    pub fn is_gated(self) -> bool {
        matches!(self, Self::SwiGlu | Self::ReluGate)
    }
}

/// Where a block normalises, always by the root mean square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// `z = z + f(norm(z))` (Llama).
    Pre,
    /// `z = norm(z + f(z))` (TRM).
    Post,
}

/// The shape of a network. One that passed [`Shape::check`] has no size that overflows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Values of the residual stream.
    pub dim: usize,
    /// Blocks of attention and feed-forward part that have weights of their own.
    pub layers: usize,
    /// Heads of the queries.
    pub heads: usize,
    /// Heads of keys and values; `heads` is a multiple of it.
    pub kv_heads: usize,
    /// Values of a head. `heads · head_size` need not be `dim`.
    pub head_size: usize,
    /// Hidden neurons of a feed-forward part.
    pub hidden: usize,
    /// Number of tokens.
    pub vocabulary: usize,
    /// Most positions that the network was trained for, where it is known. Learnt positions end there; with any other
    /// kind a network may go on.
    pub positions: Option<usize>,
    /// What is added to the mean square under the root of every norm.
    pub norm_eps: f32,
    /// How the network knows positions.
    pub position: Position,
    /// The function of the feed-forward part.
    pub activation: Activation,
    /// Whether each head of queries and keys is normalised before it is rotated (Qwen3).
    pub qk_norm: bool,
    /// Where a block normalises.
    pub norm: Norm,
    /// How often the blocks are applied, 1 for an ordinary network:
    /// `z = z0; recursion times { z += embedding; blocks }`.
    pub recursion: usize,
}

impl Shape {
    /// Values of all heads of a query.
    pub fn query_size(&self) -> usize {
        self.heads * self.head_size
    }

    /// Values of all heads of a key, and of a value.
    pub fn kv_size(&self) -> usize {
        self.kv_heads * self.head_size
    }

    /// Weights of the matrices, with an output matrix of its own or without; the small vectors are not counted.
    pub fn weights(&self, tied: bool) -> u64 {
        let n = |v: usize| v as u64;
        let attention = n(self.dim) * (2 * n(self.heads) + 2 * n(self.kv_heads)) * n(self.head_size);
        let feed = n(self.dim) * n(self.hidden) * if self.activation.is_gated() { 3 } else { 2 };
        let learnt = match self.position {
            Position::Learnt => n(self.positions.unwrap_or(0)) * n(self.dim),
            _ => 0,
        };
        let tables = n(self.vocabulary) * n(self.dim) * if tied { 1 } else { 2 };
        n(self.layers) * (attention + feed) + tables + learnt
    }

    /// Checks every size before anything is allocated.
    ///
    /// # Errors
    /// A size of 0 or beyond its limit, heads that do not share keys evenly, an odd head under rotation, more than
    /// [`MAX_WEIGHTS`], an epsilon or a base of the angles that is no sensible number.
    pub fn check(&self) -> Result<(), Problem> {
        let sizes = [
            ("dim", self.dim, MAX_DIM),
            ("layers", self.layers, MAX_LAYERS),
            ("heads", self.heads, MAX_HEADS),
            ("kv_heads", self.kv_heads, MAX_HEADS),
            ("head_size", self.head_size, MAX_HEAD_SIZE),
            ("hidden", self.hidden, MAX_HIDDEN),
            ("vocabulary", self.vocabulary, MAX_VOCABULARY),
            ("positions", self.positions.unwrap_or(1), MAX_POSITIONS),
            ("recursion", self.recursion, MAX_PASSES),
        ];
        for (field, value, most) in sizes {
            if value == 0 || value > most {
                return Err(Problem::Size { field, value: value as u64, most: most as u64 });
            }
        }
        let wrong = |field: &str, value: String, wants: &str| {
            Err(Problem::Value { field: field.to_string(), value, wants: wants.to_string() })
        };
        if !self.heads.is_multiple_of(self.kv_heads) {
            return wrong(
                "kv_heads",
                self.kv_heads.to_string(),
                &format!("a divisor of {} heads", self.heads),
            );
        }
        if !(self.norm_eps >= 0.0 && self.norm_eps <= 1.0) {
            return wrong("norm_eps", self.norm_eps.to_string(), "a number from 0 to 1");
        }
        if let Position::Rope { theta, .. } = self.position {
            if !self.head_size.is_multiple_of(2) {
                return wrong(
                    "head_size",
                    self.head_size.to_string(),
                    "an even number, for rotation in pairs",
                );
            }
            if !(1.0..=1e12).contains(&theta) {
                return wrong("theta", theta.to_string(), "a number from 1 to 1e12");
            }
        }
        if self.position == Position::Learnt && self.positions.is_none() {
            return wrong("positions", "unknown".to_string(), "their number, where they are learnt");
        }
        match self.weights(true) {
            found if found > MAX_WEIGHTS => Err(Problem::TooLarge { found, most: MAX_WEIGHTS }),
            _ => Ok(()),
        }
    }
}
