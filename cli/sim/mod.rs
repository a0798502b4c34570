//! A compiled image on the simulated machine: replies, logits and cycles.
//!
//! [`machine`] is what all machines have in common; [`z80`] brings those with that processor under it. Which machine
//! a target has is data ([`mlc_compiler::target::Machine`]), and [`load`] is the one place that looks at it.

mod avr;
pub mod machine;
mod phases;
mod stopped;
mod z80;

use crate::args::Clock;
use crate::console::{ReplyConsole, UserConsole};
use crate::error::CliError;
use crate::prompts::LONGEST;
use machine::{Both, End, Machine, NoProbe, Probe, drive};
use mlc_compiler::model::{Model, Output};
use mlc_compiler::target::{self, ImageKind};
use mlc_compiler::{Image, Target, text};
use mlc_runtime_z80::{Console, Picture, Symbols};
use phases::{PhaseTimer, Phases};
use std::io::Write;
use std::path::Path;
use stopped::Stopped;

/// No step takes longer: a network that fills the memory, packed, with every input in use, needs a quarter of it. A chat
/// has 256 steps for a question at most.
const STEP_LIMIT: u64 = 100_000_000;

/// A compiled program that can be asked again and again; each time on a machine that was just switched on.
pub struct Simulator<'a> {
    image: &'a Image,
    target: &'a Target,
    name: &'a str,
    symbols: Symbols,
    /// What every answer must be done in, if it is the program that mlc made; and what the user says instead.
    limit: u64,
    given: Option<u64>,
    /// Bytes of the line that the program reads.
    line: u8,
    pub pace: Option<Clock>,
    phases: Phases,
}

/// What a query led to on the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Console output without the line end behind it.
    pub reply: Vec<u8>,
    /// Of each pass through the last layer.
    pub logits: Vec<Vec<i16>>,
    /// Cycles since the machine was switched on at which each pass's logits were there.
    pub ready: Vec<u64>,
    /// Cycles from the question to the first character of the answer, if it has one.
    pub first: Option<u64>,
    /// Cycles from the question to the end of the answer, without those asleep.
    pub t_states: u64,
    /// Cycles asleep until the answer was sent.
    pub asleep: u64,
    /// The most bytes that the stack had, if the machine knows.
    pub stack: Option<u16>,
}

/// A program as a machine takes it.
struct Program<'a> {
    name: &'a str,
    kind: ImageKind,
    bytes: &'a [u8],
    memory_end: u16,
    symbols: Symbols,
    logits_ready: Option<u32>,
    /// The most cycles that it may take without input.
    limit: u64,
}

/// Puts a program on the machine that it is for. A query that does not go through the console comes as `tail`.
fn load<'c>(
    target: &Target,
    program: &Program,
    tail: &[u8],
    console: &'c mut dyn Console,
) -> Result<Box<dyn Machine + 'c>, CliError> {
    match target.machine {
        target::Machine::Cpm => z80::cpm(program, tail, console),
        target::Machine::Spectrum48 => z80::spectrum(program, console),
        target::Machine::Cpc464 => z80::cpc(program, console),
        target::Machine::Avr => avr::board(&target.name, program, console),
    }
}

/// Whether programs ask for each query on the console, not once in a command tail.
fn asks(machine: target::Machine) -> bool {
    match machine {
        target::Machine::Cpm => false,
        target::Machine::Spectrum48 | target::Machine::Cpc464 | target::Machine::Avr => true,
    }
}

/// What a machine that asks shows of the end of a typed line.
fn echo(machine: target::Machine) -> &'static [u8] {
    match machine {
        target::Machine::Cpm | target::Machine::Spectrum48 | target::Machine::Cpc464 => b"\r\n",
        target::Machine::Avr => b"",
    }
}

/// Whether a byte can stand in a typed line.
fn has_key(machine: target::Machine, byte: u8) -> bool {
    match machine {
        target::Machine::Cpm | target::Machine::Spectrum48 | target::Machine::Cpc464 => {
            (b' '..=b'~').contains(&byte)
        }
        // Ends of lines, and what takes a character back.
        target::Machine::Avr => !matches!(byte, b'\r' | b'\n' | 8 | 127),
    }
}

/// The longest query that a model's program takes on a target, in bytes.
pub fn longest(model: &Model, target: &Target) -> usize {
    if asks(target.machine) { line(model, target).into() } else { LONGEST }
}

/// Bytes of the line that a model's program reads.
fn line(model: &Model, target: &Target) -> u8 {
    model.query.max_length.min(target.longest_query)
}

impl<'a> Simulator<'a> {
    pub fn new(image: &'a Image, model: &'a Model, target: &'a Target, pace: Option<Clock>) -> Self {
        let steps = match &model.output {
            Output::Chat(chat) => u64::from(chat.max_reply) + 1,
            Output::Classifier { .. } => 1,
        };
        let symbols = image.assembly.symbols.iter().map(|(name, &address)| (address, name.clone())).collect();
        let phases = Phases::new(image);
        let line = line(model, target);
        let limit = STEP_LIMIT * (steps + 1);
        Self { image, target, name: &model.name, symbols, limit, given: None, line, pace, phases }
    }

