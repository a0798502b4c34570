//! `mlc train`: conversation pairs → a model.

use crate::budget::{Limits, Program};
use crate::error::{self, CliError, Style};
use crate::import::summary;
use crate::inspect::numbered;
use crate::pair_args::TrainArgs;
use crate::say::{self, say};
use crate::snapshot::Snapshots;
use crate::table::{Align, grouped, table};
use crate::train_data::{self, Learned};
use crate::train_display::{Display, shares};
use crate::train_file::{self, TrainSettings};
use crate::train_log::Log;
use crate::train_result::TrainResult;
use crate::{Outcome, files, interrupt, pairs, run};
use mlc_compiler::import;
use mlc_compiler::model::Model;
use mlc_compiler::model::Output::{Chat, Classifier as Labels};
use mlc_trainer::{Baseline, EpochRow, Event, Pair, Pairs, Seeds, Settings, Shifts, Spread};
use mlc_trainer::{StopReason, TaskError, TrainError, Trained, Training, curve, data};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Most pairs in memory at a time: a few gigabytes.
const MOST_HELD: usize = 10_000_000;
/// Labels that the report names.
const LABELS_SHOWN: usize = 20;

/// What can be known before pairs are read.
pub struct Prepared {
    given: TrainSettings,
    settings: Settings,
    limits: Limits,
    start: Option<Model>,
}

/// Puts command line and file together, and checks what can be checked without pairs.
///
/// # Errors
/// What is wrong with the settings, or with a file that they name.
pub fn prepare(args: &TrainArgs) -> Result<Prepared, CliError> {
    let given = match &args.config {
        Some(path) => train_file::merge(args.settings.clone(), train_file::read(path)?),
        None => args.settings.clone(),
    };
    if given.pairs.is_empty() {
        return Err(CliError::Usage("neither the command line nor the --config file names PAIRS".into()));
    }
    match given.chunk {
        Some(0) => return Err(CliError::Usage("--chunk 0 leaves no pair to train on".into())),
        Some(chunk) if chunk > MOST_HELD => {
            let message = format!("--chunk {chunk} is more than memory holds: at most {MOST_HELD}");
            return Err(CliError::Usage(message));
        }
        _ => {}
    }
    if given.labels.is_some() && !given.classifier && args.resume.is_none() {
        return Err(CliError::Usage("--labels are those of a classifier: give --classifier as well".into()));
    }
    if given.patience.is_some() && given.hold_out.is_none() {
        return Err(CliError::Usage("--patience goes by held-out pairs: give --hold-out as well".into()));
    }
    if args.chat && given.pairs.iter().any(|path| pairs::is_standard_input(path)) {
        return Err(CliError::Usage(
            "--chat takes lines from standard input, and so do the PAIRS `-`".into(),
        ));
    }
    let limits = Limits::new(&given)?;
    if args.cost_of_limits && !limits.any() {
        return Err(CliError::Usage("--cost-of-limits is about a limit: give one".into()));
    }
    let start = match &args.resume {
        Some(named) => Some(start(named.as_deref(), &args.output)?),
        None => None,
    };
    let settings = Settings { device: args.device, ..settings(&given, start.as_ref()) };
    settings.check().map_err(TrainError::from)?;
    settings.device.check().map_err(TrainError::from)?;
    check_texts(&settings)?;
    pairs::claim(&given.pairs);
    files::check_distinct(args.outputs())?;
    Ok(Prepared { given, settings, limits, start })
}

