//! What is known at compile time.

use std::fmt;

/// A value known at compile time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Const {
    pub name: String,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// `[rows, cols]`, row by row, values -2..=1.
    Matrix {
        rows: usize,
        cols: usize,
        values: Vec<i8>,
    },
    Vector(Vec<i16>),
    /// A byte an index.
    Charset(Vec<u8>),
    /// A text an index.
    Labels(Vec<String>),
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "@{} = ", self.name)?;
        match &self.data {
            Data::Matrix { rows, cols, values } => {
                let nonzero = values.iter().filter(|&&w| w != 0).count();
                write!(f, "i2[{rows}, {cols}], {nonzero} of {} not zero", values.len())
            }
            Data::Vector(values) => {
                let (least, most) = (values.iter().min(), values.iter().max());
                write!(f, "i16[{}], {}..{}", values.len(), least.unwrap_or(&0), most.unwrap_or(&0))
            }
            Data::Charset(bytes) => write!(f, "charset \"{}\"", bytes.escape_ascii()),
            Data::Labels(labels) => write!(f, "labels {labels:?}"),
        }
    }
}
