//! What a token of a sequence model is predicted to take: by phase, by position.
//!
//! A kernel that makes such a program says what is known of it beside its text ([`Known`]): its parts in their order, how
//! often each runs, and how often their jumps are taken. The cycles are those of the program's own instructions
//! ([`super::flow`]).

use super::cycles::Code;
use super::flow::{Cost, Facts, Flow, Unknown};
use crate::asm::{Assembly, Isa};

/// The mean is over the tokens at so many positions, the first ones.
pub const FIRST: usize = 100;

/// Positions that are shown, from 1 on.
pub const SHOWN: [usize; 3] = [1, 16, 64];

/// How often a part runs for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Once.
    Token,
    /// In each round of the blocks.
    Rounds,
    /// In each round; for a token that needs no output, not in the last one.
    Rest,
    /// Once, if the token needs an output.
    Answer,
}

/// A part of the program.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its label.
    pub from: String,
    pub runs: Runs,
    /// What is known in it, beside what is known in all.
    pub facts: Facts,
    /// It takes longer the more positions are kept.
    pub grows: bool,
}

/// What is known of a program beside its text.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub parts: Vec<Part>,
    /// What ends the last part and those that jump out.
    pub ends: Vec<&'static str>,
    /// In all parts.
    pub common: Facts,
    /// In those that grow, by how many positions are kept, from 1 on.
    pub kept: Vec<Facts>,
    pub rounds: usize,
    /// The program gives a label: of a query one token needs an output, the last.
    pub label: bool,
}

impl Known {
    /// Begins a part.
    pub fn part(&mut self, from: impl Into<String>, runs: Runs) {
        self.parts.push(Part { from: from.into(), runs, facts: Facts::default(), grows: false });
    }

    /// What is known of the part that was begun last.
    ///
    /// # Panics
    /// Before the first part.
    pub fn here(&mut self) -> &mut Facts {
        &mut self.parts.last_mut().expect("a part has begun").facts
    }

    /// The part that was begun last takes longer the more positions are kept.
    pub fn grows(&mut self) {
        self.parts.iter_mut().last().into_iter().for_each(|part| part.grows = true);
    }
}

/// A program as it was assembled.
pub struct Assembled<'a> {
    pub isa: Isa,
    pub assembly: &'a Assembly,
    /// What it was assembled from.
    pub text: &'a str,
    /// Where phases start, by their address; without a name: code that several use.
    pub phases: Vec<(u32, Option<&'a str>)>,
}

impl Assembled<'_> {
    /// Its instructions, the names of phases, and the phase of each instruction.
    fn parts(&self) -> (Code, Vec<String>, Vec<Option<usize>>) {
        let code = Code::of_assembly(self.assembly, self.text);
        let mut names: Vec<String> = Vec::new();
        let mut numbers = Vec::new();
        for (_, phase) in &self.phases {
            numbers.push(phase.map(|name| {
                names.iter().position(|known| known == name).unwrap_or_else(|| {
                    names.push(name.to_string());
                    names.len() - 1
                })
            }));
        }
        let phase = |address: u32| {
            let behind = self.phases.partition_point(|(start, _)| *start <= address);
            behind.checked_sub(1).and_then(|last| numbers[last])
        };
        let phases = code.insns().iter().map(|insn| phase(insn.address())).collect();
        (code, names, phases)
    }

    /// Cycles by phase of the way from a label to another one; phases that it does not come to are left out.
    ///
    /// # Errors
    /// A jump of which nothing is known, as somebody's own template may have it.
    pub fn way(&self, from: &str, until: &str, facts: &Facts) -> Result<Vec<(String, f64)>, Unknown> {
        let (code, names, phases) = self.parts();
        let cost = Flow::new(&code, self.isa, phases, names.len(), facts).cost(from, &[until])?;
        Ok(names.into_iter().zip(cost).filter(|(_, cycles)| *cycles > 0.0).collect())
    }
}

