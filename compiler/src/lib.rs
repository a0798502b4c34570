//! `mlc-compiler`: a model in, a plan, assembly text and an image out. No IO, no printing.
//!
//! [`compile`] is the whole pipeline and the map of this crate.

pub mod asm;
pub mod assets;
pub mod c99;
pub mod error;
pub mod eval;
pub mod image;
pub mod import;
pub mod ir;
pub mod model;
pub mod pass;
pub mod plan;
pub mod render;
pub mod shown;
pub mod target;
pub mod text;
pub mod valid;

pub use assets::Assets;
pub use error::CompileError;
pub use image::Image;
pub use target::Target;

use ir::{Form, Graph};
use model::Model;
use pass::{Report, Wrap};
use plan::{Demands, Optimize, Plan, Survey};

/// What to compile, for what, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub model: &'a Model,
    pub target: &'a Target,
    pub assets: &'a Assets,
    /// What to plan for, and what the user decides.
    pub demands: &'a Demands,
    /// Keep 16-bit accumulators in the first layer even where bytes are proven: for comparison.
    pub wide: bool,
    /// Queries to measure densities on; empty takes those of the model, and [`plan::calibration::QUERIES`] for a
    /// model without.
    pub calibration: &'a [Vec<u8>],
}

/// Everything that compiling a model gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What each pass did, with the graph it left, in order.
    pub reports: Vec<Report>,
    /// Neurons whose accumulator can leave 16 bits.
    pub wraps: Vec<Wrap>,
    pub plan: Plan,
    pub assembly: String,
    pub image: Image,
}

impl Request<'_> {
    /// The queries that densities are measured on; empty for those built in.
    fn calibration(&self) -> Vec<Vec<u8>> {
        match self.calibration {
            [] => self.model.calibration.iter().map(|query| query.clone().into_bytes()).collect(),
            given => given.to_vec(),
        }
    }
}

impl Compiled {
    /// Whether its image is smaller, or as large and the program predicted to be faster.
    fn is_smaller_than(&self, other: &Self) -> bool {
        let cost = |program: &Self| program.plan.prediction.total();
        let sizes = self.image.bytes.len().cmp(&other.image.bytes.len());
        sizes.then(cost(self).total_cmp(&cost(other))).is_lt()
    }

    /// The graph after the last pass.
    pub fn graph(&self) -> &Graph {
        &self.reports.last().expect("compile() records every pass").graph
    }
}

/// The graph of a model before any pass: what the reference interpreter runs.
///
/// # Errors
/// [`CompileError`] for a model that was never checked.
pub fn reference(model: &Model) -> Result<Graph, CompileError> {
    let graph = ir::build(model)?;
    valid::validate(&graph, "build")?;
    Ok(graph)
}

/// Compiles a model: graph → passes → plan → assembly text → image.
///
/// # Errors
/// When the model does not fit the target, or for a bug in mlc; [`CompileError`] tells which.
pub fn compile(request: &Request) -> Result<Compiled, CompileError> {
    let longest = request.target.longest(request.model.query.max_length);
    let longest_query = longest.into();
    let (reports, wraps) = pass::optimise(ir::build(request.model)?, longest_query)?;
    let graph = &reports.last().expect("optimise() records every pass").graph;
    let survey = plan::survey(graph, request.target, request.wide, longest, &request.calibration())?;
    let mut refused = Vec::new();
    let mut smallest: Option<Compiled> = None;
    // What is known of a window takes tables: plans with and without them compete, but where size is all.
    let bare = survey.without_prefix();
    let plain = bare.as_ref().unwrap_or(&survey);
    let mut tries = Vec::new();
    if request.demands.optimize == Optimize::Speed && bare.is_some() {
        tries.extend(plan::candidates(&survey, request.demands)?.into_iter().map(|forms| (&survey, forms)));
    }
    tries.extend(plan::candidates(plain, request.demands)?.into_iter().map(|forms| (plain, forms)));
    if request.demands.optimize == Optimize::Speed {
        tries.sort_by(|(a, forms), (b, others)| a.cost(forms).total_cmp(&b.cost(others)));
    }
    for (survey, forms) in tries {
        // Far too large is not worth assembling; what its estimate only just exceeds may still fit.
        let (estimate, _) = survey.estimate(&forms);
        if !request.demands.may_fit(request.target, estimate, 5) {
            refused.push((forms, estimate));
            continue;
        }
        let Some(program) = program(request, survey, graph, &forms, longest_query)? else {
            refused.push((forms, estimate));
            continue;
        };
        let needs = program.image.needs();
        if request.demands.excess(request.target, needs) > 0 {
            refused.push((forms, needs));
            continue;
        }
        // Who decides on forms or size gets what he asked for, without columns that take more bytes.
        let quick = match *request.demands == Demands::default() {
            true => quicken(request, survey, &program)?,
            false => None,
        };
        let program = quick.unwrap_or(program);
        if smallest.as_ref().is_none_or(|found| program.is_smaller_than(found)) {
            smallest = Some(program);
        }
        if request.demands.optimize == Optimize::Speed {
            break;
        }
    }
    let Some(mut compiled) = smallest else {
        return Err(CompileError::too_large(request, plain, refused));
    };
    compiled.reports = reports.into_iter().chain(compiled.reports).collect();
    compiled.wraps = wraps;
    Ok(compiled)
}

/// The program with these forms of weights; only the reports of lowering are in it. `None` where memory ends before it.
fn program(
    request: &Request,
    survey: &Survey,
    graph: &Graph,
    forms: &[Form],
    longest_query: usize,
) -> Result<Option<Compiled>, CompileError> {
    let reports = pass::lower(graph, &plan::Chosen { survey, forms }, longest_query)?;
    let graph = &reports.last().expect("lower() records every pass").graph;
    let plan = plan::plan(graph, survey, request.demands, forms)?;
    plan::check::check(&plan)?;
    let assembly = render::render(&plan, request)?;
    let (plan, assembly, image) = match image::assemble(&plan, request.target, &assembly) {
        Err(CompileError::Assembly(error)) if error.is_out_of_reach() => {
            let plan = plan.reach_far(graph, survey).ok_or(CompileError::Assembly(error))?;
            let assembly = render::render(&plan, request)?;
            let image = image::assemble(&plan, request.target, &assembly)?;
            (plan, assembly, image)
        }
        image => (plan, assembly, image?),
    };
    Ok(image.map(|image| Compiled { reports, wraps: vec![], plan, assembly, image }))
}

/// How often a plan with quick columns is made smaller before it is given up.
const QUICK_TRIES: usize = 3;

/// The program with columns in a faster form in the memory that it leaves, if that makes it faster.
fn quicken(request: &Request, survey: &Survey, program: &Compiled) -> Result<Option<Compiled>, CompileError> {
    let mut room = program.image.room(request.target);
    for _ in 0..QUICK_TRIES {
        let Some(plan) = program.plan.quicken(program.graph(), survey, room) else { return Ok(None) };
        let assembly = render::render(&plan, request)?;
        let excess = match image::assemble(&plan, request.target, &assembly)? {
            None => plan::memory::PAGE,
            Some(image) => match request.demands.excess(request.target, image.needs()) {
                0 => {
                    let reports = program.reports.clone();
                    return Ok(Some(Compiled { reports, wraps: vec![], plan, assembly, image }));
                }
                excess => excess,
            },
        };
        // What it is too large by, a page at least.
        room = room.saturating_sub(excess.max(plan::memory::PAGE));
    }
    Ok(None)
}
