//! What can be typed after the verbs that take conversation pairs.

use crate::args::ModelArg;
use crate::help;
use crate::train_file::TrainSettings;
use crate::train_log::LogFile;
use crate::values::{file_of, list_file, whole};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use mlc_trainer::Device;
use std::path::{Path, PathBuf};

/// More pairs for a reply than any training needs are a slip of the finger, and fill the memory.
const MOST_PAIRS: usize = 100_000;

/// What a trained model brings with it.
const SHAPE: [&str; 11] = [
    "classifier",
    "labels",
    "hidden",
    "query_buckets",
    "position_bands",
    "max_query",
    "context_buckets",
    "context_length",
    "max_reply",
    "shift",
    "weights",
];

#[derive(Debug, Args)]
#[command(
    after_help = help::TRAIN
)]
pub struct TrainArgs {
    /// Where the model goes
    #[arg(short, long, value_name = "FILE.ron", default_value = "model.ron", value_parser = file_of("RON", "ron"))]
    pub output: PathBuf,
    /// Settings from a train.ron
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on with a trained model: its encoders and layers, with new characters or labels added. Without MODEL:
    /// with what --output holds, so that a training that was ended goes on
    #[arg(long, value_name = "MODEL", num_args = 0..=1, conflicts_with_all = SHAPE)]
    pub resume: Option<Option<PathBuf>>,
    /// Train with so many seeds, from --seed on; keep the best, show the spread
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub seeds: u16,
    /// Write a row for each epoch, as comma-separated values or JSON lines
    #[arg(long, value_name = "FILE.csv|.jsonl")]
    pub log: Option<LogFile>,
    /// Draw the accuracy by epoch
    #[arg(long, value_name = "FILE.svg", value_parser = file_of("SVG", "svg"))]
    pub curve: Option<PathBuf>,
    /// Write the figures as JSON, for `mlc sweep --collect`
    #[arg(long, value_name = "FILE.json", value_parser = file_of("JSON", "json"))]
    pub result: Option<PathBuf>,
    /// Show what simpler methods reach on the same pairs, and in how many bytes
    #[arg(long)]
    pub baselines: bool,
    /// Train without the limits as well, to show what accuracy they cost; takes twice as long
    #[arg(long)]
    pub cost_of_limits: bool,
    /// Compute with mlc's own code, with LibTorch on the processor, or with LibTorch on a GPU; those two only if
    /// they are built in
    #[arg(long, value_name = "DEVICE", default_value = Device::Cpu.name(), value_parser = device())]
    pub device: Device,
    /// Talk to the network afterwards: lines of standard input, its exact replies
    #[arg(long)]
    pub chat: bool,
    #[command(flatten)]
    pub settings: TrainSettings,
}

impl TrainArgs {
    /// All files to write.
    pub fn outputs(&self) -> impl Iterator<Item = &Path> {
        let others = [self.curve.as_deref(), self.result.as_deref(), self.log.as_ref().map(LogFile::path)];
        [self.output.as_path()].into_iter().chain(others.into_iter().flatten())
    }
}

fn device() -> impl TypedValueParser<Value = Device> {
    let named = |name: String| Device::ALL.into_iter().find(|device| device.name() == name);
    PossibleValuesParser::new(Device::ALL.map(Device::name))
        .map(move |name| named(name).expect("only names of devices pass"))
}

#[derive(Debug, Args)]
#[command(after_help = help::SWEEP)]
#[command(
    override_usage = "mlc sweep --print DIR [TRAIN OPTIONS]...\n       mlc sweep --collect DIR [OPTIONS]"
)]
pub struct SweepArgs {
    /// Print a `mlc train` command a line, for every combination of the options behind it; results go to DIR
    #[arg(long, value_name = "DIR", conflicts_with = "collect")]
    pub print: Option<PathBuf>,
    /// Merge the results in DIR; exit code 1 where runs are missing or broken
    #[arg(long, value_name = "DIR")]
    pub collect: Option<PathBuf>,
    /// Print the commands of the runs without a result instead
    #[arg(long, requires = "collect", conflicts_with_all = ["json", "csv", "curve"])]
    pub missing: bool,
    /// Print everything as JSON
    #[arg(long, requires = "collect", conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values
    #[arg(long, requires = "collect")]
    pub csv: bool,
    /// Draw accuracy against cycles
    #[arg(long, value_name = "FILE.svg", requires = "collect", value_parser = file_of("SVG", "svg"))]
    pub curve: Option<PathBuf>,
    /// PAIRS and options of `mlc train`; those with several values make several runs
    #[arg(value_name = "TRAIN OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub train: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = help::EVAL)]
pub struct EvalArgs {
    #[command(flatten)]
    pub model: ModelArg,
    /// Files of pairs, `-` for standard input
    #[arg(value_name = "PAIRS", required = true)]
    pub pairs: Vec<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
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
}

/// Files of pairs, as every verb of `mlc data` takes them.
#[derive(Debug, Args)]
pub struct PairsArg {
    /// Files of pairs, `-` for standard input
    #[arg(value_name = "PAIRS", required = true)]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = help::STATS)]
pub struct StatsArgs {
    #[command(flatten)]
    pub pairs: PairsArg,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::LINT)]
pub struct LintArgs {
    #[command(flatten)]
    pub pairs: PairsArg,
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
    pub pairs: PairsArg,
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
}

/// Where a new list goes.
#[derive(Debug, Args)]
pub struct ListOutput {
    /// Where the pairs go [default: standard output]
    #[arg(short = 'o', long = "output", value_name = "FILE", value_parser = list_file)]
    pub path: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = help::DEDUP)]
pub struct DedupArgs {
    #[command(flatten)]
    pub pairs: PairsArg,
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
    pub pairs: PairsArg,
    /// Pairs for each reply: of a frequent reply a random choice, of a rare one all, repeated
    #[arg(long, value_name = "N", value_parser = whole(1, MOST_PAIRS))]
    pub count: usize,
    /// Same seed, same choice
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0u64, u64::MAX))]
    pub seed: u64,
    #[command(flatten)]
    pub output: ListOutput,
}
