//! What is in records.

use super::{Content, Record, Records, Role};
use crate::data::{Lengths, lengths};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Counts over records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    pub records: usize,
    pub distinct: usize,
    pub texts: usize,
    /// Of one question and its reply.
    pub pairs: usize,
    pub conversations: usize,
    /// Questions with their replies, of pairs and conversations.
    pub turns: usize,
    pub tool_calls: usize,
    /// Conversations with a message of the system.
    pub systems: usize,
    /// Characters that tokens would stand for: of texts, and of all messages.
    pub characters: usize,
    /// Those of the assistant, and of texts.
    pub counted: usize,
    /// Every character with its number, the most frequent first.
    pub alphabet: Vec<(char, usize)>,
    /// In characters; turns of conversations in turns.
    pub text_lengths: Lengths,
    pub question_lengths: Lengths,
    pub reply_lengths: Lengths,
    pub conversation_turns: Lengths,
}

/// Counts everything.
pub fn stats(records: &Records) -> Stats {
    let mut alphabet: BTreeMap<char, usize> = BTreeMap::new();
    let (mut texts, mut questions, mut replies, mut turns) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut tool_calls, mut systems, mut characters) = (0, 0, 0);
    let mut add = |text: &str| {
        text.chars().for_each(|c| *alphabet.entry(c).or_default() += 1);
        let length = text.chars().count();
        characters += length;
        length
    };
    for record in &records.records {
        match &record.content {
            Content::Text(text) => texts.push(add(text)),
            Content::Conversation(messages) => {
                let of = |role| messages.iter().filter(|message| message.role == role).count();
                turns.push(of(Role::User));
                tool_calls += of(Role::Tool);
                systems += of(Role::System);
                for message in messages {
                    let length = add(&message.content);
                    match message.role {
                        Role::User => questions.push(length),
                        Role::Assistant => replies.push(length),
                        Role::System | Role::Tool => {}
                    }
                }
            }
        }
    }
    let mut alphabet: Vec<(char, usize)> = alphabet.into_iter().collect();
    alphabet.sort_by_key(|&(_, n)| std::cmp::Reverse(n)); // stable
    let pairs = records.records.iter().filter(|record| record.pair().is_some()).count();
    Stats {
        records: records.records.len(),
        distinct: records
            .records
            .iter()
            .map(|record: &Record| &record.content)
            .collect::<BTreeSet<_>>()
            .len(),
        texts: texts.len(),
        pairs,
        conversations: turns.len() - pairs,
        turns: turns.iter().sum(),
        tool_calls,
        systems,
        characters,
        counted: texts.iter().sum::<usize>() + replies.iter().sum::<usize>(),
        alphabet,
        text_lengths: lengths(texts.into_iter()),
        question_lengths: lengths(questions.into_iter()),
        reply_lengths: lengths(replies.into_iter()),
        conversation_turns: lengths(turns.into_iter()),
    }
}
