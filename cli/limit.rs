//! How long a program may run: from its start or its last input on, so that a chat has no end, and an endless loop has.

use crate::values::whole;
use clap::Args;

/// For a program of its own: more than any network that fits into a machine takes for its longest reply, so that a
/// program made by mlc never meets it.
const DEFAULT: u64 = 10_000_000_000;

#[derive(Debug, Clone, Copy, Args)]
pub struct LimitArg {
    /// End a program that runs for so many cycles without being given input [default: 10000000000; for the program of a
    /// model what its longest reply can take]
    #[arg(long, visible_alias = "max-tstates", value_name = "N", value_parser = whole(1u64, u64::MAX))]
    pub max_cycles: Option<u64>,
}

impl LimitArg {
    /// For a program of its own.
    pub fn of_program(self) -> u64 {
        self.max_cycles.unwrap_or(DEFAULT)
    }
}
