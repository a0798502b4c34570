//! The keyboard and the screen of a home computer, on a console.

use crate::end::End;
use crate::observe::Z80;
use mlc_machine::Observer;
use mlc_machine::{Attended, Console, Input};

/// A key with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Enter,
    Delete,
    /// A printable character of ASCII.
    Character(u8),
}

/// Where a person types lines and reads what the program prints. Enter is `CR` or `LF` on the console, Delete backspace
/// or 7Fh.
pub(crate) struct Terminal<C> {
    pub(crate) console: Attended<C>,
    /// A line is being typed: what the program prints is its echo.
    typing: bool,
}

impl<C: Console> Terminal<C> {
    pub(crate) fn new(console: C) -> Self {
        Terminal { console: Attended::new(console), typing: false }
    }

    /// The next key of a line; waits for it. Bytes that no key gives are passed over.
    pub(crate) fn key(&mut self) -> Result<Key, End> {
        self.typing = true;
        loop {
            return Ok(match self.console.read() {
                Input::End => return Err(End::EndOfInput),
                Input::Byte(b'\r' | b'\n') => Key::Enter,
                Input::Byte(0x08 | 0x7F) => Key::Delete,
                Input::Byte(key @ b' '..=b'~') => Key::Character(key),
                Input::Byte(_) => continue,
            });
        }
    }

    /// The program was given the key that ends the line, at T-state `t`.
    pub(crate) fn line_end(&mut self, t: u64, observer: &mut dyn Observer<Z80>) {
        self.typing = false;
        observer.on_line_end(t);
    }

    /// The program prints `byte` at T-state `t`.
    pub(crate) fn show(&mut self, byte: u8, t: u64, observer: &mut dyn Observer<Z80>) {
        if self.typing {
            self.console.echo(byte);
        } else {
            self.console.write(byte);
            observer.on_console_out(byte, t);
        }
    }
}
