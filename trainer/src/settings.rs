//! What can be chosen about a network and its training.

use crate::device::Device;
use crate::pairs::Limits;
use crate::words::count;
use mlc_compiler::model::{ContextEncoder, MAX_BANDS, MAX_SHIFT, MAX_WIDTH, QueryEncoder, WeightSet};
use thiserror::Error;

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

/// All choices; [`Settings::default`] for chat, [`Settings::classifier`] for labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name and description of the model.
    pub name: String,
    pub about: String,
    /// Buckets of the query's trigrams, 1 to 1,024, their position bands, 1 to 16, and the longest query in bytes,
    /// 1 to 127.
    pub query: QueryEncoder,
    /// Buckets of the context's n-grams, 1 to 1,024, and the window in characters, 1 to 32.
    pub context: ContextEncoder,
    /// Longest reply in characters.
    pub max_reply: u8,
    /// Widths of the hidden layers, each 1 to 1,024. None: a linear network.
    pub hidden: Vec<usize>,
    /// Shift behind the layers, 0 to 7.
    pub shift: Shifts,
    /// Values that weights may take: one set for all layers, or one for each.
    pub weights: Vec<WeightSet>,
    /// Passes over the pairs. `None`: so many that the network sees six million steps ([`Settings::epochs_for`]).
    pub epochs: Option<usize>,
    /// Steps in a mini-batch.
    pub batch: usize,
    /// Adam's, at the start; falls to nothing along half a cosine.
    pub learning_rate: f32,
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
    /// First epochs in which nothing is rounded. 0: the integer network from the start.
    pub warmup: usize,
    /// Exact figures after every so many epochs (and the last tenth): the best network is chosen by them.
    pub evaluate_every: usize,
    /// Give up after so many epochs without a better held-out figure. `None`: never.
    pub patience: Option<usize>,
    /// Same seed, same model.
    pub seed: u64,
    /// How many threads; on [`Device::Cpu`] the model does not depend on it.
    pub threads: usize,
    /// Same seed and same device, same model.
    pub device: Device,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "chat".into(),
            about: String::new(),
            query: QueryEncoder { buckets: 128, bands: 1, max_length: 62 },
            context: ContextEncoder { buckets: 128, length: 8 },
            max_reply: 50,
            hidden: vec![256, 192, 128],
            shift: Shifts::Fixed(vec![DEFAULT_SHIFT]),
            weights: vec![WeightSet::Full],
            epochs: None,
            batch: 256,
            learning_rate: 0.01,
            sparsity: 0.3,
            economy: 1.0,
            overflow_penalty: 1.0,
            initial_deviation: 0.55,
            warmup: 0,
            evaluate_every: 5,
            patience: None,
            seed: 1,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            device: Device::Cpu,
        }
    }
}

impl Settings {
    /// A micro classifier: 64 buckets, hidden layers of 32 and 16.
    pub fn classifier() -> Self {
        Self {
            name: "classifier".into(),
            query: QueryEncoder { buckets: 64, bands: 1, max_length: 62 },
            hidden: vec![32, 16],
            batch: 64,
            ..Self::default()
        }
    }

    /// To what pairs are cut when they are read.
    pub fn limits(&self) -> Limits {
        Limits { query: self.query.max_length.into(), reply: self.max_reply.into() }
    }

    /// How many epochs for a data set of so many steps: those set, or else six million steps' worth, but 20 to 1,000.
    pub fn epochs_for(&self, steps: usize) -> usize {
        self.epochs.unwrap_or_else(|| 6_000_000usize.div_ceil(steps.max(1)).clamp(20, 1000))
    }

    /// The gradient of an L1 term of strength 1 for a data set of so many steps.
    ///
    /// The loss is a mean over steps, so a weight that serves a certain few of them weighs less the more there
    /// are. Dividing by the square root makes one strength fit (found by trial: 15,000 steps and 94,000 steps
    /// both do best near a strength of 1).
    pub(crate) fn l1_unit(steps: usize) -> f32 {
        0.001 / (steps.max(1) as f32).sqrt()
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let whole = |field, value: usize, least, most| {
            let in_range = (least..=most).contains(&value);
            if in_range { Ok(()) } else { Err(SettingsError::Whole { field, value, least, most }) }
        };
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
        whole("epochs", self.epochs.unwrap_or(1), 1, 1_000_000)?;
        // A batch is held in memory with all its sums.
        whole("batch", self.batch, 1, 1 << 16)?;
        whole("evaluate every", self.evaluate_every, 1, 1_000_000)?;
        whole("threads", self.threads, 1, 1024)?;
        let real = |field, value: f32, least, most| {
            let in_range = (least..=most).contains(&value);
            if in_range { Ok(()) } else { Err(SettingsError::Real { field, value, least, most }) }
        };
        real("learning rate", self.learning_rate, 1e-6, 1.0)?;
        real("sparsity", self.sparsity, 0.0, 1000.0)?;
        real("economy", self.economy, 0.0, 1000.0)?;
        real("overflow penalty", self.overflow_penalty, 0.0, 1e6)?;
        real("initial deviation", self.initial_deviation, 0.0, 2.0)
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SettingsError {
    #[error("{field} is {value}, outside {least}..{most}")]
    Whole { field: &'static str, value: usize, least: usize, most: usize },
    #[error("{field} is {value}, outside {least}..{most}")]
    Real { field: &'static str, value: f32, least: f32, most: f32 },
    #[error(
        "{field} has {}, but the network has {}: give one for all, or one for each",
        count(*values, "value"),
        count(*layers, "layer")
    )]
    Layers { field: &'static str, values: usize, layers: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_others_are_named() {
        Settings::default().check().unwrap();
        Settings::classifier().check().unwrap();
        let wide = Settings { hidden: vec![256, 2000], ..Settings::default() };
        assert_eq!(wide.check().unwrap_err().to_string(), "hidden width is 2000, outside 1..1024");
        let nan = Settings { learning_rate: f32::NAN, ..Settings::default() };
        assert_eq!(nan.check().unwrap_err().to_string(), "learning rate is NaN, outside 0.000001..1");
    }
}
