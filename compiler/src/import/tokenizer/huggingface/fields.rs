//! Objects of JSON, field by field: what is not asked for is refused.

use super::vocabulary::check_length;
use crate::tokens::Problem;
use serde_json::{Map, Value};

/// The fields of an object that have not been taken yet.
pub struct Fields {
    /// Where the object is in the file: `normalizer.normalizers[1]`.
    pub place: String,
    map: Map<String, Value>,
}

impl Fields {
    pub fn new(place: &str, value: Value) -> Result<Self, Problem> {
        match value {
            Value::Object(map) => Ok(Self { place: place.to_string(), map }),
            other => {
                Err(Problem::Value { field: place.into(), found: other.to_string(), wants: "an object" })
            }
        }
    }

    /// The field `type`.
    pub fn kind(&mut self) -> Result<String, Problem> {
        self.text("type")?.ok_or(self.missing("type"))
    }

    /// What `type` is, where it is none of the known ones.
    pub fn unsupported<T>(&self, found: &str, known: &'static str) -> Result<T, Problem> {
        Err(Problem::Unsupported { field: self.place.clone(), found: found.to_string(), known })
    }

    pub fn missing(&self, missing: &'static str) -> Problem {
        Problem::MissingField { field: self.place.clone(), missing }
    }

    /// `place.name`.
    pub fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The value of a field; `None` where it is missing or null.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    fn typed<T>(
        &mut self,
        name: &str,
        wants: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong = || Problem::Value { field: self.field(name), found: value.to_string(), wants };
        read(&value).map(Some).ok_or_else(wrong)
    }

    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        self.typed(name, "true or false", Value::as_bool)
    }

    pub fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        self.typed(name, "a whole number", Value::as_u64)
    }

    /// A text, no longer than a token.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let text = self.typed(name, "a text", |value| value.as_str().map(str::to_string))?;
        text.iter().try_for_each(|text| check_length(&self.field(name), text))?;
        Ok(text)
    }

    /// A text that is there and not empty.
    pub fn some_text(&mut self, name: &'static str) -> Result<String, Problem> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(text) => Err(Problem::Value {
                field: self.field(name),
                found: format!("{text:?}"),
                wants: "a text that is not empty",
            }),
            None => Err(self.missing(name)),
        }
    }

    /// A list that is there.
    pub fn list(&mut self, name: &'static str) -> Result<Vec<Value>, Problem> {
        let list = self.typed(name, "a list", |value| value.as_array().cloned())?;
        list.ok_or(self.missing(name))
    }

    /// Refuses what was not taken.
    pub fn end(self) -> Result<(), Problem> {
        match self.map.into_iter().next() {
            Some((found, _)) => Err(Problem::UnknownField { field: self.place, found }),
            None => Ok(()),
        }
    }
}
