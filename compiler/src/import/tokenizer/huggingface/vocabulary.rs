//! Vocabularies and merges as JSON has them.

use crate::tokens::error::at_most;
use crate::tokens::{MOST_MERGES, MOST_PIECE, MOST_TOKENS, Merge, Merges, Problem};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Tokens and their ids in the order of the file. A map would hide that one is there twice.
pub struct Vocabulary(pub Vec<(String, u32)>);

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tokens and their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            if entries.len() == MOST_TOKENS {
                return Err(A::Error::custom(format_args!("more than {MOST_TOKENS} tokens")));
            }
            entries.push(entry);
        }
        Ok(Vocabulary(entries))
    }
}

/// A merge in either form.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Pair {
    /// `"a b"`.
    Joined(String),
    /// `["a", "b"]`.
    Two([String; 2]),
}

/// Tokens by their ids. Errors: a token or an id is there twice, an id below another one is missing, a token is too long.
pub fn by_id<'a>(entries: impl Iterator<Item = (&'a str, u32)>) -> Result<Vec<&'a str>, Problem> {
    let mut tokens: BTreeMap<u32, &str> = BTreeMap::new();
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    for (token, id) in entries {
        check_length("vocab", token)?;
        if let Some(first) = ids.insert(token, id) {
            return Err(Problem::SameToken {
                token: token.into(),
                first: first as usize,
                second: id as usize,
            });
        }
        if let Some(first) = tokens.insert(id, token) {
            return Err(Problem::SameId { first: first.into(), second: token.into(), id });
        }
    }
    at_most("vocab", tokens.len(), MOST_TOKENS, "tokens")?;
    match tokens.keys().enumerate().find(|&(index, &id)| index != id as usize) {
        Some((index, _)) => Err(Problem::Hole { id: index, tokens: tokens.len() }),
        None => Ok(tokens.into_values().collect()),
    }
}

/// Checks the length of a token or another short text of the file.
pub fn check_length(field: &str, token: &str) -> Result<(), Problem> {
    let length = token.len();
    match length > MOST_PIECE {
        true => Err(Problem::TooLong { field: field.into(), token: token.into(), length, most: MOST_PIECE }),
        false => Ok(()),
    }
}

/// The merges of a list: the rank is the place in it. A merge that makes a token of `is_control` is left out: no text may
/// make one. Errors: a part or the whole is no token, a pair is there twice.
pub fn merges(list: &[Pair], tokens: &[&str], is_control: impl Fn(u32) -> bool) -> Result<Merges, Problem> {
    at_most("merges", list.len(), MOST_MERGES, "merges")?;
    let ids: BTreeMap<&str, u32> = tokens.iter().zip(0..).map(|(&token, id)| (token, id)).collect();
    let find = |index: usize, token: &str| {
        ids.get(token).copied().ok_or_else(|| Problem::MergeToken { index, token: token.to_string() })
    };
    let mut merges = Vec::with_capacity(list.len());
    for (index, pair) in list.iter().enumerate() {
        let (left, right) = parts(index, pair)?;
        let (left_id, right_id) = (find(index, left)?, find(index, right)?);
        let merged = find(index, &[left, right].concat())?;
        if !is_control(merged) {
            merges.push(Merge { rank: index as u32, left: left_id, right: right_id, merged });
        }
    }
    Merges::new(merges).map_err(|twice| Problem::MergeTwice {
        index: twice.rank as usize,
        left: tokens[twice.left as usize].to_string(),
        right: tokens[twice.right as usize].to_string(),
    })
}

/// The two tokens of a merge, neither of them empty.
fn parts(index: usize, pair: &Pair) -> Result<(&str, &str), Problem> {
    let (found, text) = match pair {
        Pair::Joined(text) => (text.split_once(' ').filter(|(_, right)| !right.contains(' ')), text.clone()),
        Pair::Two([left, right]) => (Some((left.as_str(), right.as_str())), format!("{left} {right}")),
    };
    match found {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left, right)),
        _ => Err(Problem::MergeForm { index, text }),
    }
}
