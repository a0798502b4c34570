//! What is to be learned: encoders chosen from settings and pairs, and the pairs encoded by them.

use crate::data::{SplitError, split};
use crate::dataset::Dataset;
use crate::pairs::{Pair, Pairs};
use crate::settings::Settings;
use mlc_compiler::model::{Chat, MAX_WIDTH, Model, Output, QueryEncoder, is_calibration_query};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// In which order a classifier's labels number its outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelOrder {
    /// The first label of the pairs is output 0.
    #[default]
    FirstSeen,
    Sorted,
}

/// Encoders and encoded pairs.
#[derive(Debug, Clone)]
pub struct Task {
    pub query: QueryEncoder,
    pub output: Output,
    pub train: Dataset,
    /// Pairs whose queries the training never sees.
    pub held_out: Option<Dataset>,
    /// For [`Model::calibration`]: at most [`CALIBRATION`] different queries of the training pairs, evenly spread
    /// over them.
    pub calibration: Vec<String>,
}

/// How many queries a trained model keeps to be calibrated on. On five networks, own and published ones, the cycles
/// predicted by so many of their training queries were within 1.9 % of those simulated on 150 others (built-in
/// queries: 5.7 %); twice as many brought it to 1.6 %.
pub const CALIBRATION: usize = 64;

/// Pairs from which nothing can be learned.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TaskError {
    #[error("no \"query|reply\" pair in {lines} lines of {sources}{first_fault}")]
    NoPair { lines: usize, sources: String, first_fault: String },
    #[error(
        "query buckets ({query}) and context buckets ({context}) are more than {MAX_WIDTH} inputs together"
    )]
    TooManyInputs { query: u16, context: u16 },
    #[error("every pair has the reply \"{0}\": there is nothing to learn; a network needs at least two")]
    OneReply(String),
    #[error("{0} different labels, at most {MAX_WIDTH} are possible; did you mean a chat model?")]
    TooManyLabels(usize),
    #[error(transparent)]
    Split(#[from] SplitError),
}

impl Task {
    /// A chat network that generates the replies. Its charset is every byte of the replies, sorted, and the end mark.
    ///
    /// # Errors
    /// No pair, only one reply, or too many inputs.
    pub fn chat(pairs: &Pairs, settings: &Settings) -> Result<Self, TaskError> {
        require_two_replies(pairs)?;
        let (query, context) = (settings.query.buckets, settings.context.buckets);
        if usize::from(query) + usize::from(context) > MAX_WIDTH {
            return Err(TaskError::TooManyInputs { query, context });
        }
        let characters: BTreeSet<u8> = pairs.pairs.iter().flat_map(|pair| &pair.reply).copied().collect();
        let charset = characters.into_iter().chain([0]).collect();
        let context = settings.context.clone();
        let output = Output::Chat(Chat { charset, context, max_reply: settings.max_reply });
        Ok(Self::with(pairs, settings.query.clone(), output))
    }

    /// A classifier that takes the replies as labels.
    ///
    /// # Errors
    /// No pair, only one label, or too many.
    pub fn classifier(pairs: &Pairs, settings: &Settings, order: LabelOrder) -> Result<Self, TaskError> {
        require_two_replies(pairs)?;
        let mut labels: BTreeMap<&[u8], usize> = BTreeMap::new();
        for pair in &pairs.pairs {
            let next = labels.len();
            labels.entry(&pair.reply).or_insert(next);
        }
        if labels.len() > MAX_WIDTH {
            return Err(TaskError::TooManyLabels(labels.len()));
        }
        let mut labels: Vec<_> = labels.into_iter().collect();
        if order == LabelOrder::FirstSeen {
            labels.sort_by_key(|&(_, seen)| seen);
        }
        let labels = labels.into_iter().map(|(label, _)| String::from_utf8_lossy(label).into_owned());
        let output = Output::Classifier { labels: labels.collect() };
        Ok(Self::with(pairs, settings.query.clone(), output))
    }

    fn with(pairs: &Pairs, query: QueryEncoder, output: Output) -> Self {
        let train = Dataset::new(&pairs.pairs, &query, &output);
        Self { query, output, train, held_out: None, calibration: calibration(&pairs.pairs) }
    }