pub fn run(args: &TrainArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let Prepared { given, settings, limits, start } = prepare(args)?;
    // Reading and training may take hours: what would hinder writing their result must show before.
    let files = [Some(&args.output), args.curve.as_ref(), args.result.as_ref()];
    files::check_writable(files.into_iter().flatten().map(PathBuf::as_path))?;
    let Learned { task, start, pairs } =
        train_data::learned(&given, &settings, start.as_ref(), args.baselines)?;
    // A result is of the model beside it: none until this one is there.
    args.result.as_deref().map_or(Ok(()), files::remove)?;
    let mut log = args.log.as_ref().map(Log::create).transpose()?;

    let stop = interrupt::listen();
    let pricing = limits.pricing(&task);
    let mut display = Display::new(task.train.pairs(), &pricing);
    let mut snapshots = Snapshots::new(&args.output);
    let mut rows: Vec<(u64, EpochRow)> = Vec::new();
    let seeds = pricing.with(|budgets| {
        let training = Training { task: &task, settings: &settings, start: start.as_ref(), budgets };
        mlc_trainer::train_seeds(&training, args.seeds.into(), stop, &mut |seed, event| {
            if let (Event::Start { .. }, 2..) = (&event, args.seeds) {
                display.flush();
                say!("seed {seed}:");
            }
            if let Event::Epoch(row) = &event {
                log.iter_mut().for_each(|log| log.row(seed, row));
                // A million rows are a lot for nobody.
                rows.extend(args.curve.is_some().then(|| (seed, (*row).clone())));
            }
            display.show(&event);
            if let Err(e) = snapshots.see(&event) {
                display.say(&format!("warning: no snapshot: {e}; training goes on"));
            }
        })
    })?;
    display.finish();
    let (seed, trained) = &seeds.runs[seeds.best];
    // Everything is written before anything is printed: a reader who has gone costs no file, and a file that cannot be
    // written costs neither the others nor the report.
    let mut lost = Lost::default();
    let model = import::ron::write(&trained.model).into_bytes();
    let size = model.len();
    let size = lost.note(files::write(&args.output, model)).map(|()| size);
    if let Some(path) = &args.curve {
        let rows: Vec<_> = rows.into_iter().filter(|(of, _)| of == seed).map(|(_, row)| row).collect();
        lost.note(files::write(path, curve::svg(&trained.model.name, &rows).into_bytes()));
    }
    lost.note(log.map_or(Ok(()), Log::finish));
    let program = limits.program(&trained.model)?;
    let verdict = limits.judge(&trained.model, program.as_ref());
    // A training that was stopped has none, so that a batch system runs it again, and none is without its model.
    let whole = size.is_some() && !stop.load(Ordering::SeqCst);
    if let Some(path) = args.result.as_ref().filter(|_| whole) {
        let result =
            TrainResult::new(&seeds.runs[seeds.best], &given, &limits, program.as_ref(), verdict.kept);
        lost.note(files::write(path, result.text().into_bytes()));
    }
    report(trained, &args.output, size, out)?;
    if settings.shift == Shifts::Learnt {
        let shifts: Vec<_> = trained.model.layers.iter().map(|layer| layer.shift.to_string()).collect();
        writeln!(out, "shifts learnt: {}", shifts.join(", "))?;
    }
    if args.seeds > 1 {
        report_seeds(&seeds, out)?;
    }
    writeln!(out, "{}", limits.cost(program.as_ref()))?;
    verdict.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    // A network that is beyond them itself is the best of those.
    if let Some(beyond) = trained.beyond.as_ref().filter(|_| trained.within_budget) {
        let figures = shares(&beyond.held_out.unwrap_or(beyond.train));
        let side = if beyond.held_out.is_some() { "held-out pairs: " } else { "" };
        let (epoch, costs) = (beyond.epoch, limits.costs(&beyond.costs));
        writeln!(out, "best beyond the limits, in epoch {epoch}: {side}{figures}; {costs}")?;
    }
    if args.cost_of_limits && !stop.load(Ordering::SeqCst) {
        let settings = Settings { seed: *seed, ..settings.clone() };
        let training = Training { start: start.as_ref(), ..Training::new(&task, &settings) };
        say!("without limits:");
        let mut display = Display::new(task.train.pairs(), &pricing);
        let free = mlc_trainer::train(&training, stop, &mut |event| display.show(&event))?;
        display.finish();
        match free.stop {
            StopReason::Requested => say!("stopped; what the limits cost is not known"),
            _ => report_cost(trained, &free, out)?,
        }
    }
    if let Some(pairs) = pairs.filter(|_| args.baselines) {
        let share = given.hold_out.map(|share| (share, settings.seed));
        let bytes = program.as_ref().map(Program::table_bytes);
        write!(out, "\n{}", compare(trained, &pairs, share, bytes)?)?;
    }
    if args.chat {
        interrupt::ignore();
        run::talk(&trained.model, out)?;
    }
    lost.end()?;
    Ok(match (stop.load(Ordering::SeqCst), verdict.kept) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Difference,
    })
}

