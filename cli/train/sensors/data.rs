//! Reads the rows that were named, and makes of them the task to train on.

use crate::args::TrainSettings;
use crate::error::CliError;
use crate::files;
use crate::say::say;
use crate::sensors::wrong;
use crate::table::count;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::model::{Answer, Model};
use mlc_trainer::sensors::{DataError, Options, Task, joined, learned_rows, split_seed};
use std::path::PathBuf;

/// Share of the rows that is held out where nobody says how much.
const HOLD_OUT: f64 = 0.2;
/// Share of the training rows by which training is ended with --patience.
const VALIDATION: f64 = 0.15;

/// What is to be learned.
pub struct Learned {
    pub task: Task,
    /// The rows of the task.
    pub data: Examples,
    /// The rows that are held out, if they come from files of their own.
    pub held_out: Option<Examples>,
}

impl Learned {
    /// The rows that are held out, as the files have them.
    pub fn examples(&self) -> Examples {
        self.held_out.as_ref().unwrap_or(&self.data).chosen(&self.task.held_out.numbers)
    }
}

/// Reads everything, and tells what was found. `start`: the model to go on with.
///
/// # Errors
/// A file that cannot be read; rows from which nothing can be learned.
pub fn learned(given: &TrainSettings, start: Option<&Model>) -> Result<Learned, CliError> {
    let data = read(&given.pairs)?;
    let held_out = if given.held_out.is_empty() { None } else { Some(read(&given.held_out)?) };
    let hold_out = if held_out.is_some() { 0.0 } else { given.hold_out.unwrap_or(HOLD_OUT) };
    let options = Options {
        labels: given.labels.clone(),
        hold_out,
        validation: if given.patience.is_some() { VALIDATION } else { 0.0 },
        seed: seed(given, start),
    };
    let known = start.and_then(|model| match (model.network(), &model.answer) {
        (Some((reader, _)), Answer::Class(class)) => Some((reader, &class.labels[..])),
        _ => None,
    });
    let mut task = Task::new(&data, &options, known).map_err(|e| refused(&given.pairs, &e))?;
    if let Some(held_out) = &held_out {
        task = task.with_held_out(held_out).map_err(|e| refused(&given.held_out, &e))?;
    }
    let (rows, columns) = (count(data.rows, "row"), count(data.width, "column"));
    say!("{}: {rows} of {columns}, {}", sources(&given.pairs), count(task.labels.len(), "label"));
    task.notes.iter().for_each(|note| say!("note: {note}"));
    if start.and_then(learned_rows).is_some_and(|known| known != task.learned_rows) {
        say!("warning: the model was trained on other rows: of those held out now it may have learned some");
    }
    let known = if held_out.is_some() { task.held_out_and_learned() } else { 0 };
    if known > 0 {
        let held = count(task.held_out.len(), "held-out row");
        say!(
            "warning: {known} of {held} are training rows too, as the network reads them: what is right there says little"
        );
    }
    Ok(Learned { task, data, held_out })
}

/// The seed of the split: of a model to go on with the one that it had.
fn seed(given: &TrainSettings, start: Option<&Model>) -> u64 {
    let known = start.and_then(split_seed);
    if let (Some(given), Some(known)) = (given.seed, known.filter(|known| given.seed != Some(*known))) {
        say!(
            "warning: the model was trained with a split by seed {known}: of the rows that seed {given} holds out it has \
             learned some"
        );
    }
    given.seed.or(known).unwrap_or(1)
}

/// Reads files as one table.
fn read(paths: &[PathBuf]) -> Result<Examples, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = files::read(path, files::Kind::Texts)?;
        let data = Examples::read_labelled(&bytes).map_err(|problem| wrong(path, &problem))?;
        data.notes.iter().for_each(|note| say!("note: {}: {note}", files::shown(path)));
        all.push(data);
    }
    let joined = joined(all).map_err(|e| refused(paths, &e))?;
    Ok(joined.expect("the caller names a file at least"))
}

fn sources(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| files::shown(path)).collect::<Vec<_>>().join(", ")
}

fn refused(paths: &[PathBuf], error: &DataError) -> CliError {
    CliError::Network { problem: format!("{}: {error}", sources(paths)), help: error.help() }
}
