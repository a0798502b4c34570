//! Values that a machine holds in 8 bits. The gradient goes straight through (Bengio, Léonard, Courville 2013,
//! arXiv:1308.3432): nothing to do on the way back.

use super::largest;
use super::vectorized;
use crate::rounding::round;

/// Largest magnitude of an integer that training makes. -128 is left to saturation.
pub(crate) const MOST: f32 = 127.0;

vectorized! {
/// Rounds to whole multiples of `step`, at most 127 of them.
pub(crate) fn narrow(x: &mut [f32], step: f32) {
    narrow_all(x, step);
}

/// The largest magnitude of values, and the values in steps of `most / 127`; untouched where `most` is `None`.
pub(crate) fn watch(x: &mut [f32], most: Option<f32>) -> f32 {
    let found = largest(x);
    if let Some(most) = most {
        narrow_all(x, most / MOST);
    }
    found
}
}

#[inline(always)]
pub(super) fn narrow_all(x: &mut [f32], step: f32) {
    let inverse = 1.0 / step;
    for x in x {
        *x = narrowed(*x, step, inverse);
    }
}

/// One value; `inverse` is `1 / step`.
#[inline(always)]
pub(crate) fn narrowed(x: f32, step: f32, inverse: f32) -> f32 {
    let q = x * inverse;
    let q = if q > -MOST { q } else { -MOST };
    let q = if q < MOST { q } else { MOST };
    round(q) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_and_cut_off() {
        let mut x = [0.24, 0.26, -0.76, 100.0, -100.0];
        assert_eq!(watch(&mut x, None), 100.0);
        assert_eq!(x[0], 0.24);
        narrow(&mut x, 0.5);
        assert_eq!(x, [0.0, 0.5, -1.0, 63.5, -63.5]);
    }
}
