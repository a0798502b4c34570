//! What the simulated machines have in common, whatever their processor: a console, how runs end, names for
//! addresses, clock cycles added up by phase or by instruction and caller, and values that nobody may rely on.

mod calls;
mod console;
mod end;
mod junk;
mod observe;
mod phase;
mod profile;
mod symbols;

pub use calls::{Call, Return};
pub use console::{Attended, Console, Input, Readiness, Script};
pub use end::{End, Fault, Limit, State, resume, run_to_end};
pub use junk::Junk;
pub use observe::{NoObserver, Observer, Pins, Processor};
pub use phase::PhaseCounter;
pub use profile::{Context, Count, Profiler};
pub use symbols::{Address, Location, Symbols};
