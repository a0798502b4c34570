//! The field `model`: BPE.

use super::vocabulary::{Pair, Vocabulary};
use crate::tokens::Problem;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The fields of a BPE model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    #[serde(rename = "type")]
    _kind: Option<String>,
    dropout: Option<f64>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    /// Unknown neighbours are one token.
    pub fuse_unk: Option<bool>,
    pub byte_fallback: Option<bool>,
    /// A word that is a token is this token.
    pub ignore_merges: Option<bool>,
    pub vocab: Vocabulary,
    pub merges: Vec<Pair>,
    /// Tokens of `vocab`, when they were first asked for.
    #[serde(skip)]
    texts: OnceLock<BTreeSet<String>>,
}

/// Refuses other models by name, before their fields are read. A file that does not parse is left to the parser.
pub fn check_kind(bytes: &[u8]) -> Result<(), Problem> {
    #[derive(Deserialize)]
    struct File {
        model: Kind,
    }
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    match serde_json::from_slice::<File>(bytes) {
        Ok(File { model: Kind { kind: Some(found) } }) if found != "BPE" => {
            Err(Problem::Unsupported { field: "model".into(), found, known: "BPE" })
        }
        _ => Ok(()),
    }
}

impl Model {
    /// Refuses what other fields may say.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(dropout) = self.dropout.filter(|&dropout| dropout != 0.0) {
            return Err(Problem::Value {
                field: "model.dropout".into(),
                found: dropout.to_string(),
                wants: "null",
            });
        }
        let marks = [
            ("model.continuing_subword_prefix", &self.continuing_subword_prefix),
            ("model.end_of_word_suffix", &self.end_of_word_suffix),
        ];
        for (field, mark) in marks {
            if let Some(mark) = mark.as_ref().filter(|mark| !mark.is_empty()) {
                return Err(Problem::Value { field: field.into(), found: mark.clone(), wants: "null" });
            }
        }
        Ok(())
    }

    /// Whether a token is in the vocabulary of the model itself.
    pub fn has(&self, token: &str) -> bool {
        let texts = || self.vocab.0.iter().map(|(token, _)| token.clone()).collect::<BTreeSet<_>>();
        self.texts.get_or_init(texts).contains(token)
    }

    /// The id of the unknown token.
    pub fn unknown(&self, tokens: &[&str]) -> Result<Option<u32>, Problem> {
        let Some(name) = &self.unk_token else { return Ok(None) };
        match tokens.iter().position(|token| token == name) {
            Some(id) if self.has(name) => Ok(Some(id as u32)),
            _ => Err(Problem::NoSuchToken { field: "model.unk_token".into(), token: name.clone() }),
        }
    }
}

/// Most elements of other lists in the file.
pub const MOST_STEPS: usize = 8;
