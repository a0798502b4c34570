//! What is between the matrices of a feed-forward part, and its adjoint.

use super::exp::sigmoid;
use super::narrow::{MOST, narrow_all};
use super::vectorized;
use mlc_compiler::import::sequence::Activation;

/// Steps of the 8-bit values around the function; what a network without them computes is [`None`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steps {
    /// Of what the table gives for a gate.
    pub table: f32,
    /// Of the result.
    pub hidden: f32,
}

vectorized! {
/// `h` from the rows of `x`: of `2·width` values, first the gate and then up, where the function is gated, else of `width`.
/// Gives the largest magnitudes of what a table gives, and of `h` before it is narrowed.
pub(crate) fn forward(
    function: Activation,
    x: &[f32],
    width: usize,
    steps: Option<Steps>,
    h: &mut [f32],
) -> (f32, f32) {
    let mut most = (0.0f32, 0.0f32);
    let row = if function.is_gated() { 2 * width } else { width };
    for (x, h) in x.chunks_exact(row).zip(h.chunks_exact_mut(width)) {
        let (gate, up) = x.split_at(row - width);
        match function {
            Activation::ReluGate => {
                for ((h, &g), &u) in h.iter_mut().zip(gate).zip(up) {
                    *h = if g > 0.0 { g * u } else { 0.0 };
                }
            }
            Activation::SwiGlu => {
                for (h, &g) in h.iter_mut().zip(gate) {
                    *h = g * sigmoid(g);
                }
                most.0 = most.0.max(super::largest(h));
                if let Some(Steps { table, .. }) = steps {
                    narrow_all(h, table);
                }
                h.iter_mut().zip(up).for_each(|(h, &u)| *h *= u);
            }
            Activation::Relu => h.iter_mut().zip(up).for_each(|(h, &u)| *h = if u > 0.0 { u } else { 0.0 }),
            Activation::SquaredRelu => {
                h.iter_mut().zip(up).for_each(|(h, &u)| *h = if u > 0.0 { u * u } else { 0.0 });
            }
        }
        most.1 = most.1.max(super::largest(h));
        if let Some(Steps { hidden, .. }) = steps {
            narrow_all(h, hidden);
        }
    }
    most
}

/// From the gradient of `h` that of `x`, into `dx`.
pub(crate) fn backward(function: Activation, x: &[f32], width: usize, dh: &[f32], dx: &mut [f32]) {
    let row = if function.is_gated() { 2 * width } else { width };
    let rows = x.chunks_exact(row).zip(dh.chunks_exact(width)).zip(dx.chunks_exact_mut(row));
    for ((x, dh), dx) in rows {
        let (gate, up) = x.split_at(row - width);
        let (dgate, dup) = dx.split_at_mut(row - width);
        let gates = dgate.iter_mut().zip(gate);
        let ups = dup.iter_mut().zip(up).zip(dh);
        match function {
            Activation::ReluGate => {
                for ((dg, &g), ((du, &u), &dh)) in gates.zip(ups) {
                    let open = if g > 0.0 { dh } else { 0.0 };
                    *dg = open * u;
                    *du = open * g;
                }
            }
            Activation::SwiGlu => {
                for ((dg, &g), ((du, &u), &dh)) in gates.zip(ups) {
                    let s = sigmoid(g);
                    *dg = dh * u * s * (1.0 + g * (1.0 - s));
                    *du = dh * g * s;
                }
            }
            Activation::Relu => ups.for_each(|((du, &u), &dh)| *du = if u > 0.0 { dh } else { 0.0 }),
            Activation::SquaredRelu => {
                ups.for_each(|((du, &u), &dh)| *du = if u > 0.0 { 2.0 * u * dh } else { 0.0 });
            }
        }
    }
}
}

/// How much a step of the result means, as an exporter can have it: a gate's is a power of two times the steps of the table
/// and of `up`. `hidden`: the largest result.
pub(crate) fn hidden_step(function: Activation, hidden: f32, (table, up): (f32, f32)) -> f32 {
    match function {
        Activation::Relu => up,
        Activation::SquaredRelu => hidden / MOST,
        Activation::ReluGate | Activation::SwiGlu => {
            let mut step = table * up;
            for _ in 0..15 {
                if hidden / step <= MOST {
                    break;
                }
                step *= 2.0;
            }
            step
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::check;

    #[test]
    fn adjoints_are_those_of_finite_differences() {
        for function in [Activation::ReluGate, Activation::SwiGlu, Activation::Relu, Activation::SquaredRelu]
        {
            let width = 3;
            let inputs = if function.is_gated() { 12 } else { 6 };
            let run = |x: &[f32]| {
                let mut h = vec![0.0; 6];
                forward(function, x, width, None, &mut h);
                h
            };
            check(inputs, run, |x, d| {
                let mut dx = vec![9.0; x.len()];
                backward(function, x, width, d, &mut dx);
                dx
            });
        }
    }

    #[test]
    fn the_step_of_a_gate_is_that_of_its_parts_times_a_power_of_two() {
        let step = hidden_step(Activation::ReluGate, 100.0, (0.1, 0.3));
        assert!((step / 0.03 - 32.0).abs() < 1e-3, "{step}");
        assert!((hidden_step(Activation::SwiGlu, 0.5, (0.1, 0.3)) - 0.03).abs() < 1e-7);
        assert_eq!(hidden_step(Activation::Relu, 9.0, (0.0, 0.25)), 0.25);
    }
}
