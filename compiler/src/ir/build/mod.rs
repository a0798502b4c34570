//! Model → graph: exactly what the model means, nothing clever. One file a family.

mod hashed_text;
mod network;
mod parameters;
mod sequence;

use super::{Graph, TypeError};
use crate::model::{Body, Model, Reader};

/// The graph of a sequence model that gives logits for each token of the query and writes nothing; `None` for a model of
/// another family.
///
/// # Errors
/// See [`build`].
pub fn build_scoring(model: &Model) -> Result<Option<Graph>, TypeError> {
    let scoring = |(reader, body, story)| sequence::scoring(model, reader, body, story);
    model.sequence().map(scoring).transpose()
}

/// The graph of a model, before any pass.
///
/// # Errors
/// A [`TypeError`] would mean that the model was not checked: a bug in mlc.
///
/// # Panics
/// For parts of different families, which [`Model::check`] refuses.
pub fn build(model: &Model) -> Result<Graph, TypeError> {
    if let Some((reader, body, story)) = model.sequence() {
        return sequence::build(model, reader, body, story);
    }
    match (&model.reader, &model.body) {
        (Reader::HashedText(reader), Body::Layers(layers)) => hashed_text::build(model, reader, layers),
        (Reader::Sensors(reader), Body::Network(body)) => network::build(model, reader, body),
        _ => unreachable!("checked: all parts of a model are of one family"),
    }
}
