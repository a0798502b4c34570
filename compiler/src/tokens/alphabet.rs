//! The token that each character starts as.

use std::collections::BTreeMap;

/// What a character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A byte.
    Byte,
    /// A byte with up to three bytes `10xxxxxx` behind it, which is a code point where the text is UTF-8. So llama2.c
    /// reads (`encode` in `run.c`).
    Character,
}

impl Unit {
    /// Bytes of the first character of a text; 0 for an empty one.
    pub fn first(self, text: &[u8]) -> usize {
        match (self, text) {
            (_, []) => 0,
            (Self::Byte, _) => 1,
            (Self::Character, [_, rest @ ..]) => {
                1 + rest.iter().take(3).take_while(|&&byte| byte & 0xc0 == 0x80).count()
            }
        }
    }
}

/// What becomes of a character without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallback {
    /// Each of its bytes is a token: 256 ids, by byte.
    Bytes(Vec<u32>),
    /// It is the unknown token. With `fuse`, neighbours in a word are one.
    Unknown { id: u32, fuse: bool },
    /// The text is refused.
    Refuse,
}

/// The token that each character starts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alphabet {
    pub unit: Unit,
    /// By the bytes of the character, after the rules.
    pub start: BTreeMap<Vec<u8>, u32>,
    pub fallback: Fallback,
}

impl Alphabet {
    /// Appends the tokens that a word starts as. Error: where in the word a character stands that is refused.
    pub(super) fn begin(&self, word: &[u8], tokens: &mut Vec<u32>) -> Result<(), std::ops::Range<usize>> {
        let mut at = 0;
        let mut unknown_before = false;
        while at < word.len() {
            let here = at..at + self.unit.first(&word[at..]);
            at = here.end;
            let mut unknown = false;
            match (self.start.get(&word[here.clone()]), &self.fallback) {
                (Some(&id), _) => tokens.push(id),
                (None, Fallback::Bytes(ids)) => {
                    tokens.extend(word[here].iter().map(|&byte| ids[usize::from(byte)]));
                }
                (None, &Fallback::Unknown { id, fuse }) => {
                    unknown = true;
                    if !(fuse && unknown_before) {
                        tokens.push(id);
                    }
                }
                (None, Fallback::Refuse) => return Err(here),
            }
            unknown_before = unknown;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_read_as_llama2c_reads_them() {
        let lengths = |text: &[u8]| Unit::Character.first(text);
        assert_eq!(lengths(b""), 0);
        assert_eq!(lengths(b"ab"), 1);
        assert_eq!(lengths("é".as_bytes()), 2);
        assert_eq!(lengths("😀x".as_bytes()), 4);
        // Stray bytes: whatever comes first takes three along.
        assert_eq!(lengths(b"\x80\x80\x80\x80\x80"), 4);
        assert_eq!(lengths(b"a\x80b"), 2);
        assert_eq!(Unit::Byte.first("é".as_bytes()), 1);
    }

    #[test]
    fn unknown_characters_fuse_only_with_neighbours() {
        let mut alphabet = Alphabet {
            unit: Unit::Character,
            start: BTreeMap::from([(b"a".to_vec(), 1)]),
            fallback: Fallback::Unknown { id: 0, fuse: true },
        };
        let begin = |alphabet: &Alphabet| {
            let mut tokens = Vec::new();
            alphabet.begin("éxaé".as_bytes(), &mut tokens).map(|()| tokens)
        };
        assert_eq!(begin(&alphabet), Ok(vec![0, 1, 0]));
        alphabet.fallback = Fallback::Unknown { id: 0, fuse: false };
        assert_eq!(begin(&alphabet), Ok(vec![0, 0, 1, 0]));
        alphabet.fallback = Fallback::Bytes((0..256).map(|id| id + 1000).collect());
        assert_eq!(begin(&alphabet), Ok(vec![1195, 1169, 1120, 1, 1195, 1169]));
        alphabet.fallback = Fallback::Refuse;
        assert_eq!(begin(&alphabet), Err(0..2));
    }
}
