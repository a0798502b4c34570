//! What becomes of a sum: a monotone step function, and a multiplication with a shift that equals it wherever a sum can be.
//!
//! A function is its thresholds: the result is `low`, and one more for each threshold that the sum reaches. So whatever
//! rounding a file asks for, kernels compare integers. Where a multiplication `(m · (sum + k) + c) >> shift` passes each
//! threshold at the same sum, it is the same function, for both are monotone; [`Scale::find`] proves that for every
//! threshold within the bounds of the sum.

/// A monotone function of sums.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Steps {
    /// What the least sums become: a byte, or a value of 16 bits.
    pub low: i32,
    /// The least sum that becomes one more, and so on; never falling.
    pub from: Vec<i64>,
}

/// A multiplication that equals a function for all sums within bounds: `low + clamp((m · (sum + k) + c) >> shift, 0, span)`.
/// Where `sum + k` is negative, that is `low`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    pub m: u32,
    pub c: u32,
    pub k: i64,
    pub class: Class,
}

/// A multiplication as kernels have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// Bytes of the factor.
    pub bytes: u8,
    /// 16, or 24 to 32.
    pub shift: u8,
    /// Lowest bit of what is added, 8 or 16. It is less than the factor.
    pub grain: u8,
}

impl Class {
    /// Those that kernels have, the fastest first: shifts of 24 to 32 bits, of whole bytes before others.
    pub fn all() -> impl Iterator<Item = Self> {
        let short = [16, 24].map(|shift| Self { bytes: 2, shift, grain: 8 });
        let shifts = || [24, 32].into_iter().chain((25..32).rev());
        let long = [16, 8]
            .into_iter()
            .flat_map(move |grain| shifts().map(move |shift| Self { bytes: 3, shift, grain }));
        short.into_iter().chain(long)
    }

    /// Those of four bytes, for results of 16 bits.
    pub fn long() -> impl Iterator<Item = Self> {
        (24..=47).rev().map(|shift| Self { bytes: 4, shift, grain: 0 })
    }
}

/// Factors on each side that are tried where what is added does not fit.
const NEAR: i128 = 128;

impl Steps {
    /// The thresholds of a monotone function between the bounds of its argument, with results from the first of `range` to the
    /// second: those that every sum reaches are at the lower bound, those that none does are above the upper one.
    ///
    /// # Panics
    /// When `of` falls between the bounds.
    pub fn of(bounds: (i64, i64), range: (i64, i64), of: impl Fn(i64) -> i64) -> Self {
        let (least, most) = bounds;
        let (first, last) = (of(least), of(most));
        assert!(first <= last, "a bug in mlc: a function of sums falls");
        let mut from = Vec::with_capacity((range.1 - range.0) as usize);
        let mut below = least;
        for result in range.0 + 1..=range.1 {
            if result <= first {
                from.push(least);
                continue;
            }
            if result > last {
                from.push(most + 1);
                continue;
            }
            if of(below) >= result {
                from.push(below);
                continue;
            }
            let (mut no, mut yes) = (below, most);
            while yes - no > 1 {
                let middle = no + (yes - no) / 2;
                if of(middle) >= result { yes = middle } else { no = middle }
            }
            from.push(yes);
            below = yes;
        }
        Self { low: range.0 as i32, from }
    }

    /// The result of a sum.
    pub fn at(&self, sum: i64) -> i32 {
        self.low + self.from.partition_point(|from| *from <= sum) as i32
    }

    /// What results are above `low` at most.
    pub fn span(&self) -> usize {
        self.from.len()
    }

    /// Whether all sums within bounds have one result.
    pub fn is_constant(&self, bounds: (i64, i64)) -> bool {
        self.at(bounds.0) == self.at(bounds.1)
    }
}

