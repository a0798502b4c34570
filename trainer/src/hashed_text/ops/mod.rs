//! The steps of the mathematics of hashed text, and who computes them.
//!
//! `forward`, `backward` and `learner` are written once, on [`Operations`]: each of its methods is one step on arrays
//! whose form and place are the implementation's business.

mod cpu;
#[cfg(feature = "tch")]
mod torch;
#[cfg(all(test, feature = "tch"))]
mod torch_tests;

#[cfg(all(test, feature = "tch"))]
pub(crate) use torch_tests::torch_cpu;

use super::dataset::{Example, Inputs};
use super::network::Layer;
use crate::adam::Step;
use crate::arrays::{Arrays, Parameters};

/// Accumulators beyond this are pushed back in training. 16 bits wrap at 32,768.
pub(crate) const OVERFLOW_MARGIN: f32 = 28_000.0;

/// Largest row sum of activations that is exact for sure: 2·sum + 32,768 ≤ 2^24. `forward` has the proof.
pub(crate) const EXACT_SUM: f32 = ((1 << 24) - (1 << 15)) as f32 / 2.0;

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

/// What the mathematics of hashed text takes beside [`Arrays`].
pub(crate) trait Operations: Arrays {
    /// The sparse inputs of a chunk.
    type Encoded: Default;
    /// The accumulators of a chunk in one layer that are beyond [`OVERFLOW_MARGIN`].
    type Overflows: Default;

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

    /// For each layer: the gradient of its weights, the L1 term added, and a step of Adam. Shadows are clamped.
    fn update_weights(&self, updates: Vec<WeightUpdate<Self>>, step: Step);
}
