//! A compiled image on the simulated machine: replies, logits and cycles.
//!
//! [`machine`] is what all machines have in common, [`system`] what must be known of each; [`systems`] says which system
//! a target has. A system and its loader are one file, over [`z80`] where it has that processor. [`program`] runs programs
//! that are files.

mod answer;
mod avr;
mod called;
mod cpc;
mod cpm;
pub mod disk;
pub mod machine;
mod msx;
mod phases;
mod program;
mod spectrum;
mod stopped;
mod system;
mod systems;
mod z80;

pub use answer::Answer;
pub use called::routine;
pub use program::{ProgramFile, beside, console, loaded_kind, program_kind, read_program, run_program};

use crate::args::Clock;
use crate::console::{ReplyConsole, UserConsole};
use crate::error::CliError;
use crate::prompts::LONGEST;
use crate::readings;
use crate::tools::Readings;
use answer::Watch;
use called::Calls;
use machine::{Both, End, Machine, NoProbe, Probe, Switched, drive, interact};
use mlc_compiler::model::{Answer as Meaning, Model, Reader, Turns};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Image, Target, text};
use mlc_runtime_z80::{Console, Picture, Symbols};
pub use phases::Token;
use phases::{PhaseTimer, Phases};
use std::cell::OnceCell;
use std::io::Write;
use std::rc::Rc;
use stopped::Stopped;
use system::{Entry, Keyboard, Program, System, refused_query};
use systems::system;

/// No step takes longer: a network that fills the memory, packed, with every input in use, needs a quarter of it. A chat
/// has 256 steps for a question at most.
const STEP_LIMIT: u64 = 100_000_000;

/// A compiled program that can be asked again and again; each time on a machine that was just switched on.
pub struct Simulator<'a> {
    image: &'a Image,
    target: &'a Target,
    system: &'static System,
    name: &'a str,
    symbols: Symbols,
    /// What every answer must be done in, if it is the program that mlc made; and what the user says instead.
    limit: u64,
    given: Option<u64>,
    /// Bytes of the line that the program reads.
    line: usize,
    /// Queries are not folded: the network reads them as they are typed.
    as_typed: bool,
    /// It goes on with a conversation from line to line.
    keeps: bool,
    pub pace: Option<Clock>,
    phases: Phases,
    /// What tools read.
    readings: Readings,
    /// What is called where nobody can talk to it.
    calls: Option<Rc<Calls>>,
    /// What the machine loads, as it was written for the first answer.
    file: OnceCell<Vec<u8>>,
}

/// An answer with its cycles by phase.
pub struct Timed {
    pub answer: Answer,
    /// Of all of it.
    pub phases: Vec<u64>,
    /// Of each token that a sequence model has read.
    pub tokens: Vec<Token>,
}

/// The longest query that a model's program takes on a target, in bytes.
pub fn longest(model: &Model, target: &Target) -> usize {
    let as_typed = matches!(model.reader, Reader::Tokens(_) | Reader::Sensors(_));
    longest_of(system(target), line(model, target), as_typed)
}

fn longest_of(system: &System, line: usize, as_typed: bool) -> usize {
    match (&system.entry, as_typed) {
        (Entry::Typed(_), _) => line,
        // A full line ends before its end is typed.
        (Entry::Tail(_), true) => line - 1,
        (Entry::Tail(_), false) => LONGEST,
    }
}

/// The answers of a session: which passes belong to which line.
fn split(watch: Watch, replies: Vec<Vec<u8>>, switched: Option<Switched>) -> Vec<Answer> {
    let Watch { answer, turns, .. } = watch;
    let ends = turns.iter().copied().skip(1).chain([answer.logits.len()]);
    let logits = turns.iter().zip(ends).map(|(&from, to)| answer.logits[from..to].to_vec());
    let one = |(reply, logits)| Answer { reply, logits, ..Answer::default() };
    let mut answers: Vec<Answer> = replies.into_iter().zip(logits).map(one).collect();
    answers.last_mut().into_iter().for_each(|last| last.switched = switched.clone());
    answers
}

