//! `mlc sweep`: many trainings as commands for a batch system, and what became of them.

mod collect;
mod curve;
mod grid;
mod list;

use crate::args::SweepArgs;
use crate::error::CliError;
use crate::say::say;
use crate::{Outcome, files, shell, targets};
use collect::Collected;
use list::Listed;
use std::io::Write;
use std::path::Path;

pub fn run(args: &SweepArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    match (&args.print, &args.collect) {
        (Some(folder), _) => print(folder, &args.train, out),
        (None, Some(folder)) => show(folder, args, out),
        (None, None) => Err(CliError::Usage("give --print DIR or --collect DIR first".into())),
    }
}

/// Prints a command a run, and writes their list.
fn print(folder: &Path, words: &[String], out: &mut dyn Write) -> Result<Outcome, CliError> {
    let runs = grid::runs(words, folder)?;
    // As it was called, so that a shell finds it in the same way.
    let mlc = std::env::args().next().unwrap_or_else(|| "mlc".into());
    let mut listed = Vec::new();
    for run in runs {
        let words: Vec<String> = [mlc.clone()].into_iter().chain(run.words).collect();
        listed.push(Listed { name: run.name, command: shell::line(&words)? });
    }
    list::write(folder, &listed)?;
    for run in &listed {
        writeln!(out, "{}", run.command)?;
    }
    Ok(Outcome::Done)
}

/// Shows what became of the runs.
fn show(folder: &Path, args: &SweepArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if !args.train.is_empty() {
        let message = format!("{}: --collect takes no options of `mlc train`", args.train[0]);
        return Err(CliError::Usage(message));
    }
    let listed = list::read(folder)?;
    let collected = collect::collect(folder, &listed, &list::others(folder, &listed)?)?;
    if args.missing {
        for run in listed.iter().filter(|run| !collected.has(&run.name)) {
            writeln!(out, "{}", run.command)?;
        }
        return Ok(Outcome::Done);
    }
    if let Some(path) = &args.curve {
        let svg = curve::svg(&collected.runs, &collected.unit()?);
        files::write(path, svg.into_bytes())?;
    }
    if args.json {
        writeln!(out, "{}", targets::json(&collected))?;
    } else if args.csv {
        out.write_all(collected.csv().as_bytes())?;
        warn(&collected);
    } else {
        out.write_all(collected.table().as_bytes())?;
        warn(&collected);
    }
    Ok(if collected.is_whole() { Outcome::Done } else { Outcome::Difference })
}

fn warn(collected: &Collected) {
    for name in &collected.missing {
        say!("warning: {name}: missing, it has no result (yet)");
    }
    for (name, problem) in &collected.broken {
        say!("warning: {name}: broken: {problem}");
    }
    if !collected.is_whole() {
        say!("`mlc sweep --collect DIR --missing` prints the commands of runs without a result");
    }
}
