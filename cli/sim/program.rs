//! Programs that are files, run as they are.

use super::disk;
use super::machine::{Probe, interact};
use super::stopped::Stopped;
use super::system::Program;
use super::systems::system;
use crate::args::{Clock, DiskArgs};
use crate::console::UserConsole;
use crate::error::CliError;
use crate::files;
use crate::tools::Readings;
use mlc_compiler::Target;
use mlc_compiler::target::{self, ImageKind, cpm};
use mlc_runtime_z80::{DiskFile, Picture, Symbols};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The kind of program that a file is, if a machine here runs such files as they are.
pub fn program_kind(path: &Path) -> Option<ImageKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    ImageKind::ALL.into_iter().find(|kind| kind.extension() == extension)
}

/// The same; of a raw image of a CP/M disk that of the program on it.
pub fn loaded_kind(path: &Path) -> Option<ImageKind> {
    if disk::is(path) { Some(ImageKind::Com) } else { program_kind(path) }
}

/// Where the weights of a program are that it reads from a file, or from a flash chip.
pub fn beside(program: &Path) -> PathBuf {
    let capitals =
        program.extension().is_some_and(|e| e.to_str().is_some_and(|e| e.chars().all(char::is_uppercase)));
    program.with_extension(if capitals { "DAT" } else { "dat" })
}

/// The file beside a program that may be its own, if there is one, and its name on the machine.
///
/// # Errors
/// It cannot be read.
fn read_beside(target: &Target, program: &Path) -> Result<Option<DiskFile>, CliError> {
    let path = beside(program);
    let has_files = target.machine == target::Machine::Cpm || target.spi_flash.is_some();
    if !has_files || !path.is_file() {
        return Ok(None);
    }
    let stem = path.file_stem().map_or("".into(), |stem| stem.to_string_lossy());
    let name = format!("{}.DAT", cpm::file_name(&stem));
    Ok(Some(DiskFile { name, contents: files::read(&path, files::Kind::Beside)? }))
}

/// What a machine loads.
pub struct Loaded {
    pub kind: ImageKind,
    pub bytes: Vec<u8>,
    /// Files that may be its own, with the names that they have on the machine.
    beside: Vec<DiskFile>,
    /// What is started of a disk that the machine has, if it is said.
    named: Option<String>,
}

/// Reads the program that [`loaded_kind`] knows, for a target: with the file beside it, or from the disk that it is on, with all
/// others there.
///
/// # Errors
/// It cannot be read; the target does not load such files; a disk without a program to start, or of another system.
pub fn read_program(path: &Path, target: &Target, args: &DiskArgs) -> Result<Loaded, CliError> {
    let kind = loaded_kind(path).expect("other files are models");
    let is_disk = disk::is(path);
    if !target.images.contains(&kind) || is_disk && target.is_msx_dos() {
        let extension = if is_disk { disk::EXTENSION } else { kind.extension() };
        return Err(CliError::Usage(format!("{} does not load .{extension} files", target.name)));
    }
    let bytes = files::read(path, files::Kind::Program)?;
    if is_disk {
        let (bytes, beside) = disk::read(path, &bytes, args)?;
        return Ok(Loaded { kind, bytes, beside, named: None });
    }
    let beside = read_beside(target, path)?.into_iter().collect();
    Ok(Loaded { kind, bytes, beside, named: args.program.clone() })
}

/// A file that a machine loads as it is, and the command tail behind its name, where the machine has one.
pub struct ProgramFile<'a> {
    pub name: &'a str,
    pub loaded: &'a Loaded,
    pub tail: &'a str,
    /// The most cycles that it may take without input.
    pub limit: u64,
}

/// The console of a program of its own: a program without a command line has `prompts` typed, one a line.
pub fn console<'a>(
    target: &Target,
    prompts: &[String],
    out: &'a mut dyn Write,
    terminal: bool,
) -> UserConsole<'a> {
    match system(target).entry.keyboard().is_some() && !prompts.is_empty() {
        true => UserConsole::typed(out, prompts),
        false => UserConsole::new(out, terminal),
    }
}

/// Runs a program of its own with the user's console, looked at by `probe`. Gives what its screen showed at the end.
///
/// # Errors
/// It cannot be loaded; it faults; what it says cannot be written.
pub fn run_program(
    file: &ProgramFile,
    target: &Target,
    pace: Option<Clock>,
    mut console: UserConsole,
    probe: &mut dyn Probe,
) -> Result<Option<Picture>, CliError> {
    let program = Program {
        name: file.name,
        kind: file.loaded.kind,
        bytes: &file.loaded.bytes,
        symbols: Symbols::default(),
        beside: file.loaded.beside.iter().map(|file| (file.name.as_str(), &file.contents[..])).collect(),
        named: file.loaded.named.as_deref(),
        logits_ready: None,
        calls: None,
        readings: &Readings::default(),
        limit: file.limit,
    };
    let system = system(target);
    let machine = (system.load)(target, &program, file.tail.as_bytes(), &mut console)?;
    let stopped = Stopped { program: file.name, machine: system.name, compiled: false };
    let picture = interact(machine, probe, pace).map_err(|end| stopped.error(end, target, true))?;
    console.finish()?;
    Ok(picture)
}
