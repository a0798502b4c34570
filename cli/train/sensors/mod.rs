//! `mlc train DATA.csv --classifier`: rows of numbers with labels → a network on numbers.
//!
//! [`data`] reads the rows and makes a task of them, [`settings`] puts the settings together, [`budget`] keeps limits,
//! [`display`] follows the training, [`forest`] grows trees, [`report`] says what it came to.

mod budget;
mod data;
mod display;
mod forest;
mod report;
mod settings;

use super::follow::Follower;
use super::log::Log;
use super::lost::Lost;
use super::result::{FamilyResult, SENSORS};
use super::written;
use crate::args::{TrainArgs, TrainSettings};
use crate::budget::Limits;
use crate::error::CliError;
use crate::say::say;
use crate::{Outcome, files, interrupt, pairs};
use data::Learned;
use display::Display;
use mlc_compiler::model::Model;
use mlc_trainer::sensors::{Event, Figures, Seeds, Settings, Training, evaluate, train_seeds};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Trains a network on numbers.
///
/// # Errors
/// What is wrong with settings, files or rows.
pub fn run(args: &TrainArgs, given: &TrainSettings, out: &mut dyn Write) -> Result<Outcome, CliError> {
    check(args, given)?;
    let start = settings::start(args)?;
    pairs::claim(&given.pairs);
    pairs::claim(&given.held_out);
    files::check_distinct(args.outputs())?;
    let outputs = [Some(&args.output), args.curve.as_ref(), args.result.as_ref()];
    files::check_writable(outputs.into_iter().flatten().map(PathBuf::as_path))?;
    let learned = data::learned(given, start.as_ref())?;
    let mut settings = settings::settings(given, start.as_ref(), &learned)?;
    let limits = Limits::of_numbers(given)?;
    if let Some(trees) = given.forest {
        let grown = forest::Growing { args, given, trees, learned: &learned, limits: &limits };
        return grown.run(settings::named(given)?, out);
    }
    if given.is_limited() {
        budget::check(&limits, given, &learned.task, &mut settings, start.as_ref())?;
    }
    args.result.as_deref().map_or(Ok(()), files::remove)?;
    let log = args.log.as_ref().map(Log::create::<Figures>).transpose()?;
    let (stop, start) = (interrupt::listen(), start.as_ref());
    Job { args, given, settings: &settings, learned: &learned, start, limits: &limits, stop }.run(log, out)
}

/// What can be said against options before anything is read.
///
/// # Errors
/// The first option that does not go with the others.
pub fn check(args: &TrainArgs, given: &TrainSettings) -> Result<(), CliError> {
    let usage = |message: String| Err(CliError::Usage(message));
    if let Some(option) = given.unfitting(args.resume.is_some()) {
        return usage(format!("{option} is not for networks on numbers: leave it out"));
    }
    if given.pairs.iter().any(|path| path.as_os_str() == "-") {
        return usage(
            "- is standard input, and rows of numbers are read from files: name a .csv, .tsv or .npz".into(),
        );
    }
    if let Some(option) = args.compute.of_sequence() {
        return usage(format!("{option} is not for networks on numbers: leave it out"));
    }
    let others = [
        (
            args.from.is_some(),
            "--from goes on with a sequence model: --resume goes on with a network on numbers",
        ),
        (
            args.cost_of_limits,
            "--cost-of-limits compares networks of hashed text: limits change nothing here",
        ),
        (args.chat, "--chat talks to networks of hashed text: `mlc run` asks this one"),
        (
            args.compute.device != mlc_trainer::Device::Cpu,
            "--device: networks on numbers are trained on the processor, with --device cpu",
        ),
        (
            given.hold_out.is_some() && !given.held_out.is_empty(),
            "--hold-out and --held-out both say what is held out: give one of them",
        ),
        (
            given.epochs.is_some() && given.steps.is_some(),
            "--epochs and --steps both say how long training takes: give one of them",
        ),
    ];
    if let Some((_, message)) = others.into_iter().find(|(given, _)| *given) {
        return usage(message.to_string());
    }
    if given.forest.is_some() {
        forest::check(args, given)?;
    }
    match given.hold_out {
        Some(share) if !(0.0..=0.9).contains(&share) => {
            usage(format!("--hold-out {share}: a share of the rows, 0 to 0.9"))
        }
        _ => Ok(()),
    }
}

/// A training with all that its steps go by.
struct Job<'a> {
    args: &'a TrainArgs,
    given: &'a TrainSettings,
    settings: &'a Settings,
    learned: &'a Learned,
    start: Option<&'a Model>,
    limits: &'a Limits,
    /// Set by a signal that asks for the end.
    stop: &'a AtomicBool,
}

impl<'a> Job<'a> {
    fn run(&self, log: Option<Log>, out: &mut dyn Write) -> Result<Outcome, CliError> {
        let (seeds, followed) = self.train(log)?;
        let (seed, trained) = &seeds.runs[seeds.best];
        let mut lost = Lost::default();
        let drawing = self.args.curve.as_deref();
        let size = written::model(&trained.model, drawing, *seed, followed, &mut lost);
        let stopped = self.stop.load(Ordering::SeqCst);
        let held_out = &self.learned.task.held_out;
        let measured = (!held_out.is_empty())
            .then(|| evaluate(&trained.model, held_out).expect("the trainer knows its own networks"));
        if let Some(path) = self.args.result.as_ref().filter(|_| size.is_some() && !stopped) {
            let result = FamilyResult::new(SENSORS, (*seed, trained), measured, self.given);
            lost.note(files::write(path, result.text().into_bytes()));
        }
        report::model(trained, &self.args.output, size, out)?;
        if self.args.seeds > 1 {
            report::spread(&seeds, &self.learned.task, out)?;
        }
        report::held_out(&trained.model, self.learned, out)?;
        report::baselines(&trained.model, measured, self.learned, out)?;
        let program = self.limits.program(&trained.model)?;
        writeln!(out, "\n{}", self.limits.cost(program.as_ref()))?;
        let verdict = self.limits.judge(&trained.model, program.as_ref());
        verdict.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        lost.end()?;
        Ok(match (stopped, verdict.kept) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Difference,
        })
    }

    fn train(&self, log: Option<Log>) -> Result<(Seeds, Follower<'a, Figures>), CliError> {
        let mut display = Display::new(&self.learned.task);
        let mut follower = Follower::new(log, &self.args.output, self.args.curve.is_some());
        let mut follow = |seed: u64, event: Event| {
            if let (Event::Start { .. }, 2..) = (&event, self.args.seeds) {
                say!("seed {seed}:");
            }
            follower.see(seed, &event, None, &mut display);
        };
        let training = Training { task: &self.learned.task, settings: self.settings, start: self.start };
        let seeds = train_seeds(&training, self.args.seeds.into(), self.stop, &mut follow)?;
        display.finish();
        Ok((seeds, follower))
    }
}
