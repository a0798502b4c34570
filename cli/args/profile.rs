//! What can be typed behind `mlc profile`.

use super::disk::DiskArgs;
use super::help;
use super::plan::PlanArgs;
use super::run::LimitArg;
use super::target::TargetArg;
use super::tools::ToolArgs;
use super::values::whole;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Debug, Args)]
#[command(after_help = help::PROFILE)]
pub struct ProfileArgs {
    /// A model as for `mlc compile`, or a CP/M program (.com), also one on a disk (.img)
    #[arg(value_name = "MODEL|FILE.com")]
    pub program: PathBuf,
    /// Prompts, one an argument; for a .com file, the words of its command tail
    #[arg(value_name = "PROMPT", conflicts_with = "prompts")]
    pub words: Vec<String>,
    #[command(flatten)]
    pub target: TargetArg,
    #[command(flatten)]
    pub disk: DiskArgs,
    /// Prompts to run, one a line [default: the prompts.txt beside the model, or some small talk]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    #[command(flatten)]
    pub limit: LimitArg,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Labels and source of a .com file: the .lst or .map that mlc wrote [default: those beside the file]
    #[arg(long, value_name = "FILE")]
    pub symbols: Option<PathBuf>,
    /// Write to FILE; may repeat. The kind follows the extension: .svg .folded .lst
    #[arg(short, long = "output", value_name = "FILE")]
    pub outputs: Vec<ViewFile>,
    /// Print one thing to standard output instead of the tables
    #[arg(long, value_name = "KIND", conflicts_with = "json")]
    pub emit: Option<View>,
    /// Rows of the longer tables
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = whole(0usize, usize::MAX))]
    pub top: usize,
    /// Print everything as JSON: phases, all symbols, all lines that ran, stacks
    #[arg(long)]
    pub json: bool,
}

impl ProfileArgs {
    /// All files to write.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.outputs.iter().map(|file| file.path.as_path())
    }
}

/// What else `mlc profile` can give than its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// A flame graph
    Svg,
    /// Folded stacks, for tools that draw flame graphs
    Folded,
    /// The source with counts beside each line
    Lst,
}

/// A file whose extension says what goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFile {
    pub path: PathBuf,
    pub kind: View,
}

impl FromStr for ViewFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let kind = match path.extension().and_then(|e| e.to_str()) {
            Some(e) if e.eq_ignore_ascii_case("svg") => View::Svg,
            Some(e) if e.eq_ignore_ascii_case("folded") => View::Folded,
            Some(e) if e.eq_ignore_ascii_case("lst") => View::Lst,
            _ => {
                return Err(
                    "the extension decides what is written: .svg (flame graph), .folded (stacks) or \
                            .lst (annotated listing)"
                        .into(),
                );
            }
        };
        Ok(Self { path, kind })
    }
}
