//! `mlc compile --all`: the programs of `mlc.ron`, made or compared with those that are kept.

mod file;

use crate::args::{Artifact, CompileArgs};
use crate::check::{self, Comparison};
use crate::compile::{self, Program};
use crate::error::CliError;
use crate::files::{self, Kind, Output};
use crate::table::{Align, count, fold, grouped, table, whole};
use crate::{Outcome, progress, targets, templates};
use file::Wanted;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is said of programs that are kept and no longer made.
const STALE: &str = "kept, but no longer in mlc.ron";

/// Where programs go if nobody says.
const BUILD: &str = "build";

/// A program that was made, or why it was not.
#[derive(Serialize)]
struct Made {
    /// Its folder below that of all: `NAME/TARGET`.
    program: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_cycles_a_step: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_milliseconds_a_step: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    files: Vec<Compared>,
    #[serde(skip)]
    outputs: Vec<Output>,
}

/// A file of a program, beside the one that is kept.
#[derive(Serialize)]
struct Compared {
    path: String,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    /// Of the one that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_bytes: Option<usize>,
    /// Of texts: lines that are not in the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<usize>,
}

impl Made {
    /// A program that is kept, and that the project no longer has.
    fn stale(program: String) -> Self {
        let refusal = Some(STALE.to_string());
        let (image_bytes, predicted) = (None, None);
        Self {
            program,
            image_bytes,
            predicted_cycles_a_step: predicted,
            predicted_milliseconds_a_step: predicted,
            refusal,
            files: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Equal,
    Changed,
    Missing,
}

pub fn run(args: &CompileArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let folder = folder(args)?;
    let wanted = file::read()?;
    let bar = progress::bar(wanted.len(), "compile");
    let mut made = Vec::new();
    for wanted in &wanted {
        let in_project = |e: CliError| match e.is_bug() {
            true => e,
            false => e.in_project(file::FILE, &wanted.name),
        };
        made.push(make(wanted, &folder).map_err(in_project)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    check_folders(&wanted, &made)?;
    let failed = made.iter().any(|made| made.refusal.is_some());
    let mut outcome = if failed { Outcome::Difference } else { Outcome::Done };
    let mut stale = Vec::new();
    if args.check.is_some() {
        for file in made.iter_mut().flat_map(|made| made.files.iter_mut().zip(&made.outputs)) {
            compare(file)?;
        }
        let equal = |made: &Made| made.files.iter().all(|file| file.state == Some(State::Equal));
        stale = kept(&folder)?
            .into_iter()
            .filter(|kept| !made.iter().any(|made| made.program == *kept))
            .collect();
        if !made.iter().all(equal) || !stale.is_empty() {
            outcome = Outcome::Difference;
        }
    } else if !failed {
        let outputs: Vec<Output> = made.iter_mut().flat_map(|made| made.outputs.drain(..)).collect();
        let folders: Vec<&Path> = outputs.iter().filter_map(|output| output.path.parent()).collect();
        files::check_distinct(outputs.iter().map(|output| output.path.as_path()))?;
        files::write_all_below(folders, &outputs)?;
    }
    match (args.json, &args.check) {
        (true, _) => {
            let stale = stale.into_iter().map(Made::stale);
            let all: Vec<Made> = made.into_iter().chain(stale).collect();
            writeln!(out, "{}", targets::json(&all))?;
        }
        (false, Some(_)) => report(&made, &stale, &folder, out)?,
        (false, None) => print(&made, &folder, failed, out)?,
    }
    Ok(outcome)
}

/// Finds out whether each program has a folder of its own, also where the case of letters makes no difference.
///
/// # Errors
/// Two models of one name.
fn check_folders(wanted: &[Wanted], made: &[Made]) -> Result<(), CliError> {
    let mut seen: BTreeMap<String, &Wanted> = BTreeMap::new();
    for (wanted, made) in wanted.iter().zip(made) {
        if let Some(other) = seen.insert(made.program.to_lowercase(), wanted) {
            let problem = format!(
                "{} and {} would both be in {}: names must differ in more than case",
                other.name, wanted.name, made.program
            );
            let help = "give one of the models another name: `name:` in its file".to_string();
            return Err(CliError::Project { file: file::FILE, place: None, problem, help: Some(help) });
        }
    }
    Ok(())
}

/// The programs that are kept in a folder, by the folders that they have there.
///
/// # Errors
/// A folder that cannot be read.
fn kept(folder: &Path) -> Result<Vec<String>, CliError> {
    let mut found = Vec::new();
    for name in files::folders(folder)? {
        for place in files::folders(&folder.join(&name))? {
            found.push(format!("{name}/{place}"));
        }
    }
    Ok(found)
}

/// The folder of all programs.
///
/// # Errors
/// Files, or several folders.
fn folder(args: &CompileArgs) -> Result<PathBuf, CliError> {
    match args.files() {
        [] => Ok(PathBuf::from(BUILD)),
        [one] if one.kind == Artifact::Wokwi => Ok(one.path.clone()),
        _ => Err(CliError::Usage("with --all, -o and --check take one folder: its name ends in /".into())),
    }
}

/// Makes a program. One that does not fit, or that the target's kernels do not compute, is a row of the report.
///
/// # Errors
/// A model or target that cannot be read.
fn make(wanted: &Wanted, folder: &Path) -> Result<Made, CliError> {
    let assets = templates::assets(wanted.args.templates.as_deref())?;
    let (model, target) = compile::inputs(&wanted.args, &assets)?;
    let screen = compile::screen::read(&wanted.args, &target)?;
    let name = &model.head.name;
    let place = format!("{name}/{}", wanted.place);
    let folder = folder.join(name).join(&wanted.place);
    match compile::program(&wanted.args, &assets, model.clone(), target) {
        Ok(program) => {
            let outputs = outputs(&program, screen.as_deref(), &folder)?;
            let plan = &program.compiled.plan;
            let cycles = plan.is_predicted().then(|| plan.prediction.total());
            let file = |output: &Output| Compared {
                path: files::shown(&output.path),
                bytes: output.bytes.len(),
                state: None,
                kept_bytes: None,
                lines: None,
            };
            Ok(Made {
                program: place,
                image_bytes: Some(program.compiled.image.bytes.len()),
                predicted_cycles_a_step: cycles,
                predicted_milliseconds_a_step: cycles.map(|cycles| program.target.milliseconds(cycles)),
                refusal: None,
                files: outputs.iter().map(file).collect(),
                outputs,
            })
        }
        Err(CliError::Compile(refusal)) if !refusal.is_bug() => Ok(Made {
            program: place,
            image_bytes: None,
            predicted_cycles_a_step: None,
            predicted_milliseconds_a_step: None,
            refusal: Some(refusal.to_string()),
            files: Vec::new(),
            outputs: Vec::new(),
        }),
        Err(other) => Err(other),
    }
}

/// What is kept of a program: what is loaded, and its assembly, in which people see what changed.
fn outputs(program: &Program, screen: Option<&[u8]>, folder: &Path) -> Result<Vec<Output>, CliError> {
    let name = &program.model.head.name;
    let assembly = if program.target.board.is_some() { "S" } else { "asm" };
    let image = program.target.images.first().map(|kind| (Artifact::Image(*kind), kind.extension()));
    let weights = program.compiled.image.beside.as_ref().map(|_| (Artifact::Weights, "dat"));
    let kinds = image.into_iter().chain(weights).chain([(Artifact::Asm, assembly)]);
    let output = |(kind, extension): (Artifact, &str)| {
        let path = folder.join(format!("{name}.{extension}"));
        Ok(Output { path, bytes: compile::content(&program.compiled, kind, screen)? })
    };
    kinds.map(output).collect()
}

/// Compares a file with the one at its place.
///
/// # Errors
/// One that is there and cannot be read.
fn compare((file, output): (&mut Compared, &Output)) -> Result<(), CliError> {
    if !output.path.exists() {
        file.state = Some(State::Missing);
        return Ok(());
    }
    let kept = files::read(&output.path, Kind::Generated)?;
    file.kept_bytes = Some(kept.len());
    let comparison = check::compare(&file.path, &kept, &output.bytes);
    file.state = Some(match &comparison {
        // Git may have changed line ends; what is compiled is the same.
        Comparison::Equal | Comparison::LineEnds => State::Equal,
        Comparison::Text { .. } | Comparison::Bytes { .. } => State::Changed,
    });
    if let Comparison::Text { diff, .. } = comparison {
        // The first two lines of a diff name the files.
        let changed = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
        file.lines = Some(changed.count());
    }
    Ok(())
}

fn print(made: &[Made], folder: &Path, failed: bool, out: &mut dyn Write) -> Result<(), CliError> {
    let row = |made: &Made| match made.image_bytes {
        None => vec![made.program.clone(), "refused".into()],
        Some(bytes) => vec![
            made.program.clone(),
            grouped(bytes as u64),
            made.predicted_cycles_a_step.map_or(String::new(), whole),
            made.predicted_milliseconds_a_step.map_or(String::new(), |ms| format!("{ms:.1}")),
        ],
    };
    let columns = [
        ("program", Align::Left),
        ("bytes", Align::Right),
        ("cycles/step", Align::Right),
        ("ms", Align::Right),
    ];
    write!(out, "{}", table(&columns, &made.iter().map(row).collect::<Vec<_>>()))?;
    refusals(made, out)?;
    let folder = files::shown(folder);
    match failed {
        true => writeln!(out, "nothing is written: each must be compiled, or leave {}", file::FILE)?,
        false => writeln!(out, "written to {folder}, each with its assembly")?,
    }
    Ok(())
}

/// What changed, a line a program, and how it is accepted.
fn report(made: &[Made], stale: &[String], folder: &Path, out: &mut dyn Write) -> Result<(), CliError> {
    let row = |made: &Made| vec![made.program.clone(), said(made)];
    let columns = [("program", Align::Left), ("", Align::Fold)];
    let stale_rows = stale.iter().map(|program| vec![program.clone(), STALE.to_string()]);
    let rows: Vec<_> = made.iter().map(row).chain(stale_rows).collect();
    write!(out, "{}", table(&columns, &rows))?;
    refusals(made, out)?;
    let equal = |made: &&Made| made.files.iter().all(|file| file.state == Some(State::Equal));
    let changed = made.iter().filter(|made| made.refusal.is_none() && !equal(made)).count();
    if changed > 0 {
        let mut folder = files::shown(folder);
        if !folder.ends_with('/') {
            folder.push('/');
        }
        writeln!(out, "{changed} of {} changed. To see how: mlc compile MODEL --check FILE", made.len())?;
        writeln!(out, "To accept what is compiled now: mlc compile --all -o {folder}")?;
    }
    if !stale.is_empty() {
        writeln!(out, "Nothing makes what is no longer in {}: delete its folders", file::FILE)?;
    }
    Ok(())
}

fn refusals(made: &[Made], out: &mut dyn Write) -> Result<(), CliError> {
    for made in made {
        if let Some(refusal) = &made.refusal {
            writeln!(out, "{}", fold(&format!("{}: {refusal}", made.program)))?;
        }
    }
    Ok(())
}

/// `up to date`, or what changed in which file.
fn said(made: &Made) -> String {
    if made.refusal.is_some() {
        return "refused".into();
    }
    let name = |file: &Compared| file.path.rsplit('/').next().unwrap_or_default().to_string();
    let changed = made.files.iter().filter_map(|file| match file.state? {
        State::Equal => None,
        State::Missing => Some(format!("{} is not kept yet", name(file))),
        State::Changed => {
            let kept = file.kept_bytes.unwrap_or(0);
            let [before, now] = [kept, file.bytes].map(|n| grouped(n as u64));
            let size = (kept != file.bytes).then(|| format!("{before} → {now} bytes"));
            let lines = file.lines.map(|n| count(n, "line"));
            let said: Vec<_> = size.into_iter().chain(lines).collect();
            let said = if said.is_empty() { "other bytes".to_string() } else { said.join(", ") };
            Some(format!("{}: {said}", name(file)))
        }
    });
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() { "up to date".into() } else { changed.join("; ") }
}
