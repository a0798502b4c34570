//! Programs of networks on numbers. A processor makes the whole of one, as of a sequence model: the stages of
//! [`crate::stage`] are sums of 16 bits with weights of two, and what plans count are queries of text.
//!
//! What processors have in common is here: `lower` makes a [`Net`] of the model, whose functions of sums are thresholds
//! (`steps`); `memory` says where its arrays lie.

pub mod lower;
pub mod memory;
pub mod net;
pub mod steps;

pub use lower::lower;
pub use net::Net;

use super::{Fragment, Memory, Templates};
use crate::model::{Network, Sensors};
use crate::target::Cpu;
use crate::{CompileError, Request};

/// What a program is made from.
#[derive(Clone, Copy)]
pub struct SensorSite<'a> {
    pub reader: &'a Sensors,
    pub body: &'a Network,
    pub request: &'a Request<'a>,
    pub templates: &'a Templates,
    /// Weights become code where that saves time.
    pub unrolls: bool,
}

/// A program of a network on numbers.
///
/// Its text has the symbols `net_input` (a routine that takes the next value), `net_run` (computes) and `net_logits`
/// (results of 16 bits, their low bytes first), and `logits_ready`, which execution reaches when all are there.
#[derive(Debug, Clone)]
pub struct SensorProgram {
    /// The whole text, and where phases start.
    pub text: Fragment,
    /// Its buffers.
    pub memory: Memory,
    /// Results of a run.
    pub outputs: usize,
    /// What a run is expected to cost, by phase.
    pub costs: Vec<(String, f64)>,
}

/// The program of a network on numbers, whether it fits the target or not.
///
/// # Errors
/// [`CompileError::Sequence`] for something that the kernels do not compute, with its name; a damaged template.
pub fn program(site: &SensorSite) -> Result<SensorProgram, CompileError> {
    match site.request.target.cpu {
        Cpu::Avr(core) => super::avr::sensors::program(site, core),
        Cpu::Z80 => Err(unsupported(site, "networks on numbers")),
    }
}

/// The error for what the kernels of the target do not compute.
pub fn unsupported(site: &SensorSite, what: &str) -> CompileError {
    let (name, target) = (site.request.model.head.name.clone(), site.request.target.name.clone());
    CompileError::Sequence { name, target, what: what.to_string() }
}
