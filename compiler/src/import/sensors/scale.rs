//! From real scales to multipliers and shifts, as each arithmetic makes them.

use crate::model::{Requantization, Rounding, Steps, Term};

/// A real factor as a multiplier of 31 bits and a shift: `m · 2^(s - 31)`. As `QuantizeMultiplier` of TensorFlow Lite does
/// it; a 32-bit float stays what it is.
pub fn multiplier(real: f64) -> (i32, i8) {
    if real <= 0.0 || !real.is_finite() {
        return (0, 0);
    }
    let (mut fraction, mut shift) = (real, 0i32);
    while fraction >= 1.0 {
        fraction /= 2.0;
        shift += 1;
    }
    while fraction < 0.5 && shift > -64 {
        fraction *= 2.0;
        shift -= 1;
    }
    let mut fixed = (fraction * 2_147_483_648.0).round() as i64;
    if fixed == 1 << 31 {
        (fixed, shift) = (fixed / 2, shift + 1);
    }
    match shift {
        ..=-32 => (0, 0),
        31.. => (i32::MAX, 30),
        shift => (fixed as i32, shift as i8),
    }
}

/// The scales around a product: of its input, of its weights, of its output.
#[derive(Debug, Clone, Copy)]
pub struct Scales {
    pub input: f32,
    pub weights: f32,
    pub output: f32,
}

/// The factor of a channel's sums. `narrow`: the product of the first two is a 32-bit float, as fully connected layers of
/// TensorFlow Lite have it.
pub fn factor(rounding: Rounding, scales: Scales, narrow: bool) -> (i32, i8) {
    let Scales { input, weights, output } = scales;
    let real = match rounding {
        Rounding::Tflm | Rounding::Builtin if narrow => f64::from(input * weights) / f64::from(output),
        Rounding::Tflm | Rounding::Builtin => f64::from(input) * f64::from(weights) / f64::from(output),
        Rounding::Xnnpack | Rounding::OnnxRuntime => f64::from(input * weights / output),
    };
    multiplier(real)
}

/// What a layer's outputs are cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub zero: i16,
    pub least: i16,
    pub most: i16,
}

impl Limits {
    /// All bytes.
    pub fn of(zero: i16) -> Self {
        Self { zero, least: -128, most: 127 }
    }

    pub fn requantization(self, steps: Steps, factors: impl Iterator<Item = (i32, i8)>) -> Requantization {
        let (multipliers, shifts) = factors.unzip();
        let Self { zero, least, most } = self;
        let mut r = Requantization { steps, multipliers, shifts, zero, least, most };
        let same = |list: &[i32]| list.windows(2).all(|pair| pair[0] == pair[1]);
        let alike = same(&r.multipliers) && r.shifts.windows(2).all(|pair| pair[0] == pair[1]);
        if alike {
            r.multipliers.truncate(1);
            r.shifts.truncate(1);
        }
        r
    }
}

/// An input of an addition: its tensor, scale and zero point.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    pub input: usize,
    pub scale: f32,
    pub zero: i16,
}

/// The terms of an addition and what makes bytes of their sum. `None` where the arithmetic has none in integers.
pub fn addition(
    rounding: Rounding,
    sides: [Side; 2],
    output: f32,
    limits: Limits,
) -> Option<([Term; 2], Requantization)> {
    match rounding {
        Rounding::Tflm | Rounding::Builtin => Some(tflm_addition(sides, output, limits)),
        Rounding::Xnnpack => xnnpack_addition(sides, output, limits),
        Rounding::OnnxRuntime => None,
    }
}

/// As `PrepareAdd` of TensorFlow Lite for Microcontrollers: inputs are 2^20 times as large, in units of twice the larger
/// scale.
fn tflm_addition(sides: [Side; 2], output: f32, limits: Limits) -> ([Term; 2], Requantization) {
    const LEFT: u8 = 20;
    let twice = 2.0 * f64::from(sides[0].scale.max(sides[1].scale));
    let term = |side: Side| {
        let (multiplier, shift) = multiplier(f64::from(side.scale) / twice);
        Term { input: side.input, zero: side.zero, left: LEFT, steps: Steps::Twice, multiplier, shift }
    };
    let factor = multiplier(twice / (f64::from(1u32 << LEFT) * f64::from(output)));
    (sides.map(term), limits.requantization(Steps::Twice, std::iter::once(factor)))
}

/// As `xnn_init_qs8_add_minmax_params` of XNNPACK: multipliers of 21 bits at most, one shift for the sum, halves up.
fn xnnpack_addition(sides: [Side; 2], output: f32, limits: Limits) -> Option<([Term; 2], Requantization)> {
    let scales = sides.map(|side| side.scale / output);
    let exponent = (scales[0].max(scales[1]).to_bits() >> 23) as i32 - 127;
    let shift = 20 - exponent;
    if !(2..=30).contains(&shift) {
        return None;
    }
    let term = |side: Side, scale: f32| {
        let whole = (f64::from(scale) * f64::from(1u32 << shift)).round_ties_even() as i64;
        // The integer itself, as a multiplier of 31 bits whose product is shifted back: nothing is rounded.
        let up = 31 - (64 - whole.leading_zeros() as i32);
        let multiplier = if whole == 0 { 0 } else { (whole << up) as i32 };
        let shift = (31 - up) as i8;
        Term { input: side.input, zero: side.zero, left: 0, steps: Steps::Up, multiplier, shift }
    };
    let terms = [term(sides[0], scales[0]), term(sides[1], scales[1])];
    let Limits { zero, least, most } = limits;
    // 2^30 · 2^(1 - shift - 31) is 2^-shift.
    let requantization = Requantization {
        steps: Steps::Up,
        multipliers: vec![1 << 30],
        shifts: vec![(1 - shift) as i8],
        zero,
        least,
        most,
    };
    Some((terms, requantization))
}
