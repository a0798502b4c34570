//! Talking to the reference interpreter: a session, and its replies while they come.

use crate::error::CliError;
use mlc_compiler::eval::{self, Run, Session, Value};
use mlc_compiler::ir::Graph;
use std::io::{self, Write};

/// Asks a query and shows the reply as it comes; gives the run. Text is shown from whole characters of UTF-8.
///
/// # Errors
/// Output that cannot be written; the reply is computed to its end all the same.
pub fn speak(
    graph: &Graph,
    session: &mut Session,
    query: &[u8],
    out: &mut dyn Write,
) -> Result<Run, CliError> {
    let shown = if eval::reads_as_typed(graph) { eval::shown(graph) } else { Vec::new() };
    let mut text = Pieces { bytes: Vec::new(), some: false, out, failure: None };
    let run = session.observed(query, &mut |id, value| {
        if let (true, Value::Text(piece)) = (shown.contains(&id), value) {
            text.push(piece);
        }
    });
    let is_shown = text.some;
    text.finish()?;
    // A line that a network cannot read has an answer that no node makes.
    if !is_shown {
        out.write_all(run.text().as_bytes())?;
    }
    Ok(run)
}

/// Bytes of a text that come in pieces, which may end inside a character.
struct Pieces<'a> {
    bytes: Vec<u8>,
    /// There was a piece.
    some: bool,
    out: &'a mut dyn Write,
    failure: Option<io::Error>,
}

impl Pieces<'_> {
    fn push(&mut self, piece: &[u8]) {
        self.some = true;
        self.bytes.extend(piece);
        // What is no UTF-8 at all is shown as such; what may still become a character waits.
        let whole = match std::str::from_utf8(&self.bytes) {
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            Ok(_) | Err(_) => self.bytes.len(),
        };
        let rest = self.bytes.split_off(whole);
        self.write();
        self.bytes = rest;
    }

    fn write(&mut self) {
        if self.failure.is_none() && !self.bytes.is_empty() {
            let text = String::from_utf8_lossy(&self.bytes);
            self.failure = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).err();
        }
    }

    fn finish(mut self) -> Result<(), CliError> {
        self.write();
        self.failure.map_or(Ok(()), |e| Err(e.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_shown_whole() {
        let mut out = Vec::new();
        let mut text = Pieces { bytes: Vec::new(), some: false, out: &mut out, failure: None };
        for piece in [&b"a\xe2"[..], b"\x82", b"\xac", b"\xffb", b"\xc3"] {
            text.push(piece);
        }
        text.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a€\u{fffd}b\u{fffd}");
    }
}
