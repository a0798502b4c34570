//! Programs of networks on numbers. A processor makes the whole of one, as of a sequence model: the stages of
//! [`crate::stage`] are sums of 16 bits with weights of two, and what plans count are queries of text.
//!
//! What processors have in common is here: `lower` makes a [`Net`] of the model, whose functions of sums are thresholds
//! (`steps`); `memory` says where its arrays lie, `rows` how they are computed row by row, `border` what is around them, `place` where steps read and write,
//! `forest` how trees are laid out, `about` what is said of them.

pub mod about;
pub mod border;
pub mod divide;
pub mod forest;
pub mod lower;
pub mod memory;
pub mod net;
pub mod place;
pub mod rows;
pub mod steps;

pub use lower::lower;
pub use net::Net;

use super::flow::Facts;
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
    pub pace: Pace,
    /// Rows are computed while they come, and only those kept that are still read: where the processor can, and it saves memory.
    pub rows: bool,
}

/// How much a program may take to be fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Weights become code where that saves time.
    Fastest,
    /// Only those that a window reads again and again.
    Fast,
    /// None.
    Plain,
    /// The smallest of all.
    Smallest,
}

impl Pace {
    /// The next one, which takes less.
    pub fn slower(self) -> Option<Self> {
        match self {
            Self::Fastest => Some(Self::Fast),
            Self::Fast => Some(Self::Plain),
            Self::Plain => Some(Self::Smallest),
            Self::Smallest => None,
        }
    }

    /// Whether what is compared is code, which takes more than tables.
    pub fn compares(self) -> bool {
        matches!(self, Self::Fastest | Self::Fast)
    }

    /// Whether code is worth its bytes that saves so many T-states of a run.
    pub fn takes(self, saved: f64, bytes: usize) -> bool {
        let worth = match self {
            Self::Fastest => 1.0,
            Self::Fast => 20.0,
            Self::Plain | Self::Smallest => return false,
        };
        saved > worth * bytes as f64
    }
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
    pub costs: Costs,
    /// Where it computes rows while they come: what is told of that.
    pub rows: Option<about::Told>,
}

/// What a run is expected to cost.
#[derive(Debug, Clone)]
pub enum Costs {
    /// Cycles by phase.
    Known(Vec<(String, f64)>),
    /// What is known of the program's jumps: its own instructions are asked, from `net_run` to `logits_ready`.
    Jumps(Facts),
}

/// The program of a network on numbers, whether it fits the target or not.
///
/// # Errors
/// [`CompileError::Sequence`] for something that the kernels do not compute, with its name; a damaged template.
pub fn program(site: &SensorSite) -> Result<SensorProgram, CompileError> {
    match site.request.target.cpu {
        Cpu::Avr(core) => super::avr::sensors::program(site, core),
        Cpu::Z80 => super::z80::sensors::program(site),
    }
}

/// Whether the processor can compute rows while they come, and memory is saved by it.
pub fn can_take_rows(site: &SensorSite) -> bool {
    let is_avr = matches!(site.request.target.cpu, Cpu::Avr(_));
    is_avr && lower(site.reader, site.body).is_ok_and(|net| rows::Rows::smallest(&net).is_some())
}

/// The error for what the kernels of the target do not compute.
pub fn unsupported(site: &SensorSite, what: &str) -> CompileError {
    let (name, target) = (site.request.model.head.name.clone(), site.request.target.name.clone());
    CompileError::Sequence { name, target, what: what.to_string() }
}
