//! The arithmetic of sequence models: integers only, the same bits on every target.
//!
//! docs/semantics.md has the same in prose. Vectors are of 8-bit activations or of 16-bit values; sums have 24 bits, which
//! `pass/range.rs` proves or refuses.

pub mod beam;
pub mod choose;
pub mod hash;
pub mod network;
pub mod softmax;

use crate::math;
use std::sync::LazyLock;

/// Most that [`rescale`] shifts right: the rounded product has 32 bits then.
pub const MAX_RESCALE: u8 = 24;

/// `value` cut to what 8 bits hold.
pub fn sat8(value: i32) -> i32 {
    value.clamp(-128, 127)
}

/// `value` cut to what 16 bits hold.
pub fn sat16(value: i32) -> i32 {
    value.clamp(-32768, 32767)
}

/// `value / 2^bits`, rounded to the nearest, halves up. `bits` is at most 30 and `value + 2^(bits-1)` fits 32 bits.
pub fn round_shift(value: i32, bits: u32) -> i32 {
    if bits == 0 { value } else { (value + (1 << (bits - 1))) >> bits }
}

/// The reciprocal roots of [`norm`]: `min(255, round(2040 / √(i + ½)))`.
pub static ROOTS: LazyLock<[u8; 256]> =
    LazyLock::new(|| std::array::from_fn(|i| (2040.0 / (i as f64 + 0.5).sqrt()).round().min(255.0) as u8));

/// The reciprocals of [`mix`]: `round(2^15 / (i + ½))` for `i` of 128 to 255, at most 255; 0 elsewhere.
pub static RECIPROCALS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|i| if i < 128 { 0 } else { (32768.0 / (i as f64 + 0.5)).round().min(255.0) as u8 })
});

/// The cosines of [`rotate`]: `round(127 · cos(2π i / 256))`. The sine of `i` is the cosine of `i + 192`, modulo 256.
pub static COSINES: LazyLock<[i8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|i| (127.0 * math::sin_cos(i as f64 * std::f64::consts::TAU / 256.0).1).round() as i8)
});

/// Root-mean-square norm of 16-bit values: `x · r / 2^k`, rounded, saturated to 16 bits.
///
/// The largest magnitude gives `s`, the least shift with `max |x| >> s ≤ 255`. `S = Σ (|x| >> s)²`. `t` is the least even
/// shift with `S >> t ≤ 255`. `r = ROOTS[S >> t]`, and `k = s + t / 2 + down`. `down` is a number of the model.
/// So the root mean square of the result is near `2040 / √n / 2^down`, `n` being the number of values.
pub fn norm(x: &[i32], down: u32) -> Vec<i32> {
    let (r, k) = norm_factor(x, down);
    x.iter().map(|&v| sat16(round_shift(v * r, k))).collect()
}

/// `r` and `k` of [`norm`].
pub fn norm_factor(x: &[i32], down: u32) -> (i32, u32) {
    let largest = x.iter().map(|v| v.abs()).max().unwrap_or(0);
    let s = (0..).find(|s| largest >> s <= 255).expect("16 bits");
    let squares: u32 = x.iter().map(|v| ((v.abs() >> s) * (v.abs() >> s)) as u32).sum();
    let t = (0..).step_by(2).find(|t| squares >> t <= 255).expect("32 bits");
    (i32::from(ROOTS[(squares >> t) as usize]), s + t / 2 + down)
}

/// Each value shifted right by `bits`, rounded, saturated to 8 bits.
pub fn narrow(x: &[i32], bits: u32) -> Vec<i32> {
    x.iter().map(|&v| sat8(round_shift(v, bits))).collect()
}

/// A sum of at most 24 bits times the mantissa of its row, shifted right by `shift` (0 to 24), rounded. The caller
/// saturates to 8 or 16 bits. The product has 32 bits: (2^23 - 1) · 255 + 2^23 < 2^31.
pub fn rescale(sum: i32, mantissa: u8, shift: u32) -> i32 {
    round_shift(sum * i32::from(mantissa), shift)
}

