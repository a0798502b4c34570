//! A float network that another one is trained to agree with.

use super::chunk::Chunk;
use super::dropout::Dropout;
use super::layout::Layout;
use super::ops::loss::softmax;
use super::ops::rotate::Rotation;
use super::pass::Net;
use super::ranges::Ranges;
use super::shape::Shape;
use super::tape::Tape;

/// A float network.
pub(crate) struct Teacher {
    pub shape: Shape,
    pub layout: Layout,
    pub weights: Vec<f32>,
    pub rotation: Option<Rotation>,
}

impl Teacher {
    /// The network as passes see it.
    pub(crate) fn net(&self) -> Net<'_> {
        Net {
            shape: &self.shape,
            layout: &self.layout,
            weights: &self.weights,
            ranges: None,
            rotation: self.rotation.as_ref(),
            input_step: 0.0,
            prior: None,
            dropout: Dropout::default(),
        }
    }

    /// Probabilities of all tokens behind the rows that count, in the place of logits.
    pub(crate) fn forward(&self, chunk: &Chunk, tape: &mut Tape) {
        self.net().forward(chunk, tape, &mut Ranges::new(self.layout.blocks.len()));
        tape.logits.chunks_exact_mut(self.shape.network.vocabulary).for_each(softmax);
    }
}
