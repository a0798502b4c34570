//! What can be chosen about a network that reads hashed text.

use crate::schedule::{SettingsError, real, whole};
use mlc_compiler::model::{
    ContextEncoder, HashedText, MAX_BANDS, MAX_SHIFT, MAX_WIDTH, QueryEncoder, WeightSet,
};

/// The shift of the published networks.
pub(crate) const DEFAULT_SHIFT: u8 = 2;

/// How the shifts behind the layers come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shifts {
    /// One for all layers, or one for each.
    Fixed(Vec<u8>),
    /// As small as the accumulators above allow, measured at the start and after every epoch.
    Learnt,
}

impl Shifts {
    /// With what layer `index` starts.
    pub(crate) fn first_of(&self, index: usize) -> u8 {
        match self {
            Self::Fixed(shifts) => of_layer(shifts, index),
            Self::Learnt => DEFAULT_SHIFT,
        }
    }
}

/// Of values for each layer, or one for all: that of layer `index`.
pub(crate) fn of_layer<T: Copy>(values: &[T], index: usize) -> T {
    if values.len() == 1 { values[0] } else { values[index] }
}

/// What the network reads, how large it is, which integers it may have, and what training holds against its cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Buckets of the query's trigrams, 1 to 1,024, their position bands, 1 to 16, and the longest query in bytes,
    /// 1 to 127.
    pub query: QueryEncoder,
    /// Buckets of the context's n-grams, 1 to 1,024, and the window in characters, 1 to 32. For chats.
    pub context: ContextEncoder,
    /// Longest reply in characters.
    pub max_reply: u8,
    /// Widths of the hidden layers, each 1 to 1,024. None: a linear network.
    pub hidden: Vec<usize>,
    /// Shift behind the layers, 0 to 7.
    pub shift: Shifts,
    /// Values that weights may take: one set for all layers, or one for each.
    pub weights: Vec<WeightSet>,
    /// Strength of the L1 term that pulls weights that don't matter to zero, the same for every weight: fewer bytes.
    /// 0 is none.
    pub sparsity: f32,
    /// Strength of an L1 term on weights by how often a step visits them, and of one on activations: less time on a
    /// machine that skips zeros. Found by trial: 1 halves the visits and costs no accuracy. 0 is none.
    pub economy: f32,
    /// Pulls accumulators back that come near the 16-bit limit.
    pub overflow_penalty: f32,
    /// Standard deviation of the first weights.
    pub initial_deviation: f32,
}

/// That of a chat.
impl Default for Shape {
    fn default() -> Self {
        Self {
            query: QueryEncoder { buckets: 128, bands: 1, max_length: 62 },
            context: ContextEncoder { buckets: 128, length: 8 },
            max_reply: 50,
            hidden: vec![256, 192, 128],
            shift: Shifts::Fixed(vec![DEFAULT_SHIFT]),
            weights: vec![WeightSet::Full],
            sparsity: 0.3,
            economy: 1.0,
            overflow_penalty: 1.0,
            initial_deviation: 0.55,
        }
    }
}

impl Shape {
    /// A micro classifier: 64 buckets, hidden layers of 32 and 16.
    pub fn classifier() -> Self {
        Self {
            query: QueryEncoder { buckets: 64, bands: 1, max_length: 62 },
            hidden: vec![32, 16],
            ..Self::default()
        }
    }

    /// What a chat reads: the query, and what it has said so far.
    pub(crate) fn chat_reader(&self) -> HashedText {
        HashedText { query: self.query.clone(), context: Some(self.context.clone()) }
    }

    /// What a classifier reads: the query.
    pub(crate) fn label_reader(&self) -> HashedText {
        HashedText { query: self.query.clone(), context: None }
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        whole("query buckets", self.query.buckets.into(), 1, MAX_WIDTH)?;
        whole("position bands", self.query.bands.into(), 1, MAX_BANDS.into())?;
        whole("query length", self.query.max_length.into(), 1, 127)?;
        whole("context buckets", self.context.buckets.into(), 1, MAX_WIDTH)?;
        whole("context length", self.context.length.into(), 1, 32)?;
        whole("max reply", self.max_reply.into(), 1, 255)?;
        whole("hidden layers", self.hidden.len(), 0, 16)?;
        for &width in &self.hidden {
            whole("hidden width", width, 1, MAX_WIDTH)?;
        }
        let layers = self.hidden.len() + 1;
        let counted = |field, values: usize| match values {
            1 => Ok(()),
            _ if values == layers => Ok(()),
            _ => Err(SettingsError::Layers { field, values, layers }),
        };
        if let Shifts::Fixed(shifts) = &self.shift {
            counted("shift", shifts.len())?;
            shifts.iter().try_for_each(|&shift| whole("shift", shift.into(), 0, MAX_SHIFT.into()))?;
        }
        counted("weights", self.weights.len())?;
        real("sparsity", self.sparsity, 0.0, 1000.0)?;
        real("economy", self.economy, 0.0, 1000.0)?;
        real("overflow penalty", self.overflow_penalty, 0.0, 1e6)?;
        real("initial deviation", self.initial_deviation, 0.0, 2.0)
    }
}
