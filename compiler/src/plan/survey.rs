//! What the kernels offer for each stage, in each variant of the network.

use super::{Demands, LayerError, Needs, PlanError};
use crate::ir::Graph;
use crate::kernel::sequence::Home;
use crate::kernel::{Machine, Offer, Processor, Taken, Variant, View, processor};
use crate::stage::calibration::QUERIES;
use crate::stage::{self, Stage, Usage};
use crate::target::Target;
use crate::weights::Form;

/// A network with what the kernels of a target offer for its stages.
#[derive(Debug, Clone)]
pub struct Survey {
    pub target: Target,
    /// The longest query that can reach the program, in bytes.
    pub longest_query: u8,
    /// The queries that use was measured on, and what was measured, of stages without shared sums.
    pub calibration: Vec<Vec<u8>>,
    pub usage: Usage,
    /// Where the weights of each stage live; empty where all are in the image.
    pub homes: Vec<Home>,
    /// Ways to compute the network, the preferred first.
    pub variants: Vec<Offered>,
}

/// One way to compute the network, with offers.
#[derive(Debug, Clone)]
pub struct Offered {
    pub stages: Vec<Stage>,
    /// Taken only for combinations of forms that no other variant offers.
    pub fallback: bool,
    /// For each stage.
    pub offers: Vec<Vec<Offer>>,
}

/// An offer for each stage of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    pub variant: usize,
    /// Positions in [`Offered::offers`].
    pub picks: Vec<usize>,
}

impl Offered {
    /// The offers of a combination.
    pub fn picked<'a>(&'a self, picks: &'a [usize]) -> impl Iterator<Item = &'a Offer> {
        self.offers.iter().zip(picks).map(|(offers, &pick)| &offers[pick])
    }

    /// The stages in the forms of a combination.
    pub fn stages_in(&self, picks: &[usize]) -> Vec<Stage> {
        let stages = self.stages.iter().zip(self.picked(picks));
        stages.map(|(stage, offer)| offer.stage.as_ref().unwrap_or(stage).clone()).collect()
    }

    /// The offers with these forms, one for each stage, if there are such.
    fn pick(&self, forms: &[Option<Form>]) -> Option<Vec<usize>> {
        let position =
            |(offers, form): (&Vec<Offer>, &Option<Form>)| offers.iter().position(|o| o.form == *form);
        self.offers.iter().zip(forms).map(position).collect()
    }
}

