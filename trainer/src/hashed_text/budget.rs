//! Training for what the network costs on its machine.
//!
//! Always, by [`Shape::economy`](crate::Shape::economy): an L1 term on each weight in proportion to how often
//! a step visits it ([`VisitedWeights`]), and one on the activations. And for limits:
//!
//! A [`CostModel`] says what a network costs; it knows the target, the trainer does not. While a cost is above its
//! limit, a *pressure* grows that strengthens the L1 term, most for those weights that cost most, and adds an L1
//! term on the activations (a zero activation costs nothing on a machine that skips it). Below the limit the
//! pressure falls again. The limit is lenient at first, when the network still finds its shape, and binding from
//! 70 % of the training on; what the pressure cost in accuracy shows in the figures.

use super::corpus::Corpus;
use super::dataset::{Dataset, Example};
use super::forward::Activations;
use super::network::Network;
use crate::arrays::{CHUNK, Cpu};
use crate::family::{Costs, Progress, Sample};
use mlc_compiler::model::Layer;

/// What a network is used for, as far as its cost depends on it.
#[derive(Debug)]
pub struct Usage<'a> {
    pub layers: &'a [Layer],
    /// The first inputs of the first layer: they change only from query to query.
    pub query_inputs: usize,
    /// Steps that one query takes on the average: characters and end mark of a reply; 1 for a classifier.
    pub steps_per_query: f64,
    /// For each layer and each of its inputs the share of steps in which it is not zero, 0 to 1.
    pub activity: &'a [Vec<f32>],
}

/// What a network costs on a target: T-states, bytes, or anything else that fewer weights make less.
pub trait CostModel {
    /// The cost, to be compared with the limit.
    fn cost(&self, usage: &Usage) -> f64;

    /// What a weight of `input` of `layer` adds to the cost, in any unit.
    fn price(&self, usage: &Usage, layer: usize, input: usize) -> f32;
}

/// Weights that are not zero.
pub struct NonzeroWeights;

impl CostModel for NonzeroWeights {
    fn cost(&self, usage: &Usage) -> f64 {
        usage.layers.iter().flat_map(|layer| &layer.weights).filter(|&&w| w != 0).count() as f64
    }

    fn price(&self, _: &Usage, _: usize, _: usize) -> f32 {
        1.0
    }
}

/// Weights visited in a mean step by a program that skips zero weights and zero inputs, and computes the part of
/// the query once for each query: close to proportional to its time.
pub struct VisitedWeights;

impl CostModel for VisitedWeights {
    fn cost(&self, usage: &Usage) -> f64 {
        let mut visits = 0.0;
        for (index, layer) in usage.layers.iter().enumerate() {
            for row in layer.weights.chunks_exact(layer.inputs.max(1)) {
                let used = row.iter().enumerate().filter(|&(_, &w)| w != 0);
                visits += used.map(|(input, _)| f64::from(self.price(usage, index, input))).sum::<f64>();
            }
        }
        visits
    }

    fn price(&self, usage: &Usage, layer: usize, input: usize) -> f32 {
        let share = usage.activity[layer][input];
        if layer == 0 && input < usage.query_inputs { share / usage.steps_per_query as f32 } else { share }
    }
}

/// A cost and its limit.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    pub model: &'a dyn CostModel,
    pub limit: f64,
}

/// Steps looked at to see how often inputs are zero.
const SAMPLE: usize = 1024;
/// From this part of the training on the limit is binding.
const BINDING_FROM: f64 = 0.7;
/// What is aimed at, as a part of the limit: the last epochs still move a little.
const AIM: f64 = 0.97;
/// The logarithm of the pressure changes by at most this during the whole training.
const GAIN: f64 = 12.0;
/// The pressure is adjusted after this part of the training at the latest: coarser steps overshoot.
const FINENESS: f64 = 0.01;
/// Most pressure.
const MOST: f64 = 1000.0;

/// How much stronger than everywhere the L1 terms are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strengths {
    /// By layer and input, for each of its weights.
    pub weights: Vec<Vec<f32>>,
    pub activations: f32,
}

/// The state of the regulation.
pub(crate) struct Regulator<'a> {
    economy: f32,
    budgets: &'a [Budget<'a>],
    /// 1: none.
    pressure: f64,
    /// The budget that the pressure is about.
    tightest: usize,
    /// Part of the training since the pressure was last adjusted.
    unregulated: f64,
}

/// What the regulator found and decided after an epoch.
pub(crate) struct Reading {
    pub costs: Costs,
    pub strengths: Strengths,
}

