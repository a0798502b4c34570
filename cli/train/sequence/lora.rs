//! `mlc train --from BASE --lora RANK`: adapters beside a model that stays as it is.

use super::display::Display;
use super::{budget, report, settings};
use crate::adapter;
use crate::args::{TrainArgs, TrainSettings};
use crate::budget::Limits;
use crate::error::CliError;
use crate::table::grouped;
use crate::train::follow::Follower;
use crate::train::lost::Lost;
use crate::train::result::{FamilyResult, Held, SEQUENCE};
use crate::train::written;
use crate::{Outcome, files, interrupt};
use mlc_compiler::model::{Model, Reader};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{Adapter, Event, Lora, Settings, Target, Training, shape_of, train_adapter};
use std::io::Write;
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
    let loaded = files::model(named)?;
    let base = loaded.model;
    if given.classifier && base.sequence_labels().is_none() {
        let message = "--classifier does not go with --lora: the base writes text, and adapters add no output for labels";
        return Err(CliError::Usage(message.into()));
    }
    let resumed = resumed(args, &base)?;
    let (learned, mut settings, log) = super::prepare(args, given, Some(&base))?;
    check_tokens(&base, &settings, &files::shown(&loaded.path))?;
    settings.lora = Some(lora(args, rank, &base)?);
    settings.check().map_err(TrainError::from)?;
    let start = settings::start(&base, &settings)?;
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
    let (trained, adapter) = train_adapter(&training, (&base, resumed.as_ref()), stop, &mut follow)?;
    display.finish();

    let mut lost = Lost::default();
    let drawing = args.curve.as_deref();
    let bytes = adapter::bytes(&adapter);
    let size = written::write((&trained.model, bytes), drawing, seed, follower, &mut lost);
    let stopped = stop.load(Ordering::SeqCst);
    let best = (seed, trained);
    // What is compiled is the base with the adapter.
    let held = limits.map(|limits| Held::new(limits, &best.1.model)).transpose();
    if let Some(path) = args.result.as_ref().filter(|_| size.is_some() && !stopped) {
        let result = FamilyResult::new(SEQUENCE, (best.0, &best.1), best.1.held_out, given);
        let result = result.held(held.as_ref().ok().cloned().flatten());
        lost.note(files::write(path, result.text().into_bytes()));
    }
    report(&best.1, &args.output, size, out)?;
    let names: Vec<_> = adapter.lora.targets.iter().map(|target| target.name()).collect();
    let (count, base) = (grouped(adapter.len() as u64), files::shown(&loaded.path));
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
        (given.weights.is_some(), "--weights"),
        (given.embedding_bits.is_some(), "--embedding-bits"),
        (given.window.is_some(), "--window"),
        (given.prior.is_some(), "--prior"),
        (given.most.is_some(), "--most"),
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

/// The adapter to go on with, if one was asked for.
fn resumed(args: &TrainArgs, base: &Model) -> Result<Option<Adapter>, CliError> {
    let Some(named) = &args.resume else { return Ok(None) };
    let path = named.as_ref().unwrap_or(&args.output);
    if named.is_none() && !path.exists() {
        let problem = format!("no {} yet: there is nothing to go on with", files::shown(path));
        return Err(CliError::Resume { problem, help: "train without --resume first, or name an adapter" });
    }
    let adapter = adapter::read(path)?;
    adapter.check(base).map_err(|e| adapter::refused(path, &e))?;
    files::may_replace(path);
    Ok(Some(adapter))
}

fn lora(args: &TrainArgs, rank: usize, base: &Model) -> Result<Lora, CliError> {
    let gated = shape_of(base)?.network.activation.is_gated();
    let mut targets = match &args.lora_targets {
        Some(targets) => targets.clone(),
        None => Target::ALL.into_iter().filter(|&target| gated || target != Target::Gate).collect(),
    };
    targets.sort_unstable();
    targets.dedup();
    Ok(Lora { rank, alpha: args.lora_alpha.unwrap_or(2.0 * rank as f32), targets })
}

/// Adapters add no rows to an embedding.
fn check_tokens(base: &Model, settings: &Settings, name: &str) -> Result<(), CliError> {
    let Reader::Tokens(tokens) = &base.reader else {
        let problem = format!("{name} is a network of hashed text");
        return Err(CliError::Resume { problem, help: "adapters are for sequence models" });
    };
    let known = tokens.tokenizer.pieces.len();
    let wanted = settings.shape.network.vocabulary;
    if wanted == known {
        return Ok(());
    }
    let problem = format!("the texts need {} tokens that {name} does not have", wanted - known);
    Err(CliError::Resume { problem, help: "adapters add no tokens: train with --from alone first" })
}
