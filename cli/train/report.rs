//! What `mlc train` prints of a training that is over.

use super::display::shares;
use super::written;
use crate::budget::Limits;
use crate::error::CliError;
use crate::table::{Align, grouped, table};
use mlc_compiler::model::{Body, Reader};
use mlc_trainer::{Baseline, Pair, Pairs, Seeds, Spread, TaskError, Trained, data};
use std::io::Write;
use std::path::Path;

/// What was trained and how well. `size`: bytes of the model's file, `None` where it could not be written.
pub fn model(
    trained: &Trained,
    path: &Path,
    size: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    written::report(trained, path, size, out)?;
    writeln!(out, "training pairs: {}", shares(&trained.train))?;
    if let Some(held_out) = &trained.held_out {
        writeln!(out, "held-out pairs: {}", shares(held_out))?;
    }
    Ok(())
}

/// The same training without and with limits.
pub fn cost_of_limits(limited: &Trained, free: &Trained, out: &mut dyn Write) -> Result<(), CliError> {
    let figures = |trained: &Trained| trained.held_out.unwrap_or(trained.train);
    let (limited, free) = (figures(limited), figures(free));
    let points = |free: f64, limited: f64| format!("{:+.1}", 100.0 * (limited - free));
    let characters = points(free.step_share(), limited.step_share());
    let replies = points(free.reply_share(), limited.reply_share());
    writeln!(out, "without the limits: {}", shares(&free))?;
    Ok(writeln!(out, "the limits change this by {characters} points of characters, {replies} of replies")?)
}

/// How much of the figures is luck.
pub fn spread(seeds: &Seeds, out: &mut dyn Write) -> Result<(), CliError> {
    let spread = |s: &Spread| format!("{:.1} % ± {:.1} of replies", 100.0 * s.mean, 100.0 * s.deviation);
    let [first, last] = [seeds.runs.first(), seeds.runs.last()].map(|run| run.map_or(0, |(seed, _)| *seed));
    let held_out = seeds.held_out.as_ref().map(|s| format!(", held out {}", spread(s))).unwrap_or_default();
    let (best, _) = seeds.runs[seeds.best];
    let train = spread(&seeds.train);
    Ok(writeln!(out, "seeds {first} to {last}: training {train}{held_out}; the best is seed {best}")?)
}

/// The network beside simpler methods: exact replies, and bytes without code.
pub fn baselines(
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
    let Reader::HashedText(reader) = &trained.model.reader else { unreachable!("a model of hashed text") };
    let baselines = mlc_trainer::baselines(&train, &held_out, &reader.query);
    let rows: Vec<_> = baselines.iter().map(row).chain([network]).collect();
    let columns = [
        ("method", Align::Left),
        ("table bytes", Align::Right),
        ("training replies", Align::Right),
        ("held-out replies", Align::Right),
    ];
    Ok(table(&columns, &rows))
}

/// The shifts, where the trainer chose them.
pub fn shifts(trained: &Trained, out: &mut dyn Write) -> Result<(), CliError> {
    let Body::Layers(layers) = &trained.model.body else { unreachable!("a model of hashed text") };
    let shifts: Vec<_> = layers.iter().map(|layer| layer.shift.to_string()).collect();
    Ok(writeln!(out, "shifts learnt: {}", shifts.join(", "))?)
}

/// The best network that does not keep the limits, if it is another one than the result.
pub fn beyond(trained: &Trained, limits: &Limits, out: &mut dyn Write) -> Result<(), CliError> {
    // A result that is beyond the limits itself is the best of those.
    if let Some(beyond) = trained.beyond.as_ref().filter(|_| trained.within_budget) {
        let figures = shares(&beyond.held_out.unwrap_or(beyond.train));
        let side = if beyond.held_out.is_some() { "held-out pairs: " } else { "" };
        let (epoch, costs) = (beyond.epoch, limits.costs(&beyond.costs));
        writeln!(out, "best beyond the limits, in epoch {epoch}: {side}{figures}; {costs}")?;
    }
    Ok(())
}
