//! Writes a profile as an annotated listing, as folded stacks and as a flame graph.

use super::Profile;
use super::report::Hot;
use crate::error::CliError;
use crate::table::{count, grouped, whole};
use inferno::flamegraph::{self, Options};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Wide enough for a page; browsers scale it.
const WIDTH: usize = 1200;

/// The source with counts beside each line that ran: executions, cycles in all and a step, and the share of the whole.
/// An instruction that never ran has a dash. Code without source follows behind.
pub fn listing(profile: &Profile) -> String {
    let report = &profile.report;
    let by_line: BTreeMap<usize, &Hot> =
        report.lines.iter().filter_map(|hot| Some((hot.line?, hot))).collect();
    let mut out = format!("; {}\n;\n", profile.title());
    let cycles = profile.unit.to_uppercase();
    row(&mut out, ["ADDR", "T", "RUNS", &cycles, "A STEP", "SHARE", "SOURCE"], profile.steps > 0);
    let mut put = |cells: [&str; 7]| row(&mut out, cells, profile.steps > 0);
    for (at, line) in profile.source.lines.iter().enumerate() {
        let address = line.address.filter(|_| line.length > 0 || line.text.contains(':'));
        let address = address.map(|address| format!("{address:04X}")).unwrap_or_default();
        match by_line.get(&at) {
            Some(hot) => {
                let [runs, cycles, step, share] = figures(profile, hot);
                put([&address, &line.timing, &runs, &cycles, &step, &share, &line.text]);
            }
            None => {
                let runs = if line.timing.is_empty() { "" } else { "-" };
                put([&address, &line.timing, runs, "", "", "", &line.text]);
            }
        }
    }
    let mut outside: Vec<&Hot> = report.lines.iter().filter(|hot| hot.line.is_none()).collect();
    outside.sort_by_key(|hot| hot.address);
    if !outside.is_empty() && !profile.source.lines.is_empty() {
        put(["", "", "", "", "", "", ""]);
        put(["", "", "", "", "", "", "; code without source"]);
    }
    for hot in outside {
        let [runs, cycles, step, share] = figures(profile, hot);
        let text = format!("; {}", hot.symbol);
        put([&format!("{:04X}", hot.address), "", &runs, &cycles, &step, &share, &text]);
    }
    out
}

fn figures(profile: &Profile, hot: &Hot) -> [String; 4] {
    let cycles = hot.count.cycles;
    [grouped(hot.count.runs), grouped(cycles), profile.a_step(cycles), profile.share(cycles)]
}

/// A row of the listing; the column of steps is left out where there are none.
fn row(out: &mut String, cells: [&str; 7], steps: bool) {
    let [address, timing, runs, cycles, step, share, text] = cells;
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = write!(out, "{address:<6}{timing:<6}{runs:>11}  {cycles:>13}");
    if steps {
        let _ = write!(out, "  {step:>9}");
    }
    let _ = write!(out, "  {share:>6}  {text}");
    out.truncate(start + out[start..].trim_end().len());
    out.push('\n');
}

/// `frame;frame;frame cycles`, sorted by stack.
pub fn folded(profile: &Profile) -> String {
    let line = |(stack, cycles): (&String, &u64)| format!("{stack} {cycles}\n");
    profile.report.stacks.iter().map(line).collect()
}

/// The flame graph as an SVG picture: the width of a frame is its cycles, a step where there are steps.
pub fn flame_graph(profile: &Profile) -> Result<Vec<u8>, CliError> {
    let mut options = Options::default();
    options.title = profile.title();
    options.subtitle = Some(profile.subtitle());
    options.count_name = match profile.steps {
        0 => profile.unit.to_string(),
        _ => format!("{} a step", profile.unit),
    };
    options.name_type = "Symbol:".into();
    options.factor = 1.0 / profile.steps.max(1) as f64;
    options.image_width = Some(WIDTH);
    // Colours go by name, not by chance.
    options.deterministic = true;
    let folded = folded(profile);
    let mut picture = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines(), &mut picture).map_err(|e| CliError::Write {
        path: profile.name.clone().into(),
        problem: format!("no flame graph can be drawn: {e}"),
        help: "take the folded stacks instead: --emit folded",
    })?;
    Ok(picture)
}

impl Profile {
    /// What was measured, and the result.
    fn title(&self) -> String {
        let clock = f64::from(self.clock_hz) / 1e6;
        let milliseconds = self.milliseconds(self.mean());
        let of = if self.steps > 0 { " a step" } else { "" };
        let cycles = whole(self.mean());
        format!(
            "{} on {}: {cycles} {}{of}, {milliseconds:.1} ms at {clock} MHz",
            self.name, self.target, self.unit
        )
    }

    pub fn subtitle(&self) -> String {
        let runs = count(self.runs, self.run_name);
        let steps = if self.steps > 0 { format!("{}, ", count(self.steps, "step")) } else { String::new() };
        format!("{runs}, {steps}{} {}", grouped(self.report.total.cycles), self.unit)
    }
}
