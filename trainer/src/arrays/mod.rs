//! Arrays of numbers where training computes, and what training computes with them in any family.
//!
//! [`Arrays`] hides where an array is and what form it has; each family adds the steps of its own mathematics to it.
//! [`Cpu`] is the default, and the only one that figures are ever counted with.
//!
//! An array is a vector, or a matrix row by row without gaps; callers give the shape.

mod cpu;
#[cfg(feature = "tch")]
mod torch;

pub(crate) use cpu::{CHUNK, Cpu};
#[cfg(feature = "tch")]
pub(crate) use torch::{Done, Torch, download, matrix, moved};

use crate::adam::Step;
use crate::device::DeviceError;
use crate::quantize::Grid;

/// A matrix, or its transpose.
pub(crate) struct Matrix<'a, A> {
    pub array: &'a A,
    /// As they stand in the array.
    pub rows: usize,
    pub columns: usize,
    pub transposed: bool,
}

impl<'a, A> Matrix<'a, A> {
    pub(crate) fn new(array: &'a A, rows: usize, columns: usize) -> Self {
        Self { array, rows, columns, transposed: false }
    }

    pub(crate) fn transposed(self) -> Self {
        Self { transposed: true, ..self }
    }
}

/// Parameters in training and what Adam knows of them.
#[derive(Debug)]
pub(crate) struct Parameters<A> {
    /// Shadows.
    pub values: A,
    /// Of the loss by the numbers that the shadows stand for.
    pub gradient: A,
    /// Adam's running means of gradient and squared gradient.
    pub first: A,
    pub second: A,
    pub grid: Grid,
}

/// Arrays, and what every family computes with them.
pub(crate) trait Arrays: Sized {
    type Array;

    /// Most steps that are computed at a time.
    fn chunk(&self) -> usize;

    /// Whether all operations so far were done. Once one has failed, results mean nothing any more.
    ///
    /// # Errors
    /// What the device said first.
    fn check(&self) -> Result<(), DeviceError> {
        Ok(())
    }

    fn array(&self, values: &[f32]) -> Self::Array;

    fn read(&self, array: &Self::Array) -> Vec<f32>;

    /// `out = a·b`
    fn product(&self, a: Matrix<Self::Array>, b: Matrix<Self::Array>, out: &mut Self::Array);

    /// Σ of the rows of all matrices, in their order.
    fn column_sums(&self, matrices: &[&Self::Array], columns: usize, sums: &mut Self::Array);

    /// A step of Adam along the gradient that is there.
    fn adam(&self, parameters: &mut Parameters<Self::Array>, step: Step);

    /// The numbers that shadows stand for: integers of the grid, or unrounded where `relaxed`.
    fn quantize(&self, parameters: &Parameters<Self::Array>, relaxed: bool, numbers: &mut Self::Array);
}

impl<A> Parameters<A> {
    /// With the means at zero.
    pub(crate) fn new<D: Arrays<Array = A>>(ops: &D, values: &[f32], grid: Grid) -> Self {
        let zeros = || ops.array(&vec![0.0; values.len()]);
        Self { values: ops.array(values), gradient: zeros(), first: zeros(), second: zeros(), grid }
    }
}

/// Index of the largest, the first of equals.
pub(crate) fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, &y) in values.iter().enumerate() {
        if y > values[best] {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argmax_takes_the_first_of_equals() {
        assert_eq!(argmax(&[-3.0, 5.0, 5.0, 1.0]), 1);
        assert_eq!(argmax(&[-3.0]), 0);
    }
}
