//! From stages to a plan for one target: which kernel computes each in which form, what stands where, what it will cost.
//!
//! The planner knows stages ([`crate::stage`]) and offers ([`crate::kernel`]), and no family of networks. [`survey`] asks
//! the kernels of the target what they offer; [`search`] orders the combinations to try by what [`demands`] ask for;
//! [`why`] says why a form was not taken; [`table`] prints the plan; [`check`] verifies the placement of buffers by other
//! code than placed them.

pub mod check;
pub mod demands;
pub mod search;
pub mod survey;
mod table;
mod why;

pub use crate::kernel::{Offer, PAGE};
pub use demands::{Demands, Layer, LayerError, Optimize, Storage};
pub use search::candidates;
pub use survey::{Combination, Survey, survey};
pub use why::Why;

use crate::ir::Graph;
use crate::kernel::flow::Unknown;
use crate::kernel::predict::Tokens;
use crate::kernel::sensors::about::Told;
use crate::kernel::sequence::{Beside, Home, Step};
use crate::kernel::{Layout, Machine, Memory, Processor, Site, Templates, View, processor};
use crate::stage::{self, ShapeError, Stage, Usage};
use crate::target::Target;
use crate::weights::Form;
use crate::{CompileError, Request};
use thiserror::Error;

/// Which kernels compute a network, and what that is expected to cost.
#[derive(Debug, Clone)]
pub struct Plan {
    pub layout: Layout,
    /// How often its parts work on the queries that it was planned for.
    usage: Usage,
    /// Estimated.
    pub needs: Needs,
    pub prediction: Prediction,
    /// Of a sequence model: what tokens are predicted to take.
    pub tokens: Option<Tokens>,
    /// Where rows of values are computed while they come: what is told of that.
    pub rows: Option<Told>,
    /// Why nothing is predicted of them: somebody's own templates may have jumps of which nothing is known.
    pub unknown: Option<Unknown>,
    /// Its matrices, with what the kernels offer for each.
    pub steps: Vec<Step>,
    /// A row for each stage: what every form would have cost.
    pub options: Vec<Vec<Offer>>,
    /// Beside each offer, why it was taken or not.
    pub why: Vec<Vec<Why>>,
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

impl From<ShapeError> for PlanError {
    fn from(error: ShapeError) -> Self {
        Self::Shape(error.to_string())
    }
}

/// The plan for a graph whose stages take a combination of offers.
///
/// # Errors
/// A demand that cannot be met: [`candidates`] has found it already.
pub fn plan(
    graph: &Graph,
    survey: &Survey,
    demands: &Demands,
    taken: &Combination,
) -> Result<Plan, LayerError> {
    let why = why::reasons(survey, demands, taken)?;
    let stages = survey.variant(taken).stages_in(&taken.picks);
    let (needs, _) = survey.estimate(taken);
    let scratch = survey.scratch(taken);
    let processor = survey.processor();
    let layout = Layout {
        name: graph.name.clone(),
        machine: survey.machine(),
        kernels: survey.picked(taken).map(|offer| offer.kernel).collect(),
        forms: survey.forms(taken),
        homes: survey.homes.clone(),
        memory: processor.place(&stages, &scratch, &survey.target, survey.longest_query),
        scratch,
        stages,
    };
    let bytes = if survey.target.flash.is_some() { needs.image } else { needs.total() };
    let options = |at| survey.options(taken.variant, at).into_iter().cloned().collect();
    let options = (0..layout.stages.len()).map(options).collect();
    let prediction = Prediction { phases: vec![], bytes };
    // Measured anew where sums are shared: that changes how often an accumulator carries.
    let shares = layout.products().any(|(_, product, _)| !product.folds.is_empty());
    let usage = match shares {
        true => measure(graph, &layout.stages, &survey.calibration),
        false => survey.usage.clone(),
    };
    let mut plan = Plan { usage, prediction, options, why, ..Plan::bare(layout, needs) };
    plan.prediction.phases = plan.phases(&plan.usage);
    Ok(plan)
}

fn measure(graph: &Graph, stages: &[Stage], queries: &[Vec<u8>]) -> Usage {
    stage::measure(graph, stages, queries.iter().map(Vec::as_slice))
}

impl Plan {
    /// The plan of a program that is made as a whole: it has no stages to choose forms for.
    pub fn of_program(name: String, machine: Machine, memory: Memory) -> Self {
        let (stages, kernels, forms, homes, scratch) = (vec![], vec![], vec![], vec![], vec![]);
        let layout = Layout { name, machine, stages, kernels, forms, homes, scratch, memory };
        let needs = Needs { image: 0, buffers: layout.memory.size };
        Self::bare(layout, needs)
    }

    /// One of which nothing is predicted yet.
    fn bare(layout: Layout, needs: Needs) -> Self {
        Self {
            layout,
            usage: Usage::default(),
            needs,
            prediction: Prediction::default(),
            tokens: None,
            rows: None,
            unknown: None,
            steps: vec![],
            options: vec![],
            why: vec![],
        }
    }

