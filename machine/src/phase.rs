//! Where the time goes.

use std::marker::PhantomData;

use crate::symbols::Address;

/// Adds up clock cycles by phase, where a phase is a set of address ranges. A machine's crate makes it an
/// observer.
pub struct PhaseCounter<A> {
    /// The phase of every address up to the last start; all beyond belong to `beyond`.
    phases: Box<[u8]>,
    beyond: u8,
    /// Cycles of every phase.
    totals: [u64; 256],
    address: PhantomData<A>,
}

impl<A: Address> PhaseCounter<A> {
    /// Every address belongs to the phase of the nearest start at or below it, or to `outside` below all
    /// starts. `starts` may come in any order; of two at one address the later one counts.
    pub fn new(starts: &[(A, u8)], outside: u8) -> Self {
        let mut sorted = starts.to_vec();
        sorted.sort_by_key(|&(address, _)| address);
        let end = sorted.last().map_or(0, |&(address, _)| address.index());
        let mut phases = vec![outside; end].into_boxed_slice();
        let mut beyond = outside;
        for (address, phase) in sorted {
            phases[address.index()..].fill(phase);
            beyond = phase;
        }
        PhaseCounter { phases, beyond, totals: [0; 256], address: PhantomData }
    }

    /// The phase that an instruction at `address` belongs to.
    #[inline]
    pub fn phase_of(&self, address: A) -> u8 {
        self.phases.get(address.index()).copied().unwrap_or(self.beyond)
    }

    /// Adds `cycles` to the phase of `address`.
    #[inline]
    pub fn add(&mut self, address: A, cycles: u64) {
        self.totals[usize::from(self.phase_of(address))] += cycles;
    }

    /// Cycles of `phase` since the start or the last [`PhaseCounter::reset`].
    pub fn total(&self, phase: u8) -> u64 {
        self.totals[usize::from(phase)]
    }

    /// Cycles of all phases.
    pub fn sum(&self) -> u64 {
        self.totals.iter().sum()
    }

    /// Sets all totals to zero.
    pub fn reset(&mut self) {
        self.totals = [0; 256];
    }
}
