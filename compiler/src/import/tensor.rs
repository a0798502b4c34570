//! Tensors of floats or integers → layers.

use super::network::SHIFT;
use super::{Problem, quantize};
use crate::model::{Layer, MAX_WIDTH, WeightSet};

/// The types of values that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    F16,
    BF16,
    F32,
    F64,
    U8,
    I8,
    I16,
    I32,
    I64,
}

/// The values of a tensor, in C order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
    Integers(Vec<i64>),
}

/// A tensor in memory: as many values as its shape says.
#[derive(Debug, Clone)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<u64>,
    pub values: Values,
}

/// What a tensor is in its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Weight,
    Bias,
}

impl DType {
    /// Bytes a value.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// The values in `bytes`; what is left of the last one is dropped.
    pub fn decode(self, bytes: &[u8], big_endian: bool) -> Values {
        let b = big_endian;
        match self {
            Self::F16 => Values::Single(each(bytes, b, |v| half(u16::from_le_bytes(v)))),
            // A BF16 is the upper half of an F32.
            Self::BF16 => Values::Single(each(bytes, b, |[low, high]| f32::from_le_bytes([0, 0, low, high]))),
            Self::F32 => Values::Single(each(bytes, b, f32::from_le_bytes)),
            Self::F64 => Values::Double(each(bytes, b, f64::from_le_bytes)),
            Self::U8 => Values::Integers(each(bytes, b, |[v]| v.into())),
            Self::I8 => Values::Integers(each(bytes, b, |v| i8::from_le_bytes(v).into())),
            Self::I16 => Values::Integers(each(bytes, b, |v| i16::from_le_bytes(v).into())),
            Self::I32 => Values::Integers(each(bytes, b, |v| i32::from_le_bytes(v).into())),
            Self::I64 => Values::Integers(each(bytes, b, i64::from_le_bytes)),
        }
    }
}

impl Values {
    /// Each value with the other sign; integers wrap in the type that they were stored in, as PyTorch's do.
    pub fn negated(self, dtype: DType) -> Self {
        let bits = 8 * dtype.size() as u32;
        let negate = |v: i64| {
            let low = v.wrapping_neg() << (64 - bits);
            if dtype == DType::U8 { (low as u64 >> (64 - bits)) as i64 } else { low >> (64 - bits) }
        };
        match self {
            Self::Single(v) => Self::Single(v.into_iter().map(|v| -v).collect()),
            Self::Double(v) => Self::Double(v.into_iter().map(|v| -v).collect()),
            Self::Integers(v) => Self::Integers(v.into_iter().map(negate).collect()),
        }
    }
}

/// `read` of every `N` bytes, which it gets in little-endian order.
fn each<const N: usize, T>(bytes: &[u8], big_endian: bool, read: impl Fn([u8; N]) -> T) -> Vec<T> {
    let value = |&(mut v): &[u8; N]| {
        if big_endian {
            v.reverse();
        }
        read(v)
    };
    bytes.as_chunks().0.iter().map(value).collect()
}

/// IEEE 754 binary16, exactly.
pub fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let power = |exponent: u32| f32::from_bits(exponent << 23);
    let magnitude = match exponent {
        // 2^-24, whose exponent is stored as -24 + 127.
        0 => fraction * power(103),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1024.0 + fraction) * power(e + 102),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// Checks a shape before anything of that size is read.
///
/// # Errors
/// Not `[outputs, inputs]` or `[outputs]`, empty, or a side beyond 1,024.
pub fn check_shape(name: &str, shape: &[u64], part: Part) -> Result<(), Problem> {
    let (rank, wants) = match part {
        Part::Weight => (2, "(outputs, inputs)"),
        Part::Bias => (1, "(outputs,)"),
    };
    if shape.len() != rank || shape.contains(&0) {
        return Err(wrong_shape(name, shape, wants));
    }
    if shape.iter().any(|&n| n > MAX_WIDTH as u64) {
        return Err(Problem::TooLarge { place: format!("tensor {name}"), found: shape_text(shape) });
    }
    Ok(())
}

