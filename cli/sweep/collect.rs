//! `mlc sweep --collect`: the results of a sweep as one table.

use super::list::Listed;
use crate::error::CliError;
use crate::files;
use crate::table::{self, Align, grouped, table};
use crate::train::TrainResult;
use mlc_trainer::Figures;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// A run with its result.
#[derive(Debug, Clone, Serialize)]
pub struct Collect {
    pub name: String,
    /// No other run is at least as good in both accuracy and cycles, and better in one of them.
    pub front: bool,
    #[serde(flatten)]
    pub result: TrainResult,
}

/// What became of a sweep.
#[derive(Debug, Serialize)]
pub struct Collected {
    /// Those with a result, in the order of the list.
    pub runs: Vec<Collect>,
    pub missing: Vec<String>,
    /// With what is wrong.
    pub broken: Vec<(String, String)>,
}

/// Reads the results of `listed` runs, and those of `others`, which need not be there.
///
/// # Errors
/// There is nothing at all.
pub fn collect(folder: &Path, listed: &[Listed], others: &[String]) -> Result<Collected, CliError> {
    let mut collected = Collected { runs: Vec::new(), missing: Vec::new(), broken: Vec::new() };
    for name in listed.iter().map(|run| &run.name).chain(others) {
        let path = folder.join(format!("{name}.json"));
        if !path.exists() {
            collected.missing.push(name.clone());
            continue;
        }
        match whole(&path, &folder.join(format!("{name}.ron"))) {
            Ok(result) => collected.runs.push(Collect { name: name.clone(), front: false, result }),
            Err(problem) => collected.broken.push((name.clone(), problem)),
        }
    }
    if collected.runs.is_empty() && collected.missing.is_empty() && collected.broken.is_empty() {
        return Err(CliError::Sweep {
            place: files::shown(folder),
            problem: "neither a list of runs nor a result is in this folder".into(),
        });
    }
    let points: Vec<_> = collected.runs.iter().map(|run| point(&run.result, collected.held_out())).collect();
    for (run, front) in collected.runs.iter_mut().zip(front(&points)) {
        run.front = front;
    }
    Ok(collected)
}

/// The result, if the model that it is about is there and is that one.
fn whole(result: &Path, model: &Path) -> Result<TrainResult, String> {
    let result = TrainResult::read(result).map_err(|e| e.to_string())?;
    let model = files::model(model).map_err(|e| e.to_string())?.model;
    let nonzero = model.body.nonzero();
    if nonzero != result.nonzero {
        return Err(format!(
            "the result is of another model: weights not zero are {} in it, {nonzero} in the model",
            result.nonzero
        ));
    }
    Ok(result)
}

/// Share of replies right and cycles a step; held-out replies where all runs have them.
fn point(result: &TrainResult, held_out: bool) -> Option<(f64, f64)> {
    let figures = result.held_out.filter(|_| held_out).unwrap_or(result.train);
    Some((figures.reply_share(), result.cycles?))
}

/// Which points no other one dominates. What has no place in the plane is none of them.
fn front(points: &[Option<(f64, f64)>]) -> Vec<bool> {
    let dominates = |a: &(f64, f64), b: &(f64, f64)| a.0 >= b.0 && a.1 <= b.1 && a != b;
    let on_it = |point: &Option<(f64, f64)>| {
        point.is_some_and(|point| !points.iter().flatten().any(|other| dominates(other, &point)))
    };
    points.iter().map(on_it).collect()
}

impl Collected {
    pub fn has(&self, name: &str) -> bool {
        self.runs.iter().any(|run| run.name == name)
    }

