//! What can be typed behind `mlc report`.

use super::help;
use super::model::ModelArg;
use super::plan::PlanArgs;
use super::run::LimitArg;
use super::target::TargetArg;
use super::tools::ToolArgs;
use super::values::file_of;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = help::REPORT)]
pub struct ReportArgs {
    #[command(flatten)]
    pub model: ModelArg,
    #[command(flatten)]
    pub target: TargetArg,
    /// Where the page goes
    #[arg(short, long, value_name = "FILE.html", default_value = "report.html", value_parser = file_of("HTML", "html"))]
    pub output: PathBuf,
    /// Prompts to run, one a line, `query` or `query|reply` [default: the prompts.txt beside the model, or some small talk]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Pairs to measure accuracy on; may repeat [default: the pairs.txt beside the model]
    #[arg(long, value_name = "FILE")]
    pub pairs: Vec<PathBuf>,
    /// The log of the training, for its curve: what `mlc train --log FILE.csv` wrote
    #[arg(long, value_name = "FILE.csv", value_parser = file_of("a table", "csv"))]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}
