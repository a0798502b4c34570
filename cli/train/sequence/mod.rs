//! `mlc train --family sequence|recursive`: texts, pairs or conversations → a sequence model.
//!
//! [`base`] is what training goes on from, [`settings`] puts the settings together, [`data`] reads the texts and makes examples of them, [`display`] follows the
//! training.

mod base;
mod baselines;
mod budget;
mod data;
mod display;
mod lora;
mod settings;

use super::follow::Follower;
use super::log::Log;
use super::lost::Lost;
use super::result::{FamilyResult, Held, SEQUENCE};
use super::written;
use crate::args::{TrainArgs, TrainSettings};
use crate::budget::Limits;
use crate::error::CliError;
use crate::say::say;
use crate::{Outcome, files, interrupt, pairs};
use base::Base;
use baselines::Rivals;
use data::Learned;
pub use data::prior;
pub use display::{Display, figures, texts};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{
    Ends, Event, Figures, Parameters, Seeds, Settings, Task, Trained, Training, ends, train_seeds,
};
pub use settings::{check_compute, set_compute};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Trains a sequence model.
///
/// # Errors
/// What is wrong with settings, files or texts.
pub fn run(args: &TrainArgs, given: &TrainSettings, out: &mut dyn Write) -> Result<Outcome, CliError> {
    check(args, given)?;
    args.compute.device.check().map_err(TrainError::from)?;
    if let Some(rank) = args.lora {
        return lora::run(args, rank, given, out);
    }
    let base = Base::named(args)?;
    let (learned, settings, log) = prepare(args, given, base.as_ref())?;
    let start = base.as_ref().map(|base| base.parameters(&settings, &learned.task)).transpose()?;
    let limits = Limits::new(given)?;
    let limits = given.is_limited().then_some(&limits);
    let stop = interrupt::listen();
    let Learned { task, rivals, .. } = &learned;
    let start = start.as_ref();
    let job = Job { args, given, settings: &settings, task, rivals: rivals.as_ref(), start, limits, stop };
    if let Some(limits) = limits {
        budget::check(limits, &job.training(), base.is_none())?;
    }
    job.run(log, out)
}

/// Reads the texts and puts the settings together; what would hinder writing shows before.
fn prepare(
    args: &TrainArgs,
    given: &TrainSettings,
    base: Option<&Base>,
) -> Result<(Learned, Settings, Option<Log>), CliError> {
    pairs::claim(&given.pairs);
    pairs::claim(&given.held_out);
    files::check_distinct(args.outputs())?;
    let outputs = [Some(&args.output), args.curve.as_ref(), args.result.as_ref()];
    files::check_writable(outputs.into_iter().flatten().map(PathBuf::as_path))?;
    let learned = data::learned(given, base, args.baselines)?;
    let settings = settings::settings(given, base, &learned, &args.compute)?;
    args.result.as_deref().map_or(Ok(()), files::remove)?;
    let log = args.log.as_ref().map(Log::create::<mlc_trainer::sequence::Figures>).transpose()?;
    Ok((learned, settings, log))
}

/// What can be said against options before anything is read.
///
/// # Errors
/// The first option that does not go with the others.
pub fn check(args: &TrainArgs, given: &TrainSettings) -> Result<(), CliError> {
    let usage = |message: String| Err(CliError::Usage(message));
    if let Some(option) = given.unfitting(false) {
        let why = "it is for networks of hashed text";
        return usage(format!("{option} does not go with --family sequence: {why}"));
    }
    if args.from.is_some() && args.resume.is_some() && args.lora.is_none() {
        return usage("--from and --resume both name a model to go on with: give one of them".into());
    }
    if let (true, Some(option)) = (args.from.is_some() || args.resume.is_some(), given.of_shape()) {
        return usage(format!("{option}: the model that training goes on from has its own"));
    }
    let others = [
        (
            args.baselines && args.lora.is_some(),
            "--baselines does not go with --lora: it compares whole networks, and adapters go on with one",
        ),
        (
            args.cost_of_limits,
            "--cost-of-limits compares networks of hashed text: limits change nothing in how others are trained",
        ),
        (args.chat, "--chat is not there for sequence models: `mlc run` talks to the model"),
    ];
    if let Some((_, message)) = others.into_iter().find(|(given, _)| *given) {
        return usage(message.to_string());
    }
    settings::check_compute(&args.compute)?;
    if given.patience.is_some() && given.hold_out.is_none() && given.held_out.is_empty() {
        return usage("--patience goes by held-out texts: give --hold-out or --held-out as well".into());
    }
    if given.hold_out.is_some() && !given.held_out.is_empty() {
        return usage("--hold-out and --held-out both say what is held out: give one of them".into());
    }
    if given.epochs.is_some() && given.steps.is_some() {
        return usage("--epochs and --steps both say how long training takes: give one of them".into());
    }
    Ok(())
}