    /// Nothing is missing or broken.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.broken.is_empty()
    }

    fn held_out(&self) -> bool {
        self.runs.iter().all(|run| run.result.held_out.is_some())
    }

    /// The machine that all cycles are of.
    ///
    /// # Errors
    /// They are of several machines.
    pub fn unit(&self) -> Result<String, CliError> {
        let targets: BTreeSet<&str> = self.runs.iter().map(|run| run.result.target.as_str()).collect();
        if targets.len() > 1 {
            let names = targets.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CliError::Usage(format!(
                "--curve compares runs for one machine, these are for {names}"
            )));
        }
        Ok(targets.into_iter().next().unwrap_or_default().to_string())
    }

    pub fn table(&self) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let any_held_out = self.runs.iter().any(|run| run.result.held_out.is_some());
        let mut columns = vec![
            ("", Align::Left),
            ("run", Align::Left),
            ("characters", Align::Right),
            ("replies", Align::Right),
        ];
        if any_held_out {
            columns.extend([("held out:", Align::Right), ("replies", Align::Right)]);
        }
        columns.extend([
            ("non-zero", Align::Right),
            ("cycles a step", Align::Right),
            ("bytes", Align::Right),
        ]);
        let row = |run: &Collect| {
            let result = &run.result;
            let figures = |f: &Figures| [percent(f.step_share()), percent(f.reply_share())];
            let mut row = vec![if run.front { "*" } else { "" }.to_string(), run.name.clone()];
            row.extend(figures(&result.train));
            if any_held_out {
                row.extend(result.held_out.as_ref().map_or(["-".into(), "-".into()], figures));
            }
            row.push(grouped(result.nonzero as u64));
            let rounded = |value: Option<f64>| value.map_or("-".into(), table::whole);
            row.extend([rounded(result.cycles), rounded(result.bytes.map(|bytes| bytes as f64))]);
            if !result.limits_kept {
                row.push("limits not kept".into());
            }
            row
        };
        let rows: Vec<_> = self.runs.iter().map(row).collect();
        if rows.iter().any(|row| row.len() > columns.len()) {
            columns.push(("", Align::Left));
        }
        let which = if self.held_out() { "held-out replies" } else { "replies" };
        format!(
            "{}* on the front: no other run has more {which} right in as few cycles, or as many in fewer\n",
            table(&columns, &rows)
        )
    }

    /// A header and a line a run; shares are 0 to 1, settings that a run has not are empty.
    pub fn csv(&self) -> String {
        let settings: BTreeSet<&String> =
            self.runs.iter().flat_map(|run| run.result.settings.keys()).collect();
        let fixed = [
            "run",
            "front",
            "seed",
            "characters",
            "replies",
            "held_out_characters",
            "held_out_replies",
            "weights",
            "nonzero",
            "target",
            "cycles",
            "bytes",
            "limits_kept",
            "epoch",
            "epochs",
        ];
        let header = fixed.iter().map(|name| name.to_string());
        let header = header.chain(settings.iter().map(|name| format!("--{name}")));
        let mut out = line(header.collect());
        for run in &self.runs {
            let result = &run.result;
            let shares = |f: &Figures| [format!("{:.6}", f.step_share()), format!("{:.6}", f.reply_share())];
            let mut cells = vec![run.name.clone(), run.front.to_string(), result.seed.to_string()];
            cells.extend(shares(&result.train));
            cells.extend(result.held_out.as_ref().map_or_else(Default::default, shares));
            cells.extend([result.weights.to_string(), result.nonzero.to_string(), result.target.clone()]);
            cells.push(result.cycles.map(|cycles| format!("{cycles:.0}")).unwrap_or_default());
            cells.push(result.bytes.map(|bytes| bytes.to_string()).unwrap_or_default());
            cells.extend([
                result.limits_kept.to_string(),
                result.epoch.to_string(),
                result.epochs.to_string(),
            ]);
            let value = |name: &&String| result.settings.get(*name).cloned().unwrap_or_default();
            cells.extend(settings.iter().map(value));
            out += &line(cells);
        }
        out
    }
}

/// Comma-separated values, quoted where they need it (RFC 4180).
fn line(cells: Vec<String>) -> String {
    let quoted = |cell: String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_has_what_nothing_dominates() {
        let points = [
            Some((0.9, 100.0)),
            Some((0.8, 50.0)),
            Some((0.8, 60.0)),  // slower than the second
            Some((0.7, 50.0)),  // worse than the second
            Some((0.9, 100.0)), // a tie with the first
            None,
            Some((0.1, 10.0)),
        ];
        assert_eq!(front(&points), [true, true, false, false, true, false, true]);
    }

    #[test]
    fn cells_with_commas_are_quoted() {
        assert_eq!(line(vec!["a".into(), "b,c".into(), "d\"e".into()]), "a,\"b,c\",\"d\"\"e\"\n");
    }
}
