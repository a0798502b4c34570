//! A division that equals a function of sums, for processors that divide as fast as they multiply: the result has a byte, so
//! that eight steps give it.

use super::steps::{Reach, Steps};

/// `low + clamp((sum · 2^shift + add) / by, 0, span)`, rounded down, for all sums within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    pub by: i64,
    pub add: i64,
    pub shift: u8,
}

/// The largest slack: what two bits hold.
pub const SLACK: u8 = 3;

/// Why a divisor is not right.
enum Wrong {
    Large,
    Small,
}

impl Division {
    /// The division with such a shift and a divisor from 1 to `most` that equals the function for all sums within bounds, or, with
    /// a slack, that is one too much for up to so many sums in front of some thresholds ([`Division::early`]). Each
    /// threshold wants that what is added is neither too small nor too large for it, which is linear in the divisor; where no
    /// sum is right for all, the two that contradict each other say whether the divisor is too large.
    pub fn find(steps: &Steps, bounds: (i64, i64), shift: u8, most: i64, slack: u8) -> Option<Self> {
        let reach = Reach::new(steps, bounds);
        let slack = i128::from(slack);
        // One too much must not be two.
        if slack > 0 && reach.inside.windows(2).any(|pair| pair[1].1 - pair[0].1 <= slack) {
            return None;
        }
        let unit = 1i128 << shift;
        let (mut lowest, mut highest) = (1, i128::from(most));
        // Of a single result any divisor is right that is large enough, and of thresholds the slope says which is.
        if let (Some(&(first, at)), Some(&(last, to))) = (reach.inside.first(), reach.inside.last())
            && first < last
        {
            let slope = |sums: i128| sums * unit / (last - first);
            let off = 1 + slack;
            (lowest, highest) = (slope(to - at - off).max(1), highest.min(slope(to - at + off) + 1));
        }
        while lowest <= highest {
            let by = lowest + (highest - lowest) / 2;
            match Self::add(&reach, by, unit, slack) {
                Ok(add) => return Some(Self { by: by as i64, add: i64::try_from(add).ok()?, shift }),
                Err(Wrong::Large) => highest = by - 1,
                Err(Wrong::Small) => lowest = by + 1,
            }
        }
        None
    }

    /// The division by a power of two, without a shift.
    pub fn by_power(steps: &Steps, bounds: (i64, i64), power: u8) -> Option<Self> {
        let add = Self::add(&Reach::new(steps, bounds), 1 << power, 1, 0).ok()?;
        Some(Self { by: 1 << power, add: i64::try_from(add).ok()?, shift: 0 })
    }

    /// What must be added for a divisor.
    fn add(reach: &Reach, by: i128, unit: i128, slack: i128) -> Result<i128, Wrong> {
        // At least and at most, and the thresholds that say so.
        let (mut low, mut low_at) = (i128::MIN, 0);
        let (mut high, mut high_at) = (i128::MAX, 0);
        if reach.reached > 0 {
            (low, low_at) = (reach.reached * by - reach.least * unit, reach.reached);
        }
        if reach.has_more {
            (high, high_at) = (reach.next() * by - reach.most * unit - 1, reach.next());
        }
        for &(result, from) in &reach.inside {
            let (least, most) = (result * by - from * unit, result * by - (from - 1 - slack) * unit - 1);
            if least > low {
                (low, low_at) = (least, result);
            }
            if most < high {
                (high, high_at) = (most, result);
            }
        }
        if low > high {
            return Err(if low_at > high_at { Wrong::Large } else { Wrong::Small });
        }
        // The largest, which leaves most sums without a sign.
        Ok(if high == i128::MAX { low.max(-reach.least * unit) } else { high })
    }

    /// For how many sums too many it gives each result, two bits each from the upper ones of a byte on, up to `span`: the rest
    /// is less than so many units of the sum there.
    pub fn early(&self, steps: &Steps, bounds: (i64, i64)) -> Vec<u8> {
        let mut codes = vec![0; steps.span() / 4 + 1];
        for (result, from) in Reach::new(steps, bounds).inside {
            let gives =
                |sum: i128| (sum << self.shift) + i128::from(self.add) >= result * i128::from(self.by);
            let early = (1..=SLACK).take_while(|&sums| gives(from - i128::from(sums))).count() as u8;
            codes[result as usize / 4] |= early << (6 - 2 * (result % 4));
        }
        codes
    }

