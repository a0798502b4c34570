//! The parts of a `.tflite` that a network is made of. Field numbers are those of the published schema,
//! `tensorflow/compiler/mlir/lite/schema/schema.fbs`, in the order in which it declares them.

use super::flatbuffer::{Damaged, Table};
use crate::import::sensors::error::NetworkProblem;
use crate::model::{MAX_ELEMENTS, Shape};

/// Most tensors and operators of a file, and most values of what each of them lists.
const MOST: usize = 1024;
/// Most dimensions of a tensor.
const DIMENSIONS: usize = 8;

/// What a tensor is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    F32,
    I32,
    I8,
    U8,
    /// Any other, by its number.
    Other(u8),
}

/// What the integers of a tensor stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaled {
    /// One, or one a channel.
    pub scales: Vec<f32>,
    pub zeros: Vec<i64>,
    /// The dimension that channels are.
    pub dimension: i32,
}

#[derive(Debug, Clone)]
pub struct Tensor<'a> {
    pub name: String,
    pub dimensions: Vec<i32>,
    pub element: Element,
    /// Its values, if they are known: little endian.
    pub data: &'a [u8],
    pub scaled: Option<Scaled>,
}

#[derive(Debug, Clone)]
pub struct Op<'a> {
    pub code: i32,
    /// The name of a custom operator.
    pub custom: String,
    /// Numbers of tensors, -1 for one that is left out.
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
    pub options: Option<Table<'a>>,
}

#[derive(Debug)]
pub struct File<'a> {
    pub tensors: Vec<Tensor<'a>>,
    pub operators: Vec<Op<'a>>,
    pub input: usize,
    pub output: usize,
}

impl From<Damaged> for NetworkProblem {
    fn from(Damaged(at): Damaged) -> Self {
        Self::Damaged(at)
    }
}

impl<'a> File<'a> {
    /// # Errors
    /// A damaged file, or one with several networks, inputs or outputs.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NetworkProblem> {
        let model = Table::root(bytes)?;
        let codes = model.tables(1, MOST)?;
        let buffers = model.tables(4, 4 * MOST)?;
        let graphs = model.tables(2, MOST)?;
        let [graph] = graphs.as_slice() else {
            return Err(NetworkProblem::Several(format!("{} graphs", graphs.len())));
        };
        let tensor = |table: &Table<'a>| Tensor::read(table, &buffers);
        let tensors: Vec<_> = graph.tables(0, MOST)?.iter().map(tensor).collect::<Result<_, _>>()?;
        let operators =
            graph.tables(3, MOST)?.iter().map(|t| Op::read(t, &codes)).collect::<Result<_, _>>()?;
        let one = |number, what: &str| match graph.i32s(number, MOST)?.as_slice() {
            [one] => index(*one, tensors.len()),
            many => Err(NetworkProblem::Several(format!("{} {what}", many.len()))),
        };
        let (input, output) = (one(1, "inputs")?, one(2, "outputs")?);
        Ok(Self { tensors, operators, input, output })
    }
}

/// A tensor's number.
fn index(number: i32, count: usize) -> Result<usize, NetworkProblem> {
    let found = usize::try_from(number).ok().filter(|&n| n < count);
    found.ok_or_else(|| NetworkProblem::Inconsistent(format!("it names tensor {number} of {count}")))
}

