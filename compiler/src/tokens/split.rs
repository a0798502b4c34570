//! How a text is cut into words.

use super::classes::{Class, char_at, class};
use super::prepare::{chars, finds};
use std::ops::Range;

/// A way to cut a text. Nothing is dropped: the words together are the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// GPT-2's pattern, as `ByteLevel` of Hugging Face has it; other patterns are not known.
    Gpt2,
    /// Each number of Unicode (`\p{N}`) by itself.
    Digit,
    /// Each run of them by itself.
    Digits,
    /// In front of each of these bytes, which are not empty.
    Before(Vec<u8>),
    /// Behind each.
    After(Vec<u8>),
    /// On both sides of each.
    Around(Vec<u8>),
}

/// The pattern of GPT-2 (`encoder.py`), as `ByteLevel` of Hugging Face has it.
pub const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

impl Split {
    /// Where the words of a text end. The last one, the end of the text, is among them; an empty text has none.
    fn ends(&self, text: &[u8]) -> Vec<usize> {
        let mut ends = match self {
            Self::Gpt2 => {
                let mut ends = Vec::new();
                while *ends.last().unwrap_or(&0) < text.len() {
                    let at = *ends.last().unwrap_or(&0);
                    ends.push(at + gpt2_word(&text[at..]));
                }
                ends
            }
            Self::Digit => chars(text)
                .filter_map(|(at, c)| c.filter(|c| c.is_numeric()).map(|c| [at, at + c.len_utf8()]))
                .flatten()
                .collect(),
            Self::Digits => {
                let mut before = None;
                let is_change = |&(_, c): &(usize, Option<char>)| {
                    let now = Some(c.is_some_and(char::is_numeric));
                    std::mem::replace(&mut before, now) != now
                };
                chars(text).filter(is_change).map(|(at, _)| at).collect()
            }
            Self::Before(what) => finds(text, what).collect(),
            Self::After(what) => finds(text, what).map(|at| at + what.len()).collect(),
            Self::Around(what) => finds(text, what).flat_map(|at| [at, at + what.len()]).collect(),
        };
        ends.push(text.len());
        ends.dedup();
        ends.retain(|&end| end > 0);
        ends
    }
}

/// Bytes of the first word of a text by GPT-2's pattern. The text is not empty.
fn gpt2_word(text: &[u8]) -> usize {
    for suffix in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"] {
        if text.starts_with(suffix.as_bytes()) {
            return suffix.len();
        }
    }
    let class_at = |at| match text.get(at) {
        Some(_) => char_at(text, at).0.map_or(Class::Other, class),
        None => Class::Space,
    };
    // A run of one class, which may have a space before it.
    let start = usize::from(text[0] == b' ' && class_at(1) != Class::Space);
    let run = class_at(start);
    let mut end = start;
    let mut last = start;
    while end < text.len() && class_at(end) == run {
        last = end;
        end += char_at(text, end).1;
    }
    // Of spaces before something else, the last one is left to it.
    if run == Class::Space && end < text.len() && last > 0 { last } else { end }
}

/// The words of a text, none of them empty.
pub(super) fn words(splits: &[Split], text: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> =
        Some(0..text.len()).into_iter().filter(|all| !all.is_empty()).collect();
    for split in splits {
        let cut = |word: Range<usize>| {
            let mut from = word.start;
            let ends = split.ends(&text[word.clone()]);
            ends.into_iter().map(move |end| std::mem::replace(&mut from, word.start + end)..word.start + end)
        };
        words = words.into_iter().flat_map(cut).collect();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut<'a>(splits: &[Split], text: &'a str) -> Vec<&'a str> {
        words(splits, text.as_bytes()).into_iter().map(|word| &text[word]).collect()
    }

    #[test]
    fn gpt2_cuts_as_published() {
        let cut = |text| cut(&[Split::Gpt2], text);
        assert_eq!(
            cut("Hello my friend, it's 2024!!"),
            ["Hello", " my", " friend", ",", " it", "'s", " 2024", "!!"]
        );
        assert_eq!(cut("a   b\n\n c "), ["a", "  ", " b", "\n\n", " c", " "]);
        assert_eq!(cut("a\tb\n"), ["a", "\t", "b", "\n"]);
        assert_eq!(cut("'S 'll don't ''s"), ["'", "S", " '", "ll", " don", "'t", " ''", "s"]);
        assert_eq!(cut("é中½ \u{300}x"), ["é中", "½", " \u{300}", "x"]);
        assert_eq!(cut("  "), ["  "]);
        assert_eq!(cut(""), [""; 0]);
    }

    #[test]
    fn marks_cut_on_either_side() {
        let by = |split: fn(Vec<u8>) -> Split, text| cut(&[split("▁".into())], text);
        assert_eq!(by(Split::Before, "a▁▁b▁"), ["a", "▁", "▁b", "▁"]);
        assert_eq!(by(Split::After, "▁▁a▁b"), ["▁", "▁", "a▁", "b"]);
        assert_eq!(by(Split::Around, "▁a▁b"), ["▁", "a", "▁", "b"]);
        assert_eq!(cut(&[Split::Digit], "a12b3"), ["a", "1", "2", "b", "3"]);
        assert_eq!(cut(&[Split::Digits], "a12b3"), ["a", "12", "b", "3"]);
        assert_eq!(cut(&[Split::Digit, Split::Gpt2], "in 19"), ["in", " ", "1", "9"]);
    }

    #[test]
    fn every_byte_is_in_one_word() {
        let mut random = crate::tokens::random::Random(2);
        let splits = [Split::Gpt2, Split::Digit, Split::Digits, Split::Before(b"a".to_vec())];
        for _ in 0..2000 {
            let text: Vec<u8> =
                (0..random.below(12)).map(|_| b" a1'\xc3\xa9\n.\xff"[random.below(9)]).collect();
            for split in &splits {
                let words = words(std::slice::from_ref(split), &text);
                assert!(words.iter().all(|word| !word.is_empty()));
                assert_eq!(
                    words.into_iter().map(|word| text[word].to_vec()).collect::<Vec<_>>().concat(),
                    text
                );
            }
        }
    }
}
