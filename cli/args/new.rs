//! What can be typed behind `mlc new`.

use super::help;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = help::NEW)]
pub struct NewArgs {
    /// The folder to make; the model is called after it
    #[arg(value_name = "NAME")]
    pub folder: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}