    /// Holds out a share of the *queries*, drawn at random, with all their pairs: what the network says to queries
    /// it never saw. `pairs` are those the task was made from. See [`split`].
    ///
    /// # Errors
    /// A share that is none, or that leaves one side without pairs.
    pub fn hold_out(mut self, pairs: &Pairs, share: f64, seed: u64) -> Result<Self, TaskError> {
        let (train, held_out) = split(&pairs.pairs.iter().collect::<Vec<_>>(), share, seed)?;
        self.calibration = calibration(train.iter().copied());
        self.train = Dataset::new(train, &self.query, &self.output);
        self.held_out = Some(Dataset::new(held_out, &self.query, &self.output));
        Ok(self)
    }

    /// Goes on with a trained model: its encoders, its labels, its charset. Characters and labels that it doesn't
    /// have get outputs of their own, with zero weights at first; gives the task and the model so widened.
    ///
    /// # Errors
    /// No pair, or too many labels.
    pub fn resume(pairs: &Pairs, model: &Model) -> Result<(Self, Model), TaskError> {
        require_pair(pairs)?;
        let mut model = model.clone();
        let added = match &mut model.output {
            Output::Chat(chat) => {
                let new: BTreeSet<u8> = pairs.pairs.iter().flat_map(|pair| &pair.reply).copied().collect();
                let new: Vec<u8> = new.into_iter().filter(|c| !chat.charset.contains(c)).collect();
                let end = chat.charset.len() - 1;
                chat.charset.splice(end..end, new.iter().copied());
                end..end + new.len()
            }
            Output::Classifier { labels } => {
                let first = labels.len();
                for pair in &pairs.pairs {
                    let label = String::from_utf8_lossy(&pair.reply);
                    if !labels.iter().any(|known| *known == label) {
                        labels.push(label.into_owned());
                    }
                }
                if labels.len() > MAX_WIDTH {
                    return Err(TaskError::TooManyLabels(labels.len()));
                }
                first..labels.len()
            }
        };
        if let Some(last) = model.layers.last_mut() {
            let (at, count) = (added.start * last.inputs, added.len() * last.inputs);
            last.weights.splice(at..at, std::iter::repeat_n(0, count));
            last.bias.splice(added.start..added.start, std::iter::repeat_n(0, added.len()));
            last.outputs += added.len();
        }
        Ok((Self::with(pairs, model.query.clone(), model.output.clone()), model))
    }
}

/// A systematic sample: pairs stand in files by their topics, so every so many of the different queries cover all.
fn calibration<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let usable = |pair: &'a Pair| {
        let query = std::str::from_utf8(&pair.query).ok()?;
        (is_calibration_query(query) && seen.insert(query)).then_some(query)
    };
    let queries: Vec<&str> = pairs.into_iter().filter_map(usable).collect();
    let count = queries.len().min(CALIBRATION);
    // In the middle of each part, so that the first and the last line weigh no more than others.
    (0..count).map(|i| queries[(2 * i + 1) * queries.len() / (2 * count)].to_string()).collect()
}

/// Finds out whether there is a pair at all.
///
/// # Errors
/// [`TaskError::NoPair`], with the first line that was left out.
pub fn require_pair(pairs: &Pairs) -> Result<(), TaskError> {
    if !pairs.pairs.is_empty() {
        return Ok(());
    }
    let first = pairs.faults.first();
    let first_fault = first.map(|f| format!("; {}: {}", pairs.place(f.source, f.line), f.kind));
    Err(TaskError::NoPair {
        lines: pairs.lines,
        sources: pairs.sources.join(", "),
        first_fault: first_fault.unwrap_or_default(),
    })
}

fn require_two_replies(pairs: &Pairs) -> Result<(), TaskError> {
    require_pair(pairs)?;
    let first = &pairs.pairs[0].reply;
    if pairs.pairs.iter().all(|pair| pair.reply == *first) {
        return Err(TaskError::OneReply(String::from_utf8_lossy(first).into_owned()));
    }
    Ok(())
}
