//! What can be typed behind `mlc bench`.

use super::help;
use super::plan::PlanArgs;
use super::run::LimitArg;
use super::target::Bdos;
use super::tools::ToolArgs;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = help::BENCH)]
pub struct BenchArgs {
    #[arg(value_name = "MODEL", required_unless_present = "all", help = help::MODELS)]
    pub models: Vec<PathBuf>,
    /// Measure every model on every target, for one table: planned for speed, for size, and in each form; or as the
    /// options below say
    #[arg(long)]
    pub all: bool,
    /// Machine to compile for: a name from `mlc targets`, or FILE.ron with a description [default: z80-cpm, all with
    /// --all]
    #[arg(short = 't', long, value_name = "TARGET")]
    pub target: Option<String>,
    #[arg(long, value_name = "BOARD", help = help::BOARD, requires = "target")]
    pub profile: Option<String>,
    #[arg(long, value_name = "ADDRESS", help = help::BDOS)]
    pub bdos: Option<Bdos>,
    /// Prompts to run, one a line [default: the prompts.txt beside the model, or some small talk]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Print the table as markdown
    #[arg(long, requires = "all", conflicts_with = "json")]
    pub markdown: bool,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}
