//! The operations that the training loop needs, and who computes them.
//!
//! `forward`, `backward` and `learner` are written once, on [`Operations`]: each of its methods is one step of the
//! mathematics on arrays whose form and place are the implementation's business. [`Cpu`] is the default, and the
//! only one that figures are ever counted with.
//!
//! An array is a vector, or a matrix row by row without gaps; callers give the shape.

mod cpu;
#[cfg(feature = "tch")]
mod torch;
#[cfg(all(test, feature = "tch"))]
mod torch_tests;

pub(crate) use cpu::{CHUNK, Cpu};
#[cfg(feature = "tch")]
pub(crate) use torch::Torch;
#[cfg(all(test, feature = "tch"))]
pub(crate) use torch_tests::torch_cpu;

use crate::adam::Step;
use crate::backward::{Chunk, Pass};
use crate::dataset::{Example, Inputs};
use crate::device::DeviceError;
use crate::network::Layer;
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

/// The shape of a layer's step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// With ReLU.
    pub hidden: bool,
    /// Without wrapping and the floor of the shift.
    pub relaxed: bool,
}

/// The softmax cross-entropy of a batch: logits `y` count as `y·sharpness`, the loss is the mean over `batch` steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Softmax {
    pub sharpness: f32,
    pub batch: usize,
    /// What one unit of the last accumulator is worth in its logit.
    pub scale: f32,
}

/// What the last layer of a chunk showed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    /// Sum over the steps, not yet divided by the batch.
    pub loss: f64,
    /// `∂loss/∂s`, of the mean over the batch, where the sharpness is `e^s`.
    pub sharpness_gradient: f64,
    /// Steps whose largest logit is the target.
    pub right: usize,
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

/// What a layer was given in a chunk.
pub(crate) enum Given<'a, D: Operations> {
    Encoded(&'a D::Encoded),
    /// `[rows, inputs]`
    Array(&'a D::Array),
}

/// The part of a chunk in a layer's gradient: `xᵀ·δ`.
pub(crate) struct Part<'a, D: Operations> {
    pub rows: usize,
    pub x: Given<'a, D>,
    /// `[rows, outputs]`
    pub delta: &'a D::Array,
}

/// One update of a layer's weights.
pub(crate) struct WeightUpdate<'a, D: Operations> {
    pub inputs: usize,
    pub outputs: usize,
    /// Of all chunks; summed in this order.
    pub parts: Vec<Part<'a, D>>,
    /// `[inputs, outputs]`
    pub parameters: &'a mut Parameters<D::Array>,
    /// `[inputs]`: gradient of the L1 term of each input's weights.
    pub l1: &'a D::Array,
}

/// Arrays and what is computed with them.
pub(crate) trait Operations: Sized {
    type Array;
    /// The sparse inputs of a chunk.
    type Encoded: Default;
    /// The accumulators of a chunk in one layer that are beyond [`OVERFLOW_MARGIN`](crate::forward::OVERFLOW_MARGIN).
    type Overflows: Default;

    /// Most steps in a chunk.
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

    /// Runs `pass` forward and backward over a batch: each chunk over its [`chunk`](Self::chunk) examples.
    fn run_chunks(&self, pass: Pass<Self>, chunks: &mut [Chunk<Self>], batch: &[Example]) {
        for (chunk, examples) in chunks.iter_mut().zip(batch.chunks(self.chunk())) {
            chunk.run(self, pass, examples);
        }
    }

    /// `width`: inputs of the first layer.
    fn encode(&self, inputs: Inputs, examples: &[Example], width: usize, encoded: &mut Self::Encoded);

    /// `out = x·W` of the first layer, for the `rows` examples that were encoded.
    fn encoded_product(
        &self,
        x: &Self::Encoded,
        rows: usize,
        layer: &Layer<Self::Array>,
        out: &mut Self::Array,
    );

    /// `out = a·b`
    fn product(&self, a: Matrix<Self::Array>, b: Matrix<Self::Array>, out: &mut Self::Array);

    /// From `x·W` to a layer's output: bias, wrap to 16 bits, ReLU, shift. Exact unless relaxed, as `forward` says.
    /// `x`: what the layer was given; `None` for the first, whose sums are always exact.
    fn activate(
        &self,
        layer: &Layer<Self::Array>,
        x: Option<&Self::Array>,
        form: Form,
        acc: &mut Self::Array,
        overflows: &mut Self::Overflows,
    );

    fn count(&self, overflows: &Self::Overflows) -> usize;

    /// The loss of the logits and its gradient by the last accumulators.
    fn softmax_gradient(
        &self,
        logits: &Self::Array,
        examples: &[Example],
        softmax: Softmax,
        delta: &mut Self::Array,
    ) -> Sums;

    /// From `∂loss/∂y` to `∂loss/∂acc`: `(delta + push)·scale` where `y > 0`, else 0.
    fn mask(&self, y: &Self::Array, push: f32, scale: f32, delta: &mut Self::Array);

    /// Replaces `delta` (with `outputs` columns) at each overflow by a push towards the margin: `penalty.0 / penalty.1`
    /// (strength and batch) at twice the margin, and in proportion.
    fn push_back(
        &self,
        overflows: &Self::Overflows,
        outputs: usize,
        penalty: (f32, usize),
        delta: &mut Self::Array,
    );

    /// Σ of the rows of all matrices, in their order.
    fn column_sums(&self, matrices: &[&Self::Array], columns: usize, sums: &mut Self::Array);

    /// For each layer: the gradient of its weights, the L1 term added, and a step of Adam. Shadows are clamped.
    fn update_weights(&self, updates: Vec<WeightUpdate<Self>>, step: Step);

    /// A step of Adam along the gradient that is there.
    fn adam(&self, parameters: &mut Parameters<Self::Array>, step: Step);

    /// The numbers that shadows stand for: integers of the grid, or unrounded where `relaxed`.
    fn quantize(&self, parameters: &Parameters<Self::Array>, relaxed: bool, numbers: &mut Self::Array);
}

impl<A> Parameters<A> {
    /// With the means at zero.
    pub(crate) fn new<D: Operations<Array = A>>(ops: &D, values: &[f32], grid: Grid) -> Self {
        let zeros = || ops.array(&vec![0.0; values.len()]);
        Self { values: ops.array(values), gradient: zeros(), first: zeros(), second: zeros(), grid }
    }
}
