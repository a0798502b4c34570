//! Paths: how messages show them, which folder they name, which file a link leads to.

use std::fs;
use std::path::{Path, PathBuf};

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// The name of a file for messages and summaries, as the user would type it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Where a file lies.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A link is followed, also to a file that is not there yet: the file behind it is written, not the link replaced.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => break,
        }
    }
    path
}
