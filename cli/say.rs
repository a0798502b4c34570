//! Standard error: what is said about results. Where it is closed, or its disk is full, the work goes on in silence.

use crate::visible::on_stderr;
use std::io::{self, Write};

/// Says a line, as `eprintln!` does, which ends the process where it fails.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(&format!($($text)*)) };
}
pub(crate) use say;

/// Says a line.
pub fn line(text: &str) {
    put(&format!("{}\n", on_stderr(text)));
}

/// Says text as it is: what in it comes from outside is visible already.
pub fn put(text: &str) {
    // There is no place left where a failure could be told.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Standard error as a place to write to that never fails.
pub struct Said;

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        put(&on_stderr(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
