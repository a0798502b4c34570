//! What the system says when it refuses a file, and what to do about it.

use super::path::folder;
use crate::error::CliError;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why reading failed, and what to do.
pub fn unreadable(path: &Path, e: &io::Error) -> CliError {
    let (problem, help) = match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            ("there is no such file".to_string(), "check the path")
        }
        ErrorKind::PermissionDenied => ("no permission to read it".to_string(), "check its permissions"),
        _ => (format!("cannot be read: {}", reason(e)), "check the file and the disk"),
    };
    CliError::Read { path: path.to_path_buf(), problem, help }
}

/// Why writing failed, and what to do.
pub fn unwritable(path: &Path, e: &io::Error) -> CliError {
    let (problem, help) = match e.kind() {
        // Some folders, as /proc, take no files and say that there is none.
        ErrorKind::NotFound if folder(path).is_dir() => {
            ("the system refuses to make a file in this folder".to_string(), "choose another folder")
        }
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
