//! What a pickle holds: values in an arena.
//!
//! Lists, dicts and the like are indices into [`Graph`]. So a hostile pickle's cycles, shared parts and
//! deep nesting are harmless: nothing here or in the readers recurses, and nothing is copied.

use crate::import::tensor::DType;

/// A value; small, and free to copy. Strings lie in the pickle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// Of more than 64 bits; which ones does not matter here.
    BigInt,
    Float,
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
    /// The value of the text `key` in a dict.
    pub fn get(&self, dict: usize, key: &str) -> Option<Value<'a>> {
        let found = self.dicts[dict].iter().rev().find(|(k, _)| *k == Value::Str(key));
        found.map(|&(_, value)| value)
    }
}

impl Value<'_> {
    /// The kind of value, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::BigInt => "an int",
            Self::Float => "a float",
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
