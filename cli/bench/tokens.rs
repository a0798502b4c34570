//! Tokens that a sequence model reads, by position: their cycles by phase.

use super::Phase;
use crate::error::CliError;
use crate::sim::Token;
use crate::table::{Align, count, table, whole};
use mlc_compiler::kernel::predict::{FIRST, SHOWN, Tokens as Predicted};
use mlc_compiler::plan::Prediction;
use serde::Serialize;
use std::io::Write;

/// Sums over all prompts.
#[derive(Debug, Default)]
pub struct Tokens {
    positions: Vec<Sums>,
}

/// Of a position.
#[derive(Debug, Default, Clone)]
struct Sums {
    /// Tokens without an output, those of questions in front of the last, and tokens with one.
    asked: u64,
    answered: u64,
    /// Cycles by phase.
    phases: Vec<u64>,
    /// Of these, tokens that were chosen and then read: how many, and their cycles by phase.
    chosen: u64,
    chosen_phases: Vec<u64>,
}

/// Cycles of a token that is read, on the mean.
#[derive(Serialize)]
pub struct Read {
    /// Positions that the mean is over: the first ones, as many as the longest answer has, up to 100.
    pub first: usize,
    pub mean: Means,
    pub positions: Vec<Position>,
}

#[derive(Serialize)]
pub struct Means {
    pub cycles: f64,
    pub predicted: Option<f64>,
    pub phases: Vec<Phase>,
}

#[derive(Serialize)]
pub struct Position {
    /// From 1 on.
    pub position: usize,
    pub cycles: f64,
    pub predicted: Option<f64>,
    pub phases: Vec<Phase>,
}

impl Tokens {
    /// An answer's.
    pub fn add(&mut self, tokens: &[Token]) {
        // The first with an output is the question's last.
        let question = tokens.iter().position(|token| token.answers).unwrap_or(tokens.len());
        for (at, Token { phases, answers }) in tokens.iter().enumerate() {
            if at == self.positions.len() {
                let none = vec![0; phases.len()];
                self.positions.push(Sums { phases: none.clone(), chosen_phases: none, ..Sums::default() });
            }
            let sums = &mut self.positions[at];
            *(if *answers { &mut sums.answered } else { &mut sums.asked }) += 1;
            sums.phases.iter_mut().zip(phases).for_each(|(sum, t)| *sum += t);
            if at > question && *answers {
                sums.chosen += 1;
                sums.chosen_phases.iter_mut().zip(phases).for_each(|(sum, t)| *sum += t);
            }
        }
    }

    /// Cycles by phase of a step: a token that was chosen and is read. `None`: there is none. `predicted`: of such steps.
    pub fn steps(&self, names: &[String], predicted: &Prediction) -> Option<Vec<Phase>> {
        let count: u64 = self.positions.iter().map(|sums| sums.chosen).sum();
        if count == 0 {
            return None;
        }
        let of = |(at, name): (usize, &String)| Phase {
            phase: name.clone(),
            predicted: predicted.phases.iter().find(|(phase, _)| phase == name).map(|(_, cycles)| *cycles),
            simulated: self.positions.iter().map(|sums| sums.chosen_phases[at]).sum::<u64>() as f64
                / count as f64,
        };
        Some(names.iter().enumerate().map(of).collect())
    }

