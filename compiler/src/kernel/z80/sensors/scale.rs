//! What becomes of sums: a division where that is proven to be right, thresholds elsewhere.

use super::writer::{Refused, Writer, db};
use crate::CompileError;
use crate::kernel::sensors::divide::{Division, SLACK};
use crate::kernel::sensors::steps::{Class, Scale, Steps};
use serde::Serialize;
use std::collections::BTreeMap;

/// Sums below are kept in three bytes.
const THREE: i64 = 1 << 23;
/// Sums are divided with eight bits below them, by 23 bits: twice a rest has 24.
const BELOW: u8 = 8;
const DIVISOR: i64 = (1 << 23) - 1;
/// In the place of a divisor's upper byte: an address of thresholds follows, so many bits of which are searched.
const SEARCHED: u8 = 0x80;
/// Thresholds that no sum reaches.
const NEVER: i64 = (1 << 31) - 1;

/// The functions of a step's outputs and the bounds of their sums.
pub struct Sums<'a> {
    pub steps: Vec<&'a Steps>,
    pub bounds: Vec<(i64, i64)>,
    /// Results have 16 bits.
    pub words: bool,
}

/// How the sums of a step become results.
pub struct Scaling {
    kind: Kind,
    /// Sums have four bytes.
    pub wide: bool,
    words: bool,
    least: i32,
    span: usize,
    /// For each output the first one with the same codes, and these.
    early: Vec<(usize, Vec<u8>)>,
}

enum Kind {
    /// Divided by this power of two.
    Power(u8, Vec<Division>),
    /// Each divided by a power of two of its own, for results of 16 bits.
    Powers(Vec<(u8, Division)>),
    /// Divided, with what some results are early for; thresholds for those that no division gives.
    Divided(Vec<Option<Division>>, bool),
    /// Thresholds.
    Steps,
    /// A factor of four bytes.
    Long(Vec<Scale>),
}

/// What lies in the image for an output.
pub struct Record {
    /// What is added to its sum.
    pub start: i64,
    /// The lower two bytes of a divisor, or an address.
    pub word: String,
    pub low: u8,
    /// A divisor's upper byte, or [`SEARCHED`] and the bits of the number of thresholds.
    pub high: u8,
    /// Where it stands which results come some sums early, in a layer in which some do.
    pub early: Option<String>,
}

impl Record {
    /// As lines of data.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = db(self.start.to_le_bytes().into_iter().take(4));
        lines.push(format!("dw {}", self.word));
        lines.extend(db([self.low, self.high]));
        lines.extend(self.early.iter().map(|label| format!("dw {label}")));
        lines
    }
}

impl Sums<'_> {
    /// Whether a function that is `at` for sums with `add` may leave the upper byte of wide ones out: it is the most there.
    fn may_be_wide(&self, output: usize, add: i64, at: impl Fn(i64) -> i32) -> bool {
        let (least, most) = self.bounds[output];
        let fits = least + add >= -THREE && most + add < THREE;
        fits || at((1 << 24) - add) == self.steps[output].at(NEVER)
    }

    fn divided(&self, output: usize, slack: u8) -> Option<Division> {
        let steps = self.steps[output];
        let division = Division::find(steps, self.bounds[output], BELOW, DIVISOR, slack)?;
        self.may_be_wide(output, division.add >> BELOW, |sum| division.at(steps, sum)).then_some(division)
    }

    fn by_power(&self, output: usize, power: u8) -> Option<Division> {
        let steps = self.steps[output];
        let division = Division::by_power(steps, self.bounds[output], power)?;
        self.may_be_wide(output, division.add, |sum| division.at(steps, sum)).then_some(division)
    }

    fn long(&self, output: usize, class: Class) -> Option<Scale> {
        let (least, most) = self.bounds[output];
        let bits = |sum: i64| (0..1 << 31).contains(&(sum + (1 << 30)));
        Scale::find(self.steps[output], (least, most), class)
            .filter(|scale| bits(least + scale.k) && bits(most + scale.k))
    }
}

/// What `one` gives for all, if it gives something for each.
fn all<T>(count: usize, one: impl Fn(usize) -> Option<T>) -> Option<Vec<T>> {
    (0..count).map(one).collect()
}