/// A shape as Python shows it.
fn shape_text(shape: &[u64]) -> String {
    let parts: Vec<String> = shape.iter().map(u64::to_string).collect();
    if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) }
}

fn wrong_shape(name: &str, shape: &[u64], wants: &str) -> Problem {
    Problem::TensorShape { tensor: name.to_string(), found: shape_text(shape), wants: wants.to_string() }
}

/// A layer of two tensors that passed [`check_shape`]: floats are quantized, integers are taken as they are.
///
/// # Errors
/// Shapes that do not match, floats beside integers, values that are not finite or not in range.
pub fn layer(weight: &Tensor, bias: &Tensor) -> Result<Layer, Problem> {
    // `check_shape` took no side beyond 1,024.
    let (outputs, inputs) = (weight.shape[0] as usize, weight.shape[1] as usize);
    if bias.shape[0] != weight.shape[0] {
        return Err(wrong_shape(&bias.name, &bias.shape, &format!("({outputs},)")));
    }
    let integers = |tensor: &Tensor| matches!(tensor.values, Values::Integers(_));
    if integers(weight) != integers(bias) {
        let (found, wants) = if integers(bias) {
            ("integer", "float (as its weight has)")
        } else {
            ("float", "integer (as its weight has)")
        };
        return Err(Problem::TensorType { tensor: bias.name.clone(), found: found.to_string(), wants });
    }
    check_finite(weight)?;
    check_finite(bias)?;
    let weights = match &weight.values {
        Values::Single(v) => quantize::single::weights(v),
        Values::Double(v) => quantize::double::weights(v),
        Values::Integers(v) => integer_weights(&weight.name, v, inputs)?,
    };
    let too_large = |output, value: String| Problem::FloatBias { tensor: bias.name.clone(), output, value };
    let bias = match &bias.values {
        Values::Single(v) => {
            numbered(v, |o, b| quantize::single::bias(b).ok_or_else(|| too_large(o, b.to_string())))?
        }
        Values::Double(v) => {
            numbered(v, |o, b| quantize::double::bias(b).ok_or_else(|| too_large(o, b.to_string())))?
        }
        Values::Integers(v) => numbered(v, |output, b| {
            let place = || format!("tensor {}", bias.name);
            i16::try_from(b).map_err(|_| Problem::Bias { place: place(), output, value: b.into() })
        })?,
    };
    Ok(Layer { inputs, outputs, weights, bias, shift: SHIFT, set: WeightSet::Full })
}

fn numbered<T: Copy>(
    values: &[T],
    read: impl Fn(usize, T) -> Result<i16, Problem>,
) -> Result<Vec<i16>, Problem> {
    values.iter().enumerate().map(|(i, &v)| read(i, v)).collect()
}

fn integer_weights(name: &str, values: &[i64], inputs: usize) -> Result<Vec<i8>, Problem> {
    let weight = |(i, &value): (usize, &i64)| match i8::try_from(value) {
        Ok(w) if (-2..=1).contains(&w) => Ok(w),
        _ => Err(Problem::Weight {
            place: format!("tensor {name}"),
            output: i / inputs,
            input: i % inputs,
            value: value.into(),
        }),
    };
    values.iter().enumerate().map(weight).collect()
}

fn check_finite(tensor: &Tensor) -> Result<(), Problem> {
    let broken = match &tensor.values {
        Values::Single(v) => v.iter().position(|v| !v.is_finite()).map(|i| (i, v[i].to_string())),
        Values::Double(v) => v.iter().position(|v| !v.is_finite()).map(|i| (i, v[i].to_string())),
        Values::Integers(_) => None,
    };
    let Some((i, value)) = broken else { return Ok(()) };
    let index = match tensor.shape[..] {
        // A side of at most 1,024.
        [_, inputs] => format!("[{}, {}]", i / inputs as usize, i % inputs as usize),
        _ => format!("[{i}]"),
    };
    Err(Problem::NotFinite { tensor: tensor.name.clone(), index, value })
}
