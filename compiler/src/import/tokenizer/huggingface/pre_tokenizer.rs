//! The field `pre_tokenizer`: how a text is cut.

use super::Preparation;
use super::fields::Fields;
use super::model::MOST_STEPS;
use super::normalizer::pattern;
use crate::tokens::error::at_most;
use crate::tokens::split::GPT2;
use crate::tokens::{Prefix, Problem, Rule, Split};
use serde_json::Value;

const KNOWN: &str = "Sequence, ByteLevel, Metaspace, Digits and Split";

/// The same pattern in the form that newer files have.
const GPT2_SHORT: &str = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

pub fn read(value: Value, into: &mut Preparation) -> Result<(), Problem> {
    if value.is_null() {
        return Ok(());
    }
    step("pre_tokenizer", value, into)
}

fn step(place: &str, value: Value, into: &mut Preparation) -> Result<(), Problem> {
    let mut fields = Fields::new(place, value)?;
    let kind = fields.kind()?;
    if kind != "Sequence" && into.byte_level {
        return refuse(place, format!("{kind} behind ByteLevel"), "ByteLevel at the end");
    }
    match kind.as_str() {
        "Sequence" => {
            for (index, value) in fields.list("pretokenizers")?.into_iter().enumerate() {
                step(&format!("{place}.pretokenizers[{index}]"), value, into)?;
            }
        }
        "ByteLevel" => byte_level(&mut fields, into)?,
        "Metaspace" => metaspace(&mut fields, into)?,
        "Digits" => into.splits.push(match fields.flag("individual_digits")?.unwrap_or(false) {
            true => Split::Digit,
            false => Split::Digits,
        }),
        "Split" => into.splits.push(split(&mut fields)?),
        other => return fields.unsupported(other, KNOWN),
    }
    at_most("pre_tokenizer", into.splits.len(), MOST_STEPS, "steps")?;
    fields.end()
}

fn refuse<T>(place: &str, found: String, known: &'static str) -> Result<T, Problem> {
    Err(Problem::Unsupported { field: place.to_string(), found, known })
}

fn byte_level(fields: &mut Fields, into: &mut Preparation) -> Result<(), Problem> {
    if fields.flag("add_prefix_space")?.ok_or(fields.missing("add_prefix_space"))? {
        set_prefix(&fields.place, Prefix { text: b" ".to_vec(), first_only: false }, into)?;
    }
    // Offsets in the text; no tokens.
    fields.flag("trim_offsets")?;
    if fields.flag("use_regex")?.unwrap_or(true) {
        into.splits.push(Split::Gpt2);
    }
    into.byte_level = true;
    Ok(())
}

/// A prefix is set where nothing is cut yet: behind a cut each word would get one.
fn set_prefix(place: &str, prefix: Prefix, into: &mut Preparation) -> Result<(), Problem> {
    if !into.splits.is_empty() || into.prefix.is_some() {
        return refuse(place, "a prefix behind another step".into(), "a prefix in the first step");
    }
    into.prefix = Some(prefix);
    Ok(())
}

fn metaspace(fields: &mut Fields, into: &mut Preparation) -> Result<(), Problem> {
    let mark = replacement(fields)?;
    let scheme = prepend_scheme(fields)?;
    if into.prefix.is_some() || !into.splits.is_empty() {
        return refuse(&fields.place, "Metaspace behind another step".into(), "Metaspace in the first step");
    }
    into.rules.push(Rule::Replace { from: b" ".to_vec(), to: mark.clone().into_bytes() });
    if scheme != "never" {
        let prefix = Prefix { text: mark.clone().into_bytes(), first_only: scheme == "first" };
        set_prefix(&fields.place, prefix, into)?;
    }
    if fields.flag("split")?.unwrap_or(true) {
        into.splits.push(Split::Before(mark.into_bytes()));
    }
    Ok(())
}

/// The field `replacement` of a Metaspace, one character.
pub fn replacement(fields: &mut Fields) -> Result<String, Problem> {
    let mark = fields.some_text("replacement")?;
    // Older files say it twice.
    fields.text("str_rep")?;
    match mark.chars().count() {
        1 => Ok(mark),
        _ => Err(Problem::Value { field: fields.field("replacement"), found: mark, wants: "one character" }),
    }
}

/// `always`, `first` or `never`. Older files have `add_prefix_space` for it.
pub fn prepend_scheme(fields: &mut Fields) -> Result<&'static str, Problem> {
    let scheme = fields.text("prepend_scheme")?;
    let add = fields.flag("add_prefix_space")?;
    match (scheme.as_deref(), add) {
        (Some("always"), None | Some(true)) | (None, None | Some(true)) => Ok("always"),
        (Some("first"), None | Some(true)) => Ok("first"),
        (Some("never"), None | Some(false)) | (None, Some(false)) => Ok("never"),
        (found, _) => Err(Problem::Value {
            field: fields.field("prepend_scheme"),
            found: found.unwrap_or_default().to_string(),
            wants: "always, first or never, and what add_prefix_space says,",
        }),
    }
}

fn split(fields: &mut Fields) -> Result<Split, Problem> {
    let (kind, text) = pattern(fields)?;
    let behavior = fields.text("behavior")?.ok_or(fields.missing("behavior"))?;
    if fields.flag("invert")?.unwrap_or(false) {
        return Err(Problem::Value { field: fields.field("invert"), found: "true".into(), wants: "false" });
    }
    let bytes = text.clone().into_bytes();
    match (kind, behavior.as_str()) {
        // Every character is in a match, so nothing stands between them.
        ("Regex", "Isolated") if text == GPT2 || text == GPT2_SHORT => Ok(Split::Gpt2),
        ("Regex", _) => {
            let found = format!("the regular expression {text}, {behavior},");
            refuse(&fields.field("pattern"), found, "a String, and the Regex of GPT-2, Isolated")
        }
        (_, "Isolated") => Ok(Split::Around(bytes)),
        (_, "MergedWithPrevious") => Ok(Split::After(bytes)),
        (_, "MergedWithNext") => Ok(Split::Before(bytes)),
        (_, other) => {
            refuse(&fields.field("behavior"), other.into(), "Isolated, MergedWithPrevious and MergedWithNext")
        }
    }
}
