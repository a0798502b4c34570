//! What can be chosen about a dense network on numbers.

use crate::schedule::{SettingsError, whole};
use mlc_compiler::model::Grid;

/// Widest hidden layer.
const MAX_HIDDEN: usize = 1024;
/// Most hidden layers.
const MAX_LAYERS: usize = 8;

/// A network: the widths of its hidden layers, and which integers its weights may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// 1 to 1,024 each, 8 layers at most; none makes it linear.
    pub hidden: Vec<usize>,
    pub weights: Grid,
}

impl Shape {
    /// A network that learns what small tables have to say and takes a chip a millisecond or two: two hidden layers, wider
    /// where much is read or told apart.
    pub fn for_table(inputs: usize, labels: usize) -> Self {
        let first = if inputs > 24 || labels > 8 { 32 } else { 16 };
        Self { hidden: vec![first, 16.max(labels.min(first))], weights: Grid::Symmetric { bits: 8 } }
    }

    /// Checks every range stated on the fields.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        whole("hidden layers", self.hidden.len(), 0, MAX_LAYERS)?;
        self.hidden.iter().try_for_each(|&width| whole("hidden", width, 1, MAX_HIDDEN))
    }
}
