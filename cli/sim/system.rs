//! What the command line must know of a machine's system: facts and functions, one set a machine.

use super::called::Calls;
use super::machine::Machine;
use crate::error::CliError;
use crate::tools::Readings;
use mlc_compiler::Target;
use mlc_compiler::shown::start;
use mlc_compiler::target::ImageKind;
use mlc_runtime_z80::{Console, Symbols};
use std::rc::Rc;

/// Characters of a prompt that messages show.
const PROMPT: usize = 40;

/// A machine's system, as programs and messages have it.
pub struct System {
    /// What it is called when a program of its own stops on it.
    pub name: &'static str,
    /// Puts a program on a machine that was just switched on.
    pub load: Load,
    pub entry: Entry,
    /// A reply as the machine shows it.
    pub shown: fn(&[u8]) -> Vec<u8>,
    /// The same of a text with line ends, which a program writes as its system wants them.
    pub tells: fn(&[u8]) -> Vec<u8>,
}

/// Puts a program on the machine that its target names. A query that does not go through the console comes as a tail.
///
/// # Errors
/// What the machine refuses.
pub type Load =
    for<'c> fn(&Target, &Program, &[u8], &'c mut dyn Console) -> Result<Box<dyn Machine + 'c>, CliError>;

/// How queries get into a program.
pub enum Entry {
    /// One, in the command tail, whose letters the system makes capitals; without one the program chats, and this is how
    /// lines are typed then.
    Tail(Keyboard),
    /// The program asks for each on the console.
    Typed(Keyboard),
}

/// How lines are typed.
pub struct Keyboard {
    /// Whether a byte can stand in a line.
    pub has: fn(u8) -> bool,
    /// What the machine shows of the end of a line.
    pub echo: &'static [u8],
    /// Whether the line `!` ends the chat.
    pub ends: bool,
}

impl Entry {
    /// The keyboard, if programs ask for each query on the console.
    pub fn keyboard(&self) -> Option<&Keyboard> {
        match self {
            Entry::Tail(_) => None,
            Entry::Typed(keyboard) => Some(keyboard),
        }
    }

    /// The keyboard for a query that the program must see as it is typed.
    pub fn as_typed(&self) -> &Keyboard {
        match self {
            Entry::Tail(keyboard) | Entry::Typed(keyboard) => keyboard,
        }
    }
}

/// A program as a machine takes it.
pub struct Program<'a> {
    pub name: &'a str,
    pub kind: ImageKind,
    pub bytes: &'a [u8],
    pub symbols: Symbols,
    /// Files that it reads, by their names, on the drive that it is started from.
    pub beside: Vec<(&'a str, &'a [u8])>,
    /// What is started of a disk, if it is said.
    pub named: Option<&'a str>,
    pub logits_ready: Option<u32>,
    /// What is called of it, where it has nobody to talk to.
    pub calls: Option<Rc<Calls>>,
    /// What tools read.
    pub readings: &'a Readings,
    /// The most cycles that it may take without input.
    pub limit: u64,
}

impl Program<'_> {
    /// Why a machine does not take it.
    pub fn refused(&self, problem: String, help: &str) -> CliError {
        CliError::Prompt { place: self.name.to_string(), problem, help: help.into() }
    }
}

/// Why a query does not get in.
pub fn refused_query(query: &[u8], problem: String, help: &str) -> CliError {
    let place = format!("prompt \"{}\"", start(&String::from_utf8_lossy(query), PROMPT));
    CliError::Prompt { place, problem, help: help.into() }
}
