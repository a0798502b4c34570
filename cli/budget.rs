//! Limits for training, priced by the compiler's own cost model: what `mlc compile` would make of the network.

use crate::args::TrainSettings;
use crate::error::CliError;
use crate::table::{grouped, whole};
use crate::targets;
use mlc_compiler::ir::{self, Form};
use mlc_compiler::model::{Layer, Model};
use mlc_compiler::plan::{self, Demands, Prediction};
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target, pass};
use mlc_trainer::{Budget, CostModel, NonzeroWeights, Task, Usage, VisitedWeights};
use std::cell::RefCell;
use std::cmp::Ordering;

const DEFAULT_TARGET: &str = "z80-cpm";

/// The limits that were given, with the machine that they are for.
pub struct Limits {
    nonzero: Option<f64>,
    tstates: Option<f64>,
    bytes: Option<f64>,
    target: Target,
    assets: Assets,
}

impl Limits {
    /// # Errors
    /// A limit of nothing; no such target.
    pub fn new(given: &TrainSettings) -> Result<Self, CliError> {
        let limit = |name: &str, value: Option<u32>| match value {
            Some(0) => Err(CliError::Usage(format!("{name} 0 leaves no network"))),
            value => Ok(value.map(f64::from)),
        };
        let nonzero = limit("--max-nonzero", given.max_nonzero)?;
        let tstates = limit("--max-tstates", given.max_tstates)?;
        let bytes = limit("--max-bytes", given.max_bytes)?;
        let assets = Assets::builtin();
        let target = targets::find(given.target.as_deref().unwrap_or(DEFAULT_TARGET), None, &assets)?;
        Ok(Self { nonzero, tstates, bytes, target, assets })
    }

    /// The machine that T-states and bytes are for.
    pub fn target_name(&self) -> &str {
        &self.target.name
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.nonzero.is_some() || self.tstates.is_some() || self.bytes.is_some()
    }

    /// The costs of a network in training, in the order of the budgets.
    pub fn costs(&self, costs: &[f64]) -> String {
        let units = [
            (self.nonzero, "weights not zero".to_string()),
            (self.tstates, format!("{} a step", targets::cycles(&self.target))),
            (self.bytes, "bytes".to_string()),
        ];
        let given = units.iter().filter(|(limit, _)| limit.is_some());
        let words: Vec<_> = given
            .zip(costs)
            .map(|((_, unit), cost)| match cost.is_finite() {
                true => format!("{} {unit}", whole(cost.ceil())),
                false => format!("no plan to count {unit} by"),
            })
            .collect();
        words.join(", ")
    }

    /// Cost models for a task.
    pub fn pricing<'a>(&'a self, task: &'a Task) -> Pricing<'a> {
        let planner = Planner { task, target: &self.target, max_bytes: self.bytes, last: RefCell::new(None) };
        Pricing { limits: self, planner }
    }

    /// Whether the final network keeps all limits, each with a line about it. T-states and bytes are those of the
    /// compiled program ([`Limits::program`]), not of the estimate that training went by.
    pub fn judge(&self, model: &Model, program: Option<&Program>) -> Verdict {
        let mut verdict = Verdict { lines: Vec::new(), kept: true };
        if let Some(limit) = self.nonzero {
            let nonzero = model.layers.iter().flat_map(|layer| &layer.weights).filter(|&&w| w != 0).count();
            verdict.add("weights not zero", nonzero as f64, limit);
        }
        if self.tstates.is_none() && self.bytes.is_none() {
            return verdict;
        }
        let Some(program) = program else {
            verdict
                .lines
                .push(format!("limit: the program does not fit {} at all: NOT KEPT", self.target.name));
            verdict.kept = false;
            return verdict;
        };
        let machine = self.machine(program);
        if let Some(limit) = self.tstates {
            let what = format!("{} a step on {machine} (predicted)", targets::cycles(&self.target));
            verdict.add(&what, program.cycles(), limit);
        }
        if let Some(limit) = self.bytes {
            verdict.add(&format!("bytes on {machine}"), program.bytes() as f64, limit);
        }
        verdict
    }

