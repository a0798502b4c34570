//! BDOS function 10: reading a line with its editing keys, as the BDOS of CP/M 2.2 does it.

use super::bdos::Services;
use crate::core::Core;
use crate::end::End;
use mlc_machine::{Console, Input};

const CTRL_C: u8 = 0x03;
const CTRL_E: u8 = 0x05;
const BACKSPACE: u8 = 0x08;
const CTRL_P: u8 = 0x10;
const CTRL_R: u8 = 0x12;
const CTRL_U: u8 = 0x15;
const CTRL_X: u8 = 0x18;
const RUBOUT: u8 = 0x7F;

pub(super) enum LineEnd {
    Complete,
    /// ^C at the start of the line.
    WarmBoot,
}

impl<C: Console> Services<C> {
    /// Reads into the buffer at `buffer`: most characters, number read, characters. A line ends with CR or
    /// LF, or when the buffer is full; neither is stored. Bit 7 of what is typed is dropped. The last line of
    /// an input that ends without CR counts as a line.
    ///
    /// A buffer for 0 characters still takes one, as in CP/M 2.2, which compares after storing.
    pub(super) fn line(&mut self, buffer: u16, core: &mut Core) -> Result<LineEnd, End> {
        let most = usize::from(core.memory().byte(buffer)).max(1);
        let mut start = self.column;
        let mut line: Vec<u8> = Vec::with_capacity(most);
        while line.len() < most {
            let byte = match self.console.read() {
                Input::Byte(byte) => byte & 0x7F,
                Input::End if line.is_empty() => return Err(End::EndOfInput),
                Input::End => b'\r',
            };
            match byte {
                b'\r' | b'\n' => break,
                BACKSPACE => {
                    if line.pop().is_some() {
                        self.erase_to(self.column_after(start, &line));
                    }
                }
                RUBOUT => {
                    // For printing terminals: what is rubbed out is shown again.
                    if let Some(last) = line.pop() {
                        self.show(last);
                    }
                }
                CTRL_E => {
                    self.new_line();
                    start = 0;
                }
                // Switches a printer, of which there is none.
                CTRL_P => {}
                CTRL_X => {
                    line.clear();
                    self.erase_to(start);
                }
                CTRL_U => {
                    line.clear();
                    self.start_over(start);
                    start = self.column;
                }
                CTRL_R => {
                    self.start_over(start);
                    line.iter().for_each(|&byte| self.show(byte));
                }
                _ => {
                    line.push(byte);
                    self.show(byte);
                    if byte == CTRL_C && line.len() == 1 {
                        return Ok(LineEnd::WarmBoot);
                    }
                }
            }
        }
        // No more than `most` characters, which came from a byte (or is 1).
        core.write(buffer.wrapping_add(1), line.len() as u8);
        let mut at = buffer.wrapping_add(2);
        for byte in line {
            core.write(at, byte);
            at = at.wrapping_add(1);
        }
        self.echo(b'\r');
        Ok(LineEnd::Complete)
    }

    /// Echoes a character of the line: tabs as spaces, other control characters as `^` and a letter.
    fn show(&mut self, byte: u8) {
        match byte {
            b'\t' => {
                self.echo(b' ');
                while !self.column.is_multiple_of(8) {
                    self.echo(b' ');
                }
            }
            0..b' ' => {
                self.echo(b'^');
                self.echo(byte | 0x40);
            }
            _ => self.echo(byte),
        }
    }

    /// Where the cursor stands after `line` when the line began at column `start`.
    fn column_after(&self, start: u8, line: &[u8]) -> u8 {
        line.iter().fold(start, |column, &byte| match byte {
            b'\t' => (column | 7).wrapping_add(1),
            0..b' ' => column.wrapping_add(2),
            _ => column.wrapping_add(1),
        })
    }

    fn erase_to(&mut self, column: u8) {
        while self.column > column {
            for byte in [BACKSPACE, b' ', BACKSPACE] {
                self.echo(byte);
            }
        }
    }

    /// `#` behind what is no longer valid, and a new line that begins under the old one.
    fn start_over(&mut self, start: u8) {
        self.echo(b'#');
        self.new_line();
        while self.column < start {
            self.echo(b' ');
        }
    }

    fn new_line(&mut self) {
        self.echo(b'\r');
        self.echo(b'\n');
    }
}
