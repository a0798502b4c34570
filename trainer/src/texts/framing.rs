//! Marks: the special tokens around what is said, the same in training and on the machine.
//!
//! | data | an example | counted |
//! | --- | --- | --- |
//! | pairs | query `<sep>` reply `<end>` | reply `<end>` |
//! | conversations | `<s>` (`<system>` text) then for each turn `<user>` text `<assistant>` reply `<end>` | every reply `<end>` |
//! | texts | `<s>` text (`<end>`) | all but `<s>` |
//! | pairs whose replies are labels | `<s>` query `<end>` label | the label |
//!
//! Conversations of one question each are pairs, unless the tokenizer has the marks of conversations already.
//!
//! A reply that calls a tool has the tool's token, then the result, which is read and not counted, then goes on. A result is
//! a number, of which each digit is a token, as a machine reads it; a tool that has none switches something.

use super::check::tool;
use super::tokenizer::{self, Choice, TokenizerError};
use super::{Content, Records, Role};
use mlc_compiler::model::{Action, ModelError};
use mlc_compiler::tokens::{EncodeError, Special, Tokenizer};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

pub(super) const START: &str = "<s>";
const SEPARATOR: &str = "<sep>";
const USER: &str = "<user>";
const ASSISTANT: &str = "<assistant>";
const SYSTEM: &str = "<system>";
pub(super) const END: &str = "<end>";

/// All marks.
pub const MARKS: [&str; 6] = [START, SEPARATOR, USER, ASSISTANT, SYSTEM, END];

/// Why data cannot be framed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FramingError {
    #[error("texts ({text}) and conversations ({other}) together")]
    Mixed { text: String, other: String },
    #[error("{place}: {error}")]
    Encode { place: String, error: EncodeError },
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error(
        "{place}: <{name}> gives {result:?}: a machine reads whole numbers from 0 to 65535, written without a 0 in front"
    )]
    Result { place: String, name: String, result: String },
    #[error("{place}: <{name}> {now}, and at {other} it {before}", now = gives(*.reads), before = gives(!*.reads))]
    Results { place: String, other: String, name: String, reads: bool },
    #[error("<{name}> reads numbers, and the tokenizer has no token for a digit")]
    Digits { name: String },
    #[error("{place}: a label is wanted for each line, and here is no question with one reply")]
    NoPair { place: String },
    #[error(transparent)]
    Labels(#[from] ModelError),
    #[error("{place}: the label {label:?} is none of those that are learned")]
    Label { place: String, label: String },
    #[error("the tokenizer has the token {0}, and texts make it: it cannot be a mark")]
    Taken(String),
}

impl FramingError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Mixed { .. } => "train on the texts first, then go on with the conversations: `--from`",
            Self::Encode { error, .. } => error.help(),
            Self::Tokenizer(error) => error.help(),
            Self::Result { .. } => {
                "write such a number; what a tool only switches has an empty result everywhere"
            }
            Self::Results { .. } => {
                "give it results everywhere, or nowhere: then it switches something, as <lamp-on> and <lamp-off>"
            }
            Self::Digits { .. } => "train with a tokenizer that has all digits",
            Self::NoPair { .. } => "train a classifier on pairs: `query|label`",
            Self::Labels(_) => "labels are replies: 1 to 255 printable ASCII characters, no two the same",
            Self::Label { .. } => {
                "name it in --labels, or leave the line out; a model that training goes on from has its own"
            }
            Self::Taken(_) => "train with a tokenizer of your own",
        }
    }
}

/// What a tool does, in words.
fn gives(reads: bool) -> &'static str {
    if reads { "has a result" } else { "has none" }
}

/// The marks around what is said, as tokens of a tokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    /// With the marks as special tokens behind its own.
    pub tokenizer: Tokenizer,
    /// Once, in front of all: with the message of the system where all conversations have the same.
    pub start: Vec<u32>,
    /// The marks of turns; none for texts.
    pub turns: Option<TurnMarks>,
    /// The token that ends a reply or a text; none for texts that are cut somewhere.
    pub end: Option<u32>,
    /// Tokens that name an action, by their names without `<>`.
    pub tools: Vec<(String, u32)>,
    /// Names of those that read a number; the others switch something.
    pub reading: BTreeSet<String>,
    /// What a query is one of, in the order of the outputs; empty where the network writes text.
    pub labels: Vec<String>,
    /// How many tokens are new in the tokenizer.
    pub added: usize,
}