impl Scale {
    /// A multiplication of a class that equals the function for all sums within bounds.
    pub fn find(steps: &Steps, bounds: (i64, i64), class: Class) -> Option<Self> {
        if steps.from.is_empty() {
            return Some(Self { m: 1, c: 0, k: 0, class });
        }
        let limits = Limits::new(steps, bounds, class);
        let (mut lowest, mut highest) = limits.factors()?;
        while lowest <= highest {
            let m = lowest + (highest - lowest) / 2;
            match limits.tried(m) {
                Tried::Right(scale) => return Some(scale),
                Tried::TooLarge => highest = m - 1,
                Tried::TooSmall => lowest = m + 1,
                // What is added has bits that the class has not: a factor beside may want others.
                Tried::TooFine => {
                    let near = (1..=NEAR).flat_map(|n| [m + n, m - n]);
                    let near = near.filter(|m| (lowest..=highest).contains(m));
                    let right = |m| match limits.tried(m) {
                        Tried::Right(scale) => Some(scale),
                        _ => None,
                    };
                    return near.into_iter().find_map(right);
                }
            }
        }
        None
    }

    /// The result of a sum.
    pub fn at(&self, steps: &Steps, sum: i64) -> i32 {
        let value = i128::from(self.m) * i128::from(sum + self.k) + i128::from(self.c);
        steps.low + (value >> self.class.shift).clamp(0, steps.span() as i128) as i32
    }
}

/// What a function that stands for thresholds must keep to.
pub struct Reach {
    /// Thresholds that some sums reach and others do not: their number, and the sum.
    pub inside: Vec<(i128, i128)>,
    /// Thresholds that every sum reaches, and whether there are some that none does.
    pub reached: i128,
    pub has_more: bool,
    pub least: i128,
    pub most: i128,
}

impl Reach {
    pub fn new(steps: &Steps, (least, most): (i64, i64)) -> Self {
        let reached = steps.from.partition_point(|from| *from <= least);
        let until = steps.from.partition_point(|from| *from <= most);
        let inside = (reached..until).map(|i| (i as i128 + 1, i128::from(steps.from[i])));
        Self {
            inside: inside.collect(),
            reached: reached as i128,
            has_more: until < steps.from.len(),
            least: least.into(),
            most: most.into(),
        }
    }

    /// The threshold behind the last one that some sum reaches.
    pub fn next(&self) -> i128 {
        self.reached + self.inside.len() as i128 + 1
    }
}

/// What a multiplication of a class must keep to.
struct Limits {
    sums: Reach,
    class: Class,
}

impl Limits {
    fn new(steps: &Steps, bounds: (i64, i64), class: Class) -> Self {
        Self { sums: Reach::new(steps, bounds), class }
    }

    fn unit(&self) -> i128 {
        1 << self.class.shift
    }

    /// The least and the largest factor that can be right.
    fn factors(&self) -> Option<(i128, i128)> {
        let limit = (1i128 << (8 * self.class.bytes)) - 1;
        let ends = self.sums.inside.first().zip(self.sums.inside.last());
        let Some((&(first, at), &(last, to))) = ends else {
            // One result: of a single sum any factor gives it.
            return (self.sums.least == self.sums.most).then_some((limit / 2 + 1, limit / 2 + 1));
        };
        if first == last {
            // A single threshold: any slope that stays within one step.
            let m = (self.unit() / 2 / (self.sums.most - self.sums.least).max(1)).clamp(1, limit);
            return Some((m, m));
        }
        let rise = (last - first) * self.unit();
        let (lowest, highest) = (rise / (to - at + 1), rise / (to - at - 1).max(1) + 1);
        let (lowest, highest) = (lowest.max(1), highest.min(limit));
        (lowest <= highest).then_some((lowest, highest))
    }

