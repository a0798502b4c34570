//! What the replies of all pairs say about the network's outputs.

use super::error::TaskError;
use super::shape::Shape;
use mlc_compiler::model::{Answer, Body, Chat, Layer, MAX_WIDTH, Model};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Different replies beyond this are no labels: they are not counted further, so that memory stays bounded.
const MOST_LABELS: usize = 16 * MAX_WIDTH;

/// In which order a classifier's labels number its outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelOrder<'a> {
    /// By their bytes: whatever the order of the pairs, the same labels have the same numbers.
    #[default]
    Sorted,
    /// The first label of the pairs is output 0.
    FirstSeen,
    /// The first of the list is output 0.
    Given(&'a [String]),
}

/// Gathered a reply at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replies {
    characters: BTreeSet<u8>,
    /// Different replies, by when they came first.
    labels: BTreeMap<Vec<u8>, usize>,
}

impl Replies {
    pub(crate) fn of<'a>(replies: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let mut all = Self::default();
        replies.into_iter().for_each(|reply| all.add(reply));
        all
    }

    pub(crate) fn add(&mut self, reply: &[u8]) {
        if self.labels.contains_key(reply) {
            return;
        }
        self.characters.extend(reply);
        if self.labels.len() < MOST_LABELS {
            self.labels.insert(reply.to_vec(), self.labels.len());
        }
    }

    /// Every byte of them, ascending.
    pub(crate) fn characters(&self) -> impl Iterator<Item = u8> + '_ {
        self.characters.iter().copied()
    }

    /// How many different ones there are; of very many, that there are many.
    pub(crate) fn count(&self) -> usize {
        self.labels.len()
    }

    /// The different ones, ascending, each with its place in the order in which they came first.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.labels.iter().map(|(label, &seen)| (label.as_slice(), seen))
    }
}

/// A charset of every byte of the replies, sorted, and the end mark.
///
/// # Errors
/// Too many inputs.
pub(crate) fn charset(replies: &Replies, shape: &Shape) -> Result<Answer, TaskError> {
    let (query, context) = (shape.query.buckets, shape.context.buckets);
    if usize::from(query) + usize::from(context) > MAX_WIDTH {
        return Err(TaskError::TooManyInputs { query, context });
    }
    let charset = replies.characters().chain([0]).collect();
    Ok(Answer::Chat(Chat { charset, max_reply: shape.max_reply }))
}

/// A label for each different reply.
///
/// # Errors
/// Too many labels; a list of labels that is not that of the replies.
pub(crate) fn labels(replies: &Replies, order: LabelOrder) -> Result<Answer, TaskError> {
    if replies.count() > MAX_WIDTH {
        return Err(TaskError::TooManyLabels(replies.count()));
    }
    let mut labels: Vec<_> = replies.labels().collect();
    match order {
        LabelOrder::Sorted => {}
        LabelOrder::FirstSeen => labels.sort_by_key(|&(_, seen)| seen),
        LabelOrder::Given(list) => return listed(replies, list),
    }
    let labels = labels.into_iter().map(|(label, _)| String::from_utf8_lossy(label).into_owned());
    Ok(Answer::Label { labels: labels.collect(), margin: 0 })
}

/// The labels as a list has them.
///
/// # Errors
/// The list does not have each label of the replies once, and nothing else.
fn listed(replies: &Replies, list: &[String]) -> Result<Answer, TaskError> {
    let mut seen = BTreeSet::new();
    for label in list {
        if !replies.labels.contains_key(label.as_bytes()) {
            return Err(TaskError::UnusedLabel(label.clone()));
        }
        if !seen.insert(label.as_bytes()) {
            return Err(TaskError::LabelTwice(label.clone()));
        }
    }
    match replies.labels().find(|(label, _)| !seen.contains(label)) {
        Some((label, _)) => Err(TaskError::UnlistedLabel(String::from_utf8_lossy(label).into_owned())),
        None => Ok(Answer::Label { labels: list.to_vec(), margin: 0 }),
    }
}

/// The model with an output for each character or label of the replies.
///
/// # Errors
/// Too many labels.
pub(crate) fn widened(replies: &Replies, model: &Model) -> Result<Model, TaskError> {
    let mut model = model.clone();
    let added = match &mut model.answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => {
            let new: Vec<u8> = replies.characters().filter(|c| !chat.charset.contains(c)).collect();
            let end = chat.charset.len() - 1;
            chat.charset.splice(end..end, new.iter().copied());
            end..end + new.len()
        }
        Answer::Label { labels, .. } => {
            let first = labels.len();
            // What is there keeps its number; what is new comes behind it, sorted.
            let all = replies.labels().map(|(label, _)| String::from_utf8_lossy(label).into_owned());
            let new: Vec<String> = all.filter(|label| !labels.contains(label)).collect();
            labels.extend(new);
            if labels.len() > MAX_WIDTH {
                return Err(TaskError::TooManyLabels(labels.len()));
            }
            first..labels.len()
        }
    };
    let Body::Layers(layers) = &mut model.body else { unreachable!("a model of hashed text") };
    if let Some(last) = layers.last_mut() {
        add_outputs(last, added);
    }
    Ok(model)
}

/// Gives a last layer outputs that know nothing yet: zeros, or where a weight cannot be zero a copy of its last output,
/// but one less, so that no query chooses it.
fn add_outputs(layer: &mut Layer, added: Range<usize>) {
    let (row, bias) = match layer.set.contains(0) {
        true => (vec![0; layer.inputs], 0),
        false => {
            let last = layer.outputs - 1;
            (layer.row(last).to_vec(), layer.bias[last].saturating_sub(1 << layer.shift))
        }
    };
    let at = added.start * layer.inputs;
    layer.weights.splice(at..at, row.repeat(added.len()));
    layer.bias.splice(added.start..added.start, std::iter::repeat_n(bias, added.len()));
    layer.outputs += added.len();
}
