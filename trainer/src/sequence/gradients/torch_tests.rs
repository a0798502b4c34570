//! LibTorch against this crate's own code: the same networks and batches give the same losses, ranges and gradients, up to rounding.

use super::torch::OnTorch;
use super::{Cpu, Found, Gradients};
use crate::device::{Device, DeviceError, Precision};
use crate::sequence::dropout::Dropout;
use crate::sequence::layout::Layout;
use crate::sequence::learner::Learner;
use crate::sequence::ops::rotate::Rotation;
use crate::sequence::teacher::Teacher;
use crate::sequence::{Example, Order, Prior, Settings, Shape, Texts, start};
use mlc_compiler::import::sequence::quantize::trained::rotary_steps;
use mlc_compiler::import::sequence::{Activation, Layout as Pairs, Norm, Position};
use mlc_compiler::model::Grid;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const VOCABULARY: usize = 13;
const LONGEST: usize = 14;
const NETWORKS: u64 = 60;

/// A network, what it is trained on, and what is special about that.
struct Case {
    settings: Settings,
    examples: Vec<Example>,
    prior: Option<Prior>,
    teacher: Option<Teacher>,
    relaxed: bool,
    /// Most rows of a piece on LibTorch.
    rows: usize,
    kinds: BTreeSet<String>,
}

fn one<T: Copy>(rng: &mut ChaCha8Rng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}

fn shape(rng: &mut ChaCha8Rng, labels: bool) -> Shape {
    let mut shape = Shape::default();
    let net = &mut shape.network;
    net.dim = one(rng, &[8, 12, 20]);
    net.layers = one(rng, &[1, 2, 3]);
    (net.heads, net.kv_heads) = one(rng, &[(4, 2), (4, 1), (2, 2), (3, 3)]);
    net.head_size = one(rng, &[2, 4, 6]);
    net.hidden = one(rng, &[7, 16]);
    net.norm = one(rng, &[Norm::Pre, Norm::Post]);
    net.activation =
        one(rng, &[Activation::ReluGate, Activation::SwiGlu, Activation::Relu, Activation::SquaredRelu]);
    let rope = Position::Rope { theta: 100.0, layout: Pairs::Adjacent };
    net.position = one(rng, &[rope, Position::Learnt, Position::None]);
    net.qk_norm = rng.random();
    net.recursion = one(rng, &[1, 2, 3]);
    (net.vocabulary, net.positions) = (VOCABULARY, Some(LONGEST));
    shape.window = one(rng, &[3, 5, LONGEST]);
    shape.tied = !labels && rng.random();
    shape.labels = labels.then_some(3);
    shape.gain = shape.tied && shape.network.norm == Norm::Pre && rng.random();
    let grids = [Grid::Ternary, Grid::TwoBits, Grid::Symmetric { bits: 4 }, Grid::Symmetric { bits: 8 }];
    (shape.weights, shape.embedding) = (one(rng, &grids), one(rng, &grids));
    shape.check().unwrap();
    shape
}

fn examples(rng: &mut ChaCha8Rng, labels: bool) -> Vec<Example> {
    let (count, even) = (one(rng, &[1, 5, 40]), rng.random::<bool>());
    let example = |_| {
        let length = if even { 9 } else { rng.random_range(2..=LONGEST) };
        let mut tokens: Vec<u32> = (0..length).map(|_| rng.random_range(0..VOCABULARY as u32)).collect();
        let mut counts: Vec<bool> = (0..length).map(|_| rng.random::<f32>() < 0.7).collect();
        if even {
            counts[length - 1] = true;
        }
        if labels {
            tokens[length - 1] = rng.random_range(0..3);
            counts = (1..=length).map(|i| i == length).collect();
        }
        Example { tokens, counts }
    };
    let mut examples: Vec<Example> = (0..count).map(example).collect();
    // One counts for sure, and one has nothing that does.
    *examples[0].counts.last_mut().unwrap() = true;
    examples.push(Example { tokens: vec![1, 2, 3], counts: vec![false; 3] });
    examples
}

fn teacher(shape: &Shape, rng: &mut ChaCha8Rng) -> Teacher {
    let shape = Shape { window: LONGEST, ..shape.clone() };
    let (layout, steps) = (Layout::new(&shape), rotary_steps(&shape.network));
    let rotation = (!steps.is_empty()).then(|| Rotation::exact(&steps, LONGEST));
    let weights = start::fresh(&layout, rng).iter().map(|w| 2.0 * w).collect();
    Teacher { shape, layout, weights, rotation }
}

