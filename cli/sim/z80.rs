//! The Z80's machines behind [`Machine`]; loading each is here too.

use super::machine::{End, Machine, Probe};
use super::{Program, shortened};
use crate::error::CliError;
use crate::prompts::LONGEST;
use mlc_compiler::target::ImageKind;
use mlc_runtime_z80::{Call, Console, CpmConfig, CpmMachine, LoadError, Memory, Observer, Return, State};
use mlc_runtime_z80::{CpcConfig, CpcMachine, FaultKind, Picture, SpectrumConfig, SpectrumMachine};

/// Tells a probe what an observer sees. `EACH`: every instruction.
struct Seen<'p, const EACH: bool>(&'p mut dyn Probe);

impl<const EACH: bool> Observer for Seen<'_, EACH> {
    const INSTRUCTIONS: bool = EACH;
    const CALLS: bool = EACH;

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        self.0.on_instruction(pc.into(), before, after);
    }

    fn on_call(&mut self, call: Call<u16>) {
        self.0.on_call(Call { to: call.to.into(), back: call.back.into(), slot: call.slot });
    }

    fn on_return(&mut self, ret: Return<u16>) {
        self.0.on_return(Return { to: ret.to.into(), slot: ret.slot });
    }

    fn on_watch(&mut self, _address: u16, memory: &Memory, t: u64) {
        self.0.on_logits(&|address| memory.byte(address), t);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.0.on_output(byte, t);
    }

    fn on_line_end(&mut self, t: u64) {
        self.0.on_line_end(t);
    }
}

impl<C: Console> Machine for CpmMachine<C> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        end(match probe.wants_instructions() {
            true => self.run_for(cycles, &mut Seen::<true>(probe)),
            false => self.run_for(cycles, &mut Seen::<false>(probe)),
        })
    }

    fn cycles(&self) -> u64 {
        self.t_states()
    }
}

fn end(state: State) -> Option<End> {
    Some(match state {
        State::Running => return None,
        State::Ended(mlc_runtime_z80::End::Exit(_)) => End::Exit,
        State::Ended(mlc_runtime_z80::End::EndOfInput) => End::NoInput,
        State::Ended(mlc_runtime_z80::End::Fault(fault)) => match fault.kind {
            FaultKind::TimeLimit { limit } => End::Limit { at: fault.at.to_string(), cycles: limit },
            _ => End::Fault(fault.to_string()),
        },
    })
}

/// A CP/M machine about to run `program` with a command tail.
///
/// # Errors
/// What CP/M's command processor refuses.
pub fn cpm<'c>(
    program: &Program,
    tail: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let symbols = program.symbols.clone();
    let config =
        CpmConfig { bdos: program.memory_end, limit: Some(program.limit), symbols, ..CpmConfig::default() };
    let mut machine =
        CpmMachine::load(program.bytes, tail, console, config).map_err(|e| refusal(program.name, tail, e))?;
    if let Some(address) = program.logits_ready {
        machine.watch(address as u16);
    }
    Ok(Box::new(machine))
}

impl<C: Console> Machine for SpectrumMachine<C> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        end(match probe.wants_instructions() {
            true => self.run_for(cycles, &mut Seen::<true>(probe)),
            false => self.run_for(cycles, &mut Seen::<false>(probe)),
        })
    }

    fn cycles(&self) -> u64 {
        self.t_states()
    }

    fn picture(&mut self) -> Option<Picture> {
        Some(self.picture())
    }
}

