//! Options about sequence models, which `mlc import` and `mlc eval` share.

use super::values::whole;
use clap::{Args, ValueEnum};
use mlc_compiler::model::Grid;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The heading of these options.
pub const SEQUENCE: &str = "Sequence models";

/// What is not said by a network's own file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SEQUENCE)]
pub struct SequenceArgs {
    /// The tokenizer of the network: a tokenizer.bin of llama2.c, a tokenizer.json [default: in a folder, the one there]
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// Bits of the embedding and the output [default: as the others, but 4 for ternary and 2-bit ones]
    #[arg(long, value_name = "BITS")]
    pub embedding_bits: Option<Bits>,
    /// Positions whose keys and values are kept: the first, and the latest ones [default: 64]
    #[arg(long, value_name = "N", value_parser = whole(2usize, 4096))]
    pub window: Option<usize>,
    /// Texts to calibrate on, one a line [default: the network writes some itself]
    #[arg(long, value_name = "FILE")]
    pub calibrate: Option<PathBuf>,
}

impl SequenceArgs {
    /// Nothing but the file of a tokenizer.
    pub fn of_tokenizer(tokenizer: Option<&Path>) -> Self {
        Self {
            tokenizer: tokenizer.map(Path::to_path_buf),
            embedding_bits: None,
            window: None,
            calibrate: None,
        }
    }

    /// The name of an option that was given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            (self.tokenizer.is_some(), "--tokenizer"),
            (self.embedding_bits.is_some(), "--embedding-bits"),
            (self.window.is_some(), "--window"),
            (self.calibrate.is_some(), "--calibrate"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }
}

/// Integers that weights may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Bits {
    /// -127 to 127
    #[value(name = "8")]
    #[serde(rename = "8")]
    Eight,
    /// -63 to 63
    #[value(name = "7")]
    #[serde(rename = "7")]
    Seven,
    /// -31 to 31
    #[value(name = "6")]
    #[serde(rename = "6")]
    Six,
    /// -15 to 15
    #[value(name = "5")]
    #[serde(rename = "5")]
    Five,
    /// -7 to 7
    #[value(name = "4")]
    #[serde(rename = "4")]
    Four,
    /// -3 to 3
    #[value(name = "3")]
    #[serde(rename = "3")]
    Three,
    /// -2 to 1
    #[value(name = "2")]
    #[serde(rename = "2")]
    Two,
    /// -1, 0, 1
    #[value(name = "ternary")]
    #[serde(rename = "ternary")]
    Ternary,
}

impl Bits {
    /// Those of a grid.
    pub fn of(grid: Grid) -> Option<Self> {
        Self::value_variants().iter().copied().find(|bits| bits.grid() == grid)
    }

    pub fn grid(self) -> Grid {
        match self {
            Self::Eight => Grid::Symmetric { bits: 8 },
            Self::Seven => Grid::Symmetric { bits: 7 },
            Self::Six => Grid::Symmetric { bits: 6 },
            Self::Five => Grid::Symmetric { bits: 5 },
            Self::Four => Grid::Symmetric { bits: 4 },
            Self::Three => Grid::Symmetric { bits: 3 },
            Self::Two => Grid::TwoBits,
            Self::Ternary => Grid::Ternary,
        }
    }

    /// Those of the embedding where nothing else is said: few levels cost most there, and it is looked up, not computed.
    pub fn of_embedding(self) -> Self {
        match self {
            Self::Two | Self::Ternary => Self::Four,
            other => other,
        }
    }

    /// As it is typed.
    pub fn typed(self) -> &'static str {
        match self {
            Self::Eight => "8",
            Self::Seven => "7",
            Self::Six => "6",
            Self::Five => "5",
            Self::Four => "4",
            Self::Three => "3",
            Self::Two => "2",
            Self::Ternary => "ternary",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Eight => "8 bits",
            Self::Seven => "7 bits",
            Self::Six => "6 bits",
            Self::Five => "5 bits",
            Self::Four => "4 bits",
            Self::Three => "3 bits",
            Self::Two => "2 bits",
            Self::Ternary => "ternary",
        }
    }
}
