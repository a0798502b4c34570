//! `mlc eval` of a network on numbers: how many rows it gets right, and what it says instead.

use super::figures::{Figures, measure};
use super::{of_model, say_notes};
use crate::args::EvalArgs;
use crate::error::CliError;
use crate::table::{Align, TIE, count, grouped, table};
use crate::{files, targets};
use mlc_compiler::model::{Model, Sensors};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Evaluation<'a> {
    model: &'a str,
    source: String,
    #[serde(flatten)]
    figures: Figures,
}

/// Measures the model on each file of examples.
///
/// # Errors
/// A file that has no examples for this network; output that cannot be written.
pub fn eval(args: &EvalArgs, model: &Model, sensors: &Sensors, out: &mut dyn Write) -> Result<(), CliError> {
    let mut all = Vec::new();
    for path in &args.pairs {
        let data = of_model(path, sensors)?;
        let source = files::shown(path);
        let figures = measure(model, &data)?;
        say_notes(path, &figures);
        all.push(Evaluation { model: &model.head.name, source, figures });
    }
    if args.json {
        return match all.as_slice() {
            [one] => Ok(writeln!(out, "{}", targets::json(one))?),
            many => Ok(writeln!(out, "{}", targets::json(&many))?),
        };
    }
    for Evaluation { model, source, figures } in &all {
        writeln!(out, "{model} on {source}: {}", count(figures.rows, "row"))?;
        for line in figures.lines() {
            writeln!(out, "{line}")?;
        }
        by_label(figures, out)?;
    }
    Ok(())
}

/// What became of each label, as a table.
pub fn by_label(figures: &Figures, out: &mut dyn Write) -> Result<(), CliError> {
    if figures.by_label.is_empty() {
        return Ok(());
    }
    let columns = [
        ("label", Align::Left),
        ("rows", Align::Right),
        ("right", Align::Right),
        ("", Align::Right),
        ("instead", Align::Fold),
    ];
    let row = |(label, by): (&String, &super::figures::ByLabel)| {
        let share = 100.0 * by.right as f64 / by.rows.max(1) as f64;
        let mut instead: Vec<(&String, &usize)> = by.instead.iter().collect();
        instead.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
        let instead: Vec<String> =
            instead.iter().map(|(label, times)| format!("{times}{TIE}{label}")).collect();
        vec![
            label.clone(),
            grouped(by.rows as u64),
            grouped(by.right as u64),
            format!("{share:.1} %"),
            instead.join(", "),
        ]
    };
    let rows: Vec<_> = figures.by_label.iter().map(row).collect();
    write!(out, "\n{}", table(&columns, &rows))?;
    Ok(())
}
