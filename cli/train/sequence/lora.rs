//! `mlc train --from BASE --lora RANK`: adapters beside a network that stays as it is.

use super::base::{Base, Network};
use super::display::Display;
use super::{budget, report};
use crate::adapter;
use crate::args::{Bits, TrainArgs, TrainSettings, WeightsArg, WeightsOf};
use crate::budget::Limits;
use crate::error::CliError;
use crate::sequence;
use crate::table::grouped;
use crate::train::follow::Follower;
use crate::train::lost::Lost;
use crate::train::result::{FamilyResult, Held, SEQUENCE};
use crate::train::written;
use crate::{Outcome, files, interrupt};
use mlc_compiler::model::Model;
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{
    Adapter, Base as Beside, Event, FloatBase, Lora, Rounding, Settings, Shape, Target, Training,
    train_adapter,
};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Trains adapters.
///
/// # Errors
/// What is wrong with settings, files or texts; texts that need tokens that the base does not have.
pub fn run(
    args: &TrainArgs,
    rank: usize,
    given: &TrainSettings,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    check(args, given)?;
    let named = args.from.as_deref().expect("--lora requires --from");
    let base = Base::read(named, args.tokenizer.as_deref())?;
    if given.classifier && base.model().and_then(Model::sequence_labels).is_none() {
        let message = "--classifier does not go with --lora: the base writes text, and adapters add no output for labels";
        return Err(CliError::Usage(message.into()));
    }
    check_rounding(args, given, &base)?;
    let resumed = resumed(args, &base)?;
    let (learned, mut settings, log) =
        super::prepare(args, &rounded_as(given, resumed.as_ref()), Some(&base))?;
    check_tokens(&base, &settings)?;
    let floats = floats(&base, rounding(&settings.shape, learned.task.story.most))?;
    let beside = beside(&base, floats.as_ref());
    settings.lora = Some(lora(args, rank, &settings.shape));
    settings.check().map_err(TrainError::from)?;
    let start = beside.parameters()?;
    let stop = interrupt::listen();

    let mut display = Display::new(&learned.task);
    let mut follower = Follower::new(log, &args.output, args.curve.is_some());
    let seed = settings.schedule.seed;
    let mut follow =
        |event: Event, adapter: Option<&Adapter>| follower.see(seed, &event, adapter, &mut display);
    let training = Training { task: &learned.task, settings: &settings, start: Some(&start) };
    let limits = Limits::new(given)?;
    let limits = given.is_limited().then_some(&limits);
    if let Some(limits) = limits {
        budget::check(limits, &training, false)?;
    }
    let (trained, adapter) = train_adapter(&training, (beside, resumed.as_ref()), stop, &mut follow)?;
    display.finish();

    let mut lost = Lost::default();
    let drawing = args.curve.as_deref();
    let bytes = adapter::bytes(&adapter);
    let size = written::write((&trained.model, bytes), drawing, seed, follower, &mut lost);
    let stopped = stop.load(Ordering::SeqCst);
    let best = (seed, trained);
    let held = limits.map(|limits| Held::new(limits, &merged(&base, beside, &adapter)?)).transpose();
    if let Some(path) = args.result.as_ref().filter(|_| size.is_some() && !stopped) {
        let result = FamilyResult::new(SEQUENCE, (best.0, &best.1), best.1.held_out, given);
        let result = result.held(held.as_ref().ok().cloned().flatten());
        lost.note(files::write(path, result.text().into_bytes()));
    }
    report(&best.1, &args.output, size, out)?;
    let names: Vec<_> = adapter.lora.targets.iter().map(|target| target.name()).collect();
    let (count, base) = (grouped(adapter.len() as u64), files::shown(&base.path));
    writeln!(out, "an adapter of rank {rank} on {}: {count} numbers, for {base}", names.join(", "))?;
    let held = held?;
    held.iter().flat_map(|held| &held.lines).try_for_each(|line| writeln!(out, "{line}"))?;
    let kept = held.is_none_or(|held| held.kept);
    lost.end()?;
    Ok(match (stopped, kept) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Difference,
    })
}

/// What does not go with adapters: the base decides, and they are trained once.
fn check(args: &TrainArgs, given: &TrainSettings) -> Result<(), CliError> {
    let others = [
        (given.prior.is_some(), "--prior"),
        (given.max_query.is_some(), "--max-query"),
        (given.name.is_some(), "--name"),
        (given.about.is_some(), "--about"),
    ];
    if let Some((_, option)) = others.into_iter().find(|(given, _)| *given) {
        return Err(CliError::Usage(format!("{option} does not go with --lora: the base has its own")));
    }
    if args.seeds > 1 {
        return Err(CliError::Usage("--seeds does not go with --lora: adapters are trained once".into()));
    }
    Ok(())
}

