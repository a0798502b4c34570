//! `mlc train`: conversation pairs → a model. [`sequence`] does the same for sequence models, [`sensors`] for networks on
//! numbers.
//!
//! [`prepare`](mod@prepare) puts the settings together, [`data`] reads the pairs, [`mod@follow`] follows the training with
//! [`display`], [`log`] and [`snapshot`], [`report`] and [`result`] say what it came to.

mod data;
mod display;
mod distill;
mod file;
mod follow;
mod log;
mod lost;
mod prepare;
mod report;
mod result;
mod sensors;
mod sequence;
mod snapshot;
mod written;

pub use distill::run as distill;
pub use result::{AnyResult, Shares};

use crate::args::TrainArgs;
use crate::budget::{Pricing, Program, Verdict};
use crate::error::CliError;
use crate::say::say;
use crate::{Outcome, files, interrupt, run};
use data::Learned;
use display::Display;
use follow::{Follower, Show};
use log::Log;
use lost::Lost;
use mlc_trainer::{Event, Figures, Seeds, Shifts, StopReason, TaskError, Trained, Training};
use prepare::{Prepared, prepare};
use result::TrainResult;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// A training with all that its steps go by.
struct Job<'a> {
    args: &'a TrainArgs,
    prepared: &'a Prepared,
    learned: &'a Learned,
    pricing: &'a Pricing<'a>,
    /// Set by a signal that asks for the end.
    stop: &'a AtomicBool,
}

/// What a training came to.
struct Trial {
    seeds: Seeds,
    /// The best network as a program, if it fits, and whether it keeps the limits.
    program: Option<Program>,
    verdict: Verdict,
    /// Bytes of the model's file; `None` where it could not be written.
    size: Option<usize>,
}

impl Trial {
    /// The best network of all seeds, with its seed.
    fn best(&self) -> &(u64, Trained) {
        &self.seeds.runs[self.seeds.best]
    }
}

/// Finds out what would be refused before pairs are read.
///
/// # Errors
/// What is wrong with the settings.
pub fn check(args: &TrainArgs) -> Result<(), CliError> {
    let given = prepare::given(args)?;
    if given.is_sequence() {
        return sequence::check(args, &given);
    }
    if given.is_sensors(args.resume.is_some()) {
        return sensors::check(args, &given);
    }
    prepare(args, given).map(|_| ())
}

pub fn run(args: &TrainArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let given = prepare::given(args)?;
    if given.is_sequence() {
        return sequence::run(args, &given, out);
    }
    if given.is_sensors(args.resume.is_some()) {
        return sensors::run(args, &given, out);
    }
    let prepared = prepare(args, given)?;
    let Prepared { given, settings, limits, start } = &prepared;
    // Reading and training may take hours: what would hinder writing their result must show before.
    let files = [Some(&args.output), args.curve.as_ref(), args.result.as_ref()];
    files::check_writable(files.into_iter().flatten().map(PathBuf::as_path))?;
    let learned = data::learned(given, settings, start.as_ref(), args.baselines);
    let learned = learned.map_err(|e| if given.reads_tables() { of_table(e) } else { e })?;
    // A result is of the model beside it: none until this one is there.
    args.result.as_deref().map_or(Ok(()), files::remove)?;
    let log = args.log.as_ref().map(Log::create::<Figures>).transpose()?;

    let stop = interrupt::listen();
    let pricing = &limits.pricing(&learned.task);
    let job = Job { args, prepared: &prepared, learned: &learned, pricing, stop };
    // Everything is written before anything is printed: a reader who has gone costs no file, and a file that cannot be
    // written costs neither the others nor the report.
    let mut lost = Lost::default();
    let trial = job.trial(log, &mut lost)?;
    job.report(&trial, out)?;
    if args.chat {
        interrupt::ignore();
        run::talk(&trial.best().1.model, out)?;
    }
    lost.end()?;
    Ok(match (stop.load(Ordering::SeqCst), trial.verdict.kept) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Difference,
    })
}

