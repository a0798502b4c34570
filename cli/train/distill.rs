//! `mlc distill`: a float network → a model with few bits, trained on what that network says.

use super::follow::Follower;
use super::log::Log;
use super::lost::Lost;
use super::sequence::{Display, check_compute, prior, report, set_compute};
use crate::args::{DistillArgs, MethodArg};
use crate::error::CliError;
use crate::import::model_name;
use crate::say::say;
use crate::sequence::{MAX_LENGTH, Opened, Source, WINDOW, open};
use crate::table::count;
use crate::{Outcome, files, interrupt, progress};
use mlc_compiler::model::{Grid, Head, Story, Tokens};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{
    Event, Example, Figures, Method, Settings, Task, Texts, distill, student, written,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Texts that the teacher writes, and the most tokens of one.
const TEXTS: usize = 4096;
const LENGTH: usize = 160;
/// Mini-batches, and texts of one.
const STEPS: usize = 3000;
const BATCH: usize = 16;
/// Share of the running mean that a mini-batch leaves.
const AVERAGE: f32 = 0.98;
/// Part of the largest hidden value that 8 bits cover: by trial on stories260K with 8-bit weights, 1.556 nats without a cut, 1.522
/// with 0.6, 1.551 with 0.4.
pub const CUT: f32 = 0.6;
/// Most tokens that are read for a question where nobody says.
const MOST: u16 = 256;

pub fn run(args: &DistillArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.sequence.calibrate.is_some() {
        let message = "--calibrate is for `mlc import`: here training finds the scales";
        return Err(CliError::Usage(message.into()));
    }
    check_compute(&args.compute)?;
    args.compute.device.check().map_err(TrainError::from)?;
    [&args.text, &args.held_out].into_iter().flatten().for_each(|path| files::reads(path));
    files::check_distinct(args.outputs())?;
    let outputs = [Some(&args.output), args.curve.as_ref()];
    files::check_writable(outputs.into_iter().flatten().map(PathBuf::as_path))?;
    let Opened { bytes, is_network, .. } = open(&args.teacher)?;
    if !is_network {
        let problem = format!("{} is no float network of a sequence model", files::shown(&args.teacher));
        return Err(CliError::Network { problem, help: "give what `mlc import` reads of these" });
    }
    let source = Source::read(&args.teacher, &bytes, &args.sequence, &args.ignore)?;
    let settings = settings(args, &source)?;
    let stop = interrupt::listen();
    let task = task(args, &source, &settings, stop)?;
    if stop.load(Ordering::SeqCst) {
        say!("stopped before the training began: nothing is written");
        return Ok(Outcome::Interrupted);
    }
    train(args, &source, &task, &settings, stop, out)
}

fn settings(args: &DistillArgs, source: &Source) -> Result<Settings, CliError> {
    let embedding = args.sequence.embedding_bits.unwrap_or(args.weights.of_embedding());
    let window = args.sequence.window.unwrap_or(WINDOW);
    let mut settings = Settings {
        name: args.name.clone().unwrap_or_else(|| model_name(&args.teacher)),
        about: args.about.clone().unwrap_or_default(),
        shape: student(&source.checkpoint, args.weights.grid(), embedding.grid(), window),
        ..Settings::default()
    };
    settings.average = args.average.unwrap_or(AVERAGE);
    let fine = |grid| matches!(grid, Grid::Symmetric { .. });
    if fine(settings.shape.weights) {
        settings.cut = CUT;
    }
    let all_fine = fine(settings.shape.weights) && fine(settings.shape.embedding);
    settings.method = match args.method.map(MethodArg::method) {
        Some(Method::Incremental) if !all_fine => {
            let message = "--method incremental is for --weights and --embedding-bits of 3 bits and more";
            return Err(CliError::Usage(message.into()));
        }
        Some(method) => method,
        None if all_fine => Method::Incremental,
        None => Method::StraightThrough,
    };
    let schedule = &mut settings.schedule;
    schedule.updates = Some(args.steps.unwrap_or(STEPS));
    schedule.batch = args.batch.unwrap_or(BATCH);
    schedule.falls = settings.method == Method::StraightThrough;
    schedule.learning_rate = args.lr.unwrap_or(match (settings.method, args.weights.grid().bits()) {
        (Method::Incremental, _) => 0.0007,
        (Method::StraightThrough, 2) => 0.002,
        (Method::StraightThrough, 3) => 0.001,
        (Method::StraightThrough, _) => 0.0004,
    });
    schedule.seed = args.seed.unwrap_or(schedule.seed);
    schedule.threads = args.threads.unwrap_or(schedule.threads);
    set_compute(&mut settings, &args.compute);
    settings.check().map_err(TrainError::from)?;
    let head = Head { name: settings.name.clone(), about: settings.about.clone(), ..Head::default() };
    head.check_texts().map_err(TrainError::from)?;
    Ok(settings)
}

/// What to train on: texts that were given, or that the teacher writes.
fn task(
    args: &DistillArgs,
    source: &Source,
    settings: &Settings,
    stop: &AtomicBool,
) -> Result<Task, CliError> {
    let Source { checkpoint, tokenizer, generation } = source;
    let known = checkpoint.shape.positions.unwrap_or(usize::MAX);
    let length = args.length.unwrap_or(LENGTH).min(known);
    let mut ends: Vec<u32> =
        tokenizer.bos.into_iter().chain(tokenizer.eos).chain(generation.end.clone()).collect();
    ends.sort_unstable();
    ends.dedup();
    let encoded = |path: &Path, length: usize| -> Result<Texts, CliError> {
        let mut examples = Vec::new();
        for (line, text) in (1..).zip(crate::sequence::texts(path)?) {
            let tokens = tokenizer.encode(&text).map_err(|e| CliError::Network {
                problem: format!("{}: text {line}: {e}", files::shown(path)),
                help: e.help(),
            })?;
            let mut tokens = tokenizer.framed(&tokens);
            tokens.truncate(length);
            let counts = (0..tokens.len()).map(|i| i > 0).collect();
            examples.push(Example { tokens, counts });
        }
        Ok(Texts::new(examples))
    };
    let train = match &args.text {
        Some(path) => encoded(path, length)?,
        None => {
            let count = args.texts.unwrap_or(TEXTS);
            let bar = progress::bar(count, "write");
            let start = tokenizer.bos.unwrap_or(0);
            let (seed, threads) = (settings.schedule.seed, settings.schedule.threads);
            let own =
                written(checkpoint, (start, &ends[..]), (count, length), (seed, threads), stop, &|| {
                    bar.inc(1)
                });
            bar.finish_and_clear();
            Texts::new(own.map_err(|problem| TrainError::Data(problem.to_string()))?)
        }
    };
    say!("{} to train on, {}", count(train.len(), "text"), count(train.counted(), "token"));
    // The last token is foretold, not read.
    let held_out = args.held_out.as_deref().map(|path| encoded(path, known.min(4096).saturating_add(1)));
    let most = args.most.unwrap_or(u16::try_from(known).unwrap_or(MOST).min(MOST));
    let reader = Tokens { tokenizer: tokenizer.clone(), max_length: MAX_LENGTH };
    let prior = prior((args.prior, args.prior_bytes), &train, &reader)?;
    Ok(Task { reader, story: Story::plain(ends, most, 0), train, held_out: held_out.transpose()?, prior })
}

fn train(
    args: &DistillArgs,
    source: &Source,
    task: &Task,
    settings: &Settings,
    stop: &AtomicBool,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let log = args.log.as_ref().map(Log::create::<Figures>).transpose()?;
    let mut display = Display::new(task);
    let mut follower = Follower::new(log, &args.output, args.curve.is_some());
    let seed = settings.schedule.seed;
    let mut follow = |event: Event| follower.see(seed, &event, None, &mut display);
    let trained = distill(&source.checkpoint, task, settings, stop, &mut follow)?;
    display.finish();
    let mut lost = Lost::default();
    let drawing = args.curve.as_deref();
    let size = super::written::model(&trained.model, drawing, seed, follower, &mut lost);
    report(&trained, &args.output, size, out)?;
    lost.end()?;
    Ok(if stop.load(Ordering::SeqCst) { Outcome::Interrupted } else { Outcome::Done })
}
