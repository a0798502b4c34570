//! All choices of a training: what the model is called, what the network is like, and how it is trained.

use super::shape::Shape;
use crate::pairs::Limits;
use crate::schedule::{Schedule, SettingsError};

/// All choices; [`Settings::default`] for chat, [`Settings::classifier`] for labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name and description of the model.
    pub name: String,
    pub about: String,
    pub shape: Shape,
    pub schedule: Schedule,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "chat".into(),
            about: String::new(),
            shape: Shape::default(),
            schedule: Schedule::default(),
        }
    }
}

impl Settings {
    /// A micro classifier ([`Shape::classifier`]).
    pub fn classifier() -> Self {
        Self {
            name: "classifier".into(),
            about: String::new(),
            shape: Shape::classifier(),
            schedule: Schedule { batch: 64, ..Schedule::default() },
        }
    }

    /// These settings with a change: `settings.with(|s| s.schedule.seed = 2)`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// To what pairs are cut when they are read.
    pub fn limits(&self) -> Limits {
        Limits { query: self.shape.query.max_length.into(), reply: self.shape.max_reply.into() }
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.shape.check()?;
        self.schedule.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_others_are_named() {
        Settings::default().check().unwrap();
        Settings::classifier().check().unwrap();
        let wide = Settings::default().with(|s| s.shape.hidden = vec![256, 2000]);
        assert_eq!(wide.check().unwrap_err().to_string(), "hidden width is 2000, outside 1..1024");
        let nan = Settings::default().with(|s| s.schedule.learning_rate = f32::NAN);
        assert_eq!(nan.check().unwrap_err().to_string(), "learning rate is NaN, outside 0.000001..1");
    }
}
