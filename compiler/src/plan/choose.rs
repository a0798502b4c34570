//! Which form each stage's weights take: the fastest combination that fits.

use super::calibration::QUERIES;
use super::narrow::{self, Narrow};
use super::network::{Network, Source, Stage, Start, label};
use super::processor::{Processor, processor};
use super::stats::{self, StageStats, Stats};
use super::{Offer, PlanError, share};
use crate::ir::{Fold, Form, Graph};
use crate::pass::Choice;
use crate::target::Target;

/// More combinations than this are not tried one by one.
const EXHAUSTIVE: usize = 4096;

/// A network with what each form would cost each of its stages.
#[derive(Debug, Clone)]
pub struct Survey {
    pub network: Network,
    pub stats: Stats,
    pub target: Target,
    /// The queries that densities were measured on.
    pub calibration: Vec<Vec<u8>>,
    /// Byte accumulators of the first layer, where bounds prove them.
    pub narrow: Option<Narrow>,
    /// Each stage with the sums shared that pay.
    pub shared: Vec<Stage>,
    /// For each stage, an offer for each form in [`Form::ALL`].
    pub offers: Vec<Vec<Offer>>,
}

impl Survey {
    /// The kernels that the plan is made of.
    pub fn processor(&self) -> &'static dyn Processor {
        processor(self.target.cpu)
    }

    /// A stage as it is in a form.
    pub fn variant(&self, stage: usize, form: Form) -> &Stage {
        match form {
            Form::Shared => &self.shared[stage],
            Form::Packed | Form::Columns | Form::Gaps | Form::Unrolled => &self.network.stages[stage],
        }
    }

    /// Byte accumulators, if the stages that count have forms that can.
    pub fn narrow_for(&self, forms: &[Form]) -> Option<&Narrow> {
        self.narrow.as_ref().filter(|n| forms[n.query].can_count() && forms[n.last].can_count())
    }

    /// Name and offers of each stage.
    pub fn stages(&self) -> impl Iterator<Item = (&str, &[Offer])> {
        self.network.stages.iter().zip(&self.offers).map(|(s, o)| (s.name.as_str(), o.as_slice()))
    }

    /// Image and buffers in bytes, estimated; and cost of a step.
    pub fn estimate(&self, forms: &[Form]) -> (usize, f64) {
        let offers = || forms.iter().zip(&self.offers).map(|(f, all)| &all[f.index()]);
        let weights: usize = offers().map(|o| o.bytes).sum();
        let shared = self.processor().shared_bytes(&self.network, forms) + self.buffer_bytes(forms);
        (weights + shared, offers().map(|o| o.cost).sum())
    }

    /// Bytes of the buffers alone.
    pub fn buffer_bytes(&self, forms: &[Form]) -> usize {
        self.processor().buffer_bytes(&self.network, self.narrow_for(forms), &self.target)
    }
}

/// A combination of forms, for the passes that lower to it.
pub struct Chosen<'a> {
    pub survey: &'a Survey,
    pub forms: &'a [Form],
}

impl Choice for Chosen<'_> {
    fn form(&self, product: &str) -> Form {
        // A product outside of all stages has no form; the planner refuses a graph that keeps one.
        self.stage(product).map_or(Form::Packed, |i| self.forms[i])
    }

    fn folds(&self, product: &str) -> &[Fold] {
        match self.stage(product) {
            Some(i) => &self.survey.variant(i, self.forms[i]).folds,
            None => &[],
        }
    }
}

impl Chosen<'_> {
    fn stage(&self, product: &str) -> Option<usize> {
        let name = label(product);
        self.survey.network.stages.iter().position(|s| s.name == name)
    }
}

