//! Runs one program on its machine with every prompt, and counts cycles.

use super::tokens::Tokens as Read;
use crate::args::Reading;
use crate::error::CliError;
use crate::progress;
use crate::prompts::{self, Place};
use crate::sim::{self, Simulator, Timed};
use crate::tools::Readings;
use mlc_compiler::kernel::predict::Tokens;
use mlc_compiler::model::Model;
use mlc_compiler::plan::{Demands, Prediction};
use mlc_compiler::{Assets, Compiled, Request, Target};
use serde::Serialize;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub model: &'a Model,
    pub target: &'a Target,
    pub assets: &'a Assets,
    pub demands: &'a Demands,
    /// The most cycles of an answer, if the user says.
    pub max_cycles: Option<u64>,
    /// What tools read.
    pub tools: &'a [Reading],
}

impl<'a> Subject<'a> {
    /// For messages.
    pub fn place(&self) -> Place<'a> {
        let longest = sim::longest(self.model, self.target);
        Place::new(self.model, self.target, longest)
    }
}

/// A program and what it took.
pub struct Measured {
    pub compiled: Compiled,
    /// For these prompts.
    pub prediction: Prediction,
    pub sums: Sums,
    /// Names of [`Sums::phases`].
    pub phases: Vec<String>,
}

/// Compiles the program that `mlc compile` makes, not one made for these prompts, and runs it on each. `by_phase`: whether
/// cycles are counted by phase, too, which takes longer.
///
/// # Errors
/// The model cannot be compiled; a prompt that the machine has no way to take; a fault of the program; there is nothing to
/// measure.
pub fn measure(
    subject: Subject,
    queries: &[Vec<u8>],
    label: &str,
    by_phase: bool,
) -> Result<Measured, CliError> {
    let Subject { model, target, assets, demands, max_cycles, tools } = subject;
    let readings = Readings::new(model, Some(target), tools)?;
    prompts::require(queries.len(), subject.place())?;
    let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request)?;
    let mut steps = Foretold::default();
    let simulator = Simulator::new(&compiled.image, model, target, None).within(max_cycles).reading(readings);
    let mut sums = Sums { reads_tokens: model.sequence().is_some(), ..Sums::default() };
    let bar = progress::bar(queries.len(), label);
    for query in queries {
        let timed = match by_phase {
            true => simulator.measure(query)?,
            false => Timed { answer: simulator.ask(query, None)?, phases: vec![], tokens: vec![] },
        };
        if let Some(tokens) = &compiled.plan.tokens {
            steps.add(
                tokens,
                question(model, query),
                timed.answer.logits.len(),
                model.sequence_labels().is_some(),
            );
        }
        sums.add(&timed);
        bar.inc(1);
    }
    bar.finish_and_clear();
    prompts::require_step(sums.steps, subject.place())?;
    let phases = simulator.phase_names().to_vec();
    let prediction = match &compiled.plan.tokens {
        Some(tokens) => steps.prediction(tokens, &compiled.plan.prediction),
        None => compiled.plan.predict(compiled.graph(), queries),
    };
    Ok(Measured { compiled, prediction, sums, phases })
}

/// Tokens that a sequence model reads of a question.
fn question(model: &Model, query: &[u8]) -> usize {
    let Some((reader, _, story)) = model.sequence() else { return 0 };
    let tokens = match &story.turns {
        None => reader.tokenizer.tokens(query).len(),
        Some(turns) => turns.framing().0 + reader.tokenizer.bare().tokens(query).len(),
    };
    tokens.min(story.most.into())
}

/// What the steps of sequence models are predicted to take, at the positions that they have.
#[derive(Default)]
struct Foretold {
    phases: Vec<f64>,
    steps: usize,
}

