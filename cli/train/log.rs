//! The log of a training, a row an epoch, for spreadsheets (.csv) and notebooks (.jsonl).

use crate::args::{LogFile, LogFormat};
use crate::error::CliError;
use crate::files;
use mlc_trainer::outcome::EpochRow;
use mlc_trainer::{Measure, log};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// An open log. Every row is in the file as soon as its epoch is over.
pub struct Log {
    file: File,
    path: PathBuf,
    format: LogFormat,
    /// What went wrong first; nothing is written after it.
    failed: Option<CliError>,
}

#[derive(Serialize)]
struct Row<'a, M> {
    seed: u64,
    #[serde(flatten)]
    row: &'a EpochRow<M>,
}

impl Log {
    /// Starts a new log; an old one of that name is lost.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create<M: Measure>(log: &LogFile) -> Result<Self, CliError> {
        let path: &Path = &log.path;
        let file = files::create(path)?;
        let mut log = Self { file, path: path.to_path_buf(), format: log.format, failed: None };
        if log.format == LogFormat::Csv {
            log.write(&format!("seed,{}", log::csv_header::<M>()));
        }
        Ok(log)
    }

    pub fn row<M: Measure + Serialize>(&mut self, seed: u64, row: &EpochRow<M>) {
        let line = match self.format {
            LogFormat::Csv => format!("{seed},{}", log::csv(row)),
            LogFormat::JsonLines => {
                let row = serde_json::to_string(&Row { seed, row });
                row.expect("a row has string keys only, so that it always serializes") + "\n"
            }
        };
        self.write(&line);
    }

    /// A full disk must not end a training of minutes: it shows at the end.
    fn write(&mut self, text: &str) {
        if self.failed.is_none()
            && let Err(e) = self.file.write_all(text.as_bytes())
        {
            self.failed = Some(files::unwritable(&self.path, &e));
        }
    }

    /// # Errors
    /// What went wrong on the way.
    pub fn finish(self) -> Result<(), CliError> {
        self.failed.map_or(Ok(()), Err)
    }
}
