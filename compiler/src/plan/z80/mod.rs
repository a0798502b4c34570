//! The Z80's kernels as the planner sees them: bytes and T-states.

mod cost;
mod gaps;
mod hashing;
pub mod lists;
mod quick;
mod size;
pub mod starts;

pub use hashing::wide_hash;

use super::memory::{self, Memory};
use super::narrow::Narrow;
use super::network::{Network, Source, Stage};
use super::processor::{Processor, Unit};
use super::share::Prices;
use super::stats::Stats;
use super::{Offer, Prediction};
use crate::ir::Form;
use crate::target::Target;
use quick::Quick;

/// The kernels in `templates/z80`.
pub struct Z80;

impl Processor for Z80 {
    fn prices(&self) -> Prices {
        cost::PRICES
    }

    fn offers(
        &self,
        plain: &Stage,
        shared: &Stage,
        narrow: Option<&Narrow>,
        stats: &Stats,
        index: usize,
    ) -> Vec<Offer> {
        let offer = |form| {
            let stage = if form == Form::Shared { shared } else { plain };
            let cost = cost::stage_cost(stage, narrow, stats, index, form).total();
            let bytes = size::weight_bytes(stage, form);
            Offer { form, bytes, cost: cost / stats.steps.max(1) as f64 }
        };
        Form::ALL.map(offer).to_vec()
    }

    fn takes_prefix(&self, source: Source) -> bool {
        // A record of eight bytes for each number of spaces; the loop over positions is there from three characters on.
        matches!(source, Source::Ngrams { buckets, length: 3..=32, .. } if !wide_hash(buckets))
    }

    fn shared_bytes(&self, network: &Network, narrow: Option<&Narrow>, forms: &[Form]) -> usize {
        size::shared_bytes(network, narrow, forms)
    }

    /// Memory that a program leaves free serves nobody.
    fn slack(&self) -> f64 {
        1.0
    }

    fn counts_long_queries(&self) -> bool {
        true
    }

    fn layout(&self, network: &Network, narrow: Option<&Narrow>, target: &Target, _longest: u8) -> Memory {
        memory::layout(network, narrow, target.stack.into())
    }

    fn buffer_bytes(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        target: &Target,
        _longest: u8,
    ) -> usize {
        size::buffer_bytes(network, narrow, target)
    }

    fn predict(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        bytes: usize,
    ) -> Prediction {
        cost::predict(network, narrow, stats, forms, bytes)
    }

    fn quick_columns(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        room: usize,
    ) -> Vec<Vec<bool>> {
        Quick { network, narrow, stats, forms }.choose(room)
    }

    fn quick_saving(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        quick: &[Vec<bool>],
    ) -> Vec<f64> {
        let mixed = Quick { network, narrow, stats, forms };
        let steps = stats.steps.max(1) as f64;
        quick.iter().enumerate().map(|(i, columns)| mixed.saving(i, columns) / steps).collect()
    }

    fn unit(&self) -> Unit {
        Unit { short: "T", long: "T-states" }
    }
}
