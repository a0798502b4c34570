//! What can be typed behind `mlc diff`.

use super::help;
use super::target::TargetArg;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = help::DIFF)]
pub struct DiffArgs {
    /// A model as for `mlc compile`, or a program that a machine loads
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    pub b: PathBuf,
    #[command(flatten)]
    pub target: TargetArg,
    /// Prompts to ask both models, one a line [default: the prompts.txt beside A, or some small talk]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}
