//! Model → graph: exactly what the model means, nothing clever. One file a family.

mod hashed_text;

use super::{Graph, TypeError};
use crate::model::Model;

/// The graph of a model, before any pass.
///
/// # Errors
/// A [`TypeError`] would mean that the model was not checked: a bug in mlc.
pub fn build(model: &Model) -> Result<Graph, TypeError> {
    hashed_text::build(model)
}
