//! Shows failures: what happened, where, and what to do. A bug in mlc looks different from a fault of the model.

use crate::say::{self, Message, say};
use crate::shorten;
use crate::table::grouped;
use crate::visible::visible;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use mlc_compiler::CompileError;
use mlc_compiler::import::ImportError;
use mlc_compiler::target::TargetError;
use mlc_trainer::{PairsError, TaskError, TrainError};
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal};
use std::path::PathBuf;
use thiserror::Error;

/// Why a verb did not do its work.
#[derive(Debug, Error)]
pub enum CliError {
    /// Exit code 2, with clap's look.
    #[error("{0}")]
    Usage(String),
    #[error("{}: {problem}", path.display())]
    Read { path: PathBuf, problem: String, help: &'static str },
    #[error("{}: cannot be written: {problem}", path.display())]
    Write { path: PathBuf, problem: String, help: &'static str },
    #[error("standard input: cannot be read: {0}")]
    Input(io::Error),
    #[error("standard output: cannot be written: {0}")]
    Output(#[from] io::Error),
    #[error("{error}")]
    Import {
        error: ImportError,
        /// The text of the file, where the error has a place in it.
        text: Option<String>,
    },
    /// A float network or its tokenizer.
    #[error("{problem}")]
    Network { problem: String, help: &'static str },
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("there is no target \"{name}\"")]
    UnknownTarget { name: String, known: Vec<String> },
    /// No file, and no model that there is.
    #[error("{name}: there is no such file, nor a model of that name")]
    UnknownModel { name: String, nearest: Option<String> },
    #[error("{place}: {problem}")]
    Prompt { place: String, problem: String, help: String },
    #[error("{program} stopped on {machine}: {fault}")]
    Fault { program: String, machine: String, fault: String, compiled: bool },
    #[error(
        "{program} still runs on {machine} {} {unit} after its start or its last input, at {at}",
        grouped(*cycles)
    )]
    Endless { program: String, machine: String, at: String, cycles: u64, unit: &'static str },
    #[error("{what}: {problem}")]
    Nothing { what: String, problem: String, help: &'static str },
    /// Data to learn from, or templates that make it.
    #[error("{problem}")]
    Data { problem: String, help: &'static str },
    #[error(transparent)]
    Pairs(#[from] PairsError),
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error("{place}: {problem}")]
    Sweep { place: String, problem: String },
    #[error("{}: {problem}", placed(file, *place))]
    Project { file: &'static str, place: Option<(usize, usize)>, problem: String, help: Option<String> },
    #[error("{place}: {problem}")]
    TrainFile { place: String, problem: String },
    #[error("{problem}")]
    Resume { problem: String, help: &'static str },
    /// A network that costs more than was allowed.
    #[error("{problem}")]
    Limits { problem: String, help: String },
}

impl CliError {
    /// The reader of standard output has gone.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(e) if e.kind() == ErrorKind::BrokenPipe)
    }

    /// Whether mlc is at fault.
    pub fn is_bug(&self) -> bool {
        match self {
            Self::Compile(e) => e.is_bug(),
            Self::Fault { compiled, .. } => *compiled,
            _ => false,
        }
    }

    /// Its kind in a word, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Input(_) => "input",
            Self::Output(_) => "output",
            Self::Import { .. } => "import",
            Self::Network { .. } => "network",
            Self::Compile(_) => "compile",
            Self::Target(_) => "target",
            Self::UnknownTarget { .. } => "unknown-target",
            Self::UnknownModel { .. } => "unknown-model",
            Self::Prompt { .. } => "prompt",
            Self::Fault { .. } => "fault",
            Self::Endless { .. } => "endless",
            Self::Nothing { .. } => "nothing",
            Self::Data { .. } | Self::Pairs(_) | Self::Task(_) => "data",
            Self::Train(_) => "train",
            Self::Sweep { .. } => "sweep",
            Self::Project { .. } => "project",
            Self::TrainFile { .. } => "train-file",
            Self::Resume { .. } => "resume",
            Self::Limits { .. } => "limits",
        }
    }

    /// The same of something that `mlc.ron` names.
    pub fn in_project(self, file: &'static str, what: &str) -> Self {
        Self::Project { file, place: None, problem: format!("{what}: {self}"), help: self.help_text() }
    }

    /// What the user can do about it.
    fn help_text(&self) -> Option<String> {
        Some(match self {
            Self::Usage(_) => return None,
            Self::Limits { help, .. } => help.clone(),
            Self::Read { help, .. } | Self::Write { help, .. } | Self::Resume { help, .. } => (*help).into(),
            Self::Input(_) | Self::Output(_) => return None,
            Self::Import { error, .. } => error.help().into(),
            Self::Compile(e) => e.help(),
            Self::Target(_) => "correct the description; the built-in ones show how one is written".into(),
            Self::UnknownTarget { known, .. } => {
                format!(
                    "there are: {}; `mlc targets` says more. FILE.ron takes a description of your own",
                    known.join(", ")
                )
            }
            Self::UnknownModel { nearest: Some(nearest), .. } => {
                format!("is it {nearest}? `mlc models` lists those that mlc brings")
            }
            Self::UnknownModel { nearest: None, .. } => {
                "`mlc models` lists those that mlc brings; `mlc new`, \
                 `mlc train` and `mlc import` make one"
                    .into()
            }
            Self::Prompt { help, .. } => help.clone(),
            Self::Fault { compiled: true, .. } => {
                "please report it with the model file and the prompt".into()
            }
            Self::Fault { .. } => {
                "the program needs something that this machine does not have, or is damaged".into()
            }
            Self::Endless { cycles, .. } => {
                let more = cycles.saturating_mul(10);
                format!("is it an endless loop? If it only needs longer, give it more: --max-cycles {more}")
            }
            Self::Nothing { help, .. } | Self::Network { help, .. } | Self::Data { help, .. } => {
                (*help).into()
            }
            Self::Train(TrainError::Model(e)) => e.help().into(),
            Self::Train(TrainError::Device(e)) => e.help().into(),
            Self::Task(TaskError::NoPair { .. }) => {
                "`mlc train --help` describes pairs and settings; a table of numbers is a .csv, .tsv or .npz, or has \
                 --family sensors beside it"
                    .into()
            }
            Self::Pairs(_) | Self::Task(_) | Self::Train(_) => {
                "`mlc train --help` describes pairs and settings".into()
            }
            Self::Sweep { .. } => {
                "`mlc sweep --help` says how a sweep is made; its commands write results".into()
            }
            Self::Project { help: Some(help), .. } => help.clone(),
            Self::Project { help: None, .. } => "`mlc help project` shows how the file is written".into(),
            Self::TrainFile { .. } => "`mlc train --help` shows how the file is written".into(),
        })
    }
}

/// A file, with the line and the column where they are known.
fn placed(file: &str, place: Option<(usize, usize)>) -> String {
    place.map_or(file.to_string(), |(line, column)| format!("{file}:{line}:{column}"))
}

/// A [`CliError`] as miette shows it.
#[derive(Debug)]
struct Shown {
    text: String,
    help: Option<String>,
    source: Option<(NamedSource<String>, usize)>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let at = self.source.as_ref()?.1;
        Some(Box::new(std::iter::once(LabeledSpan::new(None, at, 0))))
    }
}

impl Shown {
    fn new(error: &CliError, style: Style) -> Self {
        // A script gets every byte; a terminal nothing that it would obey.
        let visible = |text: &str| match style {
            Style::Script => text.to_string(),
            Style::Colour | Style::Plain => visible(text).into_owned(),
        };
        let source = match error {
            CliError::Import { error, text: Some(text) } => error.position.and_then(|at| {
                // The message says the place; nobody needs a line of a megabyte.
                let mut near = text.split('\n').skip(at.line.saturating_sub(2)).take(3);
                if near.any(|line| line.len() > shorten::SOURCE) {
                    return None;
                }
                let (before, behind) = text.split_at(offset(text, at.line, at.column)?);
                let before = visible(before);
                let at = before.len();
                Some((NamedSource::new(visible(&error.file), before + &visible(behind)), at))
            }),
            _ => None,
        };
        let text = error.to_string();
        // The headline says it already.
        let text = text.strip_prefix("a bug in mlc: ").unwrap_or(&text);
        let help = error.help_text().map(|help| shorten::message(&visible(&help)));
        Self { text: shorten::message(&visible(text)), help, source }
    }
}

/// Byte offset of a place, both numbers counting from 1, columns in characters. `None` behind the end.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line {
        1 => 0,
        _ => text.match_indices('\n').nth(line.checked_sub(2)?)?.0 + 1,
    };
    let line = text[start..].lines().next().unwrap_or("");
    let within = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(i, _)| i);
    Some(start + within)
}

