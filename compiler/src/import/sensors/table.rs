//! Tables for functions of a byte.

use crate::math;

/// A function that a table is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    Tanh,
    Sigmoid,
    Clamp { least: f32, most: f32 },
    Identity,
}

impl Curve {
    pub fn at(self, x: f64) -> f64 {
        match self {
            // Of the negative magnitude, which does not overflow.
            Self::Tanh => {
                let e = math::exp(-2.0 * x.abs());
                (1.0 - e) / (1.0 + e) * x.signum()
            }
            Self::Sigmoid => {
                let e = math::exp(-x.abs());
                if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
            }
            Self::Clamp { least, most } => x.clamp(least.into(), most.into()),
            Self::Identity => x,
        }
    }
}

/// The byte for each byte, first for 0 to 127, then for -128 to -1: the nearest one, halves away from zero. Scales and zero
/// points are those of the input and of the output.
pub fn values(curve: Curve, input: (f32, i16), output: (f32, i16)) -> Vec<i8> {
    let one = |byte: u8| {
        let x = f64::from(i16::from(byte as i8) - input.1) * f64::from(input.0);
        let y = curve.at(x) / f64::from(output.0) + f64::from(output.1);
        y.round().clamp(-128.0, 127.0) as i8
    };
    (0..=255).map(one).collect()
}
