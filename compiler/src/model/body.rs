//! What is computed of the reader's numbers.
//!
//! Layers are integer arithmetic, exact to the bit. For each layer, with the input vector `x` (counts × 32, or the
//! activations of the layer before), weights `w` in {-2, -1, 0, +1} or a part of these ([`WeightSet`]), and biases `b`:
//!
//! ```text
//! acc = wrap16(Σ w·x + b)      two's complement, modulo 65536
//! y   = acc >> shift           arithmetic: rounds towards minus infinity
//! y   = max(y, 0)              hidden layers only
//! ```

use super::network::Network;
use super::transformer::Transformer;
use std::fmt;

/// Most layers. Networks of this kind have two to five; every layer rounds and cuts its sums, so that deeper ones learn
/// no more. Passes and the search for a plan take time that grows faster than the layers: 64 are planned in seconds.
pub const MAX_LAYERS: usize = 64;
/// Most weights of all layers: 1 MiB at two bits each, four times what the largest memory of a target holds.
pub const MAX_WEIGHTS: usize = 4 << 20;
/// Largest arithmetic shift behind a layer.
pub const MAX_SHIFT: u8 = 7;

/// The arithmetic of a network, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a model has one, which is moved a few times in a run")]
pub enum Body {
    /// In order, 1 to 64; the first takes what the reader gives, the last gives the logits.
    Layers(Vec<Layer>),
    Transformer(Transformer),
    Network(Network),
}

/// A fully connected layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// `[outputs, inputs]`, row by row; each of `set`.
    pub weights: Vec<i8>,
    /// `[outputs]`.
    pub bias: Vec<i16>,
    /// `y = acc >> shift`; 0 to 7, 2 in the published networks.
    pub shift: u8,
    pub set: WeightSet,
}

/// Values that the weights of a layer may take. A smaller set says that the layer was trained for it:
/// the file and some kernels store it in less space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum WeightSet {
    /// -2, -1, 0 and +1: 2 bits each.
    #[default]
    Full,
    /// -1, 0 and +1: 2 bits each.
    Ternary,
    /// -1 and +1: 1 bit each.
    Binary,
}

impl Body {
    /// How many weights there are, zeros included.
    pub fn weights(&self) -> usize {
        match self {
            Self::Layers(layers) => layers.iter().map(|layer| layer.weights.len()).sum(),
            Self::Transformer(body) => body.matrices().map(|matrix| matrix.values.len()).sum(),
            Self::Network(body) => body.weights().map(<[i8]>::len).sum(),
        }
    }

    /// How many weights are not zero.
    pub fn nonzero(&self) -> usize {
        match self {
            Self::Layers(layers) => {
                layers.iter().flat_map(|layer| &layer.weights).filter(|&&weight| weight != 0).count()
            }
            Self::Transformer(body) => {
                body.matrices().flat_map(|matrix| &matrix.values).filter(|&&weight| weight != 0).count()
            }
            Self::Network(body) => body.weights().flatten().filter(|&&weight| weight != 0).count(),
        }
    }
}

impl Layer {
    /// Weights of output `o`, one an input.
    pub fn row(&self, o: usize) -> &[i8] {
        &self.weights[o * self.inputs..(o + 1) * self.inputs]
    }
}

impl WeightSet {
    pub const ALL: [Self; 3] = [Self::Full, Self::Ternary, Self::Binary];

    /// Its weights, ascending.
    pub fn weights(self) -> &'static [i8] {
        match self {
            Self::Full => &[-2, -1, 0, 1],
            Self::Ternary => &[-1, 0, 1],
            Self::Binary => &[-1, 1],
        }
    }

    pub fn contains(self, weight: i8) -> bool {
        self.weights().contains(&weight)
    }

    /// As `model.ron` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::Ternary => "Ternary",
            Self::Binary => "Binary",
        }
    }
}

impl fmt::Display for WeightSet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}
