//! The MSX.

use super::machine::Machine;
use super::system::{Entry, Program, System};
use super::z80;
use crate::error::CliError;
use mlc_compiler::Target;
use mlc_runtime_z80::{Console, MsxConfig, MsxMachine};

pub const SYSTEM: System =
    System { name: "the MSX", load, entry: Entry::Typed(z80::KEYBOARD), shown: printable, tells: printable };

/// A reply as the screen shows it: on an MSX the code 127 deletes.
fn printable(reply: &[u8]) -> Vec<u8> {
    let reply: Vec<u8> = reply.iter().map(|&byte| if byte == 127 { b'?' } else { byte }).collect();
    z80::as_characters(&reply)
}

fn load<'c>(
    _: &Target,
    program: &Program,
    _: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config =
        MsxConfig { limit: Some(program.limit), symbols: program.symbols.clone(), ..MsxConfig::default() };
    let machine = MsxMachine::load(program.bytes, console, config).map_err(|error| {
        program.refused(
            format!("the machine cannot load it: {error}"),
            "give the file of a cartridge that starts when the machine is switched on",
        )
    })?;
    Ok(z80::machine(machine, program, Some(MsxMachine::picture)))
}
