//! Disks of CP/M systems with a program on them.

use super::WEIGHED;
use crate::args::{Artifact, CompileArgs};
use crate::error::CliError;
use crate::files;
use crate::sim::disk;
use mlc_compiler::image::{DISK_FORMATS, DiskFormat};
use mlc_compiler::target::{ImageKind, Machine, cpm};
use mlc_compiler::{Image, Target};
use std::path::Path;

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

/// The name of a program that is written to these files, as that of the file says that comes with
/// one of weights, or else of another.
pub fn stem<'p>(files: impl Iterator<Item = &'p Path> + Clone) -> Option<String> {
    let of = |kind: &'static str| files.clone().find(move |path| has_extension(path, kind));
    let kinds = WEIGHED.into_iter().map(ImageKind::extension).chain(["dat", disk::EXTENSION]);
    let file = kinds.into_iter().find_map(of).or_else(|| files.clone().next())?;
    Some(file.file_stem()?.to_string_lossy().into_owned())
}

/// What it is called on a disk of CP/M, without its extension: what to type there.
pub fn name<'p>(files: impl Iterator<Item = &'p Path> + Clone) -> String {
    cpm::file_name(&stem(files).unwrap_or_default())
}

/// # Errors
/// A disk for another system; a format without a disk.
pub fn check(args: &CompileArgs, target: &Target) -> Result<(), CliError> {
    let Some(file) = args.files().iter().find(|file| file.kind == Artifact::Disk) else {
        return match args.disk {
            None => Ok(()),
            Some(format) => Err(CliError::Usage(format!(
                "--disk {} is the format of a disk: name its file with -o FILE.img",
                format.name
            ))),
        };
    };
    let (path, name) = (files::shown(&file.path), &target.name);
    if target.is_msx_dos() {
        return Err(CliError::Usage(format!(
            "{path}: a disk of MSX-DOS is no CP/M disk: put the .com on one with a tool for MS-DOS disks"
        )));
    }
    match target.machine {
        Machine::Cpm => Ok(()),
        _ => Err(CliError::Usage(format!("{path}: .img is a disk of a CP/M system, and {name} is none"))),
    }
}

/// A disk with a program, which CP/M calls `name`, and the file of weights that it reads.
///
/// # Errors
/// They do not fit; the message says which formats have room for them.
pub fn image(path: &Path, format: &DiskFormat, image: &Image, name: &str) -> Result<Vec<u8>, CliError> {
    image.disk(format, name).map_err(|error| {
        let fits = |other: &&DiskFormat| image.disk(other, name).is_ok();
        let names: Vec<_> = DISK_FORMATS.iter().filter(fits).map(|format| format.name).collect();
        let help = match names.is_empty() {
            true => "no format here has room for them: write a .com, with its .dat, for a larger disk".into(),
            false => format!("formats with room for them: --disk {}", names.join(", ")),
        };
        CliError::Limits { problem: format!("{}: {error} ({})", files::shown(path), format.name), help }
    })
}
