//! What both formats of a `model.ron` write alike.

use crate::model::{ContextEncoder, Layer, QueryEncoder, WeightSet};
use serde::{Deserialize, Deserializer};

/// A value that is there: RON would want `Some(1)` for an `Option`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A value that is there, read and written without `Some`; a field that is not there is left out by its attributes.
pub mod bare {
    pub use super::present as deserialize;
    use serde::{Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    buckets: u16,
    #[serde(default = "one_band")]
    bands: u8,
    max_length: u8,
}

/// What a file without the field means.
fn one_band() -> u8 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    buckets: u16,
    length: u8,
}

#[derive(Deserialize)]
#[serde(rename = "Layer", deny_unknown_fields)]
pub struct Shape {
    inputs: usize,
    outputs: usize,
    shift: u8,
    #[serde(default)]
    set: Set,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename = "WeightSet")]
enum Set {
    #[default]
    Full,
    Ternary,
    Binary,
}

/// Weights and biases of a layer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// One an output.
    pub bias: Vec<i16>,
    /// A row an output, packed ([`super::pack`]).
    pub weights: Vec<String>,
}

impl From<Query> for QueryEncoder {
    fn from(Query { buckets, bands, max_length }: Query) -> Self {
        Self { buckets, bands, max_length }
    }
}

impl From<Context> for ContextEncoder {
    fn from(Context { buckets, length }: Context) -> Self {
        Self { buckets, length }
    }
}

/// The layer without its parameters.
impl From<Shape> for Layer {
    fn from(Shape { inputs, outputs, shift, set }: Shape) -> Self {
        let set = match set {
            Set::Full => WeightSet::Full,
            Set::Ternary => WeightSet::Ternary,
            Set::Binary => WeightSet::Binary,
        };
        Self { inputs, outputs, weights: Vec::new(), bias: Vec::new(), shift, set }
    }
}
