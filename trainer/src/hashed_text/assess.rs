//! Where a model is right and where it is wrong.

use super::answers::answers;
use super::dataset::Dataset;
use super::figures::{Figures, evaluate};
use crate::data::ceiling;
use crate::pairs::Pair;
use mlc_compiler::model::{Answer, Model, Reader};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a model does on pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    pub figures: Figures,
    /// Replies that could come out right at most: a query with several replies can only get one of them.
    pub ceiling: usize,
    /// Every distinct reply of the pairs, those with most wrong answers first.
    pub by_reply: Vec<ReplyFigures>,
}

/// How the pairs with one reply come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyFigures {
    pub reply: String,
    pub pairs: usize,
    pub right: usize,
    /// What the machine says instead, how often; the most frequent first.
    pub instead: Vec<(String, usize)>,
    /// The first query that is answered wrongly.
    pub example: Option<String>,
}

/// Wrong answers, counted.
type Counts<'a> = BTreeMap<&'a [u8], usize>;

/// Answers every query of the pairs and compares.
pub fn assess(model: &Model, pairs: &[&Pair], threads: usize) -> Assessment {
    let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
    let data = Dataset::new(pairs.iter().copied(), reader, &model.answer);
    let queries: Vec<&[u8]> = pairs.iter().map(|pair| pair.query.as_slice()).collect();
    let answers = answers(model, &queries, threads);
    // The figures of a training look at the largest logit alone.
    if let Answer::Label { margin: 1.., .. } = model.answer {
        return assess_labels(pairs, &answers);
    }
    let by_reply = by_reply(pairs, &answers);
    Assessment { figures: evaluate(model, &data, threads), ceiling: ceiling(pairs), by_reply }
}

/// Compares the labels that a classifier has said, one for each pair, with the replies.
pub fn assess_labels(pairs: &[&Pair], said: &[Vec<u8>]) -> Assessment {
    let by_reply = by_reply(pairs, said);
    let right = by_reply.iter().map(|figures| figures.right).sum();
    let n = pairs.len();
    let figures = Figures { steps: n, steps_right: right, replies: n, replies_right: right };
    Assessment { figures, ceiling: ceiling(pairs), by_reply }
}

/// How the pairs of each reply come out, those with most wrong answers first.
fn by_reply(pairs: &[&Pair], answers: &[Vec<u8>]) -> Vec<ReplyFigures> {
    let mut by_reply: BTreeMap<&[u8], (ReplyFigures, Counts)> = BTreeMap::new();
    for (pair, answer) in pairs.iter().zip(answers) {
        let (figures, instead) = by_reply.entry(&pair.reply).or_insert_with(|| {
            let reply = text(&pair.reply);
            (ReplyFigures { reply, pairs: 0, right: 0, instead: Vec::new(), example: None }, Counts::new())
        });
        figures.pairs += 1;
        if *answer == pair.reply {
            figures.right += 1;
        } else {
            *instead.entry(answer).or_default() += 1;
            figures.example.get_or_insert_with(|| text(&pair.query));
        }
    }
    let mut by_reply: Vec<ReplyFigures> = by_reply
        .into_values()
        .map(|(mut figures, instead)| {
            figures.instead = instead.into_iter().map(|(answer, count)| (text(answer), count)).collect();
            figures.instead.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
            figures
        })
        .collect();
    by_reply.sort_by_key(|figures| std::cmp::Reverse(figures.pairs - figures.right));
    by_reply
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
