//! The network being trained: float shadows behind the rounded one, and one batch's update of them.

use super::dropout::Dropout;
use super::example::Example;
use super::gradients::Gradients;
use super::grid::rounded;
use super::incremental::Incremental;
use super::layout::Layout;
use super::lora::Adapters;
use super::ops::rotate::Rotation;
use super::ops::vectorized;
use super::pass::Net;
use super::prior::Prior;
use super::ranges::Ranges;
use super::settings::{Method, Settings};
use crate::adam::Step;
use crate::device::DeviceError;
use crate::family::BatchResult;
use mlc_compiler::import::sequence::quantize::trained::{input_step, rotary_steps};

/// A network in training.
pub(crate) struct Learner<'a> {
    settings: &'a Settings,
    pub layout: Layout,
    /// What Adam changes.
    shadows: Vec<f32>,
    /// The running mean of it; empty where there is none.
    mean: Vec<f32>,
    /// What is used: the shadows on their grids, or as they are (relaxed, or those that are free still).
    pub weights: Vec<f32>,
    pub ranges: Ranges,
    rotations: [Rotation; 2],
    relaxed: bool,
    first: Vec<f32>,
    second: Vec<f32>,
    updates: u64,
    /// Which weights are on their grids for good, where they come onto them one after the other.
    incremental: Option<Incremental>,
    adapters: Option<Adapters>,
    /// What tokens cost, which the network corrects.
    pub prior: Option<&'a Prior>,
}

impl<'a> Learner<'a> {
    /// `shadows`: as [`Layout`] has them. `longest`: most tokens of a text.
    pub(crate) fn new(settings: &'a Settings, shadows: Vec<f32>, longest: usize) -> Self {
        let shape = &settings.shape;
        let layout = Layout::new(shape);
        assert_eq!(shadows.len(), layout.len, "parameters of this shape");
        let steps = rotary_steps(&shape.network);
        let zeros = vec![0.0; layout.len];
        let mut learner = Self {
            settings,
            weights: shadows.clone(),
            mean: if settings.average > 0.0 { shadows.clone() } else { Vec::new() },
            shadows,
            ranges: Ranges::new(shape.network.layers),
            rotations: [Rotation::of_machine(&steps, longest), Rotation::exact(&steps, longest)],
            relaxed: false,
            first: zeros.clone(),
            second: zeros,
            layout,
            updates: 0,
            incremental: None,
            adapters: None,
            prior: None,
        };
        if settings.method == Method::Incremental {
            let updates = settings.schedule.updates.expect("settings that were checked have it");
            learner.incremental = Some(Incremental::new(&learner.layout, updates));
        }
        learner.round();
        learner
    }

    /// From now on these are trained, and the parameters are what they make of their base.
    pub(crate) fn adapt(&mut self, mut adapters: Adapters) {
        (self.first, self.second) = (vec![0.0; adapters.values.len()], vec![0.0; adapters.values.len()]);
        adapters.merge(&mut self.shadows);
        self.adapters = Some(adapters);
        self.round();
    }

    /// The numbers of the adapters, if there are any.
    pub(crate) fn adapted(&self) -> Option<&[f32]> {
        self.adapters.as_ref().map(|adapters| &adapters.values[..])
    }

    /// The parameters that a model is made of.
    pub(crate) fn parameters(&self) -> &[f32] {
        if self.mean.is_empty() { &self.shadows } else { &self.mean }
    }

    /// The same network in floats, or on its grids again.
    pub(crate) fn set_relaxed(&mut self, relaxed: bool) {
        self.relaxed = relaxed;
        self.round();
    }

    fn round(&mut self) {
        if self.relaxed || self.incremental.is_some() {
            self.weights.copy_from_slice(&self.shadows);
            return;
        }
        for tensor in self.layout.tensors() {
            let (from, to) = (&self.shadows[tensor.range()], &mut self.weights[tensor.range()]);
            match tensor.grid {
                Some(grid) => {
                    for (row, out) in from.chunks_exact(tensor.cols).zip(to.chunks_exact_mut(tensor.cols)) {
                        rounded(grid, row, out);
                    }
                }
                None => to.copy_from_slice(from),
            }
        }
    }

    /// Learns the ranges of activations from some texts, without rounding.
    ///
    /// # Errors
    /// The device has failed.
    pub(crate) fn calibrate(
        &mut self,
        gradients: &mut dyn Gradients,
        examples: &[&Example],
    ) -> Result<(), DeviceError> {
        let net = Net { ranges: None, ..self.net(Dropout::default()) };
        let seen = gradients.ranges(&net, examples);
        gradients.check()?;
        if let Some(seen) = seen {
            self.ranges.follow(seen, self.settings.cut);
        }
        Ok(())
    }

