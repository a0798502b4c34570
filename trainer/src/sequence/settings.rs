//! All choices of a training: what the model is called, what the network is like, and how it is trained.

use super::lora::Lora;
use super::shape::Shape;
use crate::device::{Device, Precision};
use crate::schedule::{Schedule, SettingsError, real};
use mlc_compiler::model::Grid;

/// All choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name and description of the model.
    pub name: String,
    pub about: String,
    pub shape: Shape,
    pub schedule: Schedule,
    /// Largest norm of the gradient; a larger one is made as small.
    pub clip: f32,
    /// AdamW's weight decay.
    pub decay: f32,
    /// Share of what layers give that is left out in training.
    pub dropout: f32,
    pub method: Method,
    /// Share of the running mean of all parameters that an update leaves; the model is made of that mean. 0: of what the last
    /// update left.
    pub average: f32,
    /// Part of the largest gate and hidden value that 8 bits cover; values beyond are cut off. Finer steps for the many small
    /// values are worth it where few are large, as in networks with SwiGLU.
    pub cut: f32,
    /// Adapters are trained in the place of the parameters.
    pub lora: Option<Lora>,
    /// Of products on LibTorch; on [`Device::Cpu`] they have 32 bits.
    pub precision: Precision,
    /// On LibTorch, keep of a batch only what goes into each block, and compute a block's activations anew on the way back: a third
    /// more time, and memory for one block's at a time. The gradients are the same.
    pub recompute: bool,
}

/// How weights come onto their grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All are rounded in every pass, and gradients go to the shadows behind them as if they were not (Bengio et al. 2013,
    /// arXiv:1308.3432).
    StraightThrough,
    /// One after the other, for good; the others are floats meanwhile. For a network that begins with good weights, on grids of three
    /// bits and more, in a training of so many mini-batches.
    Incremental,
}

impl Default for Settings {
    fn default() -> Self {
        let updates = Some(4000);
        let schedule =
            Schedule { updates, learning_rate: 0.004, rise: 100, evaluate_every: 1, ..Schedule::default() };
        Self {
            name: "sequence".into(),
            about: String::new(),
            shape: Shape::default(),
            schedule,
            clip: 1.0,
            decay: 0.0,
            dropout: 0.0,
            method: Method::StraightThrough,
            average: 0.0,
            cut: 1.0,
            lora: None,
            precision: Precision::F32,
            recompute: false,
        }
    }
}

impl Settings {
    /// These settings with a change: `settings.with(|s| s.schedule.seed = 2)`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.shape.check()?;
        self.schedule.check()?;
        real("clip", self.clip, 1e-6, 1e6)?;
        real("weight decay", self.decay, 0.0, 10.0)?;
        real("dropout", self.dropout, 0.0, 0.9)?;
        real("average", self.average, 0.0, 0.99999)?;
        real("cut", self.cut, 0.1, 1.0)?;
        if self.method == Method::Incremental {
            self.check_incremental()?;
        }
        self.check_device()?;
        match &self.lora {
            // A mean of products is no product of means.
            Some(_) if self.average > 0.0 => {
                Err(SettingsError::Network("adapters have no running mean: average is 0 with them".into()))
            }
            Some(lora) => lora.check(&self.shape),
            None => Ok(()),
        }
    }

    /// What [`Method::Incremental`] wants.
    fn check_incremental(&self) -> Result<(), SettingsError> {
        let wrong = |what: &str| Err(SettingsError::Network(what.into()));
        let grids = [self.shape.weights, self.shape.embedding];
        if !grids.iter().all(|grid| matches!(grid, Grid::Symmetric { .. })) {
            return wrong(
                "the incremental method is for weights of three bits and more, and an embedding of three bits and more",
            );
        }
        if self.schedule.updates.is_none() {
            return wrong("the incremental method wants a number of mini-batches");
        }
        if self.lora.is_some() {
            return wrong("adapters are trained straight through: their base's weights are not their own");
        }
        Ok(())
    }

    /// What only LibTorch does.
    fn check_device(&self) -> Result<(), SettingsError> {
        let only_there = |what: &str| {
            let message =
                format!("{what} on LibTorch only, and the device is \"cpu\": choose torch-cpu or cuda");
            Err(SettingsError::Network(message))
        };
        if self.schedule.device != Device::Cpu {
            return Ok(());
        }
        if self.precision != Precision::F32 {
            return only_there(&format!("products have precision {}", self.precision.name()));
        }
        if self.recompute {
            return only_there("activations are recomputed");
        }
        Ok(())
    }
}
