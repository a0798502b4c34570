//! The pipeline: model → graph → passes → plan → assembly text → image.
//!
//! There is one planner. [`compile`] makes its plans into programs until one fits; [`price`] gives the plan that the
//! estimates choose, for whoever asks what a network would cost and needs no program. The plan of a sequence model is that of
//! the program that [`crate::storage`] makes: its routines are shared by all matrices, so their sizes and cycles are known
//! when the text is there, and that is made in less time than an estimate of it would be worth.

use crate::error::SEQUENCE;
use crate::ir::{self, Graph};
use crate::kernel::sensors::{Pace, SensorSite};
use crate::kernel::sequence::{Home, SequenceSite};
use crate::kernel::{PAGE, Templates};
use crate::model::{Body, Model, Offers};
use crate::pass::{self, Report, Wrap};
use crate::plan::Combination;
use crate::plan::{self, Demands, Needs, Optimize, Plan, Storage, Survey};
use crate::stage::seen::Seen;
use crate::storage::{self, Placed};
use crate::{Assets, CompileError, Image, Target, image, render, sensors, valid};

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
    /// Queries to measure densities on; empty takes those of the model, and [`crate::stage::calibration::QUERIES`] for a
    /// model without.
    pub calibration: &'a [Vec<u8>],
}

/// Everything that compiling a model gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What each pass did, with the graph it left, in order.
    pub reports: Vec<Report>,
    /// Neurons whose accumulator can leave its bits.
    pub wraps: Vec<Wrap>,
    pub plan: Plan,
    pub assembly: String,
    pub image: Image,
}

impl Request<'_> {
    /// The queries that densities are measured on; empty for those built in.
    fn calibration(&self) -> Vec<Vec<u8>> {
        match self.calibration {
            [] => self.model.head.calibration.iter().map(|query| query.clone().into_bytes()).collect(),
            given => given.to_vec(),
        }
    }

    /// Who decides on forms or size gets what he asked for, without columns that take more bytes.
    fn may_quicken(&self) -> bool {
        self.demands.are_none()
    }
}

impl Compiled {
    /// The graph after the last pass.
    pub fn graph(&self) -> &Graph {
        &self.reports.last().expect("compile() records every pass").graph
    }
}

/// Bytes of a line of numbers, for passes that ask how long a text is: they find none of it in such a graph.
const LONGEST: usize = 255;

/// The graph of a model before any pass: what the reference interpreter runs.
///
/// # Errors
/// [`CompileError`] for a model that was never checked, and for one with a beam, which [`crate::eval::beam`] runs.
pub fn reference(model: &Model) -> Result<Graph, CompileError> {
    let lacks = model.sequence().and_then(|(_, _, story)| {
        story.lacking(Offers { turns: true, choice: true, beam: false, reads: true })
    });
    if let Some(what) = lacks {
        let (name, target) = (model.head.name.clone(), "reference".into());
        return Err(CompileError::Sequence { name, target, what: what.into() });
    }
    let graph = ir::build(model)?;
    valid::validate(&graph, "build")?;
    Ok(graph)
}

/// Compiles a model.
///
/// # Errors
/// When the model does not fit the target, or for a bug in mlc; [`CompileError`] tells which.
pub fn compile(request: &Request) -> Result<Compiled, CompileError> {
    if let Some((reader, ..)) = request.model.sequence() {
        let (model, dead) = request.model.without_dead();
        let request = &Request { model: &model, ..*request };
        let Placed { plan, assembly, image } = of_sequence(request, storage::place)?;
        let longest = request.target.longest(reader.max_length);
        let (mut reports, wraps) = pass::optimise(ir::build(request.model)?, longest.into())?;
        reports.iter_mut().take(1).for_each(|built| built.summary += &dead.told());
        return Ok(Compiled { reports, wraps, plan, assembly, image });
    }
    if request.model.network().is_some() {
        let (reports, wraps) = pass::optimise(ir::build(request.model)?, LONGEST)?;
        let sensors::Program { plan, assembly, image } = of_sensors(request)?;
        return Ok(Compiled { reports, wraps, plan, assembly, image });
    }
    let mut prepared = Prepared::new(request)?;
    let templates = render::templates(request)?;
    let others = prepared.place(request)?;
    let mut found = prepared.smallest(request, &templates)?;
    if found.is_err() {
        for (_, survey) in prepared.in_order(request, others)? {
            prepared.survey = survey;
            found = prepared.smallest(request, &templates)?;
            if found.is_ok() {
                break;
            }
        }
    }
    let Program { plan, assembly, image } =
        found.map_err(|refused| CompileError::too_large(request, &prepared.survey, refused))?;
    Ok(Compiled { reports: prepared.reports, wraps: prepared.wraps, plan, assembly, image })
}

