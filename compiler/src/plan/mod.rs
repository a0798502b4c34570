//! From a graph to a plan for one target: what stands where in which form, and what it will cost.
//!
//! [`network`] reads the graph as a list of stages, shared by all targets. [`stats`] measures on
//! calibration queries how often each column is used. [`choose`] asks the target's cost model what each form
//! would need for each stage; [`search`] orders the combinations to try by what [`demands`] ask for; [`gaps`] is a
//! way to store weights that targets share. [`memory`] places the buffers; [`check`] verifies the placement by other
//! code. [`processor`] is what all of them ask the kernels of one processor.

pub mod avr;
pub mod calibration;
pub mod check;
pub mod choose;
pub mod demands;
pub mod gaps;
pub mod memory;
pub mod narrow;
pub mod network;
pub mod prefix;
pub mod processor;
pub mod search;
pub mod share;
pub mod stats;
mod table;
mod why;
pub mod z80;

pub use choose::{Chosen, Survey, survey};
pub use demands::{Demands, Layer, NoSuchLayer, Optimize};
pub use search::candidates;
pub use why::Why;

use crate::ir::{Form, Graph};
use crate::target::Cpu;
use network::Network;
use processor::{Processor, processor};
use thiserror::Error;

/// Everything the renderer needs to know besides the graph's constants.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whose kernels it is made of.
    pub cpu: Cpu,
    pub network: Network,
    /// Form of each stage's weights.
    pub forms: Vec<Form>,
    /// For each stage, the columns that are in a faster form than the others; empty where all are alike.
    pub quick: Vec<Vec<bool>>,
    /// Shared code is out of the reach of the shortest calls: [`Processor::far`].
    pub far: bool,
    /// Byte accumulators of the first layer, where bounds prove them and its forms can count.
    pub narrow: Option<narrow::Narrow>,
    pub memory: memory::Memory,
    pub prediction: Prediction,
    /// A row for each stage: what every form would have cost.
    pub options: Vec<Vec<Offer>>,
    /// Beside each offer, why it was taken or not.
    pub why: Vec<Vec<Why>>,
}

/// What a stage would need in one form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    pub form: Form,
    /// Weights and their tables, in bytes, without code that stages share.
    pub bytes: usize,
    /// T-states or cycles a step, the share of once-a-query work included.
    pub cost: f64,
}

/// Bytes that a plan needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    pub image: usize,
    /// Buffers and stack.
    pub buffers: usize,
}

impl Needs {
    pub fn total(self) -> usize {
        self.image + self.buffers
    }
}

/// Predicted cost of a step by phase, in T-states or cycles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    /// Phase name and cost, in program order.
    pub phases: Vec<(String, f64)>,
    /// Estimated size of image and buffers; of the image alone where code has a memory of its own.
    pub bytes: usize,
}

impl Prediction {
    pub fn total(&self) -> f64 {
        self.phases.iter().map(|(_, cost)| cost).sum()
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// The graph has a shape that no kernel computes: passes did not do their work.
    #[error("a bug in mlc: {0}")]
    Shape(String),
    /// The memory map contradicts itself: the planner did not do its work.
    #[error("a bug in mlc: memory map: {0}")]
    Memory(String),
}

/// The plan for a graph whose stages took `forms`, which do what `demands` ask for.
///
/// # Errors
/// [`PlanError::Shape`] where lowering changed more than forms.
pub fn plan(graph: &Graph, survey: &Survey, demands: &Demands, forms: &[Form]) -> Result<Plan, PlanError> {
    let network = Network::read(graph)?;
    let same = |(i, stage): (usize, &network::Stage)| {
        let planned = survey.variant(i, forms[i]);
        stage.columns == planned.columns && stage.folds == planned.folds
    };
    if network.stages.len() != forms.len() || !network.stages.iter().enumerate().all(same) {
        return Err(PlanError::Shape("lowering gave other weights than planned".into()));
    }
    let narrow = survey.narrow_for(forms).cloned();
    let processor = survey.processor();
    let memory = processor.layout(&network, narrow.as_ref(), &survey.target, survey.longest_query);
    // Measured anew: shared sums change how often an accumulator carries.
    let stats = stats::measure(graph, &network, survey.calibration.iter().map(Vec::as_slice));
    let (needs, _) = survey.estimate(forms);
    let bytes = if survey.target.flash.is_some() { needs.image } else { needs.total() };
    let prediction = processor.predict(&network, narrow.as_ref(), &stats, forms, bytes);
    let why = why::reasons(survey, demands, forms).map_err(|e| PlanError::Shape(e.to_string()))?;
    let (cpu, options, forms) = (survey.target.cpu, survey.offers_for(forms).to_vec(), forms.to_vec());
    let quick = vec![vec![]; network.stages.len()];
    Ok(Plan { cpu, network, forms, quick, far: false, narrow, memory, prediction, options, why })
}

impl Plan {
    /// The kernels that it is made of.
    fn processor(&self) -> &'static dyn Processor {
        let near = processor(self.cpu);
        near.far().filter(|_| self.far).unwrap_or(near)
    }

    /// The same plan with calls that reach the whole image; `None` where they do already. `graph` is the one that was
    /// planned for the queries of `survey`.
    pub fn reach_far(&self, graph: &Graph, survey: &Survey) -> Option<Self> {
        let far = self.processor().far()?;
        let mut plan = Self { far: true, ..self.clone() };
        let shared = |processor: &dyn Processor| {
            processor.shared_bytes(&self.network, self.narrow.as_ref(), &self.forms)
        };
        plan.prediction.bytes += shared(far) - shared(self.processor());
        let stats = stats::measure(graph, &self.network, survey.calibration.iter().map(Vec::as_slice));
        plan.prediction = plan.predict_from(&stats);
        Some(plan)
    }

    /// What this plan would cost on other queries; `graph` is the one that was planned.
    pub fn predict(&self, graph: &Graph, queries: &[Vec<u8>]) -> Prediction {
        let stats = stats::measure(graph, &self.network, queries.iter().map(Vec::as_slice));
        self.predict_from(&stats)
    }

    fn predict_from(&self, stats: &stats::Stats) -> Prediction {
        let (processor, network, narrow) = (self.processor(), &self.network, self.narrow.as_ref());
        let mut prediction = processor.predict(network, narrow, stats, &self.forms, self.prediction.bytes);
        let savings = processor.quick_saving(network, narrow, stats, &self.forms, &self.quick);
        for (stage, saving) in network.stages.iter().zip(savings) {
            if let Some((_, cost)) = prediction.phases.iter_mut().find(|(name, _)| *name == stage.name) {
                *cost -= saving;
            }
        }
        prediction
    }

    /// The same plan with columns in a faster form, chosen for the queries of `survey` within `room` more bytes;
    /// `None` if there are none. `graph` is the one that was planned.
    pub fn quicken(&self, graph: &Graph, survey: &Survey, room: usize) -> Option<Self> {
        let stats = stats::measure(graph, &self.network, survey.calibration.iter().map(Vec::as_slice));
        let (network, narrow) = (&self.network, self.narrow.as_ref());
        let quick = self.processor().quick_columns(network, narrow, &stats, &self.forms, room);
        let mut plan = Self { quick, ..self.clone() };
        plan.prediction = plan.predict_from(&stats);
        plan.quick.iter().any(|columns| !columns.is_empty()).then_some(plan)
    }
}
