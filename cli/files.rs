//! Reading with clear errors; writing whole or not at all.

use crate::error::CliError;
use mlc_compiler::import::{self, Options};
use mlc_compiler::model::Model;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use tempfile::NamedTempFile;

/// Where a bare name is looked for.
const MODELS: &str = "models";
const MODEL_FILE: &str = "model.ron";

/// A model and where it came from.
#[derive(Debug)]
pub struct Loaded {
    pub model: Model,
    pub path: PathBuf,
}

/// Reads the model that the user named: a file, a folder with a `model.ron`, or a name below `models/`.
///
/// # Errors
/// No such file, not readable, or no model.
pub fn model(named: &Path) -> Result<Loaded, CliError> {
    let path = find_model(named)?;
    let bytes = read(&path)?;
    let model = parse_model(&bytes, &path, &Options::default())?;
    Ok(Loaded { model, path })
}

/// The models below `models/`, by name.
///
/// # Errors
/// There is no such folder, or no model in it.
pub fn models() -> Result<Vec<PathBuf>, CliError> {
    let folder = Path::new(MODELS);
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unreadable(folder, &e))?.path();
        found.extend(path.join(MODEL_FILE).is_file().then_some(path));
    }
    found.sort();
    if found.is_empty() {
        let problem = format!("no folder in it has a {MODEL_FILE}");
        return Err(CliError::Read { path: folder.to_path_buf(), problem, help: "name the models" });
    }
    Ok(found)
}

/// Parses the bytes of a model file; errors keep the text, so that the place can be shown.
pub fn parse_model(bytes: &[u8], path: &Path, options: &Options) -> Result<Model, CliError> {
    import::load(bytes, &path.display().to_string(), options).map_err(|error| {
        let text = error.position.and_then(|_| String::from_utf8(bytes.to_vec()).ok());
        CliError::Import { error, text }
    })
}

fn find_model(named: &Path) -> Result<PathBuf, CliError> {
    let bare = matches!(named.components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
    // A folder of the same name without a model does not hide a model of the project.
    let below = Path::new(MODELS).join(named);
    let candidates = [Some(named.to_path_buf()), bare.then_some(below)];
    for candidate in candidates.iter().flatten() {
        if candidate.is_dir() {
            let file = candidate.join(MODEL_FILE);
            if file.exists() {
                return Ok(file);
            }
        } else if candidate.exists() {
            return Ok(candidate.clone());
        }
    }
    let (problem, help) = match (named.is_dir(), bare) {
        (true, _) => (format!("a folder without a {MODEL_FILE}"), "name the model's file"),
        (false, true) => (
            "there is no such file, nor such a model below models/".into(),
            "`mlc import` and `mlc train` make one",
        ),
        // What hinders reading is best said by reading.
        (false, false) => return Ok(named.to_path_buf()),
    };
    Err(CliError::Read { path: named.to_path_buf(), problem, help })
}

/// Reads a whole file.
///
/// # Errors
/// What hinders it, and what to do.
pub fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    // Opening a folder works on some systems, and reading it then fails with a text nobody expects.
    if path.is_dir() {
        let (problem, help) = ("this is a folder".to_string(), "name a file in it");
        return Err(CliError::Read { path: path.to_path_buf(), problem, help });
    }
    fs::read(path).map_err(|e| unreadable(path, &e))
}

/// Opens a file for reading piece by piece.
///
/// # Errors
/// See [`read`].
pub fn open(path: &Path) -> Result<File, CliError> {
    File::open(path).map_err(|e| unreadable(path, &e))
}

/// Reads a whole text file.
///
/// # Errors
/// See [`read`]; and what is no UTF-8.
pub fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read(path)?).map_err(|e| CliError::Read {
        path: path.to_path_buf(),
        problem: format!("not UTF-8 text: byte {}", e.utf8_error().valid_up_to()),
        help: "save it as UTF-8",
    })
}

