//! Trains on a file of pairs with settings from the command line and prints the figures: for measurements.
//!
//! `cargo run --release -p mlc-trainer --example measure -- PAIRS [key=value]…`

use mlc_compiler::model::{Body, Model, WeightSet};
use mlc_trainer::data::{LintOptions, lint, split, stats};
use mlc_trainer::{
    Budget, EpochRow, Event, NonzeroWeights, Pair, Pairs, Settings, Shifts, Task, Trained, Training,
    VisitedWeights, assess, baselines, train,
};
use std::sync::atomic::AtomicBool;

type Failure = Box<dyn std::error::Error>;

/// What the command line asks for.
struct Options {
    path: String,
    settings: Settings,
    budgets: Vec<Budget<'static>>,
    hold_out: f64,
    /// Learning rate of a second training that starts with the model of the first; 0 is none.
    again: f32,
    report: bool,
    verbose: bool,
}

fn main() -> Result<(), Failure> {
    let options = options(std::env::args().skip(1))?;
    let Options { path, settings, budgets, hold_out, again, report, verbose } = &options;
    let mut pairs = Pairs::default();
    let mut input = std::io::BufReader::new(std::fs::File::open(path)?);
    pairs.read(&mut input, path, &settings.limits())?;
    let mut task = Task::chat(&pairs, settings)?;
    if *hold_out > 0.0 {
        task = task.hold_out(&pairs, *hold_out, settings.schedule.seed)?;
    }
    let began = std::time::Instant::now();
    let training = Training { budgets, ..Training::new(&task, settings) };
    let trained = train(&training, &AtomicBool::new(false), &mut |event| match event {
        Event::Epoch(row) if *verbose && row.train.is_some() => print_row(row),
        _ => {}
    })?;
    print_trained(&trained, began.elapsed().as_secs_f64());
    if *again > 0.0 {
        let settings = settings.clone().with(|s| s.schedule.learning_rate = *again);
        let training = Training { start: Some(&trained.model), ..Training::new(&task, &settings) };
        let trained = train(&training, &AtomicBool::new(false), &mut |_| {})?;
        println!(
            "again: {:.2} % characters, {:.2} % replies, {} non-zero, epoch {}",
            100.0 * trained.train.step_share(),
            100.0 * trained.train.reply_share(),
            trained.nonzero,
            trained.epoch
        );
    }
    if *report {
        print_report(&pairs, *hold_out, settings, &trained.model)?;
    }
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, Failure> {
    let path = arguments.next().ok_or("usage: measure PAIRS [key=value]...")?;
    let mut settings = Settings::default();
    let (mut hold_out, mut verbose, mut report) = (0.0, false, false);
    let mut again = 0.0;
    let mut budgets: Vec<Budget> = Vec::new();
    for argument in arguments {
        let (key, value) = argument.split_once('=').ok_or("settings are key=value")?;
        match key {
            "epochs" => settings.schedule.epochs = Some(value.parse()?),
            "batch" => settings.schedule.batch = value.parse()?,
            "rate" => settings.schedule.learning_rate = value.parse()?,
            "sparsity" => settings.shape.sparsity = value.parse()?,
            "economy" => settings.shape.economy = value.parse()?,
            "deviation" => settings.shape.initial_deviation = value.parse()?,
            "warmup" => settings.schedule.warmup = value.parse()?,
            "seed" => settings.schedule.seed = value.parse()?,
            "threads" => settings.schedule.threads = value.parse()?,
            "every" => settings.schedule.evaluate_every = value.parse()?,
            "hidden" => settings.shape.hidden = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "bands" => settings.shape.query.bands = value.parse()?,
            "shift" if value == "learn" => settings.shape.shift = Shifts::Learnt,
            "shift" => {
                settings.shape.shift =
                    Shifts::Fixed(value.split(',').map(str::parse).collect::<Result<_, _>>()?)
            }
            "weights" => {
                settings.shape.weights = value.split(',').map(weight_set).collect::<Result<_, _>>()?
            }
            "holdout" => hold_out = value.parse()?,
            "nonzero" => budgets.push(Budget { model: &NonzeroWeights, limit: value.parse()? }),
            "visits" => budgets.push(Budget { model: &VisitedWeights, limit: value.parse()? }),
            "again" => again = value.parse()?,
            "report" => report = value.parse()?,
            "verbose" => verbose = value.parse()?,
            _ => return Err(format!("{key}: no such setting").into()),
        }
    }
    Ok(Options { path, settings, budgets, hold_out, again, report, verbose })
}

/// An epoch's figures.
fn print_row(row: &EpochRow) {
    let figures = [row.train, row.held_out].into_iter().flatten();
    println!(
        "{:4} {:6.1} s  loss {:.4}  running {:.2} %  {:6} non-zero  {} over  {:?} {}",
        row.epoch,
        row.seconds,
        row.loss,
        100.0 * row.running_share,
        row.nonzero,
        row.overflows,
        row.costs,
        figures
            .map(|f| format!("{:.2} % {:.2} %  ", 100.0 * f.step_share(), 100.0 * f.reply_share()))
            .collect::<String>(),
    );
}

/// The figures of a training that took so long.
fn print_trained(trained: &Trained, seconds: f64) {
    let Body::Layers(layers) = &trained.model.body else { unreachable!("a model of hashed text") };
    println!(
        "{:.2} % characters, {:.2} % replies, held out {}, {} non-zero, {:?}, epoch {}, {seconds:.1} s, {:.3} s an epoch, shifts {:?}",
        100.0 * trained.train.step_share(),
        100.0 * trained.train.reply_share(),
        trained.held_out.map_or("-".into(), |f| format!(
            "{:.2} % {:.2} %",
            100.0 * f.step_share(),
            100.0 * f.reply_share()
        )),
        trained.nonzero,
        trained.costs,
        trained.epoch,
        seconds / trained.epochs as f64,
        layers.iter().map(|layer| layer.shift).collect::<Vec<_>>(),
    );
}

fn weight_set(name: &str) -> Result<WeightSet, Failure> {
    let found = WeightSet::ALL.into_iter().find(|set| set.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("{name}: no such set of weights").into())
}

fn print_report(pairs: &Pairs, hold_out: f64, settings: &Settings, model: &Model) -> Result<(), Failure> {
    let all: Vec<&Pair> = pairs.pairs.iter().collect();
    let found = stats(&all);
    println!("{} pairs, {} queries, ceiling {}", found.pairs, found.distinct_queries, found.ceiling);
    println!("{:?} {:?}", found.query_lengths, &found.replies[..found.replies.len().min(8)]);
    let (encoder, limits) = (settings.shape.query.clone(), settings.limits());
    let findings = lint(
        pairs,
        &LintOptions { encoder, window: Some(8), model: None, rare: 5, places: 3, limits },
        &mut |_, _| {},
    );
    println!("{} findings", findings.len());
    for finding in findings.iter().step_by(findings.len().div_ceil(25).max(1)) {
        println!("  {:?} {} {:?}", finding.severity, finding.remark, finding.places);
    }
    let (train, held_out) = if hold_out > 0.0 {
        split(&all, hold_out, settings.schedule.seed)?
    } else {
        (all.clone(), Vec::new())
    };
    for row in baselines(&train, &held_out, &settings.shape.query) {
        println!(
            "{:20} {:7} bytes, {:.2} % of training, {:.2} % of held-out replies",
            row.name,
            row.bytes,
            100.0 * row.train_right as f64 / row.train_pairs as f64,
            100.0 * row.held_out_right as f64 / row.held_out_pairs as f64,
        );
    }
    let assessment = assess(model, &all, settings.schedule.threads);
    for row in assessment.by_reply.iter().take(10) {
        println!(
            "  {:12} {:4} of {:4} {:?} {:?}",
            row.reply,
            row.right,
            row.pairs,
            row.instead.first(),
            row.example
        );
    }
    Ok(())
}
