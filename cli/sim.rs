//! A compiled image on the simulated machine: replies, logits and T-states.

use crate::args::Clock;
use crate::console::{ReplyConsole, UserConsole};
use crate::error::CliError;
use crate::prompts::LONGEST;
use mlc_compiler::model::{Model, Output};
use mlc_compiler::{Image, Target, text};
use mlc_runtime_z80::{Console, CpmConfig, CpmMachine, End, LoadError, Memory, NoObserver, Observer};
use mlc_runtime_z80::{State, Symbols};
use std::io::Write;
use std::time::{Duration, Instant};

/// No step takes longer: a network that fills the memory, packed, with every input in use, needs a quarter of it.
const STEP_LIMIT: u64 = 100_000_000;
/// How often a run at the machine's pace looks at the time.
const SLICES_A_SECOND: f64 = 100.0;

/// A compiled program that can be asked again and again; each time on a machine that was just switched on.
pub struct Simulator<'a> {
    image: &'a Image,
    target: &'a Target,
    name: &'a str,
    symbols: Symbols,
    limit: u64,
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
    /// T-states since the start at which each pass's logits were there.
    pub ready: Vec<u64>,
    /// T-states from start to exit.
    pub t_states: u64,
}

/// Names of phases, and the phase of every address.
#[derive(Debug, Clone)]
struct Phases {
    names: Vec<String>,
    /// [`SHARED`] for code that several phases use, the system's calls among it.
    of: Vec<u8>,
}

/// Belongs to the phase that was running before.
const SHARED: u8 = u8::MAX;

impl Phases {
    fn new(image: &Image) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut of = vec![SHARED; 0x1_0000];
        for phase in &image.phases {
            let number = phase.name.as_ref().map_or(SHARED, |name| {
                let at = names.iter().position(|n| n == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                });
                // A network with so many phases fits no machine; its last ones would be counted together.
                u8::try_from(at).map_or(SHARED - 1, |n| n.min(SHARED - 1))
            });
            // Phases come sorted by their start.
            of[usize::from(phase.start)..].fill(number);
        }
        let end = usize::from(image.origin) + image.bytes.len();
        of[end.min(0x1_0000)..].fill(SHARED);
        Self { names, of }
    }
}

/// Adds up T-states by phase.
struct PhaseTimer<'a> {
    of: &'a [u8],
    running: u8,
    totals: Vec<u64>,
}

impl Observer for PhaseTimer<'_> {
    const INSTRUCTIONS: bool = true;

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        let phase = self.of[usize::from(pc)];
        if phase != SHARED {
            self.running = phase;
        }
        if let Some(total) = self.totals.get_mut(usize::from(self.running)) {
            *total += after - before;
        }
    }
}

impl<'a> Simulator<'a> {
    pub fn new(image: &'a Image, model: &'a Model, target: &'a Target, pace: Option<Clock>) -> Self {
        let steps = match &model.output {
            Output::Chat(chat) => u64::from(chat.max_reply) + 1,
            Output::Classifier { .. } => 1,
        };
        let symbols = image.assembly.symbols.iter().map(|(name, &address)| (address, name.clone())).collect();
        let phases = Phases::new(image);
        Self { image, target, name: &model.name, symbols, limit: STEP_LIMIT * (steps + 1), pace, phases }
    }

    /// The program's answer to a query in its command tail. An empty query has none: the program would ask for one.
    ///
    /// # Errors
    /// A query that no command tail can hold; a fault of the program; `live` cannot be written.
    pub fn ask(&self, query: &[u8], live: Option<&mut dyn Write>) -> Result<Answer, CliError> {
        self.observed(query, live, &mut NoObserver)
    }

    /// [`Simulator::ask`], with T-states by phase, in the order of [`Simulator::phase_names`].
    ///
    /// # Errors
    /// See there.
    pub fn measure(&self, query: &[u8]) -> Result<(Answer, Vec<u64>), CliError> {
        let totals = vec![0; self.phases.names.len()];
        let mut timer = PhaseTimer { of: &self.phases.of, running: 0, totals };
        let answer = self.observed(query, None, &mut timer)?;
        Ok((answer, timer.totals))
    }

    pub fn phase_names(&self) -> &[String] {
        &self.phases.names
    }

