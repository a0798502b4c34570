//! `mlc train`: conversation pairs → a model.

use crate::error::CliError;
use crate::import::summary;
use crate::pair_args::TrainArgs;
use crate::table::{count, grouped};
use crate::train_file::{self, TrainSettings};
use crate::{Outcome, files, interrupt, pairs, progress};
use indicatif::ProgressBar;
use mlc_compiler::import;
use mlc_compiler::model::{Model, ModelError, Output};
use mlc_trainer::{EpochRow, Event, Figures, LabelOrder, Settings};
use mlc_trainer::{StopReason, Task, TrainError, Trained, Training};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Without a terminal, so many lines tell of the progress.
const PROGRESS_LINES: usize = 20;

pub fn run(args: &TrainArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let given = match &args.config {
        Some(path) => train_file::merge(args.settings.clone(), train_file::read(path)?),
        None => args.settings.clone(),
    };
    if given.pairs.is_empty() {
        return Err(CliError::Usage("neither the command line nor the --config file names PAIRS".into()));
    }
    let settings = settings(&given);
    settings.check().map_err(TrainError::from)?;
    check_name(&settings)?;
    let pairs = pairs::read(&given.pairs, &settings.limits())?;
    let mut task = match given.classifier {
        true => Task::classifier(&pairs, &settings, LabelOrder::default())?,
        false => Task::chat(&pairs, &settings)?,
    };
    if let Some(share) = given.hold_out {
        task = task.hold_out(&pairs, share, settings.seed)?;
    }
    // Training may take minutes: what would hinder writing its result must show before.
    files::check_writable(&args.output)?;

    let stop = interrupt::listen();
    let mut display = Display::new(task.train.pairs());
    let trained =
        mlc_trainer::train(&Training::new(&task, &settings), stop, &mut |event| display.show(&event))?;
    display.bar.finish_and_clear();
    let text = import::ron::write(&trained.model);
    let size = text.len();
    files::write(&args.output, text.into_bytes())?;
    report(&trained, &args.output, size, out)?;
    Ok(if trained.stop == StopReason::Requested { Outcome::Interrupted } else { Outcome::Done })
}

/// The trainer's defaults with what was given in their place.
fn settings(given: &TrainSettings) -> Settings {
    let given = given.clone();
    let mut settings = if given.classifier { Settings::classifier() } else { Settings::default() };
    put(&mut settings.name, given.name);
    put(&mut settings.about, given.about);
    put(&mut settings.hidden, given.hidden);
    put(&mut settings.query.buckets, given.query_buckets);
    put(&mut settings.query.max_length, given.max_query);
    put(&mut settings.context.buckets, given.context_buckets);
    put(&mut settings.context.length, given.context_length);
    put(&mut settings.max_reply, given.max_reply);
    put(&mut settings.batch, given.batch);
    put(&mut settings.learning_rate, given.lr);
    put(&mut settings.sparsity, given.l1);
    put(&mut settings.seed, given.seed);
    put(&mut settings.threads, given.threads);
    settings.epochs = given.epochs;
    settings
}

/// The trainer finds a wrong name when it makes the first model: minutes too late.
fn check_name(settings: &Settings) -> Result<(), TrainError> {
    let head = Model {
        name: settings.name.clone(),
        about: settings.about.clone(),
        query: settings.query.clone(),
        output: Output::Classifier { labels: Vec::new() },
        layers: Vec::new(),
        training: Vec::new(),
    };
    match head.check_head() {
        Err(e @ ModelError::Name(_)) => Err(e.into()),
        // Everything else is not known yet.
        _ => Ok(()),
    }
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Progress: a bar on a terminal, a few lines elsewhere.
struct Display {
    bar: ProgressBar,
    terminal: bool,
    /// The last exact evaluation, and its epoch.
    judged: Option<(Figures, usize)>,
    pairs: usize,
    steps: usize,
}

impl Display {
    fn new(pairs: usize) -> Self {
        let bar = progress::bar(1, "train");
        Self { bar, terminal: io::stderr().is_terminal(), judged: None, pairs, steps: 0 }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, steps, held_out_steps } => {
                self.steps = *steps;
                let held_out = match held_out_steps {
                    0 => String::new(),
                    n => format!(", {} held out", count(*n, "step")),
                };
                let (pairs, steps) = (count(self.pairs, "pair"), count(*steps, "step"));
                eprintln!("{pairs}, {steps}{held_out}, {}", count(*weights, "weight"));
            }
            Event::Batch { epoch, done, .. } => {
                self.bar.set_position(((epoch - 1) * self.steps + done) as u64)
            }
            Event::Epoch(row) => self.epoch(row),
            Event::Best { .. } => {}
        }
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps) as u64);
        self.bar.set_position((row.epoch * self.steps) as u64);
        if let Some(judged) = row.held_out.or(row.train) {
            self.judged = Some((judged, row.epoch));
        }
        let (loss, nonzero) = (row.loss, grouped(row.nonzero as u64));
        let short = self.judged.as_ref().map(|(f, _)| {
            format!(", characters {:.1} %, replies {:.1} %", 100.0 * f.step_share(), 100.0 * f.reply_share())
        });
        self.bar.set_message(format!("loss {loss:.3}{}, {nonzero} weights", short.unwrap_or_default()));
        let line = row.epochs.div_ceil(PROGRESS_LINES);
        if !self.terminal && (row.epoch.is_multiple_of(line) || row.epoch == row.epochs) {
            let running = 100.0 * row.running_share;
            let exact = self.judged.as_ref().map(|(f, epoch)| format!("; in epoch {epoch}: {}", shares(f)));
            eprintln!(
                "epoch {} of {}: loss {loss:.3}, {running:.1} % right while learning, {nonzero} weights not zero{}",
                row.epoch,
                row.epochs,
                exact.unwrap_or_default()
            );
        }
    }
}

fn shares(figures: &Figures) -> String {
    format!(
        "{:.1} % of characters, {:.1} % of replies right",
        100.0 * figures.step_share(),
        100.0 * figures.reply_share()
    )
}

fn report(trained: &Trained, path: &Path, size: usize, out: &mut dyn Write) -> Result<(), CliError> {
    if trained.stop == StopReason::Requested {
        eprintln!(
            "stopped; this is the best network so far, from epoch {} of {}",
            trained.epoch, trained.epochs
        );
    }
    writeln!(out, "{}: {}, {} bytes", files::shown(path), summary(&trained.model), grouped(size as u64))?;
    writeln!(out, "training pairs: {}", shares(&trained.train))?;
    if let Some(held_out) = &trained.held_out {
        writeln!(out, "held-out pairs: {}", shares(held_out))?;
    }
    Ok(())
}