impl<'a> Regulator<'a> {
    pub(crate) fn new(economy: f32, budgets: &'a [Budget<'a>]) -> Self {
        Self { economy, budgets, pressure: 1.0, tightest: 0, unregulated: 0.0 }
    }

    /// After an epoch: how strong the terms are in the next one. A sample of the shuffled steps is looked at.
    ///
    /// Measures the costs as well and adjusts the pressure where the network is `judged`, and after every hundredth
    /// part of the training at the latest. Not after each of many epochs: a compiler's plan takes as long as one.
    pub(crate) fn regulate(
        &mut self,
        network: &Network,
        sample: Sample<Corpus>,
        (steps_per_query, query_inputs): (f64, usize),
        progress: Progress,
        judged: bool,
    ) -> Reading {
        let layers = network.to_layers();
        let activity = activity(network, sample.part, &sample.steps[..sample.steps.len().min(SAMPLE)]);
        let usage = Usage { layers: &layers, query_inputs, steps_per_query, activity: &activity };
        let mut weights = prices(&usage, &VisitedWeights);
        weights.iter_mut().flatten().for_each(|price| *price *= self.economy);
        let strengths = Strengths { weights, activations: self.economy };

        self.unregulated += progress.epoch;
        let costs = Costs { nonzero: network.nonzero(), costs: Vec::new(), used: None };
        let mut reading = Reading { costs, strengths };
        if judged || self.unregulated > FINENESS {
            let costs: Vec<f64> = self.budgets.iter().map(|budget| budget.model.cost(&usage)).collect();
            let shares = costs.iter().zip(self.budgets).map(|(cost, budget)| cost / budget.limit);
            let tightest =
                shares.enumerate().reduce(|most, share| if share.1 > most.1 { share } else { most });
            if let Some((index, used)) = tightest {
                // Twice the limit at the start, then falling.
                let allowed = AIM * (2.0 - (progress.done / BINDING_FROM).min(1.0));
                // Full speed at 10 % off.
                let error = ((used / allowed).max(1e-9).ln() / 1.1f64.ln()).clamp(-1.0, 1.0);
                self.pressure = (self.pressure * (GAIN * self.unregulated * error).exp()).clamp(1.0, MOST);
                self.tightest = index;
                reading.costs.used = Some(used);
            }
            reading.costs.costs = costs;
            self.unregulated = 0.0;
        }
        let extra = (self.pressure - 1.0) as f32;
        if let Some(budget) = self.budgets.get(self.tightest).filter(|_| extra > 0.0) {
            let prices = prices(&usage, budget.model);
            for (strength, price) in
                reading.strengths.weights.iter_mut().flatten().zip(prices.iter().flatten())
            {
                *strength += extra * price;
            }
            reading.strengths.activations += extra;
        }
        reading
    }
}

/// For each layer the share of steps in which each input is not zero.
fn activity(network: &Network, data: &Dataset, steps: &[Example]) -> Vec<Vec<f32>> {
    let mut counts: Vec<Vec<f32>> = network.layers.iter().map(|layer| vec![0.0; layer.inputs]).collect();
    let mut activations = Activations::default();
    for chunk in steps.chunks(CHUNK) {
        activations.run(&Cpu { threads: 1 }, network, data.inputs(), chunk);
        for step in chunk {
            data.inputs().of(step).for_each(|(input, _)| counts[0][input] += 1.0);
        }
        for (counts, outputs) in counts[1..].iter_mut().zip(&activations.outputs) {
            for row in outputs.chunks_exact(counts.len()) {
                counts.iter_mut().zip(row).for_each(|(n, &y)| *n += if y > 0.0 { 1.0 } else { 0.0 });
            }
        }
    }
    counts.iter_mut().flatten().for_each(|n| *n /= steps.len().max(1) as f32);
    counts
}

fn prices(usage: &Usage, model: &dyn CostModel) -> Vec<Vec<f32>> {
    let of_layer = |(index, layer): (usize, &Layer)| {
        (0..layer.inputs).map(|input| model.price(usage, index, input)).collect::<Vec<f32>>()
    };
    let mut prices: Vec<Vec<f32>> = usage.layers.iter().enumerate().map(of_layer).collect();
    let (mut sum, mut count) = (0.0, 0.0);
    for (layer, prices) in usage.layers.iter().zip(&prices) {
        sum += prices.iter().sum::<f32>() * layer.outputs as f32;
        count += layer.weights.len() as f32;
    }
    let mean = if sum > 0.0 { sum / count } else { 1.0 };
    prices.iter_mut().flatten().for_each(|price| *price /= mean);
    prices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_a_network_counted_by_hand() {
        let layers = [
            Layer {
                inputs: 3,
                outputs: 2,
                weights: vec![1, 0, -2, 0, 1, 1],
                bias: vec![0; 2],
                shift: 2,
                set: mlc_compiler::model::WeightSet::Full,
            },
            Layer {
                inputs: 2,
                outputs: 1,
                weights: vec![1, 1],
                bias: vec![0],
                shift: 2,
                set: mlc_compiler::model::WeightSet::Full,
            },
        ];
        let activity = [vec![1.0, 0.5, 0.25], vec![0.5, 0.0]];
        let usage = Usage { layers: &layers, query_inputs: 2, steps_per_query: 4.0, activity: &activity };
        assert_eq!(NonzeroWeights.cost(&usage), 6.0);
        // The query: 1 + 0.5 over 4 steps; the context: twice 0.25; the second layer: 0.5.
        assert_eq!(VisitedWeights.cost(&usage), 1.5 / 4.0 + 0.5 + 0.5);
        let prices = prices(&usage, &VisitedWeights);
        let mean = (2.0 * (prices[0].iter().sum::<f32>()) + prices[1].iter().sum::<f32>()) / 8.0;
        assert!((mean - 1.0).abs() < 1e-6 && prices[1][1] == 0.0);
    }
}
