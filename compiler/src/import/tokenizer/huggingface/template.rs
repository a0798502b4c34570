//! The field `post_processor`: the tokens that frame a text.

use super::fields::Fields;
use crate::tokens::Problem;
use serde_json::Value;
use std::collections::BTreeMap;

const KNOWN: &str = "Sequence, ByteLevel and TemplateProcessing";

/// The tokens around a text.
#[derive(Default)]
pub struct Frame {
    pub bos: Option<u32>,
    pub eos: Option<u32>,
}

/// `tokens`: how many there are.
pub fn read(value: Value, tokens: usize) -> Result<Frame, Problem> {
    let mut frames = Vec::new();
    if !value.is_null() {
        step("post_processor", value, tokens, &mut frames)?;
    }
    match frames.len() {
        0 | 1 => Ok(frames.pop().unwrap_or_default()),
        found => Err(Problem::Value {
            field: "post_processor".into(),
            found: format!("{found} TemplateProcessing"),
            wants: "one",
        }),
    }
}

fn step(place: &str, value: Value, tokens: usize, frames: &mut Vec<Frame>) -> Result<(), Problem> {
    let mut fields = Fields::new(place, value)?;
    let kind = fields.kind()?;
    match kind.as_str() {
        "Sequence" => {
            for (index, value) in fields.list("processors")?.into_iter().enumerate() {
                step(&format!("{place}.processors[{index}]"), value, tokens, frames)?;
            }
        }
        "ByteLevel" => {
            // Offsets in the text; no tokens.
            for name in ["add_prefix_space", "trim_offsets", "use_regex"] {
                fields.flag(name)?;
            }
        }
        "TemplateProcessing" => frames.push(template(&mut fields, tokens)?),
        other => return fields.unsupported(other, KNOWN),
    }
    fields.end()
}

fn template(fields: &mut Fields, tokens: usize) -> Result<Frame, Problem> {
    let single = fields.list("single")?;
    // How two texts are joined says nothing of one.
    fields.value("pair");
    let specials = special_tokens(fields, tokens)?;
    let wrong = |found: String| Problem::Value {
        field: fields.field("single"),
        found,
        wants: "the sequence A once, at most one special token before and one behind it",
    };
    if single.len() > 3 {
        return Err(wrong(format!("{} elements", single.len())));
    }
    let mut frame = Frame::default();
    let mut has_text = false;
    for (index, value) in single.into_iter().enumerate() {
        let place = format!("{}.single[{index}]", fields.place);
        let shown = value.to_string();
        let mut element = Fields::new(&place, value)?;
        let name = match element.value("SpecialToken") {
            Some(token) => id(&format!("{place}.SpecialToken"), token)?,
            None => {
                let value = element.value("Sequence").ok_or_else(|| wrong(shown.clone()))?;
                if id(&format!("{place}.Sequence"), value)? != "A" || has_text {
                    return Err(wrong(shown));
                }
                element.end()?;
                has_text = true;
                continue;
            }
        };
        element.end()?;
        let known = specials.get(&name).copied();
        let token = known.ok_or(Problem::NoSuchToken { field: place, token: name })?;
        let side = if has_text { &mut frame.eos } else { &mut frame.bos };
        if side.replace(token).is_some() {
            return Err(wrong(shown));
        }
    }
    if has_text { Ok(frame) } else { Err(wrong("without A".into())) }
}

/// The field `id` of an element. Its `type_id` is for networks that read two texts.
fn id(place: &str, value: Value) -> Result<String, Problem> {
    let mut fields = Fields::new(place, value)?;
    let id = fields.some_text("id")?;
    fields.number("type_id")?;
    fields.end()?;
    Ok(id)
}

/// The ids of `special_tokens`, one each.
fn special_tokens(fields: &mut Fields, tokens: usize) -> Result<BTreeMap<String, u32>, Problem> {
    let Some(value) = fields.value("special_tokens") else { return Ok(BTreeMap::new()) };
    let place = fields.field("special_tokens");
    let Value::Object(map) = value else {
        return Err(Problem::Value { field: place, found: value.to_string(), wants: "an object" });
    };
    let mut specials = BTreeMap::new();
    for (name, value) in map {
        let mut special = Fields::new(&format!("{place}[`{name}`]"), value)?;
        special.text("id")?;
        special.value("tokens");
        let ids = special.list("ids")?;
        let field = special.field("ids");
        special.end()?;
        let [Some(id)] = ids.iter().map(Value::as_u64).collect::<Vec<_>>()[..] else {
            return Err(Problem::Value { field, found: Value::Array(ids).to_string(), wants: "one id" });
        };
        if id >= tokens as u64 {
            return Err(Problem::NoSuchId { field, id, tokens });
        }
        specials.insert(name, id as u32);
    }
    Ok(specials)
}
