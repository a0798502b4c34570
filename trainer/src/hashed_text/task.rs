//! What is to be learned: encoders chosen from settings and pairs, and the pairs encoded by them.

use super::corpus::Corpus;
use super::dataset::Dataset;
use super::error::TaskError;
use super::replies::{LabelOrder, Replies, charset, labels, widened};
use super::settings::Settings;
use super::spool::{Spool, Storage};
use crate::data::{SplitError, split};
use crate::pairs::{Pair, Pairs};
use mlc_compiler::model::{Answer, HashedText, Model, Reader, is_calibration_query};
use std::collections::BTreeSet;
use std::io;

/// Encoders and encoded pairs.
#[derive(Debug, Clone)]
pub struct Task {
    pub reader: HashedText,
    pub answer: Answer,
    pub train: Corpus,
    /// Pairs whose queries the training never sees.
    pub held_out: Option<Corpus>,
    /// For [`Head::calibration`](mlc_compiler::model::Head::calibration): at most [`CALIBRATION`] different queries of the training pairs, evenly spread
    /// over them; of those in chunks, over the first chunk.
    pub calibration: Vec<String>,
}

/// How many queries a trained model keeps to be calibrated on. On five networks, own and published ones, the cycles
/// predicted by so many of their training queries were within 1.9 % of those simulated on 150 others (built-in
/// queries: 5.7 %); twice as many brought it to 1.6 %.
pub const CALIBRATION: usize = 64;

impl Task {
    /// The task, and the model to go on with, whose labels have to be so much above all others to be given. Nothing of the
    /// training looks at that. A chat has no labels, and stays as it is.
    #[must_use]
    pub fn with_margin(mut self, mut start: Option<Model>, margin: u8) -> (Self, Option<Model>) {
        let answers = [&mut self.answer].into_iter().chain(start.as_mut().map(|model| &mut model.answer));
        for answer in answers {
            if let Answer::Label { margin: of_answer, .. } = answer {
                *of_answer = margin;
            }
        }
        (self, start)
    }

    /// A chat network that generates the replies. Its charset is every byte of the replies, sorted, and the end mark.
    ///
    /// # Errors
    /// No pair, only one reply, or too many inputs.
    pub fn chat(pairs: &Pairs, settings: &Settings) -> Result<Self, TaskError> {
        let replies = two_replies(pairs)?;
        Ok(Self::with(pairs, settings.shape.chat_reader(), charset(&replies, &settings.shape)?))
    }

    /// A classifier that takes the replies as labels.
    ///
    /// # Errors
    /// No pair, only one label, or too many; a list of labels that is not that of the pairs.
    pub fn classifier(pairs: &Pairs, settings: &Settings, order: LabelOrder<'_>) -> Result<Self, TaskError> {
        let replies = two_replies(pairs)?;
        Ok(Self::with(pairs, settings.shape.label_reader(), labels(&replies, order)?))
    }

    fn with(pairs: &Pairs, reader: HashedText, answer: Answer) -> Self {
        let train = Corpus::Held(Dataset::new(&pairs.pairs, &reader, &answer));
        Self { reader, answer, train, held_out: None, calibration: calibration(&pairs.pairs) }
    }

    /// The same for pairs that were put aside: they are trained on a chunk at a time. `read`: what was counted while
    /// they were read. Gives the widened model as well, if it goes on with one.
    ///
    /// # Errors
    /// As for pairs in memory; and what was put aside cannot be written or read back.
    pub fn chunked(
        spool: Spool,
        read: &Pairs,
        kind: TaskKind,
        chunking: &Chunking,
        settings: &Settings,
    ) -> Result<(Self, Option<Model>), TaskError> {
        if spool.pairs() == 0 {
            require_pair(read)?;
        }
        let replies = spool.replies();
        let (reader, answer, model) = match kind {
            TaskKind::Chat => {
                (settings.shape.chat_reader(), charset(different(replies)?, &settings.shape)?, None)
            }
            TaskKind::Classifier(order) => {
                (settings.shape.label_reader(), labels(different(replies)?, order)?, None)
            }
            TaskKind::Resume(model) => {
                let model = widened(replies, model)?;
                let Reader::HashedText(reader) = &model.reader else {
                    unreachable!("a model of hashed text")
                };
                (reader.clone(), model.answer.clone(), Some(model))
            }
        };
        let share = chunking.hold_out.unwrap_or(0.0);
        if chunking.hold_out.is_some() && !(share > 0.0 && share < 1.0) {
            return Err(SplitError::Share(share).into());
        }
        let all = spool.pairs();
        let seed = settings.schedule.seed;
        let storage = (chunking.storage)().map_err(TaskError::storage)?;
        let sides = spool.deal(storage, (&reader, &answer), (chunking.size.max(1), seed), |query| {
            share > 0.0 && lot(query, seed) < share
        });
        let [train, held_out] = sides.map_err(TaskError::storage)?;
        if train.pairs() == 0 || (share > 0.0 && held_out.pairs() == 0) {
            return Err(SplitError::EmptyOfPairs { share, pairs: all }.into());
        }
        let held_out = (share > 0.0).then_some(Corpus::Chunked(held_out));
        let calibration = calibration(&train.pairs_of(0).map_err(TaskError::storage)?);
        Ok((Self { reader, answer, train: Corpus::Chunked(train), held_out, calibration }, model))
    }

