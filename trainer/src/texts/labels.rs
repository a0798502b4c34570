//! Pairs whose replies are labels: a query between marks, and which label it has behind the last of them.

use super::framing::{END, FramingError, START, special};
use super::tokenizer::{self, Choice};
use super::{Content, Framing, Record, Records};
use crate::sequence::Example;
use mlc_compiler::model::check_labels;
use mlc_compiler::tokens::Tokenizer;
use std::collections::BTreeSet;

/// Start and end of a query.
const MARKS: usize = 2;

/// The different replies of pairs, sorted by their bytes.
///
/// # Errors
/// A record that is no pair.
pub fn labels(records: &Records) -> Result<Vec<String>, FramingError> {
    let all: BTreeSet<&str> = records
        .records
        .iter()
        .map(|record| Ok(pair(records, record)?.1))
        .collect::<Result<_, FramingError>>()?;
    Ok(all.into_iter().map(str::to_string).collect())
}

fn pair<'r>(records: &Records, record: &'r Record) -> Result<(&'r str, &'r str), FramingError> {
    record.pair().ok_or_else(|| FramingError::NoPair { place: records.place(record) })
}

/// Pairs without their replies.
fn queries(records: &Records) -> Result<Records, FramingError> {
    let query = |record: &Record| {
        let content = Content::Text(pair(records, record)?.0.to_string());
        Ok(Record { content, ..record.clone() })
    };
    let queries = records.records.iter().map(query).collect::<Result<_, FramingError>>()?;
    Ok(Records { records: queries, ..records.clone() })
}

impl Framing {
    /// Makes a tokenizer of the queries, and frames them between marks: for a network that gives one of `labels`.
    ///
    /// # Errors
    /// A record that is no pair; labels that a machine cannot have; too many characters for the vocabulary.
    pub fn fresh_classifier(
        records: &Records,
        choice: Choice,
        labels: Vec<String>,
    ) -> Result<Self, FramingError> {
        Self::classifier(records, tokenizer::make(&queries(records)?, choice, MARKS)?, labels)
    }

    /// Adds the characters of queries, and the marks around one to a tokenizer; its `bos` and `eos` are those where it
    /// has them.
    ///
    /// # Errors
    /// Labels that a machine cannot have; a text of the tokenizer that looks like a mark.
    pub fn classifier(
        records: &Records,
        mut tokenizer: Tokenizer,
        labels: Vec<String>,
    ) -> Result<Self, FramingError> {
        check_labels(&labels)?;
        let before = tokenizer.pieces.len();
        tokenizer::extend(&mut tokenizer, &queries(records)?)?;
        let start = tokenizer.bos.map_or_else(|| special(&mut tokenizer, START), Ok)?;
        let end = tokenizer.eos.map_or_else(|| special(&mut tokenizer, END), Ok)?;
        (tokenizer.bos, tokenizer.adds_bos) = (Some(start), true);
        (tokenizer.eos, tokenizer.adds_eos) = (Some(end), true);
        let added = tokenizer.pieces.len() - before;
        Ok(Self {
            tokenizer,
            start: vec![start],
            turns: None,
            end: Some(end),
            tools: Vec::new(),
            reading: BTreeSet::new(),
            labels,
            added,
        })
    }

    /// A query with its marks, behind which the number of its label counts: a row of the output, and never read.
    pub(super) fn labelled(&self, records: &Records, record: &Record) -> Result<Example, FramingError> {
        let (query, reply) = pair(records, record)?;
        let place = || records.place(record);
        let known = self.labels.iter().position(|label| label == reply);
        let label = known.ok_or_else(|| FramingError::Label { place: place(), label: reply.into() })?;
        let inner = self.encode(place(), query)?;
        let tokens = [&self.start[..], &inner, self.end.as_slice(), &[label as u32]].concat();
        let mut counts = vec![false; tokens.len()];
        *counts.last_mut().expect("there is a label") = true;
        Ok(Example { tokens, counts })
    }
}