/// Files that could not be written.
#[derive(Default)]
struct Lost(Vec<CliError>);

impl Lost {
    /// `None`: it could not.
    fn note(&mut self, written: Result<(), CliError>) -> Option<()> {
        written.map_err(|e| self.0.push(e)).ok()
    }

    /// # Errors
    /// The last of them, after the others were said.
    fn end(mut self) -> Result<(), CliError> {
        let Some(last) = self.0.pop() else { return Ok(()) };
        self.0.iter().for_each(|e| say::put(&error::render(e, Style::of_stderr())));
        Err(last)
    }
}

/// The model to go on with: the one that was named, or the one where the result goes.
fn start(named: Option<&Path>, output: &Path) -> Result<Model, CliError> {
    if named.is_none() && !output.exists() {
        let problem = format!("no {} yet: there is nothing to go on with", files::shown(output));
        let help = "train without --resume first, or name a model behind it";
        return Err(CliError::Resume { problem, help });
    }
    let start = files::model(named.unwrap_or(output))?;
    // What is trained is that model, further on: it may take its place.
    files::may_replace(&start.path);
    Ok(start.model)
}

/// The trainer's defaults with what was given in their place. A model to go on with decides about its shape, also
/// against what a file says, which may be the one that it was made by.
fn settings(given: &TrainSettings, start: Option<&Model>) -> Settings {
    let given = given.clone();
    let classifier = match start.map(|model| &model.output) {
        Some(kind) => matches!(kind, Labels { .. }),
        None => given.classifier,
    };
    let mut settings = if classifier { Settings::classifier() } else { Settings::default() };
    if let Some(model) = start {
        settings.name.clone_from(&model.name);
        settings.about.clone_from(&model.about);
    }
    put(&mut settings.name, given.name);
    put(&mut settings.about, given.about);
    put(&mut settings.hidden, given.hidden);
    put(&mut settings.query.buckets, given.query_buckets);
    put(&mut settings.query.bands, given.position_bands);
    put(&mut settings.query.max_length, given.max_query);
    put(&mut settings.context.buckets, given.context_buckets);
    put(&mut settings.context.length, given.context_length);
    put(&mut settings.max_reply, given.max_reply);
    put(&mut settings.shift, given.shift.map(|shift| shift.0));
    put(&mut settings.weights, given.weights.map(|weights| weights.0));
    put(&mut settings.overflow_penalty, given.overflow_penalty);
    put(&mut settings.batch, given.batch);
    put(&mut settings.learning_rate, given.lr);
    put(&mut settings.sparsity, given.l1);
    put(&mut settings.economy, given.economy);
    put(&mut settings.warmup, given.warmup);
    put(&mut settings.seed, given.seed);
    put(&mut settings.threads, given.threads);
    settings.epochs = given.epochs;
    settings.patience = given.patience;
    if let Some(model) = start {
        let defaults = Settings::default();
        (settings.shift, settings.weights) = (defaults.shift, defaults.weights);
        settings.query = model.query.clone();
        if let Chat(chat) = &model.output {
            settings.context = chat.context.clone();
            settings.max_reply = chat.max_reply;
        }
    }
    settings
}

