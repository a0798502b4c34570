//! What in a list of pairs will keep a network from learning it, with the remedy.

use super::remark::{Finding, Remark, Severity};
use super::similar::{Similar, similar};
use crate::hashed_text::sparse::Sparse;
use crate::pairs::{Pair, Pairs};
use mlc_compiler::model::{Answer, Model, QueryEncoder};
use std::collections::{BTreeMap, BTreeSet};

/// Queries are nearly the same if they share so much of their trigrams. Found by trial: of less, more and more are
/// questions of their own, like "do you think" and "what do you think" with 70 %.
const NEAR_PERCENT: usize = 80;
/// Most pairs of such queries: where there are more, the data is made by a pattern, and more would not help.
const MOST_NEAR: usize = 100_000;

/// What to look for.
#[derive(Debug, Clone)]
pub struct LintOptions<'a> {
    /// By which colliding queries are found.
    pub encoder: QueryEncoder,
    /// How many characters of its own reply the network sees. `None` for classifiers.
    pub window: Option<usize>,
    /// Pairs meant for this model: its charset or labels must have everything.
    pub model: Option<&'a Model>,
    /// A character in fewer replies is rare; so is a label with fewer pairs.
    pub rare: usize,
    /// Most places listed for a finding.
    pub places: usize,
    /// Lengths to which the pairs were cut on reading.
    pub limits: crate::pairs::Limits,
}

/// Looks at all pairs. Warnings first, in a fixed order of kinds. `told` hears how far the longest part of it is: queries
/// compared with all others, of how many.
pub fn lint(pairs: &Pairs, options: &LintOptions, told: &mut dyn FnMut(usize, usize)) -> Vec<Finding> {
    let mut linter = Linter { pairs, options, findings: Vec::new() };
    linter.contradictions();
    linter.same_input();
    linter.near_duplicates(told);
    linter.loops();
    linter.imbalance();
    linter.labels();
    linter.characters();
    linter.lengths();
    linter.repeated();
    linter.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    linter.findings
}

struct Linter<'a> {
    pairs: &'a Pairs,
    options: &'a LintOptions<'a>,
    findings: Vec<Finding>,
}

/// Query or reply of a pair.
type Side = fn(&Pair) -> &[u8];
/// Pairs by their query.
type Groups<'a, K> = BTreeMap<K, Vec<&'a Pair>>;

