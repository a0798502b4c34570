//! The field `normalizer`: rules that rewrite a text.

use super::Preparation;
use super::fields::Fields;
use super::model::MOST_STEPS;
use crate::tokens::error::at_most;
use crate::tokens::{Form, Problem, Rule};
use serde_json::Value;

/// Most rules of a file: a few, and those that fold letters one by one.
const MOST_RULES: usize = 64;
const KNOWN: &str = "Sequence, Prepend, Replace, Lowercase, NFC, NFD, NFKC and NFKD";

pub fn read(value: Value) -> Result<Preparation, Problem> {
    let mut rules = Vec::new();
    if !value.is_null() {
        step("normalizer", value, &mut rules)?;
    }
    let rules = folded(rules);
    at_most("normalizer", rules.len(), MOST_STEPS, "steps")?;
    Ok(Preparation { rules, ..Preparation::default() })
}

/// The parser of JSON has bounded how deep sequences are nested.
fn step(place: &str, value: Value, rules: &mut Vec<Rule>) -> Result<(), Problem> {
    let mut fields = Fields::new(place, value)?;
    let kind = fields.kind()?;
    match kind.as_str() {
        "Sequence" => {
            for (index, value) in fields.list("normalizers")?.into_iter().enumerate() {
                step(&format!("{place}.normalizers[{index}]"), value, rules)?;
            }
        }
        "Prepend" => rules.push(Rule::Prepend(fields.some_text("prepend")?.into_bytes())),
        "Replace" => {
            let (from, to) = replacement(&mut fields)?;
            rules.push(Rule::Replace { from: from.into_bytes(), to: to.into_bytes() });
        }
        "Lowercase" => rules.push(Rule::Lower),
        "NFC" => rules.push(Rule::Normal(Form::Nfc)),
        "NFD" => rules.push(Rule::Normal(Form::Nfd)),
        "NFKC" => rules.push(Rule::Normal(Form::Nfkc)),
        "NFKD" => rules.push(Rule::Normal(Form::Nfkd)),
        other => return fields.unsupported(other, KNOWN),
    }
    at_most("normalizer", rules.len(), MOST_RULES, "steps")?;
    fields.end()
}

/// Rules, with one in the place of 26 that fold the letters of ASCII one by one: the library has no other way to fold no
/// others.
fn folded(rules: Vec<Rule>) -> Vec<Rule> {
    let letters = |first: u8, fold: fn(&u8) -> u8| -> Vec<Rule> {
        (first..first + 26).map(|c| Rule::Replace { from: vec![c], to: vec![fold(&c)] }).collect()
    };
    let upper = letters(b'a', u8::to_ascii_uppercase);
    let lower = letters(b'A', u8::to_ascii_lowercase);
    let mut folded = Vec::new();
    let mut rest = rules.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        let (rule, behind) = match rest {
            _ if rest.starts_with(&upper) => (Rule::UpperAscii, &rest[26..]),
            _ if rest.starts_with(&lower) => (Rule::LowerAscii, &rest[26..]),
            _ => (first.clone(), behind),
        };
        folded.push(rule);
        rest = behind;
    }
    folded
}

/// `pattern` and `content` of a Replace.
pub fn replacement(fields: &mut Fields) -> Result<(String, String), Problem> {
    let (kind, from) = pattern(fields)?;
    if kind == "Regex" {
        let field = fields.field("pattern");
        return Err(Problem::Unsupported {
            field,
            found: format!("the regular expression {from}"),
            known: "a String",
        });
    }
    let to = fields.text("content")?.ok_or(fields.missing("content"))?;
    Ok((from, to))
}

/// The field `pattern`: `String` or `Regex`, and its text.
pub fn pattern(fields: &mut Fields) -> Result<(&'static str, String), Problem> {
    let value = fields.value("pattern").ok_or(fields.missing("pattern"))?;
    let mut pattern = Fields::new(&fields.field("pattern"), value)?;
    let kind = if pattern.has("Regex") { "Regex" } else { "String" };
    let text = pattern.some_text(kind)?;
    pattern.end()?;
    Ok((kind, text))
}
