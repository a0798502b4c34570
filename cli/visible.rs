//! Shows what models, data, prompts and programs say, so that nothing in it moves a terminal's cursor or sets a colour.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

/// The text with control characters as `\x1B`, and those that turn the direction of writing as `\u{202E}`. Ends of
/// lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(hidden) {
        true => Cow::Owned(shown(text, |_| false)),
        false => Cow::Borrowed(text),
    }
}

/// [`visible`] where standard error is a terminal. Elsewhere, in files and pipes, every byte stays.
pub fn on_stderr(text: &str) -> Cow<'_, str> {
    if io::stderr().is_terminal() { visible(text) } else { Cow::Borrowed(text) }
}

fn hidden(c: char) -> bool {
    let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && c != '\n' && c != '\t'
}

fn shown(text: &str, keeps: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            _ if !hidden(c) || keeps(c) => out.push(c),
            code @ ..=0xFF => out += &format!("\\x{code:02X}"),
            code => out += &format!("\\u{{{code:04X}}}"),
        }
    }
    out
}

/// Standard output for results.
pub fn standard_output() -> Box<dyn Write> {
    on_stdout(|_| false)
}

/// Standard output for a program that has a console: it may go back in its line, to show progress and to rub out.
pub fn console_output() -> Box<dyn Write> {
    on_stdout(|c| matches!(c, '\r' | '\u{8}'))
}

fn on_stdout(keeps: fn(char) -> bool) -> Box<dyn Write> {
    match io::stdout().is_terminal() {
        true => Box::new(Visible { to: io::stdout(), keeps, begun: Vec::new() }),
        false => Box::new(io::stdout()),
    }
}

/// Passes UTF-8 on, with what a terminal would hide or obey made visible.
struct Visible<W> {
    to: W,
    keeps: fn(char) -> bool,
    /// The first bytes of a character whose others are still to come.
    begun: Vec<u8>,
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend(bytes);
        let mut text = String::new();
        let begun = std::mem::take(&mut self.begun);
        for part in begun.utf8_chunks() {
            text += &shown(part.valid(), self.keeps);
            // The last chunk may be the beginning of a character; what comes before another one is none.
            let at_end = part.invalid().as_ptr_range().end == begun.as_ptr_range().end;
            let cut = std::str::from_utf8(part.invalid()).is_err_and(|e| e.error_len().is_none());
            match at_end && cut {
                true => self.begun = part.invalid().to_vec(),
                false => part.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02X}")),
            }
        }
        self.to.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("\u{1b}[31mred\u{7f}\r\n\ta"), "\\x1B[31mred\\x7F\\x0D\n\ta");
        assert_eq!(visible("\u{9b}2J \u{202e}abc"), "\\x9B2J \\u{202E}abc");
        assert!(matches!(visible("plain, gr\u{fc}n \u{2192} 100 %\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_writer_keeps_what_it_may_and_puts_characters_together() {
        let written = |parts: &[&[u8]], keeps| {
            let mut out = Vec::new();
            let mut writer = Visible { to: &mut out, keeps, begun: Vec::new() };
            parts.iter().for_each(|part| writer.write_all(part).unwrap());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&[b"a\x08\r\x1b[K\n"], |_| false), "a\\x08\\x0D\\x1B[K\n");
        assert_eq!(written(&[b"a\x08\r\x1b[K\n"], |c| matches!(c, '\r' | '\u{8}')), "a\u{8}\r\\x1B[K\n");
        // U+009B in two parts, an arrow in three, and a byte that begins nothing.
        assert_eq!(written(&[b"\xC2", b"\x9b", b"\xE2", b"\x86", b"\x92"], |_| false), "\\x9B\u{2192}");
        assert_eq!(written(&[b"\xFFa", b"\xC2", b"b"], |_| false), "\\xFFa\\xC2b");
    }
}