/// Measures `calibration` (or the built-in queries) and asks the target's cost model for all offers.
/// `wide` keeps 16-bit accumulators even where bytes are proven for queries of up to `longest_query` bytes.
///
/// # Errors
/// [`PlanError::Shape`] for a graph that no kernel computes.
pub fn survey(
    graph: &Graph,
    target: &Target,
    wide: bool,
    longest_query: u8,
    calibration: &[Vec<u8>],
) -> Result<Survey, PlanError> {
    let network = Network::read(graph)?;
    let calibration = match calibration {
        [] => QUERIES.iter().map(|q| q.as_bytes().to_vec()).collect(),
        own => own.to_vec(),
    };
    let stats = stats::measure(graph, &network, calibration.iter().map(Vec::as_slice));
    let processor = processor(target.cpu);
    let prices = processor.prices();
    let share = |(stage, counts): (&Stage, &StageStats)| {
        // Sums that another stage starts with are needed as they are.
        let hidden = matches!((&stage.source, &stage.start), (Source::Hidden { .. }, Start::Constant(_)));
        let folds = if hidden { share::folds(stage, counts, prices) } else { vec![] };
        share::folded(stage, &folds)
    };
    let shared: Vec<Stage> = network.stages.iter().zip(&stats.stages).map(share).collect();
    let narrow = if wide { None } else { narrow::narrow(&network, longest_query) };
    let offer = |i| processor.offers(&network.stages[i], &shared[i], narrow.as_ref(), &stats, i);
    let offers = (0..shared.len()).map(offer).collect();
    Ok(Survey { network, stats, target: target.clone(), calibration, narrow, shared, offers })
}

/// Combinations of forms worth trying, in the order to try them: by cost those whose estimate fits with a
/// margin for error, and last the smallest of all, so that a refusal names the least size.
pub fn candidates(survey: &Survey, encoding: Option<Form>) -> Vec<Vec<Form>> {
    let stages = survey.offers.len();
    if let Some(form) = encoding {
        return vec![vec![form; stages]];
    }
    let all = combinations(survey, stages);
    let smallest = all.iter().min_by_key(|forms| survey.estimate(forms).0).cloned();
    let room = survey.target.memory();
    // The estimate of shared code is rough: what is this much too large may still fit.
    let mut fitting: Vec<_> = all
        .into_iter()
        .map(|forms| (survey.estimate(&forms), forms))
        .filter(|((bytes, _), _)| *bytes <= room + room / 50)
        .collect();
    fitting.sort_by(|((_, a), _), ((_, b), _)| a.total_cmp(b));
    // A plan that misses by a little is followed by one that is smaller, so few tries suffice.
    let mut tries: Vec<Vec<Form>> = Vec::new();
    let mut least = usize::MAX;
    for ((bytes, _), forms) in fitting {
        if bytes < least {
            least = bytes;
            tries.push(forms);
        }
    }
    tries.truncate(8);
    tries.extend(smallest.filter(|s| !tries.contains(s)));
    tries
}

/// All combinations, or for deep networks those on the way from the fastest to the smallest: the stage
/// that pays least for each byte saved changes first.
fn combinations(survey: &Survey, stages: usize) -> Vec<Vec<Form>> {
    let count = u32::try_from(stages).ok().and_then(|n| Form::ALL.len().checked_pow(n));
    if count.is_some_and(|n| n <= EXHAUSTIVE) {
        let mut all: Vec<Vec<Form>> = vec![vec![]];
        for _ in 0..stages {
            let longer = |forms: &Vec<Form>| Form::ALL.map(|f| [forms.as_slice(), &[f]].concat());
            all = all.iter().flat_map(longer).collect();
        }
        return all;
    }
    let fastest =
        |offers: &Vec<Offer>| offers.iter().min_by(|a, b| a.cost.total_cmp(&b.cost)).map(|o| o.form);
    let mut forms: Vec<Form> = survey.offers.iter().filter_map(fastest).collect();
    let mut path = vec![forms.clone()];
    while let Some((stage, form)) = best_saving(survey, &forms) {
        forms[stage] = form;
        path.push(forms.clone());
    }
    path.extend(Form::ALL.map(|f| vec![f; stages]));
    path
}

/// The change to a smaller form that costs least for each byte.
fn best_saving(survey: &Survey, forms: &[Form]) -> Option<(usize, Form)> {
    let mut best: Option<(f64, usize, Form)> = None;
    for (stage, (offers, form)) in survey.offers.iter().zip(forms).enumerate() {
        let now = &offers[form.index()];
        for offer in offers.iter().filter(|o| o.bytes < now.bytes) {
            let price = (offer.cost - now.cost) / (now.bytes - offer.bytes) as f64;
            if best.is_none_or(|(least, ..)| price < least) {
                best = Some((price, stage, offer.form));
            }
        }
    }
    best.map(|(_, stage, form)| (stage, form))
}
