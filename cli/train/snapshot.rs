//! Keeps the best network so far on the disk while training goes on, so that whatever ends it leaves a whole model.

use crate::error::CliError;
use crate::{adapter, files};
use mlc_compiler::import;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::Event;
use mlc_trainer::sequence::Adapter;
use std::path::Path;
use std::time::{Duration, Instant};

/// Time between two snapshots, at least: writing and syncing must not slow training down.
const INTERVAL: Duration = Duration::from_secs(2);

/// What is to be written.
enum Waiting {
    Model(Box<Model>),
    Adapter(Adapter),
}

impl Waiting {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Model(model) => import::ron::write(model).into_bytes(),
            Self::Adapter(adapter) => adapter::bytes(adapter),
        }
    }
}

/// Writes snapshots to where the model goes in the end.
pub struct Snapshots<'a> {
    path: &'a Path,
    /// The best network, if it is not on the disk yet.
    waiting: Option<Waiting>,
    /// When the last one was written, or could not be.
    last: Option<Instant>,
    failing: bool,
    /// Whether something that this training does not go on with may still be where the model goes.
    keeps: bool,
}

impl<'a> Snapshots<'a> {
    pub fn new(path: &'a Path) -> Self {
        let keeps = !files::is_replaced(path);
        Self { path, waiting: None, last: None, failing: false, keeps }
    }

    /// Writes the file, and says what that means for what was there: what another training or another hand had left
    /// there is kept beside it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, bytes: Vec<u8>, say: &dyn Fn(&str)) -> Result<(), CliError> {
        if std::mem::take(&mut self.keeps) {
            files::keep_and_tell(self.path, say);
        }
        files::write(self.path, bytes)
    }

    /// Takes note of an event, and writes the best network if there is a new one and time has passed. Where networks are a
    /// base with an adapter, that is written.
    ///
    /// # Errors
    /// It cannot be written: the first time only, so that a full disk is said once. What was there stays whole, and
    /// the next network is tried again.
    pub fn see<M>(
        &mut self,
        event: &Event<M>,
        adapter: Option<&Adapter>,
        say: &dyn Fn(&str),
    ) -> Result<(), CliError> {
        if let Event::Best { model, .. } = event {
            self.waiting = Some(match adapter {
                Some(adapter) => Waiting::Adapter(adapter.clone()),
                None => Waiting::Model(Box::new((*model).clone())),
            });
        }
        if self.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return Ok(());
        }
        let Some(waiting) = self.waiting.take() else { return Ok(()) };
        let written = self.write(waiting.bytes(), say);
        self.last = Some(Instant::now());
        let known = std::mem::replace(&mut self.failing, written.is_err());
        if known { Ok(()) } else { written }
    }
}
