//! Which system each machine has: the one place that asks which machine it is.

use super::system::System;
use super::{avr, called, cpc, cpm, msx, spectrum};
use mlc_compiler::Target;
use mlc_compiler::target::Machine;

/// The system of a target's machine.
pub fn system(target: &Target) -> &'static System {
    match target.machine {
        Machine::Cpm => &cpm::SYSTEM,
        Machine::Spectrum48 => &spectrum::SYSTEM,
        Machine::Spectrum128 => &spectrum::SYSTEM_128,
        Machine::Cpc464 => &cpc::SYSTEM,
        Machine::Cpc6128 => &cpc::SYSTEM_6128,
        Machine::Msx => &msx::SYSTEM,
        Machine::Avr if target.is_library() => &called::SYSTEM,
        Machine::Avr => &avr::SYSTEM,
    }
}
