//! Rounding that vectorizes on every processor.

/// 1.5 · 2^23.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// Rounds half to even, for `|x| <= 2^22`.
///
/// The sum lies in [2^23, 2^24), where neighbouring `f32` are 1 apart, so the addition itself rounds, by IEEE's
/// default to even. Unlike `f32::round_ties_even` it needs no SSE4.1 and vectorizes on every x86-64.
#[inline(always)]
pub(crate) fn round(x: f32) -> f32 {
    (x + MAGIC) - MAGIC
}

/// The largest integer not above `x`, for `|x| <= 2^22`.
#[inline(always)]
pub(crate) fn floor(x: f32) -> f32 {
    let nearest = round(x);
    nearest - if nearest > x { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_agrees_with_the_standard_library() {
        let mut x = -40_000.0f32;
        while x < 40_000.0 {
            assert_eq!(round(x), x.round_ties_even(), "round {x}");
            assert_eq!(floor(x), x.floor(), "floor {x}");
            x += 0.125;
        }
        assert_eq!((round(0.5), round(1.5), round(-0.5), round(-2.5)), (0.0, 2.0, 0.0, -2.0));
    }
}
