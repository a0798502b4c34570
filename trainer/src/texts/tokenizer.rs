//! Tokenizers made from data.
//!
//! Both kinds are what a device encodes without cutting a text into words: a start token for each character, then merges.
//! A character that the data does not have has no token; machines leave it out of what is typed.

use super::check::tool;
use super::{Content, Records, Role, bpe, fold};
use mlc_compiler::tokens::{Alphabet, Fallback, LeadingSpace, Merge, Merges, Rule, Scheme, Tokenizer, Unit};
use mlc_compiler::words::count;
use std::collections::BTreeSet;
use thiserror::Error;

/// Fewest and most tokens that a BPE vocabulary can be asked to have.
pub const BPE_TOKENS: std::ops::RangeInclusive<usize> = 64..=1024;
/// Most different characters of data.
pub const MOST_CHARACTERS: usize = 1024;

/// What tokenizer to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    pub kind: TokenizerKind,
    pub fold: Fold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenizerKind {
    /// Each character is a token.
    #[default]
    Characters,
    /// Byte pair encoding on characters, of so many tokens, marks included ([`BPE_TOKENS`]). Fewer where the data has no
    /// pair twice.
    Bpe { tokens: usize },
}

/// What becomes of the case of ASCII letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Where the data has letters of one case only, letters that are typed become that.
    #[default]
    Auto,
    Keep,
    Upper,
    Lower,
}

/// Why no tokenizer can be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenizerError {
    #[error("the data has {found} different characters, at most {MOST_CHARACTERS} are possible")]
    ManyCharacters { found: usize },
    #[error(
        "a vocabulary of {tokens} tokens has no room for {} and {}: at least {least} are needed",
        count(*characters, "character"), count(*marks, "mark")
    )]
    FewTokens { tokens: usize, characters: usize, marks: usize, least: usize },
}

impl TokenizerError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::ManyCharacters { .. } => "leave out texts with rare characters",
            Self::FewTokens { .. } => "ask for more tokens, or fold the letters to one case",
        }
    }
}

/// Makes a tokenizer of everything that is said in the records, the same for the same records. `marks`: tokens that will be
/// added behind its own.
///
/// # Errors
/// Too many characters for the vocabulary.
pub fn make(records: &Records, choice: Choice, marks: usize) -> Result<Tokenizer, TokenizerError> {
    let fold = match choice.fold {
        Fold::Auto => fold::case(said(records)),
        chosen => chosen,
    };
    let rule = match fold {
        Fold::Upper => Some(Rule::UpperAscii),
        Fold::Lower => Some(Rule::LowerAscii),
        Fold::Auto | Fold::Keep => None,
    };
    let folded = |text: &str| match fold {
        Fold::Upper => text.to_ascii_uppercase(),
        Fold::Lower => text.to_ascii_lowercase(),
        Fold::Auto | Fold::Keep => text.to_string(),
    };
    let mut alphabet: BTreeSet<char> =
        said(records).flat_map(|text| folded(text).chars().collect::<Vec<_>>()).collect();
    if reads(records) {
        alphabet.extend('0'..='9');
    }
    if alphabet.len() > MOST_CHARACTERS {
        return Err(TokenizerError::ManyCharacters { found: alphabet.len() });
    }
    let alphabet: Vec<char> = alphabet.into_iter().collect();
    let (joined, scheme) = match choice.kind {
        TokenizerKind::Characters => (Vec::new(), Scheme::Characters),
        TokenizerKind::Bpe { tokens } => {
            let least = alphabet.len() + marks;
            if least > tokens {
                return Err(TokenizerError::FewTokens { tokens, characters: alphabet.len(), marks, least });
            }
            let pairs = bpe::train(said(records).map(folded), &alphabet, tokens - least);
            merged(&alphabet, &pairs)
        }
    };
    // Machines leave out bytes, one by one: where all characters are ASCII, that is what the tokenizer says.
    let unit = if alphabet.iter().all(char::is_ascii) { Unit::Byte } else { Unit::Character };
    let single = alphabet.iter().map(|c| c.to_string().into_bytes());
    let start = single.clone().zip(0..).collect();
    Ok(Tokenizer {
        pieces: single.chain(joined).collect(),
        specials: Vec::new(),
        rules: rule.into_iter().collect(),
        prefix: None,
        splits: Vec::new(),
        alphabet: Alphabet { unit, start, fallback: Fallback::Refuse },
        scheme,
        leading: LeadingSpace::Keep,
        bos: None,
        eos: None,
        unknown: None,
        adds_bos: false,
        adds_eos: false,
    })
}

