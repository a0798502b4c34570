//! Tokens that a sequence model reads, by position: their cycles by phase.

use super::Phase;
use crate::error::CliError;
use crate::table::{Align, count, table, whole};
use serde::Serialize;
use std::io::Write;

/// Positions that are shown, from 1 on.
const SHOWN: [usize; 3] = [1, 16, 64];
/// The mean is over so many positions.
const FIRST: usize = 100;

/// Sums over all prompts.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Of each position: how many tokens, and their cycles by phase.
    positions: Vec<(u64, Vec<u64>)>,
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
    pub phases: Vec<Phase>,
}

#[derive(Serialize)]
pub struct Position {
    /// From 1 on.
    pub position: usize,
    pub cycles: f64,
    pub phases: Vec<Phase>,
}

impl Tokens {
    /// An answer's.
    pub fn add(&mut self, tokens: &[Vec<u64>]) {
        for (at, phases) in tokens.iter().take(FIRST).enumerate() {
            if at == self.positions.len() {
                self.positions.push((0, vec![0; phases.len()]));
            }
            let (count, sums) = &mut self.positions[at];
            *count += 1;
            sums.iter_mut().zip(phases).for_each(|(sum, t)| *sum += t);
        }
    }

    /// What is said of them. `None`: the model reads no tokens. `predicted`: of the mean, by phase.
    pub fn read(&self, names: &[String], predicted: &[(String, f64)]) -> Option<Read> {
        if self.positions.is_empty() {
            return None;
        }
        let known = |name: &str| predicted.iter().find(|(phase, _)| phase == name).map(|(_, cycles)| *cycles);
        let means = |positions: &[(u64, Vec<u64>)], is_mean: bool| {
            let count: u64 = positions.iter().map(|(count, _)| count).sum();
            let of =
                |at: usize| positions.iter().map(|(_, sums)| sums[at]).sum::<u64>() as f64 / count as f64;
            let phase = |(at, name): (usize, &String)| Phase {
                phase: name.clone(),
                predicted: known(name).filter(|_| is_mean),
                simulated: of(at),
            };
            let phases: Vec<Phase> = names.iter().enumerate().map(phase).collect();
            Means { cycles: phases.iter().map(|phase| phase.simulated).sum(), phases }
        };
        let shown = SHOWN.into_iter().filter(|&position| position <= self.positions.len());
        let at = |position: usize| {
            let Means { cycles, phases } = means(&self.positions[position - 1..position], false);
            Position { position, cycles, phases }
        };
        let mean = means(&self.positions, true);
        Some(Read { first: self.positions.len(), mean, positions: shown.map(at).collect() })
    }
}

impl Read {
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
        assert!(tokens.read(&names, &[]).is_none());
        tokens.add(&[vec![1, 10], vec![3, 30]]);
        tokens.add(&[vec![3, 20]]);
        let read = tokens.read(&names, &[("b".into(), 7.0)]).expect("tokens were read");
        assert_eq!((read.first, read.positions.len()), (2, 1));
        assert_eq!(read.positions[0].cycles, 17.0);
        assert_eq!(read.mean.cycles, (11.0 + 33.0 + 23.0) / 3.0);
        assert_eq!(read.mean.phases[1].predicted, Some(7.0));
        // More than the mean is over.
        tokens.add(&vec![vec![1, 1]; 300]);
        assert_eq!(tokens.read(&names, &[]).map(|read| read.first), Some(100));
    }
}
