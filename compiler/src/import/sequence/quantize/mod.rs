//! Floats → integers: a [`Transformer`] that computes nearly what a [`Checkpoint`] does.
//!
//! What the network does on some texts decides the scales: [`calibrate`] runs it in floats and keeps what it sees. Each
//! matrix then gets a grid of integers with a scale a row ([`matrix`]); [`blocks`] puts scales and matrices together.

mod activations;
mod attention;
mod blocks;
mod calibrate;
mod feed_forward;
mod matrix;
mod output;
mod sample;
pub mod trained;

pub(super) use activations::power;
pub use activations::{byte_scale, of_head};
pub(super) use blocks::{norm_unit, rotary};
pub use calibrate::{Calibration, Unsuitable, calibrate};
pub use matrix::compensated;
pub use sample::own_texts;

use super::{Checkpoint, Problem};
use crate::model::{Grid, Transformer};

/// How a network is quantized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantization {
    /// Of the matrices of all blocks.
    pub weights: Grid,
    /// Of the embedding, the positions and the output.
    pub embedding: Grid,
    /// Positions whose keys and values are kept.
    pub window: usize,
}

/// A quantized network, and in how small a part of a nat its logits are given: 2^-`logit_bits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantized {
    pub body: Transformer,
    pub logit_bits: u8,
}

/// Quantizes a network.
///
/// # Errors
/// Something that integers of these sizes cannot hold, with its name.
pub fn quantize(
    checkpoint: &Checkpoint,
    calibration: &Calibration,
    how: &Quantization,
) -> Result<Quantized, Problem> {
    blocks::quantize(checkpoint, calibration, how)
}
