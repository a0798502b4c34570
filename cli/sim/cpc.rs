//! The Amstrad CPC.

use super::machine::Machine;
use super::system::{Program, System};
use super::z80;
use crate::error::CliError;
use mlc_compiler::Target;
use mlc_compiler::target::{self, ImageKind};
use mlc_runtime_z80::{Console, CpcConfig, CpcMachine, FileError};

pub const SYSTEM: System = z80::home_computer("the CPC 464", load);
pub const SYSTEM_6128: System = z80::home_computer("the CPC 6128", load);

fn load<'c>(
    target: &Target,
    program: &Program,
    _: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config = CpcConfig {
        limit: Some(program.limit),
        symbols: program.symbols.clone(),
        named: program.named.map(str::to_string),
        pages: target.machine == target::Machine::Cpc6128,
        ..CpcConfig::default()
    };
    let refused =
        |problem: String, help: &str| program.refused(format!("the machine cannot load it: {problem}"), help);
    let loaded = match program.kind {
        ImageKind::Dsk => CpcMachine::load_disk(program.bytes, console, config).map_err(|e| {
            let help = match e {
                FileError::Several { .. } => "name the one to start: --program NAME",
                FileError::Unnamed { .. } => "name a program that is there",
                _ => "give a disk with one machine-code program on it",
            };
            refused(e.to_string(), help)
        }),
        ImageKind::Cdt => CpcMachine::load_tape(program.bytes, console, config)
            .map_err(|e| refused(e.to_string(), "give a cassette that starts with a machine-code program")),
        ImageKind::Com
        | ImageKind::Bin
        | ImageKind::Tap
        | ImageKind::Tzx
        | ImageKind::Wav
        | ImageKind::Sna
        | ImageKind::Rom
        | ImageKind::Hex
        | ImageKind::Elf => CpcMachine::load(program.bytes, console, config)
            .map_err(|e| refused(e.to_string(), "give a binary file with its AMSDOS header")),
    };
    Ok(z80::machine(loaded?, program, Some(CpcMachine::picture)))
}
