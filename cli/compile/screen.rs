//! A picture on the tape of a ZX Spectrum.

use crate::args::{Artifact, CompileArgs};
use crate::error::CliError;
use crate::files;
use crate::table::grouped;
use mlc_compiler::Target;
use mlc_compiler::image::SCREEN_BYTES;

/// The bytes of the screen that was given.
///
/// # Errors
/// There is no tape to put it on; the file cannot be read, or is no screen.
pub fn read(args: &CompileArgs, target: &Target) -> Result<Option<Vec<u8>>, CliError> {
    let Some(path) = &args.screen else { return Ok(None) };
    let is_tape = |kind: &Artifact| matches!(kind, Artifact::Image(kind) if kind.is_spectrum_tape());
    let written = match args.files() {
        [] => Artifact::default(target).any(|kind| is_tape(&kind)),
        files => files.iter().any(|file| is_tape(&file.kind)),
    };
    if !written {
        let message = "--screen is shown by a tape of a ZX Spectrum: write a .tap, .tzx or .wav with it (--target zx48 or zx128)";
        return Err(CliError::Usage(message.into()));
    }
    let bytes = files::read(path, files::Kind::Program)?;
    if bytes.len() != SCREEN_BYTES {
        let (path, found) = (files::shown(path), grouped(bytes.len() as u64));
        return Err(CliError::Data {
            problem: format!(
                "{path} is no screen of a ZX Spectrum: it has {found} bytes, and a screen has 6,912"
            ),
            help: "a .scr is the memory from 4000h to 5AFFh: 6,144 bytes of dots and 768 of colours",
        });
    }
    Ok(Some(bytes))
}
