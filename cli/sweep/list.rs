//! The list of a sweep's runs, a file in its folder: `--print` writes it, `--collect` reads it.

use crate::error::CliError;
use crate::files::{self, Output};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The list's name.
const LIST: &str = "sweep.json";
/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// The content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    runs: Vec<Listed>,
}

/// A run that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub name: String,
    /// What makes it, for a shell.
    pub command: String,
}

/// Writes the list of `runs` into the sweep's folder, which is made where it is not there.
///
/// # Errors
/// It cannot be written.
pub fn write(folder: &Path, runs: &[Listed]) -> Result<(), CliError> {
    let list = List { format: FORMAT, runs: runs.to_vec() };
    let text = serde_json::to_string_pretty(&list).expect("a list has string keys only") + "\n";
    let list = Output { path: folder.join(LIST), bytes: text.into_bytes() };
    files::write_all_below([folder], &[list])
}

/// The runs of the sweep in a folder; none where it has no list, but results.
///
/// # Errors
/// The list cannot be read, or is none.
pub fn read(folder: &Path) -> Result<Vec<Listed>, CliError> {
    let path = folder.join(LIST);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let wrong = |problem: String| CliError::Sweep { place: files::shown(&path), problem };
    let list: List = serde_json::from_str(&files::read_text(&path, files::Kind::Runs)?)
        .map_err(|e| wrong(format!("no list of a sweep's runs: {e}")))?;
    match list.format {
        FORMAT => Ok(list.runs),
        other => Err(wrong(format!("this list is format {other}, this mlc reads {FORMAT}"))),
    }
}

/// Names of results that are not in the list, sorted: of an earlier sweep, or made by hand.
///
/// # Errors
/// The folder cannot be read.
pub fn others(folder: &Path, listed: &[Listed]) -> Result<Vec<String>, CliError> {
    let unreadable = |e: std::io::Error| CliError::Read {
        path: folder.to_path_buf(),
        problem: format!("cannot be read: {e}"),
        help: "name the folder of a sweep",
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path: PathBuf = entry.map_err(unreadable)?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_result =
            path.extension().is_some_and(|e| e == "json") && path.file_name() != Some(LIST.as_ref());
        if is_result && listed.iter().all(|run| run.name != name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
