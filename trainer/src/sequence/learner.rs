//! The network being trained: float shadows behind the rounded one, and one batch's update of them.

use super::backward::Flow;
use super::chunk::Chunk;
use super::example::Example;
use super::grid::rounded;
use super::incremental::Incremental;
use super::layout::Layout;
use super::lora::Adapters;
use super::ops::loss::{self, Target};
use super::ops::rotate::Rotation;
use super::ops::vectorized;
use super::pass::{Dropout, Net};
use super::prior::Prior;
use super::ranges::Ranges;
use super::settings::{Method, Settings};
use super::tape::Tape;
use super::teacher::Teacher;
use crate::adam::Step;
use crate::family::BatchResult;
use crate::threads;
use mlc_compiler::import::sequence::quantize::trained::{input_step, rotary_steps};
use std::sync::Mutex;

/// Parts of a batch whose gradients are summed up by themselves, whatever the number of threads.
const GROUPS: usize = 16;
/// Rows of a chunk: more of them would not stay in a processor's own memory.
const CHUNK_ROWS: usize = 512;

/// A part of a batch, and what is needed to compute its gradients.
#[derive(Debug, Default)]
struct Group {
    chunk: Chunk,
    tape: Tape,
    flow: Flow,
    /// What the teacher computes, if there is one.
    lesson: Tape,
    gradients: Vec<f32>,
    seen: Ranges,
    loss: f64,
    right: usize,
}

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
    groups: Vec<Group>,
    teacher: Option<&'a Teacher>,
    adapters: Option<Adapters>,
    /// What tokens cost, which the network corrects.
    pub prior: Option<&'a Prior>,
}

