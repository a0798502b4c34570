//! CP/M.

use super::machine::Machine;
use super::system::{Entry, Keyboard, Program, System, refused_query};
use super::z80;
use crate::error::CliError;
use crate::prompts::LONGEST;
use mlc_compiler::Target;
use mlc_runtime_z80::{Console, CpmConfig, CpmMachine, DiskError, Dos, LoadError};

pub const SYSTEM: System = System {
    name: "the CP/M machine",
    load,
    entry: Entry::Tail(KEYBOARD),
    shown: |reply| reply.to_vec(),
    tells: in_lines,
};

/// The console of a terminal.
const KEYBOARD: Keyboard = Keyboard { has: |byte| matches!(byte, b' '..=b'~'), echo: b"\r\n", ends: true };

/// A text whose rows end as CP/M ends them.
fn in_lines(text: &[u8]) -> Vec<u8> {
    text.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

fn load<'c>(
    target: &Target,
    program: &Program,
    tail: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config = CpmConfig {
        bdos: target.memory_end,
        limit: Some(program.limit),
        symbols: program.symbols.clone(),
        dos: if target.is_msx_dos() { Dos::Msx } else { Dos::Cpm },
        ..CpmConfig::default()
    };
    let values = values(program);
    let tail = if values.is_empty() { tail } else { &values };
    let loaded = CpmMachine::load(program.bytes, tail, console, config);
    let mut machine = loaded.map_err(|error| refusal(program, tail, error))?;
    for (name, bytes) in &program.beside {
        let put = machine.disk().insert(name, bytes.to_vec());
        put.map_err(|e| {
            let help = match e {
                DiskError::Name { .. } => "give the file a name that CP/M has",
                DiskError::Full { .. } => "take files off the disk: those that the program does not read",
            };
            program.refused(e.to_string(), help)
        })?;
    }
    Ok(z80::machine(machine, program, None))
}

/// The words that tell a program what its tools read. What is 0 it need not be told.
fn values(program: &Program) -> Vec<u8> {
    let told = program.readings.values.iter().filter(|(_, value)| *value > 0);
    told.map(|(name, value)| format!(" {}={value}", name.to_ascii_uppercase()))
        .collect::<String>()
        .into_bytes()
}

/// Why the machine did not even start.
fn refusal(program: &Program, tail: &[u8], error: LoadError) -> CliError {
    match error {
        LoadError::TailTooLong { length } => {
            let bytes = length.saturating_sub(1);
            let problem = format!("it has {bytes} bytes; a CP/M command line holds {LONGEST}");
            refused_query(tail, problem, "shorten it, or use --target reference")
        }
        LoadError::TailControl { byte, .. } => {
            let problem = format!("the control character {byte:02X}h cannot stand on a CP/M command line");
            refused_query(tail, problem, "take it out, or use --target reference")
        }
        other => program.refused(
            format!("the machine cannot load it: {other}"),
            "give a CP/M program that fits the machine's memory",
        ),
    }
}