/// The marks of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnMarks {
    /// In front of what was typed.
    pub before: Vec<u32>,
    /// Behind it; the reply begins behind the last of them.
    pub after: Vec<u32>,
    /// The conversation goes on with the next line.
    pub keeps: bool,
    /// In front of a system's message.
    pub system: Option<u32>,
}

/// What kinds of records there are.
enum Data {
    Texts { ends: bool },
    Pairs,
    Conversations,
}

fn data(records: &Records) -> Result<Data, FramingError> {
    let is_text = |record: &&super::Record| matches!(record.content, Content::Text(_));
    let text = records.records.iter().find(is_text);
    let other = records.records.iter().find(|record| !is_text(record));
    match (text, other) {
        (Some(text), Some(other)) => {
            Err(FramingError::Mixed { text: records.place(text), other: records.place(other) })
        }
        // Of a file that is one text nobody says where it could end.
        (Some(_), None) => Ok(Data::Texts { ends: records.records.len() > records.sources.len() }),
        (None, _)
            if records.records.iter().all(|record| record.pair().is_some()) && tools(records).is_empty() =>
        {
            Ok(Data::Pairs)
        }
        (None, _) => Ok(Data::Conversations),
    }
}

/// Names of tools.
fn tools(records: &Records) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for record in &records.records {
        let Content::Conversation(messages) = &record.content else { continue };
        let calls = messages.windows(2).filter(|two| two[1].role == Role::Tool);
        names.extend(calls.filter_map(|two| tool(&two[0].content)).map(|(_, name)| name));
    }
    names
}

/// Names of tools that read a number.
fn reading(records: &Records) -> Result<BTreeSet<String>, FramingError> {
    let mut seen: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    for (at, record) in records.records.iter().enumerate() {
        let Content::Conversation(messages) = &record.content else { continue };
        for two in messages.windows(2).filter(|two| two[1].role == Role::Tool) {
            let Some((_, name)) = tool(&two[0].content) else { continue };
            let result = &two[1].content;
            let reads = !result.is_empty();
            let place = || records.place(record);
            if reads && result.parse::<u16>().map_or(true, |number| number.to_string() != *result) {
                return Err(FramingError::Result {
                    place: place(),
                    name: name.into(),
                    result: result.clone(),
                });
            }
            let (before, first) = *seen.entry(name).or_insert((reads, at));
            if before != reads {
                let other = records.place(&records.records[first]);
                return Err(FramingError::Results { place: place(), other, name: name.into(), reads });
            }
        }
    }
    Ok(seen.into_iter().filter(|(_, (reads, _))| *reads).map(|(name, _)| name.to_string()).collect())
}

/// How many special tokens the records ask for.
fn marks(records: &Records) -> Result<usize, FramingError> {
    let marks = match data(records)? {
        Data::Texts { ends } => 1 + usize::from(ends),
        Data::Pairs => 2,
        Data::Conversations => 4 + usize::from(has_system(records)),
    };
    Ok(marks + tools(records).len())
}

fn has_system(records: &Records) -> bool {
    records.records.iter().any(|record| system(&record.content).is_some())
}

/// What the system says.
pub(super) fn system(content: &Content) -> Option<&str> {
    match content {
        Content::Conversation(messages) if messages[0].role == Role::System => Some(&messages[0].content),
        _ => None,
    }
}

impl Framing {
    /// Makes a tokenizer of what the records say, with the marks that they ask for.
    ///
    /// # Errors
    /// Texts and conversations together; too many characters for the vocabulary.
    pub fn fresh(records: &Records, choice: Choice) -> Result<Self, FramingError> {
        Self::new(records, tokenizer::make(records, choice, marks(records)?)?)
    }

