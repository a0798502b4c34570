//! Adds up what the profiler counted, by phase, symbol, line and stack.

use super::names::{Name, Names};
use super::source::Line;
use mlc_machine::{Context, Count};
use std::collections::{BTreeMap, BTreeSet};

/// The counts of one phase and chain of calls.
pub type Sample = Context<u32>;

/// Every address that was called.
pub fn called(samples: &[Sample]) -> BTreeSet<u32> {
    samples.iter().flat_map(|sample| sample.calls.iter().copied()).collect()
}

/// What a part of the program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Of a symbol its routine, of a phase the symbols that took most, with their cycles.
    pub inside: Vec<(String, u64)>,
    pub count: Count,
}

/// What a line did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hot {
    /// Index of the line in the source; `None` for code without one.
    pub line: Option<usize>,
    pub address: u32,
    pub symbol: String,
    pub count: Count,
}

/// A program's profile. Each list holds everything that was counted, the most cycles first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub total: Count,
    pub phases: Vec<Part>,
    pub symbols: Vec<Part>,
    pub lines: Vec<Hot>,
    /// Cycles by stack: phase, routines, symbol, joined by semicolons. By name.
    pub stacks: BTreeMap<String, u64>,
}

impl Report {
    /// `phases`: their names. `root`: what code without a label and outside all calls is called.
    pub fn new(samples: &[Sample], names: &Names, lines: &[Line], phases: &[String], root: &str) -> Self {
        let mut total = Count::default();
        let mut by_phase: BTreeMap<u8, (Count, BTreeMap<String, u64>)> = BTreeMap::new();
        let mut by_symbol: BTreeMap<(String, String), Count> = BTreeMap::new();
        let mut by_address: BTreeMap<u32, (Count, String)> = BTreeMap::new();
        let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
        for sample in samples {
            let mut chain: Vec<String> = phases.get(usize::from(sample.phase)).into_iter().cloned().collect();
            chain.extend(sample.calls.iter().map(|&entry| names.entry(entry)));
            let around = sample.calls.last().map_or_else(|| root.to_string(), |&entry| names.entry(entry));
            for &(address, count) in &sample.counts {
                let name = names.name(address).unwrap_or(Name { routine: &around, symbol: &around });
                total += count;
                let phase = by_phase.entry(sample.phase).or_default();
                phase.0 += count;
                *phase.1.entry(name.symbol.to_string()).or_default() += count.cycles;
                *by_symbol.entry((name.symbol.to_string(), name.routine.to_string())).or_default() += count;
                by_address.entry(address).or_insert_with(|| (Count::default(), name.symbol.to_string())).0 +=
                    count;
                *stacks.entry(stack(&chain, name)).or_default() += count.cycles;
            }
        }
        let phase = |(at, (count, inside)): (u8, (Count, BTreeMap<String, u64>))| Part {
            name: phases.get(usize::from(at)).cloned().unwrap_or_default(),
            inside: most(inside.into_iter().collect(), |&(_, cycles)| cycles),
            count,
        };
        let symbol = |((name, routine), count): ((String, String), Count)| Part {
            inside: vec![(routine, count.cycles)],
            name,
            count,
        };
        Self {
            total,
            phases: most(by_phase.into_iter().map(phase).collect(), |part| part.count.cycles),
            symbols: most(by_symbol.into_iter().map(symbol).collect(), |part| part.count.cycles),
            lines: hot_lines(lines, &by_address),
            stacks,
        }
    }
}

/// Frames from the outermost on. One frame where phase, routine and symbol have one name.
fn stack(chain: &[String], name: Name) -> String {
    let mut frames: Vec<&str> = chain.iter().map(String::as_str).chain([name.routine, name.symbol]).collect();
    frames.dedup();
    frames.join(";")
}

/// Counts of addresses put together by the line that they belong to.
fn hot_lines(lines: &[Line], by_address: &BTreeMap<u32, (Count, String)>) -> Vec<Hot> {
    let mut owner: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let (Some(address), 1..) = (line.address, line.length) {
            owner.insert(address, at);
        }
    }
    let mut hot: BTreeMap<(u32, Option<usize>), Hot> = BTreeMap::new();
    for (&address, (count, symbol)) in by_address {
        let above = owner.range(..=address).next_back().map(|(_, &at)| at);
        let line = above.filter(|&at| {
            let distance = address - lines[at].address.unwrap_or(address);
            (distance as usize) < lines[at].length
        });
        let start = line.and_then(|at| lines[at].address).unwrap_or(address);
        let symbol = symbol.clone();
        let entry =
            hot.entry((start, line)).or_insert(Hot { line, address: start, symbol, count: Count::default() });
        entry.count += *count;
    }
    most(hot.into_values().collect(), |hot| hot.count.cycles)
}

/// Sorted, the largest first; equal ones stay in order.
fn most<T>(mut parts: Vec<T>, size: impl Fn(&T) -> u64) -> Vec<T> {
    parts.sort_by_key(|part| std::cmp::Reverse(size(part)));
    parts
}
