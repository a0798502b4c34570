//! What can be typed behind `mlc help`, `mlc man` and `mlc completions`.

use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A topic, or a command with its subcommand; without one, all commands and topics
    #[arg(value_name = "TOPIC|COMMAND")]
    pub words: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// A command with its subcommand [default: mlc itself]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    pub words: Vec<String>,
    /// Write the pages of all commands to FOLDER
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_name = "SHELL", help = "The shell that reads it")]
    pub shell: Shell,
}
