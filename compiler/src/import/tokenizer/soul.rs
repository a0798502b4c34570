//! `tokenizer.json` of soulplayer: a small BPE by itself, which is no file of Hugging Face.
//!
//! Source: `BPETokenizer` in `train.py` of gizmo64k/soulplayer-c64. An object of `vocab` (token → id), `merges` (pairs) and
//! `vocab_size`. Text is in lower case; each character is a token, or `<UNK>`; then every merge in order goes over all
//! of the text. That is merging by rank, because no merge uses a token that a later one makes, which is checked here.

use super::huggingface::vocabulary::{Pair, Vocabulary, by_id, merges};
use crate::tokens::{
    Alphabet, Fallback, LeadingSpace, MOST_FILE, Merges, Problem, Rule, Scheme, Special, Tokenizer,
    TokensError, Unit, error,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vocab: Vocabulary,
    merges: Vec<Pair>,
    vocab_size: usize,
}

/// Tokens that no text makes. `<SEP>` stands before a text, behind it and behind a reply.
const CONTROLS: [&str; 4] = ["<PAD>", "<SEP>", "<UNK>", "<END>"];

/// Whether JSON is such a file: a Hugging Face tokenizer has its vocabulary in a `model`.
pub fn is_soul(bytes: &[u8]) -> bool {
    let keys: Result<BTreeMap<String, serde::de::IgnoredAny>, _> = serde_json::from_slice(bytes);
    keys.is_ok_and(|keys| keys.contains_key("vocab") && !keys.contains_key("model"))
}

/// Reads soulplayer's `tokenizer.json`. `<SEP>` is both `bos` and `eos`: a prompt is `<SEP>text<SEP>`.
///
/// Errors: the JSON is damaged, has other fields, or its vocabulary and merges contradict each other.
pub fn read(file: &str, bytes: &[u8]) -> Result<Tokenizer, TokensError> {
    let wrong = |problem| TokensError::new(file, problem);
    error::at_most("the file", bytes.len(), MOST_FILE, "bytes").map_err(wrong)?;
    let parsed: File = serde_json::from_slice(bytes).map_err(|e| super::json(file, &e))?;
    build(parsed).map_err(wrong)
}

fn build(file: File) -> Result<Tokenizer, Problem> {
    let tokens = by_id(file.vocab.0.iter().map(|(token, id)| (token.as_str(), *id)))?;
    if file.vocab_size != tokens.len() {
        return Err(Problem::Size { says: file.vocab_size, found: tokens.len() });
    }
    let control = |name: &str| {
        let id = tokens.iter().position(|token| *token == name);
        id.map(|id| id as u32)
            .ok_or_else(|| Problem::NoSuchToken { field: "vocab".into(), token: name.into() })
    };
    let mut specials = Vec::new();
    for name in CONTROLS {
        specials.push(Special::control(control(name)?, name));
    }
    let is_control = |id: u32| specials.iter().any(|special| special.id == id);
    let merges = merges(&file.merges, &tokens, is_control)?;
    check_order(&merges, &tokens)?;
    let start: BTreeMap<Vec<u8>, u32> = (0..)
        .zip(&tokens)
        .filter(|(_, token)| token.chars().count() == 1)
        .map(|(id, token)| (token.as_bytes().to_vec(), id))
        .collect();
    let piece =
        |(id, token): (u32, &&str)| if is_control(id) { Vec::new() } else { token.as_bytes().to_vec() };
    let (separator, unknown) = (Some(control("<SEP>")?), control("<UNK>")?);
    Ok(Tokenizer {
        pieces: (0..).zip(&tokens).map(piece).collect(),
        specials,
        rules: vec![Rule::Lower],
        prefix: None,
        splits: Vec::new(),
        alphabet: Alphabet {
            unit: Unit::Character,
            start,
            fallback: Fallback::Unknown { id: unknown, fuse: false },
        },
        scheme: Scheme::Merged { merges, whole: BTreeMap::new() },
        leading: LeadingSpace::Keep,
        bos: separator,
        eos: separator,
        unknown: Some(unknown),
        adds_bos: true,
        adds_eos: true,
    })
}

/// Checks that no merge uses a token that itself or a later one makes.
fn check_order(merges: &Merges, tokens: &[&str]) -> Result<(), Problem> {
    let mut to_come: BTreeMap<u32, usize> = BTreeMap::new();
    merges.list().iter().for_each(|merge| *to_come.entry(merge.merged).or_default() += 1);
    let mut done = BTreeSet::new();
    for merge in merges.list() {
        for part in [merge.left, merge.right] {
            if to_come.contains_key(&part) && !done.contains(&part) {
                let token = tokens[part as usize].to_string();
                return Err(Problem::MergeOrder { index: merge.rank as usize, token });
            }
        }
        let left = to_come.get_mut(&merge.merged).expect("every result was counted");
        *left -= 1;
        if *left == 0 {
            done.insert(merge.merged);
        }
    }
    Ok(())
}
