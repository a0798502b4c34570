//! What sequence models learn from: texts, pairs and conversations, read from files of several kinds, and made into
//! examples of tokens.
//!
//! ```text
//! bytes ─ Records::read ─▶ Records ─ Framing::fresh, or Framing::new with a tokenizer ─▶ Framing ─ examples ─▶ Examples
//! ```
//!
//! A pair and an instruction are conversations of one question. Nothing is folded here: a tokenizer folds.

mod bpe;
mod check;
pub mod edit;
mod error;
mod examples;
mod fold;
mod framing;
mod json;
mod kind;
mod labels;
mod lines;
mod lint;
mod stats;
mod table;
pub mod tokenizer;
mod write;

pub use crate::sequence::Example;
pub(crate) use check::{conversation, question};
pub use error::{Problem, RecordsError};
pub use examples::Examples;
pub use framing::{Framing, FramingError, TurnMarks};
pub use kind::Kind;
pub use labels::labels;
pub use lint::lint;
pub use stats::{Stats, stats};
pub use write::{WriteError, write};

use crate::pairs::{Fault, MAX_FAULTS_KEPT};
use serde::{Deserialize, Serialize};

/// Most bytes of all sources together.
pub const MOST_BYTES: usize = 1 << 30;
/// Most messages of a conversation.
pub const MOST_MESSAGES: usize = 1000;
/// Most bytes of a message.
pub const MOST_MESSAGE: usize = 1 << 16;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What holds for the whole conversation.
    System,
    /// Who types.
    User,
    /// The model.
    Assistant,
    /// The result of an action that the assistant has named.
    Tool,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::System, Self::User, Self::Assistant, Self::Tool];

    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Message {
    pub role: Role,
    /// Not empty, but for a tool's.
    pub content: String,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Not empty.
    Text(String),
    /// Perhaps a message of the system; then user and assistant in turn, the assistant last. A tool stands between two
    /// messages of the assistant, of which the first ends with the tool's token.
    Conversation(Vec<Message>),
}

/// Where in its source a record stands; all count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Line(usize),
    /// Of a list in JSON.
    Entry(usize),
}

/// A text, a pair or a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub content: Content,
    /// Index into [`Records::sources`].
    pub source: usize,
    pub at: At,
}

impl Record {
    /// The question and the reply of a conversation that has one of each and nothing else.
    pub fn pair(&self) -> Option<(&str, &str)> {
        match &self.content {
            Content::Conversation(messages) => match &messages[..] {
                [user, assistant] if user.role == Role::User => Some((&user.content, &assistant.content)),
                _ => None,
            },
            Content::Text(_) => None,
        }
    }
}

/// How a text file is cut into texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// Each file is one text.
    #[default]
    Whole,
    /// A text a line; empty lines don't count.
    Lines,
    /// Texts with empty lines between them.
    Paragraphs,
}

/// Everything read so far, from one source or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    pub records: Vec<Record>,
    /// Names given to [`Records::read`], in order, and what each is.
    pub sources: Vec<(String, Kind)>,
    /// Lines of pairs that were left out; `faults` holds the first [`MAX_FAULTS_KEPT`].
    pub fault_count: usize,
    pub faults: Vec<Fault>,
    bytes: usize,
}

impl Records {
    /// Reads a whole source. `name` is what messages call it, and its extension says what it is where the content does not;
    /// `kind` says it against both.
    ///
    /// # Errors
    /// What is not as its kind asks, with its place. Bad lines of pairs are faults and left out.
    pub fn read(
        &mut self,
        name: &str,
        bytes: &[u8],
        kind: Option<Kind>,
        cut: Cut,
    ) -> Result<(), RecordsError> {
        let at = |problem| RecordsError { place: name.to_string(), problem };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MOST_BYTES {
            return Err(at(Problem::TooMuch));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
            RecordsError { place: format!("{name}:{line}"), problem: Problem::NotUtf8 }
        })?;
        let kind = match kind {
            Some(kind) => kind,
            None => Kind::of(name, text).map_err(at)?,
        };
        self.sources.push((name.to_string(), kind));
        let before = self.records.len();
        match kind {
            Kind::Pairs => self.pairs(text),
            Kind::Texts => self.texts(name, text, cut)?,
            Kind::Conversations | Kind::Instructions => self.json(name, text, kind)?,
            Kind::Csv => self.table(name, text, b',')?,
            Kind::Tsv => self.table(name, text, b'\t')?,
        }
        match self.records.len() == before {
            true => Err(at(Problem::Nothing { kind, fault: self.first_fault() })),
            false => Ok(()),
        }
    }

    /// The same sources with other records.
    pub fn with(&self, records: Vec<Record>) -> Self {
        Self { records, ..self.clone() }
    }

    /// Records that are made, not read.
    pub(crate) fn made(name: &str, kind: Kind) -> Self {
        Self { sources: vec![(name.to_string(), kind)], ..Self::default() }
    }

    pub(crate) fn push_made(&mut self, content: Content, line: usize) {
        self.push(content, At::Line(line));
    }

    /// Says of records that were made what they are.
    pub(crate) fn name_kind(&mut self) {
        let is_text = |record: &Record| matches!(record.content, Content::Text(_));
        self.sources[0].1 = match &self.records {
            records if records.iter().all(is_text) => Kind::Texts,
            records if records.iter().all(|record| record.pair().is_some()) => Kind::Pairs,
            _ => Kind::Conversations,
        };
    }

    /// The first line that the last source had wrong.
    fn first_fault(&self) -> Option<(usize, String)> {
        let source = self.sources.len() - 1;
        self.faults.iter().find(|f| f.source == source).map(|f| (f.line, f.kind.to_string()))
    }

    fn push(&mut self, content: Content, at: At) {
        self.records.push(Record { content, source: self.sources.len() - 1, at });
    }

    fn fault(&mut self, line: usize, kind: crate::pairs::FaultKind) {
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS_KEPT {
            self.faults.push(Fault { source: self.sources.len() - 1, line, kind });
        }
    }

    /// Where a record stands: `name:line`, or `name, entry n`.
    pub fn place(&self, record: &Record) -> String {
        let (name, _) = &self.sources[record.source];
        match record.at {
            At::Line(line) => format!("{name}:{line}"),
            At::Entry(entry) => format!("{name}, entry {entry}"),
        }
    }
}
