//! What in records will keep a sequence model from learning them, or people from using it, with the remedy.

use super::edit::contradictions;
use super::{Content, Message, Record, Records, Role};
use crate::data::{Finding, Remark, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Longest line that a program's prompt takes, in bytes.
const LINE: usize = 127;

/// Looks at all records. Warnings first. `rare`: a character in fewer records is rare; `places`: most that are named.
pub fn lint(records: &Records, rare: usize, places: usize) -> Vec<Finding> {
    let mut linter = Linter { records, places, findings: Vec::new() };
    linter.contradictions();
    linter.untypable();
    linter.long();
    linter.repeated();
    linter.characters(rare);
    linter.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    linter.findings
}

struct Linter<'a> {
    records: &'a Records,
    places: usize,
    findings: Vec<Finding>,
}

impl<'a> Linter<'a> {
    fn find(&mut self, severity: Severity, remark: Remark, remedy: &'static str, at: &[&Record]) {
        let places = at.iter().take(self.places).map(|record| self.records.place(record)).collect();
        self.findings.push(Finding { severity, remark, remedy, places });
    }

    fn contradictions(&mut self) {
        for (query, replies) in contradictions(self.records) {
            let at: Vec<&Record> = replies.values().flatten().copied().collect();
            let mut replies: Vec<(String, usize)> =
                replies.into_iter().map(|(reply, records)| (reply.to_string(), records.len())).collect();
            replies.sort_by_key(|&(_, count)| std::cmp::Reverse(count)); // stable
            let remark = Remark::Contradiction { query: query.to_string(), replies };
            let remedy = "keep one reply, unless the model is to choose among them";
            self.find(Severity::Warning, remark, remedy, &at);
        }
    }

    /// Messages of users, with their records.
    fn questions(&self) -> impl Iterator<Item = (&'a Record, &'a Message)> + use<'a> {
        let messages = |record: &'a Record| match &record.content {
            Content::Conversation(messages) => messages.as_slice(),
            Content::Text(_) => &[],
        };
        let all = self.records.records.iter();
        let all = all.flat_map(move |record| messages(record).iter().map(move |message| (record, message)));
        all.filter(|(_, message)| message.role == Role::User)
    }

    fn untypable(&mut self) {
        let mut found: BTreeMap<char, (String, Vec<&Record>)> = BTreeMap::new();
        for (record, message) in self.questions() {
            for c in message.content.chars().filter(|c| !(' '..='~').contains(c)) {
                found.entry(c).or_insert_with(|| (message.content.clone(), Vec::new())).1.push(record);
            }
        }
        for (character, (query, at)) in found {
            let remark = Remark::Untypable { query, character };
            self.find(Severity::Note, remark, "write it in ASCII, on one line", &at);
        }
    }

    fn long(&mut self) {
        let long: Vec<_> = self.questions().filter(|(_, message)| message.content.len() > LINE).collect();
        if let Some((_, message)) = long.first() {
            let (cut, limit) = (long.len(), LINE);
            let text = message.content.chars().take(40).collect::<String>();
            let at: Vec<&Record> = long.iter().map(|(record, _)| *record).collect();
            let remark = Remark::LongLine { text, count: cut, limit };
            self.find(Severity::Warning, remark, "nobody can type so much at a machine: shorten it", &at);
        }
    }

    fn repeated(&mut self) {
        let mut seen = BTreeSet::new();
        let again: Vec<&Record> =
            self.records.records.iter().filter(|record| !seen.insert(&record.content)).collect();
        if !again.is_empty() {
            let remark = Remark::RepeatedRecords { count: again.len() };
            self.find(
                Severity::Note,
                remark,
                "`mlc data dedup` drops them, unless they are to weigh more",
                &again,
            );
        }
    }

    fn characters(&mut self, rare: usize) {
        let mut users: BTreeMap<char, Vec<&Record>> = BTreeMap::new();
        for record in &self.records.records {
            let characters: BTreeSet<char> = match &record.content {
                Content::Text(text) => text.chars().collect(),
                Content::Conversation(messages) => {
                    messages.iter().flat_map(|message| message.content.chars()).collect()
                }
            };
            characters.into_iter().for_each(|c| users.entry(c).or_default().push(record));
        }
        // Of one long text each character is in one record.
        if self.records.records.len() < rare {
            return;
        }
        for (character, at) in users.into_iter().filter(|(_, at)| at.len() < rare) {
            let remark = Remark::RareToken { character, count: at.len() };
            self.find(Severity::Note, remark, "a token that is hardly learnt: write it otherwise", &at);
        }
    }
}
