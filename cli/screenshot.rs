//! Writes the picture of a machine as a PNG file.

use crate::error::CliError;
use crate::files;
use mlc_compiler::Target;
use mlc_compiler::target::Machine;
use mlc_runtime_z80::Picture;
use std::path::Path;

/// Finds out, before anything runs, whether there will be a picture and a place for it, if one is asked for.
///
/// # Errors
/// A machine without one; the file cannot be written.
pub fn check(path: Option<&Path>, target: &Target) -> Result<(), CliError> {
    match (path, target.machine) {
        (None, _) => Ok(()),
        (
            Some(_),
            Machine::Spectrum48 | Machine::Spectrum128 | Machine::Cpc464 | Machine::Cpc6128 | Machine::Msx,
        ) => files::check_writable(path),
        (Some(_), Machine::Cpm | Machine::Avr) => {
            Err(CliError::Usage(format!("{} has no picture to take: leave --screenshot out", target.name)))
        }
    }
}

/// Writes a picture, where a machine has one.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, picture: Option<&Picture>) -> Result<(), CliError> {
    picture.map_or(Ok(()), |picture| files::write(path, encode(picture)))
}

fn encode(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    // The sizes of screens fit 32 bits, and a vector takes everything.
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&picture.rgb)?;
        writer.finish()
    });
    written.expect("a picture has three bytes a point, and a vector takes them");
    bytes
}