/// A ZX Spectrum about to start a program from its tape or snapshot.
///
/// # Errors
/// A damaged file.
pub fn spectrum<'c>(
    program: &Program,
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config = SpectrumConfig {
        limit: Some(program.limit),
        symbols: program.symbols.clone(),
        ..SpectrumConfig::default()
    };
    let loaded = match program.kind {
        ImageKind::Sna => SpectrumMachine::load_snapshot(program.bytes, console, config),
        ImageKind::Com
        | ImageKind::Bin
        | ImageKind::Dsk
        | ImageKind::Cdt
        | ImageKind::Tap
        | ImageKind::Hex
        | ImageKind::Elf => SpectrumMachine::load_tape(program.bytes, console, config),
    };
    let mut machine = loaded.map_err(|e| CliError::Prompt {
        place: program.name.to_string(),
        problem: format!("the machine cannot load it: {e}"),
        help: "give a .tap with machine code, or a .sna of a machine with 48 KB".into(),
    })?;
    if let Some(address) = program.logits_ready {
        machine.watch(address as u16);
    }
    Ok(Box::new(machine))
}

impl<C: Console> Machine for CpcMachine<C> {
    fn run_for(&mut self, cycles: u64, probe: &mut dyn Probe) -> Option<End> {
        end(match probe.wants_instructions() {
            true => self.run_for(cycles, &mut Seen::<true>(probe)),
            false => self.run_for(cycles, &mut Seen::<false>(probe)),
        })
    }

    fn cycles(&self) -> u64 {
        self.t_states()
    }
}

/// A CPC 464 about to start a program from its disk, its cassette or a file of a disk.
///
/// # Errors
/// A damaged file.
pub fn cpc<'c>(program: &Program, console: &'c mut dyn Console) -> Result<Box<dyn Machine + 'c>, CliError> {
    let config =
        CpcConfig { limit: Some(program.limit), symbols: program.symbols.clone(), ..CpcConfig::default() };
    let refused = |problem: String, help: &str| CliError::Prompt {
        place: program.name.to_string(),
        problem: format!("the machine cannot load it: {problem}"),
        help: help.into(),
    };
    let loaded = match program.kind {
        ImageKind::Dsk => CpcMachine::load_disk(program.bytes, console, config)
            .map_err(|e| refused(e.to_string(), "give a disk with one machine-code program on it")),
        ImageKind::Cdt => CpcMachine::load_tape(program.bytes, console, config)
            .map_err(|e| refused(e.to_string(), "give a cassette that starts with a machine-code program")),
        ImageKind::Com
        | ImageKind::Bin
        | ImageKind::Tap
        | ImageKind::Sna
        | ImageKind::Hex
        | ImageKind::Elf => CpcMachine::load(program.bytes, console, config)
            .map_err(|e| refused(e.to_string(), "give a binary file with its AMSDOS header")),
    };
    let mut machine = loaded?;
    if let Some(address) = program.logits_ready {
        machine.watch(address as u16);
    }
    Ok(Box::new(machine))
}

/// A reply as a home computer's screen shows it: both line ends start a row, other codes outside of 20h to 7Fh, which
/// have other meanings there, are question marks.
pub fn as_characters(reply: &[u8]) -> Vec<u8> {
    let shown = |&byte: &u8| match byte {
        b'\r' | b'\n' => b"\r\n".to_vec(),
        b' '..=127 => vec![byte],
        _ => b"?".to_vec(),
    };
    reply.iter().flat_map(shown).collect()
}

/// Why the machine did not even start.
fn refusal(program: &str, tail: &[u8], error: LoadError) -> CliError {
    let place = || format!("prompt \"{}\"", shortened(&String::from_utf8_lossy(tail)));
    match error {
        LoadError::TailTooLong { length } => CliError::Prompt {
            place: place(),
            problem: format!(
                "it has {} bytes; a CP/M command line holds {LONGEST}",
                length.saturating_sub(1)
            ),
            help: "shorten it, or use --target reference".into(),
        },
        LoadError::TailControl { byte, .. } => CliError::Prompt {
            place: place(),
            problem: format!("the control character {byte:02X}h cannot stand on a CP/M command line"),
            help: "take it out, or use --target reference".into(),
        },
        other => CliError::Prompt {
            place: program.to_string(),
            problem: format!("the machine cannot load it: {other}"),
            help: "give a CP/M program that fits the machine's memory".into(),
        },
    }
}