/// The trainer finds a wrong name or text when it makes the first model: minutes too late.
fn check_texts(settings: &Settings) -> Result<(), TrainError> {
    let head = Model {
        name: settings.name.clone(),
        about: settings.about.clone(),
        query: settings.query.clone(),
        output: Labels { labels: Vec::new() },
        layers: Vec::new(),
        training: Vec::new(),
        calibration: Vec::new(),
    };
    // Everything else is not known yet.
    Ok(head.check_texts()?)
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// `size`: bytes of the model's file, `None` where it could not be written.
fn report(trained: &Trained, path: &Path, size: Option<usize>, out: &mut dyn Write) -> Result<(), CliError> {
    if trained.stop == StopReason::Requested {
        say!("stopped; this is the best network so far, from epoch {} of {}", trained.epoch, trained.epochs);
    }
    if let Some(size) = size {
        writeln!(out, "{}: {}, {} bytes", files::shown(path), summary(&trained.model), grouped(size as u64))?;
    }
    if let Labels { labels } = &trained.model.output {
        let shown = numbered(&labels[..labels.len().min(LABELS_SHOWN)]);
        let more = match labels.len().saturating_sub(LABELS_SHOWN) {
            0 => String::new(),
            n => format!(", and {n} more that `mlc inspect` lists"),
        };
        writeln!(out, "labels: {shown}{more}")?;
    }
    writeln!(out, "training pairs: {}", shares(&trained.train))?;
    if let Some(held_out) = &trained.held_out {
        writeln!(out, "held-out pairs: {}", shares(held_out))?;
    }
    Ok(())
}

/// The same training without and with limits.
fn report_cost(limited: &Trained, free: &Trained, out: &mut dyn Write) -> Result<(), CliError> {
    let figures = |trained: &Trained| trained.held_out.unwrap_or(trained.train);
    let (limited, free) = (figures(limited), figures(free));
    let points = |free: f64, limited: f64| format!("{:+.1}", 100.0 * (limited - free));
    let characters = points(free.step_share(), limited.step_share());
    let replies = points(free.reply_share(), limited.reply_share());
    writeln!(out, "without the limits: {}", shares(&free))?;
    Ok(writeln!(out, "the limits change this by {characters} points of characters, {replies} of replies")?)
}

/// How much of the figures is luck.
fn report_seeds(seeds: &Seeds, out: &mut dyn Write) -> Result<(), CliError> {
    let spread = |s: &Spread| format!("{:.1} % ± {:.1} of replies", 100.0 * s.mean, 100.0 * s.deviation);
    let [first, last] = [seeds.runs.first(), seeds.runs.last()].map(|run| run.map_or(0, |(seed, _)| *seed));
    let held_out = seeds.held_out.as_ref().map(|s| format!(", held out {}", spread(s))).unwrap_or_default();
    let (best, _) = seeds.runs[seeds.best];
    let train = spread(&seeds.train);
    Ok(writeln!(out, "seeds {first} to {last}: training {train}{held_out}; the best is seed {best}")?)
}

/// The network beside simpler methods: exact replies, and bytes without code.
fn compare(
    trained: &Trained,
    pairs: &Pairs,
    held_out: Option<(f64, u64)>,
    bytes: Option<usize>,
) -> Result<String, CliError> {
    let all: Vec<&Pair> = pairs.pairs.iter().collect();
    // The same share and seed as the task's: the same pairs are held out.
    let (train, held_out) = match held_out {
        Some((share, seed)) => data::split(&all, share, seed).map_err(TaskError::from)?,
        None => (all, Vec::new()),
    };
    let percent = |right: usize, of: usize| match of {
        0 => "-".to_string(),
        of => format!("{:.1} %", 100.0 * right as f64 / of as f64),
    };
    let figures = trained.held_out.unwrap_or_default();
    let network = vec![
        "this network".to_string(),
        bytes.map_or("-".into(), |bytes| grouped(bytes as u64)),
        percent(trained.train.replies_right, trained.train.replies),
        percent(figures.replies_right, figures.replies),
    ];
    let row = |b: &Baseline| {
        let train = percent(b.train_right, b.train_pairs);
        vec![b.name.into(), grouped(b.bytes as u64), train, percent(b.held_out_right, b.held_out_pairs)]
    };
    let baselines = mlc_trainer::baselines(&train, &held_out, &trained.model.query);
    let rows: Vec<_> = baselines.iter().map(row).chain([network]).collect();
    let columns = [
        ("method", Align::Left),
        ("table bytes", Align::Right),
        ("training replies", Align::Right),
        ("held-out replies", Align::Right),
    ];
    Ok(table(&columns, &rows))
}
