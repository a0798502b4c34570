//! What can be typed behind `mlc train` and `mlc sweep`.

use super::compute::ComputeArgs;
use super::help;
use super::sequence::SEQUENCE;
use super::settings::TrainSettings;
use super::values::{file_of, real, whole};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlc_trainer::sequence::Target;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a trained model brings with it.
const SHAPE: [&str; 12] = [
    "classifier",
    "forest",
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
    /// Go on with another sequence model, which stays as it is: its tokens and layers, with new tokens added. A float network too: a
    /// checkpoint of llama2.c, a Hugging Face folder
    #[arg(long, value_name = "MODEL", help_heading = SEQUENCE)]
    pub from: Option<PathBuf>,
    /// The tokenizer of a float network behind --from [default: in a folder, the one there]
    #[arg(long, value_name = "FILE", requires = "from", help_heading = SEQUENCE)]
    pub tokenizer: Option<PathBuf>,
    /// Train adapters of this rank beside the model of --from, which stays as it is; --output gets the adapters alone
    #[arg(long, value_name = "RANK", requires = "from", value_parser = whole(1usize, 256), help_heading = SEQUENCE)]
    pub lora: Option<usize>,
    /// The products of the adapters count ALPHA / RANK times [default: twice the rank]
    #[arg(long, value_name = "ALPHA", requires = "lora", value_parser = real(0.001, 10_000.0), help_heading = SEQUENCE)]
    pub lora_alpha: Option<f32>,
    /// Matrices of each block that get an adapter [default: all that it has]
    #[arg(long, value_name = "MATRICES", requires = "lora", value_delimiter = ',', value_parser = targets(), help_heading = SEQUENCE)]
    pub lora_targets: Option<Vec<Target>>,
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
    /// Show what simpler methods reach on the same pairs, and in how many bytes; always shown for networks on numbers
    #[arg(long)]
    pub baselines: bool,
    /// Train without the limits as well, to show what accuracy they cost; takes twice as long
    #[arg(long)]
    pub cost_of_limits: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Talk to the network afterwards: lines of standard input, its exact replies
    #[arg(long)]
    pub chat: bool,
    #[command(flatten)]
    pub settings: TrainSettings,
}

impl TrainArgs {
    /// All files to write.
    pub fn outputs(&self) -> impl Iterator<Item = &Path> {
        let others =
            [self.curve.as_deref(), self.result.as_deref(), self.log.as_ref().map(|log| log.path.as_path())];
        [self.output.as_path()].into_iter().chain(others.into_iter().flatten())
    }
}

/// A matrix by its name.
fn targets() -> impl TypedValueParser<Value = Target> {
    let of = |name: String| Target::ALL.into_iter().find(|target| target.name() == name);
    PossibleValuesParser::new(Target::ALL.map(Target::name))
        .map(move |name| of(name).expect("a possible value"))
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Csv,
    JsonLines,
}

/// A log's path; its extension says how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    pub path: PathBuf,
    pub format: LogFormat,
}

impl FromStr for LogFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        let format = match extension.as_str() {
            "csv" => LogFormat::Csv,
            "jsonl" => LogFormat::JsonLines,
            _ => return Err("the extension decides how it is written: .csv or .jsonl".into()),
        };
        Ok(Self { path, format })
    }
}
