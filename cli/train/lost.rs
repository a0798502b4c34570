//! Files that a training could not write. The others are written all the same, and the report is printed.

use crate::error::{self, CliError};

/// Files that could not be written.
#[derive(Default)]
pub struct Lost(Vec<CliError>);

impl Lost {
    /// Takes note of a file; `None` where it could not be written.
    pub fn note(&mut self, written: Result<(), CliError>) -> Option<()> {
        written.map_err(|e| self.0.push(e)).ok()
    }

    /// # Errors
    /// The last of them, after the others were said.
    pub fn end(mut self) -> Result<(), CliError> {
        let Some(last) = self.0.pop() else { return Ok(()) };
        self.0.iter().for_each(error::say);
        Err(last)
    }
}
