//! What the training loop asks of a family of networks, and of its data.
//!
//! The loop knows epochs, batches, rates, exact figures and which network is the best so far. All else is the family's:
//! what its parameters are, what a batch does to them, which integers the machine will have, and what a model of them is.

use crate::error::TrainError;
use crate::measure::Measure;
use crate::outcome::EpochRow;
use mlc_compiler::model::Model;
use std::borrow::Cow;
use std::io;

/// A network in training, and all that it is trained for.
pub(crate) trait Family {
    type Data: Data;
    /// The network as the machine would have it at one moment of the training.
    type Network;
    type Figures: Measure;

    /// How many weights are trained.
    fn weights(&self) -> usize;

    /// Once, before the first epoch. `resumed`: training goes on from a model, which must not change before it is
    /// judged.
    ///
    /// # Errors
    /// The device has failed.
    fn prepare(&mut self, sample: Sample<Self::Data>, resumed: bool) -> Result<(), TrainError>;

    /// From now on nothing is rounded, or all is again.
    fn set_relaxed(&mut self, relaxed: bool);

    /// One step of training on a batch of the steps of `part`, at this learning rate.
    fn update(
        &mut self,
        part: &<Self::Data as Data>::Part,
        batch: &[<Self::Data as Data>::Step],
        rate: f32,
    ) -> BatchResult;

    /// After every epoch: what the family fits between epochs.
    ///
    /// # Errors
    /// The device has failed.
    fn settle(&mut self, sample: Sample<Self::Data>) -> Result<(), TrainError>;

    /// The network of the machine, in integers also while training is relaxed.
    ///
    /// # Errors
    /// The device has failed.
    fn network(&self) -> Result<Self::Network, TrainError>;

    /// What the network costs, and with it how strongly the next epoch pulls the cost down. `judged`: exact figures are
    /// taken too, so that costs are wanted.
    fn regulate(
        &mut self,
        network: &Self::Network,
        sample: Sample<Self::Data>,
        progress: Progress,
        judged: bool,
    ) -> Costs;

    /// Exact figures of the network on one side of the data.
    ///
    /// # Errors
    /// The data cannot be read.
    fn figures(&self, network: &Self::Network, data: &Self::Data) -> Result<Self::Figures, TrainError>;

    /// The checked model of a network. `row`: when it came about and how good it is, for the facts about the training.
    ///
    /// # Errors
    /// A rule of models that is broken.
    fn model(&self, network: &Self::Network, row: &EpochRow<Self::Figures>) -> Result<Model, TrainError>;
}

/// One side of the data, in parts of which one fits in memory at a time.
pub(crate) trait Data {
    /// Encoded data in memory; the default is empty.
    type Part: Clone + Default;
    /// What training shuffles and cuts into batches.
    type Step: Clone;

    /// Steps of each part; there is at least one part.
    fn parts(&self) -> Box<dyn Iterator<Item = usize> + '_>;

    /// A part: borrowed where all data is in memory, which is then the only part.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self, part: usize) -> io::Result<Cow<'_, Self::Part>>;

    /// The steps of a part in their order.
    fn steps_of(part: &Self::Part) -> &[Self::Step];

    /// How many steps all parts have.
    fn steps(&self) -> usize {
        self.parts().sum()
    }

    /// How many mini-batches of at most `size` steps: none has steps of two parts.
    fn batches(&self, size: usize) -> usize {
        self.parts().map(|steps| steps.div_ceil(size)).sum()
    }
}

/// The part that was last gone through, and its steps in a random order.
pub(crate) struct Sample<'a, D: Data> {
    pub part: &'a D::Part,
    pub steps: &'a [D::Step],
}

/// What one batch showed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BatchResult {
    /// Sum over the steps.
    pub loss: f64,
    pub right: usize,
    /// Accumulators beyond the 16-bit margin.
    pub overflows: usize,
}

/// How far training has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Part of the training done, 0 to 1.
    pub done: f64,
    /// The part that an epoch is.
    pub epoch: f64,
}

/// What a network costs.
pub(crate) struct Costs {
    /// Weights that are not zero.
    pub nonzero: usize,
    /// In the order of the budgets; empty where they were not taken.
    pub costs: Vec<f64>,
    /// The largest cost as a part of its limit; `None` without budgets.
    pub used: Option<f64>,
}
