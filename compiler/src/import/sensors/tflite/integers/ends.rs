//! What stands at both ends of a network of bytes: QUANTIZE in front, DEQUANTIZE or QUANTIZE behind.

use crate::import::sensors::tflite::file::{Element, File, Op, Tensor};
use crate::import::sensors::tflite::names;

/// The operators between the ends.
pub struct Ends<'a, 'f> {
    /// The tensor of bytes that they read.
    pub input: usize,
    /// The tensor that they end with.
    pub output: usize,
    pub operators: &'f [Op<'a>],
}

impl<'a, 'f> Ends<'a, 'f> {
    /// Of a file. What does more than say the same values in another way stays among the operators.
    pub fn of(file: &'f File<'a>) -> Self {
        let mut ends = Self { input: file.input, output: file.output, operators: &file.operators };
        if let [first, rest @ ..] = ends.operators
            && let Some((from, to)) = converts(first, file)
            && first.code == names::QUANTIZE
            && from == file.input
            && (file.tensors[from].element == Element::F32
                || is_shifted(&file.tensors[to], &file.tensors[from]))
        {
            (ends.input, ends.operators) = (to, rest);
        }
        if let [rest @ .., last] = ends.operators
            && let Some((from, to)) = converts(last, file)
            && to == file.output
            && (last.code == names::DEQUANTIZE
                || last.code == names::QUANTIZE && is_shifted(&file.tensors[from], &file.tensors[to]))
        {
            (ends.output, ends.operators) = (from, rest);
        }
        ends
    }
}

/// The tensors that an operator leads from and to, where it has one of each.
fn converts(op: &Op, file: &File) -> Option<(usize, usize)> {
    let one = |list: &[i32]| match list {
        [number] => usize::try_from(*number).ok().filter(|&number| number < file.tensors.len()),
        _ => None,
    };
    Some((one(&op.inputs)?, one(&op.outputs)?))
}

/// Whether both have the same values: `unsigned` as bytes that are 128 larger.
fn is_shifted(signed: &Tensor, unsigned: &Tensor) -> bool {
    let whole = |tensor: &Tensor| match &tensor.scaled {
        Some(scaled) if scaled.scales.len() == 1 && scaled.zeros.len() <= 1 => {
            Some((scaled.scales[0], scaled.zeros.first().copied().unwrap_or(0)))
        }
        _ => None,
    };
    let (Some((a, zero)), Some((b, other))) = (whole(signed), whole(unsigned)) else { return false };
    (signed.element, unsigned.element) == (Element::I8, Element::U8)
        && a == b
        && zero.checked_add(128) == Some(other)
}
