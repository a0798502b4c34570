//! Reads files whole, up to the cap of their kind, or opens them to be read piece by piece.

use super::claims;
use super::refused::unreadable;
use crate::error::CliError;
use std::fs::{File, Metadata};
use std::io::{IsTerminal, Read};
use std::path::Path;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// A model as text, whose reading takes several times its size: `import::MAX_TEXT_MIB` is what the reader takes.
const MODEL_TEXT: u64 = 65 * MIB;

/// What a file is read as. Nothing is read whole without a cap: a device or a wrong name may have no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A network of any format; checkpoints keep more than weights.
    Model,
    /// Texts that a sequence model is measured or calibrated on.
    Texts,
    /// A target or a board.
    Description,
    /// `train.ron`, and the result of a training.
    Settings,
    /// The runs of a sweep.
    Runs,
    /// Prompts, and queries to calibrate on.
    Prompts,
    Template,
    /// What a machine loads.
    Program,
    /// What such a program reads: as much as a drive of CP/M has.
    Beside,
    /// What `mlc compile` writes: assembly, listing, symbols, C.
    Generated,
}

impl Kind {
    /// The most bytes, and what has them.
    fn cap(self) -> (u64, &'static str) {
        match self {
            Self::Model => (256 * MIB, "a model"),
            Self::Texts => (64 * MIB, "a file of texts"),
            Self::Description => (MIB, "a description"),
            Self::Settings => (MIB, "settings and results"),
            Self::Runs => (64 * MIB, "the list of a sweep's runs"),
            Self::Prompts => (16 * MIB, "a list of prompts"),
            Self::Template => (MIB, "a template"),
            Self::Program => (16 * MIB, "a program"),
            Self::Beside => (8 * MIB, "a file on a drive of CP/M"),
            Self::Generated => (64 * MIB, "a file that mlc compiles"),
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// What hinders it, and what to do; it is larger than its kind may be.
pub fn read(path: &Path, kind: Kind) -> Result<Vec<u8>, CliError> {
    let (file, metadata) = regular(path)?;
    let (cap, what) = kind.cap();
    let mut bytes = Vec::new();
    // What a file says of its size is no promise: pipes say nothing.
    if metadata.len() <= cap {
        file.take(cap + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    }
    if metadata.len() > cap || bytes.len() as u64 > cap {
        return Err(too_large(path, cap, what));
    }
    if kind == Kind::Model && bytes.len() as u64 > MODEL_TEXT && std::str::from_utf8(&bytes).is_ok() {
        return Err(too_large(path, MODEL_TEXT, "a model written as text"));
    }
    Ok(bytes)
}

/// Opens a file for reading piece by piece.
///
/// # Errors
/// See [`read`].
pub fn open(path: &Path) -> Result<File, CliError> {
    regular(path).map(|(file, _)| file)
}

/// Reads a whole text file.
///
/// # Errors
/// See [`read`]; and what is no UTF-8.
pub fn read_text(path: &Path, kind: Kind) -> Result<String, CliError> {
    String::from_utf8(read(path, kind)?).map_err(|e| CliError::Read {
        path: path.to_path_buf(),
        problem: format!("not UTF-8 text: byte {}", e.utf8_error().valid_up_to()),
        help: "save it as UTF-8",
    })
}

/// A file, a pipe or a terminal: what has an end.
fn regular(path: &Path) -> Result<(File, Metadata), CliError> {
    let refuse =
        |problem: &str, help| Err(CliError::Read { path: path.to_path_buf(), problem: problem.into(), help });
    // Opening a folder works on some systems, and reading it then fails with a text nobody expects.
    if path.is_dir() {
        return refuse("this is a folder", "name a file in it");
    }
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let metadata = file.metadata().map_err(|e| unreadable(path, &e))?;
    if is_device(&metadata) && !file.is_terminal() {
        return refuse("this is a device, not a file", "name a file or a pipe");
    }
    claims::reads(path);
    Ok((file, metadata))
}

#[cfg(unix)]
fn is_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device() || metadata.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}

fn too_large(path: &Path, cap: u64, what: &str) -> CliError {
    CliError::Read {
        path: path.to_path_buf(),
        problem: format!("larger than {}, the most that {what} may have", size(cap)),
        help: "check that this is the file you mean",
    }
}

/// `16 MiB`.
fn size(bytes: u64) -> String {
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / KIB) }
}
