//! Text ↔ tokens. The files that say how are read in [`crate::import::tokenizer`].
//!
//! A text becomes tokens in five steps, each a field of [`Tokenizer`], the same on a host and on an 8-bit machine:
//!
//! 1. [`rules`](Tokenizer::rules) rewrite the text (a space before it, folded letters), then a
//!    [`prefix`](Tokenizer::prefix) is set where it is not there.
//! 2. [`splits`](Tokenizer::splits) cut it into words; no token crosses a cut.
//! 3. The [`alphabet`](Tokenizer::alphabet) makes a token of each character of a word.
//! 4. [`Merges`] join neighbours, the lowest rank first and the leftmost of those, until no pair is in the table.
//! 5. Special tokens, which no text makes, are cut out before all of that where a caller asks for it.
//!
//! The merges of a SentencePiece vocabulary (scores) and of a Hugging Face one (a list) are the same table.

mod alphabet;
pub(crate) mod bytes;
mod classes;
mod decode;
mod encode;
pub(crate) mod error;
pub(crate) mod fold;
mod merges;
mod plain;
mod prepare;
#[cfg(test)]
pub(crate) mod random;
mod special;
pub(crate) mod split;

pub use alphabet::{Alphabet, Fallback, Unit};
pub use decode::LeadingSpace;
pub use encode::Part;
pub use error::{EncodeError, Position, Problem, TokensError};
pub use merges::{Merge, Merges, dense_ranks, ranks_are_those_of_tokens};
pub use prepare::{Form, Prefix, Rule};
pub use special::Special;
pub use split::Split;

use std::collections::BTreeMap;

/// Most tokens of a vocabulary. The largest published ones have 262,144.
pub const MOST_TOKENS: usize = 300_000;
/// Most merges.
pub const MOST_MERGES: usize = 1_000_000;
/// Most bytes of a token as the file writes it.
pub const MOST_PIECE: usize = 512;
/// Most special and added tokens.
pub const MOST_SPECIALS: usize = 4096;
/// Most bytes of a tokenizer's file.
pub const MOST_FILE: usize = 64 << 20;
/// Most bytes of a text that is encoded, before and after its rules.
pub const MOST_TEXT: usize = 64 << 20;

/// All that is between text and tokens. Token ids are indices of `pieces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenizer {
    /// The bytes that each token prints; empty for special ones.
    pub pieces: Vec<Vec<u8>>,
    /// Tokens that are recognized by their written form, in prompts and templates.
    pub specials: Vec<Special>,
    /// How a text is rewritten before all else, in this order.
    pub rules: Vec<Rule>,
    /// What a text gets in front, after `rules`, unless it starts with it.
    pub prefix: Option<Prefix>,
    /// How a text is cut into words; each cuts the words of the one before.
    pub splits: Vec<Split>,
    /// The token that each character starts as.
    pub alphabet: Alphabet,
    /// What becomes of neighbouring tokens.
    pub scheme: Scheme,
    /// What becomes of a space in front when tokens are printed.
    pub leading: LeadingSpace,
    /// The token in front of a text.
    pub bos: Option<u32>,
    /// The token behind a text.
    pub eos: Option<u32>,
    /// The token for what is not in the alphabet; present even where `alphabet.fallback` never gives it.
    pub unknown: Option<u32>,
    /// Whether a text starts with `bos`, which then is there.
    pub adds_bos: bool,
    /// Whether a text ends with `eos`, which then is there. So it is in few tokenizers of language models.
    pub adds_eos: bool,
}

/// What becomes of neighbouring tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Nothing: each character is a token.
    Characters,
    /// Pairs are merged by rank.
    Merged {
        merges: Merges,
        /// Words that are a token as they are, whatever the merges say (`ignore_merges` of Hugging Face).
        whole: BTreeMap<Vec<u8>, u32>,
    },
}

impl Tokenizer {
    /// A tokenizer whose tokens are single characters: the token of `pieces[i]` is `i`. An empty piece is a token
    /// that no text makes. Where every piece is at most one byte, characters are bytes; else they are code points of
    /// UTF-8. Where the alphabet has letters of one case only, push [`Rule::LowerAscii`] or [`Rule::UpperAscii`]
    /// to `rules` of the result.
    ///
    /// Errors: a piece is no single character, is there twice, or there are too many.
    pub fn characters(pieces: Vec<Vec<u8>>, unknown: Option<u32>) -> Result<Self, Problem> {
        error::at_most("pieces", pieces.len(), MOST_TOKENS, "tokens")?;
        let unit = if pieces.iter().all(|piece| piece.len() <= 1) { Unit::Byte } else { Unit::Character };
        let mut start = BTreeMap::new();
        for (id, piece) in pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
            let shown = || String::from_utf8_lossy(piece).into_owned();
            if unit.first(piece) != piece.len() {
                return Err(Problem::NotOneCharacter { id, token: shown() });
            }
            if let Some(first) = start.insert(piece.clone(), id as u32) {
                return Err(Problem::SameToken { token: shown(), first: first as usize, second: id });
            }
        }
        if let Some(id) = unknown.filter(|&id| id as usize >= pieces.len()) {
            return Err(Problem::NoSuchId { field: "unknown".into(), id: id.into(), tokens: pieces.len() });
        }
        let fallback = unknown.map_or(Fallback::Refuse, |id| Fallback::Unknown { id, fuse: false });
        Ok(Self {
            pieces,
            specials: Vec::new(),
            rules: Vec::new(),
            prefix: None,
            splits: Vec::new(),
            alphabet: Alphabet { unit, start, fallback },
            scheme: Scheme::Characters,
            leading: LeadingSpace::Keep,
            bos: None,
            eos: None,
            unknown,
            adds_bos: false,
            adds_eos: false,
        })
    }

    /// The same, which sets no token around a text: in a chat that is the turn's business.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { adds_bos: false, adds_eos: false, ..self.clone() }
    }

    /// The tokens of the digits 0 to 9 as characters, which are not merged; `None` where one has none.
    pub fn digits(&self) -> Option<[u32; 10]> {
        let mut digits = [0; 10];
        for (token, digit) in digits.iter_mut().zip(b'0'..) {
            *token = *self.alphabet.start.get([digit].as_slice())?;
        }
        Some(digits)
    }

    /// The merges by rank; empty for single characters.
    pub fn merges(&self) -> &[Merge] {
        match &self.scheme {
            Scheme::Characters => &[],
            Scheme::Merged { merges, .. } => merges.list(),
        }
    }
}