    /// Holds out a share of the *queries*, drawn at random, with all their pairs: what the network says to queries
    /// it never saw. `pairs` are those the task was made from. See [`split`].
    ///
    /// # Errors
    /// A share that is none, or that leaves one side without pairs.
    pub fn hold_out(mut self, pairs: &Pairs, share: f64, seed: u64) -> Result<Self, TaskError> {
        let (train, held_out) = split(&pairs.pairs.iter().collect::<Vec<_>>(), share, seed)?;
        self.calibration = calibration(train.iter().copied());
        self.train = Corpus::Held(Dataset::new(train, &self.reader, &self.answer));
        self.held_out = Some(Corpus::Held(Dataset::new(held_out, &self.reader, &self.answer)));
        Ok(self)
    }

    /// Goes on with a trained model: its encoders, its labels, its charset. Characters and labels that it doesn't
    /// have get outputs of their own, with zero weights at first; gives the task and the model so widened.
    ///
    /// # Errors
    /// No pair, or too many labels.
    pub fn resume(pairs: &Pairs, model: &Model) -> Result<(Self, Model), TaskError> {
        require_pair(pairs)?;
        let model = widened(&Replies::of(pairs.pairs.iter().map(|pair| &pair.reply)), model)?;
        let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
        Ok((Self::with(pairs, reader.clone(), model.answer.clone()), model))
    }
}

/// What to make of pairs that were put aside.
#[derive(Debug, Clone, Copy)]
pub enum TaskKind<'a> {
    Chat,
    Classifier(LabelOrder<'a>),
    /// See [`Task::resume`].
    Resume(&'a Model),
}

/// How pairs that were put aside are trained on.
#[derive(Clone, Copy)]
pub struct Chunking<'a> {
    /// Most pairs in a chunk, 1 or more.
    pub size: usize,
    /// Share of the queries to hold out, each with all its pairs. Which ones goes by a hash of each query, so that
    /// no list of them is needed: others than [`Task::hold_out`] holds out, and about as many.
    pub hold_out: Option<f64>,
    /// Gives a place for the chunks.
    pub storage: &'a dyn Fn() -> io::Result<Box<dyn Storage>>,
}

/// A number from 0 to 1 that belongs to a query and a seed: FNV-1a, 64 bits, whose bits the finalizer of SplitMix64
/// (Steele, Lea, Flood 2014) then mixes, as the high ones of so short texts hardly differ.
fn lot(query: &[u8], seed: u64) -> f64 {
    let start = 0xCBF2_9CE4_8422_2325 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = query.iter().fold(start, |h, &c| (h ^ u64::from(c)).wrapping_mul(0x0100_0000_01B3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((hash ^ (hash >> 31)) >> 11) as f64 / (1u64 << 53) as f64
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

fn two_replies(pairs: &Pairs) -> Result<Replies, TaskError> {
    require_pair(pairs)?;
    let replies = Replies::of(pairs.pairs.iter().map(|pair| &pair.reply));
    different(&replies)?;
    Ok(replies)
}

/// There is a reply.
fn different(replies: &Replies) -> Result<&Replies, TaskError> {
    match (replies.count(), replies.labels().next()) {
        (1, Some((only, _))) => Err(TaskError::OneReply(String::from_utf8_lossy(only).into_owned())),
        _ => Ok(replies),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_spread_evenly_and_differ_by_seed() {
        let queries: Vec<String> = (0..10_000).map(|i| format!("query {i}")).collect();
        for seed in 0..5 {
            let held_out = queries.iter().filter(|query| lot(query.as_bytes(), seed) < 0.15).count();
            assert!((1400..1600).contains(&held_out), "seed {seed}: {held_out}");
        }
        let both = |query: &&String| (0..2).all(|seed| lot(query.as_bytes(), seed) < 0.15);
        let both = queries.iter().filter(both).count();
        assert!((150..300).contains(&both), "{both}");
    }
}
