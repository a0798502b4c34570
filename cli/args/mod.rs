//! Everything that can be typed: the verbs here, the options of each group of verbs in a file of its own.
//!
//! [`plan`], [`target`] and [`layers`] have options that several verbs share, [`values`] parses the simple values, and
//! [`help`] has the text below the options.

mod bench;
mod choice;
mod compile;
mod compute;
mod diff;
mod disk;
mod distill;
mod family;
pub mod help;
mod help_on;
mod layers;
mod model;
mod new;
mod pairs;
mod plan;
mod profile;
mod report;
mod run;
mod sensors;
mod sequence;
mod settings;
mod target;
mod tools;
mod train;
mod values;

pub use bench::BenchArgs;
pub use compile::{Artifact, CompileArgs};
pub use compute::ComputeArgs;
pub use diff::DiffArgs;
pub use disk::DiskArgs;
pub use distill::{DistillArgs, MethodArg};
pub use family::{Family, PositionsArg, PriorArg};
pub use help_on::{CompletionsArgs, HelpArgs, ManArgs};
pub use layers::{WeightsArg, WeightsOf};
pub use model::{ExportArgs, ImportArgs, InspectArgs, ModelsArgs};
pub use new::NewArgs;
pub use pairs::{
    BalanceArgs, DataArgs, DataCommand, DedupArgs, EvalArgs, ExpandArgs, LintArgs, ListOutput, RecordsArg,
    SplitArgs, StatsArgs,
};
pub use profile::{ProfileArgs, View, ViewFile};
pub use report::ReportArgs;
pub use run::{Clock, RunArgs, VerifyArgs};
pub use sequence::{Bits, SequenceArgs};
pub use settings::TrainSettings;
pub use target::{Bdos, TargetsArgs};
pub use tools::Reading;
pub use train::{LogFile, LogFormat, SweepArgs, TrainArgs};

use clap::{Parser, Subcommand};

/// Cross-compiler from small trained neural networks to 8-bit machines.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = help::MLC
)]
pub struct Cli {
    /// How errors, warnings and notes are said: for people, or as JSON, an object a line
    #[arg(long, global = true, hide = true, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub message_format: String,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn a network of another format into a model.ron
    Import(ImportArgs),
    /// Write a model in a format of other programs: a Hugging Face folder, or .npz
    Export(ExportArgs),
    /// Compile a model to a program: image, assembly, listing, symbols
    Compile(CompileArgs),
    /// Run a model on the simulated machine, or any CP/M program
    Run(RunArgs),
    /// Compare the machine with the reference: every reply, every logit
    Verify(VerifyArgs),
    /// Measure T-states a step, by phase, beside the prediction
    Bench(BenchArgs),
    /// Show where the time goes: by symbol, source line and stack
    Profile(ProfileArgs),
    /// Show what a model consists of and where it fits
    Inspect(InspectArgs),
    /// Show what two models, or two programs, differ in
    Diff(DiffArgs),
    /// Write a page about a model and its program: network, memory, time, accuracy
    Report(ReportArgs),
    /// List the models that mlc brings
    Models(ModelsArgs),
    /// List the machines that mlc compiles for
    Targets(TargetsArgs),
    /// Start a project in a new folder: pairs, settings, checks
    New(NewArgs),
    /// Train a model from conversation pairs
    Train(Box<TrainArgs>),
    /// Train a sequence model with few bits to say what a float network says
    Distill(Box<DistillArgs>),
    /// Train with many settings, as commands for a batch system, and compare what they gave
    Sweep(SweepArgs),
    /// Measure a model on conversation pairs, or a sequence model on texts
    Eval(EvalArgs),
    /// Look into conversation pairs, and make better lists of them
    Data(DataArgs),
    /// Explain a command or a topic
    Help(HelpArgs),
    /// Print a man page, or write all of them
    Man(ManArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_holds_together() {
        crate::parse::command().debug_assert();
    }
}