    /// Adds the characters and marks that the records ask for to a tokenizer, of its own or of a network that is trained on: the
    /// tokens that it has keep their ids, and its `bos` and `eos` are start and end where it has them.
    ///
    /// # Errors
    /// Texts and conversations together; numbers to read, without digits.
    pub fn new(records: &Records, mut tokenizer: Tokenizer) -> Result<Self, FramingError> {
        let reading = reading(records)?;
        let before = tokenizer.pieces.len();
        tokenizer::extend(&mut tokenizer, records)?;
        if let (Some(name), None) = (reading.first(), tokenizer.digits()) {
            return Err(FramingError::Digits { name: name.clone() });
        }
        let data = match data(records)? {
            // A network that has learnt conversations goes on with them.
            Data::Pairs if tokenizer.specials.iter().any(|special| special.text == USER) => {
                Data::Conversations
            }
            data => data,
        };
        // What a machine sets around a typed line of its own accord would stand in every turn.
        let (bos, eos) = (tokenizer.bos, tokenizer.eos);
        (tokenizer.adds_bos, tokenizer.adds_eos) = (false, false);
        let mut mark = |text: &str| special(&mut tokenizer, text);
        let (mut start, mut turns) = (Vec::new(), None);
        let end;
        match data {
            Data::Texts { ends } => {
                start.push(bos.map_or_else(|| mark(START), Ok)?);
                end = ends.then(|| eos.map_or_else(|| mark(END), Ok)).transpose()?;
                (tokenizer.bos, tokenizer.adds_bos) = (start.first().copied(), true);
            }
            Data::Pairs => {
                let after = vec![mark(SEPARATOR)?];
                end = Some(eos.map_or_else(|| mark(END), Ok)?);
                turns = Some(TurnMarks { before: Vec::new(), after, keeps: false, system: None });
            }
            Data::Conversations => {
                start.push(bos.map_or_else(|| mark(START), Ok)?);
                let system = has_system(records).then(|| mark(SYSTEM)).transpose()?;
                let (before, after) = (vec![mark(USER)?], vec![mark(ASSISTANT)?]);
                end = Some(eos.map_or_else(|| mark(END), Ok)?);
                turns = Some(TurnMarks { before, after, keeps: true, system });
            }
        }
        let mut named = Vec::new();
        for name in tools(records) {
            named.push((name.to_string(), special(&mut tokenizer, &format!("<{name}>"))?));
        }
        let added = tokenizer.pieces.len() - before;
        let mut framing =
            Self { tokenizer, start, turns, end, tools: named, reading, labels: Vec::new(), added };
        framing.add_common_system(records)?;
        Ok(framing)
    }

    /// A message of the system that all conversations begin with belongs to the start.
    fn add_common_system(&mut self, records: &Records) -> Result<(), FramingError> {
        let Some(mark) = self.turns.as_ref().and_then(|turns| turns.system) else { return Ok(()) };
        let first = &records.records[0];
        let Some(common) = system(&first.content) else { return Ok(()) };
        if records.records.iter().all(|record| system(&record.content) == Some(common)) {
            let tokens = self.encode(records.place(first), common)?;
            self.start.push(mark);
            self.start.extend(tokens);
        }
        Ok(())
    }

    pub(super) fn encode(&self, place: String, text: &str) -> Result<Vec<u32>, FramingError> {
        self.tokenizer.encode(text.as_bytes()).map_err(|error| FramingError::Encode { place, error })
    }

    /// What a tool does, and with what: `<lamp-on>` and `<lamp-off>` switch the lamp.
    pub fn action(&self, name: &str) -> (String, Action) {
        if self.reading.contains(name) {
            return (name.to_string(), Action::Read { close: Vec::new() });
        }
        let (name, on) = match (name.strip_suffix("-on"), name.strip_suffix("-off")) {
            (Some(what), _) if !what.is_empty() => (what, true),
            (_, Some(what)) if !what.is_empty() => (what, false),
            _ => (name, true),
        };
        (name.to_string(), Action::Switch { on })
    }

    /// The tokens of what a tool has read.
    pub(super) fn result(&self, result: &str) -> Vec<u32> {
        let digits = self.tokenizer.digits();
        let token =
            |digit: u8| digits.expect("there are digits where something is read")[usize::from(digit - b'0')];
        result.bytes().map(token).collect()
    }

    /// The token of a tool.
    pub(super) fn tool(&self, name: &str) -> u32 {
        let found = self.tools.iter().find(|(known, _)| known == name);
        found.expect("the tools of all records were added").1
    }
}

/// The special token that is written so; a new one behind all others where there is none.
pub(super) fn special(tokenizer: &mut Tokenizer, text: &str) -> Result<u32, FramingError> {
    if let Some(special) = tokenizer.specials.iter().find(|special| special.text == text) {
        return if special.everywhere { Err(FramingError::Taken(text.into())) } else { Ok(special.id) };
    }
    let id = tokenizer.pieces.len() as u32;
    tokenizer.pieces.push(Vec::new());
    tokenizer.specials.push(Special::control(id, text));
    Ok(id)
}
