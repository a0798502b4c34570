//! Finds labels and source of a program that comes without them: in a listing or a map beside it.

use super::source::Source;
use crate::error::CliError;
use crate::files::{self, Kind};
use crate::say::say;
use std::path::Path;

/// What is known of a program.
pub struct Found {
    pub source: Source,
    /// Where it comes from, for people.
    pub from: String,
}

/// Labels and source of the program in `file`: from `named`, else from the `.lst` or `.map` file beside it. A listing
/// beside it counts only if it has the program's bytes.
///
/// # Errors
/// `named` cannot be read, is neither listing nor symbol file, or is the listing of another program.
pub fn find(file: &Path, named: Option<&Path>, program: &[u8], origin: u32) -> Result<Found, CliError> {
    if let Some(path) = named {
        return read(path, program, origin);
    }
    for extension in ["lst", "map"] {
        let path = file.with_extension(extension);
        if !path.is_file() {
            continue;
        }
        match read(&path, program, origin) {
            Ok(found) => return Ok(found),
            // Nobody has asked for it.
            Err(e) => say!("note: {e}; it is not used"),
        }
    }
    Ok(Found { source: Source::default(), from: "no labels".into() })
}

fn read(path: &Path, program: &[u8], origin: u32) -> Result<Found, CliError> {
    let text = files::read_text(path, Kind::Generated)?;
    let refuse =
        |problem: &str, help| CliError::Read { path: path.to_path_buf(), problem: problem.into(), help };
    let from = format!("labels from {}", files::shown(path));
    let Some((source, bytes)) = Source::listing(&text) else {
        let source = Source::map(&text).ok_or_else(|| {
            refuse(
                "neither a listing nor a symbol file of mlc",
                "name a .lst or .map that `mlc compile` wrote",
            )
        })?;
        return Ok(Found { source, from });
    };
    let byte = |address: u32| program.get(address.checked_sub(origin)? as usize).copied();
    if bytes.is_empty() || bytes.iter().any(|&(address, value)| byte(address) != Some(value)) {
        return Err(refuse(
            "the listing of another program: its bytes differ",
            "name the listing that was written together with the program",
        ));
    }
    Ok(Found { source, from })
}
