//! Names for addresses: the symbol, and the routine that it belongs to.
//!
//! Generated programs have thousands of labels. They fold by their names, in two steps:
//!
//! - Labels that differ only in the number at their end are one symbol: `add_1` … `add_36` are `add_*`.
//! - A symbol belongs to the routine whose name it extends: `fc2_0_scan` and `fc2_0_zero` to `fc2`. A label that was
//!   called is a routine of its own.

use super::source::Label;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Code outside the program.
pub const SYSTEM: &str = "system";

/// What an address is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name<'a> {
    pub routine: &'a str,
    pub symbol: &'a str,
}

const SYSTEM_NAME: Name<'static> = Name { routine: SYSTEM, symbol: SYSTEM };

/// The names of a program's addresses.
#[derive(Debug, Clone)]
pub struct Names {
    /// First addresses, rising, with indices into `symbols`.
    starts: Vec<(u32, usize)>,
    /// Routine and symbol, as shown.
    symbols: Vec<(String, String)>,
    /// What a call to an address enters: of several labels there, the first.
    entries: BTreeMap<u32, usize>,
    inside: Range<u32>,
    show: fn(u32) -> String,
}

impl Names {
    /// `labels` in the order of the text; `called`: addresses that were called; `inside`: what belongs to the program;
    /// `show` writes an address.
    pub fn new(
        labels: &[Label],
        called: &BTreeSet<u32>,
        inside: Range<u32>,
        show: fn(u32) -> String,
    ) -> Self {
        let labels: Vec<&Label> = labels.iter().filter(|label| inside.contains(&label.address)).collect();
        let folding = Folding::new(&labels, called);
        let mut names =
            Self { starts: Vec::new(), symbols: Vec::new(), entries: BTreeMap::new(), inside, show };
        let mut best: BTreeMap<u32, (bool, usize)> = BTreeMap::new();
        for label in labels {
            let (routine, symbol) = folding.fold(label);
            let is_routine = routine == symbol;
            let at = names.symbols.len();
            names.symbols.push((routine, symbol));
            // Code belongs to the last label above it, but a routine's name says more.
            let kept = best.entry(label.address).or_insert((is_routine, at));
            if is_routine || !kept.0 {
                *kept = (is_routine, at);
            }
            let entry = names.entries.entry(label.address).or_insert(at);
            if is_routine && names.symbols[*entry].0 != names.symbols[*entry].1 {
                *entry = at;
            }
        }
        names.starts = best.into_iter().map(|(address, (_, at))| (address, at)).collect();
        names
    }

    /// `None`: inside the program, but no label is above it.
    pub fn name(&self, address: u32) -> Option<Name<'_>> {
        if !self.inside.contains(&address) {
            return Some(SYSTEM_NAME);
        }
        let above = self.starts.partition_point(|&(start, _)| start <= address).checked_sub(1)?;
        let (routine, symbol) = &self.symbols[self.starts[above].1];
        Some(Name { routine, symbol })
    }

    /// The routine that a call to `address` enters.
    pub fn entry(&self, address: u32) -> String {
        match self.entries.get(&address) {
            Some(&at) => self.symbols[at].0.clone(),
            None => self.name(address).map_or_else(|| self.show(address), |name| name.routine.to_string()),
        }
    }

    /// An address as this processor's programmers write it.
    pub fn show(&self, address: u32) -> String {
        (self.show)(address)
    }
}

/// Labels that differ only in their numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Family {
    members: usize,
    /// `add_1`, not `c1`.
    separated: bool,
}

/// How labels fold.
struct Folding<'a> {
    /// By the name without the number.
    families: BTreeMap<&'a str, Family>,
    /// All labels without their numbers, and which of them are routines.
    bases: BTreeSet<&'a str>,
    routines: BTreeSet<&'a str>,
}

impl<'a> Folding<'a> {
    fn new(labels: &[&'a Label], called: &BTreeSet<u32>) -> Self {
        let mut families: BTreeMap<&str, Family> = BTreeMap::new();
        for label in labels {
            let base = unnumbered(&label.name);
            if base != label.name {
                let family = families.entry(base).or_default();
                family.members += 1;
                family.separated = label.name[base.len()..].starts_with(['_', '.']);
            }
        }
        // A lone number says something: `print_2` is no family. And a family needs a name of its own.
        families.retain(|_, family| family.members > 1);
        for label in labels {
            families.remove(label.name.as_str());
        }
        let mut folding = Self { families, bases: BTreeSet::new(), routines: BTreeSet::new() };
        folding.bases = labels.iter().map(|label| folding.base(&label.name)).collect();
        let is_root = |base: &&str| !prefixes(base).any(|prefix| folding.bases.contains(prefix));
        let called = labels.iter().filter(|label| called.contains(&label.address));
        let called = called.map(|label| folding.base(&label.name));
        folding.routines = folding.bases.iter().copied().filter(is_root).chain(called).collect();
        folding
    }

    /// Routine and symbol of a label, as they are shown.
    fn fold(&self, label: &Label) -> (String, String) {
        let base = self.base(&label.name);
        let routine = match self.routines.contains(base) {
            true => base,
            // The longest one: the innermost.
            false => prefixes(base).filter(|prefix| self.routines.contains(prefix)).last().unwrap_or(base),
        };
        (self.shown(routine), self.shown(base))
    }

    fn base<'n>(&self, name: &'n str) -> &'n str {
        let base = unnumbered(name);
        if self.families.contains_key(base) { base } else { name }
    }

    fn shown(&self, base: &str) -> String {
        match self.families.get(base) {
            Some(family) if family.separated => format!("{base}_*"),
            Some(_) => format!("{base}*"),
            None => base.to_string(),
        }
    }
}

/// The name without the number in its last word, if it has several words: `add_half` of `add_half_35`, `fc2_0_c` of
/// `fc2_0_c17`, but `fc1` of `fc1`.
fn unnumbered(name: &str) -> &str {
    let Some(last) = name.rfind(['_', '.']).filter(|&at| at > 0) else { return name };
    let stripped = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stripped.len() == last + 1 { &name[..last] } else { stripped }
}

/// The names that `name` extends by a word or more, the shortest first.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(['_', '.']).map(|(at, _)| &name[..at]).filter(|prefix| !prefix.is_empty())
}
