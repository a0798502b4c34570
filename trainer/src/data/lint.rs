//! What in a list of pairs will keep a network from learning it, with the remedy.

use super::remark::{Finding, Remark, Severity};
use crate::dataset::Sparse;
use crate::pairs::{Pair, Pairs};
use mlc_compiler::model::{Model, Output, QueryEncoder};
use std::collections::{BTreeMap, BTreeSet};

/// What to look for.
#[derive(Debug, Clone)]
pub struct LintOptions<'a> {
    /// By which colliding queries are found.
    pub encoder: QueryEncoder,
    /// How many characters of its own reply the network sees. `None` for classifiers.
    pub window: Option<usize>,
    /// Pairs meant for this model: its charset or labels must have everything.
    pub model: Option<&'a Model>,
    /// A character in fewer replies is rare.
    pub rare: usize,
    /// Most places listed for a finding.
    pub places: usize,
    /// Lengths to which the pairs were cut on reading.
    pub limits: crate::pairs::Limits,
}

/// Looks at all pairs. Warnings first, in a fixed order of kinds.
pub fn lint(pairs: &Pairs, options: &LintOptions) -> Vec<Finding> {
    let mut linter = Linter { pairs, options, findings: Vec::new() };
    linter.contradictions();
    linter.same_input();
    linter.near_duplicates();
    linter.loops();
    linter.imbalance();
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

    /// Queries that differ in punctuation and spaces only.
    fn near_duplicates(&mut self) {
        let letters = |pair: &Pair| {
            let keep = |c: &u8| c.is_ascii_alphanumeric() || !c.is_ascii();
            pair.query.iter().copied().filter(keep).collect::<Vec<u8>>()
        };
        for (key, group) in groups(&self.pairs.pairs, letters) {
            if key.is_empty() {
                continue;
            }
            if let Some(queries) = different(&group) {
                self.find(
                    Severity::Warning,
                    Remark::NearDuplicate { queries },
                    "give them the same reply, unless the difference is meant",
                    &group,
                );
            }
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
        // Half of all pairs, and twice the even share: a network does well by saying nothing else.
        if share >= 50.0 && share * counts.len() as f64 >= 200.0 {
            let remark = Remark::Imbalance { reply: text(reply), share, others: counts.len() - 1 };
            self.find(Severity::Warning, remark, "balance the pairs to equal numbers for each reply", &[]);
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
        match self.options.model.map(|model| &model.output) {
            Some(Output::Chat(chat)) => {
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
            Some(Output::Classifier { labels }) => {
                for (reply, group) in groups(&pairs.pairs, |pair| pair.reply.clone()) {
                    if !labels.iter().any(|label| label.as_bytes() == reply) {
                        let remark = Remark::ForeignLabel(text(&reply));
                        self.find(Severity::Warning, remark, "train the model on these pairs too", &group);
                    }
                }
            }
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
        for (what, of) in sides {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::Limits;

    fn findings(text: &str, buckets: u16, rare: usize, model: Option<&Model>) -> Vec<String> {
        let mut pairs = Pairs::default();
        pairs.read(&mut text.as_bytes(), "f", &Limits::default()).unwrap();
        let encoder = QueryEncoder { buckets, bands: 1, max_length: 62 };
        let limits = Limits::default();
        let found = lint(&pairs, &LintOptions { encoder, model, rare, places: 3, limits, window: Some(8) });
        found.iter().map(|f| format!("{:?} {} [{}]", f.severity, f.remark, f.places.join(" "))).collect()
    }

    #[test]
    fn contradictions_and_the_ceiling() {
        assert_eq!(
            findings("hi|A\nhi|B\nhi|B\nyou|A\n", 128, 0, None),
            [
                "Warning \"hi\" has 2 different replies: \"B\" 2 x, \"A\" 1 x [f:1 f:2 f:3]",
                "Warning contradictions: at most 3 of 4 replies (75.0 %) can come out right []",
                "Note pairs that say a pair again word for word: 1 [f:3]",
            ]
        );
    }

    #[test]
    fn queries_the_network_cannot_tell_apart() {
        // With a single bucket only the length tells.
        assert_eq!(
            findings("ab|A\ncd|B\nefg|A\n", 1, 0, None),
            ["Warning the same to the network, which sees only trigram counts, but with different replies: \
              \"ab\", \"cd\" [f:1 f:2]"]
        );
        assert_eq!(
            findings("whats up?|A\nwhats up|B\nwhat's new|C\nwhats new|C\n", 128, 0, None),
            ["Warning nearly the same, but with different replies: \"whats up\", \"whats up?\" [f:1 f:2]"]
        );
    }

    #[test]
    fn replies_that_go_in_circles() {
        assert_eq!(
            findings(
                "laugh|Ha ha ha ha ha!\nlaugh less|Ha ha ha!\nsay|A long way, a LONG way!\n",
                128,
                0,
                None
            ),
            [
                "Warning no network can say \"A long way, a LONG way!\": after \"long way\" comes ',' and elsewhere '!' [f:3]",
                "Warning no network can say \"Ha ha ha ha ha!\": after \"ha ha ha\" comes ' ' and elsewhere '!' [f:1]",
            ]
        );
    }

    #[test]
    fn characters_lengths_and_balance() {
        let mut text: String =
            (0..120).map(|i| format!("query {i}|{}\n", if i < 100 { "AA" } else { "B" })).collect();
        text.push_str("caf\u{e9}|ACAB\nlong|AAAAAAAAAAAAAAAA\nlimit|");
        text.push_str(&"A".repeat(60));
        text.push_str("\nc|CC\nd|DD\n");
        assert_eq!(
            findings(&text, 1024, 2, None),
            [
                "Warning no network can say \"AAAAAAAAAAAAAAAA\": after \"aaaaaaaa\" comes 'A' and elsewhere the end \
                 [f:122]",
                "Warning reply \"AA\" has 80.0 % of the pairs; 6 other replies share the rest []",
                "Warning replies cut to 50 characters: 1 []",
                "Note \"café\" has 'é', which nobody can type at the machine [f:121]",
                "Note 'D' costs an output of its own, for 1 of the replies [f:125]",
                "Note the reply \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" has 50 characters; 99 of 100 \
                 have at most 16 [f:123]",
            ]
        );
    }

    #[test]
    fn what_a_model_cannot_say() {
        use mlc_compiler::model::{Chat, ContextEncoder, Layer};
        let query = QueryEncoder { buckets: 4, bands: 1, max_length: 62 };
        let layer = |inputs, outputs| Layer {
            inputs,
            outputs,
            weights: vec![0; inputs * outputs],
            bias: vec![0; outputs],
            shift: 2,
            set: mlc_compiler::model::WeightSet::Full,
        };
        let context = ContextEncoder { buckets: 4, length: 8 };
        let mut model = Model {
            name: "m".into(),
            about: String::new(),
            query,
            output: Output::Chat(Chat { charset: b"AB\0".to_vec(), context, max_reply: 50 }),
            layers: vec![layer(8, 3)],
            training: Vec::new(),
            calibration: Vec::new(),
        };
        assert_eq!(
            findings("one|AB\ntwo|AC\n", 128, 9, Some(&model)),
            ["Warning 'C' is not in the charset of the model [f:2]"]
        );
        model.output = Output::Classifier { labels: vec!["AB".into()] };
        model.layers = vec![layer(4, 1)];
        assert_eq!(
            findings("one|AB\ntwo|AC\n", 128, 9, Some(&model)),
            ["Warning label \"AC\" is not one of the model's [f:2]"]
        );
    }
}
