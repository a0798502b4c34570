//! From a graph to a plan for one target: what stands where in which form, and what it will cost.
//!
//! [`network`] reads the graph as a list of stages, shared by all targets. [`stats`] measures on
//! calibration queries how often each column is used. [`choose`] picks a form for each stage with the
//! target's cost model; [`memory`] places the buffers; [`check`] verifies the placement by other code.

pub mod calibration;
pub mod check;
pub mod choose;
pub mod memory;
pub mod narrow;
pub mod network;
pub mod share;
pub mod stats;
pub mod z80;

pub use choose::{Chosen, Survey, candidates, survey};

use crate::ir::{Form, Graph};
use network::Network;
use std::fmt::Write;
use thiserror::Error;

/// Everything the renderer needs to know besides the graph's constants.
#[derive(Debug, Clone)]
pub struct Plan {
    pub network: Network,
    /// Form of each stage's weights.
    pub forms: Vec<Form>,
    /// Byte accumulators of the first layer, where bounds prove them and its weights are index lists.
    pub narrow: Option<narrow::Narrow>,
    pub memory: memory::Memory,
    pub prediction: Prediction,
    /// A row for each stage: what every form would have cost.
    pub options: Vec<Vec<Offer>>,
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

/// Predicted cost of a step by phase, in T-states or cycles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    /// Phase name and cost, in program order.
    pub phases: Vec<(String, f64)>,
    /// Estimated size of the image.
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

/// The plan for a graph whose stages took `forms`.
///
/// # Errors
/// [`PlanError::Shape`] where lowering changed more than forms.
pub fn plan(graph: &Graph, survey: &Survey, forms: &[Form]) -> Result<Plan, PlanError> {
    let network = Network::read(graph)?;
    let same = |(i, stage): (usize, &network::Stage)| {
        let planned = survey.variant(i, forms[i]);
        stage.columns == planned.columns && stage.folds == planned.folds
    };
    if network.stages.len() != forms.len() || !network.stages.iter().enumerate().all(same) {
        return Err(PlanError::Shape("lowering gave other weights than planned".into()));
    }
    let narrow = survey.narrow_for(forms).cloned();
    let memory = memory::layout(&network, narrow.as_ref(), survey.target.stack.into());
    // Measured anew: shared sums change how often an accumulator carries.
    let stats = stats::measure(graph, &network, survey.calibration.iter().map(Vec::as_slice));
    let prediction = z80::predict(&network, narrow.as_ref(), &stats, forms, survey.estimate(forms).0);
    Ok(Plan { network, forms: forms.to_vec(), narrow, memory, prediction, options: survey.offers.clone() })
}

impl Plan {
    /// What this plan would cost on other queries; `graph` is the one that was planned.
    pub fn predict(&self, graph: &Graph, queries: &[Vec<u8>]) -> Prediction {
        let stats = stats::measure(graph, &self.network, queries.iter().map(Vec::as_slice));
        z80::predict(&self.network, self.narrow.as_ref(), &stats, &self.forms, self.prediction.bytes)
    }

    /// The plan as a table: what the command line prints and the snapshots keep.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{:<14} {:>9} {:>9} {:>8} {:>10}  others",
            "stage", "shape", "form", "bytes", "T/step"
        );
        for ((stage, &form), offers) in self.network.stages.iter().zip(&self.forms).zip(&self.options) {
            let shape = format!("{}→{}", stage.columns.len(), stage.outputs);
            let taken = offers.iter().find(|o| o.form == form);
            let (bytes, cost) = taken.map_or((0, 0.0), |o| (o.bytes, o.cost));
            let others: Vec<_> = offers
                .iter()
                .filter(|o| o.form != form)
                .map(|o| format!("{} {} B {:.0} T", o.form, o.bytes, o.cost))
                .collect();
            let _ = writeln!(
                out,
                "{:<14} {shape:>9} {form:>9} {bytes:>8} {cost:>10.0}  {}",
                stage.name,
                others.join(", ")
            );
        }
        if let Some(n) = &self.narrow {
            let name = &self.network.stages[n.last].name;
            let _ = writeln!(
                out,
                "{name} counts in bytes: threshold {}, queries of up to {} bytes at once",
                n.threshold, n.short
            );
        }
        out.push_str(&self.memory.table());
        let _ = writeln!(
            out,
            "predicted: {:.0} T-states a step, image about {} bytes",
            self.prediction.total(),
            self.prediction.bytes
        );
        out
    }
}