/// What is wrong with pairs, where a table of numbers was meant.
fn of_table(error: CliError) -> CliError {
    match error {
        CliError::Task(TaskError::NoPair { .. }) => CliError::Data {
            problem: error.to_string(),
            help: "rows of numbers with the label in the last column are learned with --classifier",
        },
        other => other,
    }
}

impl Job<'_> {
    /// Trains, and writes all files.
    fn trial(&self, log: Option<Log>, lost: &mut Lost) -> Result<Trial, CliError> {
        let Prepared { given, limits, .. } = self.prepared;
        let (seeds, followed) = self.train(log)?;
        let best = &seeds.runs[seeds.best];
        let (seed, trained) = best;
        let drawing = self.args.curve.as_deref();
        let size = written::model(&trained.model, drawing, *seed, followed, lost);
        let program = limits.program(&trained.model)?;
        let verdict = limits.judge(&trained.model, program.as_ref());
        // A training that was stopped has none, so that a batch system runs it again, and none is without its model.
        let whole = size.is_some() && !self.stopped();
        if let Some(path) = self.args.result.as_ref().filter(|_| whole) {
            let result = TrainResult::new(best, given, limits, program.as_ref(), verdict.kept);
            lost.note(files::write(path, result.text().into_bytes()));
        }
        Ok(Trial { seeds, program, verdict, size })
    }

    /// Trains with all seeds while standard error, the log and the snapshots follow.
    fn train(&self, log: Option<Log>) -> Result<(Seeds, Follower<'_, Figures>), CliError> {
        let Self { args, learned, .. } = self;
        let mut display = Display::new(learned.task.train.pairs(), self.pricing);
        let mut follower = Follower::new(log, &args.output, args.curve.is_some());
        let mut follow = |seed: u64, event: Event| {
            if let (Event::Start { .. }, 2..) = (&event, args.seeds) {
                display.flush();
                say!("seed {seed}:");
            }
            follower.see(seed, &event, None, &mut display);
        };
        let settings = &self.prepared.settings;
        let seeds = self.pricing.with(|budgets| {
            let training = Training { task: &learned.task, settings, start: learned.start.as_ref(), budgets };
            mlc_trainer::train_seeds(&training, args.seeds.into(), self.stop, &mut follow)
        })?;
        display.finish();
        Ok((seeds, follower))
    }

    /// Prints what the training came to.
    fn report(&self, trial: &Trial, out: &mut dyn Write) -> Result<(), CliError> {
        let Self { args, prepared: Prepared { given, settings, limits, .. }, learned, .. } = self;
        let (seed, trained) = trial.best();
        let program = trial.program.as_ref();
        report::model(trained, &args.output, trial.size, out)?;
        if settings.shape.shift == Shifts::Learnt {
            report::shifts(trained, out)?;
        }
        if args.seeds > 1 {
            report::spread(&trial.seeds, out)?;
        }
        writeln!(out, "{}", limits.cost(program))?;
        trial.verdict.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        report::beyond(trained, limits, out)?;
        if args.cost_of_limits && !self.stopped() {
            match self.without_limits(*seed)? {
                Some(free) => report::cost_of_limits(trained, &free, out)?,
                None => say!("stopped; what the limits cost is not known"),
            }
        }
        if let Some(pairs) = learned.pairs.as_ref().filter(|_| args.baselines) {
            let share = given.hold_out.map(|share| (share, settings.schedule.seed));
            let bytes = program.map(Program::table_bytes);
            write!(out, "\n{}", report::baselines(trained, pairs, share, bytes)?)?;
        }
        Ok(())
    }

    /// The same training without limits; `None` where a signal ended it.
    fn without_limits(&self, seed: u64) -> Result<Option<Trained>, CliError> {
        let task = &self.learned.task;
        let settings = self.prepared.settings.clone().with(|s| s.schedule.seed = seed);
        let training = Training { start: self.learned.start.as_ref(), ..Training::new(task, &settings) };
        say!("without limits:");
        let mut display = Display::new(task.train.pairs(), self.pricing);
        let free = mlc_trainer::train(&training, self.stop, &mut |event| display.show(&event))?;
        display.finish();
        Ok((free.stop != StopReason::Requested).then_some(free))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