    /// The same, but no answer may take more than so many cycles, if the user says how many.
    #[must_use]
    pub fn within(self, cycles: Option<u64>) -> Self {
        Self { given: cycles, ..self }
    }

    /// The program's answer to a query. An empty query has none: the program would ask for one.
    ///
    /// # Errors
    /// A query that the machine has no way to take; a fault of the program; `live` cannot be written.
    pub fn ask(&self, query: &[u8], live: Option<&mut dyn Write>) -> Result<Answer, CliError> {
        self.observe(query, live, &mut NoProbe)
    }

    /// [`Simulator::ask`], with cycles by phase, in the order of [`Simulator::phase_names`].
    ///
    /// # Errors
    /// See there.
    pub fn measure(&self, query: &[u8]) -> Result<(Answer, Vec<u64>), CliError> {
        let mut timer = PhaseTimer::new(&self.phases);
        let answer = self.observe(query, None, &mut timer)?;
        Ok((answer, timer.totals))
    }

    pub fn phase_names(&self) -> &[String] {
        &self.phases.names
    }

    /// The phase of each address, as a place in [`Simulator::phase_names`]; `None` for code that several share.
    pub fn phases(&self) -> Vec<Option<u8>> {
        self.phases.by_address()
    }

    /// [`Simulator::ask`], looked at by `probe`.
    ///
    /// # Errors
    /// See there.
    pub fn observe(
        &self,
        query: &[u8],
        live: Option<&mut dyn Write>,
        probe: &mut dyn Probe,
    ) -> Result<Answer, CliError> {
        let tail = text::normalize(query);
        if tail.is_empty() {
            return Ok(Answer::default());
        }
        let asks = asks(self.target.machine);
        let mut console = match asks {
            true => ReplyConsole::asked(self.typed(query)?, echo(self.target.machine), live),
            false => ReplyConsole::answering(live),
        };
        let mut machine = self.load(&tail, &mut console)?;
        let mut watch = Watch { image: self.image, answer: Answer::default(), asked: 0 };
        let end = drive(machine.as_mut(), &mut Both(&mut watch, probe), self.pace);
        let t_states = machine.cycles() - watch.asked;
        let (asleep, stack) = (machine.asleep(), machine.stack());
        drop(machine);
        if let Some(e) = console.failure.take() {
            return Err(e.into());
        }
        let reply = console.reply().to_vec();
        match end {
            End::Exit if !asks => Ok(Answer { reply, t_states, asleep, stack, ..watch.answer }),
            End::NoInput if asks => Ok(Answer { reply, t_states, asleep, stack, ..watch.answer }),
            End::Exit => Err(self.fault("it ends instead of asking again".into())),
            End::NoInput => Err(self.fault("it asks for input although it was given a command tail".into())),
            end @ (End::Limit { .. } | End::Fault(_)) => Err(self.stopped(end)),
        }
    }

    /// The program's own chat loop on standard input and output.
    ///
    /// # Errors
    /// A fault of the program; standard output cannot be written.
    pub fn chat(&self, out: &mut dyn Write, terminal: bool) -> Result<(), CliError> {
        let mut console = UserConsole::new(out, terminal);
        let machine = self.load(b"", &mut console)?;
        interact(machine, &mut NoProbe, self.pace).map_err(|end| self.stopped(end))?;
        console.finish()
    }

    /// What the screen shows when all of `prompts` were asked, one after the other; `None` without a screen.
    ///
    /// # Errors
    /// A prompt that the machine has no way to take; a fault of the program.
    pub fn picture(&self, prompts: &[String]) -> Result<Option<Picture>, CliError> {
        if !asks(self.target.machine) {
            return Ok(None);
        }
        for prompt in prompts {
            self.typed(prompt.as_bytes())?;
        }
        let mut nowhere = std::io::sink();
        let mut console = UserConsole::typed(&mut nowhere, prompts);
        let machine = self.load(b"", &mut console)?;
        interact(machine, &mut NoProbe, None).map_err(|end| self.stopped(end))
    }

    /// The longest query that the program takes, in bytes.
    pub fn longest(&self) -> usize {
        if asks(self.target.machine) { self.line.into() } else { LONGEST }
    }

    /// A reply as the machine shows it.
    pub fn shown(&self, reply: &[u8]) -> Vec<u8> {
        match self.target.machine {
            target::Machine::Cpm | target::Machine::Avr => reply.to_vec(),
            target::Machine::Spectrum48 | target::Machine::Cpc464 => z80::as_characters(reply),
        }
    }

