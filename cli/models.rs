//! `mlc models`: the models that mlc brings, and where they fit.

use crate::args::ModelsArgs;
use crate::error::CliError;
use crate::shipped::{SHIPPED, Shipped};
use crate::table::{Align, grouped, table};
use crate::{Outcome, bench, targets};
use mlc_compiler::import::{self, Options};
use mlc_compiler::model::{Answer, Model};
use serde::Serialize;
use std::io::Write;

/// The plan whose figures are shown: the fastest that fits.
const PLAN: &str = "auto";

#[derive(Serialize)]
struct Row {
    name: &'static str,
    family: &'static str,
    about: String,
    weights: usize,
    /// Of its `model.ron`.
    bytes: usize,
    /// Those that its figures are kept of.
    targets: Vec<Fit>,
}

/// The fastest program for a target.
#[derive(Serialize)]
struct Fit {
    target: String,
    fits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_bytes: Option<usize>,
    /// Mean over the model's prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles_a_step: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds_a_step: Option<f64>,
}

/// The family of a model, in a word.
pub fn family(model: &Model) -> &'static str {
    match model.answer {
        Answer::Chat(_) => "chat",
        Answer::Label { .. } => "classifier",
        Answer::Story(_) => "sequence",
        Answer::Class(_) | Answer::Numbers(_) => "sensor",
    }
}

pub fn run(args: &ModelsArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let figures = bench::kept();
    let rows: Vec<Row> =
        SHIPPED.iter().map(|shipped| Row::new(shipped, &figures)).collect::<Result<_, _>>()?;
    match args.json {
        true => writeln!(out, "{}", targets::json(&rows))?,
        false => print(&rows, out)?,
    }
    Ok(Outcome::Done)
}

impl Row {
    fn new(shipped: &Shipped, figures: &[bench::Row]) -> Result<Self, CliError> {
        let model = import::load(shipped.model, shipped.name, &Options::default())
            .map_err(|error| CliError::Import { error, text: None })?;
        let of_it = figures.iter().filter(|row| row.network == shipped.name && row.encoding == PLAN);
        let fit = |row: &bench::Row| Fit {
            target: row.target.clone(),
            fits: row.figures.is_some(),
            image_bytes: row.figures.as_ref().map(|f| f.bytes),
            cycles_a_step: row.figures.as_ref().map(|f| f.cycles_a_step),
            milliseconds_a_step: row.figures.as_ref().map(|f| f.milliseconds_a_step),
        };
        Ok(Self {
            name: shipped.name,
            family: family(&model),
            weights: model.body.weights(),
            bytes: shipped.model.len(),
            targets: of_it.map(fit).collect(),
            about: model.head.about,
        })
    }
}

fn print(rows: &[Row], out: &mut dyn Write) -> Result<(), CliError> {
    let columns = [
        ("model", Align::Left),
        ("family", Align::Left),
        ("weights", Align::Right),
        ("what it is", Align::Fold),
    ];
    let row =
        |row: &Row| vec![row.name.into(), row.family.into(), grouped(row.weights as u64), row.about.clone()];
    writeln!(out, "{}", table(&columns, &rows.iter().map(row).collect::<Vec<_>>()))?;

    let mut machines: Vec<&str> =
        rows.iter().flat_map(|row| &row.targets).map(|fit| fit.target.as_str()).collect();
    machines.sort_unstable();
    machines.dedup();
    let bytes = |row: &Row, machine: &str| match row.targets.iter().find(|fit| fit.target == machine) {
        Some(Fit { image_bytes: Some(bytes), .. }) => grouped(*bytes as u64),
        Some(_) => "too large".into(),
        // Its tools need what the machine has not.
        None => "none".into(),
    };
    // Machines are more than models, and their names longer.
    let row = |machine: &&str| {
        std::iter::once(machine.to_string()).chain(rows.iter().map(|row| bytes(row, machine))).collect()
    };
    let columns: Vec<_> = std::iter::once(("bytes on", Align::Left))
        .chain(rows.iter().map(|row| (row.name, Align::Right)))
        .collect();
    writeln!(out, "{}", table(&columns, &machines.iter().map(row).collect::<Vec<Vec<_>>>()))?;
    writeln!(out, "Talk to one: mlc run NAME. More about it: mlc inspect NAME")?;
    Ok(())
}
