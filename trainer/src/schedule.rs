//! How long, how fast and on what any network is trained.

use crate::device::Device;
use mlc_compiler::words::count;
use thiserror::Error;

/// Epochs of a training that is counted in mini-batches.
const EPOCHS_OF_UPDATES: usize = 20;

/// How long a training takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub epochs: usize,
    /// Mini-batches of an epoch; the last one may have fewer.
    pub batches: usize,
    /// Mini-batches of all epochs.
    pub updates: usize,
}

/// The choices of a training that are the same for every family.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Passes over the data. `None`: so many that the network sees six million steps ([`Schedule::epochs_for`]).
    pub epochs: Option<usize>,
    /// Mini-batches of the whole training, in the place of `epochs`: an epoch then is a twentieth of them, or a pass over the
    /// data where that is less.
    pub updates: Option<usize>,
    /// Steps in a mini-batch.
    pub batch: usize,
    /// Adam's, at the start.
    pub learning_rate: f32,
    /// Whether it falls to nothing along half a cosine, or stays.
    pub falls: bool,
    /// First mini-batches in which the learning rate rises from nothing, in a line. A cosine begins behind them.
    pub rise: usize,
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
            updates: None,
            batch: 256,
            learning_rate: 0.01,
            falls: true,
            rise: 0,
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

    /// How long a training on data of so many steps, in so many mini-batches a pass, takes.
    pub(crate) fn length(&self, steps: usize, batches: usize) -> Length {
        let batches = batches.max(1);
        let Some(updates) = self.updates else {
            let epochs = self.epochs_for(steps);
            return Length { epochs, batches, updates: epochs * batches };
        };
        let batches = updates.div_ceil(EPOCHS_OF_UPDATES).min(batches);
        Length { epochs: updates.div_ceil(batches), batches, updates }
    }

    /// The learning rate of mini-batch `number` of so many, counted from 0.
    pub(crate) fn rate(&self, number: usize, updates: usize) -> f32 {
        if number < self.rise {
            return self.learning_rate * (number + 1) as f32 / self.rise as f32;
        }
        if !self.falls {
            return self.learning_rate;
        }
        let done = (number - self.rise) as f64 / (updates - self.rise) as f64;
        self.learning_rate * (0.5 + 0.5 * (std::f64::consts::PI * done).cos()) as f32
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        whole("epochs", self.epochs.unwrap_or(1), 1, 1_000_000)?;
        whole("steps", self.updates.unwrap_or(1), 1, 100_000_000)?;
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
    /// Choices that do not go together.
    #[error("{0}")]
    Network(String),
}
