//! The console, as the host provides it.

use std::collections::VecDeque;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A byte.
    Byte(u8),
    /// There is nothing left and nothing will come.
    End,
}

/// What a read would find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// A byte.
    Byte,
    /// Nothing yet: a read would wait.
    Nothing,
    /// Nothing, for ever.
    End,
}

/// A keyboard and a screen, or the far end of a serial line. The Enter key is a carriage return (0Dh), as on
/// every terminal: a host that reads text turns each line end into one. Programs may take a line feed for a
/// line end of its own (BDOS function 10 of CP/M does).
pub trait Console {
    /// The next byte typed; waits for it.
    fn read(&mut self) -> Input;

    /// What `read` would find now; does not wait.
    fn ready(&mut self) -> Readiness;

    /// A byte from the program.
    fn write(&mut self, byte: u8);

    /// A byte that the system writes by itself while a line is typed (echo, erasure), if it does that. A host whose terminal echoes
    /// by itself, or that reads a pipe, may drop it.
    fn echo(&mut self, byte: u8) {
        self.write(byte);
    }
}

impl<C: Console + ?Sized> Console for &mut C {
    fn read(&mut self) -> Input {
        (**self).read()
    }

    fn ready(&mut self) -> Readiness {
        (**self).ready()
    }

    fn write(&mut self, byte: u8) {
        (**self).write(byte);
    }

    fn echo(&mut self, byte: u8) {
        (**self).echo(byte);
    }
}

/// A console that remembers whether its program was given input, or asked for some that had not come yet.
#[derive(Debug, Clone, Default)]
pub struct Attended<C> {
    /// The console itself.
    pub inner: C,
    asked: bool,
}

impl<C> Attended<C> {
    /// Nobody has asked yet.
    pub fn new(inner: C) -> Self {
        Attended { inner, asked: false }
    }

    /// Whether that happened since the last call.
    pub fn take_asked(&mut self) -> bool {
        std::mem::take(&mut self.asked)
    }
}

impl<C: Console> Console for Attended<C> {
    fn read(&mut self) -> Input {
        let input = self.inner.read();
        self.asked |= input != Input::End;
        input
    }

    fn ready(&mut self) -> Readiness {
        let readiness = self.inner.ready();
        // A byte that is there and never read is nothing to wait for, and neither is the end.
        self.asked |= readiness == Readiness::Nothing;
        readiness
    }

    fn write(&mut self, byte: u8) {
        self.inner.write(byte);
    }

    fn echo(&mut self, byte: u8) {
        self.inner.echo(byte);
    }
}

/// A console with all its input known beforehand, which keeps what it is sent.
#[derive(Debug, Clone, Default)]
pub struct Script {
    input: VecDeque<u8>,
    output: Vec<u8>,
    transcript: Vec<u8>,
}

impl Script {
    /// `input` is typed byte by byte, as it is.
    pub fn new(input: &[u8]) -> Self {
        Script { input: input.iter().copied().collect(), ..Script::default() }
    }

    /// Each line ended by a carriage return.
    pub fn lines<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Self {
        let mut input = VecDeque::new();
        for line in lines {
            input.extend(line.as_ref());
            input.push_back(b'\r');
        }
        Script { input, ..Script::default() }
    }

    /// What the program wrote.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// What stood on the screen: output and echo.
    pub fn transcript(&self) -> &[u8] {
        &self.transcript
    }
}

impl Console for Script {
    fn read(&mut self) -> Input {
        self.input.pop_front().map_or(Input::End, Input::Byte)
    }

    fn ready(&mut self) -> Readiness {
        if self.input.is_empty() { Readiness::End } else { Readiness::Byte }
    }

    fn write(&mut self, byte: u8) {
        self.output.push(byte);
        self.transcript.push(byte);
    }

    fn echo(&mut self, byte: u8) {
        self.transcript.push(byte);
    }
}
