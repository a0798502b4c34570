//! What a training came to, as a file: `mlc train --result` writes it, `mlc sweep --collect` reads it.

use crate::args::TrainSettings;
use crate::budget::{Limits, Program};
use crate::error::CliError;
use crate::files;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::Trained;
use mlc_trainer::{Figures, Measure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// One training. No time and no path of the machine: the same command gives the same file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainResult {
    format: u32,
    /// The model's name.
    pub model: String,
    pub seed: u64,
    /// What the command line and the --config file said, as it is typed.
    pub settings: BTreeMap<String, String>,
    pub train: Figures,
    pub held_out: Option<Figures>,
    pub weights: usize,
    pub nonzero: usize,
    /// The machine that the next two are for; `None` where the program does not fit.
    pub target: String,
    /// Predicted cycles of a mean step.
    pub cycles: Option<f64>,
    /// Of the image.
    pub bytes: Option<usize>,
    /// Whether all limits that were given are kept.
    pub limits_kept: bool,
    /// Of this network, of how many.
    pub epoch: usize,
    pub epochs: usize,
}

impl TrainResult {
    pub fn new(
        (seed, trained): &(u64, Trained<Figures>),
        given: &TrainSettings,
        limits: &Limits,
        program: Option<&Program>,
        limits_kept: bool,
    ) -> Self {
        Self {
            format: FORMAT,
            model: trained.model.head.name.clone(),
            seed: *seed,
            settings: said(given),
            train: trained.train,
            held_out: trained.held_out,
            weights: trained.model.body.weights(),
            nonzero: trained.nonzero,
            target: limits.target_name().to_string(),
            cycles: program.map(Program::cycles),
            bytes: program.map(Program::bytes),
            limits_kept,
            epoch: trained.epoch,
            epochs: trained.epochs,
        }
    }

    /// Reads a result.
    ///
    /// # Errors
    /// It cannot be read; it is no result, with the place.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let text = files::read_text(path, files::Kind::Settings)?;
        let wrong = |problem: String| CliError::Sweep { place: files::shown(path), problem };
        let result: Self = serde_json::from_str(&text).map_err(|e| wrong(format!("no result: {e}")))?;
        match result.format {
            FORMAT => Ok(result),
            other => Err(wrong(format!("this result is format {other}, this mlc reads {FORMAT}"))),
        }
    }

    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a result has string keys only") + "\n"
    }
}

/// The same of a network of another family; `mlc sweep --collect` does not read it yet.
#[derive(Debug, Serialize)]
pub struct FamilyResult<'a, M> {
    format: u32,
    family: &'static str,
    model: &'a str,
    seed: u64,
    settings: BTreeMap<String, String>,
    train: M,
    held_out: Option<M>,
    weights: usize,
    nonzero: usize,
    epoch: usize,
    epochs: usize,
    /// Where a machine or limits were named.
    #[serde(flatten)]
    program: Option<Held>,
}

/// What the program of a model that was trained costs on a machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    target: String,
    /// Predicted cycles of a token; `None`, as the next, where the program does not fit.
    cycles: Option<f64>,
    /// Of the image.
    bytes: Option<usize>,
    /// Whether all limits that were given are kept.
    #[serde(rename = "limits_kept")]
    pub kept: bool,
    /// The same for people.
    #[serde(skip)]
    pub lines: Vec<String>,
}

impl Held {
    /// Compiles a model for the machine that limits are for.
    ///
    /// # Errors
    /// What the machine's kernels do not compute.
    pub fn new(limits: &Limits, model: &Model) -> Result<Self, CliError> {
        let program = limits.program(model)?;
        let verdict = limits.judge(model, program.as_ref());
        Ok(Self {
            target: limits.target_name().to_string(),
            cycles: program.as_ref().map(Program::cycles),
            bytes: program.as_ref().map(Program::bytes),
            kept: verdict.kept,
            lines: [vec![limits.cost(program.as_ref())], verdict.lines].concat(),
        })
    }
}

impl<'a, M: Measure + Serialize> FamilyResult<'a, M> {
    /// `held_out`: figures on rows or texts that were held out.
    pub fn new(
        family: &'static str,
        (seed, trained): (u64, &'a Trained<M>),
        held_out: Option<M>,
        given: &TrainSettings,
    ) -> Self {
        Self {
            format: FORMAT,
            family,
            model: &trained.model.head.name,
            seed,
            settings: said(given),
            train: trained.train,
            held_out,
            weights: trained.model.body.weights(),
            nonzero: trained.nonzero,
            epoch: trained.epoch,
            epochs: trained.epochs,
            program: None,
        }
    }

    /// The same with what its program costs.
    #[must_use]
    pub fn held(self, program: Option<Held>) -> Self {
        Self { program, ..self }
    }

    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a result has string keys only") + "\n"
    }
}

/// Options and their values; those that nobody gave are left out.
fn said(given: &TrainSettings) -> BTreeMap<String, String> {
    // By way of the text: as values, single-precision numbers would get the digits of double ones.
    let text =
        serde_json::to_string(given).expect("settings have string keys only, and paths that were text");
    let fields: BTreeMap<String, Value> = serde_json::from_str(&text).expect("it was written just now");
    let shown = |value: &Value| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(items.iter().map(plain).collect::<Vec<_>>().join(",")),
        other => Some(plain(other)),
    };
    fields.iter().filter_map(|(name, value)| Some((name.replace('_', "-"), shown(value)?))).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_kept_as_they_are_typed() {
        let given = TrainSettings {
            pairs: vec!["a b.txt".into(), "c.txt".into()],
            hidden: Some(vec![256, 64]),
            lr: Some(0.003),
            classifier: true,
            seed: Some(2),
            ..TrainSettings::default()
        };
        let said = said(&given);
        let said: Vec<_> = said.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(said, ["classifier=true", "hidden=256,64", "lr=0.003", "pairs=a b.txt,c.txt", "seed=2"]);
    }
}
