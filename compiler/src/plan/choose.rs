//! Which form each stage's weights take: the fastest combination that fits.

use super::network::Network;
use super::{Offer, z80};
use crate::ir::{Form, Graph, NodeId};
use crate::plan::PlanError;
use crate::plan::calibration::QUERIES;
use crate::plan::stats::{self, Stats};
use crate::target::{Cpu, Target};

/// More combinations than this are not tried one by one.
const EXHAUSTIVE: usize = 6561;

/// A network with what each form would cost each of its stages.
#[derive(Debug, Clone)]
pub struct Survey {
    pub network: Network,
    pub stats: Stats,
    pub target: Target,
    /// For each stage, an offer for each form in [`Form::ALL`].
    pub offers: Vec<Vec<Offer>>,
}

impl Survey {
    /// Form of the product `id` when stages take `forms`. A product outside of all stages has none, and
    /// the planner refuses a graph that keeps one.
    pub fn form_of(&self, forms: &[Form], id: NodeId) -> Form {
        let stage = self.network.stages.iter().position(|s| s.product == id);
        stage.map_or(Form::Packed, |i| forms[i])
    }

    /// Name and offers of each stage.
    pub fn stages(&self) -> impl Iterator<Item = (&str, &[Offer])> {
        self.network.stages.iter().zip(&self.offers).map(|(s, o)| (s.name.as_str(), o.as_slice()))
    }

    /// Image and buffers in bytes, estimated; and cost of a step.
    pub fn estimate(&self, forms: &[Form]) -> (usize, f64) {
        let offers = || forms.iter().zip(&self.offers).map(|(f, all)| &all[f.index()]);
        let weights: usize = offers().map(|o| o.bytes).sum();
        let shared = z80::shared_bytes(&self.network, forms) + z80::buffer_bytes(&self.network, &self.target);
        (weights + shared, offers().map(|o| o.cost).sum())
    }
}

/// Measures `calibration` (or the built-in queries) and asks the target's cost model for all offers.
///
/// # Errors
/// [`PlanError::Shape`] for a graph that no kernel computes.
pub fn survey(graph: &Graph, target: &Target, calibration: &[Vec<u8>]) -> Result<Survey, PlanError> {
    let network = Network::read(graph)?;
    let stats = match calibration {
        [] => stats::measure(graph, &network, QUERIES.iter().map(|q| q.as_bytes())),
        own => stats::measure(graph, &network, own.iter().map(Vec::as_slice)),
    };
    let offers = match target.cpu {
        Cpu::Z80 => (0..network.stages.len()).map(|i| z80::offers(&network, &stats, i)).collect(),
    };
    Ok(Survey { network, stats, target: target.clone(), offers })
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
