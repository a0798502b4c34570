//! Writes files whole or not at all.

use super::claims;
use super::path::{folder, resolve, shown};
use super::refused::{unreadable, unwritable};
use crate::error::CliError;
use crate::say::say;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that was written, as `--json` has it.
#[derive(Debug, Serialize)]
pub struct Written {
    path: String,
    bytes: usize,
    /// Pairs, conversations or texts, where it is a list of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<usize>,
}

impl Written {
    /// A list of so many records.
    pub fn list(output: &Output, records: usize) -> Self {
        Self { records: Some(records), ..Self::from(output) }
    }
}

impl From<&Output> for Written {
    fn from(output: &Output) -> Self {
        Self { path: shown(&output.path), bytes: output.bytes.len(), records: None }
    }
}

/// A file to be written.
#[derive(Debug)]
pub struct Output {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// Writes files so that each is there whole or as it was before, and none is new unless all could be written.
///
/// Each goes into a temporary file beside it and onto the disk; when all are there, each is renamed.
///
/// # Errors
/// The first file that cannot be written, or that was read, or that is another one of `outputs`. Temporary files are gone
/// then.
pub fn write_all(outputs: &[Output]) -> Result<(), CliError> {
    claims::check(outputs.iter().map(|output| output.path.as_path()))?;
    let mut ready = Vec::new();
    for output in outputs {
        let (temporary, path) = prepare(&output.path, &mut output.bytes.as_slice())?;
        ready.push((temporary, path, &output.path));
    }
    for (temporary, path, named) in ready {
        temporary.persist(&path).map_err(|e| unwritable(named, &e.error))?;
    }
    Ok(())
}

/// The content in a temporary file, and where it is to go.
fn prepare(named: &Path, content: &mut dyn Read) -> Result<(NamedTempFile, PathBuf), CliError> {
    let path = resolve(named);
    if path.is_dir() {
        let (problem, help) = ("this is a folder".to_string(), "name a file in it");
        return Err(CliError::Write { path: named.to_path_buf(), problem, help });
    }
    // Renaming would put a plain file in the place of a device or a pipe, and of one that is protected.
    if let Ok(present) = fs::metadata(&path) {
        let refused = match (present.is_file(), present.permissions().readonly()) {
            (false, _) => Some(("this is a device or a pipe, not a file", "name a file")),
            (true, true) => Some(("this file is read-only", "make it writable, or name another file")),
            (true, false) => None,
        };
        if let Some((problem, help)) = refused {
            return Err(CliError::Write { path: named.to_path_buf(), problem: problem.into(), help });
        }
    }
    let temporary = temporary(&path, content).map_err(|e| unwritable(named, &e))?;
    Ok((temporary, path))
}

/// Writes one file; see [`write_all`].
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: Vec<u8>) -> Result<(), CliError> {
    write_all(&[Output { path: path.to_path_buf(), bytes }])
}

/// Finds out, before long work, whether all of `paths` could be written, and leaves nothing behind.
///
/// # Errors
/// See [`write_all`].
pub fn check_writable<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), CliError> {
    let paths: Vec<&Path> = paths.into_iter().collect();
    claims::check(paths.iter().copied())?;
    let one = |path: &&Path| prepare(path, &mut io::empty()).map(|_| ());
    paths.iter().try_for_each(one)
}

/// Removes a file if it is there.
///
/// # Errors
/// What hinders it.
pub fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(unwritable(path, &e)),
        _ => Ok(()),
    }
}

/// Creates a file to be written piece by piece; what it held is lost.
///
/// # Errors
/// What hinders it.
pub fn create(path: &Path) -> Result<File, CliError> {
    if path.is_dir() {
        let (problem, help) = ("this is a folder".to_string(), "name a file in it");
        return Err(CliError::Write { path: path.to_path_buf(), problem, help });
    }
    claims::check([path])?;
    File::create(path).map_err(|e| unwritable(path, &e))
}

