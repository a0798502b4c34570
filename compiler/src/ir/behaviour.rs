//! What operations do besides computing a value of their operands: states, effects, and values that vary.

use super::{Op, StateId};

impl Op {
    /// The state that it reads or changes.
    pub fn state(&self) -> Option<StateId> {
        match self {
            Self::Read { state }
            | Self::Push { state, .. }
            | Self::Write { state, .. }
            | Self::Feed { state, .. }
            | Self::Turn { state, .. }
            | Self::Act { state, .. }
            | Self::Random { state }
            | Self::Choose { state, .. }
            | Self::Prior { state, .. }
            | Self::Take { state }
            | Self::Position { state }
            | Self::Waiting { state }
            | Self::Append { state, .. } => Some(*state),
            _ => None,
        }
    }

    /// Whether it does something besides computing a value: it stays where it is, and stays at all.
    pub fn has_effect(&self) -> bool {
        matches!(
            self,
            Self::Query { as_typed: true, .. }
                // A line that is something else ends the run.
                | Self::Measure { .. }
                | Self::ArgMax { .. }
                | Self::Decide { .. }
                | Self::Numbers { .. }
                | Self::Loop { .. }
                | Self::ExitIf { .. }
                | Self::Emit { .. }
                | Self::Push { .. }
                | Self::Write { .. }
                | Self::Feed { .. }
                | Self::Turn { .. }
                | Self::Act { .. }
                | Self::Random { .. }
                | Self::Choose { .. }
                | Self::Take { .. }
                | Self::Append { .. }
        )
    }

    /// Whether its value can be another one in each round, though its operands are the same.
    pub fn varies(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Position { .. } | Self::Waiting { .. } | Self::Prior { .. } => true,
            Self::Constant { values } => values.len() > 1,
            _ => false,
        }
    }
}