    /// The result of a sum.
    pub fn at(&self, steps: &Steps, sum: i64) -> i32 {
        let value = ((i128::from(sum) << self.shift) + i128::from(self.add)).div_euclid(self.by.into());
        steps.low + value.clamp(0, steps.span() as i128) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::network::{Steps as Rounding, step};

    #[test]
    fn a_division_that_is_found_equals_the_function_everywhere() {
        let mut found = 0;
        for (m, shift) in [(1_186_420_352, -7), (2_101_374_876, -9), (1_348_412_001, -5), (1_073_741_824, -7)]
        {
            for (zero, low) in [(-128, -128), (5, -128), (-3, -3), (127, -100)] {
                for rounding in [Rounding::Twice, Rounding::Up, Rounding::Even] {
                    let of = |sum: i64| {
                        i64::from((step(sum as i32, m, shift, rounding) + zero).clamp(low, 127)) + 128
                    };
                    let bounds = (-40_000, 41_234);
                    let steps = Steps::of(bounds, ((low + 128).into(), 255), of);
                    for shift in 0..=8 {
                        let Some(division) = Division::find(&steps, bounds, shift, 32_767, 0) else {
                            continue;
                        };
                        found += 1;
                        for sum in bounds.0..=bounds.1 {
                            assert_eq!(i64::from(division.at(&steps, sum)), of(sum), "{division:?} {sum}");
                        }
                    }
                }
            }
        }
        assert!(found > 40, "{found}");
    }

    #[test]
    fn a_division_with_slack_is_wrong_only_where_it_says_so() {
        let mut early = 0;
        for (m, shift) in
            [(1_186_420_352, -9), (2_101_374_876, -10), (1_348_412_001, -9), (1_080_000_000, -9)]
        {
            for rounding in [Rounding::Twice, Rounding::Up, Rounding::Even] {
                let of = |sum: i64| i64::from(step(sum as i32, m, shift, rounding).clamp(-128, 127)) + 128;
                let bounds = (-300_000, 290_000);
                let steps = Steps::of(bounds, (0, 255), of);
                let division = Division::find(&steps, bounds, 8, (1 << 23) - 1, SLACK).unwrap();
                let codes = division.early(&steps, bounds);
                for sum in bounds.0..=bounds.1 {
                    let value = (sum << 8) + division.add;
                    let quotient = value.div_euclid(division.by);
                    let mut result = quotient.clamp(0, 255);
                    let sums = codes[result as usize / 4] >> (6 - 2 * (result % 4)) & 3;
                    if result == quotient && value.rem_euclid(division.by) >> 8 < i64::from(sums) {
                        result -= 1;
                        early += 1;
                    }
                    assert_eq!(result, of(sum), "{division:?} {sum}");
                }
            }
        }
        assert!(early > 10, "{early}");
    }

    #[test]
    fn thresholds_that_are_near_each_other_have_no_slack() {
        let steps = Steps::of((0, 400), (0, 255), |sum| sum * 160 / 256);
        assert!(Division::find(&steps, (0, 400), 8, (1 << 23) - 1, 1).is_none());
    }

    #[test]
    fn powers_of_two_are_found_where_steps_are_such() {
        for (power, add) in [(0, 0), (5, 7), (9, -3000)] {
            let of = |sum: i64| ((sum + add) >> power).clamp(3, 200);
            let bounds = (-100_000, 150_000);
            let steps = Steps::of(bounds, (3, 200), of);
            let division = Division::by_power(&steps, bounds, power).unwrap();
            for sum in (bounds.0..=bounds.1).step_by(7).chain(steps.from.iter().flat_map(|f| [f - 1, *f])) {
                assert_eq!(i64::from(division.at(&steps, sum)), of(sum), "{power} {sum}");
            }
            assert!(Division::by_power(&steps, bounds, power + 1).is_none());
        }
    }

    #[test]
    fn a_single_result_has_a_division() {
        for low in [0, 7] {
            let steps = Steps::of((-500, 500), (0, 255), |sum| (sum / 4 + 128).clamp(low, 255));
            for sum in [-500, -3, 0, 77, 500] {
                for shift in 0..=8 {
                    let division = Division::find(&steps, (sum, sum), shift, 32_767, 0).unwrap();
                    assert_eq!(division.at(&steps, sum), steps.at(sum), "{shift} {sum}");
                }
            }
        }
    }

    #[test]
    fn a_function_that_no_division_gives_has_none() {
        // Four steps of 10, then one of 1.
        let steps = Steps { low: 3, from: vec![10, 20, 30, 40, 41] };
        assert!((0..=8).all(|shift| Division::find(&steps, (-100, 100), shift, 32_767, 0).is_none()));
    }
}
