//! Finite differences, which adjoints are held to.

/// Numbers that look random, -1 to 1, the same in every run.
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Checks that `adjoint(x, d)` is the gradient of `d · forward(x)` in each of `n` inputs, at three points.
pub(crate) fn check(
    n: usize,
    forward: impl Fn(&[f32]) -> Vec<f32>,
    adjoint: impl Fn(&[f32], &[f32]) -> Vec<f32>,
) {
    for seed in 1..=3 {
        let x = numbers(n, seed);
        let d = numbers(forward(&x).len(), seed + 10);
        let found = adjoint(&x, &d);
        let value = |x: &[f32]| -> f64 {
            forward(x).iter().zip(&d).map(|(y, d)| f64::from(*y) * f64::from(*d)).sum()
        };
        for i in 0..n {
            let at = |by: f32| {
                let mut x = x.clone();
                x[i] += by;
                value(&x)
            };
            let step = 4e-3;
            let wants = (at(step) - at(-step)) / (2.0 * f64::from(step));
            let error = (f64::from(found[i]) - wants).abs();
            assert!(error < 2e-3 * (1.0 + wants.abs()), "input {i}: {} for {wants}", found[i]);
        }
    }
}
