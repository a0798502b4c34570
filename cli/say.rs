//! Standard error: what is said about results, as text or as JSON. Where it is closed, or its disk is full, the work goes on
//! in silence.

use crate::visible::on_stderr;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Says a line, as `eprintln!` does, which ends the process where it fails.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(&format!($($text)*)) };
}
pub(crate) use say;

/// One process runs one command, which has one format.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on everything is said as JSON.
pub fn as_json() {
    JSON.store(true, Ordering::Relaxed);
}

pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// What is said, as `--message-format json` has it: an object a line. docs/json.md describes it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// `error`, `warning`, `note` or `info`.
    pub level: &'static str,
    pub message: Cow<'a, str>,
    /// Errors: which kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In characters, from 1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// mlc is at fault.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bug: bool,
}

impl<'a> Message<'a> {
    /// A line as people read it.
    fn of(text: &'a str) -> Self {
        let levels = [("warning", "warning: "), ("note", "note: ")];
        let found = levels.iter().find_map(|(level, begin)| Some((*level, text.strip_prefix(begin)?)));
        let (level, text) = found.unwrap_or(("info", text));
        Self { level, message: Cow::Borrowed(text), ..Self::default() }
    }

    /// Says it as JSON.
    pub fn say(&self) {
        put(&format!("{}\n", serde_json::to_string(self).expect("a message has string keys only")));
    }
}

/// Says a line.
pub fn line(text: &str) {
    match is_json() {
        true => Message::of(text).say(),
        false => put(&format!("{}\n", on_stderr(text))),
    }
}

/// Says text as it is: what in it comes from outside is visible already.
pub fn put(text: &str) {
    // There is no place left where a failure could be told.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Standard error as a place to write to that never fails; as JSON, a message a line.
#[derive(Default)]
pub struct Said {
    begun: String,
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if !is_json() {
            put(&on_stderr(&text));
            return Ok(bytes.len());
        }
        self.begun += &text;
        while let Some((whole, rest)) = self.begun.split_once('\n') {
            line(whole);
            self.begun = rest.to_string();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            line(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_level() {
        let of = |text| serde_json::to_string(&Message::of(text)).expect("it can be written");
        assert_eq!(of("warning: a \"b\""), r#"{"level":"warning","message":"a \"b\""}"#);
        assert_eq!(of("note: a"), r#"{"level":"note","message":"a"}"#);
        assert_eq!(of("epoch 1: warning: a"), r#"{"level":"info","message":"epoch 1: warning: a"}"#);
    }
}