fn case(seed: u64) -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let labels = rng.random::<f32>() < 0.2;
    let shape = shape(&mut rng, labels);
    let examples = examples(&mut rng, labels);
    let order = one(&mut rng, &[None, Some(Order::Bigram), Some(Order::Trigram)]).filter(|_| !labels);
    let many = Texts::new(vec![examples.clone(); 4].concat());
    let prior = order.map(|order| Prior::count(&many, VOCABULARY, order, 2000).expect("there is room"));
    let teacher = (!labels && rng.random::<f32>() < 0.3).then(|| teacher(&shape, &mut rng));
    let dropout = one(&mut rng, &[0.0, 0.25]);
    let (relaxed, rows) = (rng.random::<bool>(), one(&mut rng, &[24, 1 << 14]));
    let mut schedule = Settings::default().schedule;
    (schedule.device, schedule.threads, schedule.seed) = (Device::TorchCpu, 1, seed);
    let net = &shape.network;
    let even = examples.iter().map(Example::read).filter(|&n| n > 0).collect::<BTreeSet<_>>().len() == 1;
    let kinds = [
        format!("{:?} norms", net.norm),
        format!("{:?}", net.activation),
        format!("positions {:?}", std::mem::discriminant(&net.position)),
        format!("heads are normed: {}", net.qk_norm),
        format!("{} rounds", net.recursion),
        format!("keys are shared: {}", net.heads > net.kv_heads),
        format!("window of {}", shape.window),
        format!("tied {}, gain {}, labels {labels}", shape.tied, shape.gain),
        format!("prior {order:?}"),
        format!("teacher {}", teacher.is_some()),
        format!("dropout {dropout}"),
        format!("rounded {}", !relaxed),
        format!("even {even}"),
        format!("{rows} rows of {} texts", examples.len()),
    ];
    let kinds = kinds.into_iter().collect();
    let settings = Settings { shape, dropout, schedule, ..Settings::default() };
    Case { settings, examples, prior, teacher, relaxed, rows, kinds }
}

impl Case {
    fn texts(&self) -> Vec<&Example> {
        self.examples.iter().collect()
    }

    /// The network, with ranges in some of which values are cut off.
    fn learner(&self) -> Learner<'_> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.schedule.seed);
        let shadows = start::fresh(&Layout::new(&self.settings.shape), &mut rng);
        let mut learner = Learner::new(&self.settings, shadows, LONGEST);
        learner.prior = self.prior.as_ref();
        learner.calibrate(&mut Cpu::new(1, None), &self.texts()).unwrap();
        learner.ranges.blocks[0].up *= 0.4;
        learner.ranges.blocks[0].value *= 0.4;
        learner.set_relaxed(self.relaxed);
        learner
    }

    fn torch(&self, precision: Precision, recompute: bool) -> OnTorch<'_> {
        let settings = Settings { precision, recompute, ..self.settings.clone() };
        let mut torch = OnTorch::new(&settings, self.teacher.as_ref()).unwrap();
        torch.rows = self.rows;
        torch
    }

    fn found(&self, gradients: &mut dyn Gradients) -> Found {
        let learner = self.learner();
        let dropout = Dropout { rate: self.settings.dropout, seed: 77 };
        let counted = self.examples.iter().map(Example::counted).sum();
        let found = gradients.of_batch(&learner.net(dropout), &self.texts(), counted);
        gradients.check().unwrap();
        found.expect("the device has not failed")
    }

    /// How far what was found is from what is wanted, as parts of that: losses, ranges, and each tensor's gradient.
    fn apart(&self, found: &Found, wanted: &Found) -> f64 {
        let part = |a: f64, b: f64| (a - b).abs() / b.abs().max(1e-3);
        let counted: usize = self.examples.iter().map(Example::counted).sum();
        let mut apart = part(found.loss, wanted.loss);
        apart = apart.max(found.right.abs_diff(wanted.right) as f64 / counted as f64);
        let (mut seen, mut also) = (found.seen.clone(), wanted.seen.clone());
        assert_eq!(seen.blocks.len(), also.blocks.len());
        for (a, b) in seen.all().zip(also.all()) {
            assert_eq!(*a > 0.0, *b > 0.0, "{:?} for {:?}", found.seen, wanted.seen);
            apart = apart.max(part(f64::from(*a), f64::from(*b)));
        }
        let size = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let all = size(&wanted.gradients);
        for tensor in Layout::new(&self.settings.shape).tensors() {
            let (a, b) = (&found.gradients[tensor.range()], &wanted.gradients[tensor.range()]);
            let between: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            apart = apart.max(size(&between) / size(b).max(1e-2 * all));
        }
        apart
    }
}

