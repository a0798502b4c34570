//! Prints a profile as tables for people, and as JSON for scripts.

use super::Profile;
use super::report::{Hot, Part};
use crate::error::CliError;
use crate::table::{Align, TIE, count, fold, grouped, table, whole};
use crate::targets;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Characters of a source line in the table.
const SOURCE: usize = 38;
/// Symbols named beside a phase.
const INSIDE: usize = 3;

const RIGHT: Align = Align::Right;
const LEFT: Align = Align::Left;

pub fn tables(profile: &Profile, top: usize, out: &mut dyn Write) -> Result<(), CliError> {
    let report = &profile.report;
    let line = format!("{} on {}: {}", profile.name, profile.target, profile.encodings.join(", "));
    writeln!(out, "{}", fold(&line))?;
    writeln!(out, "{}\n", profile.subtitle())?;
    if !profile.phases.is_empty() {
        let rows: Vec<_> = report.phases.iter().map(|part| phase_row(profile, part)).collect();
        let mut columns = vec![("phase", LEFT)];
        columns.extend(profile.columns());
        columns.push(("most of it in", Align::Fold));
        writeln!(out, "{}", table(&columns, &with_total(profile, rows, "")))?;
    }
    let mut rows: Vec<_> = report.symbols.iter().take(top).map(|part| symbol_row(profile, part)).collect();
    let rest = report.symbols.iter().skip(top).map(|part| (part.count.runs, part.count.cycles));
    rows.extend(rest_row(profile, rest, "symbol", false));
    let mut columns = vec![("symbol", LEFT), ("instructions", RIGHT)];
    columns.extend(profile.columns());
    let routines = rows.iter().any(|row| row.len() > columns.len());
    columns.extend(routines.then_some(("routine", Align::Fold)));
    writeln!(out, "{}", table(&columns, &with_total(profile, rows, &grouped(report.total.runs))))?;

    let mut rows: Vec<_> = report.lines.iter().take(top).map(|hot| line_row(profile, hot)).collect();
    let rest = report.lines.iter().skip(top).map(|hot| (hot.count.runs, hot.count.cycles));
    let (place, text) = match profile.source.lines.is_empty() {
        true => ("address", "in"),
        false => ("line", "source"),
    };
    rows.extend(rest_row(profile, rest, place, true));
    let mut columns = vec![(place, RIGHT), ("runs", RIGHT)];
    columns.extend(profile.columns());
    columns.push((text, LEFT));
    write!(out, "{}", table(&columns, &rows))?;
    Ok(())
}

impl Profile {
    /// Titles of what [`cells`] gives.
    fn columns(&self) -> Vec<(&'static str, Align)> {
        let mut columns = vec![(self.unit, RIGHT)];
        if self.steps > 0 {
            columns.push(("a step", RIGHT));
        }
        columns.push(("share", RIGHT));
        columns
    }

    fn cells(&self, cycles: u64) -> Vec<String> {
        let mut cells = vec![grouped(cycles)];
        if self.steps > 0 {
            cells.push(self.a_step(cycles));
        }
        cells.push(self.share(cycles));
        cells
    }

    /// Cycles a step, whole; with a decimal where they are few.
    pub fn a_step(&self, cycles: u64) -> String {
        let mean = cycles as f64 / self.steps.max(1) as f64;
        match (self.steps, mean) {
            (0, _) => String::new(),
            (_, 9.95..) => whole(mean),
            _ => format!("{mean:.1}"),
        }
    }

    pub fn share(&self, cycles: u64) -> String {
        format!("{:.1} %", 100.0 * cycles as f64 / self.report.total.cycles.max(1) as f64)
    }

    /// What a symbol or address is shown as in the column of lines.
    fn place(&self, hot: &Hot) -> String {
        match hot.line.and_then(|at| self.source.lines.get(at)) {
            Some(line) => line.number.to_string(),
            None => self.names.show(hot.address),
        }
    }

    fn text(&self, hot: &Hot) -> String {
        let Some(line) = hot.line.and_then(|at| self.source.lines.get(at)) else {
            return hot.symbol.clone();
        };
        // Without the comment: the symbol says more.
        let code = line.text.split(';').next().unwrap_or("").trim();
        let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let symbol = format!("({})", hot.symbol);
        let room = SOURCE.saturating_sub(symbol.chars().count() + 1);
        let shown: String = code.chars().take(room).collect();
        format!("{shown:<16} {symbol}")
    }
}

