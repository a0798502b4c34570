//! A model that answers on this machine, by the reference interpreter: a token at a time, or by beam search.

use crate::error::CliError;
use crate::talk;
use mlc_compiler::eval::beam::Beam;
use mlc_compiler::eval::{Run, Session};
use mlc_compiler::ir::Graph;
use mlc_compiler::model::Model;
use std::io::Write;

/// What answers.
pub enum Host<'a> {
    Session { graph: &'a Graph, readings: &'a [(String, u16)], session: Session<'a> },
    Beam(Box<Beam<'a>>),
}

/// A reply.
pub struct Said {
    pub text: String,
    pub steps: usize,
    /// What was switched on (`true`) or off, in this order.
    pub switched: Vec<(String, bool)>,
}

impl<'a> Host<'a> {
    /// Takes tokens as the model says; tools read `readings`.
    pub fn session(graph: &'a Graph, readings: &'a [(String, u16)]) -> Self {
        let session = Session::new(graph).reading(readings.to_vec());
        Self::Session { graph, readings, session }
    }

    /// Searches for the likeliest of so many replies.
    pub fn beam(model: &'a Model, graph: &'a Graph, width: usize) -> Self {
        Self::Beam(Box::new(Beam::new(model, graph, width)))
    }

    /// Begins anew, where the model keeps no conversation.
    pub fn begin(&mut self) {
        // A beam does so by itself.
        if let Self::Session { graph, readings, session } = self
            && !graph.keeps_conversation()
        {
            *session = Session::new(graph).reading(readings.to_vec());
        }
    }

    /// Answers a line; shows the reply on `out`, as it comes where a token comes at a time.
    ///
    /// # Errors
    /// Output that cannot be written.
    pub fn ask(&mut self, line: &[u8], out: Option<&mut dyn Write>) -> Result<Said, CliError> {
        match (self, out) {
            (Self::Session { graph, session, .. }, Some(out)) => {
                Ok(said(talk::speak(graph, session, line, out)?))
            }
            (Self::Session { session, .. }, None) => Ok(said(session.ask(line))),
            (Self::Beam(beam), out) => {
                let said = said(beam.ask(line));
                if let Some(out) = out {
                    out.write_all(said.text.as_bytes())?;
                }
                Ok(said)
            }
        }
    }
}

fn said(run: Run) -> Said {
    Said { text: run.text(), steps: run.steps(), switched: run.switched }
}
