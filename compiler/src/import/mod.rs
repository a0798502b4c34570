//! Model files → [`crate::model::Model`]. The serde schemas of the file formats live here and only here.
//!
//! Two formats: `model.ron`, mlc's own ([`ron`]; docs/model-format.md), and the `.npz` of the published
//! Z80 networks ([`npz`]). Both readers end in [`Model::check`], so that what comes out keeps every rule.

mod error;
pub mod npz;
pub mod ron;

pub use error::{ImportError, Position, Problem};

use crate::model::Model;

/// What a `.npz` does not say about its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Name of the model; made from the file's name if `None`.
    pub name: Option<String>,
    /// How many of the inputs count the query, the rest counts the context. Half of them if `None`.
    /// A classifier has no context: all of them.
    pub query_buckets: Option<u16>,
    /// Window of the context encoder in characters.
    pub context_length: u8,
    /// Longest reply in characters.
    pub max_reply: u8,
    /// Longest query in bytes.
    pub max_query: u8,
    /// One label an output makes the network a classifier; `_charset` is not read then.
    pub labels: Option<Vec<String>>,
}

impl Default for Options {
    /// The values of the published networks.
    fn default() -> Self {
        Self {
            name: None,
            query_buckets: None,
            context_length: 8,
            max_reply: 50,
            max_query: 62,
            labels: None,
        }
    }
}

/// Reads a model in either format. The content decides which it is, not the file's name.
///
/// `file_name` is for error messages, and for the name and the `about` of a `.npz`, which has none;
/// `options` are for a `.npz` only: a `model.ron` says everything itself.
///
/// # Errors
/// The first thing found wrong, with file, place, field and remedy.
pub fn load(bytes: &[u8], file_name: &str, options: &Options) -> Result<Model, ImportError> {
    let not_a_model =
        |what: &str| Err(ImportError::new(file_name, None, Problem::NotAModel(what.to_string())));
    if npz::is_zip(bytes) {
        return npz::read(bytes, file_name, options);
    }
    if bytes.starts_with(npz::NPY_MAGIC) {
        return not_a_model("a single NumPy array (.npy), not an .npz with all of them");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => ron::read(text, file_name),
        Err(_) => not_a_model("neither text nor a zip archive"),
    }
}