    pub(crate) fn net(&self, dropout: Dropout) -> Net<'_> {
        let shape = &self.settings.shape;
        let rotation = &self.rotations[usize::from(self.relaxed)];
        Net {
            shape,
            layout: &self.layout,
            weights: &self.weights,
            ranges: (!self.relaxed).then_some(&self.ranges),
            rotation: (rotation.positions() > 0).then_some(rotation),
            input_step: input_step(shape.network.dim).1 as f32,
            dropout,
            prior: self.prior,
        }
    }

    /// One step of training. Nothing changes once the device has failed.
    pub(crate) fn update(
        &mut self,
        gradients: &mut dyn Gradients,
        examples: &[&Example],
        rate: f32,
    ) -> BatchResult {
        let counted: usize = examples.iter().map(|example| example.counted()).sum();
        if counted == 0 {
            return BatchResult::default();
        }
        let settings = self.settings;
        let seed = settings.schedule.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ self.updates;
        let dropout = Dropout { rate: settings.dropout, seed };
        let Some(found) = gradients.of_batch(&self.net(dropout), examples, counted) else {
            return BatchResult::default();
        };
        self.ranges.follow(found.seen, settings.cut);
        self.step(&found.gradients, rate);
        self.follow();
        if let Some(incremental) = &mut self.incremental {
            incremental.advance(&self.layout, self.updates, &mut self.shadows, &mut self.mean);
        }
        self.round();
        // A step of the loop is a text: its share of what the tokens of the batch showed.
        let part = examples.len() as f64 / counted as f64;
        BatchResult {
            loss: found.loss * part,
            right: (found.right as f64 * part) as usize,
            ..BatchResult::default()
        }
    }

    /// The running mean follows the shadows: at first as the mean of all updates, so that it soon forgets the start.
    fn follow(&mut self) {
        let updates = self.updates as f32;
        let kept = self.settings.average.min(updates / (updates + 9.0));
        for (mean, shadow) in self.mean.iter_mut().zip(&self.shadows) {
            *mean += (shadow - *mean) * (1.0 - kept);
        }
    }

    /// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), behind a limit for the gradient's norm.
    fn step(&mut self, gradients: &[f32], rate: f32) {
        self.updates += 1;
        let of_adapters = self.adapters.as_mut().map(|adapters| adapters.gradient(gradients));
        let gradients = of_adapters.as_deref().unwrap_or(gradients);
        let norm = super::ops::dot(gradients, gradients).sqrt();
        if !norm.is_finite() {
            return;
        }
        let clip = self.settings.clip;
        let factor = if norm > clip { clip / norm } else { 1.0 };
        let step = Step::new(rate, self.updates);
        let decay = rate * self.settings.decay;
        if let Some(adapters) = &mut self.adapters {
            let (first, second) = (&mut self.first, &mut self.second);
            update((step, 1.0 - decay, factor), gradients, &mut adapters.values, first, second);
            adapters.merge(&mut self.shadows);
            return;
        }
        for tensor in self.layout.tensors() {
            let kept = if tensor.grid.is_some() { 1.0 - decay } else { 1.0 };
            let range = tensor.range();
            update(
                (step, kept, factor),
                &gradients[range.clone()],
                &mut self.shadows[range.clone()],
                &mut self.first[range.clone()],
                &mut self.second[range],
            );
        }
    }
}

vectorized! {
/// Adam's step of some parameters, of which `kept` of the value is left before it. Gradients count times `factor`.
fn update(
    how: (Step, f32, f32),
    gradients: &[f32],
    values: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let (step, kept, factor) = how;
    let moments = first.iter_mut().zip(second);
    for ((value, &gradient), (first, second)) in values.iter_mut().zip(gradients).zip(moments) {
        *value = step.update(*value * kept, gradient * factor, first, second);
    }
}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::gradients::Cpu;
    use crate::sequence::ops::differences::numbers;

    #[test]
    fn a_model_is_made_of_the_running_mean() {
        let mut settings = Settings { average: 0.5, ..Settings::default() };
        let net = &mut settings.shape.network;
        (net.dim, net.heads, net.kv_heads, net.head_size) = (8, 2, 1, 4);
        (net.hidden, net.vocabulary, net.layers) = (8, 6, 1);
        let start = numbers(Layout::new(&settings.shape).len, 3);
        let mut learner = Learner::new(&settings, start.clone(), 5);
        assert_eq!(learner.parameters(), start);
        let example = Example { tokens: vec![1, 2, 3, 4, 5], counts: vec![true; 5] };
        let mut mean = start;
        // The mean of all updates with the start until they are few enough for the share.
        for kept in [0.1, 2.0 / 11.0, 3.0 / 12.0] {
            learner.update(&mut Cpu::new(1, None), &[&example], 0.1);
            mean.iter_mut().zip(&learner.shadows).for_each(|(m, s)| *m += (s - *m) * (1.0 - kept));
        }
        for (found, wants) in learner.parameters().iter().zip(&mean) {
            assert!((found - wants).abs() < 1e-5, "{found} for {wants}");
        }
        assert_ne!(learner.parameters(), learner.shadows);
        for _ in 0..20 {
            learner.update(&mut Cpu::new(1, None), &[&example], 0.1);
        }
        let before = learner.mean.clone();
        learner.update(&mut Cpu::new(1, None), &[&example], 0.1);
        let half = before.iter().zip(&learner.shadows).map(|(m, s)| m + (s - m) * 0.5);
        assert!(half.zip(learner.parameters()).all(|(wants, found)| (wants - found).abs() < 1e-5));
    }
}