fn unreadable(path: &Path, e: &io::Error) -> CliError {
    let (problem, help) = match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            ("there is no such file".to_string(), "check the path")
        }
        ErrorKind::PermissionDenied => ("no permission to read it".to_string(), "check its permissions"),
        _ => (format!("cannot be read: {}", reason(e)), "check the file and the disk"),
    };
    CliError::Read { path: path.to_path_buf(), problem, help }
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
/// The first file that cannot be written. Temporary files are gone then.
pub fn write_all(outputs: &[Output]) -> Result<(), CliError> {
    let mut ready = Vec::new();
    for output in outputs {
        let (temporary, path) = prepare(output)?;
        ready.push((temporary, path, &output.path));
    }
    for (temporary, path, named) in ready {
        temporary.persist(&path).map_err(|e| unwritable(named, &e.error))?;
    }
    Ok(())
}

/// The content in a temporary file, and where it is to go.
fn prepare(output: &Output) -> Result<(NamedTempFile, PathBuf), CliError> {
    let path = resolve(&output.path);
    if path.is_dir() {
        let (problem, help) = ("this is a folder".to_string(), "name a file in it");
        return Err(CliError::Write { path: output.path.clone(), problem, help });
    }
    // Renaming would put a plain file in the place of a device or a pipe, and of one that is protected.
    if let Ok(present) = fs::metadata(&path) {
        let refused = match (present.is_file(), present.permissions().readonly()) {
            (false, _) => Some(("this is a device or a pipe, not a file", "name a file")),
            (true, true) => Some(("this file is read-only", "make it writable, or name another file")),
            (true, false) => None,
        };
        if let Some((problem, help)) = refused {
            return Err(CliError::Write { path: output.path.clone(), problem: problem.into(), help });
        }
    }
    let temporary = temporary(&path, &output.bytes).map_err(|e| unwritable(&output.path, &e))?;
    Ok((temporary, path))
}

/// Writes one file; see [`write_all`].
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: Vec<u8>) -> Result<(), CliError> {
    write_all(&[Output { path: path.to_path_buf(), bytes }])
}

/// Finds out whether `path` could be written, and leaves nothing behind.
///
/// # Errors
/// See [`write_all`].
pub fn check_writable(path: &Path) -> Result<(), CliError> {
    prepare(&Output { path: path.to_path_buf(), bytes: Vec::new() }).map(|_| ())
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
    File::create(path).map_err(|e| unwritable(path, &e))
}

/// Makes a folder and those around it.
///
/// # Errors
/// What hinders it.
pub fn create_folder(path: &Path) -> Result<(), CliError> {
    fs::create_dir_all(path).map_err(|e| unwritable(path, &e))
}

/// A link is followed: the file behind it is replaced, not the link.
fn resolve(path: &Path) -> PathBuf {
    if path.is_symlink() {
        fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    } else {
        path.to_path_buf()
    }
}

fn temporary(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mlc-");
    // Temporary files are private by default; outputs are like any other file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Why writing failed, and what to do.
pub fn unwritable(path: &Path, e: &io::Error) -> CliError {
    let (problem, help) = match e.kind() {
        ErrorKind::NotFound => ("its folder is not there".to_string(), "create the folder first"),
        ErrorKind::NotADirectory => {
            ("what should be its folder is a file".to_string(), "choose another path")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ("no permission".to_string(), "choose a place where you may write")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("the disk is full".to_string(), "make room and try again")
        }
        _ => (reason(e), "choose another place"),
    };
    CliError::Write { path: path.to_path_buf(), problem, help }
}

/// The system's words without a path that `tempfile` may have added.
fn reason(e: &io::Error) -> String {
    let inner = e.get_ref().and_then(|inner| inner.source());
    inner.map_or_else(|| e.to_string(), ToString::to_string)
}

/// The name of a file for messages and summaries, as the user would type it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
