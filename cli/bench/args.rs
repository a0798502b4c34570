//! What can be typed behind `mlc bench`.

use crate::args::{Bdos, PlanArgs};
use crate::help;
use crate::limit::LimitArg;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = help::BENCH)]
pub struct BenchArgs {
    /// A model.ron, .npz, .pt or .safetensors, a folder with a model.ron, or a name below models/ [default with --all:
    /// every model below models/]
    #[arg(value_name = "MODEL", required_unless_present = "all")]
    pub models: Vec<PathBuf>,
    /// Measure every model on every target, for one table: planned for speed, for size, and in each form; or as the
    /// options below say
    #[arg(long)]
    pub all: bool,
    /// Machine to compile for: a name from `mlc targets`, or FILE.ron with a description [default: z80-cpm, all with
    /// --all]
    #[arg(short = 't', long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Board that an AVR chip is on: uno, nano, lilypad, mega, micro, or FILE.ron with a description
    #[arg(long, value_name = "BOARD", requires = "target")]
    pub profile: Option<String>,
    /// Where the BDOS of the CP/M system begins, as the word at 0006h says: D806h [default: E406h, a system of 62 KB]
    #[arg(long, value_name = "ADDRESS")]
    pub bdos: Option<Bdos>,
    /// Prompts to run, one a line [default: the prompts.txt beside the model, or some small talk]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Print the table as markdown
    #[arg(long, requires = "all", conflicts_with = "json")]
    pub markdown: bool,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}