/// Sums in another order differ in the last bits. Where a value lies so near the middle of two steps that this decides, it falls to the
/// other side, and with it the gradient is another one by some hundredths: of a few rounded networks, and of none without rounding.
#[test]
fn losses_ranges_and_gradients_are_those_of_the_processor() {
    let mut kinds = BTreeSet::new();
    let (mut parted, mut worst) = (0, [0.0f64; 3]);
    for seed in 0..NETWORKS {
        let case = case(seed);
        kinds.extend(case.kinds.iter().cloned());
        let wanted = case.found(&mut Cpu::new(2, case.teacher.as_ref()));
        let found = case.found(&mut case.torch(Precision::F32, false));
        let apart = case.apart(&found, &wanted);
        let most = if case.relaxed { 2e-4 } else { 0.2 };
        assert!(apart < most, "network {seed} is {apart} apart: {:#?}", case.kinds);
        parted += usize::from(apart > 2e-4);
        let side = &mut worst[usize::from(!case.relaxed)];
        *side = side.max(apart);
        let again = case.found(&mut case.torch(Precision::F32, true));
        let apart = case.apart(&again, &found);
        worst[2] = worst[2].max(apart);
        assert!(apart < 1e-4, "network {seed}, recomputed, is {apart} apart: {:#?}", case.kinds);
    }
    println!("{parted} of {NETWORKS} part; most apart, in floats, rounded, recomputed: {worst:?}");
    assert!(parted * 10 <= NETWORKS as usize, "{parted} networks are apart");
    assert_eq!(kinds.len(), 2 + 4 + 3 + 2 + 3 + 2 + 3 + 4 + 3 + 2 + 2 + 2 + 2 + 6, "{kinds:#?}");
}

#[test]
fn narrow_products_are_near_and_not_the_same() {
    let mut apart: Vec<f64> = Vec::new();
    for seed in 0..NETWORKS / 2 {
        let case = case(seed);
        let wanted = case.found(&mut case.torch(Precision::F32, false));
        let recompute = seed % 2 == 0;
        let found = case.found(&mut case.torch(Precision::Bf16, recompute));
        let whole = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let pairs = found.gradients.iter().zip(&wanted.gradients);
        let between: Vec<f32> = pairs.map(|(a, b)| a - b).collect();
        apart.push(whole(&between) / whole(&wanted.gradients));
        let loss = (found.loss - wanted.loss).abs() / wanted.loss;
        assert!(loss < 0.05, "network {seed}: losses are {loss} apart");
    }
    apart.sort_by(f64::total_cmp);
    assert!(apart[0] > 1e-4, "products have fewer bits: {apart:?}");
    assert!(apart[apart.len() / 2] < 0.03 && apart[apart.len() - 1] < 0.5, "{apart:?}");
}

#[test]
fn ranges_of_some_texts_are_those_of_the_processor() {
    for seed in 0..10 {
        let case = case(seed);
        let learner = case.learner();
        let net = crate::sequence::pass::Net { ranges: None, ..learner.net(Dropout::default()) };
        let mut wanted = Cpu::new(1, None).ranges(&net, &case.texts()).unwrap();
        let mut found = case.torch(Precision::F32, false).ranges(&net, &case.texts()).unwrap();
        for (a, b) in found.all().zip(wanted.all()) {
            assert!((*a - *b).abs() <= 1e-4 * b.abs(), "network {seed}: {a} for {b}");
        }
    }
}

/// Losses of the first steps of a training.
fn losses(case: &Case, gradients: &mut dyn Gradients, steps: usize) -> Vec<f64> {
    let mut learner = case.learner();
    (0..steps).map(|_| learner.update(gradients, &case.texts(), 0.01).loss).collect()
}

#[test]
fn trainings_begin_alike() {
    let mut near = 0;
    for seed in 0..12 {
        let case = case(seed);
        let wanted = losses(&case, &mut Cpu::new(1, case.teacher.as_ref()), 20);
        let found = losses(&case, &mut case.torch(Precision::F32, false), 20);
        let apart = wanted.iter().zip(&found).map(|(a, b)| (a - b).abs() / a.abs().max(0.1));
        let (early, all) = (apart.clone().take(3).fold(0.0, f64::max), apart.fold(0.0, f64::max));
        assert!(wanted[19] != wanted[0], "network {seed} learns");
        assert!(all < 0.2, "network {seed} is {all} apart");
        near += usize::from(early < 1e-4);
    }
    assert!(near >= 9, "{near} of 12 begin alike");
}

#[test]
fn the_first_failure_stays_and_nothing_is_learned_behind_it() {
    let mut case = case(1);
    case.examples.push(Example { tokens: vec![VOCABULARY as u32 + 5, 1], counts: vec![true; 2] });
    let (good, all) = (case.texts()[..1].to_vec(), case.texts());
    let mut torch = case.torch(Precision::F32, false);
    let shadows = start::fresh(&Layout::new(&case.settings.shape), &mut ChaCha8Rng::seed_from_u64(1));
    let mut learner = Learner::new(&case.settings, shadows.clone(), LONGEST);
    assert!(learner.calibrate(&mut torch, &good).is_ok());
    assert_eq!(learner.update(&mut torch, &all, 0.1).loss, 0.0);
    let failure = torch.check().unwrap_err();
    assert!(matches!(&failure, DeviceError::Failed(text) if text.contains("index")), "{failure}");
    assert_eq!(learner.update(&mut torch, &good, 0.1).loss, 0.0);
    assert_eq!(learner.parameters(), shadows);
    assert_eq!(learner.calibrate(&mut torch, &good), Err(failure));
}
