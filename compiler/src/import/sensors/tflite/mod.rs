//! `.tflite`: networks of TensorFlow Lite.

mod file;
mod flatbuffer;
mod floats;
mod integers;
mod names;

use super::Read;
use super::error::NetworkProblem;
use crate::model::Rounding;
use file::{Element, File};

/// Whether a file begins as one of TensorFlow Lite does.
pub fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
}

/// Reads a network.
///
/// # Errors
/// See [`NetworkProblem`].
pub fn read(bytes: &[u8], rounding: Rounding) -> Result<Read, NetworkProblem> {
    let file = File::read(bytes)?;
    let is_float = |op: &file::Op| {
        let weights = op.inputs.get(1).and_then(|&i| file.tensors.get(usize::try_from(i).ok()?));
        weights.is_some_and(|tensor| tensor.element == Element::F32)
    };
    if file.operators.iter().any(is_float) {
        return floats::read(&file).map(Read::Floats);
    }
    integers::read(&file, rounding).map(Read::Integers)
}
