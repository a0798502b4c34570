//! Model files → [`crate::model::Model`]. The serde schemas of the file formats live here and only here.
//!
//! `model.ron` is mlc's own ([`ron`]; docs/model-format.md). Of trained networks there are (docs/import.md) the published
//! `.npz` ([`npz`]), the trainer's `.pt` ([`torch`]), `.safetensors` ([`safetensors`]), and `.tflite` and `.onnx`, which
//! have networks on numbers ([`sensors`]). All readers end in [`Model::check`], so that what comes out keeps every rule.

mod error;
mod facts;
mod names;
mod network;
pub mod npz;
mod quantize;
pub mod ron;
pub mod safetensors;
pub mod sensors;
pub mod sequence;
mod tensor;
pub mod tokenizer;
pub mod torch;

pub use error::{ImportError, Position, Problem};

pub use network::name as model_name;

use facts::Facts;

use crate::model::Model;

/// Largest file that is read, in MiB: the floats of the largest network with two more for each weight, as
/// optimizers keep them, come to less.
pub const MAX_FILE_MIB: usize = 128;
/// Largest `model.ron`, in MiB: a sequence model of 25 million weights of 8 bits takes two thirds of it.
pub const MAX_TEXT_MIB: usize = 64;

/// What a file other than `model.ron` does not say about its network, or says wrongly. These options override what the
/// file states, and that overrides what the published networks have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Name of the model; made from the file's name if `None`.
    pub name: Option<String>,
    /// How many of the inputs count the query, the rest counts the context. Half of them if nothing says so.
    /// A classifier has no context: all of them.
    pub query_buckets: Option<u16>,
    /// Bands of positions that hash differently; 1 if nothing says so.
    pub position_bands: Option<u8>,
    /// Window of the context encoder in characters; 8 if nothing says so.
    pub context_length: Option<u8>,
    /// Longest reply in characters; 50 if nothing says so.
    pub max_reply: Option<u8>,
    /// Longest query in bytes; 62 if nothing says so.
    pub max_query: Option<u8>,
    /// One label an output makes the network a classifier, whatever the file says; no charset is read then.
    pub labels: Option<Vec<String>>,
    /// A character an output but the last, which is the end mark and is added: goes before what the file
    /// says. Of no use beside `labels`.
    pub charset: Option<String>,
    /// Keys that the file may have although mlc does not know them: somebody knows that they change nothing.
    pub ignore: Vec<String>,
}

impl Options {
    /// Whether what the file says about the meaning of the outputs is of no use.
    fn says_outputs(&self) -> bool {
        self.labels.is_some() || self.charset.is_some()
    }
}

/// A model, and what its importer left out or took for granted: a sentence each, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub model: Model,
    pub notes: Vec<String>,
}

/// Reads a model in any of the formats. The content decides which it is, not the file's name.
///
/// `file_name` is for error messages, and for the name and the `about` of a file that has none;
/// `options` are of no use for a `model.ron`, which says everything itself.
///
/// # Errors
/// The first thing found wrong, with file, place, field and remedy.
pub fn load(bytes: &[u8], file_name: &str, options: &Options) -> Result<Model, ImportError> {
    import(bytes, file_name, options).map(|imported| imported.model)
}

/// The same with the importer's notes.
///
/// # Errors
/// See [`load`].
pub fn import(bytes: &[u8], file_name: &str, options: &Options) -> Result<Imported, ImportError> {
    let fail = |problem| Err(ImportError::new(file_name, None, problem));
    let not_a_model = |what: &str| fail(Problem::NotAModel(what.to_string()));
    if bytes.len() > MAX_FILE_MIB << 20 {
        return fail(Problem::FileSize { what: "a file with a network", most: MAX_FILE_MIB });
    }
    if npz::is_zip(bytes) {
        return if torch::is_checkpoint(bytes) {
            torch::read(bytes, file_name, options)
        } else {
            npz::read(bytes, file_name, options)
        };
    }
    if sensors::is_network(bytes, file_name) {
        let settings = sensors::Settings {
            name: options.name.clone(),
            labels: options.labels.clone(),
            ..Default::default()
        };
        return sensors::import(bytes, file_name, &settings, None);
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
        Ok(text) => ron::read(text, file_name).map(|model| Imported { model, notes: Vec::new() }),
        Err(_) => not_a_model("neither text nor an archive that mlc knows"),
    }
}
