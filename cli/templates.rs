//! `--templates DIR`: templates of the user's own in place of built-in ones.

use crate::error::CliError;
use crate::files::{self, Kind};
use mlc_compiler::Assets;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Built-in templates, those of `folder` in their place. A file there is a template that mlc has, or one that a template
/// in the folder includes. Hidden files are no templates.
///
/// # Errors
/// No such folder; nothing in it; a file that would change nothing.
pub fn assets(folder: Option<&Path>) -> Result<Assets, CliError> {
    let mut assets = Assets::builtin();
    let Some(folder) = folder else { return Ok(assets) };
    let known: Vec<String> = assets.templates().map(|(name, _)| name.to_string()).collect();
    let mut given = BTreeMap::new();
    read(folder, "", &known, &mut given)?;
    if given.is_empty() {
        return Err(CliError::Read {
            path: folder.to_path_buf(),
            problem: "there is no template in it".into(),
            help: "name a folder with .asm or .S templates",
        });
    }
    for (name, text) in &given {
        let included = || given.values().any(|text| text.contains(&format!("\"{name}\"")));
        if !known.contains(name) && !included() {
            return Err(unknown(&folder.join(name), &known));
        }
        assets.set_template(name, text);
    }
    Ok(assets)
}

/// Reads the files of a folder, and of those in it that mlc has templates in, by names as mlc has them.
fn read(
    folder: &Path,
    prefix: &str,
    known: &[String],
    given: &mut BTreeMap<String, String>,
) -> Result<(), CliError> {
    let unreadable = |e: std::io::Error| CliError::Read {
        path: folder.to_path_buf(),
        problem: format!("no folder of templates: {e}"),
        help: "name a folder with .asm or .S templates",
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = format!("{prefix}{name}");
        let inside = format!("{name}/");
        match path.is_dir() {
            _ if name[prefix.len()..].starts_with('.') => {}
            true if known.iter().any(|known| known.starts_with(&inside)) => {
                read(&path, &inside, known, given)?
            }
            true => return Err(unknown(&path, known)),
            // Reading it could fail in a way that says less.
            false if !known.contains(&name) && !is_assembly(&path) => return Err(unknown(&path, known)),
            false => {
                given.insert(name, files::read_text(&path, Kind::Template)?);
            }
        }
    }
    Ok(())
}

fn is_assembly(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "asm" || e == "S")
}

fn unknown(path: &Path, known: &[String]) -> CliError {
    CliError::Read {
        path: path.to_path_buf(),
        problem: format!("mlc has no template of this name; it has {}", known.join(", ")),
        help: "rename the file, take it away, or include it in a template",
    }
}
