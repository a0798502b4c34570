//! The settings of a sequence model's training: command line, `train.ron` and the model to go on with, put together.

use super::data::Learned;
use crate::args::{Bits, Family, PositionsArg, TrainArgs, TrainSettings};
use crate::error::CliError;
use crate::files;
use mlc_compiler::import::sequence::{Layout, Position};
use mlc_compiler::model::{Head, Model, Reader};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{Parameters, Settings, Shape, parameters_of, shape_of};

/// The model to go on with, if one was named.
///
/// # Errors
/// It cannot be read, or is none of this family.
pub fn base(args: &TrainArgs) -> Result<Option<Model>, CliError> {
    let named = match (&args.from, &args.resume) {
        (Some(path), _) => path.clone(),
        (None, Some(named)) => {
            let path = named.clone().unwrap_or_else(|| args.output.clone());
            if named.is_none() && !path.exists() {
                let problem = format!("no {} yet: there is nothing to go on with", files::shown(&path));
                return Err(CliError::Resume {
                    problem,
                    help: "train without --resume first, or name a model",
                });
            }
            path
        }
        (None, None) => return Ok(None),
    };
    let start = files::model(&named)?;
    if !matches!(start.model.reader, Reader::Tokens(_)) {
        let problem = format!("{} is a network of hashed text", files::shown(&start.path));
        return Err(CliError::Resume { problem, help: "go on with it without --family sequence" });
    }
    if args.resume.is_some() {
        files::may_replace(&start.path);
    }
    Ok(Some(start.model))
}

/// The trainer's defaults with what was given in their place; a model to go on with decides about its shape.
///
/// # Errors
/// What does not go together.
pub fn settings(
    given: &TrainSettings,
    base: Option<&Model>,
    learned: &Learned,
) -> Result<Settings, CliError> {
    let given = given.clone();
    let usage = CliError::Usage;
    let recursive = given.family == Some(Family::Recursive);
    let shape = match base {
        Some(model) => shape_of(model)?,
        None => new_shape(&given, recursive)?,
    };
    let mut settings = Settings { shape, ..Settings::default() };
    match base {
        Some(model) => {
            settings.name.clone_from(&model.head.name);
            settings.about.clone_from(&model.head.about);
        }
        None if given.classifier => settings.name = "classifier".to_string(),
        None => settings.name = if recursive { "recursive" } else { "sequence" }.to_string(),
    }
    let shape = &mut settings.shape;
    shape.network.vocabulary = learned.task.reader.tokenizer.pieces.len();
    if !learned.task.story.labels.is_empty() {
        (shape.labels, shape.tied) = (Some(learned.task.story.labels.len()), false);
    }
    shape.network.positions = Some(learned.task.story.most.into());
    if let Some(weights) = &given.weights {
        shape.weights = weights.bits().map_err(usage)?.grid();
        shape.embedding = weights.bits().map_err(usage)?.of_embedding().grid();
    }
    if let Some(bits) = given.embedding_bits {
        shape.embedding = bits.grid();
    }
    put(&mut shape.window, given.window.or((base.is_none()).then_some(learned.window)));
    put(&mut settings.name, given.name);
    put(&mut settings.about, given.about);
    put(&mut settings.clip, given.clip);
    put(&mut settings.decay, given.decay);
    put(&mut settings.dropout, given.dropout);
    let schedule = &mut settings.schedule;
    put(&mut schedule.batch, given.batch);
    put(&mut schedule.learning_rate, given.lr);
    put(&mut schedule.warmup, given.warmup);
    put(&mut schedule.rise, given.rise);
    put(&mut schedule.seed, given.seed);
    put(&mut schedule.threads, given.threads);
    if given.epochs.is_some() {
        (schedule.epochs, schedule.updates) = (given.epochs, None);
    } else if given.steps.is_some() {
        schedule.updates = given.steps;
    }
    schedule.patience = given.patience;
    settings.check().map_err(TrainError::from)?;
    let head = Head { name: settings.name.clone(), about: settings.about.clone(), ..Head::default() };
    head.check_texts().map_err(TrainError::from)?;
    Ok(settings)
}

/// The shape of a network without a model to go on with.
fn new_shape(given: &TrainSettings, recursive: bool) -> Result<Shape, CliError> {
    let mut shape = if recursive { Shape::recursive() } else { Shape::default() };
    let net = &mut shape.network;
    put(&mut net.dim, given.dim);
    put(&mut net.layers, given.layers);
    put(&mut net.heads, given.heads);
    net.kv_heads =
        given.kv_heads.unwrap_or(if net.heads.is_multiple_of(2) { net.heads / 2 } else { net.heads });
    net.head_size = match given.head_size {
        Some(size) => size,
        None if net.dim.is_multiple_of(net.heads) => net.dim / net.heads,
        None => {
            let message =
                format!("--dim {} is no multiple of --heads {}: give --head-size", net.dim, net.heads);
            return Err(CliError::Usage(message));
        }
    };
    match given.hidden.as_deref() {
        None => net.hidden = 2 * net.dim,
        Some(&[hidden]) => net.hidden = hidden,
        Some(_) => return Err(CliError::Usage("--hidden of a sequence model is one number".into())),
    }
    put(&mut net.recursion, given.recursions);
    put(&mut net.activation, given.activation.map(|function| function.function()));
    net.qk_norm = !given.no_qk_norm;
    let theta = given.theta.unwrap_or(1000.0);
    net.position = match given.positions {
        None | Some(PositionsArg::Rope) => Position::Rope { theta, layout: Layout::Adjacent },
        Some(PositionsArg::Learnt) => Position::Learnt,
        Some(PositionsArg::None) => Position::None,
    };
    if given.theta.is_some() && !matches!(net.position, Position::Rope { .. }) {
        return Err(CliError::Usage("--theta is for --positions rope".into()));
    }
    shape.tied = !given.untied;
    (shape.weights, shape.embedding) = (Bits::Ternary.grid(), Bits::Ternary.of_embedding().grid());
    Ok(shape)
}

/// The parameters of a model, with rows for tokens that are new.
///
/// # Errors
/// A part of the model that the trainer does not have.
pub fn start(model: &Model, settings: &Settings) -> Result<Parameters, CliError> {
    Ok(parameters_of(model, &settings.shape, settings.schedule.seed)?)
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
