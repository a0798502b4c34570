//! New lists of records from old ones. The order stays.

use super::{Content, Record, Records};
use crate::data::{self, SplitError};
use crate::pairs::Pair;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why a list cannot be made of records.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EditError {
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error("{place} is no single question with its reply: {what}")]
    NoPair { place: String, what: &'static str },
}

/// Cuts records in two, at random but for the seed: (the rest, `share` of them). A conversation is on one side, with all that
/// are the same; a question is on one side with all its replies. One long text is cut at a line end instead, and its last
/// part is held out.
///
/// # Errors
/// A share outside 0 to 1, or one that leaves a side empty.
pub fn split(records: &Records, share: f64, seed: u64) -> Result<(Vec<Record>, Vec<Record>), SplitError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(SplitError::Share(share));
    }
    if let [Record { content: Content::Text(text), source, at }] = &records.records[..] {
        let (head, tail) = cut(text, share).ok_or(SplitError::Empty { share, queries: 1 })?;
        let part =
            |text: &str| vec![Record { content: Content::Text(text.into()), source: *source, at: *at }];
        return Ok((part(head), part(tail)));
    }
    let keys: BTreeSet<Key> = records.records.iter().map(key).collect();
    let mut keys: Vec<Key> = keys.into_iter().collect();
    keys.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let count = (keys.len() as f64 * share).round() as usize;
    if count == 0 || count == keys.len() {
        return Err(SplitError::Empty { share, queries: keys.len() });
    }
    let held_out: BTreeSet<Key> = keys[..count].iter().copied().collect();
    Ok(records.records.iter().cloned().partition(|record| !held_out.contains(&key(record))))
}

/// What of a record must be on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Query(&'a str),
    Whole(&'a Content),
}

fn key(record: &Record) -> Key<'_> {
    record.pair().map_or(Key::Whole(&record.content), |(query, _)| Key::Query(query))
}

/// The two parts of a text, where a line ends, or a word in a text of one line.
fn cut(text: &str, share: f64) -> Option<(&str, &str)> {
    let mut from = (text.len() as f64 * (1.0 - share)) as usize;
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let end = text[from..].find('\n').or_else(|| text[from..].find(' '))?;
    let (head, tail) = (text[..from + end].trim_end(), text[from + end..].trim_start());
    (!head.is_empty() && !tail.is_empty()).then_some((head, tail))
}

/// Without records that say one again word for word; the first of each stays.
pub fn dedup(records: &Records) -> Vec<&Record> {
    let mut seen = BTreeSet::new();
    records.records.iter().filter(|record| seen.insert(&record.content)).collect()
}

/// Of each question only the records with its most frequent reply, the first of equals.
///
/// # Errors
/// A record that is no pair.
pub fn resolve(records: &Records) -> Result<Vec<&Record>, EditError> {
    let pairs = pairs(records, "only these contradict each other")?;
    let all: Vec<&Pair> = pairs.iter().collect();
    Ok(data::resolve(&all).iter().map(|pair| &records.records[pair.line]).collect())
}

/// Exactly `count` records for each reply: of a frequent reply a random choice, of a rare one all as often as it takes.
///
/// # Errors
/// A record that is no pair.
pub fn balance(records: &Records, count: usize, seed: u64) -> Result<Vec<&Record>, EditError> {
    let pairs = pairs(records, "only these can be balanced, by their replies")?;
    let all: Vec<&Pair> = pairs.iter().collect();
    Ok(data::balance(&all, count, seed).iter().map(|pair| &records.records[pair.line]).collect())
}

/// How many different replies pairs have.
pub fn replies(records: &Records) -> usize {
    records.records.iter().filter_map(Record::pair).map(|(_, reply)| reply).collect::<BTreeSet<_>>().len()
}

/// Records as pairs; the line of each is its index.
fn pairs(records: &Records, what: &'static str) -> Result<Vec<Pair>, EditError> {
    let pair = |(line, record): (usize, &Record)| match record.pair() {
        Some((query, reply)) => {
            Ok(Pair { query: query.into(), reply: reply.into(), source: record.source, line })
        }
        None => Err(EditError::NoPair { place: records.place(record), what }),
    };
    records.records.iter().enumerate().map(pair).collect()
}

/// Questions of pairs with their replies and how often each is given, for questions with several.
pub(super) fn contradictions(records: &Records) -> BTreeMap<&str, BTreeMap<&str, Vec<&Record>>> {
    let mut found: BTreeMap<&str, BTreeMap<&str, Vec<&Record>>> = BTreeMap::new();
    for record in &records.records {
        if let Some((query, reply)) = record.pair() {
            found.entry(query).or_default().entry(reply).or_default().push(record);
        }
    }
    found.retain(|_, replies| replies.len() > 1);
    found
}
