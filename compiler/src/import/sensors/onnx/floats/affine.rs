//! Constants that are added, subtracted, multiplied with or divided by, and normalization: folded into the layer before, or into
//! the scaling of what the network reads.

use super::super::file::Node;
use super::super::option;
use super::Reader;
use crate::import::sensors::error::NetworkProblem;
use crate::import::sensors::float::{FloatKind, FloatOperator};
use crate::model::Shape;

/// `x · times + plus`, one for all or as many as `dims` say, which stand against the last dimensions of x; `None`: one for each
/// channel.
struct Affine {
    times: Vec<f32>,
    plus: Vec<f32>,
    dims: Option<Vec<usize>>,
}

impl Affine {
    /// Whether there is one for each output of a layer.
    fn fits(&self, outputs: usize, is_convolution: bool) -> bool {
        let count = self.times.len();
        let is_there = match &self.dims {
            None => true,
            // Channels in front of rows and columns.
            Some(dims) if is_convolution => dims.ends_with(&[outputs, 1, 1]),
            Some(dims) => dims.last() == Some(&outputs),
        };
        count == 1 || count == outputs && is_there
    }
}

impl Reader<'_> {
    /// `Sub`, `Mul`, `Div`, and `Add` of a constant.
    pub(super) fn affine(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let (at, other) = if self.known(node, 1).is_some() { (0, 1) } else { (1, 0) };
        if self.known(node, other).is_none() {
            return Err(option(node, "two tensors that are both computed"));
        }
        let (dims, values) = self.floats(node, other)?;
        let (dims, values) = (Some(dims.to_vec()), values.to_vec());
        let ones = |sign: f32| vec![sign; values.len()];
        let (times, plus) = match node.operator.as_str() {
            "Mul" => (values.clone(), ones(0.0)),
            "Div" if at == 0 && values.iter().all(|v| *v != 0.0) => {
                (values.iter().map(|v| 1.0 / v).collect(), ones(0.0))
            }
            "Div" => return Err(option(node, "a division by what is computed, or by 0")),
            "Sub" if at == 0 => (ones(1.0), values.iter().map(|v| -v).collect()),
            "Sub" => (ones(-1.0), values.clone()),
            _ => (ones(1.0), values.clone()),
        };
        self.fold(node, at, &Affine { times, plus, dims })
    }

    /// Normalization by what training has seen: as in evaluation mode.
    pub(super) fn normalization(&mut self, node: &Node) -> Result<(), NetworkProblem> {
        let list = |at: usize| self.floats(node, at).map(|(_, values)| values.to_vec());
        let (scale, bias, mean, variance) = (list(1)?, list(2)?, list(3)?, list(4)?);
        let count = scale.len();
        if [bias.len(), mean.len(), variance.len()].iter().any(|length| *length != count) {
            return Err(option(node, "lists of other lengths"));
        }
        let epsilon = node.attribute("epsilon").float.unwrap_or(1e-5);
        let times: Vec<f32> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let plus = (0..count).map(|i| bias[i] - mean[i] * times[i]).collect();
        self.fold(node, 0, &Affine { times, plus, dims: None })
    }

    fn fold(&mut self, node: &Node, at: usize, affine: &Affine) -> Result<(), NetworkProblem> {
        if affine.times.iter().chain(&affine.plus).any(|v| !v.is_finite()) {
            return Err(option(node, "constants that are no numbers"));
        }
        let value = self.value(node, at)?.clone();
        let (number, shape, _) = self.tensor(node, at)?;
        match number {
            0 => self.scaled(node, at, shape, affine)?,
            _ => self.folded(node, at, affine)?,
        }
        self.set(node, value);
        Ok(())
    }

    /// Into the scaling of what is read: `((x - offset) · scale) · times + plus` is `(x - offset') · scale'`.
    fn scaled(
        &mut self,
        node: &Node,
        at: usize,
        shape: Shape,
        affine: &Affine,
    ) -> Result<(), NetworkProblem> {
        let name = node.input(at).unwrap_or_default();
        if !self.network.operators.is_empty() || self.uses(name) != 1 {
            return Err(option(node, "values that are scaled for some layers and not for others"));
        }
        let count = shape.len();
        // Of a vector against its last dimension, of a picture of one channel against all of it.
        let fits = shape.height * shape.width > 1 || affine.fits(count, false);
        let each = |list: &[f32]| match list {
            [one] => Some(vec![*one; count]),
            many if many.len() == count && fits => Some(many.to_vec()),
            _ => None,
        };
        let (Some(times), Some(plus)) = (each(&affine.times), each(&affine.plus)) else {
            return Err(option(node, format!("{} constants for {count} values", affine.times.len())));
        };
        let (mut offset, mut scale) =
            self.network.scaler.take().unwrap_or_else(|| (vec![0.0; count], vec![1.0; count]));
        for i in 0..count {
            let whole = scale[i] * times[i];
            if whole == 0.0 {
                return Err(option(node, "a factor of 0"));
            }
            offset[i] -= plus[i] / whole;
            scale[i] = whole;
        }
        self.network.scaler = Some((offset, scale));
        Ok(())
    }

    /// Into weights and biases of the layer before, if nothing else reads what it gives.
    fn folded(&mut self, node: &Node, at: usize, affine: &Affine) -> Result<(), NetworkProblem> {
        let fold = |operator: &mut FloatOperator| {
            let is_convolution = matches!(operator.kind, FloatKind::Convolution { .. });
            let (FloatKind::Dense { weights, bias, .. } | FloatKind::Convolution { weights, bias, .. }) =
                &mut operator.kind
            else {
                return None;
            };
            let taps = weights.len() / bias.len();
            let of = |list: &[f32], i: usize| list.get(if list.len() == 1 { 0 } else { i }).copied();
            if !affine.fits(bias.len(), is_convolution) {
                return None;
            }
            for (i, (row, b)) in weights.chunks_mut(taps).zip(bias).enumerate() {
                let (times, plus) = (of(&affine.times, i)?, of(&affine.plus, i)?);
                row.iter_mut().for_each(|w| *w *= times);
                *b = *b * times + plus;
            }
            Some(())
        };
        let folded = self.open(node, at).and_then(fold);
        folded.ok_or_else(|| {
            option(node, "constants behind anything but a layer, with one for each of its outputs")
        })
    }
}