impl<'a> Learner<'a> {
    /// `shadows`: as [`Layout`] has them. `longest`: most tokens of a text.
    pub(crate) fn new(
        settings: &'a Settings,
        shadows: Vec<f32>,
        longest: usize,
        teacher: Option<&'a Teacher>,
    ) -> Self {
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
            groups: (0..GROUPS).map(|_| Group::default()).collect(),
            teacher,
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
    pub(crate) fn calibrate(&mut self, examples: &[&Example]) {
        let mut seen = Ranges::new(self.layout.blocks.len());
        let (mut chunk, mut tape) = (Chunk::default(), Tape::default());
        for examples in chunks(examples) {
            chunk.fill(examples.iter().copied());
            let net = self.net(Dropout::default());
            Net { ranges: None, ..net }.forward(&chunk, &mut tape, &mut seen);
        }
        self.ranges.follow(seen, self.settings.cut);
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

    /// One step of training.
    pub(crate) fn update(&mut self, examples: &[&Example], rate: f32) -> BatchResult {
        let counted: usize = examples.iter().map(|example| example.counted()).sum();
        if counted == 0 {
            return BatchResult::default();
        }
        let mut groups = std::mem::take(&mut self.groups);
        let share = examples.len().div_ceil(GROUPS);
        let work: Vec<_> = groups.iter_mut().zip(examples.chunks(share)).enumerate().collect();
        let used = work.len();
        let queue = Mutex::new(work.into_iter());
        let settings = self.settings;
        let seed = settings.schedule.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ self.updates;
        let workers = vec![(); settings.schedule.threads.min(used)];
        threads::each(workers, |()| {
            loop {
                let next = queue.lock().expect("no thread panics with it").next();
                let Some((number, (group, examples))) = next else { break };
                let seed = seed.wrapping_mul(GROUPS as u64).wrapping_add(number as u64);
                let dropout = Dropout { rate: settings.dropout, seed };
                group.run(&self.net(dropout), self.teacher, examples, 1.0 / counted as f32);
            }
        });
        drop(queue);
        let mut result = BatchResult::default();
        let (sum, others) = groups[..used].split_first_mut().expect("there is an example that counts");
        (result.loss, result.right) = (sum.loss, sum.right);
        for group in others {
            super::ops::add(&mut sum.gradients, 1.0, &group.gradients);
            sum.seen.widen(group.seen.clone());
            result.loss += group.loss;
            result.right += group.right;
        }
        self.ranges.follow(sum.seen.clone(), settings.cut);
        self.step(&sum.gradients, rate);
        self.groups = groups;
        self.follow();
        if let Some(incremental) = &mut self.incremental {
            incremental.advance(&self.layout, self.updates, &mut self.shadows, &mut self.mean);
        }
        self.round();
        // A step of the loop is a text: its share of what the tokens of the batch showed.
        let part = examples.len() as f64 / counted as f64;
        result.loss *= part;
        result.right = (result.right as f64 * part) as usize;
        result
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

/// Texts cut into chunks: as many as have [`CHUNK_ROWS`] rows, one at least.
fn chunks<'s, 'e>(examples: &'s [&'e Example]) -> impl Iterator<Item = &'s [&'e Example]> {
    let mut rest = examples;
    std::iter::from_fn(move || {
        let mut rows = 0;
        let fits = rest.iter().take_while(|example| {
            rows += example.read();
            rows <= CHUNK_ROWS
        });
        let count = fits.count().max(1).min(rest.len());
        let (chunk, others) = rest.split_at(count);
        rest = others;
        (count > 0).then_some(chunk)
    })
}

impl Group {
    fn run(&mut self, net: &Net, teacher: Option<&Teacher>, examples: &[&Example], factor: f32) {
        let outputs = net.shape.outputs();
        self.gradients.clear();
        self.gradients.resize(net.layout.len, 0.0);
        self.seen = Ranges::new(net.layout.blocks.len());
        (self.loss, self.right) = (0.0, 0);
        for examples in chunks(examples) {
            self.chunk.fill(examples.iter().copied());
            if self.chunk.targets.is_empty() {
                continue;
            }
            net.forward(&self.chunk, &mut self.tape, &mut self.seen);
            if let Some(teacher) = teacher {
                teacher.forward(&self.chunk, &mut self.lesson);
            }
            let rows = self.tape.logits.chunks_exact_mut(outputs).enumerate();
            for ((row, logits), &(_, token)) in rows.zip(&self.chunk.targets) {
                let target = match teacher {
                    Some(_) => Target::Shares(&self.lesson.logits[row * outputs..][..outputs], token),
                    None => Target::Token(token),
                };
                let (loss, right) = loss::backward(logits, target, factor);
                self.loss += loss;
                self.right += usize::from(right);
            }
            net.backward(&self.chunk, &mut self.tape, &mut self.flow, &mut self.gradients);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::numbers;

    #[test]
    fn a_model_is_made_of_the_running_mean() {
        let mut settings = Settings { average: 0.5, ..Settings::default() };
        let net = &mut settings.shape.network;
        (net.dim, net.heads, net.kv_heads, net.head_size) = (8, 2, 1, 4);
        (net.hidden, net.vocabulary, net.layers) = (8, 6, 1);
        let start = numbers(Layout::new(&settings.shape).len, 3);
        let mut learner = Learner::new(&settings, start.clone(), 5, None);
        assert_eq!(learner.parameters(), start);
        let example = Example { tokens: vec![1, 2, 3, 4, 5], counts: vec![true; 5] };
        let mut mean = start;
        // The mean of all updates with the start until they are few enough for the share.
        for kept in [0.1, 2.0 / 11.0, 3.0 / 12.0] {
            learner.update(&[&example], 0.1);
            mean.iter_mut().zip(&learner.shadows).for_each(|(m, s)| *m += (s - *m) * (1.0 - kept));
        }
        for (found, wants) in learner.parameters().iter().zip(&mean) {
            assert!((found - wants).abs() < 1e-5, "{found} for {wants}");
        }
        assert_ne!(learner.parameters(), learner.shadows);
        for _ in 0..20 {
            learner.update(&[&example], 0.1);
        }
        let before = learner.mean.clone();
        learner.update(&[&example], 0.1);
        let half = before.iter().zip(&learner.shadows).map(|(m, s)| m + (s - m) * 0.5);
        assert!(half.zip(learner.parameters()).all(|(wants, found)| (wants - found).abs() < 1e-5));
    }
}