impl Survey {
    pub fn processor(&self) -> &'static dyn Processor {
        processor(self.target.cpu)
    }

    pub fn machine(&self) -> Machine {
        Machine::of(&self.target)
    }

    pub fn variant(&self, combination: &Combination) -> &Offered {
        &self.variants[combination.variant]
    }

    /// The offers of a combination.
    pub fn picked<'a>(&'a self, combination: &'a Combination) -> impl Iterator<Item = &'a Offer> {
        self.variant(combination).picked(&combination.picks)
    }

    /// The form that is asked for each stage, `None` where the planner chooses: nobody asks for one, or all stages are
    /// asked for one that this one cannot have.
    ///
    /// # Errors
    /// A layer that is named and is not there, or cannot have the form that it is asked for; a form that none can have.
    pub fn asked(&self, demands: &Demands) -> Result<Vec<Option<Form>>, LayerError> {
        let stages = &self.variants[0].stages;
        let named = demands.forms(stages)?;
        let can = |at: usize, form| self.options(0, at).iter().any(|offer| offer.form == Some(form));
        if let Some(form) = demands.encoding.filter(|form| !(0..stages.len()).any(|at| can(at, *form))) {
            return Err(LayerError::Nowhere { form });
        }
        let asked = |at: usize| match named[at] {
            Some(form) if !can(at, form) => {
                let forms: Vec<_> = self.options(0, at).iter().filter_map(|offer| offer.form).collect();
                let forms: Vec<_> = forms.into_iter().map(Form::name).collect();
                let stage = stages[at].name.clone();
                Err(LayerError::Form { stage, form, forms: forms.join(", ") })
            }
            Some(form) => Ok(Some(form)),
            None => Ok(demands.encoding.filter(|form| can(at, *form))),
        };
        (0..stages.len()).map(asked).collect()
    }

    pub fn forms(&self, combination: &Combination) -> Vec<Option<Form>> {
        self.picked(combination).map(|offer| offer.form).collect()
    }

    /// Bytes that each stage needs while it works.
    pub fn scratch(&self, combination: &Combination) -> Vec<usize> {
        self.picked(combination).map(|offer| offer.scratch).collect()
    }

    /// The combination with these forms: in the variant asked for if it offers them, or else in the first that does.
    pub fn find(&self, variant: usize, forms: &[Option<Form>]) -> Option<Combination> {
        let order = std::iter::once(variant).chain(0..self.variants.len());
        let mut found =
            order.filter_map(|v| Some(Combination { variant: v, picks: self.variants[v].pick(forms)? }));
        found.next()
    }

    /// What each form would cost a stage, the others being as they are: in this variant, or else in the first that offers
    /// it.
    pub fn options(&self, variant: usize, stage: usize) -> Vec<&Offer> {
        let order = || std::iter::once(variant).chain(0..self.variants.len());
        let in_form = |form: Form| {
            order().find_map(|v| self.variants[v].offers[stage].iter().find(|o| o.form == Some(form)))
        };
        Form::ALL.into_iter().filter_map(in_form).collect()
    }

    /// Cost of a step in the stages.
    pub fn cost(&self, combination: &Combination) -> f64 {
        self.picked(combination).map(|offer| offer.cost).sum()
    }

    /// Bytes of weights in the image and their tables.
    pub fn weight_bytes(&self, combination: &Combination) -> usize {
        self.picked(combination).map(Offer::image_bytes).sum()
    }

    /// Image and buffers in bytes, estimated; and cost of a step.
    pub fn estimate(&self, combination: &Combination) -> (Needs, f64) {
        let stages = self.variant(combination).stages_in(&combination.picks);
        let forms = self.forms(combination);
        let taken = Taken { stages: &stages, forms: &forms, homes: &self.homes, machine: self.machine() };
        let shared = self.processor().shared_bytes(&taken);
        let image = self.weight_bytes(combination) + shared;
        let scratch = self.scratch(combination);
        let buffers = self.processor().buffer_bytes(&stages, &scratch, &self.target, self.longest_query);
        (Needs { image, buffers }, self.cost(combination))
    }

    /// The same network with the weights of each stage where `homes` say; empty for all in the image.
    ///
    /// # Errors
    /// [`PlanError::Shape`] for a stage that no kernel computes.
    pub fn with_homes(self, homes: Vec<Home>) -> Result<Self, PlanError> {
        let (processor, machine, usage) = (self.processor(), self.machine(), &self.usage);
        let offered = |Offered { stages, fallback, .. }: Offered| {
            let view = View { stages: &stages, usage, machine, homes: &homes };
            let offers =
                |at| processor.kernels().iter().flat_map(|kernel| kernel.offers(&view, at)).collect();
            let offers: Vec<Vec<Offer>> = (0..stages.len()).map(offers).collect();
            Offered { offers, stages, fallback }
        };
        let variants: Vec<Offered> = self.variants.into_iter().map(offered).collect();
        let unclaimed = |offered: &Offered| offered.offers.iter().position(Vec::is_empty);
        if let Some(at) = variants.iter().filter(|v| v.fallback).find_map(unclaimed) {
            let name = &variants[0].stages[at].name;
            return Err(PlanError::Shape(format!("no kernel computes {name}")));
        }
        Ok(Self { homes, variants, ..self })
    }

    /// Stages with weights, from the one that needs the most bytes in its smallest form on.
    pub fn largest(&self) -> Vec<usize> {
        let least = |at: usize| self.options(0, at).into_iter().map(|offer| offer.bytes).min().unwrap_or(0);
        let stages = &self.variants[0].stages;
        let mut order: Vec<usize> = (0..stages.len()).filter(|&at| stages[at].product().is_some()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(least(at)));
        order
    }

    /// Whether another variant, which is no fallback, offers the forms that a fallback's combination has.
    pub fn is_superseded(&self, combination: &Combination) -> bool {
        if !self.variant(combination).fallback {
            return false;
        }
        let forms = self.forms(combination);
        self.variants.iter().any(|other| !other.fallback && other.pick(&forms).is_some())
    }
}

/// Measures `calibration` (or the built-in queries) and asks the target's kernels for all offers. `wide` keeps the
/// fallback alone: 16-bit accumulators even where bytes are proven for queries of up to `longest_query` bytes.
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
    let stages = stage::read(graph)?;
    let calibration = match calibration {
        [] => QUERIES.iter().map(|q| q.as_bytes().to_vec()).collect(),
        own => own.to_vec(),
    };
    let usage = stage::measure(graph, &stages, calibration.iter().map(Vec::as_slice));
    let variants = processor(target.cpu).variants(&stages, longest_query).into_iter();
    let variants = variants.filter(|variant| target.rom.is_none() || !variant.patches);
    let variants = variants.filter(|variant| !wide || variant.fallback);
    let none =
        |variant: Variant| Offered { offers: vec![], stages: variant.stages, fallback: variant.fallback };
    let variants = variants.map(none).collect();
    Survey { target: target.clone(), longest_query, calibration, usage, homes: vec![], variants }
        .with_homes(vec![])
}
