//! The settings of a training: command line, `train.ron` and the model to go on with, put together and checked.

use super::file;
use crate::args::{TrainArgs, TrainSettings};
use crate::budget::Limits;
use crate::error::CliError;
use crate::{files, pairs};
use mlc_compiler::model::Answer::{Chat, Label};
use mlc_compiler::model::{Head, Model, Reader};
use mlc_trainer::{Settings, Shape, TrainError};
use std::path::Path;

/// Most pairs in memory at a time: a few gigabytes.
const MOST_HELD: usize = 10_000_000;

/// A network that writes has no margin.
pub const NO_MARGIN: &str = "--margin is for classifiers: a reply is written character by character, and says no ? in between; give \
                             --classifier as well, or leave it out";

/// What can be known before pairs are read.
pub struct Prepared {
    pub given: TrainSettings,
    pub settings: Settings,
    pub limits: Limits,
    /// The model to go on with.
    pub start: Option<Model>,
}

/// Puts command line and file together, and checks what can be checked without pairs.
///
/// # Errors
/// What is wrong with the settings, or with a file that they name.
pub fn prepare(args: &TrainArgs, given: TrainSettings) -> Result<Prepared, CliError> {
    if let Some(option) = given.unfitting(args.resume.is_some()) {
        return Err(CliError::Usage(format!(
            "{option} is for sequence models: give --family sequence as well"
        )));
    }
    if let Some(option) = args.compute.of_sequence() {
        let message = format!("{option} is for sequence models: give --family sequence as well");
        return Err(CliError::Usage(message));
    }
    if args.from.is_some() {
        let message = "--from goes on with a sequence model: give --family sequence as well; --resume goes on with others";
        return Err(CliError::Usage(message.into()));
    }
    match given.chunk {
        Some(0) => return Err(CliError::Usage("--chunk 0 leaves no pair to train on".into())),
        Some(chunk) if chunk > MOST_HELD => {
            let message = format!("--chunk {chunk} is more than memory holds: at most {MOST_HELD}");
            return Err(CliError::Usage(message));
        }
        _ => {}
    }
    if given.labels.is_some() && !given.classifier && args.resume.is_none() {
        return Err(CliError::Usage("--labels are those of a classifier: give --classifier as well".into()));
    }
    if given.patience.is_some() && given.hold_out.is_none() {
        return Err(CliError::Usage("--patience goes by held-out pairs: give --hold-out as well".into()));
    }
    if args.chat && given.pairs.iter().any(|path| pairs::is_standard_input(path)) {
        return Err(CliError::Usage(
            "--chat takes lines from standard input, and so do the PAIRS `-`".into(),
        ));
    }
    let limits = Limits::new(&given)?;
    if args.cost_of_limits && !limits.any() {
        return Err(CliError::Usage("--cost-of-limits is about a limit: give one".into()));
    }
    let start = match &args.resume {
        Some(named) => Some(start(named.as_deref(), &args.output)?),
        None => None,
    };
    let is_classifier = start.as_ref().map_or(given.classifier, |model| matches!(model.answer, Label { .. }));
    if given.margin.is_some() && !is_classifier {
        return Err(CliError::Usage(NO_MARGIN.into()));
    }
    let settings = settings(&given, start.as_ref())?.with(|s| s.schedule.device = args.compute.device);
    settings.check().map_err(TrainError::from)?;
    settings.schedule.device.check().map_err(TrainError::from)?;
    check_texts(&settings)?;
    pairs::claim(&given.pairs);
    files::check_distinct(args.outputs())?;
    Ok(Prepared { given, settings, limits, start })
}

/// The model to go on with: the one that was named, or the one where the result goes.
fn start(named: Option<&Path>, output: &Path) -> Result<Model, CliError> {
    if named.is_none() && !output.exists() {
        let problem = format!("no {} yet: there is nothing to go on with", files::shown(output));
        let help = "train without --resume first, or name a model behind it";
        return Err(CliError::Resume { problem, help });
    }
    let start = files::model(named.unwrap_or(output))?;
    let (kind, help) = match start.model.reader {
        Reader::HashedText(_) => {
            // What is trained is that model, further on: it may take its place.
            files::may_replace(&start.path);
            return Ok(start.model);
        }
        Reader::Tokens(_) => ("a sequence model", "give --family sequence as well"),
        Reader::Sensors(_) => ("a network on numbers", "only models of text are trained further"),
    };
    Err(CliError::Resume { problem: format!("{} is {kind}", files::shown(&start.path)), help })
}

/// The trainer's defaults with what was given in their place. A model to go on with decides about its shape, also
/// against what a file says, which may be the one that it was made by.
fn settings(given: &TrainSettings, start: Option<&Model>) -> Result<Settings, CliError> {
    let given = given.clone();
    let classifier = match start.map(|model| &model.answer) {
        Some(kind) => matches!(kind, Label { .. }),
        None => given.classifier,
    };
    let mut settings = if classifier { Settings::classifier() } else { Settings::default() };
    if let Some(model) = start {
        settings.name.clone_from(&model.head.name);
        settings.about.clone_from(&model.head.about);
    }
    put(&mut settings.name, given.name);
    put(&mut settings.about, given.about);
    let (shape, schedule) = (&mut settings.shape, &mut settings.schedule);
    put(&mut shape.hidden, given.hidden);
    put(&mut shape.query.buckets, given.query_buckets);
    put(&mut shape.query.bands, given.position_bands);
    put(&mut shape.query.max_length, given.max_query);
    put(&mut shape.context.buckets, given.context_buckets);
    put(&mut shape.context.length, given.context_length);
    put(&mut shape.max_reply, given.max_reply);
    put(&mut shape.shift, given.shift.map(|shift| shift.0));
    let weights = given.weights.map(|weights| weights.sets()).transpose().map_err(CliError::Usage)?;
    put(&mut shape.weights, weights);
    put(&mut shape.overflow_penalty, given.overflow_penalty);
    put(&mut schedule.batch, given.batch);
    put(&mut schedule.learning_rate, given.lr);
    put(&mut shape.sparsity, given.l1);
    put(&mut shape.economy, given.economy);
    put(&mut schedule.warmup, given.warmup);
    put(&mut schedule.seed, given.seed);
    put(&mut schedule.threads, given.threads);
    schedule.epochs = given.epochs;
    schedule.patience = given.patience;
    if let Some(model) = start {
        let defaults = Shape::default();
        (shape.shift, shape.weights) = (defaults.shift, defaults.weights);
        let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
        shape.query = reader.query.clone();
        put(&mut shape.context, reader.context.clone());
        if let Chat(chat) = &model.answer {
            shape.max_reply = chat.max_reply;
        }
    }
    Ok(settings)
}

/// The settings that the command line and its `train.ron` give together.
///
/// # Errors
/// A file that cannot be read; nothing to train on.
pub fn given(args: &TrainArgs) -> Result<TrainSettings, CliError> {
    let given = match &args.config {
        Some(path) => args.settings.clone().or(file::read(path)?),
        None => args.settings.clone(),
    };
    match given.pairs.is_empty() {
        true => Err(CliError::Usage("neither the command line nor the --config file names PAIRS".into())),
        false => Ok(given),
    }
}

/// The trainer finds a wrong name or text when it makes the first model: minutes too late.
fn check_texts(settings: &Settings) -> Result<(), TrainError> {
    let head = Head { name: settings.name.clone(), about: settings.about.clone(), ..Head::default() };
    Ok(head.check_texts()?)
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
