//! `mlc sweep --collect`: the results of a sweep as one table.

use super::list::Listed;
use crate::error::CliError;
use crate::table::{self, Align, grouped, table};
use crate::train::{AnyResult, Shares};
use crate::{adapter, files};
use mlc_compiler::import::Options;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// A run with its result.
#[derive(Debug, Clone, Serialize)]
pub struct Collect {
    pub name: String,
    /// No other run of its family is at least as good in both accuracy and cycles, and better in one of them.
    pub front: bool,
    #[serde(flatten)]
    pub result: AnyResult,
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
    for names in collected.families() {
        let runs: Vec<_> =
            collected.runs.iter_mut().filter(|run| run.result.shares().names == names).collect();
        let held_out = runs.iter().all(|run| run.result.shares().held_out.is_some());
        let points: Vec<_> = runs.iter().map(|run| point(&run.result, held_out)).collect();
        runs.into_iter().zip(front(&points)).for_each(|(run, front)| run.front = front);
    }
    Ok(collected)
}

/// The result, if the model that it is about is there and is that one. Of an adapter, which is no model, only that is known.
fn whole(result: &Path, model: &Path) -> Result<AnyResult, String> {
    let result = AnyResult::read(result).map_err(|e| e.to_string())?;
    let bytes = files::read(model, files::Kind::Model).map_err(|e| e.to_string())?;
    if adapter::is_adapter(&bytes) {
        return Ok(result);
    }
    let model = files::parse_model(&bytes, model, &Options::default()).map_err(|e| e.to_string())?;
    let (nonzero, said) = (model.body.nonzero(), result.common().nonzero);
    if nonzero != said {
        return Err(format!(
            "the result is of another model: weights not zero are {said} in it, {nonzero} in the model"
        ));
    }
    Ok(result)
}

/// The share that decides and the cycles of a step; that of what was held out where all runs have it.
fn point(result: &AnyResult, held_out: bool) -> Option<(f64, f64)> {
    let Shares { headline, train, held_out: on_held_out, .. } = result.shares();
    let shares = on_held_out.filter(|_| held_out).unwrap_or(train);
    Some((shares[headline], result.common().cycles?))
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

    /// What the shares of each family are called.
    pub fn families(&self) -> Vec<&'static [&'static str]> {
        let mut families = Vec::new();
        for names in self.runs.iter().map(|run| run.result.shares().names) {
            if !families.contains(&names) {
                families.push(names);
            }
        }
        families
    }

    /// Names of shares of all families, each once.
    fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for name in self.families().concat() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The machine that all cycles are of.
    ///
    /// # Errors
    /// They are of several machines, or there are none.
    pub fn unit(&self) -> Result<String, CliError> {
        let targets: BTreeSet<&str> = self.runs.iter().filter_map(|run| run.result.common().target).collect();
        if targets.len() > 1 {
            let names = targets.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CliError::Usage(format!(
                "--curve compares runs for one machine, these are for {names}"
            )));
        }
        match targets.into_iter().next() {
            Some(target) => Ok(target.to_string()),
            None if self.runs.is_empty() => Ok(String::new()),
            None => Err(CliError::Usage(
                "--curve draws accuracy against cycles, and these runs were for no machine: train with --target"
                    .into(),
            )),
        }
    }

    pub fn table(&self) -> String {
        let names = self.names();
        let any_held_out = self.runs.iter().any(|run| run.result.shares().held_out.is_some());
        let mut columns = vec![("", Align::Left), ("run", Align::Left)];
        columns.extend(names.iter().map(|name| (*name, Align::Right)));
        if any_held_out {
            columns.push(("held out:", Align::Right));
            columns.extend(names.iter().skip(1).map(|name| (*name, Align::Right)));
        }
        columns.extend([
            ("non-zero", Align::Right),
            ("cycles a step", Align::Right),
            ("bytes", Align::Right),
        ]);
        let percent =
            |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share));
        let row = |run: &Collect| {
            let (shares, common) = (run.result.shares(), run.result.common());
            let mut row = vec![if run.front { "*" } else { "" }.to_string(), run.name.clone()];
            row.extend(names.iter().map(|name| percent(shares.of(name, false))));
            if any_held_out {
                row.extend(names.iter().map(|name| percent(shares.of(name, true))));
            }
            row.push(grouped(common.nonzero as u64));
            let rounded = |value: Option<f64>| value.map_or("-".into(), table::whole);
            row.extend([rounded(common.cycles), rounded(common.bytes.map(|bytes| bytes as f64))]);
            if !common.limits_kept {
                row.push("limits not kept".into());
            }
            row
        };
        let rows: Vec<_> = self.runs.iter().map(row).collect();
        if rows.iter().any(|row| row.len() > columns.len()) {
            columns.push(("", Align::Left));
        }
        format!("{}{}", table(&columns, &rows), self.front_in_words())
    }

    /// What the star means.
    fn front_in_words(&self) -> String {
        let whose = |names: &[&str]| {
            let mut shares = self.runs.iter().map(|run| run.result.shares()).filter(|s| s.names == names);
            let all = shares.clone().all(|shares| shares.held_out.is_some());
            let headline = shares.next().map_or("", |shares| names[shares.headline]);
            format!("{}{headline}", if all { "held-out " } else { "" })
        };
        let which: Vec<String> = self.families().into_iter().map(whose).collect();
        match &which[..] {
            [which] if which.ends_with("replies") => format!(
                "* on the front: no other run has more {which} right in as few cycles, or as many in fewer\n"
            ),
            _ => format!(
                "* on the front: no other run has more of {} in as few cycles, or as much in fewer\n",
                which.join(", of ")
            ),
        }
    }

    /// A header and a line a run; shares are 0 to 1, settings and shares that a run has not are empty.
    pub fn csv(&self) -> String {
        let settings: BTreeSet<&String> =
            self.runs.iter().flat_map(|run| run.result.common().settings.keys()).collect();
        let names = self.names();
        let fixed = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let mut header = fixed(&["run", "front", "seed"]);
        header.extend(fixed(&names));
        header.extend(names.iter().map(|name| format!("held_out_{name}")));
        header.extend(fixed(&[
            "weights",
            "nonzero",
            "target",
            "cycles",
            "bytes",
            "limits_kept",
            "epoch",
            "epochs",
        ]));
        header.extend(settings.iter().map(|name| format!("--{name}")));
        let mut out = line(header);
        let share = |share: Option<f64>| share.map(|share| format!("{share:.6}")).unwrap_or_default();
        for run in &self.runs {
            let (shares, common) = (run.result.shares(), run.result.common());
            let mut cells = vec![run.name.clone(), run.front.to_string(), common.seed.to_string()];
            for held_out in [false, true] {
                cells.extend(names.iter().map(|name| share(shares.of(name, held_out))));
            }
            cells.extend([common.weights.to_string(), common.nonzero.to_string()]);
            cells.push(common.target.unwrap_or_default().to_string());
            cells.push(common.cycles.map(|cycles| format!("{cycles:.0}")).unwrap_or_default());
            cells.push(common.bytes.map(|bytes| bytes.to_string()).unwrap_or_default());
            cells.extend([
                common.limits_kept.to_string(),
                common.epoch.to_string(),
                common.epochs.to_string(),
            ]);
            let value = |name: &&String| common.settings.get(*name).cloned().unwrap_or_default();
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
