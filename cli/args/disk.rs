//! Disk images: how their formats are named, and what can be typed to run a program of one.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlc_compiler::image::{DISK_FORMATS, DiskFormat};

/// The format of a raw image, as cpmtools calls it.
pub fn disk_format() -> impl TypedValueParser<Value = &'static DiskFormat> {
    PossibleValuesParser::new(DISK_FORMATS.iter().map(|format| format.name))
        .map(|name| DiskFormat::named(&name).expect("other names are refused"))
}

#[derive(Debug, Args)]
pub struct DiskArgs {
    /// Format of the CP/M disk in FILE.img, as cpmtools calls it [default: what its length and its directory say]
    #[arg(long, value_name = "FORMAT", value_parser = disk_format())]
    pub disk: Option<&'static DiskFormat>,
    /// Start this program of a disk that has several
    #[arg(id = "named", long = "program", value_name = "NAME")]
    pub program: Option<String>,
}
