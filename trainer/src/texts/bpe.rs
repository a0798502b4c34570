//! Byte pair encoding, on characters: the most frequent pair of neighbours becomes a token, again and again (Sennrich, Haddow
//! and Birch 2016, arXiv:1508.07909).
//!
//! Merges stay within words: letters with at most one space before them. A device cuts no text into words, and need not:
//! tokens have a space in front only, and letters only behind it, so no merge of the list crosses the end of a word.
//! Digits and signs stay single, which keeps numbers readable to the network.

use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a token.
const LONGEST: usize = 24;

/// A pair of neighbours: how often it is there, and the words with it.
#[derive(Default)]
struct Found {
    times: u64,
    words: BTreeSet<usize>,
}

/// Words that are there several times, and the pairs in them.
struct Trainer {
    words: Vec<(Vec<u32>, u64)>,
    pairs: BTreeMap<(u32, u32), Found>,
    /// Bytes of each token.
    lengths: Vec<usize>,
}

/// At most `merges` pairs of tokens that become one, in this order: pair `i` makes token `alphabet.len() + i`. Of pairs that
/// are there equally often the one with the lower tokens goes first. Pairs that are there once make no token.
/// `alphabet`: all characters of the texts, ascending.
pub fn train(texts: impl Iterator<Item = String>, alphabet: &[char], merges: usize) -> Vec<(u32, u32)> {
    let mut counted: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
    let id = |c: char| alphabet.binary_search(&c).expect("the alphabet has all characters") as u32;
    for text in texts {
        for word in words(&text) {
            *counted.entry(word.chars().map(id).collect()).or_default() += 1;
        }
    }
    let mut trainer = Trainer {
        words: counted.into_iter().collect(),
        pairs: BTreeMap::new(),
        lengths: alphabet.iter().map(|c| c.len_utf8()).collect(),
    };
    (0..trainer.words.len()).for_each(|word| trainer.count(word));
    let mut list = Vec::new();
    while list.len() < merges {
        let Some(pair) = trainer.best() else { break };
        trainer.merge(pair);
        list.push(pair);
    }
    list
}

/// The words of a text that are longer than a character.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            let space = if first == ' ' { 1 } else { 0 };
            let letters = rest[space..].find(|c: char| !is_letter(c)).unwrap_or(rest.len() - space);
            let length = if letters > 0 { space + letters } else { first.len_utf8() };
            let (word, behind) = rest.split_at(length);
            rest = behind;
            if letters > 0 && word.chars().nth(1).is_some() {
                return Some(word);
            }
        }
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '\''
}

impl Trainer {
    /// Counts the pairs of a word.
    fn count(&mut self, word: usize) {
        let (tokens, times) = &self.words[word];
        for pair in tokens.windows(2) {
            let found = self.pairs.entry((pair[0], pair[1])).or_default();
            found.times += times;
            found.words.insert(word);
        }
    }

    /// Takes the pairs of a word back.
    fn forget(&mut self, word: usize) {
        let (tokens, times) = &self.words[word];
        for pair in tokens.windows(2) {
            let found = self.pairs.get_mut(&(pair[0], pair[1])).expect("it was counted");
            found.times -= times;
            found.words.remove(&word);
        }
    }

    fn best(&self) -> Option<(u32, u32)> {
        let length = |pair: &(u32, u32)| self.lengths[pair.0 as usize] + self.lengths[pair.1 as usize];
        let mut best: Option<((u32, u32), u64)> = None;
        for (&pair, found) in &self.pairs {
            if found.times > best.map_or(1, |(_, times)| times) && length(&pair) <= LONGEST {
                best = Some((pair, found.times));
            }
        }
        best.map(|(pair, _)| pair)
    }

    fn merge(&mut self, pair: (u32, u32)) {
        let merged = self.lengths.len() as u32;
        self.lengths.push(self.lengths[pair.0 as usize] + self.lengths[pair.1 as usize]);
        let words = self.pairs[&pair].words.clone();
        for word in words {
            self.forget(word);
            let tokens = &mut self.words[word].0;
            let mut at = 0;
            while at + 1 < tokens.len() {
                if (tokens[at], tokens[at + 1]) == pair {
                    tokens[at] = merged;
                    tokens.remove(at + 1);
                }
                at += 1;
            }
            self.count(word);
        }
        self.pairs.remove(&pair);
        self.pairs.retain(|_, found| found.times > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_with_a_space() {
        let found: Vec<_> = words("Don't go  to 12 cafés, a b").collect();
        assert_eq!(found, ["Don't", " go", " to", " cafés", " a", " b"]);
        assert_eq!(words("").count() + words("a 1 .").count(), 0);
    }

    #[test]
    fn the_most_frequent_pair_goes_first() {
        let alphabet = [' ', 'a', 'b', 'c'];
        let texts = || ["abc abc ab", "ab c ab"].map(str::to_string).into_iter();
        // `ab` 5 times; then ` ab`, as ` ` + `ab`, 3 times; then `abc` has lost its ` abc`.
        assert_eq!(train(texts(), &alphabet, 2), [(1, 2), (0, 4)]);
        let all = train(texts(), &alphabet, 100);
        assert!(all.len() >= 2 && all.len() < 8, "what is there once is no token: {all:?}");
        assert_eq!(train(texts(), &alphabet, 0), []);
        // A pair of equal letters merges from the left.
        assert_eq!(train(["aaa aaa".to_string()].into_iter(), &[' ', 'a'], 2)[0], (1, 1));
    }
}
