//! Reads the pairs that were named, and makes of them the task to train on.

use crate::args::TrainSettings;
use crate::error::CliError;
use crate::pairs::{self, Gathered};
use crate::say::say;
use mlc_compiler::model::Model;
use mlc_trainer::{Chunking, LabelOrder, Pairs, Settings, Task, TaskKind};

/// What is to be learned, and what with.
pub struct Learned {
    pub task: Task,
    /// The model to go on with, with an output for everything that the pairs say.
    pub start: Option<Model>,
    /// `None`: they are trained on a chunk at a time.
    pub pairs: Option<Pairs>,
}

/// Reads the pairs, and tells what was found. `whole`: they must be in memory.
///
/// # Errors
/// A file that cannot be read; pairs from which nothing can be learned; more than should be in memory.
pub fn learned(
    given: &TrainSettings,
    settings: &Settings,
    start: Option<&Model>,
    whole: bool,
) -> Result<Learned, CliError> {
    Ok(match pairs::gather(&given.pairs, &settings.limits(), given.chunk)? {
        Gathered::Held(pairs) => {
            say!("{}: {}", pairs::sources(&pairs), pairs::counts(&pairs));
            pairs::warn_of_contradictions(&pairs);
            let (task, start) = with_margin(in_memory(&pairs, given, settings, start)?, given);
            Learned { task, start, pairs: Some(pairs) }
        }
        Gathered::Aside(..) if whole => {
            let message = "--baselines compares all pairs in memory: give a larger --chunk, or leave it out";
            return Err(CliError::Usage(message.into()));
        }
        Gathered::Aside(read, spool, size) => {
            say!("{}: {}", pairs::sources(&read), pairs::counts(&read));
            let kind = match start {
                Some(model) => TaskKind::Resume(model),
                None if given.classifier => TaskKind::Classifier(order(given)),
                None => TaskKind::Chat,
            };
            let chunking = Chunking { size, hold_out: given.hold_out, storage: &pairs::temporary };
            let (task, start) = with_margin(Task::chunked(spool, &read, kind, &chunking, settings)?, given);
            Learned { task, start, pairs: None }
        }
    })
}

/// The same with the margin that was given; else that of the model to go on with stays.
fn with_margin(of: (Task, Option<Model>), given: &TrainSettings) -> (Task, Option<Model>) {
    match given.margin {
        Some(margin) => of.0.with_margin(of.1, margin),
        None => of,
    }
}

/// The order of a classifier's labels.
fn order(given: &TrainSettings) -> LabelOrder<'_> {
    given.labels.as_ref().map_or(LabelOrder::Sorted, |labels| LabelOrder::Given(labels))
}

/// The task of pairs that are all in memory, and the widened model to go on with.
fn in_memory(
    pairs: &Pairs,
    given: &TrainSettings,
    settings: &Settings,
    start: Option<&Model>,
) -> Result<(Task, Option<Model>), CliError> {
    let (task, start) = match start {
        Some(model) => Task::resume(pairs, model).map(|(task, widened)| (task, Some(widened)))?,
        None if given.classifier => (Task::classifier(pairs, settings, order(given))?, None),
        None => (Task::chat(pairs, settings)?, None),
    };
    Ok(match given.hold_out {
        Some(share) => (task.hold_out(pairs, share, settings.schedule.seed)?, start),
        None => (task, start),
    })
}
