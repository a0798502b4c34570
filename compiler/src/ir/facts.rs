//! What is known of a value before it is computed.

use std::fmt;

/// Bounds of an integer, both included. Wide enough for sums before they wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub least: i64,
    pub most: i64,
}

impl Interval {
    pub const fn new(least: i64, most: i64) -> Self {
        Self { least, most }
    }

    pub const fn point(value: i64) -> Self {
        Self::new(value, value)
    }

    /// All 16-bit integers.
    pub const I16: Self = Self::new(i16::MIN as i64, i16::MAX as i64);

    pub fn contains(self, other: Self) -> bool {
        self.least <= other.least && other.most <= self.most
    }

    /// The smallest interval around both.
    pub fn hull(self, other: Self) -> Self {
        Self::new(self.least.min(other.least), self.most.max(other.most))
    }

    /// Image under a function that never decreases.
    pub fn map(self, f: impl Fn(i64) -> i64) -> Self {
        Self::new(f(self.least), f(self.most))
    }
}

impl std::ops::Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.least + other.least, self.most + other.most)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}..{}", self.least, self.most)
    }
}

/// Facts proven of a vector; the default knows nothing.
///
/// They hold of numbers that equal the elements modulo 2^bits: of the mathematical value of a product or a sum, before it
/// wraps. Where bounds lie within the limits of the element, those numbers are the elements; bounds of
/// [`crate::ir::Op::Shift`] and [`crate::ir::Op::Relu`] always do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Bounds of each element; empty where nothing is known.
    pub range: Vec<Interval>,
    /// Bound of the sum of all elements, of which none is negative.
    pub total: Option<i64>,
    /// Every element is a multiple of it; 0 for a vector of zeros. Of no meaning where there are no bounds.
    pub multiple_of: i64,
}

impl Facts {
    /// Bounds that hold for every element.
    pub fn hull(&self) -> Option<Interval> {
        self.range.iter().copied().reduce(Interval::hull)
    }
}
