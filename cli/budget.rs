//! Limits for training, priced by the compiler's own cost model: what `mlc compile` would make of the network.

mod verdict;

use crate::args::TrainSettings;
use crate::error::CliError;
use crate::table::{grouped, whole};
use crate::targets;
use mlc_compiler::kernel::sequence::Home;
use mlc_compiler::model::{Body, Head, Layer, Model, Reader};
use mlc_compiler::plan::{Demands, Offer, Optimize, Plan, Prediction};
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target};
use mlc_trainer::{Budget, CostModel, NonzeroWeights, Task, Usage, VisitedWeights};
use std::cell::RefCell;
pub use verdict::Verdict;

const DEFAULT_TARGET: &str = "z80-cpm";
/// The machine that networks on numbers are priced for where nobody names one.
const SENSOR_TARGET: &str = "atmega328p";

/// Finds a target by its name and its board.
type FindTarget = fn(&str, Option<&str>, &Assets) -> Result<Target, CliError>;

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
        Self::with(given, DEFAULT_TARGET, targets::find)
    }

    /// The same for networks on numbers, which run on more targets.
    ///
    /// # Errors
    /// See [`Limits::new`].
    pub fn of_numbers(given: &TrainSettings) -> Result<Self, CliError> {
        Self::with(given, SENSOR_TARGET, targets::for_numbers)
    }

    fn with(given: &TrainSettings, default: &str, find: FindTarget) -> Result<Self, CliError> {
        let limit = |name: &str, value: Option<u32>| match value {
            Some(0) => Err(CliError::Usage(format!("{name} 0 leaves no network"))),
            value => Ok(value.map(f64::from)),
        };
        let nonzero = limit("--max-nonzero", given.max_nonzero)?;
        let tstates = limit("--max-tstates", given.max_tstates)?;
        let bytes = limit("--max-bytes", given.max_bytes)?;
        let assets = Assets::builtin();
        let target = find(given.target.as_deref().unwrap_or(default), None, &assets)?;
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
        let (target, assets, max_bytes) = (&self.target, &self.assets, self.bytes);
        let planner = Planner { task, target, assets, max_bytes, last: RefCell::new(None) };
        Pricing { limits: self, planner }
    }

    /// Whether the final network keeps all limits, each with a line about it. T-states and bytes are those of the
    /// compiled program ([`Limits::program`]), not of the estimate that training went by.
    pub fn judge(&self, model: &Model, program: Option<&Program>) -> Verdict {
        let mut verdict = Verdict { lines: Vec::new(), kept: true };
        if let Some(limit) = self.nonzero {
            verdict.add("weights not zero", model.body.nonzero() as f64, limit);
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
            let what =
                format!("{} a {} on {machine} (predicted)", targets::cycles(&self.target), step(model));
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
            "on {}: {} {} a {} (predicted), {} bytes",
            self.machine(program),
            whole(program.cycles()),
            targets::cycles(&self.target),
            if program.compiled.plan.tokens.is_some() { "token" } else { "step" },
            grouped(program.bytes() as u64)
        )
    }

    fn machine(&self, program: &Program) -> String {
        let within = program.max_bytes.map_or(String::new(), |bytes| format!(" with --max-bytes {bytes}"));
        format!("{}{within}", self.target.name)
    }

    /// What the planner says of a network before it is trained.
    ///
    /// # Errors
    /// The target has no kernels for it.
    pub fn price(&self, model: &Model) -> Result<Price, CliError> {
        let (target, assets, demands) = (&self.target, &self.assets, &demands(self.bytes));
        let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
        let plan = match mlc_compiler::price(&request) {
            // A program that is made as a whole is there only where it fits.
            Err(CompileError::SensorsTooLarge { .. }) => match self.smallest(model)? {
                Some(plan) => plan,
                None => return Ok(Price { step: step(model), cycles: None, bytes: None }),
            },
            plan => plan?,
        };
        // Programs that are made as a whole read all flash.
        let whole = Target { flash: target.whole_flash(), ..target.clone() };
        let fits = Demands::default().excess(&whole, plan.needs) == 0;
        let cycles = plan.is_predicted().then(|| plan.prediction.total());
        Ok(Price { step: step(model), cycles, bytes: Some((plan.needs.image + banked(&plan, target), fits)) })
    }

    /// The plan of the smallest program, whatever the limit of bytes; `None` where that does not fit the machine either.
    fn smallest(&self, model: &Model) -> Result<Option<Plan>, CliError> {
        let (target, assets) = (&self.target, &self.assets);
        let demands = &Demands { optimize: Optimize::Size, ..Demands::default() };
        let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
        match mlc_compiler::price(&request) {
            Err(CompileError::SensorsTooLarge { .. }) => Ok(None),
            plan => Ok(Some(plan?)),
        }
    }

    /// A price in a line.
    pub fn shown(&self, price: &Price) -> String {
        let Some((bytes, fits)) = price.bytes else {
            return format!("on {}: its program does not fit", self.target.name);
        };
        let cycles = price.cycles.map_or(String::new(), |cycles| {
            let unit = targets::cycles(&self.target);
            format!("{} {unit} a {} (predicted), ", whole(cycles), price.step)
        });
        let fits = if fits { "" } else { ", which does not fit" };
        format!("on {}: {cycles}{} bytes{fits}", self.target.name, grouped(bytes as u64))
    }

    /// Whether a price keeps all limits.
    pub fn keep(&self, price: &Price) -> bool {
        let cycles = price.cycles.unwrap_or(f64::INFINITY);
        let Some((bytes, true)) = price.bytes else { return false };
        self.tstates.is_none_or(|limit| cycles <= limit)
            && self.bytes.is_none_or(|limit| bytes as f64 <= limit)
    }

    /// Why a price does not keep them.
    pub fn broken(&self, price: &Price) -> String {
        let mut limits = Vec::new();
        if let Some(limit) = self.tstates {
            limits.push(format!("{} {}", whole(limit), targets::cycles(&self.target)));
        }
        limits.extend(self.bytes.map(|limit| format!("{} bytes", whole(limit))));
        let allowed = match limits.as_slice() {
            [] => String::new(),
            limits => format!("; allowed are {}", limits.join(" and ")),
        };
        format!("such a network costs too much {}{allowed}", self.shown(price))
    }

    /// The program that the limits are about: the one that `mlc compile` makes within the limit of bytes, or else the
    /// smallest. `None`: it does not fit the machine.
    ///
    /// # Errors
    /// The network cannot be compiled, for another reason than its size.
    pub fn program(&self, model: &Model) -> Result<Option<Program>, CliError> {
        let within = self.compile(model, &demands(self.bytes))?;
        match (within, self.bytes) {
            (None, Some(_)) => {
                self.compile(model, &Demands { optimize: Optimize::Size, ..Demands::default() })
            }
            (program, _) => Ok(program),
        }
    }

    /// `None`: it does not fit.
    fn compile(&self, model: &Model, demands: &Demands) -> Result<Option<Program>, CliError> {
        let (target, assets) = (&self.target, &self.assets);
        let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
        match mlc_compiler::compile(&request) {
            Ok(compiled) => Ok(Some(Program { compiled, max_bytes: demands.max_bytes })),
            Err(
                CompileError::TooLarge { .. }
                | CompileError::SequenceTooLarge { .. }
                | CompileError::SensorsTooLarge { .. },
            ) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

/// Bytes of matrices in banks that are no part of the image.
fn banked(plan: &Plan, target: &Target) -> usize {
    let taken = plan.steps.iter().filter_map(|step| step.offers.first());
    let bytes = taken.filter(|offer| offer.home == Home::Bank).map(|offer| offer.bytes).sum::<usize>();
    let way = target.selectors().into_iter().map(|(way, _)| way).find(|way| way.is_inside(target));
    bytes.saturating_sub(way.map_or(0, |way| way.bank()))
}

/// What to ask the planner for, to keep a limit of bytes.
fn demands(bytes: Option<f64>) -> Demands {
    Demands { max_bytes: bytes.map(|bytes| bytes as usize), ..Demands::default() }
}

/// What a network costs, before it is trained.
pub struct Price {
    /// What cycles are of.
    step: &'static str,
    /// `None`: where memory ends before the program does.
    cycles: Option<f64>,
    /// Of the image, and whether that fits the machine; `None` of a program that is only made where it fits.
    bytes: Option<(usize, bool)>,
}

/// What a limit of cycles is about.
fn step(model: &Model) -> &'static str {
    if model.sequence().is_some() { "token" } else { "step" }
}

/// A trained network as a program.
pub struct Program {
    compiled: Compiled,
    /// What to ask `mlc compile --max-bytes` for to get it; `None` for nothing.
    max_bytes: Option<usize>,
}

impl Program {
    /// Predicted cycles of a mean step.
    pub fn cycles(&self) -> f64 {
        self.compiled.plan.prediction.total()
    }

    /// Of the image, and of what it has in banks elsewhere.
    pub fn bytes(&self) -> usize {
        self.compiled.image.loaded()
    }

    /// Of weights and their tables, without code.
    pub fn table_bytes(&self) -> usize {
        let plan = &self.compiled.plan;
        let taken =
            |(form, all): (&Option<Form>, &Vec<Offer>)| all.iter().find(|o| o.form == *form).map(|o| o.bytes);
        plan.layout.forms.iter().zip(&plan.options).filter_map(taken).sum()
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

/// Prices a network by the planner that `mlc compile` asks, without making the program.
struct Planner<'a> {
    task: &'a Task,
    target: &'a Target,
    assets: &'a Assets,
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
        let calibration = self.task.calibration.clone();
        let model = Model {
            head: Head { name: "candidate".into(), calibration, ..Head::default() },
            reader: Reader::HashedText(self.task.reader.clone()),
            body: Body::Layers(layers.to_vec()),
            answer: self.task.answer.clone(),
        };
        let demands = demands(self.max_bytes);
        let (target, assets) = (self.target, self.assets);
        let request =
            Request { model: &model, target, assets, demands: &demands, wide: false, calibration: &[] };
        let plan = mlc_compiler::price(&request)?;
        Ok(Prediction { bytes: plan.needs.image, ..plan.prediction })
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
