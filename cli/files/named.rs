//! Finds the model that a user names: a file, a folder with a `model.ron`, a name below `models/`, or one that mlc brings.

use super::read::{Kind, read, read_text};
use super::refused::unreadable;
use crate::error::CliError;
use crate::nearest::nearest;
use crate::shipped::{self, SHIPPED, Shipped};
use std::borrow::Cow;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where a bare name is looked for.
const MODELS: &str = "models";
const MODEL_FILE: &str = "model.ron";
const PROMPTS_FILE: &str = "prompts.txt";

/// Where a model is.
#[derive(Debug, Clone)]
pub enum Found {
    File(PathBuf),
    Shipped(&'static Shipped),
}

impl Found {
    /// Its file for messages; the name of a model that mlc brings.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Shipped(shipped) => Path::new(shipped.name),
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Cow<'static, [u8]>, CliError> {
        Ok(match self {
            Self::File(path) => Cow::Owned(read(path, Kind::Model)?),
            Self::Shipped(shipped) => Cow::Borrowed(shipped.model),
        })
    }

    /// The prompts beside it, and the name of their file.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn prompts(&self) -> Result<Option<(PathBuf, Cow<'static, str>)>, CliError> {
        let (beside, text) = match self {
            Self::File(path) => {
                let beside = path.with_file_name(PROMPTS_FILE);
                if !beside.is_file() {
                    return Ok(None);
                }
                let text = Cow::Owned(read_text(&beside, Kind::Prompts)?);
                (beside, text)
            }
            Self::Shipped(shipped) => {
                (Path::new(shipped.name).join(PROMPTS_FILE), Cow::Borrowed(shipped.prompts))
            }
        };
        Ok(Some((beside, text)))
    }
}

/// Finds the model that the user named. What is in the current folder goes before what mlc brings.
///
/// # Errors
/// There is none.
pub fn find(named: &Path) -> Result<Found, CliError> {
    let bare = match named.components().collect::<Vec<_>>()[..] {
        [Component::Normal(name)] => Some(name.to_string_lossy()),
        _ => None,
    };
    // A folder of the same name without a model does not hide a model of the project.
    let below = Path::new(MODELS).join(named);
    let candidates = [Some(named.to_path_buf()), bare.is_some().then_some(below)];
    for candidate in candidates.into_iter().flatten() {
        if candidate.is_dir() {
            let file = candidate.join(MODEL_FILE);
            if file.exists() {
                return Ok(Found::File(file));
            }
        } else if candidate.exists() {
            return Ok(Found::File(candidate));
        }
    }
    if let Some(shipped) = bare.as_deref().and_then(shipped::find) {
        return Ok(Found::Shipped(shipped));
    }
    match bare {
        _ if named.is_dir() => Err(CliError::Read {
            path: named.to_path_buf(),
            problem: format!("a folder without a {MODEL_FILE}"),
            help: "name the model's file",
        }),
        // `talk.npz` is a file, whatever models there are; who lacks a `model.ron` is told how one is made.
        Some(_) if named.extension().is_some_and(|e| e != "ron") => Ok(Found::File(named.to_path_buf())),
        Some(name) => Err(CliError::UnknownModel { name: name.to_string(), nearest: meant(&name) }),
        // What hinders reading is best said by reading.
        None => Ok(Found::File(named.to_path_buf())),
    }
}

/// The models below `models/`, by name; where there is no such folder, those that mlc brings.
///
/// # Errors
/// There is no model in the folder.
pub fn all() -> Result<Vec<PathBuf>, CliError> {
    let folder = Path::new(MODELS);
    if !folder.exists() {
        return Ok(SHIPPED.iter().map(|shipped| PathBuf::from(shipped.name)).collect());
    }
    let found = below(folder)?;
    if found.is_empty() {
        let problem = format!("no folder in it has a {MODEL_FILE}");
        return Err(CliError::Read { path: folder.to_path_buf(), problem, help: "name the models" });
    }
    Ok(found)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| unreadable(folder, &e))?.path();
        found.extend(path.join(MODEL_FILE).is_file().then_some(path));
    }
    found.sort();
    Ok(found)
}

/// The name of a model that is there and differs little from `name`.
fn meant(name: &str) -> Option<String> {
    let local = below(Path::new(MODELS)).unwrap_or_default();
    let local = local.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    nearest(name, local.chain(SHIPPED.iter().map(|shipped| shipped.name.to_string())))
}
