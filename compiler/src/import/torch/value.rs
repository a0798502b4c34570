//! What a pickle holds: values in an arena.
//!
//! Lists, dicts and the like are indices into [`Graph`]. So a hostile pickle's cycles, shared parts and
//! deep nesting are harmless: nothing here or in the readers recurses, and nothing is copied.

use crate::import::facts::Stated;
use crate::import::tensor::DType;
use crate::shown::shown;
use serde_json::Value as Json;

/// Most items of a list that are taken as what a file states: labels are at most so many.
const MAX_ITEMS: usize = 1024;

/// A value; small, and free to copy. Strings lie in the pickle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// Of more than 64 bits; which ones does not matter here.
    BigInt,
    Float(f64),
    Str(&'a str),
    Bytes,
    /// The index in [`Graph::lists`].
    List(usize),
    /// The index in [`Graph::lists`] too.
    Tuple(usize),
    /// The index in [`Graph::dicts`]. An OrderedDict is one too.
    Dict(usize),
    Class(Class),
    /// The index in [`Graph::storages`].
    Storage(usize),
    /// The index in [`Graph::tensors`].
    Tensor(usize),
}

/// The classes that are known. None of their code runs: what they would build is built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`
    RebuildParameter,
    Storage(Element),
}

/// What a storage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// The class, for messages.
    pub class: &'static str,
    /// `None` for types that no layer can have.
    pub dtype: Option<DType>,
}

/// Values of one type, in a file of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage<'a> {
    pub element: Element,
    /// The name of the file, below `data/`.
    pub key: &'a str,
    /// Values.
    pub count: u64,
}

/// A view into a storage. Whether it lies inside of it is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The index in [`Graph::storages`].
    pub storage: usize,
    /// In values, as the strides.
    pub offset: u64,
    pub shape: Vec<u64>,
    /// As many as dimensions.
    pub strides: Vec<u64>,
    /// A view of the values with the other sign.
    pub negated: bool,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub struct Graph<'a> {
    pub lists: Vec<Vec<Value<'a>>>,
    /// In the order of insertion; of equal keys the last one counts.
    pub dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub storages: Vec<Storage<'a>>,
    pub tensors: Vec<View>,
}

impl<'a> Graph<'a> {
    /// What a value states: a number, a text, a list of such, or else what it is.
    pub fn stated(&self, value: Value<'a>) -> Stated {
        match value {
            Value::List(items) | Value::Tuple(items) if self.lists[items].len() <= MAX_ITEMS => {
                let items: Option<Vec<Json>> = self.lists[items].iter().map(|item| item.json()).collect();
                items
                    .map_or(Stated::Other(value.kind().to_string()), |items| Stated::Json(Json::Array(items)))
            }
            _ => value.json().map_or(Stated::Other(value.shown()), Stated::Json),
        }
    }
}

impl Value<'_> {
    /// A number, a text or one of the constants.
    fn json(self) -> Option<Json> {
        match self {
            Self::None => Some(Json::Null),
            Self::Bool(b) => Some(b.into()),
            Self::Int(n) => Some(n.into()),
            Self::Float(x) => serde_json::Number::from_f64(x).map(Json::Number),
            Self::Str(text) => Some(text.into()),
            _ => None,
        }
    }

    /// The value for a message where it is a number or a text, else what it is.
    pub fn shown(&self) -> String {
        match self {
            Self::Bool(true) => "True".to_string(),
            Self::Bool(false) => "False".to_string(),
            Self::Int(n) => n.to_string(),
            Self::BigInt => "an int of more than 64 bits".to_string(),
            Self::Float(x) => format!("{x:?}"),
            Self::Str(text) => format!("\"{}\"", shown(text)),
            _ => self.kind().to_string(),
        }
    }

    /// The kind of value, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::BigInt => "an int",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::Bytes => "bytes",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dict",
            Self::Class(_) => "a class",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }
}
