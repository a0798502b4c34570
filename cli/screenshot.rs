//! Writes the picture of a machine as a PNG file.

use crate::error::CliError;
use crate::files;
use mlc_compiler::Target;
use mlc_runtime_z80::Picture;
use std::path::Path;

/// Writes a picture.
///
/// # Errors
/// A machine without one; the file cannot be written.
pub fn write(path: &Path, picture: Option<&Picture>, target: &Target) -> Result<(), CliError> {
    let Some(picture) = picture else {
        return Err(CliError::Usage(format!("{} has no picture to take", target.name)));
    };
    files::write(path, encode(picture))
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
