//! Consoles for the simulated machine: one that keeps a reply, and the user's terminal or pipe.

use crate::error::CliError;
use mlc_runtime_z80::{Console, Input, Readiness};
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// Keeps what the program writes and offers no input. What is written can be shown at once, without the line end
/// behind it.
pub struct ReplyConsole<'a> {
    written: Vec<u8>,
    live: Option<&'a mut dyn Write>,
    /// How much of `written` was shown.
    shown: usize,
    /// The first failure to show something; the run goes on without showing.
    pub failure: Option<io::Error>,
}

impl<'a> ReplyConsole<'a> {
    pub fn new(live: Option<&'a mut dyn Write>) -> Self {
        Self { written: Vec::new(), live, shown: 0, failure: None }
    }

    /// What was written, without the line end behind it.
    pub fn reply(&self) -> &[u8] {
        self.written.strip_suffix(&[CR, LF]).unwrap_or(&self.written)
    }
}

impl Console for ReplyConsole<'_> {
    fn read(&mut self) -> Input {
        Input::End
    }

    fn ready(&mut self) -> Readiness {
        Readiness::End
    }

    fn write(&mut self, byte: u8) {
        self.written.push(byte);
        if byte == CR || byte == LF {
            // Held back: it belongs to the reply only if text follows.
            return;
        }
        let text: String = self.written[self.shown..].iter().map(|&b| char::from(b)).collect();
        self.shown = self.written.len();
        if let (Some(live), None) = (&mut self.live, &self.failure) {
            self.failure = live.write_all(text.as_bytes()).and_then(|()| live.flush()).err();
        }
    }

    fn echo(&mut self, _byte: u8) {}
}

/// Standard input and output. The terminal edits lines and echoes; the machine gets finished ones.
pub struct UserConsole<'a> {
    input: Receiver<u8>,
    /// A byte that `ready` has taken from `input` already.
    next: Option<u8>,
    ended: bool,
    out: &'a mut dyn Write,
    /// A carriage return not yet shown: before a line feed it is left out.
    pending_return: bool,
    /// The terminal has echoed the end of a line; the program's own answer to it would leave a blank line.
    echoed_line_end: bool,
    terminal: bool,
    /// Something stands on the last line.
    open_line: bool,
    failure: Option<io::Error>,
}

impl<'a> UserConsole<'a> {
    /// `terminal`: input comes from a terminal that echoes.
    pub fn new(out: &'a mut dyn Write, terminal: bool) -> Self {
        // A thread, because a program may ask whether a key is there, and reading would wait.
        let (send, input) = sync_channel(4096);
        std::thread::spawn(move || {
            for byte in io::stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                if send.send(byte).is_err() {
                    return;
                }
            }
        });
        Self {
            input,
            next: None,
            ended: false,
            out,
            pending_return: false,
            echoed_line_end: false,
            terminal,
            open_line: false,
            failure: None,
        }
    }

    /// Ends the last line, so that the shell's prompt comes on one of its own.
    ///
    /// # Errors
    /// The first failure to write.
    pub fn finish(mut self) -> Result<(), CliError> {
        if self.open_line {
            self.put(LF);
        }
        self.failure.map_or(Ok(()), |e| Err(e.into()))
    }

    fn put(&mut self, byte: u8) {
        self.open_line = byte != LF;
        if self.failure.is_none() {
            let mut buffer = [0; 4];
            let text = char::from(byte).encode_utf8(&mut buffer);
            self.failure = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).err();
        }
    }

    /// The Enter key of a CP/M terminal is a carriage return.
    fn key(&mut self, byte: u8) -> Input {
        if byte == LF {
            self.echoed_line_end = self.terminal;
            self.open_line &= !self.terminal;
            return Input::Byte(CR);
        }
        Input::Byte(byte)
    }
}

impl Console for UserConsole<'_> {
    fn read(&mut self) -> Input {
        // Nobody reads what the program says any more: let it end.
        if self.failure.is_some() {
            return Input::End;
        }
        match self.next.take().or_else(|| self.input.recv().ok()) {
            Some(byte) => self.key(byte),
            None => Input::End,
        }
    }

    fn ready(&mut self) -> Readiness {
        if self.next.is_none() && !self.ended {
            match self.input.try_recv() {
                Ok(byte) => self.next = Some(byte),
                Err(TryRecvError::Empty) => return Readiness::Nothing,
                Err(TryRecvError::Disconnected) => self.ended = true,
            }
        }
        if self.next.is_some() { Readiness::Byte } else { Readiness::End }
    }

    fn write(&mut self, byte: u8) {
        if self.echoed_line_end {
            self.echoed_line_end = byte == CR;
            if byte == CR || byte == LF {
                return;
            }
        }
        if std::mem::take(&mut self.pending_return) && byte != LF {
            self.put(CR);
        }
        match byte {
            CR => self.pending_return = true,
            _ => self.put(byte),
        }
    }

    /// Left out: a terminal has echoed the line itself, and in a pipe nobody types.
    fn echo(&mut self, _byte: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_shown_without_the_line_end_behind_it() {
        let mut shown = Vec::new();
        let mut console = ReplyConsole::new(Some(&mut shown));
        b"HI\r\nTHERE\r\n".iter().for_each(|&b| console.write(b));
        assert_eq!(console.reply(), b"HI\r\nTHERE");
        assert!(console.failure.is_none());
        assert_eq!(shown, b"HI\r\nTHERE");
    }

    #[test]
    fn the_answer_to_an_echoed_line_end_is_left_out() {
        let mut shown = Vec::new();
        let (send, input) = sync_channel(1);
        let mut console = UserConsole {
            input,
            next: None,
            ended: false,
            out: &mut shown,
            pending_return: false,
            echoed_line_end: false,
            terminal: true,
            open_line: false,
            failure: None,
        };
        b"> ".iter().for_each(|&b| console.write(b));
        send.send(b'\n').unwrap();
        assert_eq!(console.ready(), Readiness::Byte);
        assert_eq!(console.read(), Input::Byte(CR));
        b"\r\nHI\r\n\r\n".iter().for_each(|&b| console.write(b));
        assert_eq!(console.ready(), Readiness::Nothing);
        drop(send);
        assert_eq!((console.ready(), console.read()), (Readiness::End, Input::End));
        assert_eq!(shown, b"> HI\n\n");
    }
}
