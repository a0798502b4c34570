//! The network in the form that trains fast: `f32` matrices that hold integers.

use crate::arrays::Arrays;
use mlc_compiler::model::{self, Body, Model, WeightSet};

/// A layer with weights `[inputs, outputs]`: the transpose of the model's, so that the row of one input is
/// contiguous. That serves the sparse first layer and lets threads share a layer out by its inputs.
///
/// `A`: see [`Arrays::Array`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer<A = Vec<f32>> {
    pub inputs: usize,
    pub outputs: usize,
    pub shift: u8,
    pub set: WeightSet,
    pub weights: A,
    pub bias: A,
}

impl<A> Layer<A> {
    /// What one unit of the accumulator is worth behind the shift.
    pub(crate) fn scale(&self) -> f32 {
        1.0 / f32::from(1u16 << self.shift)
    }
}

impl Layer {
    pub(crate) fn row(&self, input: usize) -> &[f32] {
        &self.weights[input * self.outputs..(input + 1) * self.outputs]
    }
}

/// Layers in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network<A = Vec<f32>> {
    pub layers: Vec<Layer<A>>,
    /// Leave out wrapping and the floor of the shift: the function whose gradient training follows.
    pub relaxed: bool,
}

impl Network {
    pub(crate) fn from_model(model: &Model) -> Self {
        let Body::Layers(layers) = &model.body else { unreachable!("a model of hashed text") };
        let layers = layers.iter().map(|layer| {
            let weights: Vec<f32> = layer.weights.iter().map(|&w| f32::from(w)).collect();
            Layer {
                inputs: layer.inputs,
                outputs: layer.outputs,
                shift: layer.shift,
                set: layer.set,
                weights: transpose(&weights, layer.outputs, layer.inputs),
                bias: layer.bias.iter().map(|&b| f32::from(b)).collect(),
            }
        });
        Self { layers: layers.collect(), relaxed: false }
    }

    /// The same network in arrays of `ops`.
    pub(crate) fn on<D: Arrays>(&self, ops: &D) -> Network<D::Array> {
        let layers = self.layers.iter().map(|layer| Layer {
            inputs: layer.inputs,
            outputs: layer.outputs,
            shift: layer.shift,
            set: layer.set,
            weights: ops.array(&layer.weights),
            bias: ops.array(&layer.bias),
        });
        Network { layers: layers.collect(), relaxed: self.relaxed }
    }

    /// The same layers as integers. Weights and biases hold integers in the range of their type already.
    pub(crate) fn to_layers(&self) -> Vec<model::Layer> {
        let layers = self.layers.iter().map(|layer| model::Layer {
            inputs: layer.inputs,
            outputs: layer.outputs,
            weights: transpose(&layer.weights, layer.inputs, layer.outputs)
                .iter()
                .map(|&w| w as i8)
                .collect(),
            bias: layer.bias.iter().map(|&b| b as i16).collect(),
            shift: layer.shift,
            set: layer.set,
        });
        layers.collect()
    }

    pub(crate) fn nonzero(&self) -> usize {
        self.layers.iter().flat_map(|layer| &layer.weights).filter(|&&w| w != 0.0).count()
    }
}

/// `[rows, cols]` → `[cols, rows]`.
fn transpose(matrix: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    (0..rows * cols).map(|i| matrix[(i % rows) * cols + i / rows]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_changes_nothing() {
        let matrix: Vec<f32> = (0..6u8).map(f32::from).collect();
        assert_eq!(transpose(&matrix, 2, 3), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transpose(&transpose(&matrix, 2, 3), 3, 2), matrix);
    }
}
