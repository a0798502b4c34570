//! One table: network × target × encoding.

use super::measure::{Measured, Subject, measure};
use crate::args::BenchArgs;
use crate::error::CliError;
use crate::prompts::{self, Chosen};
use crate::table::{Align, grouped, table, whole};
use crate::{files, targets};
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, CompileError, Target};
use serde::{Deserialize, Serialize};

/// A network on a target with an encoding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub network: String,
    pub target: String,
    pub encoding: String,
    /// `None`: it does not fit.
    pub figures: Option<Figures>,
}

/// Times are in cycles of the target's processor; on a Z80 T-states. Means are rounded to tenths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Of the image.
    pub bytes: usize,
    pub prompts: usize,
    pub steps: usize,
    /// All steps of all prompts, from the question to the end of the answer.
    pub cycles: u64,
    pub cycles_a_step: f64,
    pub milliseconds_a_step: f64,
    /// 0 where nothing is predicted.
    pub predicted_a_step: f64,
    /// Of the prediction.
    pub error_percent: f64,
    /// From the end of the question to the first character of the answer: mean and most.
    pub first_character: Option<(f64, u64)>,
    /// The longest time between two steps.
    pub longest_step: u64,
}

/// Measures what was asked for.
///
/// # Errors
/// A model or target that cannot be read; a program that fails. A model that does not fit is a row.
pub fn rows(args: &BenchArgs) -> Result<Vec<Row>, CliError> {
    let assets = Assets::builtin();
    let plans = match args.plan.demands()? {
        given if given != Demands::default() => vec![given],
        _ => plans(),
    };
    let models = if args.models.is_empty() { files::models()? } else { args.models.clone() };
    let (mut rows, mut refused) = (Vec::new(), None);
    for named in &models {
        let loaded = files::model(named)?;
        let targets = match &args.target {
            Some(name) => match targets::to_run(name, args.profile.as_deref(), &assets, &loaded.model) {
                // Of several models a chip has rows for those that run there.
                Err(error) if !targets::takes(name, &assets, &loaded.model)? => {
                    refused.get_or_insert(error);
                    continue;
                }
                target => vec![targets::at_bdos(target?, args.bdos)?],
            },
            None => targets::all(&assets, args.bdos, &loaded.model)?,
        };
        for target in &targets {
            let max_cycles = args.limit.max_cycles;
            let of = |demands| Subject {
                model: &loaded.model,
                target,
                assets: &assets,
                demands,
                max_cycles,
                tools: &[],
            };
            let place = of(&plans[0]).place();
            let Chosen { prompts, .. } = prompts::choose(args.prompts.as_deref(), &loaded.found, place)?;
            let queries: Vec<Vec<u8>> = prompts.into_iter().map(|p| p.query.into_bytes()).collect();
            // The program of a sequence model is made as a whole: there is one.
            let whole = loaded.model.sequence().is_some() || loaded.model.network().is_some();
            let count = if whole { 1 } else { plans.len() };
            for demands in &plans[..count] {
                rows.extend(row(of(demands), &queries)?);
            }
        }
    }
    match refused {
        Some(error) if rows.is_empty() => Err(error),
        _ => Ok(rows),
    }
}

/// Every kind of plan: the fastest, the smallest, and all weights in one form.
fn plans() -> Vec<Demands> {
    let smallest = Demands { optimize: Optimize::Size, ..Demands::default() };
    let forms = Form::ALL.map(|form| Demands { encoding: Some(form), ..Demands::default() });
    [Demands::default(), smallest].into_iter().chain(forms).collect()
}

/// The least that says what was asked for.
fn name(demands: &Demands) -> String {
    let mut words = Vec::new();
    match (demands.encoding, demands.optimize) {
        (Some(form), _) => words.push(form.name().to_string()),
        (None, Optimize::Speed) => words.push("auto".into()),
        (None, Optimize::Size) => words.push("size".into()),
    }
    words.extend(demands.layers.iter().map(|(layer, form)| format!("{layer}={form}")));
    words.extend(demands.max_bytes.map(|bytes| format!("≤{}", grouped(bytes as u64))));
    words.join(" ")
}

