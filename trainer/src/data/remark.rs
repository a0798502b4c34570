//! What [`lint`](super::lint()) has to say.

use mlc_compiler::words::count;
use serde::Serialize;
use thiserror::Error;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Severity {
    /// Costs bytes or clarity.
    Note,
    /// Costs accuracy.
    Warning,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub remark: Remark,
    /// What to do about it.
    pub remedy: &'static str,
    /// Where: `file:line`, at most [`LintOptions::places`](super::LintOptions::places) of them.
    pub places: Vec<String>,
}

/// What was found. `Display` gives a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Error)]
pub enum Remark {
    #[error("\"{query}\" has {}: {}", count(replies.len(), "different reply"), list(replies))]
    Contradiction { query: String, replies: Vec<(String, usize)> },
    #[error("contradictions: at most {ceiling} of {} ({:.1} %) can come out right", count(*pairs, "reply"), 100.0 * *ceiling as f64 / *pairs as f64)]
    Ceiling { ceiling: usize, pairs: usize },
    #[error(
        "the same to the network, which sees only trigram counts, but with different replies: {}",
        quoted(queries)
    )]
    Collision { queries: Vec<String> },
    #[error("nearly the same, but with different replies: {}", quoted(queries))]
    NearDuplicate { queries: Vec<String> },
    #[error("queries nearly the same, with the same reply: {count}, as {}", quoted(queries))]
    NearAgreement { count: usize, queries: Vec<String> },
    #[error(
        "of so many queries alike not all that are nearly the same were looked for; the first {0} are named"
    )]
    NearUnfinished(usize),
    #[error("no network can say \"{reply}\": after \"{window}\" comes {} and elsewhere {}", next(*first), next(*second))]
    Loop { reply: String, window: String, first: Option<char>, second: Option<char> },
    #[error("pairs that say a pair again word for word: {count}")]
    Repeated { count: usize },
    #[error("{character:?} costs an output of its own, for {count} of the replies")]
    RareCharacter { character: char, count: usize },
    #[error("records that say a record again word for word: {count}")]
    RepeatedRecords { count: usize },
    #[error("{character:?} costs a token of its own, for {}", mlc_compiler::words::count(*count, "record"))]
    RareToken { character: char, count: usize },
    #[error("questions above {limit} bytes: {count}, as \"{text}…\"")]
    LongLine { text: String, count: usize, limit: usize },
    #[error("{character:?} is not in the charset of the model")]
    ForeignCharacter { character: char },
    #[error("label \"{0}\" is not one of the model's")]
    ForeignLabel(String),
    #[error("\"{query}\" has {character:?}, which nobody can type at the machine")]
    Untypable { query: String, character: char },
    #[error("the {what} \"{text}\" has {}; 99 of 100 have at most {usual}", count(*length, "character"))]
    Long { what: &'static str, text: String, length: usize, usual: usize },
    #[error("{what} \"{reply}\" has {share:.1} % of the pairs, {} the rest", count(*others, &format!("other {what}")))]
    Imbalance { what: &'static str, reply: String, share: f64, others: usize },
    #[error("label \"{label}\" has {}", count(*pairs, "pair"))]
    RareLabel { label: String, pairs: usize },
    #[error("labels that differ in case and spaces only are several labels: {}", list(labels))]
    SimilarLabels { labels: Vec<(String, usize)> },
    #[error("{what} cut to {}: {cut}", count(*limit, "character"))]
    Cut { what: &'static str, cut: usize, limit: usize },
}

fn list(replies: &[(String, usize)]) -> String {
    let shown = replies.iter().take(5).map(|(reply, count)| format!("\"{reply}\" {count} x"));
    let more = if replies.len() > 5 { ", ..." } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}

fn quoted(texts: &[String]) -> String {
    let shown = texts.iter().take(5).map(|text| format!("\"{text}\""));
    let more = if texts.len() > 5 { ", ..." } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}

fn next(c: Option<char>) -> String {
    c.map_or("the end".into(), |c| format!("{c:?}"))
}