    /// Whether a factor is right. Between two thresholds it is too large where it passes the later one too early for what
    /// the earlier one wants.
    fn tried(&self, m: i128) -> Tried {
        let unit = self.unit();
        // What is added at least and at most, and the thresholds that say so.
        let (mut low, mut low_at) = (i128::MIN, i128::MIN);
        let (mut high, mut high_at) = (i128::MAX, i128::MAX);
        // Beyond the last result more changes nothing; neither does less below the first.
        if self.sums.reached > 0 {
            (low, low_at) = (self.sums.reached * unit - m * self.sums.least, self.sums.least);
        }
        if self.sums.has_more {
            (high, high_at) = (self.sums.next() * unit - m * self.sums.most - 1, self.sums.most + 1);
        }
        for &(v, from) in &self.sums.inside {
            let (least, most) = (v * unit - m * from, v * unit - m * (from - 1) - 1);
            if least > low {
                (low, low_at) = (least, from);
            }
            if most < high {
                (high, high_at) = (most, from);
            }
            if low > high {
                return if high_at > low_at { Tried::TooLarge } else { Tried::TooSmall };
            }
        }
        if self.sums.inside.is_empty() && !self.sums.has_more {
            high = low.max(0) + 2 * m;
        }
        if low > high {
            return Tried::TooLarge;
        }
        let k = high.div_euclid(m);
        let c = high.rem_euclid(m) >> self.class.grain << self.class.grain;
        match i64::try_from(k) {
            Ok(k) if m * i128::from(k) + c >= low => {
                Tried::Right(Scale { m: m as u32, c: c as u32, k, class: self.class })
            }
            _ => Tried::TooFine,
        }
    }
}

/// What becomes of a factor that is tried.
enum Tried {
    Right(Scale),
    TooLarge,
    TooSmall,
    TooFine,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::network::{Steps as Rounding, step};

    /// Multipliers and shifts of real files, and corners.
    const CASES: [(i32, i8); 7] = [
        (1_186_420_352, -8),
        (2_101_374_876, -9),
        (1_073_741_824, -7),
        (2_147_483_647, -10),
        (1_348_412_001, -5),
        (1_999_999_999, -12),
        (1_610_612_737, -3),
    ];

    #[test]
    fn thresholds_are_the_function() {
        for (m, shift) in CASES {
            for rounding in [Rounding::Twice, Rounding::Up, Rounding::Even] {
                let of = |sum: i64| i64::from(step(sum as i32, m, shift, rounding)).clamp(-128, 127) + 128;
                let bounds = (-70_001, 69_993);
                let steps = Steps::of(bounds, (0, 255), of);
                for sum in (bounds.0..=bounds.1).step_by(7).chain(steps.from.iter().flat_map(|&f| [f - 1, f]))
                {
                    let sum = sum.clamp(bounds.0, bounds.1);
                    assert_eq!(i64::from(steps.at(sum)), of(sum), "{m} {shift} {sum}");
                }
            }
        }
    }

    #[test]
    fn a_multiplication_that_is_found_equals_the_function_everywhere() {
        let mut found = 0;
        for (m, shift) in CASES {
            for (zero, low) in [(-128, -128), (5, -128), (-3, -3), (127, -100)] {
                let of = |sum: i64| {
                    i64::from((step(sum as i32, m, shift, Rounding::Twice) + zero).clamp(low, 127)) + 128
                };
                let bounds = (-40_000, 41_234);
                let steps = Steps::of(bounds, ((low + 128).into(), 255), of);
                for class in Class::all() {
                    let Some(scale) = Scale::find(&steps, bounds, class) else { continue };
                    found += 1;
                    assert!(u64::from(scale.m) < 1 << (8 * class.bytes) && scale.c < scale.m);
                    for sum in bounds.0..=bounds.1 {
                        assert_eq!(i64::from(scale.at(&steps, sum)), of(sum), "{scale:?} {sum}");
                        assert!(sum + scale.k >= 0 || scale.at(&steps, sum) == steps.low);
                    }
                }
            }
        }
        assert!(found > 40, "{found}");
    }

    #[test]
    fn a_single_result_has_a_factor() {
        for low in [0, 7] {
            let steps = Steps::of((-500, 500), (0, 255), |sum| (sum / 4 + 128).clamp(low, 255));
            for sum in [-500, -3, 0, 77, 500] {
                for class in Class::all() {
                    let scale = Scale::find(&steps, (sum, sum), class).unwrap();
                    assert_eq!(scale.at(&steps, sum), steps.at(sum), "{class:?} {sum}");
                }
            }
        }
    }

    #[test]
    fn a_function_that_no_multiplication_gives_has_none() {
        // Four steps of 10, then one of 1.
        let steps = Steps { low: 3, from: vec![10, 20, 30, 40, 41] };
        assert!(Class::all().all(|class| Scale::find(&steps, (-100, 100), class).is_none()));
    }
}
