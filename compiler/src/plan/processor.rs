//! What the planner asks of a processor: all that differs from one to another before text is rendered.

use super::memory::Memory;
use super::narrow::Narrow;
use super::network::{Network, Source, Stage};
use super::share::Prices;
use super::stats::Stats;
use super::{Offer, Prediction, avr, z80};
use crate::ir::Form;
use crate::target::{Cpu, Target};

/// A processor's kernels: what they cost, how large they are, how their memory is laid out.
pub trait Processor {
    /// What sharing sums trades, and how many accumulators a stage may have with them.
    fn prices(&self) -> Prices;

    /// For each form in [`Form::ALL`], what it would need for stage `index`, as it is or with shared sums.
    fn offers(
        &self,
        plain: &Stage,
        shared: &Stage,
        narrow: Option<&Narrow>,
        stats: &Stats,
        index: usize,
    ) -> Vec<Offer>;

    /// Whether the kernels can begin to count n-grams behind the spaces that a window starts with.
    fn takes_prefix(&self, source: Source) -> bool {
        let _ = source;
        false
    }

    /// Whether stages in a form can have byte accumulators.
    fn counts(&self, form: Form) -> bool {
        form.can_count()
    }

    /// Whether byte accumulators can count queries in pieces: [`super::narrow::Long`].
    fn counts_long_queries(&self) -> bool;

    /// How much slower than the fastest a plan may be if it is smaller: what is left over may be worth more.
    fn slack(&self) -> f64;

    /// Bytes of the image that no offer has: code that stages share, start values, texts. Estimated.
    fn shared_bytes(&self, network: &Network, narrow: Option<&Narrow>, forms: &[Form]) -> usize;

    /// Where the buffers lie. `longest`: bytes of the longest query.
    fn layout(&self, network: &Network, narrow: Option<&Narrow>, target: &Target, longest: u8) -> Memory;

    /// Bytes of memory that the buffers take, what is lost before their first page included.
    fn buffer_bytes(&self, network: &Network, narrow: Option<&Narrow>, target: &Target, longest: u8)
    -> usize;

    /// Cost of a step by phase. `bytes`: the estimated size, which the prediction passes on.
    fn predict(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        bytes: usize,
    ) -> Prediction;

    /// For each stage, the columns that take a faster form than the rest of the stage within `room` more bytes; empty
    /// where there are none. Without such kernels there never are.
    fn quick_columns(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        room: usize,
    ) -> Vec<Vec<bool>> {
        let _ = (narrow, stats, forms, room);
        vec![vec![]; network.stages.len()]
    }

    /// Cycles a step that quick columns take less than [`Processor::predict`] says, for each stage.
    fn quick_saving(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        quick: &[Vec<bool>],
    ) -> Vec<f64> {
        let _ = (network, narrow, stats, forms);
        vec![0.0; quick.len()]
    }

    /// The same kernels, where shared code may be anywhere in the image. `None` where it always may.
    fn far(&self) -> Option<&'static dyn Processor> {
        None
    }

    /// The processor's unit of time, for tables: one cycle, and many.
    fn unit(&self) -> Unit;
}

/// How tables name a processor's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Behind a number: `T`.
    pub short: &'static str,
    /// In a sentence: `T-states`.
    pub long: &'static str,
}

/// The kernels of a processor.
pub fn processor(cpu: Cpu) -> &'static dyn Processor {
    match cpu {
        Cpu::Z80 => &z80::Z80,
        Cpu::Avr(core) => avr::kernels(core),
    }
}
