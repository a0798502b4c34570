//! Scales of activations: how much one step of an integer means.

use super::calibrate::Values;

/// The scale for which 8-bit integers come nearest to some values: least squared error, over scales from that of the
/// largest magnitude down to a third of it.
pub fn byte_scale(values: &[f32]) -> f64 {
    let largest = values.iter().fold(0.0, |most: f64, &v| most.max(f64::from(v).abs()));
    if largest == 0.0 {
        return 1.0 / 127.0;
    }
    let error = |scale: f64| -> f64 {
        let one = |&v: &f32| {
            let v = f64::from(v);
            let q = (v / scale + 0.5).floor().clamp(-128.0, 127.0);
            (v - q * scale) * (v - q * scale)
        };
        values.iter().map(one).sum()
    };
    least((0..30).map(|i| largest / 127.0 * (1.0 - f64::from(i) * 0.022)), error)
}

/// The candidate with the least error, the first of equals.
pub fn least(candidates: impl Iterator<Item = f64>, error: impl Fn(f64) -> f64) -> f64 {
    let mut best = None;
    for candidate in candidates {
        let error = error(candidate);
        if best.is_none_or(|(_, least)| error < least) {
            best = Some((candidate, error));
        }
    }
    best.expect("there are candidates").0
}

/// Values of each head of a vector.
pub fn of_head(values: &Values, head: usize, size: usize) -> Vec<f32> {
    let steps = values.kept.chunks_exact(values.len);
    steps.flat_map(|step| step[head * size..][..size].iter().copied()).collect()
}

/// The largest power of two, as an exponent, with which `largest` stays below `limit`.
pub fn exponent(largest: f64, limit: f64) -> i32 {
    let mut bits = -40;
    while bits < 40 && largest * power(bits + 1) < limit {
        bits += 1;
    }
    bits
}

/// 2^`bits`.
pub fn power(bits: i32) -> f64 {
    let mut value = 1.0;
    for _ in 0..bits.abs() {
        value *= 2.0;
    }
    if bits < 0 { 1.0 / value } else { value }
}