/// Predicted cycles of tokens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tokens {
    /// Names of phases.
    pub phases: Vec<String>,
    /// Of a token that needs no output, one of the question's, and of one that does; by how many positions are kept, from 1
    /// on: all further ones are as the last.
    asked: Vec<Cost>,
    answered: Vec<Cost>,
    /// Of each part, by its label: the mean of those that need an output.
    parts: Vec<(String, f64)>,
    /// The program gives a label.
    label: bool,
}

impl Tokens {
    /// Cycles by phase of the token at a position, from 1 on. `answers`: it needs an output; else it is one of the
    /// question's in front of the last.
    pub fn at(&self, position: usize, answers: bool) -> &[f64] {
        let of = if answers { &self.answered } else { &self.asked };
        &of[position.clamp(1, of.len()) - 1]
    }

    /// The mean at the first [`FIRST`] positions of those that need an output; where the program gives a label, of those that do
    /// not, as all tokens of a query but the last.
    pub fn mean(&self) -> Vec<(String, f64)> {
        let cycles = |position: usize, phase: usize| self.at(position, !self.label)[phase];
        let sum = |phase: usize| (1..=FIRST).map(|position| cycles(position, phase)).sum::<f64>();
        self.phases.iter().enumerate().map(|(at, name)| (name.clone(), sum(at) / FIRST as f64)).collect()
    }

    /// Cycles of parts by their labels, for a token that needs an output: the mean as [`Tokens::mean`] has it.
    pub fn of_parts(&self, labels: &[String]) -> f64 {
        self.parts.iter().filter(|(label, _)| labels.contains(label)).map(|(_, cycles)| cycles).sum()
    }

    /// The same on a machine on which everything takes so many times as long.
    #[must_use]
    pub fn slowed(mut self, factor: f64) -> Self {
        let costs = self.asked.iter_mut().chain(&mut self.answered).flat_map(|cost| cost.iter_mut());
        costs.chain(self.parts.iter_mut().map(|(_, cycles)| cycles)).for_each(|cycles| *cycles *= factor);
        self
    }

    /// Predicts a program.
    ///
    /// # Errors
    /// A jump of which nothing is known, as somebody's own template may have it.
    pub fn predict(known: &Known, program: &Assembled) -> Result<Self, Unknown> {
        let (code, names, phases) = program.parts();
        let kept = known.kept.len().min(FIRST);
        let mut parts = Vec::new();
        let mut sums = [vec![vec![0.0; names.len()]; kept], vec![vec![0.0; names.len()]; kept]];
        for (at, part) in known.parts.iter().enumerate() {
            let next = known.parts.get(at + 1).map(|next| next.from.as_str());
            let until: Vec<&str> =
                known.ends.iter().copied().filter(|end| *end != part.from).chain(next).collect();
            let cost = |facts: &Facts| {
                let flow = Flow::new(&code, program.isa, phases.clone(), names.len(), facts);
                flow.cost(&part.from, &until)
            };
            let facts = known.common.with(&part.facts);
            let costs: Vec<Cost> = match part.grows {
                true => {
                    known.kept[..kept].iter().map(|more| cost(&facts.with(more))).collect::<Result<_, _>>()?
                }
                false => vec![cost(&facts)?],
            };
            let rounds = known.rounds as f64;
            let [asked, answered] = match part.runs {
                Runs::Token => [1.0, 1.0],
                Runs::Rounds => [rounds, rounds],
                Runs::Rest => [rounds - 1.0, rounds],
                Runs::Answer => [0.0, 1.0],
            };
            let mean = |n: usize| costs[n.min(costs.len() - 1)].iter().sum::<f64>();
            let mean = (0..FIRST).map(mean).sum::<f64>() / FIRST as f64;
            parts.push((part.from.clone(), answered * mean));
            for (times, sums) in [asked, answered].into_iter().zip(&mut sums) {
                for (n, sum) in sums.iter_mut().enumerate() {
                    let cost = &costs[n.min(costs.len() - 1)];
                    sum.iter_mut().zip(cost).for_each(|(sum, cycles)| *sum += times * cycles);
                }
            }
        }
        let [asked, answered] = sums;
        Ok(Self { phases: names, asked, answered, parts, label: known.label })
    }
}
