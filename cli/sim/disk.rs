//! Disks of CP/M systems: which format a raw image has, and which program on it is run.

use crate::args::DiskArgs;
use crate::error::CliError;
use crate::files;
use crate::table::grouped;
use mlc_compiler::image::{DISK_FORMATS, DiskFormat};
use mlc_compiler::target::ImageKind;
use mlc_runtime_z80::{DiskFile, Geometry, ImageError, read_image};
use std::path::Path;

pub const EXTENSION: &str = "img";
const PROGRAM: &str = ".COM";
/// Names that a message lists.
const SHOWN: usize = 20;

/// Whether a file is a raw image of a CP/M disk, by its name.
pub fn is(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION))
}

/// # Errors
/// Options for a disk where there is none, wrong usage.
pub fn check(path: &Path, args: &DiskArgs) -> Result<(), CliError> {
    let shown = files::shown(path);
    if args.disk.is_some() && !is(path) {
        return Err(CliError::Usage(format!("--disk is for FILE.img, a CP/M disk; {shown} is none")));
    }
    let is_cpc = super::program_kind(path) == Some(ImageKind::Dsk);
    if args.program.is_some() && !is(path) && !is_cpc {
        return Err(CliError::Usage(format!("--program is for disks, .img and .dsk; {shown} is none")));
    }
    Ok(())
}

/// The program on a disk, and all of its files, by name.
///
/// # Errors
/// An image that is no disk of a format here, or of several; no program, or several and none named.
pub fn read(path: &Path, image: &[u8], args: &DiskArgs) -> Result<(Vec<u8>, Vec<DiskFile>), CliError> {
    let files = files_of(path, image, args.disk)?;
    let refuse = |problem: String, help| Err(CliError::Read { path: path.to_path_buf(), problem, help });
    let programs: Vec<&DiskFile> = files.iter().filter(|file| file.name.ends_with(PROGRAM)).collect();
    let named = args.program.as_ref().map(|name| {
        let kind = if name.contains('.') { "" } else { PROGRAM };
        format!("{}{kind}", name.to_uppercase())
    });
    let program = match (&named, &programs[..]) {
        (Some(name), _) => match programs.iter().find(|file| file.name == *name) {
            Some(program) => *program,
            None => {
                let problem = format!("there is no program {name} on it; it has {}", list(&programs));
                return refuse(problem, "name a program that is there");
            }
        },
        (None, [program]) => program,
        (None, []) => {
            let problem = format!("there is no program of user 0 on it, a .COM; it has {}", list(&files));
            return refuse(problem, "give a disk with a program on it");
        }
        (None, _) => {
            let problem = format!("there are several programs on it: {}", list(&programs));
            return refuse(problem, "name the one to start: --program NAME");
        }
    };
    Ok((program.contents.clone(), files))
}

/// The files on a disk of the format that is named, or else of the one format in which it can be read.
fn files_of(path: &Path, image: &[u8], named: Option<&DiskFormat>) -> Result<Vec<DiskFile>, CliError> {
    let refuse = |problem: String, help| Err(CliError::Read { path: path.to_path_buf(), problem, help });
    let of_length = |format: &&DiskFormat| format.bytes() == image.len();
    let formats = match named {
        Some(format) => vec![format],
        None => DISK_FORMATS.iter().filter(of_length).collect(),
    };
    if formats.is_empty() {
        let problem = format!("it has {} bytes, as no disk here has", grouped(image.len() as u64));
        return refuse(
            problem,
            "give a whole image, or name its format with --disk where it is cut behind its files",
        );
    }
    let read = |format: &DiskFormat| read_image(image, &geometry(format));
    let mut readings: Vec<(&str, Result<Vec<DiskFile>, ImageError>)> =
        formats.iter().map(|format| (format.name, read(format))).collect();
    // What another format has as the system's tracks is a directory without files.
    let has_files =
        |(_, reading): &(&str, Result<Vec<DiskFile>, _>)| reading.as_ref().is_ok_and(|f| !f.is_empty());
    if readings.iter().any(has_files) {
        readings.retain(has_files);
    }
    match &mut readings[..] {
        [(_, Ok(files))] => Ok(std::mem::take(files)),
        all if all.iter().all(|(_, reading)| reading.is_ok()) => {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            refuse(format!("it can be a disk of {}", names.join(" and of ")), "say which: --disk FORMAT")
        }
        all => {
            let told = |(name, reading): &(&str, Result<_, ImageError>)| match reading {
                Ok(_) => format!("as {name} it has no files"),
                Err(error) => format!("as {name} it cannot be read: {error}"),
            };
            let told: Vec<String> = all.iter().map(told).collect();
            let is_cut = |(_, reading): &(&str, Result<_, ImageError>)| {
                matches!(reading, Ok(_) | Err(ImageError::Long { .. } | ImageError::Cut { .. }))
            };
            let help = match all.iter().all(is_cut) {
                true => "give a whole image; --disk names its format",
                false => "take that file off the disk, with cpmrm for instance; --disk names another format",
            };
            refuse(told.join("; "), help)
        }
    }
}

fn geometry(format: &DiskFormat) -> Geometry {
    let &DiskFormat { tracks, sectors, sector, reserved, block, entries, directory, skew, .. } = format;
    Geometry { tracks, sectors, sector, reserved, block, entries, directory, skew }
}

fn list<F: std::borrow::Borrow<DiskFile>>(files: &[F]) -> String {
    let names: Vec<&str> = files.iter().take(SHOWN).map(|file| file.borrow().name.as_str()).collect();
    let more = files.len() - names.len();
    match (names.is_empty(), more) {
        (true, _) => "none".into(),
        (_, 0) => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}
