//! All choices of a training: what the model is called, what the network is like, and how it is trained.

use super::shape::Shape;
use crate::schedule::{Schedule, SettingsError, real};
use mlc_compiler::model::Grid;

/// Mini-batches of a training of few rows, and passes over many.
const UPDATES: usize = 4000;
const PASSES: usize = 20;
/// Most mini-batches where nobody says how many.
const MOST_UPDATES: usize = 40_000;

/// All choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name and description of the model.
    pub name: String,
    pub about: String,
    pub shape: Shape,
    /// Without epochs and updates: [`Settings::updates_for`].
    pub schedule: Schedule,
    /// AdamW's weight decay, 0 to 10.
    pub decay: f32,
    /// That of the answer ([`mlc_compiler::model::Class::margin`]); of a model to go on with its own, else 0, if `None`.
    pub margin: Option<u8>,
}

impl Default for Settings {
    fn default() -> Self {
        let schedule = Schedule { batch: 32, evaluate_every: 5, ..Schedule::default() };
        Self {
            name: "classifier".into(),
            about: String::new(),
            shape: Shape { hidden: vec![16, 16], weights: Grid::Symmetric { bits: 8 } },
            schedule,
            decay: 0.2,
            margin: None,
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

    /// Mini-batches of a training of so many rows where nobody says how many: seconds of time.
    pub fn updates_for(&self, rows: usize) -> usize {
        (PASSES * rows.div_ceil(self.schedule.batch.max(1))).clamp(UPDATES, MOST_UPDATES)
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.shape.check()?;
        self.schedule.check()?;
        real("weight decay", self.decay, 0.0, 10.0)
    }
}
