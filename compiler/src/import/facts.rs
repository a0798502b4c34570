//! Decides on everything that a file states beside its tensors, key by key. A fact may be applied, it may say what mlc
//! computes in any case, or it may change nothing in what a network computes. Every other fact is refused, because it
//! might change something.
//!
//! The rules are the same for all formats: the keys of `_architecture` and the arrays `_KEY` of an `.npz`, those of
//! `architecture` and the other entries of a `.pt`, those of `__metadata__` of a `.safetensors` and of its
//! `architecture`. docs/import.md has the list for users.

use super::{Options, Problem};
use crate::model::{Layer, MAX_BANDS, MAX_WIDTH};
use crate::shown::shown;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Keys that may say only what mlc computes in any case, and how that is written.
const SAME: [(&str, &[&str]); 7] = [
    ("activation", &["\"relu\"", "\"ReLU\""]),
    ("bias", &["true"]),
    ("shift", &["2"]),
    ("weight_bits", &["2"]),
    ("accum_bits", &["16"]),
    ("accumulator_bits", &["16"]),
    // Who wrote a .safetensors: of these the weights are [outputs, inputs].
    ("format", &["\"pt\"", "\"np\""]),
];

/// Keys that change nothing in what a network computes.
const IDLE: [&str; 43] = [
    "author",
    "batch_size",
    "callbacks",
    "comment",
    "created",
    "created_at",
    "date",
    "description",
    "dropout",
    "framework",
    "git_commit",
    "global_step",
    "history",
    "learning_rate",
    "license",
    "loops",
    "lr",
    "lr_scheduler",
    "lr_schedulers",
    "model_name",
    "momentum",
    "name",
    "note",
    "notes",
    "optimizer",
    "optimizer_state",
    "optimizer_state_dict",
    "optimizer_states",
    "pytorch-lightning_version",
    "pytorch_version",
    "rng_state",
    "scheduler",
    "scheduler_state",
    "scheduler_state_dict",
    "seed",
    "step",
    "time",
    "timestamp",
    "title",
    "torch_version",
    "training",
    "url",
    "weight_decay",
];

/// Endings of keys that change nothing: `best_epoch`, `val_loss`. (`acc_bits` ends otherwise, and is refused.)
const IDLE_ENDINGS: [&str; 6] = ["epoch", "epochs", "loss", "losses", "acc", "accuracy"];

/// What a file states as the value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Stated {
    Json(Value),
    /// Something that JSON has not: what it is, for a message.
    Other(String),
}

/// What a file has stated so far. What is typed ([`Options`]) goes before it.
#[derive(Debug, Default)]
pub struct Facts {
    /// A character an output, the last one NUL.
    pub charset: Option<String>,
    /// A label an output.
    pub labels: Option<Vec<String>>,
    pub position_bands: Option<u64>,
    pub query_buckets: Option<u64>,
    pub context_length: Option<u64>,
    pub max_reply: Option<u64>,
    pub max_query: Option<u64>,
    /// What the shapes of the layers must be, each with the place that says so.
    shapes: Vec<(String, Shape)>,
    /// What was done to the file that its owner should know.
    pub notes: Vec<String>,
}

#[derive(Debug)]
enum Shape {
    Inputs(u64),
    Hidden(Vec<u64>),
    Outputs(u64),
}

impl Facts {
    /// Nothing stated yet, and perhaps a note.
    pub fn with(note: Option<String>) -> Self {
        Self { notes: note.into_iter().collect(), ..Self::default() }
    }

    /// Takes what the file states as the value of `key`; `place` says where for messages, empty at the top.
    ///
    /// # Errors
    /// A value that means something mlc does not compute, a key that might, or a second value for a key.
    pub fn state(
        &mut self,
        place: &str,
        key: &str,
        value: &Stated,
        options: &Options,
    ) -> Result<(), Problem> {
        let name = key.strip_prefix('_').unwrap_or(key);
        let wrong = |wants: &str| Problem::FactValue {
            place: place.to_string(),
            key: shown(key),
            value: value.shown(),
            wants: wants.to_string(),
        };
        let number = |least: usize, most: usize| {
            let in_range = |n: &u64| (least as u64..=most as u64).contains(n);
            value.number().filter(in_range).ok_or_else(|| wrong(&format!("{least} to {most}")))
        };
        let size = || value.number().ok_or_else(|| wrong("a number from 0 on"));
        let put = |old: &mut Option<u64>, new: u64| match old.replace(new) {
            Some(old) if old != new => Err(wrong(&format!("{old} as elsewhere in the file"))),
            _ => Ok(()),
        };
        match name {
            "charset" | "labels" if options.says_outputs() => Ok(()),
            "charset" => {
                let Stated::Json(Value::String(text)) = value else { return Err(wrong("a string")) };
                self.charset = Some(text.clone());
                Ok(())
            }
            "labels" => {
                self.labels = Some(value.texts().ok_or_else(|| wrong("a list of strings"))?);
                Ok(())
            }
            "input_size" => {
                self.shapes.push((place.to_string(), Shape::Inputs(size()?)));
                Ok(())
            }
            "hidden_sizes" => {
                let sizes = value.numbers().ok_or_else(|| wrong("a list of numbers from 0 on"))?;
                self.shapes.push((place.to_string(), Shape::Hidden(sizes)));
                Ok(())
            }
            "num_classes" => {
                self.shapes.push((place.to_string(), Shape::Outputs(size()?)));
                Ok(())
            }
            "position_bands" => put(&mut self.position_bands, number(1, MAX_BANDS.into())?),
            "query_buckets" => put(&mut self.query_buckets, number(1, MAX_WIDTH)?),
            "context_length" => put(&mut self.context_length, number(1, 32)?),
            "max_reply" => put(&mut self.max_reply, number(1, 255)?),
            "max_query" => put(&mut self.max_query, number(1, 127)?),
            _ => match SAME.iter().find(|(same, _)| *same == name) {
                Some((_, texts)) if !texts.contains(&value.shown().as_str()) => Err(wrong(texts[0])),
                Some(_) => Ok(()),
                None if is_idle(name) => Ok(()),
                None if options.ignore.iter().any(|ignored| ignored == key || ignored == name) => {
                    self.notes.push(format!(
                        "{} is {}: ignored, as --ignore says",
                        shown(key),
                        value.shown()
                    ));
                    Ok(())
                }
                None => Err(Problem::UnknownFact {
                    place: place.to_string(),
                    key: shown(key),
                    value: value.shown(),
                }),
            },
        }
    }

