//! A JSON object, and what its keys say. A key with the value null is as if it were not there.

use super::super::Problem;
use crate::shown::shown;
use serde_json::{Map, Value};

/// Largest JSON file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A JSON object.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > MAX_BYTES {
            return Err(Problem::TooLong { found: bytes.len() as u64, most: MAX_BYTES as u64 });
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(other) => Err(Problem::Json(format!("it is {}", short(&other)))),
            Err(error) => Err(Problem::Json(error.to_string())),
        }
    }

    pub fn of(map: &Map<String, Value>) -> Self {
        Self(map.clone())
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// All keys with their values, null too, in alphabetical order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        let mut keys: Vec<_> = self.0.iter().map(|(key, value)| (key.as_str(), value)).collect();
        keys.sort_by_key(|(key, _)| *key);
        keys.into_iter()
    }

    /// A whole number that is not negative.
    pub fn whole(&self, key: &str) -> Result<Option<usize>, Problem> {
        let read = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
        self.read(key, "a whole number", read)
    }

    /// The same, of a key that must be there.
    pub fn size(&self, key: &'static str) -> Result<usize, Problem> {
        self.whole(key)?.ok_or(Problem::MissingKey(key))
    }

    /// A number that a float holds.
    pub fn number(&self, key: &str) -> Result<Option<f32>, Problem> {
        let read = |value: &Value| value.as_f64().map(|v| v as f32).filter(|v| v.is_finite());
        self.read(key, "a number", read)
    }

    /// True or false.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Problem> {
        self.read(key, "true or false", Value::as_bool)
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<Option<String>, Problem> {
        self.read(key, "a text", |value| value.as_str().map(str::to_string))
    }

    /// A token, or a list of them.
    pub fn tokens(&self, key: &str, vocabulary: usize) -> Result<Vec<u32>, Problem> {
        let token = |value: &Value| {
            let id = value.as_u64().filter(|&id| id < vocabulary as u64);
            id.and_then(|id| u32::try_from(id).ok())
        };
        let read = |value: &Value| match value {
            Value::Array(list) => list.iter().map(token).collect(),
            one => token(one).map(|id| vec![id]),
        };
        let wants = format!("a token below {vocabulary}, or a list of them");
        Ok(self.read(key, &wants, read)?.unwrap_or_default())
    }

    fn read<T>(
        &self,
        key: &str,
        wants: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| wrong(key, value, wants))
    }
}

/// Refuses the value of a key.
pub(super) fn wrong(key: &str, value: &Value, wants: &str) -> Problem {
    Problem::Value { field: key.to_string(), value: short(value), wants: wants.to_string() }
}

/// A value for a message.
pub(super) fn short(value: &Value) -> String {
    shown(&value.to_string())
}
