//! `tokenizer.json` of Hugging Face, the part that networks for small machines need: BPE.
//!
//! Source of format and meaning: huggingface/tokenizers 0.23. What is read: the model `BPE`, with byte fallback, unknown
//! token and `ignore_merges`; the normalizers `Prepend`, `Replace`, `Lowercase` and the four normal forms; the
//! pre-tokenizers `ByteLevel`, `Metaspace`, `Digits` and `Split`; the decoders `ByteLevel`, `Metaspace`, `Replace`,
//! `ByteFallback`, `Fuse` and `Strip`; BOS and EOS of `TemplateProcessing`; added tokens. Everything else is refused by
//! name.
//!
//! The tokens of a text are those of `Tokenizer.encode(text, add_special_tokens=False)`: of
//! [`encode_with_specials`](crate::tokens::Tokenizer::encode_with_specials) as it is by default, of
//! [`encode`](crate::tokens::Tokenizer::encode) with `encode_special_tokens = True`. There are three differences: no merge makes a
//! special token, a character without a token is an error where Hugging Face drops it, and bytes that are not UTF-8
//! are taken, each a character of no class.

mod added;
mod decoder;
mod fields;
mod model;
mod normalizer;
mod pre_tokenizer;
mod template;
pub(super) mod vocabulary;
mod write;

pub use write::{Written, write};

use crate::tokens::error::at_most;
use crate::tokens::{
    Alphabet, Fallback, MOST_FILE, Prefix, Problem, Rule, Scheme, Split, Tokenizer, TokensError, Unit, bytes,
};
use model::Model;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use vocabulary::{by_id, merges};

/// The fields of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<String>,
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    padding: Value,
    #[serde(default)]
    added_tokens: Vec<Value>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
    model: Model,
}

/// What normalizer and pre-tokenizer make of a text.
#[derive(Default)]
struct Preparation {
    rules: Vec<Rule>,
    prefix: Option<Prefix>,
    splits: Vec<Split>,
    /// Tokens are written in the alphabet of [`bytes`].
    byte_level: bool,
}

/// Reads a `tokenizer.json`.
///
/// Errors: the JSON is damaged; a part of it is not known to mlc; vocabulary, merges and added tokens contradict each
/// other.
pub fn read(file: &str, bytes: &[u8]) -> Result<Tokenizer, TokensError> {
    let wrong = |problem| TokensError::new(file, problem);
    at_most("the file", bytes.len(), MOST_FILE, "bytes").map_err(wrong)?;
    model::check_kind(bytes).map_err(wrong)?;
    let parsed: File = serde_json::from_slice(bytes).map_err(|e| super::json(file, &e))?;
    build(parsed).map_err(wrong)
}

fn build(file: File) -> Result<Tokenizer, Problem> {
    check_frame(&file)?;
    let model = file.model;
    model.check()?;
    let specials = added::read(file.added_tokens, &model)?;
    let entries = model.vocab.0.iter().map(|(token, id)| (token.as_str(), *id));
    let is_new = |special: &&crate::tokens::Special| !model.has(&special.text);
    let fresh = specials.iter().filter(is_new).map(|special| (special.text.as_str(), special.id));
    let tokens = by_id(entries.chain(fresh))?;
    let is_control = flags(tokens.len(), specials.iter().filter(|special| !special.everywhere).map(|s| s.id));

    let mut preparation = normalizer::read(file.normalizer)?;
    // An added token may be looked for in the rewritten text only where nothing is rewritten.
    if let Some(late) = specials.iter().find(|special| special.late && !preparation.rules.is_empty()) {
        let field = format!("added_tokens: `{}`: normalized", late.text);
        return Err(Problem::Value {
            field,
            found: "true".into(),
            wants: "false, because there is a normalizer,",
        });
    }
    pre_tokenizer::read(file.pre_tokenizer, &mut preparation)?;
    let decoder = decoder::read(file.decoder)?;
    let frame = template::read(file.post_processor, tokens.len())?;

    let unknown = model.unknown(&tokens)?;
    let (unit, start) = alphabet(&tokens, &preparation, &model, &is_control);
    let fallback = fallback(&model, &tokens, unknown, preparation.byte_level && start.len() == 256)?;
    let merges = merges(&model.merges, &tokens, |id| is_control[id as usize])?;
    let whole = match model.ignore_merges.unwrap_or(false) {
        true => whole_words(&tokens, &preparation, &model, &is_control),
        false => BTreeMap::new(),
    };
    let piece = |(token, &is_control): (&&str, &bool)| match is_control {
        true => Ok(Vec::new()),
        false => decoder.piece(token),
    };
    Ok(Tokenizer {
        pieces: tokens.iter().zip(&is_control).map(piece).collect::<Result<_, _>>()?,
        specials,
        rules: preparation.rules,
        prefix: preparation.prefix,
        splits: preparation.splits,
        alphabet: Alphabet { unit, start, fallback },
        scheme: match merges.list().is_empty() && whole.is_empty() {
            true => Scheme::Characters,
            false => Scheme::Merged { merges, whole },
        },
        leading: decoder.leading,
        bos: frame.bos,
        eos: frame.eos,
        unknown,
        adds_bos: frame.bos.is_some(),
        adds_eos: frame.eos.is_some(),
    })
}

