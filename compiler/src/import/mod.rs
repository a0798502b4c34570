//! Model files → [`crate::model::Model`]. The serde schemas of the file formats live here and only here.
//!
//! Four formats: `model.ron`, mlc's own ([`ron`]; docs/model-format.md), and three of trained networks
//! (docs/import.md): the published `.npz` ([`npz`]), the trainer's `.pt` ([`torch`]) and `.safetensors`
//! ([`safetensors`]). All readers end in [`Model::check`], so that what comes out keeps every rule.

mod error;
mod names;
mod network;
pub mod npz;
mod quantize;
pub mod ron;
pub mod safetensors;
mod tensor;
pub mod torch;

pub use error::{ImportError, Position, Problem};

use crate::model::Model;

/// What a file other than `model.ron` does not say about its network.
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
    /// One label an output makes the network a classifier, whatever the file says; no charset is read then.
    pub labels: Option<Vec<String>>,
    /// A character an output but the last, which is the end mark and is added: goes before what the file
    /// says. Of no use beside `labels`.
    pub charset: Option<String>,
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
            charset: None,
        }
    }
}

/// Reads a model in any of the formats. The content decides which it is, not the file's name.
///
/// `file_name` is for error messages, and for the name and the `about` of a file that has none;
/// `options` are of no use for a `model.ron`, which says everything itself.
///
/// # Errors
/// The first thing found wrong, with file, place, field and remedy.
pub fn load(bytes: &[u8], file_name: &str, options: &Options) -> Result<Model, ImportError> {
    let fail = |problem| Err(ImportError::new(file_name, None, problem));
    let not_a_model = |what: &str| fail(Problem::NotAModel(what.to_string()));
    if npz::is_zip(bytes) {
        return if torch::is_checkpoint(bytes) {
            torch::read(bytes, file_name, options)
        } else {
            npz::read(bytes, file_name, options)
        };
    }
    if safetensors::is_safetensors(bytes) {
        return safetensors::read(bytes, file_name, options);
    }
    if torch::is_pickle(bytes) {
        return fail(Problem::BarePickle);
    }
    if bytes.starts_with(npz::NPY_MAGIC) {
        return not_a_model("a single NumPy array (.npy), not an .npz with all of them");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => ron::read(text, file_name),
        Err(_) => not_a_model("neither text nor an archive that mlc knows"),
    }
}