/// What standard error can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Box drawing and colours.
    Colour,
    /// Box drawing.
    Plain,
    /// ASCII, and lines as long as they come: scripts see the same text everywhere.
    Script,
}

impl Style {
    /// What standard error takes.
    pub fn of_stderr() -> Self {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        match (io::stderr().is_terminal(), colours) {
            (true, true) => Self::Colour,
            (true, false) => Self::Plain,
            (false, _) => Self::Script,
        }
    }

    fn handler(self) -> GraphicalReportHandler {
        match self {
            Self::Colour => GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(100),
            Self::Plain => {
                GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100)
            }
            Self::Script => GraphicalReportHandler::new_themed(GraphicalTheme::none())
                .with_width(usize::MAX)
                .with_wrap_lines(false),
        }
    }
}

/// Says an error: to people, or as JSON.
pub fn say(error: &CliError) {
    match say::is_json() {
        true => message(error).say(),
        false => say::put(&render(error, Style::of_stderr())),
    }
}

/// An error as JSON has it.
fn message(error: &CliError) -> Message<'static> {
    let shown = Shown::new(error, Style::Script);
    let (file, position) = match error {
        CliError::Read { path, .. } | CliError::Write { path, .. } => {
            (Some(path.display().to_string()), None)
        }
        CliError::Import { error, .. } => {
            (Some(error.file.clone()), error.position.map(|at| (at.line, at.column)))
        }
        CliError::Project { file, place, .. } => (Some(file.to_string()), *place),
        _ => (None, None),
    };
    Message {
        level: "error",
        code: Some(error.code()),
        message: shown.text.into(),
        help: shown.help,
        file: file.map(|file| shorten::message(&file)),
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        bug: error.is_bug(),
    }
}

/// The whole report.
pub fn render(error: &CliError, style: Style) -> String {
    let mut out = String::new();
    if error.is_bug() {
        out.push_str(&bug_headline());
    }
    // Rendering into a String cannot fail.
    let _ = style.handler().render_report(&mut out, &Shown::new(error, style));
    out
}

fn bug_headline() -> String {
    format!("This is a bug in mlc {}, not in your model or target.\n", env!("CARGO_PKG_VERSION"))
}

/// A panic is a bug in mlc, too: says so, with the place.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = panic.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        let text = format!("{}{place}", shorten::message(message));
        let help = "please report it with the command line and the files it read";
        if say::is_json() {
            let (message, help) = (text.into(), Some(help.to_string()));
            return Message {
                level: "error",
                code: Some("bug"),
                message,
                help,
                bug: true,
                ..Message::default()
            }
            .say();
        }
        say!("{}  x {text}\n  help: {help}", bug_headline());
    }));
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