/// Where the weights of each stage live; none where all are in the image.
type Homes = Vec<Home>;

/// Where the weights of each stage are to live, and where they may if that does not fit: the largest in a flash chip, one more with
/// each.
///
/// # Errors
/// A place that the target does not have for such networks.
fn homes(request: &Request, survey: &Survey) -> Result<(Homes, Vec<Homes>), CompileError> {
    let has_chip = request.target.spi_flash.is_some();
    let storage = request.demands.storage;
    if storage == Storage::Banks || storage == Storage::File && !has_chip {
        let what = format!("weights of such a network in {}", storage.place());
        let (name, target) = (request.model.head.name.clone(), request.target.name.clone());
        return Err(CompileError::Sequence { name, target, what });
    }
    let order = survey.largest();
    let with = |count: usize| {
        let mut homes = vec![Home::Image; survey.variants[0].stages.len()];
        order[..count].iter().for_each(|&at| homes[at] = Home::File);
        homes
    };
    Ok(match storage {
        Storage::File => (with(order.len()), vec![]),
        Storage::Auto if has_chip => (vec![], (1..=order.len()).map(with).collect()),
        Storage::Auto | Storage::Image | Storage::Banks => (vec![], vec![]),
    })
}

/// The plan that [`compile`] would take if all estimates were right: the first that fits, or else the smallest.
///
/// # Errors
/// For a bug in mlc, or a demand that names no layer; of sequence models and networks on numbers, what the target has no
/// kernels for. That a program would be too large is none ([`Demands::excess`] of [`Plan::needs`] tells), but for networks on
/// numbers.
pub fn price(request: &Request) -> Result<Plan, CompileError> {
    if request.model.sequence().is_some() {
        let (model, _) = request.model.without_dead();
        return of_sequence(&Request { model: &model, ..*request }, storage::price);
    }
    // Its program is there in less time than an estimate of it would be worth.
    if request.model.network().is_some() {
        return of_sensors(request).map(|program| program.plan);
    }
    let mut prepared = Prepared::new(request)?;
    let others = prepared.place(request)?;
    let (plan, fits) = prepared.price(&prepared.survey, request)?;
    let others = prepared.in_order(request, if fits { vec![] } else { others })?;
    Ok(others.into_iter().next().map_or(plan, |(plan, _)| plan))
}

/// What `with` makes of a sequence model.
///
/// # Errors
/// Those of `with`; a demand that such models cannot meet.
fn of_sequence<T>(
    request: &Request,
    with: impl FnOnce(&SequenceSite) -> Result<T, CompileError>,
) -> Result<T, CompileError> {
    let Some((reader, body, story)) = request.model.sequence() else {
        unreachable!("the caller has seen that it is one")
    };
    if let Some(option) = request.demands.of_forms() {
        return Err(CompileError::Forms { name: request.model.head.name.clone(), family: SEQUENCE, option });
    }
    let templates = render::templates(request)?;
    let seen = Seen::new(request.model, &request.calibration())?;
    with(&SequenceSite {
        reader,
        body,
        story,
        request,
        templates: &templates,
        seen: &seen,
        less: 0,
        filing: None,
        selector: None,
        second_ram: None,
        tight: false,
        pages: None,
    })
}

