//! How a matrix lies in flash, and which kernel reads it.

use crate::model::{Grid, Matrix};

/// A way to store weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A byte a weight of up to 5 bits: eight products are added in 16 bits.
    Bytes,
    /// A byte a weight.
    Bytes8,
    /// Two weights of up to 4 bits a byte.
    Nibbles,
    /// Eight weights of 5 bits in five bytes.
    Fives,
    /// Tables of 27 sums: three ternary weights a byte.
    Threes,
    /// Tables of 81 sums: four ternary weights a byte.
    Fours,
    /// Tables of 64 sums: three weights of -2 to 1 a byte.
    Twos,
}

/// Weights of one form that index tables of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digits {
    /// Values that a weight may have.
    pub base: usize,
    /// Weights a byte.
    pub count: usize,
    /// The lowest value, negated.
    pub lowest: i8,
}

impl Digits {
    /// Sums of a table.
    pub fn entries(self) -> usize {
        self.base.pow(self.count as u32)
    }

    /// Tables that a page has room for.
    pub fn per_page(self) -> usize {
        128 / self.entries()
    }

    /// Bytes from a sum of a table to its next.
    pub fn stride(self) -> usize {
        2 * self.per_page()
    }

    /// The blocks of columns whose tables `pages` pages have room for: the first input, and groups. They are of equal
    /// sizes, so that they share code.
    pub fn blocks(self, cols: usize, pages: usize) -> Vec<(usize, usize)> {
        let all = cols.div_ceil(self.count);
        let room = (pages * self.per_page()).min(255);
        let size = all.div_ceil(all.div_ceil(room.max(1)));
        (0..all).step_by(size).map(|group| (group * self.count, size.min(all - group))).collect()
    }
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Bytes8 => "bytes8",
            Self::Nibbles => "nibbles",
            Self::Fives => "fives",
            Self::Threes => "threes",
            Self::Fours => "fours",
            Self::Twos => "twos",
        }
    }

    /// The tables that it looks sums up in.
    pub fn digits(self) -> Option<Digits> {
        match self {
            Self::Threes => Some(Digits { base: 3, count: 3, lowest: 1 }),
            Self::Fours => Some(Digits { base: 3, count: 4, lowest: 1 }),
            Self::Twos => Some(Digits { base: 4, count: 3, lowest: 2 }),
            Self::Bytes | Self::Bytes8 | Self::Nibbles | Self::Fives => None,
        }
    }

    /// What is added to a weight, so that it is not negative.
    pub fn offset(self) -> i32 {
        match self {
            Self::Bytes | Self::Fives => 16,
            Self::Bytes8 => 128,
            Self::Nibbles | Self::Threes | Self::Fours | Self::Twos => 8,
        }
    }

    /// Bytes of 16 weights.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::Bytes | Self::Bytes8 => 16,
            Self::Nibbles => 8,
            Self::Fives | Self::Threes | Self::Fours | Self::Twos => 10,
        }
    }

    /// Bytes of a row.
    pub fn row_bytes(self, cols: usize) -> usize {
        match self.digits() {
            Some(digits) => cols.div_ceil(digits.count),
            None => cols.div_ceil(16) * self.block_bytes(),
        }
    }

    /// Whether the kernel is exact for such a matrix: its weights fit, and sums of tables 16 bits.
    pub fn fits(self, m: &Matrix) -> bool {
        let within = |least: i8, most: i8| m.values.iter().all(|w| (least..=most).contains(w));
        match self {
            Self::Bytes | Self::Fives => within(-15, 15),
            Self::Bytes8 => true,
            Self::Nibbles => within(-8, 7),
            Self::Threes | Self::Fours => m.grid == Grid::Ternary && m.cols <= 255,
            Self::Twos => within(-2, 1) && m.cols <= 127,
        }
    }

    /// The forms that are exact, the smallest first. `tables`: whether there may be tables of sums.
    pub fn exact(m: &Matrix, tables: bool) -> Vec<Self> {
        let all =
            [Self::Fours, Self::Threes, Self::Twos, Self::Nibbles, Self::Fives, Self::Bytes, Self::Bytes8];
        all.into_iter().filter(|form| (tables || form.digits().is_none()) && form.fits(m)).collect()
    }
}

/// Digits in Gray's order: each differs from the one before by one in one place.
pub fn gray(digits: Digits) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..digits.count {
        let mut next = Vec::new();
        for digit in 0..digits.base {
            let with = |one: &Vec<usize>| [one.as_slice(), &[digit]].concat();
            match digit % 2 {
                0 => next.extend(all.iter().map(with)),
                _ => next.extend(all.iter().rev().map(with)),
            }
        }
        all = next;
    }
    all
}
