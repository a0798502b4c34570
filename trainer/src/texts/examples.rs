//! Records → examples of tokens.

use super::check::tool;
use super::framing::{Framing, FramingError, TurnMarks, system};
use super::{Content, Message, Record, Records, Role};
use crate::sequence::Example;

impl Example {
    fn push(&mut self, tokens: &[u32], counts: bool) {
        self.tokens.extend_from_slice(tokens);
        self.counts.resize(self.tokens.len(), counts);
    }

    fn append(&mut self, other: &Self) {
        self.tokens.extend_from_slice(&other.tokens);
        self.counts.extend_from_slice(&other.counts);
    }

    /// The same as context: nothing of it is counted.
    fn uncounted(&self) -> Self {
        Self { tokens: self.tokens.clone(), counts: vec![false; self.tokens.len()] }
    }
}

/// All examples of some records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examples {
    /// None is longer than was asked for, and each has a token that counts.
    pub examples: Vec<Example>,
    /// The record of each example.
    pub records: Vec<usize>,
    /// Turns that are too long by themselves and were left out, and where the first of them stands.
    pub too_long: usize,
    pub first_too_long: Option<String>,
}

impl Framing {
    /// Makes examples of at most `length` tokens (at least 2). Every reply counts in one example. A conversation that is
    /// longer is cut between turns; an example that goes on with it has earlier turns in front, up to half of its length,
    /// which do not count. A text is cut anywhere, and every part begins with the start, as the first position stays in the
    /// window of a machine.
    ///
    /// # Errors
    /// A character that the tokenizer has no token for.
    pub fn examples(&self, records: &Records, length: usize) -> Result<Examples, FramingError> {
        let mut all = Examples::default();
        for (index, record) in records.records.iter().enumerate() {
            if !self.labels.is_empty() {
                let example = self.labelled(records, record)?;
                cut(&Example::default(), &[example], length, index, &|| records.place(record), &mut all);
                continue;
            }
            match (&record.content, &self.turns) {
                (Content::Text(text), _) => {
                    let mut tokens = self.encode(records.place(record), text)?;
                    tokens.extend(self.end);
                    self.text(&tokens, length, index, &mut all);
                }
                (Content::Conversation(messages), Some(marks)) => {
                    let (start, turns) = self.turns(records, record, messages, marks)?;
                    let place = || records.place(record);
                    cut(&start, &turns, length, index, &place, &mut all);
                }
                (Content::Conversation(_), None) => {
                    unreachable!("texts and conversations are not framed together")
                }
            }
        }
        Ok(all)
    }

    fn text(&self, tokens: &[u32], length: usize, record: usize, into: &mut Examples) {
        let room = length.saturating_sub(self.start.len()).max(1);
        for part in tokens.chunks(room) {
            let mut example = Example::default();
            example.push(&self.start, false);
            example.push(part, true);
            into.examples.push(example);
            into.records.push(record);
        }
    }

    /// The start of a conversation, and its turns.
    fn turns(
        &self,
        records: &Records,
        record: &Record,
        messages: &[Message],
        marks: &TurnMarks,
    ) -> Result<(Example, Vec<Example>), FramingError> {
        let encode = |text: &str| self.encode(records.place(record), text);
        let mut start = Example::default();
        start.push(&self.start, false);
        let messages = match (system(&record.content), marks.system) {
            (Some(text), Some(mark)) => {
                // Where it is not the same for all, it is not in the common start.
                if !self.start.contains(&mark) {
                    start.push(&[mark], false);
                    start.push(&encode(text)?, false);
                }
                &messages[1..]
            }
            _ => messages,
        };
        let end = self.end.expect("conversations have an end mark");
        let mut turns: Vec<Example> = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            let next = messages.get(at + 1).map(|next| next.role);
            if message.role == Role::User {
                let mut turn = Example::default();
                turn.push(&marks.before, false);
                turn.push(&encode(&message.content)?, false);
                turn.push(&marks.after, false);
                turns.push(turn);
                continue;
            }
            let turn = turns.last_mut().expect("the user begins");
            match (message.role, next, tool(&message.content)) {
                (Role::Tool, ..) => turn.push(&self.result(&message.content), false),
                (_, Some(Role::Tool), Some((said, name))) => {
                    turn.push(&encode(said)?, true);
                    turn.push(&[self.tool(name)], true);
                }
                _ => {
                    turn.push(&encode(&message.content)?, true);
                    turn.push(&[end], true);
                }
            }
        }
        Ok((start, turns))
    }
}

/// Puts turns together to examples of at most `length` tokens.
fn cut(
    start: &Example,
    turns: &[Example],
    length: usize,
    record: usize,
    place: &dyn Fn() -> String,
    into: &mut Examples,
) {
    let mut put = |example: Example| {
        into.examples.push(example);
        into.records.push(record);
    };
    let mut open: Option<Example> = None;
    // Turns that may stand in front of the next example.
    let mut context = 0..0;
    for (at, turn) in turns.iter().enumerate() {
        if start.tokens.len() + turn.tokens.len() > length {
            open.take().into_iter().for_each(&mut put);
            context = at + 1..at + 1;
            into.too_long += 1;
            into.first_too_long.get_or_insert_with(place);
            continue;
        }
        if let Some(example) = &mut open {
            if example.tokens.len() + turn.tokens.len() <= length {
                example.append(turn);
                context.end = at + 1;
                continue;
            }
            open.take().into_iter().for_each(&mut put);
        }
        let mut room = (length / 2).min(length - start.tokens.len() - turn.tokens.len());
        let mut first = context.end;
        while first > context.start && turns[first - 1].tokens.len() <= room {
            first -= 1;
            room -= turns[first].tokens.len();
        }
        let mut example = start.clone();
        turns[first..context.end].iter().for_each(|turn| example.append(&turn.uncounted()));
        example.append(turn);
        context.end = at + 1;
        open = Some(example);
    }
    open.into_iter().for_each(put);
}
