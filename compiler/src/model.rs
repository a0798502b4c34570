//! A trained network as the importers read it and the trainer writes it: the input of everything.
//!
//! What it computes is integer arithmetic, exact to the bit. For each layer, with the input vector `x`
//! (counts × 32, or the activations of the layer before), weights `w` in {-2, -1, 0, +1} or a part of
//! these ([`WeightSet`]), and biases `b`:
//!
//! ```text
//! acc = wrap16(Σ w·x + b)      two's complement, modulo 65536
//! y   = acc >> shift           arithmetic: rounds towards minus infinity
//! y   = max(y, 0)              hidden layers only
//! ```

mod check;

pub(crate) use check::check_layer_count;
pub use check::{ModelError, Parameters, is_calibration_query};

use crate::text;
use std::fmt;

/// Widest layer, input and output, that a model may have.
pub const MAX_WIDTH: usize = 1024;
/// Most layers. Networks of this kind have two to five; every layer rounds and cuts its sums, so that deeper ones learn
/// no more. Passes and the search for a plan take time that grows faster than the layers: 64 are planned in seconds.
pub const MAX_LAYERS: usize = 64;
/// Most weights of all layers: 1 MiB at two bits each, four times what the largest memory of a target holds.
pub const MAX_WEIGHTS: usize = 4 << 20;
/// Longest label in bytes: as long as the longest reply.
pub const MAX_LABEL: usize = 255;
/// Longest [`Model::about`], and longest name or value in [`Model::training`], in characters.
pub const MAX_ABOUT: usize = 4000;
/// Most facts in [`Model::training`].
pub const MAX_FACTS: usize = 256;
/// Largest arithmetic shift behind a layer.
pub const MAX_SHIFT: u8 = 7;
/// Most position bands of a query: a query of 127 bytes has trigrams up to position 126, in band 15.
pub const MAX_BANDS: u8 = 16;
/// Most calibration queries: planning runs the network on each of them.
pub const MAX_CALIBRATION: usize = 256;
/// Longest calibration query, in characters: what fits the command tail of CP/M.
pub const MAX_CALIBRATION_LENGTH: usize = 127;

/// A network with everything needed to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Short name: letters, digits, `-` and `_`, 1 to 32 of them. Names the outputs of `mlc compile`.
    pub name: String,
    /// What it is, in a sentence or two: one line of at most 4,000 characters, none of them a control character.
    pub about: String,
    pub query: QueryEncoder,
    pub output: Output,
    /// In order, 1 to 64; the first takes the buckets, the last gives the logits.
    pub layers: Vec<Layer>,
    /// Facts about the training, in order, for people: (`"pairs"`, `"1840"`). At most 256; names and values as `about`.
    pub training: Vec<(String, String)>,
    /// Queries like those that the network is for, printable ASCII: the planner measures on them how often each
    /// column is used. Queries and not the densities themselves, because the price of a shared sum and of a carry
    /// depends on which inputs come together, and a pass may rename or drop the neurons that a density was for.
    /// They are never in the program. None: the planner's own ([`crate::plan::calibration::QUERIES`]).
    pub calibration: Vec<String>,
}

/// Trigrams of the query, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Bands of eight positions that hash differently, the last without an end; 1 to 16. With 1, as in
    /// the published networks, a trigram counts the same wherever it stands.
    pub bands: u8,
    /// Longest line that the program's own prompt takes, in bytes (1 to 127; 62 unless the model says otherwise).
    pub max_length: u8,
}

/// What the logits mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Chat(Chat),
    /// One pass; the answer is `labels[argmax]`. One label an output, no two the same: printable ASCII, 1 to 255 of it.
    Classifier {
        labels: Vec<String>,
    },
}

/// Generates a reply, a character a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// A byte an output, no two the same. The last one is the end mark (0), which is never printed.
    pub charset: Vec<u8>,
    pub context: ContextEncoder,
    /// Longest reply in characters (1 to 255; 50 unless the model says otherwise).
    pub max_reply: u8,
}

/// n-grams (n = 1, 2, 3) of the last characters produced, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Window in characters (1 to 32; 8 unless the model says otherwise).
    pub length: u8,
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

impl Layer {
    /// Weights of output `o`, one an input.
    pub fn row(&self, o: usize) -> &[i8] {
        &self.weights[o * self.inputs..(o + 1) * self.inputs]
    }
}

impl Model {
    /// Buckets of query and context together: the inputs of the first layer.
    pub fn inputs(&self) -> usize {
        let context = match &self.output {
            Output::Chat(chat) => usize::from(chat.context.buckets),
            Output::Classifier { .. } => 0,
        };
        usize::from(self.query.buckets) + context
    }

    /// How many logits the last layer must give.
    pub fn classes(&self) -> usize {
        match &self.output {
            Output::Chat(chat) => chat.charset.len(),
            Output::Classifier { labels } => labels.len(),
        }
    }
}

impl Chat {
    /// The context window before the first character: all spaces.
    pub fn empty_window(&self) -> Vec<u8> {
        vec![b' '; usize::from(self.context.length)]
    }

    /// Moves a produced character into the window, folded as queries are.
    pub fn push(window: &mut [u8], c: u8) {
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = c.to_ascii_lowercase();
        }
    }

    /// Inputs of one step: query counts, then context counts, × 32.
    pub fn step_input(&self, query: &[u8], encoder: &QueryEncoder, window: &[u8]) -> Vec<i16> {
        let trigrams = text::trigram_buckets(query, encoder.buckets, encoder.bands);
        let mut x = text::count(trigrams, encoder.buckets);
        x.extend(text::count(text::ngram_buckets(window, self.context.buckets), self.context.buckets));
        x.iter().map(|c| c.wrapping_mul(text::COUNT_SCALE)).collect()
    }
}
