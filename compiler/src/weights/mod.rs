//! How weights are stored: one file an encoding, each with the decoder that its test holds it to.
//!
//! A matrix is taken apart by columns, the weights of one input: who walks columns skips an input that is zero.
//! [`Column`] is the common ground; every encoding turns columns, or the rows across them, into bytes of its own. Encodings know nothing of
//! processors: which of them a kernel reads, and where the bytes lie, is the kernel's business.

pub mod bits;
pub mod codes;
mod column;
pub mod gaps;
pub mod lists;
pub mod packed;
pub mod planes;
pub mod shared;

pub use column::Column;
pub use shared::Fold;

use std::fmt;

/// Outputs that one byte addresses: a tile of a column.
pub const TILE: usize = 256;

/// Outputs in each tile: 256, and what is left in the last.
pub fn tiles(outputs: usize) -> Vec<usize> {
    (0..outputs.div_ceil(TILE)).map(|t| (outputs - t * TILE).min(TILE)).collect()
}

/// How the weights of a product are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Four weights a byte, or eight where all are -1 or +1, column by column; unpacked while multiplying.
    Packed,
    /// Index lists of the weights that are not zero, column by column.
    Columns,
    /// Index lists in which outputs share sums: see [`shared`].
    Shared,
    /// Distances from one output to the next, in nibbles, column by column.
    Gaps,
    /// Straight-line code for each column.
    Unrolled,
    /// Bit planes, row by row, whose groups of inputs are looked up in tables of sums: see [`planes`].
    Planes,
}

impl Form {
    /// Every form, in the order in which tables show them.
    pub const ALL: [Self; 6] =
        [Self::Packed, Self::Columns, Self::Shared, Self::Gaps, Self::Unrolled, Self::Planes];

    /// Position in [`Form::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::Columns => "columns",
            Self::Shared => "shared",
            Self::Gaps => "gaps",
            Self::Unrolled => "unrolled",
            Self::Planes => "planes",
        }
    }

    /// Whether weights are index lists.
    pub fn is_lists(self) -> bool {
        matches!(self, Self::Columns | Self::Shared)
    }

    /// Whether there is a kernel that counts in bytes: one that walks the outputs it adds to, one by one.
    pub fn can_count(self) -> bool {
        matches!(self, Self::Columns | Self::Shared | Self::Gaps)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}
