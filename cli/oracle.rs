//! What a machine's answers are compared with.

use crate::error::CliError;
use crate::tools::Readings;
use mlc_compiler::CompileError;
use mlc_compiler::eval::beam::{self, Beam};
use mlc_compiler::eval::{Run, Session};
use mlc_compiler::ir::Graph;
use mlc_compiler::model::Model;

/// What answers lines, one after the other.
pub type Asked<'a> = Box<dyn FnMut(&[u8]) -> Run + 'a>;

/// What says what is right.
pub struct Oracle {
    pub graph: Graph,
    /// Replies that grow side by side, if the model is to be asked so.
    beam: Option<u8>,
}

impl Oracle {
    /// Of a model.
    ///
    /// # Errors
    /// A model that was never checked.
    pub fn new(model: &Model) -> Result<Self, CliError> {
        let beam = model.sequence().and_then(|(.., story)| story.choice.beam);
        let graph = match beam {
            Some(_) => beam::graph(model).map_err(CompileError::from)?,
            None => mlc_compiler::reference(model)?,
        };
        Ok(Self { graph, beam })
    }

    /// What answers the lines of a session that begins.
    pub fn asked<'a>(&'a self, model: &'a Model, readings: &Readings) -> Asked<'a> {
        match self.beam {
            Some(width) => {
                let mut beam = Beam::new(model, &self.graph, width.into());
                Box::new(move |line| beam.ask(line))
            }
            None => {
                let mut session = Session::new(&self.graph).reading(readings.values.clone());
                Box::new(move |line| session.ask(line))
            }
        }
    }
}