    /// The same with what a program of it takes. `tokens`: `None` where memory ends before the program does.
    #[must_use]
    pub fn foretold(
        self,
        needs: Needs,
        tokens: Option<Result<Tokens, Unknown>>,
        mut steps: Vec<Step>,
        flash: bool,
    ) -> Self {
        let bytes = if flash { needs.image } else { needs.total() };
        let (tokens, unknown) = match tokens {
            Some(Ok(tokens)) => (Some(tokens), None),
            Some(Err(unknown)) => (None, Some(unknown)),
            None => (None, None),
        };
        if let Some(tokens) = &tokens {
            steps.iter_mut().for_each(|step| step.foretell(tokens.of_parts(&step.parts)));
        }
        let phases = tokens.as_ref().map_or(vec![], Tokens::mean);
        Self { needs, prediction: Prediction { phases, bytes }, tokens, unknown, steps, ..self }
    }

    /// Whether its cycles are predicted: those of a program with somebody's own templates may not be.
    pub fn is_predicted(&self) -> bool {
        !self.prediction.phases.is_empty()
    }

    /// Whether it is the plan of a program that is made as a whole.
    pub fn is_whole(&self) -> bool {
        self.layout.stages.is_empty()
    }

    /// Bytes of the flash that its program may fill: all of it where it is made as a whole, for that reads far.
    pub fn flash(&self, target: &Target) -> Option<usize> {
        if self.is_whole() { target.whole_flash() } else { target.flash }
    }

    /// What a file beside its program has, or a flash chip.
    ///
    /// # Errors
    /// More than there is room for.
    pub fn beside(&self, request: &Request, templates: &Templates) -> Result<Option<Beside>, CompileError> {
        self.processor().beside(&Site { layout: &self.layout, request, templates }, &self.usage)
    }

    /// The stages of the plan.
    pub fn stages(&self) -> &[Stage] {
        &self.layout.stages
    }

    /// Name of each stage that has weights, with its form and where they are if that is not the image: `gaps, file`.
    pub fn homes(&self) -> impl Iterator<Item = (&str, String)> {
        let name = |at: usize, form: Form| match self.layout.home(at) {
            Home::Image => form.name().to_string(),
            Home::File | Home::Bank => format!("{form}, file"),
        };
        let stages = self.layout.products();
        stages.map(move |(at, _, form)| (self.layout.stages[at].name.as_str(), name(at, form)))
    }

    /// Name and form of each stage that has weights.
    pub fn forms(&self) -> impl Iterator<Item = (&str, Form)> {
        self.layout.products().map(|(at, _, form)| (self.layout.stages[at].name.as_str(), form))
    }

    /// The kernels that it is made of.
    fn processor(&self) -> &'static dyn Processor {
        processor(self.layout.machine.cpu)
    }

    fn view<'a>(&'a self, usage: &'a Usage) -> View<'a> {
        View { stages: self.stages(), usage, machine: self.layout.machine, homes: &self.layout.homes }
    }

    /// Cost of a step by phase.
    fn phases(&self, usage: &Usage) -> Vec<(String, f64)> {
        let view = self.view(usage);
        let mut phases = self.processor().frame_cost(&view);
        for (at, (kernel, form)) in self.layout.kernels.iter().zip(&self.layout.forms).enumerate() {
            for (name, cycles) in kernel.cost(&view, at, *form) {
                match phases.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, sum)) => *sum += cycles,
                    None => phases.push((name, cycles)),
                }
            }
        }
        let slowdown = self.layout.machine.slowdown();
        phases.iter_mut().for_each(|(_, cycles)| *cycles *= slowdown / usage.per_step());
        phases
    }

    /// The same plan with calls that reach the whole image; `None` where they do already.
    pub fn reach_far(&self) -> Option<Self> {
        let near = self.layout.machine;
        if near.far || !self.processor().can_reach_far(near.cpu) {
            return None;
        }
        let machine = Machine { far: true, ..near };
        let mut plan = self.clone();
        plan.layout.machine = machine;
        let shared = |machine| self.processor().shared_bytes(&self.layout.taken(machine));
        let more = shared(machine) - shared(near);
        plan.needs.image += more;
        plan.prediction.bytes += more;
        plan.prediction.phases = plan.phases(&plan.usage);
        Some(plan)
    }

    /// What this plan would cost on other queries; `graph` is the one that was planned.
    pub fn predict(&self, graph: &Graph, queries: &[Vec<u8>]) -> Prediction {
        if self.is_whole() {
            return self.prediction.clone();
        }
        let phases = self.phases(&measure(graph, self.stages(), queries));
        Prediction { phases, bytes: self.prediction.bytes }
    }

    /// Bytes that a step reads of a flash chip on other queries, on the mean; 0 without one.
    pub fn reads(&self, graph: &Graph, queries: &[Vec<u8>]) -> f64 {
        if self.is_whole() || !self.layout.has_elsewhere() {
            return 0.0;
        }
        self.processor().reads(&self.layout, &measure(graph, self.stages(), queries))
    }

    /// The same plan with parts in a faster form within `room` more bytes, chosen for the queries that it was planned for;
    /// `None` if there are none.
    pub fn quicken(&self, room: usize) -> Option<Self> {
        let stages = self.processor().quicken(&self.view(&self.usage), &self.layout.forms, room)?;
        let mut plan = self.clone();
        plan.layout.stages = stages;
        plan.prediction.phases = plan.phases(&plan.usage);
        Some(plan)
    }
}
