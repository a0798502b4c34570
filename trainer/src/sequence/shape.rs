//! What can be chosen about a sequence model that is trained.

use crate::schedule::{SettingsError, real, whole};
use mlc_compiler::import::sequence::{self as float, Activation, Layout, Norm, Position};
use mlc_compiler::model::{Grid, MAX_BLOCKS, MAX_DIM, MAX_WINDOW};

/// A network: its sizes, what is between its matrices, and the grids of its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Sizes and functions. Its vocabulary is that of the tokenizer.
    pub network: float::Shape,
    /// Whether the output is the embedding.
    pub tied: bool,
    /// Labels that outputs stand for, with an output of its own; outputs stand for tokens if `None`.
    pub labels: Option<usize>,
    /// Whether gains stand in front of an output that is the embedding (a network that was imported has them).
    pub gain: bool,
    /// Of the blocks' matrices.
    pub weights: Grid,
    /// Of embedding, learnt positions and output.
    pub embedding: Grid,
    /// Positions whose keys and values are kept.
    pub window: usize,
}

/// The network of docs/sequence.md, with 73,728 ternary weights.
impl Default for Shape {
    fn default() -> Self {
        Self {
            network: float::Shape {
                dim: 64,
                layers: 2,
                heads: 4,
                kv_heads: 2,
                head_size: 16,
                hidden: 128,
                vocabulary: 2,
                positions: None,
                norm_eps: 1e-6,
                position: Position::Rope { theta: 1000.0, layout: Layout::Adjacent },
                activation: Activation::ReluGate,
                qk_norm: true,
                norm: Norm::Pre,
                recursion: 1,
            },
            tied: true,
            labels: None,
            gain: false,
            weights: Grid::Ternary,
            embedding: Grid::Symmetric { bits: 4 },
            window: 64,
        }
    }
}

impl Shape {
    /// Norms behind the layers, and the same two blocks three times (TRM).
    pub fn recursive() -> Self {
        let mut shape = Self::default();
        (shape.network.norm, shape.network.recursion) = (Norm::Post, 3);
        shape
    }

    /// How many logits there are.
    pub fn outputs(&self) -> usize {
        self.labels.unwrap_or(self.network.vocabulary)
    }

    /// Checks every range stated on the fields, those of the compiler too.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let net = &self.network;
        whole("dim", net.dim, 2, MAX_DIM)?;
        whole("layers", net.layers, 1, MAX_BLOCKS)?;
        whole("heads", net.heads, 1, MAX_DIM)?;
        whole("kv heads", net.kv_heads, 1, net.heads)?;
        whole("head size", net.head_size, 1, 512)?;
        whole("heads x head size", net.query_size(), 1, MAX_DIM)?;
        whole("hidden", net.hidden, 1, MAX_DIM)?;
        whole("recursions", net.recursion, 1, MAX_BLOCKS)?;
        whole("window", self.window, 2, MAX_WINDOW)?;
        if let Position::Rope { theta, .. } = net.position {
            real("theta", theta, 1.0, 1e6)?;
        }
        if self.labels.is_some() && self.tied {
            return Err(SettingsError::Network("labels want an output of its own".into()));
        }
        if self.gain && net.norm == Norm::Post {
            return Err(SettingsError::Network("gains before the output want norms before layers".into()));
        }
        net.check().map_err(|problem| SettingsError::Network(problem.to_string()))
    }
}