/// None where a target has no kernels for the network, no forms to choose, or no pins for its tools.
fn row(subject: Subject, queries: &[Vec<u8>]) -> Result<Option<Row>, CliError> {
    let (network, target, encoding) = (&subject.model.head.name, subject.target, name(subject.demands));
    let label = format!("{network} {} {encoding}", target.name);
    let figures = match measure(subject, queries, &label, false) {
        Ok(measured) => Some(Figures::new(&measured, target, queries.len())),
        Err(CliError::Compile(
            CompileError::TooLarge { .. }
            | CompileError::SequenceTooLarge { .. }
            | CompileError::SensorsTooLarge { .. },
        )) => None,
        // What is asked of forms is nothing for a sequence model.
        Err(CliError::Compile(
            CompileError::Sequence { .. } | CompileError::Tool { .. } | CompileError::Forms { .. },
        )) => return Ok(None),
        Err(other) => return Err(other),
    };
    Ok(Some(Row { network: network.clone(), target: target.name.clone(), encoding, figures }))
}

impl Figures {
    fn new(measured: &Measured, target: &Target, prompts: usize) -> Self {
        let sums = &measured.sums;
        let (step, predicted) = (sums.spread(), measured.prediction.total());
        let (cycles, steps) = sums.stepped();
        Self {
            bytes: measured.compiled.image.bytes.len(),
            prompts,
            steps,
            cycles,
            cycles_a_step: tenths(step.mean),
            milliseconds_a_step: tenths(target.milliseconds(step.mean)),
            predicted_a_step: tenths(predicted),
            error_percent: if predicted > 0.0 {
                tenths(100.0 * (predicted - step.mean) / step.mean.max(1.0))
            } else {
                0.0
            },
            first_character: sums.first().map(|first| (tenths(first.mean), first.most as u64)),
            longest_step: step.most as u64,
        }
    }
}

fn tenths(x: f64) -> f64 {
    let rounded = (10.0 * x).round() / 10.0;
    // A negative zero reads badly.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// What every table shows, and how its columns align.
const COLUMNS: [(&str, Align); 9] = [
    ("network", Align::Left),
    ("target", Align::Left),
    ("encoding", Align::Left),
    ("bytes", Align::Right),
    ("cycles a step", Align::Right),
    ("ms", Align::Right),
    ("predicted", Align::Right),
    ("error", Align::Right),
    ("first character", Align::Right),
];

/// The cells of a row; three where the network does not fit.
fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![row.network.clone(), row.target.clone(), row.encoding.clone()];
    match &row.figures {
        Some(f) => cells.extend([
            grouped(f.bytes as u64),
            // Not rounded twice.
            whole(f.cycles as f64 / f.steps as f64),
            format!("{:.1}", f.milliseconds_a_step),
            if f.predicted_a_step > 0.0 { whole(f.predicted_a_step) } else { String::new() },
            if f.predicted_a_step > 0.0 { format!("{:+.1} %", f.error_percent) } else { String::new() },
            f.first_character.map_or_else(String::new, |(mean, _)| whole(mean)),
        ]),
        None => cells.push("does not fit".into()),
    }
    cells
}

/// The column of what was predicted.
const PREDICTED: usize = 6;

/// For people: a table for each network, which lines of 80 columns have room for. Of what was predicted it has only how far
/// that was off.
pub fn text(rows: &[Row]) -> String {
    let mut columns = COLUMNS.to_vec();
    columns.remove(PREDICTED);
    for (title, _) in &mut columns {
        match *title {
            "cycles a step" => *title = "cycles/step",
            "error" => *title = "predicted",
            "first character" => *title = "first char",
            _ => {}
        }
    }
    let shown = |row: &Row| {
        let mut cells = cells(row);
        if cells.len() > PREDICTED {
            cells.remove(PREDICTED);
        }
        cells.split_off(1)
    };
    let mut out = String::new();
    for of_one in rows.chunk_by(|a, b| a.network == b.network) {
        let space = if out.is_empty() { "" } else { "\n" };
        out += &format!("{space}{}\n", of_one[0].network);
        out += &table(&columns[1..], &of_one.iter().map(shown).collect::<Vec<_>>());
    }
    out
}

/// For a document.
pub fn markdown<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(COLUMNS.iter().map(|(title, _)| title.to_string()).collect());
    let rule = |align: &Align| if *align == Align::Left { "---" } else { "---:" };
    out += &format!("|{}|\n", COLUMNS.map(|(_, align)| rule(&align)).join("|"));
    for row in rows {
        let mut cells = cells(row);
        cells.resize(COLUMNS.len(), String::new());
        out += &line(cells);
    }
    out
}
