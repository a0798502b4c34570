//! The types of values and of states.

use super::{BlockId, ConstId};
use std::fmt;

/// Integers that a vector is made of, two's complement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Elem {
    I8,
    I16,
    I24,
    I32,
}

impl Elem {
    pub fn bits(self) -> u32 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I24 => 24,
            Self::I32 => 32,
        }
    }

    /// The element that equals `value` modulo 2^bits.
    pub fn wrap(self, value: i32) -> i32 {
        let unused = 32 - self.bits();
        value << unused >> unused
    }

    /// The smallest and the largest one.
    pub fn limits(self) -> (i32, i32) {
        let unused = 32 - self.bits();
        (i32::MIN >> unused, i32::MAX >> unused)
    }
}

impl fmt::Display for Elem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "i{}", self.bits())
    }
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Bytes, at most `max` of them; only [`super::Op::Query`] may give more.
    Text {
        max: usize,
    },
    Vector {
        elem: Elem,
        len: usize,
    },
    /// Weights of so many bits, two's complement.
    Matrix {
        rows: usize,
        cols: usize,
        bits: u8,
    },
    /// Below `below`.
    Index {
        below: usize,
    },
    /// Tokens, each below `below`.
    Tokens {
        below: usize,
    },
    /// Vectors of `len` bytes for at most `rows` positions.
    Rows {
        rows: usize,
        len: usize,
    },
    /// Nothing: the node is there for its effect.
    Unit,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Text { max } => write!(f, "text[{max}]"),
            Self::Vector { elem, len } => write!(f, "{elem}[{len}]"),
            Self::Matrix { rows, cols, bits } => write!(f, "i{bits}[{rows}, {cols}]"),
            Self::Index { below } => write!(f, "index<{below}>"),
            Self::Tokens { below } => write!(f, "tokens<{below}>"),
            Self::Rows { rows, len } => write!(f, "rows[{rows}, {len}]"),
            Self::Unit => write!(f, "()"),
        }
    }
}

/// What a block carries on: see the contract in [`crate::ir`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub name: String,
    /// It is started when this block is entered.
    pub owner: BlockId,
    pub ty: StateType,
    /// It belongs to the entry block and is started once, not for each query.
    pub kept: bool,
}

/// What a state holds, and how it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateType {
    /// The last `length` characters pushed, folded; at first spaces.
    Text { length: usize },
    /// A vector; at first the one in `start`.
    Vector { elem: Elem, start: ConstId },
    /// Tokens below `below` that wait to be taken, at first none. `most` tokens are taken in all, and no more wait.
    Tokens { below: usize, most: usize },
    /// Vectors of `len` bytes, at first none: those of the first position and of the last `rows - 1`. Position `p` lies in
    /// row `p` while there is room, then in row `1 + (p - 1) mod (rows - 1)`.
    Cache { rows: usize, len: usize },
    /// Random numbers of 16 bits that are not 0; `seed` in front of the first.
    Random { seed: u16 },
}

impl State {
    /// The same state with its constant elsewhere.
    pub fn map(&self, mut constant: impl FnMut(ConstId) -> ConstId) -> Self {
        let ty = match self.ty {
            StateType::Text { length } => StateType::Text { length },
            StateType::Vector { elem, start } => StateType::Vector { elem, start: constant(start) },
            other @ (StateType::Tokens { .. } | StateType::Cache { .. } | StateType::Random { .. }) => other,
        };
        Self { name: self.name.clone(), owner: self.owner, ty, kept: self.kept }
    }
}

/// Hash encoders; both count in `buckets` buckets. See [`crate::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoder {
    /// Positions hash differently in each of `bands` bands, 1 to 16.
    Trigrams {
        buckets: u16,
        bands: u8,
    },
    Ngrams {
        buckets: u16,
    },
}

impl Encoder {
    pub fn buckets(self) -> u16 {
        match self {
            Self::Trigrams { buckets, .. } | Self::Ngrams { buckets } => buckets,
        }
    }
}
