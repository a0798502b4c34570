//! `mlc`, the command line: what a person types, sees and finds on disk. All IO of the project is here.
//!
//! One file a verb; beside them [`args`] and [`help`] (what can be typed), [`error`] (how failures look), [`files`]
//! (reading, and writing whole or not at all), [`pairs`], [`prompts`], [`sim`] (a compiled image on a machine),
//! [`snapshot`] and [`table`]. Results go to standard output, everything said about them to standard error.
//!
//! Exit codes: 0 done, 1 an error or a difference, 2 wrong usage, 130 interrupted.

mod args;
mod bench;
mod budget;
mod c99;
mod compile;
mod console;
mod data;
mod energy;
mod error;
mod eval;
mod files;
mod help;
mod import;
mod inspect;
mod interrupt;
mod layer_args;
mod pair_args;
mod pairs;
mod profile;
mod progress;
mod prompts;
mod run;
mod screenshot;
mod sim;
mod snapshot;
mod sweep;
mod sweep_collect;
mod sweep_curve;
mod sweep_grid;
mod table;
mod targets;
mod train;
mod train_data;
mod train_display;
mod train_file;
mod train_log;
mod train_result;
mod verify;
mod wokwi;

use args::{Cli, Command};
use clap::Parser;
use error::{CliError, Style};
use std::io::Write;
use std::process::ExitCode;

/// How a verb ended when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// What was compared is not equal.
    Difference,
    /// Ended by Ctrl-C, with its result so far saved.
    Interrupted,
}

fn main() -> ExitCode {
    error::report_panics();
    interrupt::install();
    let command = Cli::parse().command;
    match dispatch(command, &mut std::io::stdout()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Difference) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::EXIT_CODE),
        // The reader of a pipe has seen enough. Quiet, but no success: the answer was not given whole. The
        // code is the one that a shell shows for a program ended by SIGPIPE.
        Err(e) if e.is_broken_pipe() => ExitCode::from(141),
        Err(CliError::Usage(message)) => args::usage(&message),
        Err(e) => {
            eprint!("{}", error::render(&e, Style::of_stderr()));
            ExitCode::from(1)
        }
    }
}

fn dispatch(command: Command, out: &mut dyn Write) -> Result<Outcome, CliError> {
    match command {
        Command::Import(args) => import::run(&args, out),
        Command::Compile(args) => compile::run(&args, out),
        Command::Run(args) => run::run(&args, out),
        Command::Verify(args) => verify::run(&args, out),
        Command::Bench(args) => bench::run(&args, out),
        Command::Profile(args) => profile::run(&args, out),
        Command::Inspect(args) => inspect::run(&args, out),
        Command::Targets(args) => targets::run(&args, out),
        Command::Train(args) => train::run(&args, out),
        Command::Sweep(args) => sweep::run(&args, out),
        Command::Eval(args) => eval::run(&args, out),
        Command::Data(args) => data::run(&args, out),
    }
}
