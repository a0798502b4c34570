//! What the simulated machines have in common, whatever their processor: a console, names for addresses,
//! clock cycles added up by phase, and values that nobody may rely on.

mod console;
mod junk;
mod phase;
mod symbols;

pub use console::{Console, Input, Readiness, Script};
pub use junk::Junk;
pub use phase::PhaseCounter;
pub use symbols::{Address, Location, Symbols};