/// The program of a network on numbers.
///
/// # Errors
/// See [`sensors::program`].
fn of_sensors(request: &Request) -> Result<sensors::Program, CompileError> {
    let Some((reader, body)) = request.model.network() else {
        unreachable!("the caller has seen that it is one")
    };
    let templates = render::templates(request)?;
    let pace = if request.demands.is_for_size() { Pace::Smallest } else { Pace::Fastest };
    sensors::program(&SensorSite { reader, body, request, templates: &templates, pace, rows: false })
}

/// A model up to the point where forms of weights are chosen.
struct Prepared {
    reports: Vec<Report>,
    wraps: Vec<Wrap>,
    /// What the kernels offer.
    survey: Survey,
}

/// A plan made into a program.
struct Program {
    plan: Plan,
    assembly: String,
    image: Image,
}

impl Program {
    /// Whether its image is smaller, or as large and the program predicted to be faster.
    fn is_smaller_than(&self, other: &Self) -> bool {
        let cost = |program: &Self| program.plan.prediction.total();
        let sizes = self.image.bytes.len().cmp(&other.image.bytes.len());
        sizes.then(cost(self).total_cmp(&cost(other))).is_lt()
    }

    /// The program with columns in a faster form in the memory that it leaves, if that makes it faster.
    fn quicken(&self, request: &Request, templates: &Templates) -> Result<Option<Self>, CompileError> {
        let mut room = self.image.room(request.target);
        for _ in 0..QUICK_TRIES {
            let Some(plan) = self.plan.quicken(room) else { return Ok(None) };
            let text = render::render(&plan, request, templates)?;
            let excess = match image::assemble(&plan, request.target, &text)? {
                None => PAGE,
                Some(image) => match request.demands.excess(request.target, image.needs()) {
                    0 => return Ok(Some(Self { plan, assembly: text.assembly, image })),
                    excess => excess,
                },
            };
            // What it is too large by, a page at least.
            room = room.saturating_sub(excess.max(PAGE));
        }
        Ok(None)
    }
}

/// How often a plan with quick columns is made smaller before it is given up.
const QUICK_TRIES: usize = 3;

impl Prepared {
    fn new(request: &Request) -> Result<Self, CompileError> {
        if let Body::Network(_) = request.model.body {
            let (name, target) = (request.model.head.name.clone(), request.target.name.clone());
            return Err(CompileError::Sequence { name, target, what: "networks on numbers".into() });
        }
        let longest = request.target.longest(request.model.reader.max_query());
        let (reports, wraps) = pass::optimise(ir::build(request.model)?, longest.into())?;
        let graph = &reports.last().expect("optimise() records every pass").graph;
        let survey = plan::survey(graph, request.target, request.wide, longest, &request.calibration())?;
        Ok(Self { reports, wraps, survey })
    }

    fn graph(&self) -> &Graph {
        &self.reports.last().expect("optimise() records every pass").graph
    }

    /// Puts weights where they are to live; gives where they may if that does not fit. In the image they are already.
    fn place(&mut self, request: &Request) -> Result<Vec<Homes>, CompileError> {
        let (first, others) = homes(request, &self.survey)?;
        if !first.is_empty() {
            self.survey = self.survey.clone().with_homes(first)?;
        }
        Ok(others)
    }

    /// The plan of the first combination of a survey that fits, or of the one that misses by least; and whether it fits.
    fn price(&self, survey: &Survey, request: &Request) -> Result<(Plan, bool), CompileError> {
        let candidates = plan::candidates(survey, request.demands)?;
        let excess = |c: &&Combination| request.demands.excess(request.target, survey.estimate(c).0);
        let fits = candidates.iter().find(|candidate| excess(candidate) == 0);
        // `min_by_key` takes the first of equals: the fastest.
        let chosen = fits.or(candidates.iter().min_by_key(excess)).expect("there is always a smallest plan");
        let plan = plan::plan(self.graph(), survey, request.demands, chosen)?;
        let room = request.target.image_room().checked_sub(plan.needs.total());
        let room = room.filter(|_| request.may_quicken());
        let quick = room.and_then(|room| plan.quicken(room));
        Ok((quick.unwrap_or(plan), fits.is_some()))
    }

