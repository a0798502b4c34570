//! What can be typed behind `mlc eval` and `mlc data`, the verbs that read pairs and other data.

use super::help;
use super::model::ModelArg;
use super::sequence::{Bits, SEQUENCE, SequenceArgs};
use super::values::{list_file, whole};
use clap::{Args, Subcommand, ValueEnum};
use mlc_trainer::expand::MOST_RECORDS;
use mlc_trainer::texts::{Cut, Kind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// More pairs for a reply than any training needs are a slip of the finger, and fill the memory.
const MOST_PAIRS: usize = 100_000;

#[derive(Debug, Args)]
#[command(after_help = help::EVAL)]
pub struct EvalArgs {
    #[command(flatten)]
    pub model: ModelArg,
    /// Files of pairs, `-` for standard input; for a sequence model files of texts, one a line; for a network on numbers
    /// an .npz or a .csv
    #[arg(value_name = "PAIRS", required = true)]
    pub pairs: Vec<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
    /// Measure a float network with weights of these bits, too
    #[arg(long, value_name = "BITS,…", value_delimiter = ',', help_heading = SEQUENCE)]
    pub bits: Vec<Bits>,
    #[command(flatten)]
    pub sequence: SequenceArgs,
}

#[derive(Debug, Args)]
#[command(after_help = help::DATA)]
pub struct DataArgs {
    #[command(subcommand)]
    pub command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Count pairs, replies, characters and lengths
    Stats(StatsArgs),
    /// Find what keeps a network from learning the pairs, with the remedy
    Lint(LintArgs),
    /// Cut pairs in two by query, to train on one part and measure on the other
    Split(SplitArgs),
    /// Drop pairs that say a pair again word for word
    Dedup(DedupArgs),
    /// Bring every reply to the same number of pairs
    Balance(BalanceArgs),
    /// Make thousands of pairs, conversations or texts of templates with slots
    Expand(ExpandArgs),
}

/// Files of data, as every verb of `mlc data` takes them.
#[derive(Debug, Args)]
pub struct RecordsArg {
    /// Files of pairs, conversations or texts, `-` for standard input
    #[arg(value_name = "DATA", required = true)]
    pub paths: Vec<PathBuf>,
    /// What the files are [default: what their names and their content say]
    #[arg(long, value_name = "KIND")]
    pub kind: Option<DataKind>,
    /// How text files are cut into texts [default: each is one]
    #[arg(long, value_name = "HOW")]
    pub cut: Option<TextCut>,
}

/// A kind of data, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DataKind {
    Pairs,
    Texts,
    Conversations,
    Instructions,
    Csv,
    Tsv,
}

impl DataKind {
    pub fn kind(self) -> Kind {
        match self {
            Self::Pairs => Kind::Pairs,
            Self::Texts => Kind::Texts,
            Self::Conversations => Kind::Conversations,
            Self::Instructions => Kind::Instructions,
            Self::Csv => Kind::Csv,
            Self::Tsv => Kind::Tsv,
        }
    }
}

/// How text is cut, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextCut {
    Whole,
    Lines,
    Paragraphs,
}

impl TextCut {
    pub fn cut(self) -> Cut {
        match self {
            Self::Whole => Cut::Whole,
            Self::Lines => Cut::Lines,
            Self::Paragraphs => Cut::Paragraphs,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::STATS)]
pub struct StatsArgs {
    #[command(flatten)]
    pub pairs: RecordsArg,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::LINT)]
pub struct LintArgs {
    #[command(flatten)]
    pub pairs: RecordsArg,
    /// The pairs are for this model: its encoders, and its charset or labels must have everything
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["classifier", "query_buckets", "position_bands", "context_length"])]
    pub model: Option<PathBuf>,
    /// The replies are labels
    #[arg(long, conflicts_with = "context_length")]
    pub classifier: bool,
    /// Buckets of the query's trigrams [default: 128; classifier 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub query_buckets: Option<u16>,
    /// Position bands of the query's trigrams [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub position_bands: Option<u8>,
    /// Window of the context in characters [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    pub context_length: Option<u8>,
    /// A character in fewer replies, or a label with fewer pairs, is rare
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(0usize, usize::MAX))]
    pub rare: usize,
    /// Exit code 1 when there is a warning
    #[arg(long)]
    pub strict: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::SPLIT)]
pub struct SplitArgs {
    #[command(flatten)]
    pub pairs: RecordsArg,
    /// Share of the queries to hold out
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    pub share: f64,
    /// Same seed, same split
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0u64, u64::MAX))]
    pub seed: u64,
    /// Where the pairs to train on go
    #[arg(short, long, value_name = "FILE", value_parser = list_file)]
    pub output: PathBuf,
    /// Where the pairs to measure on go
    #[arg(long, value_name = "FILE", value_parser = list_file)]
    pub held_out: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}

/// Where a new list goes.
#[derive(Debug, Args)]
pub struct ListOutput {
    /// Where the pairs go [default: standard output]
    #[arg(short = 'o', long = "output", value_name = "FILE", value_parser = list_file)]
    pub path: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long, requires = "path")]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::DEDUP)]
pub struct DedupArgs {
    #[command(flatten)]
    pub pairs: RecordsArg,
    /// Drop contradictions too: of each query keep its most frequent reply
    #[arg(long)]
    pub resolve: bool,
    #[command(flatten)]
    pub output: ListOutput,
}

#[derive(Debug, Args)]
#[command(after_help = help::BALANCE)]
pub struct BalanceArgs {
    #[command(flatten)]
    pub pairs: RecordsArg,
    /// Pairs for each reply: of a frequent reply a random choice, of a rare one all, repeated
    #[arg(long, value_name = "N", value_parser = whole(1, MOST_PAIRS))]
    pub count: usize,
    /// Same seed, same choice
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0u64, u64::MAX))]
    pub seed: u64,
    #[command(flatten)]
    pub output: ListOutput,
}

#[derive(Debug, Args)]
#[command(after_help = help::EXPAND)]
pub struct ExpandArgs {
    /// File of templates
    #[arg(value_name = "TEMPLATES")]
    pub templates: PathBuf,
    /// Records to make
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole(1, MOST_RECORDS))]
    pub count: usize,
    /// Same seed, same records
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0u64, u64::MAX))]
    pub seed: u64,
    /// Where the records go: pairs and texts a line each, conversations to a .jsonl
    #[arg(short, long, value_name = "FILE", value_parser = list_file)]
    pub output: PathBuf,
    /// Where records go with values that the templates hold back
    #[arg(long, value_name = "FILE", value_parser = list_file)]
    pub held_out: Option<PathBuf>,
    /// Records with values that are held back [default: a tenth of --count]
    #[arg(long, value_name = "N", requires = "held_out", value_parser = whole(1, MOST_RECORDS))]
    pub held_out_count: Option<usize>,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}