/// Bytes of the line that a model's program reads. A chip takes numbers as they come.
fn line(model: &Model, target: &Target) -> usize {
    match readings::count(model) {
        Some(_) if target.board.is_some() => u16::MAX.into(),
        Some(count) => readings::longest(count),
        None => model.reader.max_query().min(target.longest_query).into(),
    }
}

impl<'a> Simulator<'a> {
    pub fn new(image: &'a Image, model: &'a Model, target: &'a Target, pace: Option<Clock>) -> Self {
        let steps = match &model.answer {
            Meaning::Chat(chat) => u64::from(chat.max_reply) + 1,
            Meaning::Label { .. } | Meaning::Class(_) | Meaning::Numbers(_) => 1,
            // Tokens of the question take a step each.
            Meaning::Story(story) => 2 * u64::from(story.most),
        };
        let symbols = image.assembly.symbols.iter().map(|(name, &address)| (address, name.clone())).collect();
        let phases = Phases::new(image);
        let line = line(model, target);
        let limit = STEP_LIMIT * (steps + 1);
        let (name, system) = (&model.head.name, system(target));
        let as_typed = matches!(model.reader, Reader::Tokens(_) | Reader::Sensors(_));
        let keeps = match &model.answer {
            Meaning::Story(story) => Turns::is_kept(story.turns.as_ref()),
            Meaning::Chat(_) | Meaning::Label { .. } | Meaning::Class(_) | Meaning::Numbers(_) => false,
        };
        let (given, file, readings) = (None, OnceCell::new(), Readings::default());
        let calls = if target.is_library() { Calls::of(image, model) } else { None };
        Self {
            image,
            target,
            system,
            name,
            symbols,
            limit,
            given,
            line,
            as_typed,
            keeps,
            pace,
            phases,
            readings,
            calls,
            file,
        }
    }

    /// The same, but no answer may take more than so many cycles, if the user says how many.
    #[must_use]
    pub fn within(self, cycles: Option<u64>) -> Self {
        Self { given: cycles, ..self }
    }

    /// The same, whose tools read these values.
    #[must_use]
    pub fn reading(self, readings: Readings) -> Self {
        Self { readings, ..self }
    }

    /// The program's answer to a query. An empty query has none: the program would ask for one.
    ///
    /// # Errors
    /// A query that the machine has no way to take; a fault of the program; `live` cannot be written.
    pub fn ask(&self, query: &[u8], live: Option<&mut dyn Write>) -> Result<Answer, CliError> {
        self.observe(query, live, &mut NoProbe)
    }

    /// [`Simulator::ask`], with cycles by phase, in the order of [`Simulator::phase_names`]: of the whole answer, and, of
    /// a sequence model, of each token that was read.
    ///
    /// # Errors
    /// See there.
    pub fn measure(&self, query: &[u8]) -> Result<Timed, CliError> {
        let mut timer = PhaseTimer::new(&self.phases);
        let mut answer = self.observe(query, None, &mut timer)?;
        answer.t_states += timer.before;
        let tokens = timer.tokens();
        Ok(Timed { answer, phases: timer.totals, tokens })
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
        let tail = if self.as_typed { vec![] } else { text::normalize(query) };
        if query.is_empty() || tail.is_empty() && !self.as_typed {
            return Ok(Answer::default());
        }
        let keyboard = match self.as_typed {
            true => Some(self.system.entry.as_typed()),
            false => self.system.entry.keyboard(),
        };
        let mut console = match keyboard {
            Some(keyboard) => ReplyConsole::asked(self.typed(query, keyboard)?, keyboard.echo, live),
            None => ReplyConsole::answering(live),
        };
        let mut machine = self.load(&tail, &mut console)?;
        let mut watch = Watch::new(self.image);
        let end = drive(machine.as_mut(), &mut Both(&mut watch, probe), self.pace);
        let t_states = machine.cycles() - watch.asked;
        let (asleep, stack, switched) = (machine.asleep(), machine.stack(), machine.switched());
        drop(machine);
        if let Some(e) = console.failure.take() {
            return Err(e.into());
        }
        let reply = console.reply().to_vec();
        match end {
            End::Exit if keyboard.is_none() => {
                Ok(Answer { reply, t_states, asleep, stack, switched, ..watch.answer })
            }
            End::NoInput if keyboard.is_some() => {
                Ok(Answer { reply, t_states, asleep, stack, switched, ..watch.answer })
            }
            End::Exit => Err(self.fault("it ends instead of asking again".into())),
            End::NoInput => Err(self.fault("it asks for input although it was given a command tail".into())),
            end @ (End::Limit { .. } | End::Fault(_)) => Err(self.stopped(end)),
        }
    }