impl<'a> Tensor<'a> {
    fn read(table: &Table<'a>, buffers: &[Table<'a>]) -> Result<Self, NetworkProblem> {
        let buffer = table.u32(2, 0)? as usize;
        let data = match buffers.get(buffer) {
            Some(buffer) => buffer.bytes(0)?,
            None => {
                return Err(NetworkProblem::Inconsistent(format!(
                    "it names buffer {buffer} of {}",
                    buffers.len()
                )));
            }
        };
        let element = match table.byte(1, 0)? {
            0 => Element::F32,
            2 => Element::I32,
            3 => Element::U8,
            9 => Element::I8,
            other => Element::Other(other),
        };
        let scaled = match table.table(4)? {
            Some(found) => {
                let (scales, zeros) = (found.f32s(2, MAX_ELEMENTS)?, found.i64s(3, MAX_ELEMENTS)?);
                (!scales.is_empty()).then_some(Scaled { scales, zeros, dimension: found.i32(6, 0)? })
            }
            None => None,
        };
        let (name, dimensions) = (table.string(3)?, table.i32s(0, DIMENSIONS)?);
        Ok(Self { name, dimensions, element, data, scaled })
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, NetworkProblem> {
        Err(NetworkProblem::Tensor { name: self.name.clone(), what: what.into() })
    }

    /// Height, width and channels of one example: a batch of one in front, and up to three dimensions.
    pub fn shape(&self) -> Result<Shape, NetworkProblem> {
        let sizes: Option<Vec<usize>> =
            self.dimensions.iter().skip(1).map(|&d| usize::try_from(d).ok().filter(|d| *d > 0)).collect();
        let batch = self.dimensions.first().is_none_or(|&d| d == 1 || d == -1);
        let shape = match sizes.as_deref() {
            Some([]) => Shape::vector(1),
            Some(&[channels]) => Shape::vector(channels),
            Some(&[width, channels]) => Shape { height: 1, width, channels },
            Some(&[height, width, channels]) => Shape { height, width, channels },
            _ => return self.wrong(format!("a shape of {:?}", self.dimensions)),
        };
        let elements = shape.height.checked_mul(shape.width).and_then(|n| n.checked_mul(shape.channels));
        if !batch || elements.is_none_or(|n| n > MAX_ELEMENTS) {
            return self.wrong(format!(
                "a shape of {:?}; one example of at most {MAX_ELEMENTS} values is possible",
                self.dimensions
            ));
        }
        Ok(shape)
    }

    /// Scale and zero point of the whole tensor of bytes.
    pub fn scale(&self) -> Result<(f32, i16), NetworkProblem> {
        if self.element != Element::I8 {
            return self.wrong(format!("{}, not 8-bit integers with a sign", self.element.name()));
        }
        match &self.scaled {
            Some(Scaled { scales, zeros, .. }) if scales.len() == 1 && zeros.len() <= 1 => {
                let zero = zeros.first().copied().unwrap_or(0);
                let zero = i16::try_from(zero).ok().filter(|z| (-128..=127).contains(z));
                match zero {
                    Some(zero) if scales[0] > 0.0 && scales[0].is_finite() => Ok((scales[0], zero)),
                    _ => self.wrong("a scale or zero point that cannot be"),
                }
            }
            _ => self.wrong("no scale for the whole tensor"),
        }
    }

    /// Scales of weights, one for each of `channels` or one for all, in dimension `at`; zero points are 0.
    pub fn channel_scales(&self, channels: usize, at: i32) -> Result<Vec<f32>, NetworkProblem> {
        if self.element != Element::I8 {
            return self.wrong(format!("weights of {}, not of 8-bit integers", self.element.name()));
        }
        let Some(scaled) = &self.scaled else { return self.wrong("weights without a scale") };
        let count = scaled.scales.len();
        if scaled.zeros.iter().any(|&zero| zero != 0) {
            return self.wrong("weights with a zero point other than 0");
        }
        if count != 1 && (count != channels || scaled.dimension != at) {
            return self.wrong(format!("{count} scales for {channels} channels"));
        }
        if scaled.scales.iter().any(|s| !s.is_finite() || *s < 0.0) {
            return self.wrong("a scale that cannot be");
        }
        Ok(scaled.scales.clone())
    }

    /// Its known values as bytes.
    pub fn i8s(&self, count: usize) -> Result<Vec<i8>, NetworkProblem> {
        self.known(count, 1)?;
        Ok(self.data.iter().map(|&b| b as i8).collect())
    }

    pub fn i32s(&self, count: usize) -> Result<Vec<i32>, NetworkProblem> {
        if self.element != Element::I32 {
            return self.wrong(format!("{}, not 32-bit integers", self.element.name()));
        }
        self.known(count, 4)?;
        Ok(self.data.chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().expect("four bytes"))).collect())
    }

    pub fn f32s(&self, count: usize) -> Result<Vec<f32>, NetworkProblem> {
        if self.element != Element::F32 {
            return self.wrong(format!("{}, not 32-bit floats", self.element.name()));
        }
        self.known(count, 4)?;
        Ok(self.data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect())
    }

    fn known(&self, count: usize, width: usize) -> Result<(), NetworkProblem> {
        let (found, wants) = (self.data.len(), count.saturating_mul(width));
        match found {
            0 => self.wrong("no values in the file, where weights should be known"),
            _ if found != wants => self.wrong(format!("{found} bytes of values, its shape wants {wants}")),
            _ => Ok(()),
        }
    }
}

impl Element {
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "32-bit floats",
            Self::I32 => "32-bit integers",
            Self::I8 => "8-bit integers",
            Self::Other(1) => "16-bit floats",
            Self::U8 => "8-bit integers without a sign",
            Self::Other(7) => "16-bit integers",
            Self::Other(_) => "values of another kind",
        }
    }
}

impl<'a> Op<'a> {
    fn read(table: &Table<'a>, codes: &[Table<'a>]) -> Result<Self, NetworkProblem> {
        let at = table.u32(0, 0)? as usize;
        let Some(code) = codes.get(at) else {
            return Err(NetworkProblem::Inconsistent(format!(
                "it names operator code {at} of {}",
                codes.len()
            )));
        };
        // The old field has one byte with a sign; the newer one has those above 127.
        let number = code.i32(3, 0)?.max(i32::from(code.byte(0, 0)? as i8));
        Ok(Self {
            code: number,
            custom: code.string(1)?,
            inputs: table.i32s(1, MOST)?,
            outputs: table.i32s(2, MOST)?,
            options: table.table(4)?,
        })
    }
}
