//! The settings of a sequence model's training: command line, `train.ron` and the network to go on with, put together.

use super::base::{Base, Network};
use super::data::Learned;
use crate::args::{Bits, ComputeArgs, Family, PositionsArg, TrainSettings};
use crate::error::CliError;
use crate::train::distill::CUT;
use mlc_compiler::import::sequence::{Layout, Position};
use mlc_compiler::model::{Grid, Head};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{Settings, Shape, shape_of, student};

/// The trainer's defaults with what was given in their place; a network to go on with decides about its shape.
///
/// # Errors
/// What does not go together.
pub fn settings(
    given: &TrainSettings,
    base: Option<&Base>,
    learned: &Learned,
    compute: &ComputeArgs,
) -> Result<Settings, CliError> {
    let given = given.clone();
    let usage = CliError::Usage;
    let recursive = given.family == Some(Family::Recursive);
    let shape = match base.map(|base| &base.network) {
        Some(Network::Model(model)) => shape_of(model)?,
        Some(Network::Floats(source)) => {
            let (weights, embedding) = usual();
            student(&source.checkpoint, weights, embedding, learned.window)
        }
        None => new_shape(&given, recursive)?,
    };
    let mut settings = Settings { shape, ..Settings::default() };
    match base {
        Some(base) => (settings.name, settings.about) = base.texts(),
        None if given.classifier => settings.name = "classifier".to_string(),
        None => settings.name = if recursive { "recursive" } else { "sequence" }.to_string(),
    }
    let shape = &mut settings.shape;
    shape.network.vocabulary = learned.task.reader.tokenizer.pieces.len();
    if !learned.task.story.labels.is_empty() {
        // Gains stand in front of an embedding only.
        (shape.labels, shape.tied, shape.gain) = (Some(learned.task.story.labels.len()), false, false);
    }
    shape.network.positions = Some(learned.task.story.most.into());
    if let Some(weights) = &given.weights {
        shape.weights = weights.bits().map_err(usage)?.grid();
        shape.embedding = weights.bits().map_err(usage)?.of_embedding().grid();
    }
    if let Some(bits) = given.embedding_bits {
        shape.embedding = bits.grid();
    }
    let model = base.and_then(Base::model);
    put(&mut shape.window, given.window.or(model.is_none().then_some(learned.window)));
    // As in distillation: what float networks compute was made without 8 bits in mind.
    if model.is_none() && base.is_some() && matches!(shape.weights, Grid::Symmetric { .. }) {
        settings.cut = CUT;
    }
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
    set_compute(&mut settings, compute);
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
    (shape.weights, shape.embedding) = usual();
    Ok(shape)
}

/// What can be said against a choice of what to compute on, whatever is built in.
///
/// # Errors
/// An option of LibTorch's without it.
pub fn check_compute(compute: &ComputeArgs) -> Result<(), CliError> {
    match compute.of_torch() {
        Some(option) => Err(CliError::Usage(format!(
            "{option} is for LibTorch: give --device torch-cpu or --device cuda as well"
        ))),
        None => Ok(()),
    }
}

/// What to compute on, and how.
pub fn set_compute(settings: &mut Settings, compute: &ComputeArgs) {
    settings.schedule.device = compute.device;
    put(&mut settings.precision, compute.precision);
    settings.recompute = compute.recompute;
}

/// Weights and embedding where nobody says how many bits they have.
fn usual() -> (Grid, Grid) {
    (Bits::Ternary.grid(), Bits::Ternary.of_embedding().grid())
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
