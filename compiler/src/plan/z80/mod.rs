//! The Z80's kernels as the planner sees them: bytes and T-states.

mod cost;
mod hashing;
pub mod lists;
mod size;
pub mod starts;

pub use cost::{PRICES, predict};
pub use hashing::wide_hash;
pub use size::{buffer_bytes, shared_bytes};

use super::Offer;
use super::narrow::Narrow;
use super::network::Stage;
use super::stats::Stats;
use crate::ir::Form;

/// What each form would need for stage `index`, as it is and with shared sums.
pub fn offers(
    plain: &Stage,
    shared: &Stage,
    narrow: Option<&Narrow>,
    stats: &Stats,
    index: usize,
) -> Vec<Offer> {
    let offer = |form| {
        let stage = if form == Form::Shared { shared } else { plain };
        let cost = cost::stage_cost(stage, narrow, stats, index, form).total() / stats.steps.max(1) as f64;
        Offer { form, bytes: size::weight_bytes(stage, form), cost }
    };
    Form::ALL.map(offer).to_vec()
}
