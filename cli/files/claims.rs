//! Refuses an output that is an input, or another output, of the same command.
//!
//! One process runs one command, so the list of what was read belongs to the process. [`super::read`] adds each file to
//! it and [`super::write_all`] looks into it, so no verb can forget to. [`check`] tells a verb of a clash before long work.

use super::path::{folder, resolve, shown};
use crate::error::CliError;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was read, with the name that it was read by.
static READ: Mutex<BTreeMap<Identity, String>> = Mutex::new(BTreeMap::new());

const STANDARD_INPUT: &str = "standard input";

/// A file, whatever it is called: links of both kinds and `./x` are one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    /// Device and inode of a file that is there.
    #[cfg(unix)]
    Inode(u64, u64),
    /// Where systems have no such numbers, and of a file that is not there yet.
    Path(PathBuf),
}

impl Identity {
    /// `None`: a device or a pipe, which keeps nothing that could be lost.
    fn of(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(present) if !present.is_file() => None,
            #[cfg(unix)]
            Ok(present) => Some(Self::inode(&present)),
            _ => Some(Self::Path(absolute(path))),
        }
    }

    #[cfg(unix)]
    fn inode(file: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Inode(file.dev(), file.ino())
    }
}

/// The path without links, also of a file that is not there yet.
fn absolute(path: &Path) -> PathBuf {
    let path = &resolve(path);
    let beside = || Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(beside).unwrap_or_else(|| path.to_path_buf())
}

/// A panic elsewhere leaves the list as it was.
fn list() -> MutexGuard<'static, BTreeMap<Identity, String>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a file on the list: it is read, or will be. One that is not there is nothing to lose.
pub fn reads(path: &Path) {
    if path.exists()
        && let Some(identity) = Identity::of(path)
    {
        list().entry(identity).or_insert_with(|| shown(path));
    }
}

/// Puts the file behind standard input on the list, if there is one.
pub fn reads_standard_input() {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let file = std::io::stdin().as_fd().try_clone_to_owned().map(fs::File::from);
        if let Ok(metadata) = file.and_then(|file| file.metadata())
            && metadata.is_file()
        {
            list().entry(Identity::inode(&metadata)).or_insert_with(|| STANDARD_INPUT.into());
        }
    }
}

/// Files that were taken off the list.
static REPLACED: Mutex<BTreeSet<Identity>> = Mutex::new(BTreeSet::new());

/// Takes a file off the list: what is written goes on with it, and is meant to take its place.
pub fn may_replace(path: &Path) {
    if let Some(identity) = Identity::of(path) {
        list().remove(&identity);
        REPLACED.lock().unwrap_or_else(PoisonError::into_inner).insert(identity);
    }
}

/// Whether [`may_replace`] was told of a file.
pub fn is_replaced(path: &Path) -> bool {
    let replaced = REPLACED.lock().unwrap_or_else(PoisonError::into_inner);
    Identity::of(path).is_some_and(|identity| replaced.contains(&identity))
}

/// Finds out whether each of `outputs` is a file of its own, and none that was read.
///
/// # Errors
/// The first that is not: wrong usage.
pub fn check<'a>(outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), CliError> {
    let read = list();
    let mut written: BTreeMap<Identity, String> = BTreeMap::new();
    for path in outputs {
        let Some(identity) = Identity::of(path) else { continue };
        let name = shown(path);
        let problem = match (read.get(&identity), written.get(&identity)) {
            (Some(input), _) if *input == name => {
                format!("{name} is read by this command and would be overwritten: name another file to write")
            }
            (Some(input), _) => {
                format!("{name} is {input}, which this command reads: name another file to write")
            }
            (None, Some(other)) if *other == name => format!("{name} is given twice"),
            (None, Some(other)) => {
                format!("{other} and {name} are the same file: each output needs one of its own")
            }
            (None, None) => {
                written.insert(identity, name);
                continue;
            }
        };
        return Err(CliError::Usage(problem));
    }
    Ok(())
}