    /// The surveys with weights in these places, and their plans: those with a plan that fits by its estimate first, from the fastest on, or from the
    /// smallest where that is asked for; then the others, the smallest last.
    ///
    /// # Errors
    /// A bug in mlc.
    fn in_order(&self, request: &Request, ways: Vec<Homes>) -> Result<Vec<(Plan, Survey)>, CompileError> {
        let mut priced = Vec::new();
        for homes in ways {
            let survey = self.survey.clone().with_homes(homes)?;
            let (plan, fits) = self.price(&survey, request)?;
            let image = plan.needs.image as f64;
            let key = match (fits, request.demands.optimize) {
                (true, Optimize::Speed) => plan.prediction.total(),
                (true, Optimize::Size) => image,
                (false, _) => -image,
            };
            priced.push(((!fits, key), (plan, survey)));
        }
        // Stable: of equal ones that with fewest in the chip goes first.
        priced.sort_by(|((a, x), _), ((b, y), _)| a.cmp(b).then(x.total_cmp(y)));
        Ok(priced.into_iter().map(|(_, priced)| priced).collect())
    }

    /// The program of the first combination that fits, or of those the smallest, as is asked for; else what each would need.
    ///
    /// # Errors
    /// A damaged template; a bug in mlc.
    fn smallest(
        &self,
        request: &Request,
        templates: &Templates,
    ) -> Result<Result<Program, Vec<(Combination, Needs)>>, CompileError> {
        let mut refused = Vec::new();
        let mut smallest: Option<Program> = None;
        for combination in plan::candidates(&self.survey, request.demands)? {
            // Far too large is not worth assembling; what its estimate only just exceeds may still fit.
            let (estimate, _) = self.survey.estimate(&combination);
            if !request.demands.may_fit(request.target, estimate, 5) {
                refused.push((combination, estimate));
                continue;
            }
            let Some(program) = self.program(request, templates, &combination)? else {
                refused.push((combination, estimate));
                continue;
            };
            let needs = program.image.needs();
            if request.demands.excess(request.target, needs) > 0 {
                refused.push((combination, needs));
                continue;
            }
            let quick = if request.may_quicken() { program.quicken(request, templates)? } else { None };
            let program = quick.unwrap_or(program);
            if smallest.as_ref().is_none_or(|found| program.is_smaller_than(found)) {
                smallest = Some(program);
            }
            if request.demands.optimize == Optimize::Speed {
                break;
            }
        }
        Ok(smallest.ok_or(refused))
    }

    /// The program of a combination of offers. `None` where memory ends before it.
    fn program(
        &self,
        request: &Request,
        templates: &Templates,
        combination: &Combination,
    ) -> Result<Option<Program>, CompileError> {
        let plan = plan::plan(self.graph(), &self.survey, request.demands, combination)?;
        plan::check::check(&plan)?;
        let assemble = |plan: &Plan| {
            let text = render::render(plan, request, templates)?;
            let image = image::assemble(plan, request.target, &text)?;
            Ok::<_, CompileError>((text.assembly, image))
        };
        let (plan, (assembly, image)) = match assemble(&plan) {
            Err(CompileError::Assembly(error)) if error.is_out_of_reach() => {
                let plan = plan.reach_far().ok_or(CompileError::Assembly(error))?;
                let program = assemble(&plan)?;
                (plan, program)
            }
            program => (plan, program?),
        };
        let Some(image) = image else { return Ok(None) };
        let image = Image { beside: plan.beside(request, templates)?, ..image };
        Ok(Some(Program { plan, assembly, image }))
    }
}