    /// What the network costs, in a line.
    pub fn cost(&self, program: Option<&Program>) -> String {
        let Some(program) = program else {
            return format!("on {}: the program does not fit", self.target.name);
        };
        format!(
            "on {}: {} {} a step (predicted), {} bytes",
            self.machine(program),
            whole(program.cycles()),
            targets::cycles(&self.target),
            grouped(program.bytes() as u64)
        )
    }

    fn machine(&self, program: &Program) -> String {
        let encoding =
            program.encoding.map_or(String::new(), |form| format!(" with --encoding {}", form.name()));
        format!("{}{encoding}", self.target.name)
    }

    /// The program that the limits are about: without a limit of bytes the one that `mlc compile` makes by itself, or
    /// else of those with one encoding the fastest within the limit, or the smallest. `None`: it does not fit.
    ///
    /// # Errors
    /// The network cannot be compiled, for another reason than its size.
    pub fn program(&self, model: &Model) -> Result<Option<Program>, CliError> {
        let Some(limit) = self.bytes else {
            return self.compile(model, None);
        };
        let mut programs = Vec::new();
        for form in Form::ALL {
            programs.extend(self.compile(model, Some(form))?);
        }
        let choice = |program: &Program| rank(limit, program.bytes() as f64, program.cycles());
        Ok(programs.into_iter().min_by(|a, b| choice(a).partial_cmp(&choice(b)).unwrap_or(Ordering::Equal)))
    }

