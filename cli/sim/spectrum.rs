//! The ZX Spectrum.

use super::machine::Machine;
use super::system::{Program, System};
use super::z80;
use crate::error::CliError;
use mlc_compiler::Target;
use mlc_compiler::target::{self, ImageKind};
use mlc_runtime_z80::{Console, SpectrumConfig, SpectrumMachine};

pub const SYSTEM: System = z80::home_computer("the ZX Spectrum", load);
pub const SYSTEM_128: System = z80::home_computer("the ZX Spectrum 128", load);

fn load<'c>(
    target: &Target,
    program: &Program,
    _: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config = SpectrumConfig {
        limit: Some(program.limit),
        symbols: program.symbols.clone(),
        pages: target.machine == target::Machine::Spectrum128,
        ..SpectrumConfig::default()
    };
    let loaded = match program.kind {
        ImageKind::Sna => SpectrumMachine::load_snapshot(program.bytes, console, config),
        ImageKind::Wav => {
            let problem = "the machine here hears no sound".to_string();
            return Err(program.refused(problem, "give the .tap or the .tzx of the same tape"));
        }
        ImageKind::Com
        | ImageKind::Bin
        | ImageKind::Dsk
        | ImageKind::Cdt
        | ImageKind::Tap
        | ImageKind::Tzx
        | ImageKind::Rom
        | ImageKind::Hex
        | ImageKind::Elf => SpectrumMachine::load_tape(program.bytes, console, config),
    };
    let machine = loaded.map_err(|error| {
        program.refused(
            format!("the machine cannot load it: {error}"),
            "give a .tap or .tzx with machine code, or a .sna of such a machine; --target zx128 has pages",
        )
    })?;
    Ok(z80::machine(machine, program, Some(SpectrumMachine::picture)))
}
