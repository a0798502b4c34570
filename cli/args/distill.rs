//! What can be typed behind `mlc distill`.

use super::compute::ComputeArgs;
use super::family::PriorArg;
use super::help;
use super::sequence::{Bits, SequenceArgs};
use super::train::LogFile;
use super::values::{file_of, whole};
use clap::{Args, ValueEnum};
use mlc_trainer::sequence::{MAX_PRIOR_BYTES, Method};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = help::DISTILL)]
pub struct DistillArgs {
    /// The float network: what `mlc import` reads of sequence models
    #[arg(value_name = "TEACHER")]
    pub teacher: PathBuf,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE.ron", default_value = "model.ron", value_parser = file_of("RON", "ron"))]
    pub output: PathBuf,
    /// Weights of the model's blocks
    #[arg(long, value_name = "BITS", default_value = "ternary")]
    pub weights: Bits,
    #[command(flatten)]
    pub sequence: SequenceArgs,
    /// Texts to train on, one a line [default: texts that the teacher writes]
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// How many texts the teacher writes [default: 4096]
    #[arg(long, value_name = "N", value_parser = whole(16usize, 1_000_000), conflicts_with = "text")]
    pub texts: Option<usize>,
    /// Most tokens of a text to train on [default: 160]
    #[arg(long, value_name = "N", value_parser = whole(8usize, 4096))]
    pub length: Option<usize>,
    /// Texts to measure on, one a line
    #[arg(long, value_name = "FILE")]
    pub held_out: Option<PathBuf>,
    /// Most tokens that the model reads for a question, those of the question included
    #[arg(long, value_name = "N", value_parser = whole(2u16, u16::MAX))]
    pub most: Option<u16>,
    /// Count how tokens follow each other in the texts: a table of costs, which the network corrects
    #[arg(long, value_name = "ORDER")]
    pub prior: Option<PriorArg>,
    /// Most bytes of that table: contexts that gain most have a row [default: 16384]
    #[arg(long, value_name = "N", value_parser = whole(1usize, MAX_PRIOR_BYTES))]
    pub prior_bytes: Option<usize>,
    /// Mini-batches of the whole training [default: 3000]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 100_000_000))]
    pub steps: Option<usize>,
    /// Texts in a mini-batch [default: 16]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub batch: Option<usize>,
    /// Learning rate: straight-through it falls along half a cosine, incremental it stays [default: 0.002; 0.0007 for
    /// incremental; straight-through 0.001 for 3 bits, 0.0004 for more]
    #[arg(long, alias = "rate", value_name = "RATE")]
    pub lr: Option<f32>,
    /// How weights come onto their grids [default: incremental where weights and embedding have 3 bits or more,
    /// straight-through elsewhere]
    #[arg(long, value_name = "METHOD")]
    pub method: Option<MethodArg>,
    /// The model is made of the running mean of all parameters, of which a mini-batch leaves this share; 0: of the last
    /// ones [default: 0.98]
    #[arg(long, value_name = "SHARE")]
    pub average: Option<f32>,
    /// Same seed, same model [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(0u64, u64::MAX))]
    pub seed: Option<u64>,
    /// How many threads; the model does not depend on it [default: one a processor]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1024))]
    pub threads: Option<usize>,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Name of the model [default: the file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// What the model is, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// A key of the file that mlc does not know, and that changes nothing in the answers; may repeat
    #[arg(long, value_name = "KEY")]
    pub ignore: Vec<String>,
    /// Write a row for each epoch, as comma-separated values or JSON lines
    #[arg(long, value_name = "FILE.csv|.jsonl")]
    pub log: Option<LogFile>,
    /// Draw the figures by epoch
    #[arg(long, value_name = "FILE.svg", value_parser = file_of("SVG", "svg"))]
    pub curve: Option<PathBuf>,
}

impl DistillArgs {
    /// All files to write.
    pub fn outputs(&self) -> impl Iterator<Item = &Path> {
        let others = [self.curve.as_deref(), self.log.as_ref().map(|log| log.path.as_path())];
        [self.output.as_path()].into_iter().chain(others.into_iter().flatten())
    }
}

/// How weights come onto their grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// All are rounded in every mini-batch, and what is behind them learns as if they were not
    StraightThrough,
    /// One after the other, for good; those that are still free make the errors good
    Incremental,
}

impl MethodArg {
    pub fn method(self) -> Method {
        match self {
            Self::StraightThrough => Method::StraightThrough,
            Self::Incremental => Method::Incremental,
        }
    }
}
