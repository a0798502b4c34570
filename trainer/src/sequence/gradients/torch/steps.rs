//! What networks are made of, as functions on LibTorch's tensors.
//!
//! Where the adjoint of this crate's own code is not what LibTorch would derive, a result is a *value* that nothing is derived of, with a
//! *line* in its place on the way back: `value + (line - line)`, the second line without derivatives. The difference is 0, so that the result is
//! the value to the bit, and its derivative the line's.

use crate::arrays::Done;
use crate::device::Precision;
use crate::sequence::ops::narrow::MOST;
use tch::{Kind, Tensor};

/// How products of matrices are computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Products(pub Precision);

impl Products {
    /// `x · matrixᵀ`
    pub(super) fn of(self, x: &Tensor, matrix: &Tensor) -> Done<Tensor> {
        self.widened(&self.narrowed(x)?.f_matmul(&self.narrowed(matrix)?.f_transpose(0, 1)?)?)
    }

    /// Attention of `[texts, heads, positions, size]`, in which each position sees itself and those before it, or those that a mask
    /// shows: `[positions, positions]`, true where the first sees the second.
    pub(super) fn attention(self, [q, k, v]: [&Tensor; 3], mask: Option<&Tensor>) -> Done<Tensor> {
        let (q, k, v) = (self.narrowed(q)?, self.narrowed(k)?, self.narrowed(v)?);
        let causal = mask.is_none();
        self.widened(&Tensor::f_scaled_dot_product_attention(
            &q,
            &k,
            &v,
            mask,
            0.0,
            causal,
            None::<f64>,
            false,
        )?)
    }

    fn narrowed(self, x: &Tensor) -> Done<Tensor> {
        match self.0 {
            Precision::F32 => Ok(x.shallow_clone()),
            Precision::Bf16 => x.f_to_kind(Kind::BFloat16),
        }
    }

    fn widened(self, x: &Tensor) -> Done<Tensor> {
        match self.0 {
            Precision::F32 => Ok(x.shallow_clone()),
            Precision::Bf16 => x.f_to_kind(Kind::Float),
        }
    }
}

/// `value`, with `line` in its place on the way back.
pub(super) fn straight(value: &Tensor, line: &Tensor) -> Done<Tensor> {
    match line.requires_grad() {
        true => line.f_sub(&line.f_detach()?)?.f_add_(value),
        false => Ok(value.shallow_clone()),
    }
}

/// The nearest whole multiples of `step`, at most 127 of them: a value.
pub(super) fn multiples(x: &Tensor, step: f32) -> Done<Tensor> {
    let (step, inverse) = (f64::from(step), f64::from(1.0 / step));
    let steps = x.f_detach()?.f_mul_scalar(inverse)?.f_clamp(-f64::from(MOST), f64::from(MOST))?;
    // Half to even, like the default.
    steps.f_round()?.f_mul_scalar(step)
}

/// Rounds to whole multiples of `step`, if there is one; the gradient goes straight through.
pub(super) fn narrow(x: &Tensor, step: Option<f32>) -> Done<Tensor> {
    match step {
        Some(step) => straight(&multiples(x, step)?, x),
        None => Ok(x.shallow_clone()),
    }
}

/// Rows divided by their root mean square, then rounded where there is a `step`.
///
/// The adjoint is that of `ops::norm`, with rounded rows n: `dx = (dn - n · mean(dn · n)) · inverse`. That is the derivative of
/// `x·inverse - n · mean(x·inverse · n)` by x, as `inverse` and n are held.
pub(super) fn normed(x: &Tensor, eps: f32, step: Option<f32>) -> Done<Tensor> {
    let mean = |x: &Tensor| x.f_mean_dim([-1i64].as_slice(), true, Kind::Float);
    let squares = mean(&x.f_detach()?.f_square()?)?;
    let inverse = squares.f_add_scalar(f64::from(eps))?.f_sqrt()?.f_reciprocal()?;
    let scaled = x.f_mul(&inverse)?;
    let value = match step {
        Some(step) => multiples(&scaled, step)?,
        None => scaled.f_detach()?,
    };
    if !scaled.requires_grad() {
        return Ok(value);
    }
    let along = mean(&scaled.f_mul(&value)?)?;
    straight(&value, &scaled.f_sub(&value.f_mul(&along)?)?)
}

/// Pairs of all heads (`[rows, heads, size]`) turned by `cos` and `sin`: `[rows, 1, size / 2]`.
pub(super) fn turned(heads: &Tensor, [cos, sin]: &[Tensor; 2]) -> Done<Tensor> {
    let size = heads.size();
    let pairs = heads.f_reshape([size[0], size[1], -1, 2])?;
    let (u, v) = (pairs.f_select(3, 0)?, pairs.f_select(3, 1)?);
    let first = u.f_mul(cos)?.f_sub(&v.f_mul(sin)?)?;
    let second = u.f_mul(sin)?.f_add(&v.f_mul(cos)?)?;
    Tensor::f_stack(&[first, second], 3)?.f_reshape(&size)
}
