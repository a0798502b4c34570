//! The order in which data is trained on: another one in every epoch.

use crate::family::{Data, Sample};
use rand::Rng;
use rand::seq::SliceRandom;
use std::borrow::Cow;
use std::io;

/// Goes through data epoch by epoch.
pub(crate) struct Feed<'a, D: Data> {
    data: &'a D,
    parts: Vec<usize>,
    /// The part that was last gone through, and its steps in a random order.
    current: Cow<'a, D::Part>,
    order: Vec<D::Step>,
}

impl<'a, D: Data> Feed<'a, D> {
    /// # Errors
    /// A part cannot be read.
    pub(crate) fn new(data: &'a D, rng: &mut impl Rng) -> io::Result<Self> {
        let current = data.load(0)?;
        let mut order = D::steps_of(&current).to_vec();
        order.shuffle(rng);
        Ok(Self { data, parts: (0..data.parts().count()).collect(), current, order })
    }

    /// Steps in a random order, of the part that was last gone through.
    pub(crate) fn sample(&self) -> Sample<'_, D> {
        Sample { part: &self.current, steps: &self.order }
    }

    /// Calls `work` with all steps in a random order, a part at a time, until it says that this is enough.
    ///
    /// # Errors
    /// A part cannot be read.
    pub(crate) fn epoch(
        &mut self,
        rng: &mut impl Rng,
        mut work: impl FnMut(&D::Part, &[D::Step]) -> bool,
    ) -> io::Result<()> {
        self.parts.shuffle(rng);
        for &part in &self.parts {
            // What is borrowed is there already, and stays.
            if let Cow::Owned(_) = self.current {
                // Two parts at a time would be twice the memory.
                self.current = Cow::Owned(D::Part::default());
                self.current = self.data.load(part)?;
                self.order.clear();
                self.order.extend_from_slice(D::steps_of(&self.current));
            }
            self.order.shuffle(rng);
            if !work(&self.current, &self.order) {
                break;
            }
        }
        Ok(())
    }
}
