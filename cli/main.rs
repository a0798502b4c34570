//! `mlc`, the command line: what a person types, sees and finds on disk. All IO of the project is here.
//!
//! Each verb has a file or a folder. Beside the verbs:
//!
//! - [`args`] is what can be typed, and [`parse`] reads it.
//! - [`error`] and [`shorten`] make the messages about failures.
//! - [`files`] reads files up to a cap, and writes them whole or not at all.
//! - [`say`] is standard error; [`visible`] keeps terminals from control characters.
//! - [`sim`] runs a compiled image on a simulated machine.
//!
//! Results go to standard output, everything said about them to standard error.
//!
//! Exit codes: 0 done, 1 an error or a difference, 2 wrong usage, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).

// These end the process where standard error or output is closed or full: `say!`, and the `out` of each verb do not.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod adapter;
mod args;
mod bench;
mod budget;
mod c99;
mod check;
mod compile;
mod console;
mod cpm;
mod data;
mod diff;
mod energy;
mod error;
mod eval;
mod export;
mod files;
mod help;
mod host;
mod html;
mod import;
mod inspect;
mod interrupt;
mod manual;
mod models;
mod nearest;
mod new;
mod oracle;
mod page;
mod pairs;
mod parse;
mod pins;
mod profile;
mod progress;
mod project;
mod prompts;
mod readings;
mod records;
mod report;
mod run;
mod say;
mod screenshot;
mod sensors;
mod sequence;
mod shell;
mod shipped;
mod shorten;
mod sim;
mod sweep;
mod table;
mod talk;
mod targets;
mod templates;
mod tools;
mod train;
mod verify;
mod visible;
mod wokwi;

use args::Command;
use error::CliError;
use std::io::Write;
use std::process::ExitCode;

/// How a verb ended when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// What was compared is not equal.
    Difference,
    /// Ended by Ctrl-C or another signal, with its result so far saved.
    Interrupted,
}

fn main() -> ExitCode {
    if let Some(code) = sequence::chat_template::run_if_asked() {
        return code;
    }
    error::report_panics();
    interrupt::install();
    match answer() {
        Ok(code) => code,
        // The reader of a pipe has seen enough. Quiet, but no success: the answer was not given whole. The
        // code is the one that a shell shows for a program ended by SIGPIPE.
        Err(e) if e.is_broken_pipe() => ExitCode::from(141),
        Err(CliError::Usage(message)) => parse::usage(&message),
        Err(e) => {
            error::say(&e);
            ExitCode::from(1)
        }
    }
}

/// Does what was typed. What is written is all with its reader, or the error says that it is not.
fn answer() -> Result<ExitCode, CliError> {
    let cli = match parse::parse()? {
        Ok(cli) => cli,
        Err(code) => return Ok(code),
    };
    let mut out = visible::standard_output();
    let outcome = dispatch(cli.command, &mut *out)?;
    out.flush()?;
    Ok(match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Difference => ExitCode::from(1),
        Outcome::Interrupted => ExitCode::from(interrupt::exit_code()),
    })
}

fn dispatch(command: Command, out: &mut dyn Write) -> Result<Outcome, CliError> {
    match command {
        Command::Import(args) => import::run(&args, out),
        Command::Export(args) => export::run(&args, out),
        Command::Compile(args) => compile::run(&args, out),
        Command::Run(args) => run::run(&args, out),
        Command::Verify(args) => verify::run(&args, out),
        Command::Bench(args) => bench::run(&args, out),
        Command::Profile(args) => profile::run(&args, out),
        Command::Inspect(args) => inspect::run(&args, out),
        Command::Diff(args) => diff::run(&args, out),
        Command::Report(args) => report::run(&args, out),
        Command::Models(args) => models::run(&args, out),
        Command::Targets(args) => targets::run(&args, out),
        Command::New(args) => new::run(&args, out),
        Command::Train(args) => train::run(&args, out),
        Command::Distill(args) => train::distill(&args, out),
        Command::Sweep(args) => sweep::run(&args, out),
        Command::Eval(args) => eval::run(&args, out),
        Command::Data(args) => data::run(&args, out),
        Command::Help(args) => help::run(&args, out),
        Command::Man(args) => manual::man(&args, out),
        Command::Completions(args) => manual::completions(&args, out),
    }
}
