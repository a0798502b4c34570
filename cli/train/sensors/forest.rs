//! `mlc train DATA.csv --classifier --forest N`: decision trees in the place of a network.

use super::data::Learned;
use super::report;
use crate::args::{TrainArgs, TrainSettings};
use crate::budget::Limits;
use crate::error::CliError;
use crate::say::say;
use crate::table::count;
use crate::train::lost::Lost;
use crate::train::result::{FamilyResult, SENSORS};
use crate::{Outcome, files};
use mlc_compiler::import;
use mlc_compiler::model::{Head, Model};
use mlc_trainer::StopReason;
use mlc_trainer::sensors::{Figures, ForestSettings, Grown, Trained, evaluate_forest, grow};
use std::io::Write;

/// What can be said against options before anything is read.
///
/// # Errors
/// The first option that is for networks.
pub fn check(args: &TrainArgs, given: &TrainSettings) -> Result<(), CliError> {
    let others = [
        (args.resume.is_some(), "--resume"),
        (args.seeds > 1, "--seeds"),
        (args.log.is_some(), "--log"),
        (args.curve.is_some(), "--curve"),
    ];
    let other = others.into_iter().find(|(given, _)| *given).map(|(_, name)| name);
    match given.of_networks().or(other) {
        Some(option) => {
            Err(CliError::Usage(format!("{option} is for networks, and --forest grows trees: leave it out")))
        }
        None => Ok(()),
    }
}

/// Trees to be grown, with all that this goes by.
pub struct Growing<'a> {
    pub args: &'a TrainArgs,
    pub given: &'a TrainSettings,
    pub trees: usize,
    pub learned: &'a Learned,
    pub limits: &'a Limits,
}

impl Growing<'_> {
    /// Grows the trees, writes the model and says what it came to.
    ///
    /// # Errors
    /// What no trees can be grown of; files that cannot be written.
    pub fn run(&self, head: Head, out: &mut dyn Write) -> Result<Outcome, CliError> {
        let Learned { task, data, .. } = self.learned;
        self.args.result.as_deref().map_or(Ok(()), files::remove)?;
        let seed = self.given.seed.unwrap_or(1);
        let held = task.held_out.len();
        say!(
            "{} to learn, {} held out; {}",
            count(task.train.len(), "row"),
            count(held, "row"),
            count(self.trees, "tree")
        );
        let Head { name, about, .. } = head;
        let Grown { model, train } = grow(
            task,
            data,
            &ForestSettings { name, about, trees: self.trees, seed, margin: self.given.margin.unwrap_or(0) },
        )?;
        let mut lost = Lost::default();
        let text = import::ron::write(&model).into_bytes();
        let size = text.len();
        let size = lost.note(files::write(&self.args.output, text)).map(|()| size);
        let trained = trained(model, train);
        let held_out = (held > 0).then(|| evaluate_forest(&trained.model, task, self.held_out()));
        if let Some(path) = self.args.result.as_ref().filter(|_| size.is_some()) {
            let result = FamilyResult::new(SENSORS, (seed, &trained), held_out, self.given);
            lost.note(files::write(path, result.text().into_bytes()));
        }
        report::model(&trained, &self.args.output, size, out)?;
        report::held_out(&trained.model, self.learned, out)?;
        report::baselines(&trained.model, held_out, self.learned, out)?;
        let program = self.limits.program(&trained.model)?;
        writeln!(out, "\n{}", self.limits.cost(program.as_ref()))?;
        let verdict = self.limits.judge(&trained.model, program.as_ref());
        verdict.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        lost.end()?;
        Ok(if verdict.kept { Outcome::Done } else { Outcome::Difference })
    }

    /// The rows of which some are held out.
    fn held_out(&self) -> &mlc_compiler::import::sensors::data::Examples {
        self.learned.held_out.as_ref().unwrap_or(&self.learned.data)
    }
}

/// A forest as what a training gives: it has no epochs.
fn trained(model: Model, train: Figures) -> Trained {
    Trained {
        model,
        train,
        held_out: None,
        nonzero: 0,
        costs: vec![],
        within_budget: true,
        beyond: None,
        epoch: 1,
        epochs: 1,
        stop: StopReason::Finished,
    }
}
