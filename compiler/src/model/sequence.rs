//! What sequence models read and answer.

use super::answer::with_unsure;
use super::choice::Choice;
use crate::tokens::Tokenizer;

/// Text as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub tokenizer: Tokenizer,
    /// Longest line that the program's own prompt takes, in bytes (1 to 127).
    pub max_length: u8,
}

/// Continues what was typed, or replies to it, a token a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Tokens that end it and are not shown, ascending.
    pub ends: Vec<u32>,
    /// Most tokens that are read: those of the query, and those of the reply but its last (2 to 65,535). In a
    /// conversation that is kept, those of all its turns.
    pub most: u16,
    /// A logit counts 2^-logit_bits nats (0 to 15).
    pub logit_bits: u8,
    /// How a typed line becomes a turn of a chat; the model continues what was typed if `None`.
    pub turns: Option<Turns>,
    pub choice: Choice,
    /// Tokens that name an action, no two the same.
    pub tools: Vec<Tool>,
    /// What the query is one of: an output stands for a label, not for a token, and one is chosen, behind the last token
    /// of the query. Empty where the model writes text. Printable ASCII, 1 to 255 of it, no two the same.
    pub labels: Vec<String>,
    /// The label is [`super::UNSURE`] where another logit is less than this below the largest: 0 never is.
    pub margin: u8,
}

impl Story {
    /// One that continues what was typed with the likeliest tokens.
    pub fn plain(ends: Vec<u32>, most: u16, logit_bits: u8) -> Self {
        let (choice, tools, labels) = (Choice::default(), Vec::new(), Vec::new());
        Self { ends, most, logit_bits, turns: None, choice, tools, labels, margin: 0 }
    }

    /// Whether it gives a label, and writes no text.
    pub fn classifies(&self) -> bool {
        !self.labels.is_empty()
    }

    /// The first part of it that `offers` lacks, in words.
    pub fn lacking(&self, offers: Offers) -> Option<&'static str> {
        let parts = [
            (self.turns.is_some() && !offers.turns, "a chat in turns"),
            (self.choice.draw.is_some() && !offers.choice, "drawing tokens"),
            (self.choice.penalty.is_some() && !offers.choice, "a repetition penalty"),
            (self.choice.beam.is_some() && !offers.beam, "beam search"),
            (!self.inputs().is_empty() && !offers.reads, "tokens that read a value"),
        ];
        parts.into_iter().find(|(lacks, _)| *lacks).map(|(_, what)| what)
    }

    /// Names of what tools read, each once, in the order of the tools. Programs know them by their places here.
    pub fn inputs(&self) -> Vec<&str> {
        self.names(|action| matches!(action, Action::Read { .. }))
    }

    /// Names of what tools switch, likewise.
    pub fn switches(&self) -> Vec<&str> {
        self.names(|action| matches!(action, Action::Switch { .. }))
    }

    fn names(&self, wanted: impl Fn(&Action) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for tool in self.tools.iter().filter(|tool| wanted(&tool.action)) {
            if !names.contains(&tool.name.as_str()) {
                names.push(&tool.name);
            }
        }
        names
    }

    /// The bytes that each output prints: its label, or the piece of its token; tokens that name an action print nothing. Behind
    /// all labels, where there is a margin, [`super::UNSURE`].
    pub fn printed(&self, tokenizer: &Tokenizer) -> Vec<Vec<u8>> {
        if self.classifies() {
            return with_unsure(&self.labels, self.margin).into_iter().map(String::into_bytes).collect();
        }
        let mut pieces = tokenizer.pieces.clone();
        self.tools.iter().for_each(|tool| pieces[tool.token as usize].clear());
        pieces
    }

    /// Most tokens that wait behind one that was chosen, with itself: digits of what it reads, and what closes them.
    pub fn longest_call(&self) -> usize {
        let behind = |tool: &Tool| match &tool.action {
            Action::Read { close } => DIGITS + close.len(),
            Action::Switch { .. } => 0,
        };
        1 + self.tools.iter().map(behind).max().unwrap_or(0)
    }
}

/// Most digits of what a tool reads.
pub const DIGITS: usize = 5;

/// What the programs of a processor can do with an answer, beside writing the likeliest tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offers {
    pub turns: bool,
    pub choice: bool,
    /// Replies that grow side by side.
    pub beam: bool,
    /// Tokens that read a value. Those that switch something need nothing: where there are no pins, they do nothing.
    pub reads: bool,
}

/// How a typed line becomes a turn of a chat. The model reads `start` once, then for each turn `before`, the tokens of the
/// line, and `after`; it then writes until one of [`Story::ends`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    /// Once, at the start of a conversation.
    pub start: Vec<u32>,
    /// In front of what was typed.
    pub before: Vec<u32>,
    /// Behind it; the reply begins behind the last of them.
    pub after: Vec<u32>,
    /// Behind a reply, in front of the next turn: what ends a reply is chosen, but not read.
    pub close: Vec<u32>,
    /// The conversation goes on with the next line: see [`Turns::is_kept`].
    pub keeps: bool,
}

impl Turns {
    /// Tokens that a turn has beside those of the line, where it is the first one and where it is a later one.
    pub fn framing(&self) -> (usize, usize) {
        let each = self.before.len() + self.after.len();
        (self.start.len() + each, self.close.len() + each)
    }

    /// Tokens up to which a later turn may fill the conversation, `most` being all that it holds: an eighth is for the
    /// reply.
    pub fn room(&self, most: usize) -> usize {
        most - most / 8
    }

    /// Whether so many tokens of a line leave too little room for a reply behind `taken` tokens: then a conversation begins anew.
    pub fn is_full(&self, taken: usize, line: usize, most: usize) -> bool {
        taken > 0 && taken + self.framing().1 + line > self.room(most)
    }

    /// The tokens of a line with those around it. `begins`: it is the first of a conversation.
    pub fn framed(&self, line: &[u32], begins: bool) -> Vec<u32> {
        let first = if begins { &self.start } else { &self.close };
        [first, &self.before, line, &self.after].concat()
    }

    /// Whether what was read stays in the cache for the next line, until the conversation is cleared.
    pub fn is_kept(turns: Option<&Self>) -> bool {
        turns.is_some_and(|turns| turns.keeps)
    }
}

/// A token that names an action. When it is chosen, the program does what it names. The token itself prints nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    pub token: u32,
    /// What it reads or switches: a value of the command line, or a pin of a board (1 to 16 letters, digits, '-' and
    /// '_'). Tools of one name read or switch the same.
    pub name: String,
    pub action: Action,
}

/// Tools, and what they make of what they read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolTable {
    pub tools: Vec<Tool>,
    /// The token of each digit; none where nothing is read.
    pub digits: Option<[u32; 10]>,
}

/// What a tool does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Reads a number, 0 to 65,535. Its decimal digits are printed; their tokens wait behind the tool's, then `close`.
    Read { close: Vec<u32> },
    /// Switches something on or off. The token waits.
    Switch { on: bool },
}
