//! The AVR's kernels as the planner sees them: bytes and cycles.

mod columns;
mod cost;
mod hashing;
mod layout;
mod loads;
mod size;
mod weights;

pub use layout::layout;
pub use loads::{Load, loads};
pub use weights::{Kernel, Kind, column_bytes, kernel, label, tile_column, tiles};

use super::memory::Memory;
use super::narrow::Narrow;
use super::network::{Network, Stage};
use super::processor::{Processor, Unit};
use super::share::Prices;
use super::stats::Stats;
use super::{Offer, Prediction};
use crate::ir::Form;
use crate::target::{Core, Target};

/// The kernels in `templates/avr` on a core.
#[derive(Debug, Clone, Copy)]
pub struct Avr {
    /// Cycles that a call, and a return, takes more than on a core with a program counter of two bytes.
    wide: u8,
    /// It has `jmp` and `call`, so that code may be far away.
    jumps: bool,
    /// Shared code is called by `call` and `jmp`: it is out of the reach of `rcall` and `rjmp`.
    far: bool,
}

impl Avr {
    /// `rcall` or `icall`.
    fn call(self) -> f64 {
        3.0 + f64::from(self.wide)
    }

    /// The call of shared code.
    fn shared_call(self) -> f64 {
        self.call() + self.distance()
    }

    /// What a call or jump to shared code takes more than the shortest, in cycles and in words.
    fn distance(self) -> f64 {
        f64::from(u8::from(self.far))
    }

    fn ret(self) -> f64 {
        4.0 + f64::from(self.wide)
    }
}

/// The kernels on `core`.
pub fn kernels(core: Core) -> &'static dyn Processor {
    match core {
        Core::Avr25 => &Avr { wide: 0, jumps: false, far: false },
        Core::Avr5 | Core::Avr51 => &Avr { wide: 0, jumps: true, far: false },
        Core::Avr6 => &Avr { wide: 1, jumps: true, far: false },
    }
}

/// What is subtracted from a 16-bit hash, where it can be, one after the other, so that a bucket remains: the largest
/// multiple of the number of buckets that fits, halves of it down to the number itself. None for a power of two.
pub fn bucket_steps(buckets: u16) -> Vec<u16> {
    if buckets.is_power_of_two() {
        return vec![];
    }
    let doublings = (u16::MAX / buckets).ilog2();
    (0..=doublings).rev().map(|n| buckets << n).collect()
}

impl Processor for Avr {
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
            let narrow = narrow.filter(|n| self.counts(form) || !n.counts(index));
            let cost = cost::stage_cost(stage, narrow, stats, index, form, *self).total();
            let counts = narrow.is_some_and(|n| n.counts(index));
            let bytes = size::weight_bytes(stage, form, counts);
            Offer { form, bytes, cost: cost / stats.steps.max(1) as f64 }
        };
        Form::ALL.map(offer).to_vec()
    }

    fn counts(&self, form: Form) -> bool {
        form != Form::Packed
    }

    /// A program of somebody's own may stand beside the network in flash.
    fn slack(&self) -> f64 {
        1.15
    }

    fn counts_long_queries(&self) -> bool {
        false
    }

    fn shared_bytes(&self, network: &Network, narrow: Option<&Narrow>, forms: &[Form]) -> usize {
        size::shared_bytes(network, narrow, forms, self.far)
    }

    fn layout(&self, network: &Network, narrow: Option<&Narrow>, target: &Target, longest: u8) -> Memory {
        layout(network, narrow, target.origin, longest)
    }

    fn buffer_bytes(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        target: &Target,
        longest: u8,
    ) -> usize {
        layout(network, narrow, target.origin, longest).size + usize::from(target.stack)
    }

    fn predict(
        &self,
        network: &Network,
        narrow: Option<&Narrow>,
        stats: &Stats,
        forms: &[Form],
        bytes: usize,
    ) -> Prediction {
        cost::predict(network, narrow, stats, forms, bytes, *self)
    }

    fn far(&self) -> Option<&'static dyn Processor> {
        match self {
            Avr { jumps: false, .. } | Avr { far: true, .. } => None,
            Avr { wide: 0, .. } => Some(&Avr { wide: 0, jumps: true, far: true }),
            Avr { .. } => Some(&Avr { wide: 1, jumps: true, far: true }),
        }
    }

    fn unit(&self) -> Unit {
        Unit { short: "cyc", long: "cycles" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_leave_the_remainder() {
        for buckets in [1, 3, 60, 100, 255, 300, 1000, 32767, 40000] {
            let steps = bucket_steps(buckets);
            for hash in [0, 1, 59, 60, 299, 300, 9999, 32768, 65535u16] {
                let rest = steps.iter().fold(hash, |h, step| if h >= *step { h - step } else { h });
                assert_eq!(rest % buckets, hash % buckets);
                assert!(buckets == 1 || rest < buckets, "{hash} of {buckets} leaves {rest}");
            }
        }
    }
}
