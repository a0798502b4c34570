//! `mlc.ron`: the programs of a project, models × targets, each with options of `mlc compile`.

use crate::args::{Cli, Command, CompileArgs};
use crate::error::CliError;
use crate::{files, parse};
use clap::FromArgMatches;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file, in the folder that a command is typed in.
pub const FILE: &str = "mlc.ron";
/// Programs of a project; each is compiled.
const MOST: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    models: Vec<PathBuf>,
    /// Each a target and what else to type for it: `atmega328p --profile uno`.
    targets: Vec<String>,
    /// Options for all of them.
    #[serde(default)]
    options: String,
}

/// A program to make.
#[derive(Debug)]
pub struct Wanted {
    /// As the file names it: `"zx48" of tinychat`.
    pub name: String,
    /// The target and its options as part of a path: `atmega328p-profile-uno`.
    pub place: String,
    pub args: CompileArgs,
}

/// Reads the programs of the project, models in their order, each for all targets.
///
/// # Errors
/// There is no such file; a field that is wrong; an option that `mlc compile` does not take, or that says where programs go.
pub fn read() -> Result<Vec<Wanted>, CliError> {
    let path = Path::new(FILE);
    if !path.exists() {
        return Err(CliError::Read {
            path: path.to_path_buf(),
            problem: "there is no such file".into(),
            help: "--all compiles the programs that it names: `mlc help project` shows one, `mlc new` writes one",
        });
    }
    programs(&files::read_text(path, files::Kind::Settings)?)
}

fn programs(text: &str) -> Result<Vec<Wanted>, CliError> {
    let project: Project = ron::from_str(text).map_err(|e| CliError::Project {
        file: FILE,
        place: Some((e.span.start.line, e.span.start.col)),
        problem: e.code.to_string(),
        help: None,
    })?;
    let refuse = |problem: String| CliError::Project { file: FILE, place: None, problem, help: None };
    if project.models.is_empty() || project.targets.is_empty() {
        return Err(refuse("models and targets must each name one at least".into()));
    }
    if project.models.len().saturating_mul(project.targets.len()) > MOST {
        return Err(refuse(format!("more than {MOST} programs")));
    }
    let mut found: Vec<Wanted> = Vec::new();
    for model in &project.models {
        for target in &project.targets {
            let wanted = program(model, target, &project.options)
                .map_err(|problem| refuse(format!("{}: {problem}", named(model, target))))?;
            if found.iter().any(|other| other.args.model == *model && other.place == wanted.place) {
                let model = files::shown(model);
                return Err(refuse(format!("{model} is compiled for \"{target}\" twice")));
            }
            found.push(wanted);
        }
    }
    Ok(found)
}

/// A program, its options read as `mlc compile` reads them.
fn program(model: &Path, target: &str, options: &str) -> Result<Wanted, String> {
    let model = model.to_str().ok_or("a model's path must be UTF-8")?;
    let typed = ["mlc", "compile", model, "--target"].into_iter();
    let words = typed.chain(target.split_whitespace()).chain(options.split_whitespace());
    let wrong = |e: clap::Error| match e.use_stderr() {
        true => parse::without_usage(&e.to_string()),
        false => "--help is for the command line: leave it out".into(),
    };
    let matches = parse::command().try_get_matches_from(words).map_err(wrong)?;
    let cli = Cli::from_arg_matches(&matches).map_err(wrong)?;
    let Command::Compile(args) = cli.command else {
        return Err("its options are no options of a command".into());
    };
    let elsewhere = [
        (!args.outputs.is_empty(), "--output"),
        (args.check.is_some(), "--check"),
        (args.disk.is_some(), "--disk"),
        (args.emit.is_some(), "--emit"),
        (args.print_after.is_some(), "--print-after"),
        (args.json, "--json"),
        (args.verbose > 0, "--verbose"),
    ];
    if let Some((_, option)) = elsewhere.iter().find(|(given, _)| *given) {
        return Err(format!("{option} is for the command line: leave it out"));
    }
    Ok(Wanted { name: named(&args.model, target), place: place(target), args })
}

fn named(model: &Path, target: &str) -> String {
    format!("\"{target}\" of {}", files::shown(model))
}

/// The words of a target as one word of letters, digits and hyphens.
fn place(target: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    target.split(|c: char| !known(c)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_models_times_targets() {
        let text = "(models: [\"a.ron\", \"tinychat\"], targets: [\"zx48\", \"atmega328p --profile uno\"], \
                    options: \"--optimize size\")";
        let found = programs(text).unwrap();
        let names: Vec<_> = found.iter().map(|p| (files::shown(&p.args.model), p.place.as_str())).collect();
        let wants = [
            ("a.ron", "zx48"),
            ("a.ron", "atmega328p-profile-uno"),
            ("tinychat", "zx48"),
            ("tinychat", "atmega328p-profile-uno"),
        ];
        assert_eq!(names, wants.map(|(model, place)| (model.to_string(), place)));
        assert_eq!(found[1].args.target.profile.as_deref(), Some("uno"));
        assert!(found.iter().all(|p| p.args.plan.demands().unwrap() != Default::default()));
        assert_eq!(place("../x.ron --bdos D806h"), "..-x.ron-bdos-D806h");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |text: &str| programs(text).map(|_| ()).unwrap_err().to_string();
        for (text, says) in [
            ("(\n models: [1],\n targets: [])", "mlc.ron:2:"),
            ("(models: [], targets: [\"zx48\"])", "must each name one"),
            ("(models: [\"a\"], targets: [\"zx48\"], option: \"\")", "option"),
            (
                "(models: [\"a\"], targets: [\"zx48 -o x.com\"])",
                "\"zx48 -o x.com\" of a: --output is for the command",
            ),
            ("(models: [\"a\"], targets: [\"zx48 --all\"])", "cannot be used with '--all'"),
            ("(models: [\"a\"], targets: [\"zx48 --faster\"])", "--faster"),
            ("(models: [\"a\"], targets: [\"zx48 --help\"])", "--help is for the command line"),
            ("(models: [\"a\"], targets: [\"zx48\", \" zx48\"])", "a is compiled for \" zx48\" twice"),
            ("(models: [\"--json\"], targets: [\"zx48\"])", "for the command line"),
        ] {
            let said = refused(text);
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