/// Rotates adjacent pairs of 16-bit values by phases, to 8 bits: `(a·c - b·s, a·s + b·c) / 2^bits`, rounded, saturated.
/// Pair `i` of each head has phase `phases[i]`, in 256ths of a turn.
pub fn rotate(x: &[i32], phases: &[u8], bits: u32) -> Vec<i32> {
    let cosine = |phase: u8| i32::from(COSINES[usize::from(phase)]);
    let pairs = x.chunks_exact(2).enumerate();
    let turned = pairs.flat_map(|(i, pair)| {
        let phase = phases[i % phases.len()];
        let (c, s) = (cosine(phase), cosine(phase.wrapping_add(192)));
        let (a, b) = (pair[0] * c - pair[1] * s, pair[0] * s + pair[1] * c);
        [a, b].map(|v| sat8(round_shift(v, bits)))
    });
    turned.collect()
}

/// The phase of a pair at a position: the upper 8 of 24 bits of `position · step`, rounded.
pub fn phase(position: usize, step: u32) -> u8 {
    ((position as u32).wrapping_mul(step).wrapping_add(1 << 15) >> 16) as u8
}

/// What attention gives each position: `table[min((max - score) / 2^bits, 255)]`, the quotient rounded.
pub fn attention_weights(scores: &[i32], bits: u32, table: &[u8]) -> Vec<u8> {
    let most = scores.iter().copied().max().unwrap_or(0);
    scores.iter().map(|s| table[round_shift(most - s, bits).min(255) as usize]).collect()
}

/// The mean of values by weights: `(Σ w·v) · RECIPROCALS[W >> n] / 2^(15 + n)`, rounded, saturated to 8 bits. `W = Σ w` is at least 128;
/// `n` is the least shift with `W >> n ≤ 255`. At most 256 positions keep the sum in 24 bits.
pub fn mix(weights: &[u8], values: impl Iterator<Item = i32>) -> i32 {
    let total: u32 = weights.iter().map(|&w| u32::from(w)).sum();
    let sum: i64 = weights.iter().zip(values).map(|(&w, v)| i64::from(w) * i64::from(v)).sum();
    mean(sum, total)
}

/// What [`mix`] makes of `Σ w·v` and `Σ w`.
pub fn mean(sum: i64, total: u32) -> i32 {
    let n = (0..).find(|n| total >> n <= 255).expect("32 bits");
    let reciprocal = i64::from(RECIPROCALS[(total >> n) as usize]);
    let scaled = (sum * reciprocal + (1 << (14 + n))) >> (15 + n);
    scaled.clamp(-128, 127) as i32
}

/// What a table of 256 bytes has for a value of 8 bits: first for 0 to 127, then for -128 to -1.
pub fn look_up(table: &[i8], x: i32) -> i32 {
    table[usize::from(x as u8)].into()
}

/// The product of two values of 8 bits, divided by 2^`bits`, rounded, saturated to 8 bits.
pub fn multiply(a: i32, b: i32, bits: u32) -> i32 {
    sat8(round_shift(a * b, bits))
}

