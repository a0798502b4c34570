//! Model → graph: exactly what the model means, nothing clever. One file a family.

mod hashed_text;
mod parameters;
mod sequence;

use super::{Graph, TypeError};
use crate::model::{Answer, Body, Model, Reader};

/// The graph of a sequence model that gives logits for each token of the query and writes nothing; `None` for a model of
/// another family.
///
/// # Errors
/// See [`build`].
pub fn build_scoring(model: &Model) -> Result<Option<Graph>, TypeError> {
    match (&model.reader, &model.body, &model.answer) {
        (Reader::Tokens(reader), Body::Transformer(body), Answer::Story(story)) => {
            sequence::scoring(model, reader, body, story).map(Some)
        }
        _ => Ok(None),
    }
}

/// The graph of a model, before any pass.
///
/// # Errors
/// A [`TypeError`] would mean that the model was not checked: a bug in mlc.
///
/// # Panics
/// For parts of different families, which [`Model::check`] refuses.
pub fn build(model: &Model) -> Result<Graph, TypeError> {
    match (&model.reader, &model.body, &model.answer) {
        (Reader::HashedText(reader), Body::Layers(layers), _) => hashed_text::build(model, reader, layers),
        (Reader::Tokens(reader), Body::Transformer(body), Answer::Story(story)) => {
            sequence::build(model, reader, body, story)
        }
        _ => unreachable!("checked: all parts of a model are of one family"),
    }
}