/// Makes folders and those around them, and writes files into them as [`write_all`] does.
///
/// # Errors
/// See [`write_all`]. Folders that were made and that nothing could be written into are gone then.
pub fn write_all_below<'a>(
    folders: impl IntoIterator<Item = &'a Path>,
    outputs: &[Output],
) -> Result<(), CliError> {
    let mut made = Vec::new();
    let written = (folders.into_iter().try_for_each(|path| create_folder(path, &mut made)))
        .and_then(|()| write_all(outputs));
    if written.is_err() {
        // The innermost first; one that something else was put into meanwhile stays.
        made.iter().rev().for_each(|path| drop(fs::remove_dir(path)));
    }
    written
}

/// Makes a folder and those around it, and notes which were not there.
fn create_folder(path: &Path, made: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let missing = path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let mut missing: Vec<&Path> = missing.collect();
    missing.reverse();
    for folder in missing {
        fs::create_dir(folder).map_err(|e| unwritable(path, &e))?;
        made.push(folder.to_path_buf());
    }
    match path.is_dir() {
        true => Ok(()),
        false => Err(unwritable(path, &ErrorKind::NotADirectory.into())),
    }
}

/// The names of the folders in a folder, sorted; none where it is not there.
///
/// # Errors
/// What hinders reading it.
pub fn folders(path: &Path) -> Result<Vec<String>, CliError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| unreadable(path, &e))? {
        let entry = entry.map_err(|e| unreadable(path, &e))?;
        if entry.path().is_dir() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a model, and keeps the file that it replaces: see [`keep_and_tell`].
///
/// # Errors
/// When it cannot be written.
pub fn write_model(output: &Output) -> Result<(), CliError> {
    let same = |found: fs::Metadata| found.len() == output.bytes.len() as u64;
    let is_there = fs::metadata(&output.path).is_ok_and(same)
        && fs::read(&output.path).is_ok_and(|bytes| bytes == output.bytes);
    if !is_there {
        claims::check([output.path.as_path()])?;
        keep_and_tell(&output.path, &|text| say!("{text}"));
    }
    write_all(std::slice::from_ref(output))
}

/// Keeps what a file holds, as [`keep_previous`] does, and says so, or that it could not.
pub fn keep_and_tell(path: &Path, say: &dyn Fn(&str)) {
    match keep_previous(path) {
        Ok(None) => {}
        Ok(Some(kept)) => say(&format!("note: what was in {} is now in {}", shown(path), shown(&kept))),
        Err(e) => say(&format!("warning: what was in {} is not kept: {e}", shown(path))),
    }
}

/// Keeps what a file holds in a file of the same name with `.bak` behind it, if it is there; gives that name.
///
/// # Errors
/// What hinders it; the first file is as it was.
fn keep_previous(path: &Path) -> Result<Option<PathBuf>, CliError> {
    if !path.is_file() {
        return Ok(None);
    }
    let mut content = File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    let kept = PathBuf::from(name);
    claims::check([kept.as_path()])?;
    let (temporary, place) = prepare(&kept, &mut content)?;
    temporary.persist(&place).map_err(|e| unwritable(&kept, &e.error))?;
    Ok(Some(kept))
}

fn temporary(path: &Path, content: &mut dyn Read) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mlc-");
    // Temporary files are private by default; outputs are like any other file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder(path))?;
    io::copy(content, &mut file)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes a new folder with files in it, each below it under its name: all of them or nothing.
///
/// # Errors
/// Something of that name is there; what hinders writing.
pub fn create_project(path: &Path, files: &[(&str, String)]) -> Result<(), CliError> {
    // A link to nothing is something.
    if fs::symlink_metadata(path).is_ok() {
        let problem = "there is something of that name".to_string();
        return Err(CliError::Write { path: path.to_path_buf(), problem, help: "choose another name" });
    }
    let fill = || -> io::Result<tempfile::TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mlc-");
        // Temporary folders are private by default; this one will be like any other.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let whole = builder.tempdir_in(folder(path))?;
        for (name, text) in files {
            let file = whole.path().join(name);
            fs::create_dir_all(folder(&file))?;
            fs::write(file, text)?;
        }
        Ok(whole)
    };
    let whole = fill().map_err(|e| unwritable(path, &e))?;
    fs::rename(whole.path(), path).map_err(|e| unwritable(path, &e))?;
    // What is no longer there needs no clearing up.
    let _ = whole.keep();
    Ok(())
}
