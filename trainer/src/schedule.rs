//! How long, how fast and on what any network is trained.

use crate::device::Device;
use mlc_compiler::words::count;
use thiserror::Error;

/// The choices of a training that are the same for every family.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Passes over the data. `None`: so many that the network sees six million steps ([`Schedule::epochs_for`]).
    pub epochs: Option<usize>,
    /// Steps in a mini-batch.
    pub batch: usize,
    /// Adam's, at the start; falls to nothing along half a cosine.
    pub learning_rate: f32,
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

impl Default for Schedule {
    fn default() -> Self {
        Self {
            epochs: None,
            batch: 256,
            learning_rate: 0.01,
            warmup: 0,
            evaluate_every: 5,
            patience: None,
            seed: 1,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            device: Device::Cpu,
        }
    }
}

impl Schedule {
    /// How many epochs for a data set of so many steps: those set, or else six million steps' worth, but 20 to 1,000.
    pub fn epochs_for(&self, steps: usize) -> usize {
        self.epochs.unwrap_or_else(|| 6_000_000usize.div_ceil(steps.max(1)).clamp(20, 1000))
    }

    /// The learning rate when this part of the training is done, 0 to 1.
    pub(crate) fn rate(&self, done: f64) -> f32 {
        self.learning_rate * (0.5 + 0.5 * (std::f64::consts::PI * done).cos()) as f32
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        whole("epochs", self.epochs.unwrap_or(1), 1, 1_000_000)?;
        // A batch is held in memory with all its sums.
        whole("batch", self.batch, 1, 1 << 16)?;
        whole("evaluate every", self.evaluate_every, 1, 1_000_000)?;
        whole("threads", self.threads, 1, 1024)?;
        real("learning rate", self.learning_rate, 1e-6, 1.0)
    }
}

pub(crate) fn whole(
    field: &'static str,
    value: usize,
    least: usize,
    most: usize,
) -> Result<(), SettingsError> {
    let in_range = (least..=most).contains(&value);
    if in_range { Ok(()) } else { Err(SettingsError::Whole { field, value, least, most }) }
}

pub(crate) fn real(field: &'static str, value: f32, least: f32, most: f32) -> Result<(), SettingsError> {
    let in_range = (least..=most).contains(&value);
    if in_range { Ok(()) } else { Err(SettingsError::Real { field, value, least, most }) }
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