fn groups<K: Ord>(pairs: &[Pair], key: impl Fn(&Pair) -> K) -> Groups<'_, K> {
    let mut groups: Groups<K> = BTreeMap::new();
    pairs.iter().for_each(|pair| groups.entry(key(pair)).or_default().push(pair));
    groups
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Letters and digits, with single spaces between words.
fn words(query: &[u8]) -> Vec<u8> {
    let keep = |c: &u8| c.is_ascii_alphanumeric() || !c.is_ascii();
    let words =
        query.split(|&c| c == b' ').map(|word| word.iter().copied().filter(keep).collect::<Vec<u8>>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ')
}

/// What is left of a label without case and spaces. Punctuation counts: +1 is not -1.
fn letters(label: &[u8]) -> Vec<u8> {
    label.iter().filter(|&&c| c != b' ').map(u8::to_ascii_lowercase).collect()
}

fn digits(query: &[u8]) -> Vec<u8> {
    query.iter().copied().filter(u8::is_ascii_digit).collect()
}

/// Distinct queries of a group whose replies differ from query to query; `None` if they don't.
fn different(group: &[&Pair]) -> Option<Vec<String>> {
    let mut replies: BTreeMap<&[u8], BTreeSet<&[u8]>> = BTreeMap::new();
    group.iter().for_each(|pair| {
        replies.entry(&pair.query).or_default().insert(&pair.reply);
    });
    let mut sets = replies.values();
    let first = sets.next()?;
    sets.any(|set| set != first).then(|| replies.keys().map(|query| text(query)).collect())
}

impl Linter<'_> {
    fn find(&mut self, severity: Severity, remark: Remark, remedy: &'static str, at: &[&Pair]) {
        let places = at.iter().take(self.options.places);
        let places = places.map(|pair| self.pairs.place(pair.source, pair.line)).collect();
        self.findings.push(Finding { severity, remark, remedy, places });
    }

    fn contradictions(&mut self) {
        let pairs = self.pairs;
        let mut ceiling = 0;
        let before = self.findings.len();
        for (query, group) in groups(&pairs.pairs, |pair| pair.query.clone()) {
            let mut replies: Vec<(String, usize)> =
                groups_of(&group).into_iter().map(|(reply, count)| (text(reply), count)).collect();
            replies.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
            ceiling += replies[0].1;
            if replies.len() > 1 {
                let remark = Remark::Contradiction { query: text(&query), replies };
                self.find(Severity::Warning, remark, "keep one reply, or make the queries differ", &group);
            }
        }
        if self.findings.len() > before {
            let remark = Remark::Ceiling { ceiling, pairs: pairs.pairs.len() };
            self.find(Severity::Warning, remark, "keep one reply for each query (dedup --resolve can)", &[]);
        }
    }

    fn same_input(&mut self) {
        let encoder = &self.options.encoder;
        let input = |pair: &Pair| {
            let mut row = Sparse::new();
            let index = row.push_query(&pair.query, encoder);
            row.row(index).iter().map(|&(bucket, value)| (bucket, value as u32)).collect::<Vec<_>>()
        };
        for group in groups(&self.pairs.pairs, input).into_values() {
            if let Some(queries) = different(&group) {
                self.find(
                    Severity::Warning,
                    Remark::Collision { queries },
                    "use more query buckets, or other words",
                    &group,
                );
            }
        }
    }

    /// Queries that differ in punctuation and spaces only, and those that share most of their trigrams.
    fn near_duplicates(&mut self, told: &mut dyn FnMut(usize, usize)) {
        const REMEDY: &str = "give them the same reply, unless the difference is meant";
        let letters = |pair: &Pair| {
            let keep = |c: &u8| c.is_ascii_alphanumeric() || !c.is_ascii();
            pair.query.iter().copied().filter(keep).collect::<Vec<u8>>()
        };
        let mut same = groups(&self.pairs.pairs, letters);
        same.remove(&Vec::new());
        for group in same.values() {
            if let Some(queries) = different(group) {
                self.find(Severity::Warning, Remark::NearDuplicate { queries }, REMEDY, group);
            }
        }
        // Another number makes another question.
        let mut by_number: BTreeMap<Vec<u8>, Vec<Vec<&Pair>>> = BTreeMap::new();
        for group in same.into_values() {
            by_number.entry(digits(&group[0].query)).or_default().push(group);
        }
        let mut near: Vec<(Similar, &[Vec<&Pair>])> = Vec::new();
        let all = by_number.values().map(Vec::len).sum();
        let (mut before, mut whole) = (0, true);
        for groups in by_number.values() {
            let texts: Vec<Vec<u8>> = groups.iter().map(|group| words(&group[0].query)).collect();
            let tell = &mut |done| told(before + done, all);
            let found = similar(&texts, NEAR_PERCENT, MOST_NEAR - near.len(), tell);
            near.extend(found.pairs.into_iter().map(|pair| (pair, groups.as_slice())));
            before += groups.len();
            whole &= found.whole;
        }
        let named = near.len();
        near.sort_by_key(|(pair, _)| std::cmp::Reverse(pair.percent)); // stable
        let mut agreeing = Vec::new();
        for (pair, groups) in near {
            let [first, second] = [&groups[pair.first], &groups[pair.second]];
            let replies = |group: &[&Pair]| groups_of(group).into_keys().map(text).collect::<Vec<_>>();
            let queries = [first, second].map(|group| text(&group[0].query)).to_vec();
            let places = [first[0], second[0]];
            if replies(first) == replies(second) {
                agreeing.push((queries, places));
            } else {
                self.find(Severity::Warning, Remark::NearDuplicate { queries }, REMEDY, &places);
            }
        }
        if let Some((queries, places)) = agreeing.first() {
            let remark = Remark::NearAgreement { count: agreeing.len(), queries: queries.clone() };
            let remedy = "they do no harm, but make the figures of held-out pairs better than they are";
            self.find(Severity::Note, remark, remedy, places);
        }
        if !whole {
            let remedy = "look at a part of the pairs at a time";
            self.find(Severity::Note, Remark::NearUnfinished(named), remedy, &[]);
        }
    }

    /// Replies in which the same window is followed by different characters: the network has no way to know at
    /// which place it is, whatever the query.
    fn loops(&mut self) {
        let Some(length) = self.options.window else { return };
        for (reply, group) in groups(&self.pairs.pairs, |pair| pair.reply.clone()) {
            let folded = [vec![b' '; length], reply.to_ascii_lowercase()].concat();
            let mut follows: BTreeMap<&[u8], Option<u8>> = BTreeMap::new();
            // A reply of full length needs no end mark.
            for (i, window) in folded.windows(length).enumerate().take(self.options.limits.reply) {
                let second = reply.get(i).copied();
                let first = *follows.entry(window).or_insert(second);
                if first != second {
                    let [first, second] = [first, second].map(|c| c.map(char::from));
                    let remark = Remark::Loop { reply: text(&reply), window: text(window), first, second };
                    self.find(Severity::Warning, remark, "word it without the repetition", &group);
                    break;
                }
            }
        }
    }

    fn imbalance(&mut self) {
        let pairs = self.pairs;
        let mut counts: Vec<(&[u8], usize)> =
            groups_of(&pairs.pairs.iter().collect::<Vec<_>>()).into_iter().collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count)); // stable: the first of equals
        let Some(&(reply, largest)) = counts.first() else { return };
        let share = 100.0 * largest as f64 / pairs.pairs.len() as f64;
        // Half of all pairs and twice the even share, or nine of ten: a network does well by saying nothing else.
        if counts.len() > 1 && (share >= 50.0 && share * counts.len() as f64 >= 200.0 || share >= 90.0) {
            let what = if self.classifies() { "label" } else { "reply" };
            let remark = Remark::Imbalance { what, reply: text(reply), share, others: counts.len() - 1 };
            let remedy = match what {
                "label" => "balance the pairs to equal numbers for each label",
                _ => "balance the pairs to equal numbers for each reply",
            };
            self.find(Severity::Warning, remark, remedy, &[]);
        }
    }

    /// Replies are labels.
    fn classifies(&self) -> bool {
        self.options.window.is_none()
    }

    /// Labels that are likely to be one, and those that are hardly there. Each is an output of the network, whatever its
    /// letters.
    fn labels(&mut self) {
        if !self.classifies() {
            return;
        }
        let pairs = self.pairs;
        let by_label = groups(&pairs.pairs, |pair| pair.reply.clone());
        let mut alike: BTreeMap<Vec<u8>, Vec<(&[u8], usize)>> = BTreeMap::new();
        let mut add = |label, pairs| alike.entry(letters(label)).or_default().push((label, pairs));
        by_label.iter().for_each(|(label, group)| add(label.as_slice(), group.len()));
        if let Some(Answer::Label { labels, .. }) = self.options.model.map(|model| &model.answer) {
            let unused = labels.iter().map(String::as_bytes).filter(|label| !by_label.contains_key(*label));
            unused.for_each(|label| add(label, 0));
        }
        for mut labels in alike.into_values().filter(|labels| labels.len() > 1) {
            labels.sort_by_key(|&(_, pairs)| std::cmp::Reverse(pairs)); // stable
            // The rarest of those that are there is the most likely slip.
            let rarest = labels.iter().rev().find_map(|(label, _)| by_label.get(*label));
            let at = rarest.cloned().unwrap_or_default();
            let labels = labels.iter().map(|&(label, pairs)| (text(label), pairs)).collect();
            let remedy = "write them in the same way, unless they are meant to differ";
            self.find(Severity::Warning, Remark::SimilarLabels { labels }, remedy, &at);
        }
        // A model has learnt its labels from other pairs.
        let rare = if self.options.model.is_some() { 0 } else { self.options.rare };
        for (label, group) in by_label.iter().filter(|(_, group)| group.len() < rare) {
            let remark = Remark::RareLabel { label: text(label), pairs: group.len() };
            self.find(Severity::Warning, remark, "give it more pairs, or leave it out", group);
        }
    }

    fn characters(&mut self) {
        let pairs = self.pairs;
        let mut users: BTreeMap<u8, Vec<&Pair>> = BTreeMap::new();
        for pair in &pairs.pairs {
            for c in pair.reply.iter().copied().collect::<BTreeSet<u8>>() {
                users.entry(c).or_default().push(pair);
            }
            if let Some(character) = text(&pair.query).chars().find(|c| !c.is_ascii()) {
                let remark = Remark::Untypable { query: text(&pair.query), character };
                self.find(Severity::Note, remark, "write it in ASCII", &[pair]);
            }
        }
        match self.options.model.map(|model| &model.answer) {
            Some(Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_)) => {
                unreachable!("a model of hashed text")
            }
            Some(Answer::Chat(chat)) => {
                for (&c, users) in users.iter().filter(|(c, _)| !chat.charset.contains(c)) {
                    let remark = Remark::ForeignCharacter { character: c.into() };
                    self.find(
                        Severity::Warning,
                        remark,
                        "train the model on these pairs too, or change them",
                        users,
                    );
                }
            }
            Some(Answer::Label { labels, .. }) => {
                for (reply, group) in groups(&pairs.pairs, |pair| pair.reply.clone()) {
                    if !labels.iter().any(|label| label.as_bytes() == reply) {
                        let remark = Remark::ForeignLabel(text(&reply));
                        self.find(Severity::Warning, remark, "train the model on these pairs too", &group);
                    }
                }
            }
            // A label is one output, whatever its letters.
            None if self.classifies() => {}
            None => {
                for (&c, users) in users.iter().filter(|(_, users)| users.len() < self.options.rare) {
                    let remark = Remark::RareCharacter { character: c.into(), count: users.len() };
                    self.find(Severity::Note, remark, "write these replies without it", users);
                }
            }
        }
    }

    fn lengths(&mut self) {
        let pairs = self.pairs;
        let sides: [(_, Side); 2] = [("query", |pair| &pair.query), ("reply", |pair| &pair.reply)];
        // A long label is as easy to learn as a short one.
        for (what, of) in sides.into_iter().take(if self.classifies() { 1 } else { 2 }) {
            let mut lengths: Vec<usize> = pairs.pairs.iter().map(|pair| of(pair).len()).collect();
            lengths.sort_unstable();
            // Of fewer than 100 pairs none can be the exception.
            let Some(&usual) = lengths.get(lengths.len() * 99 / 100).filter(|_| lengths.len() >= 100) else {
                continue;
            };
            for pair in pairs.pairs.iter().filter(|pair| of(pair).len() > (2 * usual).max(12)) {
                let remark = Remark::Long { what, text: text(of(pair)), length: of(pair).len(), usual };
                self.find(Severity::Note, remark, "shorten it: a long one is hard to learn", &[pair]);
            }
        }
        let limits = &self.options.limits;
        for (what, cut, limit) in
            [("queries", pairs.cut_queries, limits.query), ("replies", pairs.cut_replies, limits.reply)]
        {
            if cut > 0 {
                let remark = Remark::Cut { what, cut, limit };
                self.find(Severity::Warning, remark, "shorten them, or raise the limit", &[]);
            }
        }
    }

    fn repeated(&mut self) {
        let pairs = self.pairs;
        let groups = groups(&pairs.pairs, |pair| (pair.query.clone(), pair.reply.clone()));
        let repeated: Vec<&Pair> = groups.values().flat_map(|group| &group[1..]).copied().collect();
        if !repeated.is_empty() {
            let remark = Remark::Repeated { count: repeated.len() };
            self.find(Severity::Note, remark, "drop them (dedup), unless they should weigh more", &repeated);
        }
    }
}

/// Replies of pairs, counted.
fn groups_of<'a>(pairs: &[&'a Pair]) -> BTreeMap<&'a [u8], usize> {
    let mut counts = BTreeMap::new();
    pairs.iter().for_each(|pair| *counts.entry(pair.reply.as_slice()).or_default() += 1);
    counts
}
