//! The parameters of a network on a device.

use crate::arrays::{Done, Torch, download};
use crate::sequence::layout::{self, Layout};
use tch::{Kind, Tensor};

/// A tensor for each one of the layout, in its order, with the place where that begins.
pub(super) struct Weights(Vec<(usize, Tensor)>);

impl Weights {
    /// `values`: as the layout has them. `learned`: whether their gradients are wanted.
    pub(super) fn new(torch: &Torch, layout: &Layout, values: &[f32], learned: bool) -> Done<Self> {
        let all = torch.upload(values)?;
        let part = |place: &layout::Tensor| {
            let (rows, cols) = (place.rows as i64, place.cols as i64);
            let part = all.f_narrow(0, place.at as i64, rows * cols)?.f_view([rows, cols])?;
            Ok((place.at, part.f_detach()?.f_set_requires_grad(learned)?))
        };
        layout.tensors().map(part).collect::<Done<_>>().map(Self)
    }

    /// `[rows, cols]`
    pub(super) fn of(&self, place: &layout::Tensor) -> &Tensor {
        let number = self.0.partition_point(|(at, _)| *at < place.at);
        &self.0[number].1
    }

    /// The gradients of all, one behind the other.
    pub(super) fn gradients(&self) -> Done<Vec<f32>> {
        let gradient = |(_, part): &(usize, Tensor)| {
            let found = part.f_grad()?;
            // What no row uses has none.
            let found = if found.defined() { found } else { part.f_detach()?.f_zeros_like()? };
            found.f_to_kind(Kind::Float)?.f_reshape([-1])
        };
        let parts: Vec<Tensor> = self.0.iter().map(gradient).collect::<Done<_>>()?;
        download(&Tensor::f_cat(&parts, 0)?)
    }
}