/// Which of `tokens` ids are among some; all of these are below.
fn flags(tokens: usize, ids: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut flags = vec![false; tokens];
    ids.for_each(|id| flags[id as usize] = true);
    flags
}

/// Checks the fields that say nothing of tokens.
fn check_frame(file: &File) -> Result<(), Problem> {
    if let Some(version) = file.version.as_ref().filter(|version| *version != "1.0") {
        return Err(Problem::Value { field: "version".into(), found: version.clone(), wants: "1.0" });
    }
    for (field, value) in [("truncation", &file.truncation), ("padding", &file.padding)] {
        if !value.is_null() {
            return Err(Problem::Value { field: field.into(), found: value.to_string(), wants: "null" });
        }
    }
    Ok(())
}

/// The tokens of the model that a text can make, with the bytes that they stand for in it.
fn texts<'a>(
    tokens: &'a [&'a str],
    preparation: &'a Preparation,
    model: &'a Model,
    is_control: &'a [bool],
) -> impl Iterator<Item = (Vec<u8>, u32)> + 'a {
    let bytes = |token: &str| match preparation.byte_level {
        true => bytes::from_token(token),
        false => Some(token.as_bytes().to_vec()),
    };
    let of_model = model.vocab.0.iter().map(|&(_, id)| id).filter(|&id| !is_control[id as usize]);
    of_model.filter_map(move |id| Some((bytes(tokens[id as usize])?, id)))
}

fn alphabet(
    tokens: &[&str],
    preparation: &Preparation,
    model: &Model,
    is_control: &[bool],
) -> (Unit, BTreeMap<Vec<u8>, u32>) {
    let unit = if preparation.byte_level { Unit::Byte } else { Unit::Character };
    let is_single = |text: &[u8]| !text.is_empty() && unit.first(text) == text.len();
    let start = texts(tokens, preparation, model, is_control).filter(|(text, _)| is_single(text)).collect();
    (unit, start)
}

/// Words that are a token whatever the merges say.
fn whole_words(
    tokens: &[&str],
    preparation: &Preparation,
    model: &Model,
    is_control: &[bool],
) -> BTreeMap<Vec<u8>, u32> {
    texts(tokens, preparation, model, is_control).filter(|(text, _)| !text.is_empty()).collect()
}

/// What becomes of characters without a token. `is_complete`: there are none.
fn fallback(
    model: &Model,
    tokens: &[&str],
    unknown: Option<u32>,
    is_complete: bool,
) -> Result<Fallback, Problem> {
    let otherwise = unknown
        .map_or(Fallback::Refuse, |id| Fallback::Unknown { id, fuse: model.fuse_unk.unwrap_or(false) });
    if !model.byte_fallback.unwrap_or(false) || is_complete {
        return Ok(otherwise);
    }
    let by_text: BTreeMap<&str, u32> = tokens.iter().zip(0..).map(|(&token, id)| (token, id)).collect();
    let names: Vec<String> = (0..256).map(|byte| format!("<0x{byte:02X}>")).collect();
    let ids: Vec<u32> = names.iter().filter_map(|name| by_text.get(name.as_str()).copied()).collect();
    match (ids.len(), names.iter().find(|name| !by_text.contains_key(name.as_str()))) {
        (_, None) => Ok(Fallback::Bytes(ids)),
        (0, _) => Ok(otherwise),
        (found, Some(missing)) => Err(Problem::ByteTokens { found, missing: missing.clone() }),
    }
}