    /// `None`: it does not fit.
    fn compile(&self, model: &Model, encoding: Option<Form>) -> Result<Option<Program>, CliError> {
        let (target, assets) = (&self.target, &self.assets);
        let demands = &Demands::of(encoding);
        let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
        match mlc_compiler::compile(&request) {
            Ok(compiled) => Ok(Some(Program { compiled, encoding })),
            Err(CompileError::TooLarge { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

/// A trained network as a program.
pub struct Program {
    compiled: Compiled,
    /// What to ask `mlc compile --encoding` for to get it; `None` for nothing.
    encoding: Option<Form>,
}

impl Program {
    /// Predicted cycles of a mean step.
    pub fn cycles(&self) -> f64 {
        self.compiled.plan.prediction.total()
    }

    /// Of the image.
    pub fn bytes(&self) -> usize {
        self.compiled.image.bytes.len()
    }

    /// Of weights and their tables, without code.
    pub fn table_bytes(&self) -> usize {
        let plan = &self.compiled.plan;
        let offers = plan.forms.iter().zip(&plan.options).map(|(form, all)| &all[form.index()]);
        offers.map(|offer| offer.bytes).sum()
    }
}

/// Programs in the order of preference: within the limit of bytes by cycles, beyond it by bytes.
fn rank(limit: f64, bytes: f64, cycles: f64) -> (bool, f64) {
    if bytes <= limit { (false, cycles) } else { (true, bytes) }
}

/// What became of the limits.
pub struct Verdict {
    pub lines: Vec<String>,
    pub kept: bool,
}

impl Verdict {
    fn add(&mut self, what: &str, cost: f64, limit: f64) {
        let within = cost <= limit;
        self.kept &= within;
        let tail = if within { "" } else { ": NOT KEPT" };
        let [cost, limit] = [cost, limit].map(|n| whole(n.ceil()));
        self.lines.push(format!("limit: {cost} of at most {limit} {what}{tail}"));
    }
}

/// The limits with the cost models of a task.
pub struct Pricing<'a> {
    limits: &'a Limits,
    planner: Planner<'a>,
}

impl Pricing<'_> {
    /// Predicted cycles of a mean step, and what they are called. `None`: there is no plan for this network.
    pub fn cycles(&self, layers: &[Layer]) -> Option<(f64, &'static str)> {
        let prediction = self.planner.predict(layers)?;
        Some((prediction.total(), targets::cycles(self.planner.target)))
    }

    /// Calls `with` with the budgets: they borrow from here.
    pub fn with<T>(&self, with: impl FnOnce(&[Budget]) -> T) -> T {
        let (cycles, bytes) = (Cycles(&self.planner), Bytes(&self.planner));
        let models: [(Option<f64>, &dyn CostModel); 3] = [
            (self.limits.nonzero, &NonzeroWeights),
            (self.limits.tstates, &cycles),
            (self.limits.bytes, &bytes),
        ];
        let budgets = models.into_iter().filter_map(|(limit, model)| Some(Budget { model, limit: limit? }));
        with(&budgets.collect::<Vec<_>>())
    }
}

/// Plans a network as `mlc compile` does, without making the program.
struct Planner<'a> {
    task: &'a Task,
    target: &'a Target,
    max_bytes: Option<f64>,
    /// The last network asked about: two limits ask about the same one.
    last: RefCell<Option<(Vec<Layer>, Option<Prediction>)>>,
}

impl Planner<'_> {
    /// `None`: no plan for this network.
    fn predict(&self, layers: &[Layer]) -> Option<Prediction> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((known, prediction)) if known == layers => prediction.clone(),
            _ => {
                // A network that cannot be planned keeps no limit; if it is the final one, compiling it says why.
                let prediction = self.plan(layers).ok();
                *last = Some((layers.to_vec(), prediction.clone()));
                prediction
            }
        }
    }

    fn plan(&self, layers: &[Layer]) -> Result<Prediction, CompileError> {
        let model = Model {
            name: "candidate".into(),
            about: String::new(),
            query: self.task.query.clone(),
            output: self.task.output.clone(),
            layers: layers.to_vec(),
            training: Vec::new(),
            calibration: self.task.calibration.clone(),
        };
        let longest = self.target.longest(self.task.query.max_length);
        // As `mlc compile` does with the model that keeps them.
        let calibration: Vec<_> = model.calibration.iter().map(|query| query.clone().into_bytes()).collect();
        let (reports, _) = pass::optimise(ir::build(&model)?, longest.into())?;
        let graph = &reports.last().expect("optimise() records every pass").graph;
        let survey = plan::survey(graph, self.target, false, longest, &calibration)?;
        let image = |forms: &[Form]| survey.estimate(forms).0.image;
        let demands = Demands::default();
        let forms = match self.max_bytes {
            None => {
                let forms = plan::candidates(&survey, &demands)?;
                let fits = |forms: &&Vec<Form>| demands.excess(self.target, survey.estimate(forms).0) == 0;
                // The last candidate is the smallest.
                forms.iter().find(fits).or(forms.last()).cloned()
            }
            Some(limit) => {
                let choice = |f: &Vec<Form>| rank(limit, image(f) as f64, survey.estimate(f).1);
                let forms = Form::ALL.into_iter().map(|form| vec![form; survey.offers.len()]);
                forms.min_by(|a, b| choice(a).partial_cmp(&choice(b)).unwrap_or(Ordering::Equal))
            }
        };
        let forms = &forms.expect("there is always a smallest plan, and there are forms");
        let lowered = pass::lower(graph, &plan::Chosen { survey: &survey, forms }, longest.into())?;
        let graph = &lowered.last().expect("lower() records every pass").graph;
        let prediction = plan::plan(graph, &survey, &demands, forms)?.prediction;
        Ok(Prediction { bytes: image(forms), ..prediction })
    }
}

/// Predicted cycles of a mean step.
struct Cycles<'a>(&'a Planner<'a>);

impl CostModel for Cycles<'_> {
    fn cost(&self, usage: &Usage) -> f64 {
        self.0.predict(usage.layers).map_or(f64::INFINITY, |prediction| prediction.total())
    }

    /// Time goes into visits of weights.
    fn price(&self, usage: &Usage, layer: usize, input: usize) -> f32 {
        VisitedWeights.price(usage, layer, input)
    }
}

/// Estimated bytes of the image.
struct Bytes<'a>(&'a Planner<'a>);

impl CostModel for Bytes<'_> {
    fn cost(&self, usage: &Usage) -> f64 {
        self.0.predict(usage.layers).map_or(f64::INFINITY, |prediction| prediction.bytes as f64)
    }

    /// Every weight takes its place in a list, however often it is visited.
    fn price(&self, usage: &Usage, layer: usize, input: usize) -> f32 {
        NonzeroWeights.price(usage, layer, input)
    }
}
