//! What the macros of replies are told, whatever the processor.

use crate::stage::{Stage, output};
use crate::target::Target;
use crate::weights::tiles;
use serde::Serialize;

/// Context of the macro `begin`.
#[derive(Serialize)]
pub struct Begin {
    pub window: u8,
    pub max_reply: u8,
}

/// Context of the macro `label`.
#[derive(Serialize)]
pub struct Label {
    /// The index has a high byte.
    wide: bool,
    /// It is the answer itself: a program of the user's own asked.
    index: bool,
}

impl Label {
    pub fn new(stages: &[Stage]) -> Self {
        let logits = stages[output(stages).0].product();
        Self { wide: logits.is_some_and(|p| tiles(p.visible()).len() > 1), index: false }
    }

    /// The same for a target, which may have no console that prints.
    pub fn on(stages: &[Stage], target: &Target) -> Self {
        Self { index: target.is_library(), ..Self::new(stages) }
    }
}