/// Adds tokens, behind all others, for characters that the records have and the tokenizer refuses; digits as well where tools read numbers.
/// Characters that its alphabet cannot have stay refused: those of several bytes where its characters are bytes, and all where texts are
/// rewritten by more than one case of letters.
///
/// # Errors
/// Too many characters for the vocabulary.
pub(super) fn extend(tokenizer: &mut Tokenizer, records: &Records) -> Result<(), TokenizerError> {
    let fold: fn(&char) -> char = match tokenizer.rules[..] {
        [] => |c| *c,
        [Rule::UpperAscii] => char::to_ascii_uppercase,
        [Rule::LowerAscii] => char::to_ascii_lowercase,
        _ => return Ok(()),
    };
    if tokenizer.alphabet.fallback != Fallback::Refuse {
        return Ok(());
    }
    let mut wanted: BTreeSet<char> = said(records).flat_map(str::chars).map(|c| fold(&c)).collect();
    if reads(records) {
        wanted.extend('0'..='9');
    }
    let known = tokenizer.alphabet.start.len();
    for c in wanted {
        let text = c.to_string().into_bytes();
        let Alphabet { unit, start, .. } = &mut tokenizer.alphabet;
        if unit.first(&text) == text.len() && !start.contains_key(&text) {
            start.insert(text.clone(), tokenizer.pieces.len() as u32);
            tokenizer.pieces.push(text);
        }
    }
    match tokenizer.alphabet.start.len() {
        found if found > MOST_CHARACTERS.max(known) => Err(TokenizerError::ManyCharacters { found }),
        _ => Ok(()),
    }
}

/// The texts of merged tokens, and the merges. Ranks are in the order of the tokens.
fn merged(alphabet: &[char], pairs: &[(u32, u32)]) -> (Vec<Vec<u8>>, Scheme) {
    if pairs.is_empty() {
        return (Vec::new(), Scheme::Characters);
    }
    let mut texts: Vec<Vec<u8>> = alphabet.iter().map(|c| c.to_string().into_bytes()).collect();
    let mut merges = Vec::new();
    for (rank, &(left, right)) in (0..).zip(pairs) {
        let merged = texts.len() as u32;
        texts.push([texts[left as usize].as_slice(), &texts[right as usize]].concat());
        merges.push(Merge { rank, left, right, merged });
    }
    let merges = Merges::new(merges).expect("a pair that is merged is not there any more");
    (texts.split_off(alphabet.len()), Scheme::Merged { merges, whole: Default::default() })
}

/// Whether a tool has a result.
fn reads(records: &Records) -> bool {
    records.records.iter().any(|record| match &record.content {
        Content::Text(_) => false,
        Content::Conversation(messages) => {
            messages.iter().any(|message| message.role == Role::Tool && !message.content.is_empty())
        }
    })
}

/// Everything that is said, without the tokens of tools and what they read.
pub(super) fn said(records: &Records) -> impl Iterator<Item = &str> {
    records.records.iter().flat_map(|record| -> Vec<&str> {
        match &record.content {
            Content::Text(text) => vec![text],
            Content::Conversation(messages) => {
                let calls = messages.iter().skip(1).map(|next| next.role == Role::Tool).chain([false]);
                messages
                    .iter()
                    .zip(calls)
                    .filter(|(message, _)| message.role != Role::Tool)
                    .map(|(message, calls)| match (calls, tool(&message.content)) {
                        (true, Some((said, _))) => said,
                        _ => message.content.as_str(),
                    })
                    .collect()
            }
        }
    })
}
