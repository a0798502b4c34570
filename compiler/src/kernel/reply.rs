//! What the macros of replies are told, whatever the processor.

use super::PAGE;
use crate::stage::{Stage, output};
use crate::target::Target;
use serde::Serialize;

/// Context of the macro `begin`.
#[derive(Serialize)]
pub struct Begin {
    pub window: u8,
    pub max_reply: u8,
}

/// Whether the index of a label has a high byte: that of one that is not sure is one more than the last.
pub fn is_wide(stages: &[Stage]) -> bool {
    let (stage, choose) = output(stages);
    let labels = stages[stage].product().map_or(0, |product| product.visible());
    labels + usize::from(choose.margin > 0) > PAGE
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
        Self { wide: is_wide(stages), index: false }
    }

    /// The same for a target, which may have no console that prints.
    pub fn on(stages: &[Stage], target: &Target) -> Self {
        Self { index: target.is_library(), ..Self::new(stages) }
    }
}