/// How a base of floats is rounded is said once: a model of integers has that, and so has an adapter to go on with.
fn check_rounding(args: &TrainArgs, given: &TrainSettings, base: &Base) -> Result<(), CliError> {
    let who = match (&base.network, &args.resume) {
        (Network::Model(_), _) => "--lora: the base",
        (Network::Floats(_), Some(_)) => "--resume: the adapter",
        (Network::Floats(_), None) => return Ok(()),
    };
    let options = [
        (given.weights.is_some(), "--weights"),
        (given.embedding_bits.is_some(), "--embedding-bits"),
        (given.window.is_some(), "--window"),
        (given.most.is_some(), "--most"),
    ];
    match options.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(CliError::Usage(format!("{option} does not go with {who} has its own"))),
        None => Ok(()),
    }
}

/// The options of a training that goes on with an adapter: those of its own beside a base of floats.
fn rounded_as(given: &TrainSettings, adapter: Option<&Adapter>) -> TrainSettings {
    let mut given = given.clone();
    if let Some(rounding) = adapter.and_then(|adapter| adapter.rounding) {
        let bits = |grid| Bits::of(grid).expect("an adapter that was checked has such weights");
        given.weights = Some(WeightsArg(vec![WeightsOf::Bits(bits(rounding.weights))]));
        given.embedding_bits = Some(bits(rounding.embedding));
        (given.window, given.most) = (Some(rounding.window), Some(rounding.most));
    }
    given
}

fn rounding(shape: &Shape, most: u16) -> Rounding {
    Rounding { weights: shape.weights, embedding: shape.embedding, window: shape.window, most }
}

/// The base, where it is a float network.
fn floats(base: &Base, rounding: Rounding) -> Result<Option<FloatBase>, CliError> {
    match &base.network {
        Network::Model(_) => Ok(None),
        Network::Floats(source) => adapter::floats(&base.path, source, rounding).map(Some),
    }
}

/// The base as the trainer has it.
fn beside<'a>(base: &'a Base, floats: Option<&'a FloatBase>) -> Beside<'a> {
    match (floats, base.model()) {
        (Some(floats), _) => Beside::Floats(floats),
        (None, Some(model)) => Beside::Model(model),
        (None, None) => unreachable!("a base without floats is a model"),
    }
}

/// What `mlc compile --lora` makes a program of: the base with the adapter, and with the base's own tokens and turns.
fn merged(base: &Base, beside: Beside, adapter: &Adapter) -> Result<Model, CliError> {
    let mut model = adapter.merged(beside)?;
    if let Network::Floats(source) = &base.network {
        sequence::turns(&base.path, &source.tokenizer, &mut model)?;
    }
    Ok(model)
}

/// The adapter to go on with, if one was asked for.
fn resumed(args: &TrainArgs, base: &Base) -> Result<Option<Adapter>, CliError> {
    let Some(named) = &args.resume else { return Ok(None) };
    let path = named.as_ref().unwrap_or(&args.output);
    if named.is_none() && !path.exists() {
        let problem = format!("no {} yet: there is nothing to go on with", files::shown(path));
        return Err(CliError::Resume { problem, help: "train without --resume first, or name an adapter" });
    }
    let adapter = adapter::read(path)?;
    check_base(&adapter, path, base)?;
    files::may_replace(path);
    Ok(Some(adapter))
}

fn check_base(adapter: &Adapter, path: &Path, base: &Base) -> Result<(), CliError> {
    let floats = match &base.network {
        Network::Model(_) => None,
        Network::Floats(_) => floats(base, adapter::rounding(path, adapter)?)?,
    };
    adapter.check(beside(base, floats.as_ref())).map_err(|e| adapter::refused(path, &e))
}

fn lora(args: &TrainArgs, rank: usize, shape: &Shape) -> Lora {
    let gated = shape.network.activation.is_gated();
    let mut targets = match &args.lora_targets {
        Some(targets) => targets.clone(),
        None => Target::ALL.into_iter().filter(|&target| gated || target != Target::Gate).collect(),
    };
    targets.sort_unstable();
    targets.dedup();
    Lora { rank, alpha: args.lora_alpha.unwrap_or(2.0 * rank as f32), targets }
}

/// Adapters add no rows to an embedding.
fn check_tokens(base: &Base, settings: &Settings) -> Result<(), CliError> {
    let known = base.tokenizer().pieces.len();
    let wanted = settings.shape.network.vocabulary;
    if wanted == known {
        return Ok(());
    }
    let name = files::shown(&base.path);
    let problem = format!("the texts need {} tokens that {name} does not have", wanted - known);
    Err(CliError::Resume { problem, help: "adapters add no tokens: train with --from alone first" })
}