struct Job<'a> {
    args: &'a TrainArgs,
    given: &'a TrainSettings,
    settings: &'a Settings,
    task: &'a Task,
    rivals: Option<&'a Rivals>,
    start: Option<&'a Parameters>,
    /// Limits and a target, if any were given.
    limits: Option<&'a Limits>,
    /// Set by a signal that asks for the end.
    stop: &'a AtomicBool,
}

impl<'a> Job<'a> {
    fn training(&self) -> Training<'a> {
        Training { task: self.task, settings: self.settings, start: self.start }
    }

    fn run(&self, log: Option<Log>, out: &mut dyn Write) -> Result<Outcome, CliError> {
        let (seeds, followed) = self.train(log)?;
        let best = &seeds.runs[seeds.best];
        let (seed, trained) = best;
        let mut lost = Lost::default();
        let drawing = self.args.curve.as_deref();
        let size = written::model(&trained.model, drawing, *seed, followed, &mut lost);
        let stopped = self.stop.load(Ordering::SeqCst);
        let held = self.limits.map(|limits| Held::new(limits, &trained.model)).transpose();
        if let Some(path) = self.args.result.as_ref().filter(|_| size.is_some() && !stopped) {
            let result = FamilyResult::new(SEQUENCE, (*seed, trained), trained.held_out, self.given);
            let result = result.held(held.as_ref().ok().cloned().flatten());
            lost.note(files::write(path, result.text().into_bytes()));
        }
        report(trained, &self.args.output, size, out)?;
        self.report_ends(trained, out)?;
        let held = held?;
        held.iter().flat_map(|held| &held.lines).try_for_each(|line| writeln!(out, "{line}"))?;
        let kept = held.is_none_or(|held| held.kept);
        if self.args.seeds > 1 {
            writeln!(out, "the best of {} seeds is {seed}", seeds.runs.len())?;
        }
        if let Some(rivals) = self.rivals.filter(|_| !stopped) {
            match rivals.table(trained, self.settings, self.stop)? {
                Some(table) => write!(out, "\n{table}")?,
                None => say!("stopped; what a network of hashed text reaches is not known"),
            }
        }
        lost.end()?;
        Ok(match (stopped, kept) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Difference,
        })
    }

    /// Prints how many held-out replies end by themselves; of texts, which are one reply, nothing.
    fn report_ends(&self, trained: &Trained, out: &mut dyn Write) -> Result<(), CliError> {
        let (Some(held_out), Some(found)) = (&self.task.held_out, &trained.held_out) else { return Ok(()) };
        if display::is_text(found) || self.stop.load(Ordering::SeqCst) {
            return Ok(());
        }
        let threads = self.settings.schedule.threads;
        let found = ends(&trained.model, held_out, threads, self.stop);
        if let Some(Ends { replies, ended }) = found.filter(|found| found.replies > 0) {
            writeln!(out, "held-out replies, written freely: {ended} of {replies} end by themselves")?;
        }
        Ok(())
    }

    fn train(&self, log: Option<Log>) -> Result<(Seeds, Follower<'a, Figures>), CliError> {
        let mut display = Display::new(self.task);
        let mut follower = Follower::new(log, &self.args.output, self.args.curve.is_some());
        let mut follow = |seed: u64, event: Event| {
            if let (Event::Start { .. }, 2..) = (&event, self.args.seeds) {
                say!("seed {seed}:");
            }
            follower.see(seed, &event, None, &mut display);
        };
        let seeds = train_seeds(&self.training(), self.args.seeds.into(), self.stop, &mut follow)?;
        display.finish();
        Ok((seeds, follower))
    }
}

/// Prints what a training came to; `size` is that of the model, if it was written.
pub fn report(
    trained: &Trained,
    path: &Path,
    size: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let Trained { train, held_out, .. } = trained;
    let figures = |found| figures(found, trained.model.sequence_labels().is_some());
    written::report(trained, path, size, out)?;
    writeln!(out, "{}: {}", texts("training"), figures(train))?;
    if let Some(held_out) = held_out {
        writeln!(out, "{}: {}", texts("held-out"), figures(held_out))?;
    }
    Ok(())
}
