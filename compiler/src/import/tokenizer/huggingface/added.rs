//! The field `added_tokens`.

use super::fields::Fields;
use super::model::Model;
use crate::tokens::error::at_most;
use crate::tokens::{MOST_SPECIALS, MOST_TOKENS, Problem, Special};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The added tokens. Errors: a field is not known; one is there twice; one has another id than in the vocabulary.
pub fn read(list: Vec<Value>, model: &Model) -> Result<Vec<Special>, Problem> {
    at_most("added_tokens", list.len(), MOST_SPECIALS, "added tokens")?;
    let ids: BTreeMap<&str, u32> = model.vocab.0.iter().map(|(token, id)| (token.as_str(), *id)).collect();
    let mut specials: Vec<Special> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, value) in list.into_iter().enumerate() {
        let special = special(Fields::new(&format!("added_tokens[{index}]"), value)?)?;
        let token = special.text.clone();
        let in_model = ids.get(token.as_str()).copied();
        let other = in_model.filter(|&id| id != special.id).or(seen.contains(&token).then_some(special.id));
        if let Some(first) = other {
            return Err(Problem::SameToken { token, first: first as usize, second: special.id as usize });
        }
        seen.insert(token);
        specials.push(special);
    }
    Ok(specials)
}

fn special(mut fields: Fields) -> Result<Special, Problem> {
    let id = fields.number("id")?.ok_or(fields.missing("id"))?;
    let text = fields.some_text("content")?;
    if id >= MOST_TOKENS as u64 {
        return Err(Problem::NoSuchId { field: fields.field("id"), id, tokens: MOST_TOKENS });
    }
    if fields.flag("single_word")?.unwrap_or(false) {
        return Err(Problem::Value {
            field: fields.field("single_word"),
            found: "true".into(),
            wants: "false",
        });
    }
    let special = Special {
        id: id as u32,
        text,
        everywhere: !fields.flag("special")?.unwrap_or(false),
        late: fields.flag("normalized")?.ok_or(fields.missing("normalized"))?,
        strip_left: fields.flag("lstrip")?.unwrap_or(false),
        strip_right: fields.flag("rstrip")?.unwrap_or(false),
    };
    fields.end()?;
    Ok(special)
}
