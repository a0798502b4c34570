//! The field `decoder`: the bytes that each token prints.

use super::fields::Fields;
use super::model::MOST_STEPS;
use super::normalizer::replacement as replace;
use super::pre_tokenizer::{prepend_scheme, replacement};
use crate::tokens::error::at_most;
use crate::tokens::{LeadingSpace, MOST_PIECE, Problem, bytes};
use serde_json::Value;

const KNOWN: &str = "Sequence, ByteLevel, Metaspace, Replace, ByteFallback, Fuse and Strip";

/// What a token goes through before it is printed.
pub struct Decoder {
    replace: Vec<(String, String)>,
    byte_fallback: bool,
    byte_level: bool,
    fuse: bool,
    pub leading: LeadingSpace,
}

pub fn read(value: Value) -> Result<Decoder, Problem> {
    if value.is_null() {
        let wants = "a decoder: without one, Hugging Face prints tokens with spaces between, so it is";
        return Err(Problem::Value { field: "decoder".into(), found: "null".into(), wants });
    }
    let mut decoder = Decoder {
        replace: Vec::new(),
        byte_fallback: false,
        byte_level: false,
        fuse: false,
        leading: LeadingSpace::Keep,
    };
    step("decoder", value, &mut decoder)?;
    Ok(decoder)
}

fn step(place: &str, value: Value, into: &mut Decoder) -> Result<(), Problem> {
    let mut fields = Fields::new(place, value)?;
    let kind = fields.kind()?;
    // Steps go over single tokens, and behind Fuse over all of the text: only this order is that of `piece`.
    let is_last = into.byte_level || into.leading == LeadingSpace::First;
    let is_late = match kind.as_str() {
        "Replace" | "Metaspace" => into.byte_fallback || into.fuse || is_last,
        "ByteFallback" => into.byte_fallback || into.fuse || is_last,
        "ByteLevel" => into.byte_fallback || into.fuse || is_last || !into.replace.is_empty(),
        "Strip" => !into.fuse || is_last || into.leading != LeadingSpace::Keep,
        _ => false,
    };
    if is_late {
        let known = "Replace and Metaspace, ByteFallback, Fuse, Strip in this order, or ByteLevel";
        return Err(Problem::Unsupported {
            field: place.into(),
            found: format!("{kind} at this place"),
            known,
        });
    }
    match kind.as_str() {
        "Sequence" => {
            for (index, value) in fields.list("decoders")?.into_iter().enumerate() {
                step(&format!("{place}.decoders[{index}]"), value, into)?;
            }
        }
        "ByteLevel" => {
            // These are for the pre-tokenizer of the same name.
            for name in ["add_prefix_space", "trim_offsets", "use_regex"] {
                fields.flag(name)?;
            }
            into.byte_level = true;
        }
        "Metaspace" => {
            into.replace.push((replacement(&mut fields)?, " ".into()));
            if prepend_scheme(&mut fields)? != "never" {
                into.leading = LeadingSpace::FirstToken;
            }
            fields.flag("split")?;
        }
        "Replace" => into.replace.push(replace(&mut fields)?),
        "ByteFallback" => into.byte_fallback = true,
        "Fuse" => into.fuse = true,
        "Strip" => strip(&mut fields, into)?,
        other => return fields.unsupported(other, KNOWN),
    }
    at_most("decoder", into.replace.len(), MOST_STEPS, "steps")?;
    fields.end()
}

/// At most one space, in front.
fn strip(fields: &mut Fields, into: &mut Decoder) -> Result<(), Problem> {
    let content = fields.some_text("content")?;
    let start = fields.number("start")?.ok_or(fields.missing("start"))?;
    let stop = fields.number("stop")?.ok_or(fields.missing("stop"))?;
    if content != " " || start > 1 || stop > 0 {
        let found = format!("{start} times {content:?} in front, {stop} times behind");
        let wants = "one space in front at most";
        return Err(Problem::Value { field: fields.place.clone(), found, wants });
    }
    if start == 1 {
        into.leading = LeadingSpace::First;
    }
    Ok(())
}

impl Decoder {
    /// The bytes that a token prints. Error: they are more than the longest token has, at any step.
    pub fn piece(&self, token: &str) -> Result<Vec<u8>, Problem> {
        let mut text = token.to_string();
        for (from, to) in &self.replace {
            // Each step may double it: its length is known before it is made.
            let found = text.matches(from.as_str()).count();
            let length = text.len() - found * from.len() + found * to.len();
            if length > MOST_PIECE {
                let (field, token) = ("decoder: what a token prints".into(), token.to_string());
                return Err(Problem::TooLong { field, token, length, most: MOST_PIECE });
            }
            text = text.replace(from, to);
        }
        let whole = match (self.byte_fallback, self.byte_level) {
            (true, _) => byte(&text).map(|byte| vec![byte]),
            (_, true) => bytes::from_token(&text),
            _ => None,
        };
        Ok(whole.unwrap_or_else(|| text.into_bytes()))
    }
}

/// The byte of `<0x41>`.
fn byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_byte = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_byte.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}
