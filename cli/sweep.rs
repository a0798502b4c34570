//! `mlc sweep`: many trainings as commands for a batch system, and what became of them.

use crate::error::CliError;
use crate::pair_args::SweepArgs;
use crate::say::say;
use crate::sweep_collect::{self, Collected};
use crate::sweep_grid::{self, shell_line};
use crate::{Outcome, files, sweep_curve, targets};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The list of a sweep's runs, in its folder.
const LIST: &str = "sweep.json";
/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    runs: Vec<Listed>,
}

/// A run that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub name: String,
    /// What makes it, for a shell.
    pub command: String,
}

pub fn run(args: &SweepArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    match (&args.print, &args.collect) {
        (Some(folder), _) => print(folder, &args.train, out),
        (None, Some(folder)) => collect(folder, args, out),
        (None, None) => Err(CliError::Usage("give --print DIR or --collect DIR first".into())),
    }
}

fn print(folder: &Path, words: &[String], out: &mut dyn Write) -> Result<Outcome, CliError> {
    let runs = sweep_grid::runs(words, folder)?;
    // As it was called, so that a shell finds it in the same way.
    let mlc = std::env::args().next().unwrap_or_else(|| "mlc".into());
    let mut listed = Vec::new();
    for run in runs {
        let words: Vec<String> = [mlc.clone()].into_iter().chain(run.words).collect();
        listed.push(Listed { name: run.name, command: shell_line(&words)? });
    }
    files::create_folder(folder)?;
    let list = List { format: FORMAT, runs: listed };
    let text = serde_json::to_string_pretty(&list).expect("a list has string keys only") + "\n";
    files::write(&folder.join(LIST), text.into_bytes())?;
    for run in &list.runs {
        writeln!(out, "{}", run.command)?;
    }
    Ok(Outcome::Done)
}

/// The runs of the sweep in a folder; none where it has no list, but results.
fn list(folder: &Path) -> Result<Vec<Listed>, CliError> {
    let path = folder.join(LIST);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let wrong = |problem: String| CliError::Sweep { place: files::shown(&path), problem };
    let list: List = serde_json::from_str(&files::read_text(&path, files::Kind::Runs)?)
        .map_err(|e| wrong(format!("no list of a sweep's runs: {e}")))?;
    match list.format {
        FORMAT => Ok(list.runs),
        other => Err(wrong(format!("this list is format {other}, this mlc reads {FORMAT}"))),
    }
}

fn collect(folder: &Path, args: &SweepArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if !args.train.is_empty() {
        let message = format!("{}: --collect takes no options of `mlc train`", args.train[0]);
        return Err(CliError::Usage(message));
    }
    let listed = list(folder)?;
    let collected = sweep_collect::collect(folder, &listed, &others(folder, &listed)?)?;
    if args.missing {
        for run in listed.iter().filter(|run| !collected.has(&run.name)) {
            writeln!(out, "{}", run.command)?;
        }
        return Ok(Outcome::Done);
    }
    if let Some(path) = &args.curve {
        let svg = sweep_curve::svg(&collected.runs, &collected.unit()?);
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

/// Names of results that are not in the list, sorted: of an earlier sweep, or made by hand.
fn others(folder: &Path, listed: &[Listed]) -> Result<Vec<String>, CliError> {
    let unreadable = |e: std::io::Error| CliError::Read {
        path: folder.to_path_buf(),
        problem: format!("cannot be read: {e}"),
        help: "name the folder of a sweep",
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path: PathBuf = entry.map_err(unreadable)?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_result =
            path.extension().is_some_and(|e| e == "json") && path.file_name() != Some(LIST.as_ref());
        if is_result && listed.iter().all(|run| run.name != name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
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
