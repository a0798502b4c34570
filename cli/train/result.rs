//! What a training came to, as a file: `mlc train --result` writes it, `mlc sweep --collect` reads it.

use crate::args::TrainSettings;
use crate::budget::{Limits, Program};
use crate::error::CliError;
use crate::files;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::Trained;
use mlc_trainer::{Figures, Measure, sensors, sequence};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;
/// How results call their family; those of hashed text have no such field.
pub const SEQUENCE: &str = "sequence";
pub const SENSORS: &str = "sensor";

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

    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a result has string keys only") + "\n"
    }
}

/// The same of a network of another family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyResult<M> {
    format: u32,
    family: String,
    model: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What of a result's text is about a program is all there and right: flattened into an option, anything wrong would be nothing.
    fn check(text: &str) -> Result<(), serde_json::Error> {
        let fields: BTreeMap<String, Value> = serde_json::from_str(text)?;
        let own = ["target", "cycles", "bytes", "limits_kept"];
        let held: serde_json::Map<_, _> =
            fields.into_iter().filter(|(name, _)| own.contains(&name.as_str())).collect();
        if held.is_empty() {
            return Ok(());
        }
        serde_json::from_value::<Self>(Value::Object(held)).map(|_| ())
    }

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

impl<M: Measure + Serialize> FamilyResult<M> {
    /// `held_out`: figures on rows or texts that were held out.
    pub fn new(
        family: &'static str,
        (seed, trained): (u64, &Trained<M>),
        held_out: Option<M>,
        given: &TrainSettings,
    ) -> Self {
        Self {
            format: FORMAT,
            family: family.to_string(),
            model: trained.model.head.name.clone(),
            seed,
            settings: said(given),
            train: trained.train,
            held_out,
            weights: trained.model.body.weights(),
            nonzero: trained.model.body.nonzero(),
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

    fn common(&self) -> Common<'_> {
        let program = self.program.as_ref();
        Common {
            model: &self.model,
            seed: self.seed,
            settings: &self.settings,
            weights: self.weights,
            nonzero: self.nonzero,
            epoch: self.epoch,
            epochs: self.epochs,
            target: program.map(|program| &*program.target),
            cycles: program.and_then(|program| program.cycles),
            bytes: program.and_then(|program| program.bytes),
            limits_kept: program.is_none_or(|program| program.kept),
        }
    }
}

/// A result of any family.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AnyResult {
    HashedText(TrainResult),
    Sequence(FamilyResult<sequence::Figures>),
    Sensors(FamilyResult<sensors::Figures>),
}

/// Shares of one side or both, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    pub names: &'static [&'static str],
    /// Of them that by which networks are compared.
    pub headline: usize,
    pub train: Vec<f64>,
    pub held_out: Option<Vec<f64>>,
}

impl Shares {
    /// The share of a name, if there is one.
    pub fn of(&self, name: &str, held_out: bool) -> Option<f64> {
        let shares = if held_out { self.held_out.as_ref()? } else { &self.train };
        let at = self.names.iter().position(|known| *known == name)?;
        Some(shares[at])
    }
}

/// What the results of all families say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common<'a> {
    pub model: &'a str,
    pub seed: u64,
    pub settings: &'a BTreeMap<String, String>,
    pub weights: usize,
    pub nonzero: usize,
    pub epoch: usize,
    pub epochs: usize,
    /// The machine that the next two are for, where one was named; `None` where the program does not fit.
    pub target: Option<&'a str>,
    pub cycles: Option<f64>,
    pub bytes: Option<usize>,
    pub limits_kept: bool,
}

impl AnyResult {
    /// Reads a result.
    ///
    /// # Errors
    /// It cannot be read; it is no result, with the place.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        /// What tells results apart.
        #[derive(Deserialize)]
        struct Kind {
            format: u32,
            family: Option<String>,
        }
        let text = files::read_text(path, files::Kind::Settings)?;
        let wrong = |problem: String| CliError::Sweep { place: files::shown(path), problem };
        let no_result = |e: serde_json::Error| wrong(format!("no result: {e}"));
        let kind: Kind = serde_json::from_str(&text).map_err(no_result)?;
        if kind.format != FORMAT {
            let found = kind.format;
            return Err(wrong(format!("this result is format {found}, this mlc reads {FORMAT}")));
        }
        if kind.family.is_some() {
            Held::check(&text).map_err(no_result)?;
        }
        match kind.family.as_deref() {
            None => serde_json::from_str(&text).map(Self::HashedText).map_err(no_result),
            Some(SEQUENCE) => serde_json::from_str(&text).map(Self::Sequence).map_err(no_result),
            Some(SENSORS) => serde_json::from_str(&text).map(Self::Sensors).map_err(no_result),
            Some(other) => Err(wrong(format!("this mlc knows no family {other:?} of networks"))),
        }
    }

    pub fn shares(&self) -> Shares {
        fn of<M: Measure>(headline: usize, train: &M, held_out: Option<&M>) -> Shares {
            let held_out = held_out.map(Measure::shares);
            Shares { names: M::NAMES, headline, train: train.shares(), held_out }
        }
        match self {
            Self::HashedText(result) => of(1, &result.train, result.held_out.as_ref()),
            Self::Sequence(result) => of(0, &result.train, result.held_out.as_ref()),
            Self::Sensors(result) => of(1, &result.train, result.held_out.as_ref()),
        }
    }

    pub fn common(&self) -> Common<'_> {
        match self {
            Self::Sequence(result) => result.common(),
            Self::Sensors(result) => result.common(),
            Self::HashedText(result) => Common {
                model: &result.model,
                seed: result.seed,
                settings: &result.settings,
                weights: result.weights,
                nonzero: result.nonzero,
                epoch: result.epoch,
                epochs: result.epochs,
                target: Some(&result.target),
                cycles: result.cycles,
                bytes: result.bytes,
                limits_kept: result.limits_kept,
            },
        }
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