    /// What is said of them. `None`: the model reads no tokens. `predicted`: of as many tokens with an output and without one
    /// at each position.
    pub fn read(&self, names: &[String], predicted: Option<&Predicted>) -> Option<Read> {
        if self.positions.is_empty() {
            return None;
        }
        let means = |from: usize, positions: &[Sums]| {
            let count: u64 = positions.iter().map(|sums| sums.asked + sums.answered).sum();
            let mean = |sum: f64| sum / count as f64;
            let foretold = |name: &str| {
                let predicted = predicted?;
                let phase = predicted.phases.iter().position(|phase| phase == name)?;
                let of = |(at, sums): (usize, &Sums)| {
                    let cycles = |answers| predicted.at(from + at + 1, answers)[phase];
                    sums.asked as f64 * cycles(false) + sums.answered as f64 * cycles(true)
                };
                Some(mean(positions.iter().enumerate().map(of).sum()))
            };
            let phase = |(at, name): (usize, &String)| Phase {
                phase: name.clone(),
                predicted: foretold(name),
                simulated: mean(positions.iter().map(|sums| sums.phases[at]).sum::<u64>() as f64),
            };
            let phases: Vec<Phase> = names.iter().enumerate().map(phase).collect();
            let predicted = predicted.map(|_| phases.iter().filter_map(|phase| phase.predicted).sum());
            Means { cycles: phases.iter().map(|phase| phase.simulated).sum(), predicted, phases }
        };
        let shown = SHOWN.into_iter().filter(|&position| position <= self.positions.len());
        let at = |position: usize| {
            let Means { cycles, predicted, phases } =
                means(position - 1, &self.positions[position - 1..position]);
            Position { position, cycles, predicted, phases }
        };
        let first = self.positions.len().min(FIRST);
        let mean = means(0, &self.positions[..first]);
        Some(Read { first, mean, positions: shown.map(at).collect() })
    }
}

impl Read {
    /// The most that a prediction is wrong by, of one: of those at positions that are shown, and of the mean.
    #[cfg(test)]
    pub fn error(&self) -> f64 {
        let all = self.positions.iter().map(|at| (at.predicted, at.cycles));
        let all = all.chain([(self.mean.predicted, self.mean.cycles)]);
        let wrong = |(predicted, cycles): (Option<f64>, f64)| (predicted.unwrap_or(0.0) / cycles - 1.0).abs();
        all.map(wrong).fold(0.0, f64::max)
    }

    /// A row for each phase, a column for each position and the mean.
    ///
    /// # Errors
    /// The writer's.
    pub fn print(
        &self,
        unit: &str,
        milliseconds: impl Fn(f64) -> f64,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let mean = format!("mean of {}", count(self.first, "position"));
        let titles: Vec<String> = self.positions.iter().map(|at| format!("at {}", at.position)).collect();
        let mut columns = vec![("a token that is read", Align::Left)];
        columns.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
        columns.push((mean.as_str(), Align::Right));
        let row = |name: &str, of: &dyn Fn(&[Phase], f64) -> String| {
            let mut cells = vec![name.to_string()];
            cells.extend(self.positions.iter().map(|at| of(&at.phases, at.cycles)));
            cells.push(of(&self.mean.phases, self.mean.cycles));
            cells
        };
        let mut rows: Vec<_> = (0..self.mean.phases.len())
            .filter(|&at| self.mean.phases[at].simulated > 0.0)
            .map(|at| row(&self.mean.phases[at].phase, &|phases, _| whole(phases[at].simulated)))
            .collect();
        rows.push(row(unit, &|_, cycles| whole(cycles)));
        let predicted = |cycles: Option<f64>| cycles.map_or(String::new(), whole);
        let mut cells = vec!["predicted".to_string()];
        cells.extend(self.positions.iter().map(|at| predicted(at.predicted)));
        cells.push(predicted(self.mean.predicted));
        rows.push(cells);
        rows.push(row("ms", &|_, cycles| format!("{:.1}", milliseconds(cycles))));
        Ok(writeln!(out, "{}", table(&columns, &rows))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_means_over_the_answers_that_have_them() {
        let mut tokens = Tokens::default();
        let names = ["a".to_string(), "b".to_string()];
        let token = |phases: [u64; 2]| Token { phases: phases.to_vec(), answers: true };
        assert!(tokens.read(&names, None).is_none());
        tokens.add(&[token([1, 10]), token([3, 30])]);
        tokens.add(&[token([3, 20])]);
        let read = tokens.read(&names, None).expect("tokens were read");
        assert_eq!((read.first, read.positions.len()), (2, 1));
        assert_eq!(read.positions[0].cycles, 17.0);
        assert_eq!(read.mean.cycles, (11.0 + 33.0 + 23.0) / 3.0);
        // More than the mean is over.
        tokens.add(&vec![token([1, 1]); 300]);
        assert_eq!(tokens.read(&names, None).map(|read| read.first), Some(100));
    }
}