    fn observed<O: Observer>(
        &self,
        query: &[u8],
        live: Option<&mut dyn Write>,
        observer: &mut O,
    ) -> Result<Answer, CliError> {
        let tail = text::normalize(query);
        if tail.is_empty() {
            return Ok(Answer::default());
        }
        let mut machine = self.load(query, &tail, ReplyConsole::new(live), Some(self.limit))?;
        machine.watch(self.image.logits.ready);
        let mut watch = Watch { image: self.image, answer: Answer::default() };
        let end = drive(&mut machine, &mut (&mut watch, observer), self.pace);
        let t_states = machine.t_states();
        let console = machine.console();
        if let Some(e) = console.failure.take() {
            return Err(e.into());
        }
        let reply = console.reply().to_vec();
        match end {
            End::Exit(_) => Ok(Answer { reply, t_states, ..watch.answer }),
            End::EndOfInput => {
                Err(self.fault("it asks for input although it was given a command tail".into()))
            }
            End::Fault(fault) => Err(self.fault(fault.to_string())),
        }
    }

    /// The program's own chat loop on standard input and output.
    ///
    /// # Errors
    /// A fault of the program; standard output cannot be written.
    pub fn chat(&self, out: &mut dyn Write, terminal: bool) -> Result<(), CliError> {
        let machine = self.load(b"", b"", UserConsole::new(out, terminal), None)?;
        interact(machine, self.pace).map_err(|fault| self.fault(fault))?
    }

    fn fault(&self, fault: String) -> CliError {
        CliError::Fault {
            program: self.name.into(),
            machine: self.target.name.clone(),
            fault,
            compiled: true,
        }
    }

    fn load<C: Console>(
        &self,
        query: &[u8],
        tail: &[u8],
        console: C,
        limit: Option<u64>,
    ) -> Result<CpmMachine<C>, CliError> {
        let symbols = self.symbols.clone();
        let config = CpmConfig { bdos: self.target.memory_end, limit, symbols, ..CpmConfig::default() };
        // The tail is counted with the space in front, as the machine counts it.
        CpmMachine::load(&self.image.bytes, tail, console, config).map_err(|e| refusal(self.name, query, e))
    }
}

/// Why the machine did not even start.
fn refusal(program: &str, query: &[u8], error: LoadError) -> CliError {
    let place = || format!("prompt \"{}\"", shortened(&String::from_utf8_lossy(query)));
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

/// At most 40 characters of a text.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// The machine that a program of its own runs on.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Where the BDOS begins.
    pub memory_end: u16,
    pub pace: Option<Clock>,
}

/// Runs a `.COM` file as it is.
///
/// # Errors
/// It cannot be loaded; it faults; standard output cannot be written.
pub fn run_program(
    program: &[u8],
    name: &str,
    tail: &str,
    out: &mut dyn Write,
    terminal: bool,
    setup: Setup,
) -> Result<(), CliError> {
    let console = UserConsole::new(out, terminal);
    let config = CpmConfig { bdos: setup.memory_end, ..CpmConfig::default() };
    let machine = CpmMachine::load(program, tail.as_bytes(), console, config)
        .map_err(|e| refusal(name, tail.as_bytes(), e))?;
    interact(machine, setup.pace).map_err(|fault| CliError::Fault {
        program: name.to_string(),
        machine: "the CP/M machine".into(),
        fault,
        compiled: false,
    })?
}

/// Runs a program that talks to the user. The outer error is its fault, the inner one that of the output.
fn interact(
    mut machine: CpmMachine<UserConsole>,
    pace: Option<Clock>,
) -> Result<Result<(), CliError>, String> {
    let end = drive(&mut machine, &mut NoObserver, pace);
    let console = machine.console();
    if let Some(e) = console.failure.take() {
        return Ok(Err(e.into()));
    }
    if console.open_line {
        // The shell's prompt comes on a line of its own.
        console.write(b'\n');
    }
    match end {
        End::Exit(_) | End::EndOfInput => Ok(Ok(())),
        End::Fault(fault) => Err(fault.to_string()),
    }
}

/// Runs to the end, at the machine's pace if one is given.
fn drive<C: Console, O: Observer>(machine: &mut CpmMachine<C>, observer: &mut O, pace: Option<Clock>) -> End {
    let Some(Clock(hertz)) = pace else { return machine.run(observer) };
    let slice = (hertz / SLICES_A_SECOND).max(1.0);
    let length = Duration::from_secs_f64(slice / hertz);
    let mut due = Instant::now();
    loop {
        if let State::Ended(end) = machine.run_for(slice as u64, observer) {
            return end;
        }
        due += length;
        let now = Instant::now();
        // Time spent waiting for a key is not caught up on.
        if due > now { std::thread::sleep(due - now) } else { due = now }
    }
}

/// Collects the logits whenever they are ready.
struct Watch<'a> {
    image: &'a Image,
    answer: Answer,
}

impl Observer for Watch<'_> {
    fn on_watch(&mut self, _address: u16, memory: &Memory, t: u64) {
        self.answer.logits.push(self.image.logits.read(|address| memory.byte(address)));
        self.answer.ready.push(t);
    }
}
