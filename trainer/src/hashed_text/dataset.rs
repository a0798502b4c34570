//! Pairs as the network sees them: one example for each step of each reply, inputs encoded once and sparse.
//!
//! A step's input is the query half and the context half of the first layer's input vector. Queries and windows
//! repeat a lot (every reply starts in the empty window), so each distinct one is encoded once and an example is
//! three numbers. Ten million pairs fit in a gigabyte.

use super::sparse::Sparse;
use crate::pairs::Pair;
use mlc_compiler::model::{Answer, Chat, HashedText};
use std::collections::BTreeMap;

/// Target of a step whose character or label the network does not have: such a step can't come out right.
pub(crate) const NO_TARGET: u16 = u16::MAX;

/// One pass through the network, by the index of its query and its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Example {
    pub query: u32,
    pub window: u32,
    /// Index of the right output, or [`NO_TARGET`].
    pub target: u16,
}

/// The two halves of the input, by the indices of an [`Example`].
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub queries: &'a Sparse,
    pub windows: &'a Sparse,
}

impl<'a> Inputs<'a> {
    /// All non-zero inputs of a step, ascending.
    pub(crate) fn of(self, example: &Example) -> impl Iterator<Item = (usize, f32)> + use<'a> {
        let halves = self.queries.row(example.query).iter().chain(self.windows.row(example.window));
        halves.map(|&(input, value)| (usize::from(input), value))
    }
}

/// Encoded pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    queries: Sparse,
    windows: Sparse,
    pub(crate) examples: Vec<Example>,
    /// The first example of each pair, and the end.
    pub(crate) starts: Vec<usize>,
}

/// Of no pair.
impl Default for Dataset {
    fn default() -> Self {
        Self { queries: Sparse::new(), windows: Sparse::new(), examples: Vec::new(), starts: vec![0] }
    }
}

impl Dataset {
    /// Encodes pairs for a network that reads and answers so. A classifier takes the reply as the label.
    pub fn new<'a>(pairs: impl IntoIterator<Item = &'a Pair>, reader: &HashedText, answer: &Answer) -> Self {
        let mut data = Self::default();
        let mut queries: BTreeMap<&[u8], u32> = BTreeMap::new();
        let mut windows: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let targets = Targets::new(answer);
        if let Answer::Label { .. } = answer {
            data.windows.push_none();
        }
        for pair in pairs {
            let row = *queries
                .entry(&pair.query)
                .or_insert_with(|| data.queries.push_query(&pair.query, &reader.query));
            match answer {
                Answer::Label { .. } => {
                    let target = targets.label(&pair.reply);
                    data.examples.push(Example { query: row, window: 0, target });
                }
                Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
                    unreachable!("a model of hashed text")
                }
                Answer::Chat(chat) => {
                    let mut window = reader.empty_window();
                    for &c in steps(&pair.reply, chat) {
                        let index = match windows.get(&window) {
                            Some(&index) => index,
                            None => {
                                let index = data.windows.push_window(&window, reader);
                                windows.insert(window.clone(), index);
                                index
                            }
                        };
                        let target = targets.character(c);
                        data.examples.push(Example { query: row, window: index, target });
                        HashedText::push(&mut window, c);
                    }
                }
            }
            data.starts.push(data.examples.len());
        }
        data
    }

    /// How many pairs.
    pub fn pairs(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many passes through the network all replies take.
    pub fn steps(&self) -> usize {
        self.examples.len()
    }

    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs { queries: &self.queries, windows: &self.windows }
    }
}

/// The characters that the steps of a reply must give. The end mark comes last, but not after a reply of full
/// length: there the machine stops by itself.
pub(crate) fn steps<'a>(reply: &'a [u8], chat: &Chat) -> impl Iterator<Item = &'a u8> + use<'a> {
    let most = usize::from(chat.max_reply);
    reply.iter().chain(std::iter::once(&0)).take(most)
}

/// From a reply's characters or label to output indices.
struct Targets<'a> {
    characters: [u16; 256],
    labels: BTreeMap<&'a [u8], u16>,
}

impl<'a> Targets<'a> {
    fn new(answer: &'a Answer) -> Self {
        let mut targets = Self { characters: [NO_TARGET; 256], labels: BTreeMap::new() };
        match answer {
            // A charset has at most 256 characters, labels are at most 1,024: the indices fit u16.
            Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
                unreachable!("a model of hashed text")
            }
            Answer::Chat(chat) => {
                for (i, &c) in chat.charset.iter().enumerate().rev() {
                    targets.characters[usize::from(c)] = i as u16;
                }
            }
            Answer::Label { labels, .. } => {
                targets.labels = labels.iter().zip(0..).map(|(label, i)| (label.as_bytes(), i)).collect();
            }
        }
        targets
    }

    fn character(&self, c: u8) -> u16 {
        self.characters[usize::from(c)]
    }

    fn label(&self, label: &[u8]) -> u16 {
        self.labels.get(label).copied().unwrap_or(NO_TARGET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::model::{ContextEncoder, QueryEncoder};
    use mlc_compiler::text;

    fn pair(query: &str, reply: &str) -> Pair {
        Pair { query: query.into(), reply: reply.into(), source: 0, line: 1 }
    }

    fn dense(data: &Dataset, example: usize, inputs: usize) -> Vec<i16> {
        let mut x = vec![0; inputs];
        data.inputs().of(&data.examples[example]).for_each(|(i, v)| x[i] = v as i16);
        x
    }

    #[test]
    fn every_step_has_the_machine_s_input() {
        let query = QueryEncoder { buckets: 61, bands: 1, max_length: 62 };
        let reader = HashedText { query, context: Some(ContextEncoder { buckets: 40, length: 5 }) };
        let chat = Chat { charset: b"ABab \0".to_vec(), max_reply: 9 };
        let answer = Answer::Chat(chat.clone());
        let pairs = [pair("hello hello", "Ab Ba"), pair("x", "ABABABABA"), pair("hello hello", "Z")];
        let data = Dataset::new(&pairs, &reader, &answer);
        // A full-length reply has no step for the end mark.
        assert_eq!((data.pairs(), data.steps(), data.starts.clone()), (3, 6 + 9 + 2, vec![0, 6, 15, 17]));
        let mut step = 0;
        for pair in &pairs {
            let mut window = reader.empty_window();
            for &c in pair.reply.iter().chain(&[0]).take(9) {
                assert_eq!(dense(&data, step, 101), reader.input(&pair.query, &window), "step {step}");
                let wants = chat.charset.iter().position(|&d| d == c).map_or(NO_TARGET, |i| i as u16);
                assert_eq!(data.examples[step].target, wants);
                HashedText::push(&mut window, c);
                step += 1;
            }
        }
        assert_eq!(data.examples[0].query, data.examples[15].query, "same query, encoded once");
    }

    #[test]
    fn a_classifier_has_one_step_a_pair() {
        let query = QueryEncoder { buckets: 64, bands: 1, max_length: 62 };
        let reader = HashedText { query, context: None };
        let answer = Answer::Label { labels: vec!["ON".into(), "OFF".into()], margin: 0 };
        let data =
            Dataset::new(&[pair("light on", "ON"), pair("off", "OFF"), pair("x", "?")], &reader, &answer);
        let targets: Vec<_> = data.examples.iter().map(|e| e.target).collect();
        assert_eq!(targets, [0, 1, NO_TARGET]);
        let wants: Vec<_> =
            text::count(text::trigram_buckets(b"off", 64, 1), 64).iter().map(|c| c * 32).collect();
        assert_eq!(dense(&data, 1, 64), wants);
    }
}