fn phase_row(profile: &Profile, part: &Part) -> Vec<String> {
    let mut row = vec![part.name.clone()];
    row.extend(profile.cells(part.count.cycles));
    let whole = part.count.cycles.max(1) as f64;
    let inside = part.inside.iter().map(|(name, cycles)| (name, 100.0 * *cycles as f64 / whole));
    let inside = inside.take(INSIDE).filter(|(_, share)| *share >= 0.5);
    row.push(inside.map(|(name, share)| format!("{name} {share:.0}{TIE}%")).collect::<Vec<_>>().join(", "));
    row
}

fn symbol_row(profile: &Profile, part: &Part) -> Vec<String> {
    let mut row = vec![part.name.clone(), grouped(part.count.runs)];
    row.extend(profile.cells(part.count.cycles));
    row.extend(
        part.inside.iter().map(|(routine, _)| routine.clone()).filter(|routine| *routine != part.name),
    );
    row
}

fn line_row(profile: &Profile, hot: &Hot) -> Vec<String> {
    let mut row = vec![profile.place(hot), grouped(hot.count.runs)];
    row.extend(profile.cells(hot.count.cycles));
    row.push(profile.text(hot));
    row
}

/// One row for all that are not shown.
fn rest_row(
    profile: &Profile,
    rest: impl Iterator<Item = (u64, u64)>,
    what: &str,
    behind: bool,
) -> Option<Vec<String>> {
    let (mut rows, mut runs, mut cycles) = (0, 0, 0);
    for (r, c) in rest {
        (rows, runs, cycles) = (rows + 1, runs + r, cycles + c);
    }
    let name = count(rows, &format!("more {what}"));
    let mut row = vec![if behind { String::new() } else { name.clone() }, grouped(runs)];
    row.extend(profile.cells(cycles));
    row.extend(behind.then_some(name));
    (rows > 0).then_some(row)
}

fn with_total(profile: &Profile, mut rows: Vec<Vec<String>>, instructions: &str) -> Vec<Vec<String>> {
    let mut all = vec!["all".to_string()];
    if !instructions.is_empty() {
        all.push(instructions.to_string());
    }
    all.extend(profile.cells(profile.report.total.cycles));
    rows.push(all);
    rows
}

/// What `--json` prints. Times are in cycles of the target's processor.
#[derive(Serialize)]
struct Figures<'a> {
    program: &'a str,
    target: &'a str,
    clock_hz: u32,
    runs: usize,
    steps: usize,
    cycles: u64,
    instructions: u64,
    phases: Vec<PartRow<'a>>,
    symbols: Vec<PartRow<'a>>,
    lines: Vec<LineRow<'a>>,
    stacks: &'a BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct PartRow<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    routine: Option<&'a str>,
    instructions: u64,
    cycles: u64,
}

#[derive(Serialize)]
struct LineRow<'a> {
    line: Option<usize>,
    address: u32,
    symbol: &'a str,
    executions: u64,
    cycles: u64,
    source: Option<&'a str>,
}

impl<'a> PartRow<'a> {
    fn new(part: &'a Part, routine: bool) -> Self {
        let inside = part.inside.first().filter(|_| routine);
        Self {
            name: &part.name,
            routine: inside.map(|(routine, _)| routine.as_str()),
            instructions: part.count.runs,
            cycles: part.count.cycles,
        }
    }
}

pub fn json(profile: &Profile) -> String {
    let report = &profile.report;
    targets::json(&Figures {
        program: &profile.name,
        target: &profile.target,
        clock_hz: profile.clock_hz,
        runs: profile.runs,
        steps: profile.steps,
        cycles: report.total.cycles,
        instructions: report.total.runs,
        phases: report.phases.iter().map(|part| PartRow::new(part, false)).collect(),
        symbols: report.symbols.iter().map(|part| PartRow::new(part, true)).collect(),
        lines: report.lines.iter().map(|hot| line_json(profile, hot)).collect(),
        stacks: &report.stacks,
    })
}

fn line_json<'a>(profile: &'a Profile, hot: &'a Hot) -> LineRow<'a> {
    let line = hot.line.and_then(|at| profile.source.lines.get(at));
    LineRow {
        line: line.map(|line| line.number),
        address: hot.address,
        symbol: &hot.symbol,
        executions: hot.count.runs,
        cycles: hot.count.cycles,
        source: line.map(|line| line.text.trim()),
    }
}
