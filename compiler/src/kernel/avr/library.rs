//! What entry points for a program in C are told: the context of `call.S`.

use super::core::reads_far;
use crate::Request;
use crate::stage::label;
use crate::target::Cpu;
use serde::Serialize;

/// How C calls a network.
#[derive(Serialize)]
pub struct Library {
    /// What the names of its functions begin with.
    name: String,
    /// Characters of a line at most; 0 of networks on numbers.
    longest: u8,
    /// Whether there is RAMPZ, for more than 64 KiB of flash.
    far_data: bool,
}

impl Library {
    pub fn of(request: &Request, longest: u8) -> Self {
        let far_data = matches!(request.target.cpu, Cpu::Avr(core) if reads_far(core));
        Self { name: format!("net_{}", label(&request.model.head.name)), longest, far_data }
    }
}