    /// The program's answers to queries that are typed one after the other, to one program. Those before the last have no
    /// times. A query without a character has an empty answer.
    ///
    /// # Errors
    /// See [`Simulator::ask`].
    pub fn session(&self, queries: &[&[u8]], live: Option<&mut dyn Write>) -> Result<Vec<Answer>, CliError> {
        let keyboard = self.system.entry.as_typed();
        queries.iter().try_for_each(|query| self.typed(query, keyboard).map(|_| ()))?;
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let mut console = ReplyConsole::session(queries, keyboard.echo, live);
        let mut machine = self.load(b"", &mut console)?;
        let mut watch = Watch::new(self.image);
        let end = drive(machine.as_mut(), &mut watch, self.pace);
        let switched = machine.switched();
        drop(machine);
        console.end_line();
        if let Some(e) = console.failure.take() {
            return Err(e.into());
        }
        match end {
            End::NoInput => Ok(split(watch, console.answers(), switched)),
            End::Exit => Err(self.fault("it ends instead of asking again".into())),
            end @ (End::Limit { .. } | End::Fault(_)) => Err(self.stopped(end)),
        }
    }

    /// Whether the program goes on with a conversation from line to line.
    pub fn keeps_conversation(&self) -> bool {
        self.keeps
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
        let Some(keyboard) = self.system.entry.keyboard() else { return Ok(None) };
        for prompt in prompts {
            self.typed(prompt.as_bytes(), keyboard)?;
        }
        let mut nowhere = std::io::sink();
        let mut console = UserConsole::typed(&mut nowhere, prompts);
        let machine = self.load(b"", &mut console)?;
        interact(machine, &mut NoProbe, None).map_err(|end| self.stopped(end))
    }

    /// The longest query that the program takes, in bytes.
    pub fn longest(&self) -> usize {
        longest_of(self.system, self.line, self.as_typed)
    }

    /// A reply as the machine shows it.
    pub fn shown(&self, reply: &[u8]) -> Vec<u8> {
        if self.as_typed { (self.system.tells)(reply) } else { (self.system.shown)(reply) }
    }

    /// The line that asks `query`.
    fn typed<'q>(&self, query: &'q [u8], keyboard: &Keyboard) -> Result<&'q [u8], CliError> {
        let refuse = |problem: String, help: &str| Err(refused_query(query, problem, help));
        let name = &self.target.name;
        if query.len() > self.longest() {
            let problem =
                format!("it has {} bytes; the program's line on {name} holds {}", query.len(), self.line);
            return refuse(problem, "shorten it, or use --target reference");
        }
        if let Some(byte) = query.iter().find(|&&byte| !(keyboard.has)(byte)) {
            let problem = format!("the byte {byte:02X}h cannot be typed on {name}");
            return refuse(problem, "take it out, or use --target reference");
        }
        if keyboard.ends && text::normalize(query) == b"!" {
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
        let elf = self.target.board.as_ref().map(|_| ImageKind::Elf);
        let Some(kind) = elf.or(self.target.images.first().copied()) else {
            return Err(self.fault("its target loads no kind of file".into()));
        };
        let program = Program {
            name: self.name,
            kind,
            bytes: self.file.get_or_init(|| self.image.file(kind, self.name)),
            symbols: self.symbols.clone(),
            beside: self.image.beside.iter().map(|file| (file.name.as_str(), &file.bytes[..])).collect(),
            named: None,
            logits_ready: Some(self.image.logits.ready),
            calls: self.calls.clone(),
            readings: &self.readings,
            limit: self.given.unwrap_or(self.limit),
        };
        (self.system.load)(self.target, &program, tail, console)
    }
}
