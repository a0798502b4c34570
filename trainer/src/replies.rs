//! What the replies of all pairs say about the network's outputs.

use crate::settings::Settings;
use crate::task::{LabelOrder, TaskError};
use mlc_compiler::model::{Chat, Layer, MAX_WIDTH, Model, Output};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Different replies beyond this are no labels: they are not counted further, so that memory stays bounded.
const MOST_LABELS: usize = 16 * MAX_WIDTH;

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
pub(crate) fn chat_output(replies: &Replies, settings: &Settings) -> Result<Output, TaskError> {
    let (query, context) = (settings.query.buckets, settings.context.buckets);
    if usize::from(query) + usize::from(context) > MAX_WIDTH {
        return Err(TaskError::TooManyInputs { query, context });
    }
    let charset = replies.characters().chain([0]).collect();
    let context = settings.context.clone();
    Ok(Output::Chat(Chat { charset, context, max_reply: settings.max_reply }))
}

/// # Errors
/// Too many labels; a list of labels that is not that of the replies.
pub(crate) fn classifier_output(replies: &Replies, order: LabelOrder) -> Result<Output, TaskError> {
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
    Ok(Output::Classifier { labels: labels.collect() })
}

/// The labels as a list has them.
///
/// # Errors
/// The list does not have each label of the replies once, and nothing else.
fn listed(replies: &Replies, list: &[String]) -> Result<Output, TaskError> {
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
        None => Ok(Output::Classifier { labels: list.to_vec() }),
    }
}

/// The model with an output for each character or label of the replies.
///
/// # Errors
/// Too many labels.
pub(crate) fn widened(replies: &Replies, model: &Model) -> Result<Model, TaskError> {
    let mut model = model.clone();
    let added = match &mut model.output {
        Output::Chat(chat) => {
            let new: Vec<u8> = replies.characters().filter(|c| !chat.charset.contains(c)).collect();
            let end = chat.charset.len() - 1;
            chat.charset.splice(end..end, new.iter().copied());
            end..end + new.len()
        }
        Output::Classifier { labels } => {
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
    if let Some(last) = model.layers.last_mut() {
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