    /// The line that asks `query`.
    fn typed<'q>(&self, query: &'q [u8]) -> Result<&'q [u8], CliError> {
        let refuse = |problem: String, help: &str| {
            let place = format!("prompt \"{}\"", shortened(&String::from_utf8_lossy(query)));
            Err(CliError::Prompt { place, problem, help: help.into() })
        };
        let name = &self.target.name;
        if query.len() > self.longest() {
            let problem =
                format!("it has {} bytes; the program's line on {name} holds {}", query.len(), self.line);
            return refuse(problem, "shorten it, or use --target reference");
        }
        if let Some(byte) = query.iter().find(|&&byte| !has_key(self.target.machine, byte)) {
            let problem = format!("the byte {byte:02X}h cannot be typed on {name}");
            return refuse(problem, "take it out, or use --target reference");
        }
        if text::normalize(query) == b"!" && self.target.machine != target::Machine::Avr {
            return refuse(format!("it ends the chat on {name}"), "ask something else");
        }
        Ok(query)
    }

    fn fault(&self, fault: String) -> CliError {
        self.stopped(End::Fault(fault))
    }

    fn stopped(&self, end: End) -> CliError {
        let stopped = Stopped { program: self.name, machine: &self.target.name, compiled: true };
        stopped.error(end, self.target, self.given.is_some())
    }

    fn load<'c>(&self, tail: &[u8], console: &'c mut dyn Console) -> Result<Box<dyn Machine + 'c>, CliError> {
        // An ELF file names addresses in faults and knows where data ends.
        let elf = self.target.images.iter().find(|kind| **kind == ImageKind::Elf);
        let Some(&kind) = elf.or(self.target.images.first()) else {
            return Err(self.fault("its target loads no kind of file".into()));
        };
        let program = Program {
            name: self.name,
            kind,
            bytes: &self.image.file(kind, self.name),
            memory_end: self.target.memory_end,
            symbols: self.symbols.clone(),
            logits_ready: Some(self.image.logits.ready),
            limit: self.given.unwrap_or(self.limit),
        };
        load(self.target, &program, tail, console)
    }
}

/// At most 40 characters of a text.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// The kind of program that a file is, if a machine here runs such files as they are.
pub fn program_kind(path: &Path) -> Option<ImageKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    ImageKind::ALL.into_iter().find(|kind| kind.extension() == extension)
}

/// A file that a machine loads as it is, and the command tail behind its name, where the machine has one.
pub struct ProgramFile<'a> {
    pub name: &'a str,
    pub kind: ImageKind,
    pub bytes: &'a [u8],
    pub tail: &'a str,
    /// The most cycles that it may take without input.
    pub limit: u64,
}

/// The console of a program of its own: a program without a command line has `prompts` typed, one a line.
pub fn console<'a>(
    machine: target::Machine,
    prompts: &[String],
    out: &'a mut dyn Write,
    terminal: bool,
) -> UserConsole<'a> {
    match asks(machine) && !prompts.is_empty() {
        true => UserConsole::typed(out, prompts),
        false => UserConsole::new(out, terminal),
    }
}

/// Runs a program of its own with the user's console, looked at by `probe`. Gives what its screen showed at the end.
///
/// # Errors
/// It cannot be loaded; it faults; what it says cannot be written.
pub fn run_program(
    file: &ProgramFile,
    target: &Target,
    pace: Option<Clock>,
    mut console: UserConsole,
    probe: &mut dyn Probe,
) -> Result<Option<Picture>, CliError> {
    let program = Program {
        name: file.name,
        kind: file.kind,
        bytes: file.bytes,
        memory_end: target.memory_end,
        symbols: Symbols::default(),
        logits_ready: None,
        limit: file.limit,
    };
    let machine = load(target, &program, file.tail.as_bytes(), &mut console)?;
    let stopped = Stopped { program: file.name, machine: system(target.machine), compiled: false };
    let picture = interact(machine, probe, pace).map_err(|end| stopped.error(end, target, true))?;
    console.finish()?;
    Ok(picture)
}

/// What a machine is called when a program of its own stops on it.
fn system(machine: target::Machine) -> &'static str {
    match machine {
        target::Machine::Cpm => "the CP/M machine",
        target::Machine::Spectrum48 => "the ZX Spectrum",
        target::Machine::Cpc464 => "the CPC 464",
        target::Machine::Avr => "the AVR board",
    }
}

/// Runs a program that talks to the user, and takes a picture at its end. The error is why it ended otherwise.
fn interact(
    mut machine: Box<dyn Machine + '_>,
    probe: &mut dyn Probe,
    pace: Option<Clock>,
) -> Result<Option<Picture>, End> {
    match drive(machine.as_mut(), probe, pace) {
        End::Exit | End::NoInput => Ok(machine.picture()),
        end @ (End::Limit { .. } | End::Fault(_)) => Err(end),
    }
}

/// Collects the logits whenever they are ready.
struct Watch<'a> {
    image: &'a Image,
    answer: Answer,
    /// When the question was complete.
    asked: u64,
}

impl Probe for Watch<'_> {
    fn on_logits(&mut self, byte: &dyn Fn(u16) -> u8, cycles: u64) {
        self.answer.logits.push(self.image.logits.read(byte));
        self.answer.ready.push(cycles);
    }

    fn on_output(&mut self, byte: u8, cycles: u64) {
        // An answer without characters is a line end only.
        if byte != b'\r' && byte != b'\n' {
            self.answer.first.get_or_insert(cycles - self.asked);
        }
    }

    fn on_line_end(&mut self, cycles: u64) {
        self.asked = cycles;
        // What came before was no answer.
        self.answer.first = None;
    }
}
