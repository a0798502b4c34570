//! Softmax on bytes, as the reference kernels of TensorFlow Lite compute it: fixed point of gemmlowp, 31 bits behind the
//! point unless said otherwise. Programs stop at the logits; this is for those who compare probabilities.

use super::network::{Steps, step};

/// `1` in fixed point.
const ONE: i32 = i32::MAX;

/// Half the upper word of twice the product, rounded.
fn mul(a: i32, b: i32) -> i32 {
    let product = i64::from(a) * i64::from(b);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    ((product + nudge) / (1 << 31)).min(i32::MAX.into()) as i32
}

/// `x · 2^bits`, cut to 32 bits.
fn up(x: i32, bits: u32) -> i32 {
    (i64::from(x) << bits).clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// `x / 2^bits`, halves away from zero.
fn down(x: i32, bits: u32) -> i32 {
    let mask = ((1i64 << bits) - 1) as i32;
    let threshold = (mask >> 1) + i32::from(x < 0);
    (x >> bits) + i32::from(x & mask > threshold)
}

/// `e^x` of `x` in [-1/4, 0), by its series around -1/8.
fn exp_of_quarter(a: i32) -> i32 {
    const AT_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = a + (1 << 28);
    let x2 = mul(x, x);
    let (x3, x4) = (mul(x2, x), mul(x2, x2));
    let series = down(mul(down(x4, 2) + x3, THIRD) + x2, 1);
    AT_EIGHTH.saturating_add(mul(AT_EIGHTH, x + series))
}

/// `e^x` of `x` at most 0, with 26 bits behind the point.
fn exp(a: i32) -> i32 {
    /// `e^-2^(n - 2)`.
    const POWERS: [i32; 7] =
        [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    if a == 0 {
        return ONE;
    }
    let quarter = 1 << 24;
    let rest = (a & (quarter - 1)) - quarter;
    let remainder = rest.wrapping_sub(a);
    let start = exp_of_quarter(up(rest, 5));
    let factors = POWERS.iter().enumerate().filter(|(n, _)| remainder & (1 << (24 + n)) != 0);
    factors.fold(start, |product, (_, &power)| mul(product, power))
}

/// `1 / (1 + x)` of `x` in [0, 1).
fn reciprocal_of_one_plus(a: i32) -> i32 {
    // (1 + a) / 2, rounded.
    let half = ((i64::from(a) + i64::from(ONE) + 1) / 2) as i32;
    // Newton's division, with two bits before the point.
    let mut x = 1_515_870_810 + mul(half, -1_010_580_540);
    for _ in 0..3 {
        let rest = (1 << 29) - mul(half, x);
        x += up(mul(x, rest), 2);
    }
    up(x, 1)
}

/// Probabilities of logits as bytes, -128 for 0 and a 256th each. `multiplier` and `shift` make differences of logits
/// numbers with 26 bits behind the point.
pub fn softmax(logits: &[i16], multiplier: i32, shift: i8) -> Vec<i8> {
    let most = logits.iter().copied().max().unwrap_or(0);
    // Differences that have no more than 5 bits before the point.
    let least = -((31i64 << 26) >> shift.clamp(0, 31)) as i32;
    let powers: Vec<Option<i32>> = logits
        .iter()
        .map(|&logit| {
            let difference = i32::from(logit) - i32::from(most);
            let scaled = || step(difference, multiplier, shift, Steps::Twice);
            (difference >= least).then(|| exp(scaled()))
        })
        .collect();
    let sum: i32 = powers.iter().flatten().map(|&power| down(power, 12)).sum();
    let headroom = sum.leading_zeros();
    let over = 12 - headroom as i32;
    let factor = reciprocal_of_one_plus((((sum as u32) << headroom).wrapping_sub(1 << 31)) as i32);
    let one = |power: &Option<i32>| {
        let Some(power) = power else { return -128 };
        let share = down(mul(factor, *power), (over + 31 - 8) as u32);
        (share - 128).clamp(-128, 127) as i8
    };
    powers.iter().map(one).collect()
}
