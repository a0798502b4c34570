//! Float checkpoints of sequence models (llama-like transformers) and what they compute in floats.
//!
//! Bytes in, values out. `llama2c` reads the files of llama2.c, `hugging_face` a folder of the transformers library,
//! `soul` the file of soulplayer. All give a [`Checkpoint`]: floats, and one layout of rotary positions. `float`
//! evaluates one.

mod bytes;
mod checkpoint;
mod dequantize;
mod error;
pub mod float;
pub mod hugging_face;
pub mod llama2c;
pub mod model;
pub mod quantize;
mod rope;
mod shape;
pub mod soul;

pub use checkpoint::{Checkpoint, Layer, Linear};
pub use dequantize::dequantize;
pub use error::{CheckpointError, Problem};
pub use shape::{
    Activation, Layout, MAX_DIM, MAX_HEAD_SIZE, MAX_HEADS, MAX_HIDDEN, MAX_LAYERS, MAX_PASSES, MAX_POSITIONS,
    MAX_VOCABULARY, MAX_WEIGHTS, Norm, Position, Shape,
};

/// Reads a network that is a single file, which of both kinds it is decided by its content; `file` names it in
/// errors. A Hugging Face folder is read by [`hugging_face::read`].
///
/// # Errors
/// What the reader of its kind says, or that it is of none.
pub fn read(bytes: &[u8], file: &str) -> Result<Checkpoint, CheckpointError> {
    if llama2c::is_llama2c(bytes) {
        return llama2c::read(bytes, file);
    }
    if soul::is_soul(bytes) {
        return soul::read(bytes, file);
    }
    let what = match bytes {
        [] => "an empty file",
        [b'{', ..] => "a text file: if it is the config.json of a network, give its folder",
        // The length of a header, and its start.
        [_, _, _, _, 0, 0, 0, 0, b'{', ..] => {
            "a .safetensors by itself: give the folder with its config.json too"
        }
        [b'P', b'K', ..] => {
            "an archive, perhaps a checkpoint of PyTorch: export it with llama2.c's export.py"
        }
        _ => "no file of a sequence model that mlc knows, or the sizes in its header are impossible",
    };
    Err(CheckpointError::new(file, Problem::NotACheckpoint(what)))
}