impl Scaling {
    /// The fastest way that is exact. `wide`: sums have four bytes whatever their bounds.
    ///
    /// # Errors
    /// Results of 16 bits that no factor gives.
    pub fn choose(sums: &Sums, wide: bool) -> Result<Self, String> {
        let count = sums.steps.len();
        let power = (0..24).find_map(|power| Some((power, all(count, |o| sums.by_power(o, power))?)));
        let kind = match power {
            Some((power, divisions)) => Kind::Power(power, divisions),
            None if sums.words => match all(count, |o| (0..24).find_map(|p| Some((p, sums.by_power(o, p)?))))
            {
                Some(divisions) => Kind::Powers(divisions),
                None => {
                    let long = Class::long().find_map(|class| all(count, |o| sums.long(o, class)));
                    Kind::Long(long.ok_or("results of 16 bits that no multiplication of 32 bits gives")?)
                }
            },
            None => {
                let divided = |o| (0..=SLACK).find_map(|slack| Some((slack, sums.divided(o, slack)?)));
                let found: Vec<_> = (0..count).map(divided).collect();
                let early = found.iter().flatten().any(|(slack, _)| *slack > 0);
                match found.iter().any(Option::is_some) {
                    true => Kind::Divided(found.into_iter().map(|d| d.map(|(_, d)| d)).collect(), early),
                    false => Kind::Steps,
                }
            }
        };
        Ok(Self::new(kind, sums, wide))
    }

    /// Thresholds for each output, which nothing is added for.
    ///
    /// # Errors
    /// Results of 16 bits.
    pub fn by_thresholds(sums: &Sums) -> Result<Self, String> {
        match sums.words {
            true => {
                Err("results of 16 bits that are scaled channel by channel in a sum of two arrays".into())
            }
            false => Ok(Self::new(Kind::Steps, sums, true)),
        }
    }

    fn new(kind: Kind, sums: &Sums, wide: bool) -> Self {
        let (least, span) = (sums.steps[0].low, sums.steps.iter().map(|s| s.span()).max().unwrap_or(0));
        let mut scaling = Self { kind, wide, words: sums.words, least, span, early: vec![] };
        scaling.note_early(sums);
        let beyond = |o: usize| {
            let add = scaling.start(o);
            sums.bounds[o].0 + add < -THREE || sums.bounds[o].1 + add >= THREE
        };
        let is_wide = (0..sums.steps.len()).any(beyond) || matches!(scaling.kind, Kind::Long(_));
        scaling.wide |= is_wide;
        scaling
    }

    /// What is added to the sum of an output.
    pub fn start(&self, output: usize) -> i64 {
        match &self.kind {
            Kind::Power(_, divisions) => divisions[output].add,
            Kind::Powers(divisions) => divisions[output].1.add,
            Kind::Divided(divisions, _) => divisions[output].map_or(0, |d| d.add >> BELOW),
            Kind::Steps => 0,
            Kind::Long(scales) => scales[output].k,
        }
    }

    /// Whether records say which results come early.
    pub fn is_early(&self) -> bool {
        !self.early.is_empty()
    }

    /// Notes which results of each output come early.
    fn note_early(&mut self, sums: &Sums) {
        let Kind::Divided(divisions, true) = &self.kind else { return };
        let mut known: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for (output, division) in divisions.iter().enumerate() {
            let early = |d: &Division| d.early(sums.steps[output], sums.bounds[output]);
            let mut codes = division.as_ref().map_or(vec![], early);
            codes.resize(self.span / 4 + 1, 0);
            let first = *known.entry(codes.clone()).or_insert(output);
            self.early.push((first, codes));
        }
    }

    /// Whether all outputs have a factor of four bytes.
    pub fn is_long(&self) -> bool {
        matches!(self.kind, Kind::Long(_))
    }

    /// The record of an output, whose sum lacks `bias`. `name`: the step's.
    pub fn record(&self, name: &str, sums: &Sums, output: usize, bias: i64) -> Record {
        let searched = || {
            let bits = bits(sums.steps[output].span());
            (format!("{}-4", table(name, sums, output)), 1 << (bits - 1), SEARCHED | bits)
        };
        let (word, low, high) = match &self.kind {
            Kind::Power(..) => ("0".into(), 0, 0),
            // By how many bits, and one more.
            Kind::Powers(divisions) => ("0".into(), divisions[output].0 + 1, 0),
            Kind::Divided(divisions, _) => match divisions[output] {
                Some(d) => ((d.by & 0xFFFF).to_string(), d.add as u8, (d.by >> 16) as u8),
                None => searched(),
            },
            Kind::Steps => searched(),
            Kind::Long(_) => (format!("{name}_m{output}"), 0, 0),
        };
        let early = self.early.get(output).map(|(first, _)| format!("{name}_early{first}"));
        Record { start: bias + self.start(output), word, low, high, early }
    }

