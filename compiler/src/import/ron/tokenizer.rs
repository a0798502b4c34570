//! The schema of a tokenizer in `model.ron`. Bytes are written as the characters of the same numbers (Latin-1).

use super::parts::bare;
use super::version::latin1;
use crate::import::Problem;
use crate::tokens;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenizer {
    pieces: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    specials: Vec<Special>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    prefix: Option<Prefix>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    splits: Vec<Split>,
    alphabet: Alphabet,
    scheme: Scheme,
    leading: Leading,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    bos: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    eos: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    unknown: Option<u32>,
    adds_bos: bool,
    adds_eos: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    id: u32,
    text: String,
    everywhere: bool,
    late: bool,
    strip_left: bool,
    strip_right: bool,
}

#[derive(Serialize, Deserialize)]
enum Rule {
    Prepend(String),
    Replace(String, String),
    Lower,
    LowerAscii,
    UpperAscii,
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    text: String,
    first_only: bool,
}

#[derive(Serialize, Deserialize)]
enum Split {
    Gpt2,
    Digit,
    Digits,
    Before(String),
    After(String),
    Around(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alphabet {
    unit: Unit,
    start: Vec<(String, u32)>,
    fallback: Fallback,
}

#[derive(Serialize, Deserialize)]
enum Unit {
    Byte,
    Character,
}

#[derive(Serialize, Deserialize)]
enum Fallback {
    Bytes(Vec<u32>),
    Unknown { id: u32, fuse: bool },
    Refuse,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Scheme {
    Characters,
    /// `merges`: rank, left, right, merged.
    Merged {
        merges: Vec<(u32, u32, u32, u32)>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        whole: Vec<(String, u32)>,
    },
}

#[derive(Serialize, Deserialize)]
enum Leading {
    Keep,
    AfterBos,
    First,
    FirstToken,
}

/// Bytes as characters of the same numbers.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

impl From<&tokens::Tokenizer> for Tokenizer {
    fn from(from: &tokens::Tokenizer) -> Self {
        Self {
            pieces: from.pieces.iter().map(|piece| text(piece)).collect(),
            specials: from.specials.iter().map(special).collect(),
            rules: from.rules.iter().map(rule).collect(),
            prefix: from
                .prefix
                .as_ref()
                .map(|prefix| Prefix { text: text(&prefix.text), first_only: prefix.first_only }),
            splits: from.splits.iter().map(split).collect(),
            alphabet: Alphabet {
                unit: match from.alphabet.unit {
                    tokens::Unit::Byte => Unit::Byte,
                    tokens::Unit::Character => Unit::Character,
                },
                start: listed(&from.alphabet.start),
                fallback: match &from.alphabet.fallback {
                    tokens::Fallback::Bytes(ids) => Fallback::Bytes(ids.clone()),
                    tokens::Fallback::Unknown { id, fuse } => Fallback::Unknown { id: *id, fuse: *fuse },
                    tokens::Fallback::Refuse => Fallback::Refuse,
                },
            },
            scheme: match &from.scheme {
                tokens::Scheme::Characters => Scheme::Characters,
                tokens::Scheme::Merged { merges, whole } => Scheme::Merged {
                    merges: merges.list().iter().map(|m| (m.rank, m.left, m.right, m.merged)).collect(),
                    whole: listed(whole),
                },
            },
            leading: match from.leading {
                tokens::LeadingSpace::Keep => Leading::Keep,
                tokens::LeadingSpace::AfterBos => Leading::AfterBos,
                tokens::LeadingSpace::First => Leading::First,
                tokens::LeadingSpace::FirstToken => Leading::FirstToken,
            },
            bos: from.bos,
            eos: from.eos,
            unknown: from.unknown,
            adds_bos: from.adds_bos,
            adds_eos: from.adds_eos,
        }
    }
}

fn listed(map: &BTreeMap<Vec<u8>, u32>) -> Vec<(String, u32)> {
    map.iter().map(|(bytes, &id)| (text(bytes), id)).collect()
}

fn special(from: &tokens::Special) -> Special {
    let tokens::Special { id, text, everywhere, late, strip_left, strip_right } = from.clone();
    Special { id, text, everywhere, late, strip_left, strip_right }
}

fn rule(from: &tokens::Rule) -> Rule {
    match from {
        tokens::Rule::Prepend(front) => Rule::Prepend(text(front)),
        tokens::Rule::Replace { from, to } => Rule::Replace(text(from), text(to)),
        tokens::Rule::Lower => Rule::Lower,
        tokens::Rule::LowerAscii => Rule::LowerAscii,
        tokens::Rule::UpperAscii => Rule::UpperAscii,
        tokens::Rule::Normal(tokens::Form::Nfc) => Rule::Nfc,
        tokens::Rule::Normal(tokens::Form::Nfd) => Rule::Nfd,
        tokens::Rule::Normal(tokens::Form::Nfkc) => Rule::Nfkc,
        tokens::Rule::Normal(tokens::Form::Nfkd) => Rule::Nfkd,
    }
}

fn split(from: &tokens::Split) -> Split {
    match from {
        tokens::Split::Gpt2 => Split::Gpt2,
        tokens::Split::Digit => Split::Digit,
        tokens::Split::Digits => Split::Digits,
        tokens::Split::Before(bytes) => Split::Before(text(bytes)),
        tokens::Split::After(bytes) => Split::After(text(bytes)),
        tokens::Split::Around(bytes) => Split::Around(text(bytes)),
    }
}

impl Tokenizer {
    /// The tokenizer that is written.
    ///
    /// # Errors
    /// A character beyond U+00FF, an id that is no token, an empty text where there must be one, a pair that is there
    /// twice.
    pub fn read(self) -> Result<tokens::Tokenizer, Problem> {
        let pieces = self.pieces.iter().map(|piece| bytes("pieces", piece)).collect::<Result<Vec<_>, _>>()?;
        let ids = Ids(pieces.len());
        let alphabet = tokens::Alphabet {
            unit: match self.alphabet.unit {
                Unit::Byte => tokens::Unit::Byte,
                Unit::Character => tokens::Unit::Character,
            },
            start: ids.map("alphabet.start", self.alphabet.start)?,
            fallback: match self.alphabet.fallback {
                Fallback::Bytes(bytes) if bytes.len() != 256 => {
                    return Err(Problem::Tokenizer(format!(
                        "alphabet.fallback has {} ids, not 256",
                        bytes.len()
                    )));
                }
                Fallback::Bytes(bytes) => {
                    ids.check("alphabet.fallback", bytes.iter().copied())?;
                    tokens::Fallback::Bytes(bytes)
                }
                Fallback::Unknown { id, fuse } => {
                    ids.check("alphabet.fallback", [id])?;
                    tokens::Fallback::Unknown { id, fuse }
                }
                Fallback::Refuse => tokens::Fallback::Refuse,
            },
        };
        let scheme = match self.scheme {
            Scheme::Characters => tokens::Scheme::Characters,
            Scheme::Merged { merges, whole } => {
                let merge = |&(rank, left, right, merged): &_| tokens::Merge { rank, left, right, merged };
                ids.check("scheme.merges", merges.iter().flat_map(|m| [m.1, m.2, m.3]))?;
                let merges = tokens::Merges::new(merges.iter().map(merge).collect()).map_err(|twice| {
                    let tokens::Merge { left, right, .. } = twice;
                    Problem::Tokenizer(format!("scheme.merges: {left} and {right} are there twice"))
                })?;
                tokens::Scheme::Merged { merges, whole: ids.map("scheme.whole", whole)? }
            }
        };
        ids.check("specials", self.specials.iter().map(|special| special.id))?;
        ids.check("bos, eos, unknown", [self.bos, self.eos, self.unknown].into_iter().flatten())?;
        if (self.adds_bos && self.bos.is_none()) || (self.adds_eos && self.eos.is_none()) {
            return Err(Problem::Tokenizer("adds_bos or adds_eos: there is no such token".into()));
        }
        Ok(tokens::Tokenizer {
            pieces,
            specials: self.specials.into_iter().map(Special::read).collect::<Result<_, _>>()?,
            rules: self.rules.into_iter().map(Rule::read).collect::<Result<_, _>>()?,
            prefix: self.prefix.map(Prefix::read).transpose()?,
            splits: self.splits.into_iter().map(Split::read).collect::<Result<_, _>>()?,
            alphabet,
            scheme,
            leading: match self.leading {
                Leading::Keep => tokens::LeadingSpace::Keep,
                Leading::AfterBos => tokens::LeadingSpace::AfterBos,
                Leading::First => tokens::LeadingSpace::First,
                Leading::FirstToken => tokens::LeadingSpace::FirstToken,
            },
            bos: self.bos,
            eos: self.eos,
            unknown: self.unknown,
            adds_bos: self.adds_bos,
            adds_eos: self.adds_eos,
        })
    }
}

/// So many tokens there are.
struct Ids(usize);

impl Ids {
    fn check(&self, field: &str, ids: impl IntoIterator<Item = u32>) -> Result<(), Problem> {
        match ids.into_iter().find(|&id| id as usize >= self.0) {
            Some(id) => Err(Problem::Tokenizer(format!("{field}: {id} is no token, there are {}", self.0))),
            None => Ok(()),
        }
    }

    fn map(&self, field: &str, list: Vec<(String, u32)>) -> Result<BTreeMap<Vec<u8>, u32>, Problem> {
        self.check(field, list.iter().map(|(_, id)| *id))?;
        let mut map = BTreeMap::new();
        for (text, id) in list {
            let bytes = filled(field, &text)?;
            if map.insert(bytes, id).is_some() {
                return Err(Problem::Tokenizer(format!(
                    "{field}: a text is there twice, the second time for {id}"
                )));
            }
        }
        Ok(map)
    }
}

/// The bytes of a text, a character each.
fn bytes(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    latin1(text).map_err(|problem| match problem {
        Problem::Charset { found, .. } => {
            let (shown, code) = (found.escape_debug(), u32::from(found));
            Problem::Tokenizer(format!("{field}: '{shown}' (U+{code:04X}) is no byte: they end with U+00FF"))
        }
        other => other,
    })
}

/// The bytes of a text that is not empty.
fn filled(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    match bytes(field, text)? {
        bytes if bytes.is_empty() => Err(Problem::Tokenizer(format!("{field} has an empty text"))),
        bytes => Ok(bytes),
    }
}

impl Special {
    fn read(self) -> Result<tokens::Special, Problem> {
        let Self { id, text, everywhere, late, strip_left, strip_right } = self;
        if text.is_empty() {
            return Err(Problem::Tokenizer("specials has an empty text".into()));
        }
        Ok(tokens::Special { id, text, everywhere, late, strip_left, strip_right })
    }
}

impl Rule {
    fn read(self) -> Result<tokens::Rule, Problem> {
        Ok(match self {
            Self::Prepend(front) => tokens::Rule::Prepend(filled("rules", &front)?),
            Self::Replace(from, to) => {
                tokens::Rule::Replace { from: filled("rules", &from)?, to: bytes("rules", &to)? }
            }
            Self::Lower => tokens::Rule::Lower,
            Self::LowerAscii => tokens::Rule::LowerAscii,
            Self::UpperAscii => tokens::Rule::UpperAscii,
            Self::Nfc => tokens::Rule::Normal(tokens::Form::Nfc),
            Self::Nfd => tokens::Rule::Normal(tokens::Form::Nfd),
            Self::Nfkc => tokens::Rule::Normal(tokens::Form::Nfkc),
            Self::Nfkd => tokens::Rule::Normal(tokens::Form::Nfkd),
        })
    }
}

impl Prefix {
    fn read(self) -> Result<tokens::Prefix, Problem> {
        Ok(tokens::Prefix { text: filled("prefix", &self.text)?, first_only: self.first_only })
    }
}

impl Split {
    fn read(self) -> Result<tokens::Split, Problem> {
        Ok(match self {
            Self::Gpt2 => tokens::Split::Gpt2,
            Self::Digit => tokens::Split::Digit,
            Self::Digits => tokens::Split::Digits,
            Self::Before(bytes) => tokens::Split::Before(filled("splits", &bytes)?),
            Self::After(bytes) => tokens::Split::After(filled("splits", &bytes)?),
            Self::Around(bytes) => tokens::Split::Around(filled("splits", &bytes)?),
        })
    }
}