    /// Takes all keys of an architecture, which must have those of the published trainer.
    ///
    /// # Errors
    /// See [`Facts::state`]; and a key that is missing.
    pub fn architecture(
        &mut self,
        place: &'static str,
        entries: &[(String, Stated)],
        options: &Options,
    ) -> Result<(), Problem> {
        for (key, value) in entries {
            self.state(place, key, value, options)?;
        }
        let missing = ["input_size", "hidden_sizes", "num_classes"]
            .into_iter()
            .find(|key| !entries.iter().any(|(k, _)| k == key));
        missing.map_or(Ok(()), |key| Err(Problem::MissingKey { place, key }))
    }

    /// Compares the shapes that the file states with the layers, of which there must be one: a file that lost its
    /// last layers shows here. Without any to compare, that is a note.
    ///
    /// # Errors
    /// The first difference.
    pub fn check_shapes(&mut self, layers: &[Layer]) -> Result<(), Problem> {
        let outputs: Vec<usize> = layers.iter().map(|l| l.outputs).collect();
        let (classes, hidden) = outputs.split_last().expect("every reader finds at least one layer");
        for (place, shape) in &self.shapes {
            let (key, says, found) = match shape {
                Shape::Inputs(n) => ("input_size", n.to_string(), layers[0].inputs.to_string()),
                Shape::Hidden(sizes) => ("hidden_sizes", format!("{sizes:?}"), format!("{hidden:?}")),
                Shape::Outputs(n) => ("num_classes", n.to_string(), classes.to_string()),
            };
            if says != found {
                let (place, says) = (place.clone(), shown(&says));
                return Err(Problem::Architecture { place, field: key, says, found });
            }
        }
        if self.shapes.is_empty() {
            self.notes.push("it states no architecture: the shapes are those of the tensors".to_string());
        }
        Ok(())
    }
}

fn is_idle(key: &str) -> bool {
    let ends =
        |ending: &&str| key.strip_suffix(*ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    IDLE.contains(&key) || IDLE_ENDINGS.iter().any(ends)
}

impl Stated {
    /// For a message: JSON, or the words, cut where they are long.
    pub fn shown(&self) -> String {
        match self {
            Self::Json(Value::String(text)) => format!("\"{}\"", shown(text)),
            Self::Json(value) => shown(&value.to_string()),
            Self::Other(what) => what.clone(),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Json(value) => value.as_u64(),
            Self::Other(_) => None,
        }
    }

    fn items<T>(&self, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        match self {
            Self::Json(Value::Array(items)) => items.iter().map(item).collect(),
            _ => None,
        }
    }

    fn numbers(&self) -> Option<Vec<u64>> {
        self.items(Value::as_u64)
    }

    fn texts(&self) -> Option<Vec<String>> {
        self.items(|item| item.as_str().map(str::to_string))
    }
}

/// The keys and values of an architecture in JSON, as they stand.
pub struct Entries(pub Vec<(String, Stated)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of input_size, hidden_sizes and num_classes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries: Vec<(String, Stated)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    // One reader takes the first of two values, another one the last.
                    if entries.iter().any(|(k, _)| *k == key) {
                        return Err(A::Error::custom(format!("the key {} is there twice", shown(&key))));
                    }
                    entries.push((key, Stated::Json(value)));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_key() {
        let page = include_str!("../../../docs/import.md");
        let listed = |key: &str| page.contains(&format!("`{key}`"));
        for key in IDLE.iter().chain(SAME.iter().map(|(key, _)| key)) {
            assert!(listed(key), "{key}");
        }
        for ending in IDLE_ENDINGS {
            assert!(listed(&format!("_{ending}")), "{ending}");
        }
    }

    #[test]
    fn only_whole_words_end_a_key() {
        for key in ["acc", "val_acc", "best_int_acc", "total_epochs"] {
            assert!(is_idle(key), "{key}");
        }
        for key in ["acc_bits", "macc", "epochs_of_delay", ""] {
            assert!(!is_idle(key), "{key}");
        }
    }
}
