//! Programs that are files, run as they are.

use super::machine::{Probe, interact};
use super::stopped::Stopped;
use super::system::Program;
use super::systems::system;
use crate::args::Clock;
use crate::console::UserConsole;
use crate::error::CliError;
use crate::files;
use crate::tools::Readings;
use mlc_compiler::Target;
use mlc_compiler::target::{self, ImageKind, cpm};
use mlc_runtime_z80::{Picture, Symbols};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The kind of program that a file is, if a machine here runs such files as they are.
pub fn program_kind(path: &Path) -> Option<ImageKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    ImageKind::ALL.into_iter().find(|kind| kind.extension() == extension)
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
pub fn read_beside(target: &Target, program: &Path) -> Result<Option<(String, Vec<u8>)>, CliError> {
    let path = beside(program);
    let has_files = target.machine == target::Machine::Cpm || target.spi_flash.is_some();
    if !has_files || !path.is_file() {
        return Ok(None);
    }
    let stem = path.file_stem().map_or("".into(), |stem| stem.to_string_lossy());
    Ok(Some((format!("{}.DAT", cpm::file_name(&stem)), files::read(&path, files::Kind::Beside)?)))
}

/// A file that a machine loads as it is, and the command tail behind its name, where the machine has one.
pub struct ProgramFile<'a> {
    pub name: &'a str,
    pub kind: ImageKind,
    pub bytes: &'a [u8],
    /// A file that may be its own, with the name that it has on the machine.
    pub beside: Option<(&'a str, &'a [u8])>,
    pub tail: &'a str,
    /// The most cycles that it may take without input.
    pub limit: u64,
}

/// The console of a program of its own: a program without a command line has `prompts` typed, one a line.
pub fn console<'a>(
    machine: target::Machine,
    prompts: &[String],
    out: &'a mut dyn Write,
    terminal: bool,
) -> UserConsole<'a> {
    match system(machine).entry.keyboard().is_some() && !prompts.is_empty() {
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
        kind: file.kind,
        bytes: file.bytes,
        symbols: Symbols::default(),
        beside: file.beside.into_iter().collect(),
        logits_ready: None,
        readings: &Readings::default(),
        limit: file.limit,
    };
    let system = system(target.machine);
    let machine = (system.load)(target, &program, file.tail.as_bytes(), &mut console)?;
    let stopped = Stopped { program: file.name, machine: system.name, compiled: false };
    let picture = interact(machine, probe, pace).map_err(|end| stopped.error(end, target, true))?;
    console.finish()?;
    Ok(picture)
}
