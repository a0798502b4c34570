//! The Z80's kernels as the planner sees them: bytes and T-states.

mod cost;
pub mod lists;
mod size;

pub use cost::predict;
pub use size::{buffer_bytes, shared_bytes};

use super::Offer;
use super::network::Network;
use super::stats::Stats;
use crate::ir::Form;

/// What each form would need for a stage.
pub fn offers(network: &Network, stats: &Stats, stage: usize) -> Vec<Offer> {
    let offer = |form| Offer {
        form,
        bytes: size::weight_bytes(network, stage, form),
        cost: cost::stage_cost(network, stats, stage, form).total() / stats.steps.max(1) as f64,
    };
    Form::ALL.map(offer).to_vec()
}
