//! Finds models by name, reads files up to a cap, and writes files whole or not at all, never over one that was read.

mod claims;
mod named;
mod path;
mod read;
mod refused;
mod write;

pub use claims::{check as check_distinct, is_replaced, may_replace, reads, reads_standard_input};
pub use named::{Found, all as models, find as find_model};
pub use path::shown;
pub use read::{Kind, open, read, read_text};
pub use refused::{unreadable, unwritable};
pub use write::{
    Output, Written, check_writable, create, create_project, folders, keep_and_tell, remove, write,
    write_all, write_all_below, write_model,
};

use crate::adapter;
use crate::error::CliError;
use mlc_compiler::import::{self, Imported, Options};
use mlc_compiler::model::Model;
use std::path::{Path, PathBuf};

/// A model and where it came from.
#[derive(Debug)]
pub struct Loaded {
    pub model: Model,
    /// For messages.
    pub path: PathBuf,
    pub found: Found,
}

/// Reads the model that the user named: a file, a folder with a `model.ron`, a name below `models/`, or one that mlc brings.
///
/// # Errors
/// No such file, not readable, or no model.
pub fn model(named: &Path) -> Result<Loaded, CliError> {
    let found = find_model(named)?;
    let model = parse_model(&found.read()?, found.path(), &Options::default())?;
    Ok(Loaded { model, path: found.path().to_path_buf(), found })
}

/// Parses the bytes of a model file; errors keep the text, so that the place can be shown.
pub fn parse_model(bytes: &[u8], path: &Path, options: &Options) -> Result<Model, CliError> {
    parse_imported(bytes, path, options).map(|imported| imported.model)
}

/// The same with what the importer notes.
pub fn parse_imported(bytes: &[u8], path: &Path, options: &Options) -> Result<Imported, CliError> {
    import::import(bytes, &path.display().to_string(), options).map_err(|error| {
        if adapter::is_adapter(bytes) {
            return CliError::Network {
                problem: format!("{}: an adapter is no model by itself", shown(path)),
                help: "name the model that it was trained beside, and the adapter behind --lora",
            };
        }
        let text = error.position.and_then(|_| String::from_utf8(bytes.to_vec()).ok());
        CliError::Import { error, text }
    })
}