    /// Writes the routine, and what it needs beside records; its name.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    pub fn write(&self, w: &mut Writer, name: &str, sums: &Sums) -> Result<String, Refused> {
        let routine = format!("{name}_scale");
        let context = Context {
            name: routine.clone(),
            wide: self.wide,
            words: self.words,
            least: if self.words { self.least & 0xFFFF } else { self.least },
            most: (self.least + self.span as i32) & if self.words { 0xFFFF } else { 0xFF },
            span: self.span,
            early: self.is_early(),
            ..Context::default()
        };
        // What is a result's size says itself, while bytes often end in it.
        let least = if self.words { 0.02 } else { 0.3 };
        w.facts.odds(format!("{routine}_least"), least);
        let part = match &self.kind {
            Kind::Power(power, _) => {
                let (bytes, bits) = (power / 8, power % 8);
                w.routine(&routine, ("scale.asm", "power"), Context { bytes, bits, ..context })?;
                return Ok(routine);
            }
            Kind::Long(scales) => {
                self.factors(w, name, scales);
                let shift = scales[0].class.shift;
                let context = Context { bytes: shift / 8, bits: shift % 8, long: true, ..context };
                w.facts
                    .rounds(format!("{routine}_bit"), f64::from(shift % 8))
                    .rounds("net_multiply_bit", 32.0);
                w.routine(&routine, ("scale.asm", "long"), context)?;
                w.routine("net_multiply", ("scale.asm", "multiply"), ())?;
                return Ok(routine);
            }
            Kind::Powers(divisions) => {
                let bits: f64 = divisions.iter().map(|(power, _)| f64::from(*power)).sum();
                w.facts.rounds(format!("{routine}_bit"), 1.0 + bits / divisions.len() as f64);
                w.routine(&routine, ("scale.asm", "powers"), context)?;
                return Ok(routine);
            }
            Kind::Divided(..) => "divide",
            Kind::Steps => "steps",
        };
        let searched: Vec<bool> = match &self.kind {
            Kind::Divided(divisions, _) => divisions.iter().map(Option::is_none).collect(),
            _ => vec![true; sums.steps.len()],
        };
        let share = searched.iter().filter(|s| **s).count() as f64 / searched.len() as f64;
        let mixed = share > 0.0 && part == "divide";
        w.facts.odds(format!("{routine}_search"), share).odds(format!("{routine}_near"), 0.03);
        w.facts.odds(format!("{routine}_low"), 0.2).rounds(format!("{routine}_turn"), 2.5);
        w.routine(&routine, ("scale.asm", part), Context { mixed, ..context })?;
        if share > 0.0 {
            self.thresholds(w, name, sums, &searched)?;
        }
        for (output, (first, codes)) in self.early.iter().enumerate() {
            if *first == output {
                w.data(&format!("{name}_early{output}"), &db(codes.iter().copied()));
            }
        }
        Ok(routine)
    }

    fn factors(&self, w: &mut Writer, name: &str, scales: &[Scale]) {
        for (output, scale) in scales.iter().enumerate() {
            let bytes = scale.m.to_le_bytes().into_iter().chain(scale.c.to_le_bytes());
            w.data(&format!("{name}_m{output}"), &db(bytes));
        }
    }

    /// Tables of thresholds, those of equal functions once, and what searches them.
    fn thresholds(
        &self,
        w: &mut Writer,
        name: &str,
        sums: &Sums,
        searched: &[bool],
    ) -> Result<(), CompileError> {
        let mut written = Vec::new();
        for (output, steps) in sums.steps.iter().enumerate().filter(|(o, _)| searched[*o]) {
            if written.contains(&first(sums, output)) {
                continue;
            }
            written.push(first(sums, output));
            let count = (1 << bits(steps.span())) - 1;
            let from = steps.from.iter().map(|from| (*from).min(NEVER)).chain(std::iter::repeat(NEVER));
            let turned = from.take(count).map(|from| (from as i32 as u32) ^ (1 << 31));
            w.data(&table(name, sums, output), &db(turned.flat_map(u32::to_le_bytes)));
        }
        let most = sums.steps.iter().map(|steps| bits(steps.span())).max().unwrap_or(1);
        w.facts.rounds("net_search_next", most.into()).odds("net_search_less", 0.5);
        w.routine("net_search", ("scale.asm", "search"), ())
    }
}

/// The first output with the function of another one.
fn first(sums: &Sums, output: usize) -> usize {
    sums.steps.iter().position(|steps| *steps == sums.steps[output]).unwrap_or(output)
}

/// The label of an output's thresholds.
fn table(name: &str, sums: &Sums, output: usize) -> String {
    format!("{name}_t{}", first(sums, output))
}

/// Bits of a number of thresholds, one at least.
fn bits(span: usize) -> u8 {
    ((span + 1).next_power_of_two().trailing_zeros() as u8).max(1)
}

/// Context of the macros of `scale.asm`.
#[derive(Default, Serialize)]
struct Context {
    name: String,
    wide: bool,
    words: bool,
    mixed: bool,
    early: bool,
    long: bool,
    least: i32,
    most: i32,
    span: usize,
    bytes: u8,
    bits: u8,
}
