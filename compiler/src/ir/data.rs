//! What is known at compile time.

use crate::model::{ChoiceRules, Linear, Prior, Requantization, ToolTable, Trees, Turns};
use crate::tokens::Tokenizer;
use std::fmt;

/// A value known at compile time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Const {
    pub name: String,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// `[rows, cols]`, row by row, each value of `bits` bits, two's complement.
    Matrix {
        rows: usize,
        cols: usize,
        bits: u8,
        values: Vec<i8>,
    },
    Vector(Vec<i16>),
    /// A byte an index.
    Charset(Vec<u8>),
    /// A text an index.
    Labels(Vec<String>),
    /// The bytes of each token.
    Pieces(Vec<Vec<u8>>),
    Tokenizer(Tokenizer),
    /// What frames a typed line.
    Turns(Turns),
    /// How an index is chosen of logits.
    Choice(ChoiceRules),
    /// What tokens cost behind others.
    Prior(Prior),
    /// What tokens name an action, and which.
    Tools(ToolTable),
    /// A mantissa for each element, and the shift right behind the product.
    Scale {
        mantissas: Vec<u8>,
        shift: u8,
    },
    /// How far a pair turns from one position to the next, in 2^-24ths of a turn.
    Steps(Vec<u32>),
    /// What attention looks differences of scores up in: 256 bytes, the first 255, never rising.
    Weights(Vec<u8>),
    /// 256 bytes for the values of a byte: first for 0 to 127, then for -128 to -1.
    Bytes(Vec<i8>),
    /// Integers of 32 bits: one for each channel, or 256 for the values of a byte, as in `Bytes`.
    Words(Vec<i32>),
    /// How sums become bytes.
    Requantization(Requantization),
    /// How readings of `count` values become bytes, and back: digits behind the point, and a line for each or one for all.
    Lines {
        count: usize,
        decimals: u8,
        lines: Vec<Linear>,
    },
    /// How readings become their ranks: digits behind the point, and the thresholds of each value, in units of the last.
    Ranks {
        decimals: u8,
        ranks: Vec<Vec<i32>>,
    },
    Trees(Trees),
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "@{} = ", self.name)?;
        match &self.data {
            Data::Matrix { rows, cols, bits, values } => {
                let nonzero = values.iter().filter(|&&w| w != 0).count();
                write!(f, "i{bits}[{rows}, {cols}], {nonzero} of {} not zero", values.len())
            }
            Data::Vector(values) => {
                let (least, most) = (values.iter().min(), values.iter().max());
                write!(f, "i16[{}], {}..{}", values.len(), least.unwrap_or(&0), most.unwrap_or(&0))
            }
            Data::Charset(bytes) => write!(f, "charset \"{}\"", bytes.escape_ascii()),
            Data::Labels(labels) => write!(f, "labels {labels:?}"),
            Data::Pieces(pieces) => write!(f, "pieces of {} tokens", pieces.len()),
            Data::Tokenizer(tokenizer) => write!(f, "tokenizer of {} tokens", tokenizer.pieces.len()),
            Data::Turns(turns) => {
                let (first, later) = turns.framing();
                write!(f, "turns, {first} tokens around the first line, {later} around a later one")
            }
            Data::Prior(prior) => {
                let (rows, pairs) = (prior.rows(), prior.pairs.len());
                write!(f, "prior[{rows}, {}], {pairs} pairs, << {}", prior.vocabulary(), prior.shift)
            }
            Data::Tools(table) => write!(f, "{} tools", table.tools.len()),
            Data::Choice(ChoiceRules { draw, penalty }) => {
                let drawn = draw.as_ref().map(|draw| format!("drawn of {}", draw.top_k));
                let penalty = penalty.map(|(_, recent)| format!("{recent} recent tokens held back"));
                let words: Vec<String> = drawn.into_iter().chain(penalty).collect();
                write!(
                    f,
                    "choice, {}",
                    if words.is_empty() { "the largest".into() } else { words.join(", ") }
                )
            }
            Data::Scale { mantissas, shift } => {
                let (least, most) = (mantissas.iter().min(), mantissas.iter().max());
                let (least, most) = (least.unwrap_or(&0), most.unwrap_or(&0));
                write!(f, "scale[{}], {least}..{most} >> {shift}", mantissas.len())
            }
            Data::Steps(steps) => write!(f, "steps {steps:?}"),
            Data::Weights(weights) => {
                write!(f, "weights, {} not zero", weights.iter().filter(|&&w| w > 0).count())
            }
            Data::Bytes(bytes) => {
                let (least, most) = (bytes.iter().min(), bytes.iter().max());
                write!(f, "table, {}..{}", least.unwrap_or(&0), most.unwrap_or(&0))
            }
            Data::Words(words) => {
                let (least, most) = (words.iter().min(), words.iter().max());
                write!(f, "i32[{}], {}..{}", words.len(), least.unwrap_or(&0), most.unwrap_or(&0))
            }
            Data::Requantization(r) => {
                let (steps, len) = (r.steps, r.multipliers.len());
                write!(f, "requantize[{len}] {steps:?}, + {} in {}..{}", r.zero, r.least, r.most)
            }
            Data::Lines { count, decimals, lines } => {
                write!(f, "lines[{}] for {count} numbers, {decimals} decimals", lines.len())
            }
            Data::Ranks { decimals, ranks } => {
                let all: usize = ranks.iter().map(Vec::len).sum();
                write!(f, "{all} thresholds for {} numbers, {decimals} decimals", ranks.len())
            }
            Data::Trees(trees) => {
                let (trees, splits, leaves) = (trees.roots.len(), trees.splits.len(), trees.leaves.len());
                write!(f, "trees[{trees}], {splits} splits, {leaves} leaves")
            }
        }
    }
}
