//! What each form would cost each stage, and the passes' view of what was chosen.

use super::calibration::QUERIES;
use super::narrow::{self, Narrow};
use super::network::{Network, Source, Stage, Start, label};
use super::processor::{Processor, processor};
use super::stats::{self, StageStats, Stats};
use super::{Needs, Offer, PlanError, prefix, share};
use crate::ir::{Fold, Form, Graph};
use crate::pass::Choice;
use crate::target::Target;

/// A network with what each form would cost each of its stages.
#[derive(Debug, Clone)]
pub struct Survey {
    pub network: Network,
    pub stats: Stats,
    pub target: Target,
    /// The longest query that can reach the program, in bytes.
    pub longest_query: u8,
    /// The queries that densities were measured on.
    pub calibration: Vec<Vec<u8>>,
    /// Byte accumulators of the first layer, where bounds prove them.
    pub narrow: Option<Narrow>,
    /// Each stage with the sums shared that pay.
    pub shared: Vec<Stage>,
    /// For each stage, an offer for each form in [`Form::ALL`], with byte accumulators where they are proven.
    pub offers: Vec<Vec<Offer>>,
    /// The same without byte accumulators: where a stage that counts takes a form that cannot.
    pub wide_offers: Vec<Vec<Offer>>,
}

impl Survey {
    /// The kernels that the plan is made of.
    pub fn processor(&self) -> &'static dyn Processor {
        processor(self.target.cpu)
    }

    /// The same without what is known of the window: it takes a table. `None` where there is none.
    pub fn without_prefix(&self) -> Option<Self> {
        let narrow = self.narrow.as_ref().filter(|n| n.prefix.is_some())?;
        let narrow = Narrow { prefix: None, ..narrow.clone() };
        let stages = self.network.stages.iter().zip(&self.shared).enumerate();
        let offers =
            |(i, (plain, shared))| self.processor().offers(plain, shared, Some(&narrow), &self.stats, i);
        let offers = stages.map(offers).collect();
        Some(Self { narrow: Some(narrow), offers, ..self.clone() })
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
        let counts = |stage: usize| self.processor().counts(forms[stage]);
        self.narrow.as_ref().filter(|n| counts(n.query) && counts(n.last))
    }

    /// Name and offers of each stage.
    pub fn stages(&self) -> impl Iterator<Item = (&str, &[Offer])> {
        self.network.stages.iter().zip(&self.offers).map(|(s, o)| (s.name.as_str(), o.as_slice()))
    }

    /// The offers that a combination is made of.
    pub fn offers_for(&self, forms: &[Form]) -> &[Vec<Offer>] {
        if self.narrow_for(forms).is_some() { &self.offers } else { &self.wide_offers }
    }

    fn taken(&self, forms: &[Form]) -> impl Iterator<Item = &Offer> {
        forms.iter().zip(self.offers_for(forms)).map(|(form, all)| &all[form.index()])
    }

    /// Cost of a step in the stages: what differs from one combination to another.
    pub fn cost(&self, forms: &[Form]) -> f64 {
        self.taken(forms).map(|offer| offer.cost).sum()
    }

    /// Bytes of weights and their tables.
    pub fn weight_bytes(&self, forms: &[Form]) -> usize {
        self.taken(forms).map(|offer| offer.bytes).sum()
    }

    /// Image and buffers in bytes, estimated; and cost of a step.
    pub fn estimate(&self, forms: &[Form]) -> (Needs, f64) {
        let shared = self.processor().shared_bytes(&self.network, self.narrow_for(forms), forms);
        let image = self.weight_bytes(forms) + shared;
        (Needs { image, buffers: self.buffer_bytes(forms) }, self.cost(forms))
    }

    /// Bytes of the buffers alone.
    pub fn buffer_bytes(&self, forms: &[Form]) -> usize {
        let narrow = self.narrow_for(forms);
        self.processor().buffer_bytes(&self.network, narrow, &self.target, self.longest_query)
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

/// Byte accumulators that begin with what is known of the window, where the kernels can.
fn with_prefix(narrow: &Narrow, network: &Network, processor: &dyn Processor) -> Option<Narrow> {
    let source = network.stages[narrow.last].source;
    let prefix = prefix::prefix(network, narrow.last).filter(|_| processor.takes_prefix(source));
    prefix.map(|prefix| Narrow { prefix: Some(prefix), ..narrow.clone() })
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
    let narrow = narrow.filter(|n| processor.counts_long_queries() || n.long.is_none());
    let offers = |narrow: Option<&Narrow>| -> Vec<Vec<Offer>> {
        let stages = network.stages.iter().zip(&shared).enumerate();
        stages.map(|(i, (plain, shared))| processor.offers(plain, shared, narrow, &stats, i)).collect()
    };
    let (counted, wide_offers) = (offers(narrow.as_ref()), offers(None));
    // What is known is added to every output; where that is too seldom enough it does not pay.
    let known =
        narrow.as_ref().and_then(|n| with_prefix(n, &network, processor)).map(|n| (offers(Some(&n)), n));
    let cost = |offers: &[Vec<Offer>], n: &Narrow| offers[n.last][Form::Columns.index()].cost;
    let (narrow, offers) = match known.filter(|(offers, n)| cost(offers, n) < cost(&counted, n)) {
        Some((offers, n)) => (Some(n), offers),
        None => (narrow, counted),
    };
    let target = target.clone();
    Ok(Survey { network, stats, target, longest_query, calibration, narrow, shared, offers, wide_offers })
}