/// Attention of one query: for each head the mean of the values, weighted by how well the keys match.
///
/// `query`: heads of `head` elements each. `keys` and `values`: a row for each position, with as many heads or fewer, each
/// for so many heads of the query. See [`attention_weights`] and [`mix`].
pub fn attend(
    query: &[i32],
    keys: &[Vec<i8>],
    values: &[Vec<i8>],
    head: usize,
    bits: u32,
    table: &[u8],
) -> Vec<i32> {
    let heads = query.len() / head;
    let shared = heads * head / keys.first().map_or(query.len(), Vec::len).max(1);
    let mut out = Vec::with_capacity(query.len());
    for (h, query) in query.chunks_exact(head).enumerate() {
        let from = h / shared * head;
        let score =
            |key: &Vec<i8>| key[from..from + head].iter().zip(query).map(|(&k, q)| i32::from(k) * q).sum();
        let scores: Vec<i32> = keys.iter().map(score).collect();
        let weights = attention_weights(&scores, bits, table);
        out.extend((from..from + head).map(|i| mix(&weights, values.iter().map(|row| row[i].into()))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `value / 2^bits`, rounded to the nearest, halves up, by fractions.
    fn divided(value: i64, bits: u32) -> i64 {
        (value as f64 / (1u64 << bits) as f64 + 0.5).floor() as i64
    }

    #[test]
    fn halves_are_rounded_up() {
        let of = |value| round_shift(value, 1);
        assert_eq!([1, 3, -1, -3, 2, -2, 0].map(of), [1, 2, 0, -1, 1, -1, 0]);
        assert_eq!(
            [-8, -5, -4, -3, 3, 4, 5, 11, 12].map(|v| round_shift(v, 3)),
            [-1, -1, 0, 0, 0, 1, 1, 1, 2]
        );
        assert_eq!([i32::MIN, i32::MAX].map(|v| round_shift(v, 0)), [i32::MIN, i32::MAX]);
        for bits in 1..=30 {
            let half = 1 << (bits - 1);
            for value in [i32::MIN, i32::MAX - half, half, half - 1, -half, -half - 1, 1, -1] {
                assert_eq!(
                    i64::from(round_shift(value, bits)),
                    divided(value.into(), bits),
                    "{value} >> {bits}"
                );
            }
        }
    }

    #[test]
    fn values_are_cut_at_the_ends_of_their_bits() {
        assert_eq!([-129, -128, 127, 128, i32::MIN].map(sat8), [-128, -128, 127, 127, -128]);
        assert_eq!([-32769, -32768, 32767, 32768].map(sat16), [-32768, -32768, 32767, 32767]);
        assert_eq!(narrow(&[32767, -32768, 24, -24, 23], 4), [127, -128, 2, -1, 1]);
        assert_eq!(narrow(&[32767, -32768, 16384, -16384, -16385], 15), [1, -1, 1, 0, -1]);
    }

    #[test]
    fn tables_are_monotone_and_those_of_the_standard_library() {
        assert!(ROOTS.is_sorted_by(|a, b| a >= b));
        assert_eq!((ROOTS[0], ROOTS[63], ROOTS[64], ROOTS[255]), (255, 255, 254, 128));
        assert!(RECIPROCALS[..128].iter().all(|&r| r == 0));
        assert!(RECIPROCALS[128..].is_sorted_by(|a, b| a >= b));
        assert_eq!((RECIPROCALS[128], RECIPROCALS[255]), (255, 128));
        assert!(COSINES[..=128].is_sorted_by(|a, b| a >= b));
        assert_eq!([0, 32, 64, 128, 192].map(|i| COSINES[i]), [127, 90, 0, -127, 0]);
        for i in 0..256 {
            let at = i as f64;
            assert_eq!(f64::from(ROOTS[i]), (2040.0 / (at + 0.5).sqrt()).round().min(255.0));
            assert_eq!(f64::from(COSINES[i]), (127.0 * (at * std::f64::consts::TAU / 256.0).cos()).round());
            assert_eq!(COSINES[i], COSINES[(256 - i) % 256]);
            assert_eq!(COSINES[i], -COSINES[(i + 128) % 256]);
        }
    }

    /// The norm as it is written above.
    fn plain_norm(x: &[i32], down: u32) -> Vec<i32> {
        let largest = x.iter().map(|v| v.unsigned_abs()).max().unwrap_or(0);
        let s = (0..9).find(|s| largest >> s <= 255).unwrap();
        let sum: u64 = x.iter().map(|v| u64::from(v.unsigned_abs() >> s).pow(2)).sum();
        let t = (0..40).step_by(2).find(|t| sum >> t <= 255).unwrap();
        let root = (2040.0 / ((sum >> t) as f64 + 0.5).sqrt()).round().min(255.0) as i64;
        let result = |&v: &i32| divided(i64::from(v) * root, s + t / 2 + down).clamp(-32768, 32767);
        x.iter().map(|v| result(v) as i32).collect()
    }

    #[test]
    fn norms_of_corners() {
        assert_eq!(norm(&[], 0), [0; 0]);
        for n in [1, 2, 64, 8192] {
            assert_eq!(norm(&vec![0; n], 0), vec![0; n]);
        }
        // Below 64 in all, the root is the largest that there is.
        assert_eq!([1, -1, 7, 8, -8].map(|v| norm(&[v], 0)[0]), [255, -255, 1785, 2032, -2032]);
        assert_eq!([255, 256, 32767, -32768].map(|v| norm(&[v], 0)[0]), [2040, 2032, 2048, -2032]);
        // 128 each behind the shift, 65,536 in all: 64 of them, and a root of 254.
        assert_eq!(norm(&[-32768; 4], 0), [-1016; 4]);
        assert_eq!(norm(&[-32768; 4], 3), [-127; 4]);
        assert_eq!(norm(&[32767, -32768], 0), [1448, -1448]);
        for n in [1, 3, 16, 255, 256, 1024, 4096, 8192] {
            for value in [-32768, 32767, 256, 1] {
                for down in [0, 1, 7, 12] {
                    assert_eq!(
                        norm(&vec![value; n], down),
                        plain_norm(&vec![value; n], down),
                        "{value} {n} {down}"
                    );
                }
            }
        }
        // One that is large among many that are not.
        let mut x = vec![1; 100];
        x[7] = -32768;
        assert_eq!(norm(&x, 0), plain_norm(&x, 0));
        assert_eq!((norm(&x, 0)[7], norm(&x, 0)[8]), (-2032, 0));
    }

    #[test]
    fn norms_have_the_root_mean_square_that_is_promised() {
        let mut seed = 1u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i32 - 32768
        };
        for n in 1..300usize {
            let down = n as u32 % 3;
            let x: Vec<i32> = (0..n).map(|i| if i == 0 { 30_000 } else { next() >> (n % 4) }).collect();
            let result = norm(&x, down);
            assert_eq!(result, plain_norm(&x, down));
            let square: f64 = result.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n as f64;
            let wants = 2040.0 / (n as f64).sqrt() / f64::from(1u32 << down);
            assert!(
                (square.sqrt() / wants - 1.0).abs() < 0.03,
                "{n} elements: {} for {wants}",
                square.sqrt()
            );
        }
    }

    #[test]
    fn the_largest_sums_are_rescaled_in_32_bits() {
        let (least, most) = (-(1 << 23), (1 << 23) - 1);
        assert_eq!([least, most].map(|sum| rescale(sum, 255, 0)), [-2_139_095_040, 2_139_094_785]);
        // 127.5, of which a half is missing 0.000015 above and none below.
        assert_eq!([least, most].map(|sum| rescale(sum, 255, 24)), [-127, 127]);
        for shift in 0..=u32::from(MAX_RESCALE) {
            for mantissa in [0, 1, 128, 255] {
                for sum in [least, least + 1, -1, 0, 1, most] {
                    let wants = divided(i64::from(sum) * i64::from(mantissa), shift);
                    assert_eq!(
                        i64::from(rescale(sum, mantissa, shift)),
                        wants,
                        "{sum} · {mantissa} >> {shift}"
                    );
                }
            }
        }
    }

    #[test]
    fn pairs_turn_by_every_phase() {
        let ends = [-32768, 32767, 0, 1, -1, 12_345];
        for phase in 0..=255u8 {
            let angle = f64::from(phase) * std::f64::consts::TAU / 256.0;
            let (c, s) = ((127.0 * angle.cos()).round() as i64, (127.0 * angle.sin()).round() as i64);
            for (a, b) in ends.iter().flat_map(|&a| ends.map(|b| (a, b))) {
                let (x, y) = (i64::from(a), i64::from(b));
                let turned = [x * c - y * s, x * s + y * c];
                for bits in [0, 7, 13, 22] {
                    let wants = turned.map(|v| divided(v, bits).clamp(-128, 127) as i32);
                    assert_eq!(rotate(&[a, b], &[phase], bits), wants, "{a}, {b} by {phase} >> {bits}");
                }
            }
        }
        // A quarter, a half and three quarters of a turn.
        let by = |phase| rotate(&[6400, 640], &[phase], 13);
        assert_eq!([0, 64, 128, 192].map(by), [[99, 10], [-10, 99], [-99, -10], [10, -99]]);
        // The phases of a head come again with each head.
        assert_eq!(rotate(&[6400, 0, 6400, 0, 6400, 0, 6400, 0], &[0, 64], 13), [99, 0, 0, 99, 99, 0, 0, 99]);
    }

    #[test]
    fn phases_are_rounded_and_go_round() {
        let half = 1 << 15;
        assert_eq!([0, half - 1, half, 3 * half, 1 << 16].map(|step| phase(1, step)), [0, 0, 1, 2, 1]);
        assert_eq!([0, 1, 255, 256, 257].map(|position| phase(position, 1 << 16)), [0, 1, 255, 0, 1]);
        assert_eq!(phase(1, (1 << 24) - 1), 0, "nearly a whole turn is one");
        for position in [1, 2, 1000, 4095, 65_534, 65_535] {
            for step in [1, 0x28be60, 0x7fffff, 0x800000, 0xffffff] {
                let turn = (position as u64 * u64::from(step)) % (1 << 24);
                assert_eq!(u64::from(phase(position, step)), ((turn + (1 << 15)) >> 16) % 256);
            }
        }
    }

    /// A table that halves every entry.
    fn halves() -> Vec<u8> {
        (0..256).map(|i| if i < 8 { 255 >> i } else { 0 }).collect()
    }

    #[test]
    fn the_best_scores_weigh_most_and_ties_the_same() {
        let weights = |scores: &[i32], bits| attention_weights(scores, bits, &halves());
        assert_eq!(weights(&[], 0), [0; 0]);
        assert_eq!(weights(&[-9], 23), [255]);
        assert_eq!(weights(&[5, 5, 5], 0), [255; 3]);
        assert_eq!(weights(&[4, 5, 5, 3], 0), [127, 255, 255, 63]);
        // Differences of 0 to 1, 2 to 5, and 6.
        assert_eq!(weights(&[0, -1, -2, -5, -6], 2), [255, 255, 127, 127, 63]);
        let far = 512 * 128 * 128;
        assert_eq!(weights(&[far, -far], 0), [255, 0]);
        assert_eq!(weights(&[far, -far], 23), [255, 63], "a difference of 2^24");
    }

    #[test]
    fn means_of_one_and_of_many_positions() {
        for v in -128..=127 {
            let of = |weights: &[u8]| mix(weights, weights.iter().map(|_| v));
            // 255 · 128 is not quite 2^15.
            let near = v.max(-127);
            assert_eq!(of(&[255]), near);
            assert_eq!(of(&[255; 256]), near);
            assert_eq!(of(&[255; 4096]), near);
            for weights in [vec![128], vec![255, 1], vec![255, 255], vec![255; 200], vec![200, 56, 1, 0, 0]] {
                assert!((of(&weights) - v).abs() <= 1, "{v} by {weights:?}: {}", of(&weights));
            }
        }
        assert_eq!(mix(&[], [].into_iter()), 0);
        assert_eq!(mix(&[255, 255], [100, -100].into_iter()), 0);
        assert_eq!(mix(&[255, 0, 0], [77, 127, -128].into_iter()), 77);
        assert_eq!(mix(&[192, 64], [100, -100].into_iter()), 50);
    }

    #[test]
    fn attention_is_a_mean_for_each_head() {
        let rows = |rows: &[[i8; 2]]| -> Vec<Vec<i8>> { rows.iter().map(|row| row.to_vec()).collect() };
        let attend = |query: &[i32], keys: &[[i8; 2]], values: &[[i8; 2]], head, bits| {
            super::attend(query, &rows(keys), &rows(values), head, bits, &halves())
        };
        // Nothing to attend to.
        assert_eq!(attend(&[1, 2, 3, 4], &[], &[], 2, 0), [0; 4]);
        // One position, whatever it scores.
        assert_eq!(attend(&[-128, 127], &[[127, -128]], &[[5, -7]], 2, 0), [5, -7]);
        // Two heads that share keys: one finds the first position, one the second.
        let (keys, values) = ([[100, 0], [0, 100]], [[10, 20], [-30, -40]]);
        assert_eq!(attend(&[9, 0, 0, 9], &keys, &values, 2, 0), [10, 20, -30, -40]);
        // A head of one element for each element of a row.
        assert_eq!(attend(&[9, -9], &keys, &values, 1, 0), [10, 20]);
        // A tie is the mean of both.
        assert_eq!(attend(&[5, 5], &keys, &values, 2, 0), [-10, -10]);
    }

    #[test]
    fn gates_look_up_bytes() {
        let table: [i8; 256] = std::array::from_fn(|i| i as u8 as i8);
        let gate = |g, u, table: &[i8], bits| multiply(look_up(table, g), u, bits);
        assert_eq!([0, 127, -128, -1].map(|g| gate(g, 1, &table, 0)), [0, 127, -128, -1]);
        assert_eq!([127, -128].map(|u| gate(127, u, &table, 7)), [126, -127]);
        assert_eq!([127, -128].map(|u| gate(-128, u, &table, 0)), [-128, 127]);
        assert_eq!([3, -3].map(|u| gate(1, u, &table, 1)), [2, -1]);
        assert_eq!(gate(-128, -128, &table, 15), 1, "a half");
    }
}
