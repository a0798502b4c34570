//! Why a file is no sequence model: file, place, what is wrong, and what to do about it.

use std::fmt;
use thiserror::Error;

/// A problem with a file. Displays as `file: problem`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct CheckpointError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// Boxed to keep results small.
    pub problem: Box<Problem>,
}

impl CheckpointError {
    pub(super) fn new(file: &str, problem: Problem) -> Self {
        Self { file: file.to_string(), problem: Box::new(problem) }
    }

    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        self.problem.help()
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.problem)
    }
}

/// What is wrong. Layers, rows, columns and positions count from 0, as in the names of tensors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// A file of another kind.
    #[error("this is {0}")]
    NotACheckpoint(&'static str),
    /// A file of a size that its header does not ask for; in bytes.
    #[error("the file has {found} bytes, {wants} wanted by what its header says")]
    Length { found: u64, wants: u64 },
    /// The file ends within something.
    #[error("the file ends within {0}")]
    Ends(String),
    /// A header of llama2.c with a version that is not read.
    #[error("version {0} of llama2.c's format: only 1 and 2 are read, and files without a version")]
    Version(i32),
    /// A size that is 0 or too large.
    #[error("{field} is {value}, possible is 1 to {most}")]
    Size { field: &'static str, value: u64, most: u64 },
    /// Too many weights together.
    #[error("the network has {found} weights, at most {most} are read")]
    TooLarge { found: u64, most: u64 },
    /// A field with a value that means nothing, or something that mlc does not compute.
    #[error("{field} is {value}, {wants} wanted")]
    Value { field: String, value: String, wants: String },
    /// No JSON, or JSON of another kind.
    #[error("the file is no JSON object: {0}")]
    Json(String),
    /// A text file of more bytes than are read.
    #[error("the file has {found} bytes, at most {most} are read")]
    TooLong { found: u64, most: u64 },
    /// A key that must be there.
    #[error("{0} is missing")]
    MissingKey(&'static str),
    /// A key that nobody here knows.
    #[error("{key} is {value}: mlc does not know this key, and it may change what the network computes")]
    UnknownKey { key: String, value: String },
    /// Another kind of network.
    #[error("the architecture is {found}, only {read} are read")]
    Architecture { found: String, read: &'static str },
    /// A damaged `.safetensors`.
    #[error("the file is damaged: {0}")]
    SafeTensors(String),
    /// A part of a network in several files, or their index.
    #[error("the weights are in several files, mlc reads one")]
    Sharded,
    /// What git has in place of a large file.
    #[error("this is a pointer of Git LFS, not the file itself")]
    Pointer,
    /// A tensor that the shape asks for.
    #[error("tensor {0} is missing")]
    MissingTensor(String),
    /// A tensor without a meaning here.
    #[error("tensor {0} is no part of such a network")]
    UnknownTensor(String),
    /// A tensor of another shape.
    #[error("tensor {tensor} has shape {found}, {wants} wanted")]
    TensorShape { tensor: String, found: String, wants: String },
    /// A tensor of values that are not read.
    #[error("tensor {tensor} has values of type {found}, {wants} wanted")]
    TensorType { tensor: String, found: String, wants: &'static str },
    /// A weight that is no number.
    #[error("tensor {tensor}: the value at {index} is {value}")]
    NotFinite { tensor: String, index: String, value: String },
    /// A scale of a group that cannot be one.
    #[error("tensor {tensor}: the scale of group {group} is {value}, a number from 0 to 1000 wanted")]
    Scale { tensor: String, group: usize, value: String },
    /// An output matrix beside the word that there is none.
    #[error("tie_word_embeddings is true, but lm_head.weight is there and differs from the embedding")]
    NotTied,
}

impl Problem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotACheckpoint(_) => {
                "give a checkpoint of llama2.c, a Hugging Face folder of a Llama, or soulplayer's soul.bin"
            }
            Self::Length { .. } | Self::Ends(_) | Self::SafeTensors(_) => {
                "the file is truncated, damaged or of another kind: fetch or export it again"
            }
            Self::Version(_) => "export it again with llama2.c's export.py --version 0, 1 or 2",
            Self::Size { .. } => {
                "the file is damaged or of another kind, or the network is too large: give another one"
            }
            Self::TooLarge { .. } => "no 8-bit machine holds such a network: give a smaller one",
            Self::Value { .. } | Self::Architecture { .. } => {
                "mlc computes nothing else: give another network, or correct the field if it is wrong"
            }
            Self::Json(_) | Self::TooLong { .. } => "give the JSON file that save_pretrained wrote",
            Self::MissingKey(_) => "add it, as the network was trained",
            Self::UnknownKey { .. } => {
                "if it changes nothing, say so: `mlc import FOLDER --ignore KEY`; else mlc cannot compute this network"
            }
            Self::Sharded => {
                "save it in one: model.save_pretrained(FOLDER, max_shard_size=\"10GB\") gives model.safetensors"
            }
            Self::Pointer => "fetch the file: `git lfs pull`",
            Self::MissingTensor(_) | Self::UnknownTensor(_) | Self::TensorShape { .. } => {
                "config.json and the weights must be of one network: save both again"
            }
            Self::TensorType { .. } => "save the weights as floats, with model.float() for one",
            Self::NotFinite { .. } => {
                "the training diverged, or the file is damaged: train or fetch it again"
            }
            Self::Scale { .. } => {
                "export it again with today's export.py of llama2.c: an earlier one put all scales at the end"
            }
            Self::NotTied => "set tie_word_embeddings as the network was trained, or take the tensor out",
        }
    }
}
