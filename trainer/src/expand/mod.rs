//! Templates with slots → thousands of pairs, conversations or texts.
//!
//! The format is in docs/data.md. [`parse`] reads it, [`Templates::expand`] draws from it: the same seed gives the same
//! records. What is held back is in the records of [`Side::HeldOut`] only, and each of those has something of it.

mod condition;
mod draw;
mod error;
mod leak;
mod parse;
mod phrase;
mod pools;
mod reach;
mod slot;

pub use error::{ExpandError, Problem};
pub use parse::parse;

use crate::texts::Role;
use condition::Condition;
use phrase::Phrase;
use std::collections::BTreeMap;

/// Most bytes of a file of templates.
pub const MOST_FILE: usize = 4 << 20;
/// Most values of a range.
pub const MOST_RANGE: i64 = 1_000_000;
/// Most records that are made at once.
pub const MOST_RECORDS: usize = 10_000_000;

/// Which records are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Without anything that is held back.
    Training,
    /// With something that is held back, each.
    HeldOut,
}

/// A file of templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Templates {
    /// What messages call the file.
    name: String,
    lists: Vec<List>,
    groups: Vec<Group>,
    templates: Vec<Template>,
    /// Turns that conversations may include, by name.
    turns: BTreeMap<String, Vec<Template>>,
}

/// Values that a slot may have.
#[derive(Debug, Clone, PartialEq)]
struct List {
    name: String,
    line: usize,
    values: Values,
    /// Values that training never sees.
    held: Values,
    /// Share of `values` that is held back, chosen by the seed.
    share: f64,
    /// The group whose values are held back together.
    group: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Words(Vec<Phrase>),
    Numbers(Vec<i64>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}

/// Lists of which a share of all combinations is held back.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    lists: Vec<usize>,
    share: f64,
}

/// A pair, a text, a conversation, or turns that conversations include.
#[derive(Debug, Clone, PartialEq)]
struct Template {
    line: usize,
    /// How often it is taken, against the others.
    weight: u32,
    condition: Option<Condition>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Pair(Phrase, Phrase),
    Text(Phrase),
    Chat(Vec<Step>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Say(Role, Phrase),
    /// Between `least` and `most` of the turns of a name.
    Include {
        turns: String,
        least: u32,
        most: u32,
    },
}
