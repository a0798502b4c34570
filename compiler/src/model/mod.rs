//! A trained network as the importers read it and the trainer writes it: the input of everything.
//!
//! A model has four parts. The [`Head`] is for people and for measuring. The [`Reader`] says how what is typed becomes
//! numbers, the [`Body`] what is computed of them, the [`Answer`] what the results mean. Each part is an enum with a
//! variant for each family of networks that has such a part: who adds a variant is told by the compiler, at every
//! `match`, what must be written for it.

mod answer;
mod body;
mod check;
mod check_network;
mod check_sequence;
mod check_story;
mod choice;
mod dead;
mod error;
mod head;
mod network;
mod prior;
mod reader;
mod sensor;
mod sequence;
mod transformer;
mod trees;

pub use crate::arithmetic::choose::{ChoiceRules, DrawRules};
pub use crate::arithmetic::network::{Linear, Steps};
pub use answer::{Answer, Chat, MAX_LABEL, UNSURE, with_unsure};
pub use body::{Body, Layer, MAX_LAYERS, MAX_SHIFT, MAX_WEIGHTS, WeightSet};
pub use check::check_labels;
pub(crate) use check::check_layer_count;
pub use check_sequence::{MAX_BLOCKS, MAX_DIM, MAX_VOCABULARY, MAX_WINDOW};
pub use choice::{Choice, Draw, MOST_WIDE, Penalty};
pub use dead::Dead;
pub use error::{ModelError, Parameters};
pub use head::{Head, MAX_ABOUT, MAX_CALIBRATION, MAX_CALIBRATION_LENGTH, MAX_FACTS, is_calibration_query};
pub use network::{
    Kind, MAX_ELEMENTS, MAX_OPERATORS, Network, Operator, Pooling, Requantization, Rounding, Shape, Term,
    Window,
};
pub use prior::{MAX_COST_SHIFT, MAX_PRIOR_ROWS, Pair, Prior};
pub use reader::{ContextEncoder, HashedText, MAX_BANDS, QueryEncoder, Reader};
pub use sensor::{Class, MAX_DECIMALS, Numbers, Quantization, Real, Scaling, Sensors, Softmax};
pub use sequence::{Action, DIGITS, Offers, Story, Tokens, Tool, ToolTable, Turns};
pub use transformer::{
    Activation, Attention, Block, FeedForward, Grid, Matrix, Norm, NormOrder, Output, Positions, Transformer,
};
pub use trees::{
    Branch, MAX_RANKS, MAX_SPLITS, MAX_THRESHOLDS, MAX_TREES, MAX_VOTED, Split, Trees, Vote, rank_decimals,
    ranked_bytes, threshold,
};

/// Widest layer, input and output, that a model may have.
pub const MAX_WIDTH: usize = 1024;

/// A network with everything needed to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub head: Head,
    pub reader: Reader,
    pub body: Body,
    pub answer: Answer,
}

impl Model {
    /// The parts of a sequence model; `None` for a model of another family.
    pub fn sequence(&self) -> Option<(&Tokens, &Transformer, &Story)> {
        match (&self.reader, &self.body, &self.answer) {
            (Reader::Tokens(reader), Body::Transformer(body), Answer::Story(story)) => {
                Some((reader, body, story))
            }
            _ => None,
        }
    }

    /// The labels of a sequence model that gives one and writes no text; `None` for others.
    pub fn sequence_labels(&self) -> Option<&[String]> {
        let (_, _, story) = self.sequence()?;
        story.classifies().then_some(story.labels.as_slice())
    }

    /// The parts of a network on numbers but its answer; `None` for a model of another family.
    pub fn network(&self) -> Option<(&Sensors, &Network)> {
        match (&self.reader, &self.body) {
            (Reader::Sensors(reader), Body::Network(body)) => Some((reader, body)),
            _ => None,
        }
    }
}
