//! Root-mean-square norms of rows, and their adjoint.

use super::vectorized;

vectorized! {
/// Divides each row of `x` by its root mean square. `inverse` gets one over that root for each row; `eps` is added to the
/// mean square.
pub(crate) fn forward(x: &[f32], width: usize, eps: f32, out: &mut [f32], inverse: &mut [f32]) {
    let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width));
    for ((x, out), inverse) in rows.zip(inverse) {
        *inverse = 1.0 / (super::dot(x, x) / width as f32 + eps).sqrt();
        out.iter_mut().zip(x).for_each(|(out, x)| *out = x * *inverse);
    }
}

/// The same in place, with rows of `width` values that begin every `stride` values.
pub(crate) fn heads(x: &mut [f32], width: usize, eps: f32, inverse: &mut [f32]) {
    for (x, inverse) in x.chunks_exact_mut(width).zip(inverse) {
        *inverse = 1.0 / (super::dot(x, x) / width as f32 + eps).sqrt();
        x.iter_mut().for_each(|x| *x *= *inverse);
    }
}

/// `dx += (dn - n · mean(dn · n)) · inverse`: what a change of the input of [`forward`] costs. `n` is its result.
pub(crate) fn backward(dn: &[f32], n: &[f32], width: usize, inverse: &[f32], dx: &mut [f32]) {
    let rows = dn.chunks_exact(width).zip(n.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
    for (((dn, n), dx), inverse) in rows.zip(inverse) {
        let along = super::dot(dn, n) / width as f32;
        for ((dx, dn), n) in dx.iter_mut().zip(dn).zip(n) {
            *dx += (dn - n * along) * inverse;
        }
    }
}

/// The adjoint of [`heads`], in place.
pub(crate) fn heads_backward(dn: &mut [f32], n: &[f32], width: usize, inverse: &[f32]) {
    for ((dn, n), inverse) in dn.chunks_exact_mut(width).zip(n.chunks_exact(width)).zip(inverse) {
        let along = super::dot(dn, n) / width as f32;
        dn.iter_mut().zip(n).for_each(|(dn, n)| *dn = (*dn - n * along) * inverse);
    }
}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::check;

    #[test]
    fn rows_have_a_root_mean_square_of_one() {
        let x = [3.0, 4.0, -6.0, 8.0];
        let (mut out, mut inverse) = ([0.0; 4], [0.0; 2]);
        forward(&x, 2, 0.0, &mut out, &mut inverse);
        let root = 12.5f32.sqrt();
        for (found, wants) in out.iter().zip([3.0 / root, 4.0 / root, -3.0 / root, 4.0 / root]) {
            assert!((found - wants).abs() < 1e-6, "{found} for {wants}");
        }
    }

    #[test]
    fn the_adjoint_is_that_of_finite_differences() {
        let width = 6;
        let run = |x: &[f32]| {
            let (mut out, mut inverse) = (vec![0.0; x.len()], vec![0.0; x.len() / width]);
            forward(x, width, 1e-5, &mut out, &mut inverse);
            (out, inverse)
        };
        let adjoint = |x: &[f32], d: &[f32]| {
            let (n, inverse) = run(x);
            let mut dx = vec![0.0; x.len()];
            backward(d, &n, width, &inverse, &mut dx);
            let mut in_place = d.to_vec();
            heads_backward(&mut in_place, &n, width, &inverse);
            assert_eq!(in_place, dx, "both adjoints are one");
            dx
        };
        check(18, |x| run(x).0, adjoint);
    }
}
