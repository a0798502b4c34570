//! What `mlc train` prints of a network on numbers that is trained.

use super::data::Learned;
use super::display::figures;
use crate::error::CliError;
use crate::sensors::{by_label, measure};
use crate::table::{Align, grouped, table};
use crate::train::written;
use mlc_compiler::model::{Kind, Model, Trees};
use mlc_trainer::Spread;
use mlc_trainer::sensors::{self, Baseline, Figures, Seeds, Task, Trained, evaluate};
use std::io::Write;
use std::path::Path;

/// What was trained, and how well it knows what it was trained on. `size`: bytes of the model's file, if it was written.
pub fn model(
    trained: &Trained,
    path: &Path,
    size: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let Trained { train, held_out, .. } = trained;
    written::report(trained, path, size, out)?;
    writeln!(out, "training rows: {}", figures(train))?;
    if let Some(chosen) = held_out {
        writeln!(out, "rows that it was chosen by: {}", figures(chosen))?;
    }
    Ok(())
}

/// How much of the figures is luck.
pub fn spread(seeds: &Seeds, task: &Task, out: &mut dyn Write) -> Result<(), CliError> {
    if task.held_out.is_empty() {
        return Ok(());
    }
    let share = |model: &Model| evaluate(model, &task.held_out).map_or(0.0, |f| 100.0 * f.share());
    let shares: Vec<f64> = seeds.runs.iter().map(|(_, trained)| share(&trained.model)).collect();
    let Spread { mean, deviation } = Spread::of(&shares);
    let [first, last] = [seeds.runs.first(), seeds.runs.last()].map(|run| run.map_or(0, |(seed, _)| *seed));
    let (best, _) = seeds.runs[seeds.best];
    Ok(writeln!(
        out,
        "seeds {first} to {last}: held-out rows {mean:.1} % ± {deviation:.1} right; the model is that of seed {best}"
    )?)
}

/// How well it knows rows that training has not looked at, by the reference.
pub fn held_out(model: &Model, learned: &Learned, out: &mut dyn Write) -> Result<(), CliError> {
    if learned.task.held_out.is_empty() {
        return Ok(writeln!(out, "no row is held out: how well it does on others is not known")?);
    }
    let found = measure(model, &learned.examples())?;
    found.lines().iter().try_for_each(|line| writeln!(out, "held-out rows: {line}"))?;
    by_label(&found, out)
}

/// The network beside simpler methods: rows of the held-out side, and bytes without code.
pub fn baselines(
    model: &Model,
    measured: Option<Figures>,
    learned: &Learned,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let Some(measured) = measured else { return Ok(()) };
    let Learned { task, data, held_out } = learned;
    let percent = |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share));
    let row =
        |b: &Baseline| vec![b.name.to_string(), grouped(b.bytes as u64), percent(b.share(&task.held_out))];
    let mut rows: Vec<_> = sensors::baselines(task, data, held_out.as_ref()).iter().map(row).collect();
    let (name, bytes) = match trees(model) {
        Some(trees) => ("these trees", of_trees(trees)),
        None => ("this network", model.body.weights() + 4 * biases(model)),
    };
    rows.push(vec![name.into(), grouped(bytes as u64), percent(Some(measured.share()))]);
    let columns = [("method", Align::Left), ("table bytes", Align::Right), ("held-out rows", Align::Right)];
    Ok(write!(out, "\n{}", table(&columns, &rows))?)
}

fn trees(model: &Model) -> Option<&Trees> {
    let (_, body) = model.network()?;
    match &body.operators.last()?.kind {
        Kind::Trees { trees, .. } => Some(trees),
        _ => None,
    }
}

/// Splits as those of a decision tree above, ways to votes, and votes.
fn of_trees(trees: &Trees) -> usize {
    let ends = trees.splits.len() + trees.roots.len();
    4 * trees.splits.len() + 2 * ends + 3 * trees.leaves.iter().map(Vec::len).sum::<usize>()
}

/// Outputs of all layers.
fn biases(model: &Model) -> usize {
    let operators = model.network().map_or(&[][..], |(_, body)| &body.operators);
    operators.iter().map(|operator| operator.shape.len()).sum()
}
