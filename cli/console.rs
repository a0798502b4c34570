//! Consoles for the simulated machine: one that keeps a reply, and the user's terminal or pipe.

use crate::error::CliError;
use mlc_runtime_z80::{Console, Input, Readiness};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// Types what it is given and keeps what the program answers. The answer can be shown while it comes, without what the
/// program writes behind it.
pub struct ReplyConsole<'a> {
    input: VecDeque<u8>,
    /// Lines that are typed when the program asks again, and the answers to those before.
    more: VecDeque<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    /// What the program writes before its answer, and behind it.
    before: &'static [u8],
    after: &'static [u8],
    written: Vec<u8>,
    live: Option<&'a mut dyn Write>,
    /// How much of the answer was shown.
    shown: usize,
    /// The first failure to show something; the run goes on without showing.
    pub failure: Option<io::Error>,
}

impl<'a> ReplyConsole<'a> {
    /// Of a program that has its query already and answers it with a line.
    pub fn answering(live: Option<&'a mut dyn Write>) -> Self {
        Self {
            input: VecDeque::new(),
            more: VecDeque::new(),
            answers: Vec::new(),
            before: b"",
            after: b"\r\n",
            written: Vec::new(),
            live,
            shown: 0,
            failure: None,
        }
    }

    /// Of a program that asks with `> ` for a line, answers it with a line, and asks again. `echo` is what it shows of the
    /// end of the line that is typed.
    pub fn asked(line: &[u8], echo: &'static [u8], live: Option<&'a mut dyn Write>) -> Self {
        let input = line.iter().copied().chain([CR]).collect();
        Self { input, before: echo, after: b"\r\n> ", ..Self::answering(live) }
    }

    /// Of a program that is asked several lines, one after the other: at least one.
    pub fn session(lines: &[&[u8]], echo: &'static [u8], live: Option<&'a mut dyn Write>) -> Self {
        let (first, rest) = lines.split_first().map_or((&b""[..], lines), |(first, rest)| (*first, rest));
        let more = rest.iter().map(|line| line.to_vec()).collect();
        Self { more, ..Self::asked(first, echo, live) }
    }

    /// The answer, the last one where there are several.
    pub fn reply(&self) -> &[u8] {
        let reply = self.written.strip_prefix(self.before).unwrap_or(&self.written);
        match reply.strip_suffix(self.after) {
            Some(reply) => reply,
            // A program that has nothing to say asks again at once.
            None if reply == self.bare() => b"",
            None => reply,
        }
    }

    /// What the program writes before the next question, without the end of the line of its answer.
    fn bare(&self) -> &'static [u8] {
        self.after.strip_prefix(b"\r\n").unwrap_or(self.after)
    }

    /// All answers, in order.
    pub fn answers(&self) -> Vec<Vec<u8>> {
        self.answers.iter().cloned().chain([self.reply().to_vec()]).collect()
    }

    /// Types the next line, if there is one.
    fn turn(&mut self) -> bool {
        let Some(line) = self.more.pop_front() else { return false };
        self.answers.push(self.reply().to_vec());
        self.show(b"\n");
        self.shown = 0;
        self.input = line.into_iter().chain([CR]).collect();
        true
    }

    /// Ends the last answer that is shown.
    pub fn end_line(&mut self) {
        self.show(b"\n");
    }

    fn show(&mut self, bytes: &[u8]) {
        let text: String = bytes.iter().map(|&b| char::from(b)).collect();
        if let (Some(live), None) = (&mut self.live, &self.failure) {
            self.failure = live.write_all(text.as_bytes()).and_then(|()| live.flush()).err();
        }
    }

    /// The part of the answer that certainly is not the text that the program writes behind it.
    fn certain(&self) -> &[u8] {
        let Some(text) = self.written.strip_prefix(self.before) else { return b"" };
        // A program that has nothing to say asks again at once.
        if self.bare().starts_with(text) {
            return b"";
        }
        let held = (0..=self.after.len()).rev().find(|&n| text.ends_with(&self.after[..n]));
        &text[..text.len() - held.unwrap_or(0)]
    }
}

impl Console for ReplyConsole<'_> {
    fn read(&mut self) -> Input {
        match self.input.pop_front() {
            Some(byte) => {
                // What was written so far came before the question.
                self.written.clear();
                Input::Byte(byte)
            }
            None if self.turn() => self.read(),
            None => Input::End,
        }
    }

    fn ready(&mut self) -> Readiness {
        if self.input.is_empty() && self.more.is_empty() { Readiness::End } else { Readiness::Byte }
    }

    fn write(&mut self, byte: u8) {
        self.written.push(byte);
        if !self.input.is_empty() {
            return;
        }
        let certain = self.certain();
        let text = certain[self.shown.min(certain.len())..].to_vec();
        self.shown = self.shown.max(certain.len());
        if !text.is_empty() {
            self.show(&text);
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
        Self::with(input, out, terminal)
    }

    /// Types lines in the place of standard input.
    pub fn typed(out: &'a mut dyn Write, lines: &[String]) -> Self {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| line.bytes().chain([LF])).collect();
        let (send, input) = sync_channel(bytes.len());
        for byte in bytes {
            send.send(byte).expect("there is a place for each byte, and the other end is here");
        }
        Self::with(input, out, false)
    }

    fn with(input: Receiver<u8>, out: &'a mut dyn Write, terminal: bool) -> Self {
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
        let mut console = ReplyConsole::answering(Some(&mut shown));
        b"HI\r\nTHERE\r\n".iter().for_each(|&b| console.write(b));
        assert_eq!(console.reply(), b"HI\r\nTHERE");
        assert!(console.failure.is_none());
        assert_eq!(shown, b"HI\r\nTHERE");
    }

    #[test]
    fn a_reply_is_what_stands_between_the_typed_line_and_the_next_prompt() {
        let mut shown = Vec::new();
        let mut console = ReplyConsole::asked(b"you", b"\r\n", Some(&mut shown));
        b"title\r\n> ".iter().for_each(|&b| console.write(b));
        for key in b"you\r" {
            assert_eq!((console.ready(), console.read()), (Readiness::Byte, Input::Byte(*key)));
        }
        b"\r\nME\r\n>\r\n> ".iter().for_each(|&b| console.write(b));
        assert_eq!((console.ready(), console.read()), (Readiness::End, Input::End));
        assert_eq!(console.reply(), b"ME\r\n>");
        assert!(console.failure.is_none());
        assert_eq!(shown, b"ME\r\n>");
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
