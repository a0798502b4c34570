//! Finds models by name, reads files up to a cap, and writes files whole or not at all, never over one that was read.

mod claims;
mod path;
mod read;
mod refused;
mod write;

pub use claims::{check as check_distinct, may_replace, reads, reads_standard_input};
pub use path::shown;
pub use read::{Kind, open, read, read_text};
pub use refused::{unreadable, unwritable};
pub use write::{Output, check_writable, create, create_folder, remove, write, write_all};

use crate::error::CliError;
use mlc_compiler::import::{self, Imported, Options};
use mlc_compiler::model::Model;
use std::fs;
use std::path::{Component, Path, PathBuf};

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
    let bytes = read(&path, Kind::Model)?;
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
    parse_imported(bytes, path, options).map(|imported| imported.model)
}

/// The same with what the importer notes.
pub fn parse_imported(bytes: &[u8], path: &Path, options: &Options) -> Result<Imported, CliError> {
    import::import(bytes, &path.display().to_string(), options).map_err(|error| {
        let text = error.position.and_then(|_| String::from_utf8(bytes.to_vec()).ok());
        CliError::Import { error, text }
    })
}

pub fn find_model(named: &Path) -> Result<PathBuf, CliError> {
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
