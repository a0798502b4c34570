//! The settings of a network on numbers: command line, `train.ron` and the model to go on with, put together.

use super::data::Learned;
use crate::args::{TrainArgs, TrainSettings};
use crate::error::CliError;
use crate::files;
use crate::import::model_name;
use mlc_compiler::model::{Answer, Head, Kind, Model, Operator};
use mlc_trainer::TrainError;
use mlc_trainer::sensors::{Settings, Shape};

/// The model to go on with, if one was named.
///
/// # Errors
/// It cannot be read, or is none of this family.
pub fn start(args: &TrainArgs) -> Result<Option<Model>, CliError> {
    let Some(named) = &args.resume else { return Ok(None) };
    let path = named.as_ref().unwrap_or(&args.output);
    if named.is_none() && !path.exists() {
        let problem = format!("no {} yet: there is nothing to go on with", files::shown(path));
        return Err(CliError::Resume { problem, help: "train without --resume first, or name a model" });
    }
    let start = files::model(path)?;
    if start.model.network().is_none() || !matches!(start.model.answer, Answer::Class(_)) {
        let problem =
            format!("{} is no network on numbers that answers with labels", files::shown(&start.path));
        return Err(CliError::Resume {
            problem,
            help: "name one that `mlc train DATA.csv --classifier` has made",
        });
    }
    let is_trees = |operator: &Operator| matches!(operator.kind, Kind::Trees { .. });
    if start.model.network().is_some_and(|(_, body)| body.operators.iter().any(is_trees)) {
        let problem = format!("{} has trees, which are grown from the start", files::shown(&start.path));
        return Err(CliError::Resume { problem, help: "train without --resume, with --forest N" });
    }
    files::may_replace(&start.path);
    Ok(Some(start.model))
}

/// Name and description of a model.
///
/// # Errors
/// Texts that no model may have.
pub fn named(given: &TrainSettings) -> Result<Head, CliError> {
    let name = given.name.clone();
    let name = name
        .or_else(|| given.pairs.first().map(|path| model_name(path)))
        .unwrap_or_else(|| "classifier".into());
    let head = Head { name, about: given.about.clone().unwrap_or_default(), ..Head::default() };
    head.check_texts().map_err(TrainError::from)?;
    Ok(head)
}

/// The trainer's defaults with what was given in their place; a model to go on with decides about its shape.
///
/// # Errors
/// What does not go together.
pub fn settings(
    given: &TrainSettings,
    start: Option<&Model>,
    learned: &Learned,
) -> Result<Settings, CliError> {
    let given = given.clone();
    let mut settings = Settings {
        name: given.pairs.first().map_or_else(|| "classifier".into(), |path| model_name(path)),
        shape: Shape::for_table(learned.data.width, learned.task.labels.len()),
        ..Settings::default()
    };
    if let Some(model) = start {
        settings.name.clone_from(&model.head.name);
        settings.about.clone_from(&model.head.about);
    }
    put(&mut settings.name, given.name);
    put(&mut settings.about, given.about);
    put(&mut settings.decay, given.decay);
    // 0 alone is no hidden layer.
    put(&mut settings.shape.hidden, given.hidden.map(|hidden| if hidden == [0] { vec![] } else { hidden }));
    settings.margin = given.margin;
    if let Some(weights) = &given.weights {
        settings.shape.weights = weights.grid().map_err(CliError::Usage)?;
    }
    let schedule = &mut settings.schedule;
    put(&mut schedule.batch, given.batch);
    put(&mut schedule.learning_rate, given.lr);
    put(&mut schedule.warmup, given.warmup);
    put(&mut schedule.rise, given.rise);
    put(&mut schedule.seed, given.seed);
    put(&mut schedule.threads, given.threads);
    (schedule.epochs, schedule.updates, schedule.patience) = (given.epochs, given.steps, given.patience);
    settings.check().map_err(TrainError::from)?;
    let head = Head { name: settings.name.clone(), about: settings.about.clone(), ..Head::default() };
    head.check_texts().map_err(TrainError::from)?;
    Ok(settings)
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
