//! `generation_config.json`: how the owner of a network would sample from it.

use super::super::Problem;
use super::fields::{Fields, short, wrong};
use crate::shown::shown;
use serde_json::Value;

/// Keys that say nothing about which tokens come.
const IDLE: [&str; 9] = [
    "_from_model_config",
    "cache_implementation",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "return_dict_in_generate",
    "transformers_version",
    "use_cache",
];

/// How to sample. `None` is what the file does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generation {
    /// Whether tokens are drawn; greedy if not.
    pub sample: Option<bool>,
    /// What logits are divided by, above 0. (0 is given as `sample: Some(false)`.)
    pub temperature: Option<f32>,
    /// Only so many of the likeliest tokens are drawn; at least 1, 0 is given as `None`.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together reach this probability; above 0, at most 1.
    pub top_p: Option<f32>,
    /// Only tokens of at least this share of the likeliest one's probability; 0 to 1.
    pub min_p: Option<f32>,
    /// What the logits of tokens that were there are divided by (multiplied where negative); 0.1 to 10.
    pub repetition_penalty: Option<f32>,
    /// The token in front of every text.
    pub begin: Option<u32>,
    /// Tokens that end a text.
    pub end: Vec<u32>,
    /// Most tokens of prompt and answer together.
    pub max_length: Option<usize>,
    /// Most tokens of an answer.
    pub max_new_tokens: Option<usize>,
    /// Keys with their values that were not read and may change what is generated, for the caller to show.
    pub not_read: Vec<String>,
}

pub(super) fn read(bytes: &[u8], vocabulary: usize) -> Result<Generation, Problem> {
    let fields = Fields::parse(bytes)?;
    let within = |key: &str, least: f32, most: f32| match fields.number(key)? {
        Some(v) if !(least..=most).contains(&v) => Err(Problem::Value {
            field: key.to_string(),
            value: v.to_string(),
            wants: format!("a number from {least} to {most}"),
        }),
        other => Ok(other),
    };
    let mut generation = Generation {
        sample: fields.flag("do_sample")?,
        temperature: within("temperature", 0.0, 100.0)?,
        top_k: fields.whole("top_k")?.filter(|&k| k > 0),
        top_p: within("top_p", 0.0, 1.0)?,
        min_p: within("min_p", 0.0, 1.0)?,
        repetition_penalty: within("repetition_penalty", 0.1, 10.0)?,
        begin: fields.tokens("bos_token_id", vocabulary)?.first().copied(),
        end: fields.tokens("eos_token_id", vocabulary)?,
        max_length: fields.whole("max_length")?,
        max_new_tokens: fields.whole("max_new_tokens")?,
        not_read: Vec::new(),
    };
    if generation.temperature == Some(0.0) {
        (generation.temperature, generation.sample) = (None, Some(false));
    }
    if generation.top_p == Some(0.0) {
        return Err(wrong("top_p", &0.into(), "a number above 0, at most 1"));
    }
    const READ: [&str; 10] = [
        "do_sample",
        "temperature",
        "top_k",
        "top_p",
        "min_p",
        "repetition_penalty",
        "bos_token_id",
        "eos_token_id",
        "max_length",
        "max_new_tokens",
    ];
    for (key, value) in fields.all() {
        let known = READ.contains(&key) || IDLE.contains(&key);
        if !known && !matches!(value, Value::Null | Value::Bool(false)) {
            generation.not_read.push(format!("{}: {}", shown(key), short(value)));
        }
    }
    Ok(generation)
}