impl Foretold {
    /// An answer with so many logits: behind each but the last a token is read, behind those of the question. A label has one,
    /// and its step is all that is read.
    fn add(&mut self, tokens: &Tokens, question: usize, logits: usize, label: bool) {
        self.phases.resize(tokens.phases.len(), 0.0);
        let mut read = |position: usize, answers: bool| {
            self.phases.iter_mut().zip(tokens.at(position, answers)).for_each(|(sum, t)| *sum += t);
        };
        if label && logits > 0 {
            (1..=question).for_each(|position| read(position, position == question));
            self.steps += 1;
        }
        for step in 1..logits {
            read(question + step, true);
            self.steps += 1;
        }
    }

    /// The mean; where no token was chosen and read, what was predicted whatever is asked.
    fn prediction(self, tokens: &Tokens, usual: &Prediction) -> Prediction {
        if self.steps == 0 {
            return usual.clone();
        }
        let mean = self.phases.iter().map(|sum| sum / self.steps as f64);
        Prediction { phases: tokens.phases.iter().cloned().zip(mean).collect(), bytes: usual.bytes }
    }
}

/// Over all queries.
#[derive(Debug, Default)]
pub struct Sums {
    /// It is a sequence model: a step is a token that was chosen and is read, and what reads the question is none.
    reads_tokens: bool,
    pub steps: usize,
    pub t_states: u64,
    pub asleep: u64,
    /// The most bytes that the stack had, if the machine knows.
    pub stack: Option<u16>,
    /// Of each phase, in the simulator's order.
    pub phases: Vec<u64>,
    /// Those of tokens that were read, by position.
    pub tokens: Read,
    step: Extremes,
    first: Extremes,
}

/// `least` and `most` of a step are between two steps of one reply. `mean` counts everything from start to exit; of a
/// sequence model, which reads a question before its first step, it is between two steps as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub least: f64,
    pub mean: f64,
    pub most: f64,
}

/// The shortest and longest of some times, and their sum.
#[derive(Debug, Clone, Copy, Default)]
struct Extremes {
    times: u64,
    sum: u64,
    least: u64,
    most: u64,
}

impl Extremes {
    fn add(&mut self, t: u64) {
        self.least = if self.times == 0 { t } else { self.least.min(t) };
        self.most = self.most.max(t);
        (self.times, self.sum) = (self.times + 1, self.sum + t);
    }
}

impl Sums {
    fn add(&mut self, Timed { answer, phases, tokens }: &Timed) {
        self.tokens.add(tokens);
        self.steps += answer.logits.len();
        self.t_states += answer.t_states;
        self.asleep += answer.asleep;
        self.stack = self.stack.max(answer.stack);
        self.phases.resize(phases.len(), 0);
        self.phases.iter_mut().zip(phases).for_each(|(sum, t)| *sum += t);
        let steps = answer.ready.windows(2).map(|pair| pair[1] - pair[0]);
        // A classifier's only step is its whole run.
        let whole = (answer.logits.len() == 1).then_some(answer.t_states);
        steps.chain(whole).for_each(|t| self.step.add(t));
        answer.first.into_iter().for_each(|t| self.first.add(t));
    }

    /// There is a step: [`measure`] makes sure.
    pub fn per_step(&self, t: u64) -> f64 {
        t as f64 / self.steps as f64
    }

    /// All that [`Spread::mean`] is of: cycles, and how many steps.
    pub fn stepped(&self) -> (u64, usize) {
        match self.step {
            Extremes { times: 1.., sum, .. } if self.reads_tokens => (sum, self.step.times as usize),
            _ => (self.t_states, self.steps),
        }
    }

    /// Cycles of a step.
    pub fn spread(&self) -> Spread {
        let (cycles, steps) = self.stepped();
        let mean = cycles as f64 / steps as f64;
        match self.step {
            Extremes { times: 0, .. } => Spread { least: mean, mean, most: mean },
            Extremes { least, most, .. } => Spread { least: least as f64, mean, most: most as f64 },
        }
    }

    /// Cycles from the end of the question to the first character of its answer, of those that have one.
    pub fn first(&self) -> Option<Spread> {
        let Extremes { times, sum, least, most } = self.first;
        let mean = sum as f64 / times as f64;
        (times > 0).then_some(Spread { least: least as f64, mean, most: most as f64 })
    }
}
