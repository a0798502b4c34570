//! The loop with a family of one number: it needs nothing that only hashed text has, and keeps its promises to any.

use crate::error::TrainError;
use crate::family::{BatchResult, Costs, Data, Family, Progress, Sample};
use crate::measure::Measure;
use crate::outcome::{EpochRow, Event, StopReason, Trained};
use crate::schedule::Schedule;
use crate::train::{Sides, run};
use mlc_compiler::model::{Answer, Body, HashedText, Head, Layer, Model, QueryEncoder, Reader, WeightSet};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Numbers in parts that are loaded anew in every epoch.
struct Numbers(Vec<Vec<f32>>);

impl Data for Numbers {
    type Part = Vec<f32>;
    type Step = f32;

    fn parts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        Box::new(self.0.iter().map(Vec::len))
    }

    fn load(&self, part: usize) -> io::Result<Cow<'_, Vec<f32>>> {
        Ok(Cow::Owned(self.0[part].clone()))
    }

    fn steps_of(part: &Vec<f32>) -> &[f32] {
        part
    }
}

/// Numbers that are no further than 1 from the network's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Near {
    near: usize,
    of: usize,
}

impl Measure for Near {
    const NAMES: &'static [&'static str] = &["near"];

    fn shares(&self) -> Vec<f64> {
        vec![self.headline()]
    }

    fn headline(&self) -> f64 {
        self.near as f64 / self.of as f64
    }

    fn score(&self) -> f64 {
        self.headline()
    }
}

/// What the loop asked for.
#[derive(Debug, Default)]
struct Asked {
    relaxed: Vec<bool>,
    rates: Vec<f32>,
    /// All numbers of all batches.
    steps: Vec<f32>,
    progress: Vec<f64>,
}

/// A number that moves towards those of each batch. The machine has it rounded.
struct Mean<'a> {
    value: f32,
    asked: &'a RefCell<Asked>,
}

impl Family for Mean<'_> {
    type Data = Numbers;
    type Network = i16;
    type Figures = Near;

    fn weights(&self) -> usize {
        1
    }

    fn prepare(&mut self, sample: Sample<Numbers>, _: bool) -> Result<(), TrainError> {
        assert_eq!(sample.part.len(), sample.steps.len());
        Ok(())
    }

    fn set_relaxed(&mut self, relaxed: bool) {
        self.asked.borrow_mut().relaxed.push(relaxed);
    }

    fn update(&mut self, part: &Vec<f32>, batch: &[f32], rate: f32) -> BatchResult {
        assert!(batch.iter().all(|number| part.contains(number)), "no batch is of two parts");
        let mean = batch.iter().sum::<f32>() / batch.len() as f32;
        self.value += rate * (mean - self.value);
        let mut asked = self.asked.borrow_mut();
        asked.rates.push(rate);
        asked.steps.extend(batch);
        BatchResult { loss: batch.len() as f64, right: 0, overflows: 1 }
    }

    fn settle(&mut self, _: Sample<Numbers>) -> Result<(), TrainError> {
        Ok(())
    }

    fn network(&self) -> Result<i16, TrainError> {
        match self.value.round() {
            large if large > 1000.0 => Err(TrainError::Unfit(format!("{large} is too large"))),
            value => Ok(value as i16),
        }
    }

    fn regulate(&mut self, network: &i16, _: Sample<Numbers>, progress: Progress, judged: bool) -> Costs {
        self.asked.borrow_mut().progress.push(progress.done);
        let costs = if judged { vec![f64::from(*network)] } else { Vec::new() };
        Costs { nonzero: usize::from(*network != 0), costs, used: None }
    }

    fn figures(&self, network: &i16, data: &Numbers) -> Result<Near, TrainError> {
        let numbers = data.0.iter().flatten();
        let near = numbers.clone().filter(|number| (*number - f32::from(*network)).abs() <= 1.0).count();
        Ok(Near { near, of: numbers.count() })
    }

    /// The number is the model's only bias.
    fn model(&self, network: &i16, row: &EpochRow<Near>) -> Result<Model, TrainError> {
        let query = QueryEncoder { buckets: 1, bands: 1, max_length: 62 };
        let layer = Layer {
            inputs: 1,
            outputs: 1,
            weights: vec![0],
            bias: vec![*network],
            shift: 0,
            set: WeightSet::Full,
        };
        let training = vec![("epoch".to_string(), row.epoch.to_string())];
        let model = Model {
            head: Head { name: "mean".into(), training, ..Head::default() },
            reader: Reader::HashedText(HashedText { query, context: None }),
            body: Body::Layers(vec![layer]),
            answer: Answer::Label { labels: vec!["x".into()], margin: 0 },
        };
        model.check()?;
        Ok(model)
    }
}

fn schedule(epochs: usize) -> Schedule {
    Schedule { epochs: Some(epochs), batch: 4, learning_rate: 0.5, evaluate_every: 1, ..Schedule::default() }
}

/// Eleven numbers around 100, in two parts.
fn hundreds() -> Numbers {
    Numbers(vec![vec![99.0, 99.5, 100.0, 100.5, 101.0, 100.2], vec![99.2, 99.7, 100.1, 100.8, 99.9]])
}

/// Trains from `start`, and tells `observer` of every epoch's row.
fn trained(
    (start, resumed): (f32, bool),
    (train, held_out): (&Numbers, Option<&Numbers>),
    schedule: &Schedule,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(&EpochRow<Near>),
) -> (Trained<Near>, Asked) {
    let asked = RefCell::new(Asked::default());
    let family = Mean { value: start, asked: &asked };
    let rng = ChaCha8Rng::seed_from_u64(schedule.seed);
    let found = run(family, Sides { train, held_out }, schedule, (rng, resumed), stop, &mut |event| {
        if let Event::Epoch(row) = event {
            observer(row);
        }
    });
    (found.unwrap(), asked.into_inner())
}

fn number(trained: &Trained<Near>) -> i16 {
    let Body::Layers(layers) = &trained.model.body else { unreachable!("a model of hashed text") };
    layers[0].bias[0]
}

#[test]
fn every_epoch_sees_every_step_once_and_the_rate_falls() {
    let data = hundreds();
    let mut rows = Vec::new();
    let (found, asked) =
        trained((0.0, false), (&data, None), &schedule(8), &AtomicBool::new(false), &mut |row| {
            rows.push(row.clone());
        });
    assert_eq!((number(&found), found.train), (100, Near { near: 11, of: 11 }));
    assert_eq!((found.stop, found.epochs, found.held_out), (StopReason::Finished, 8, None));
    let mut all: Vec<f32> = data.0.concat();
    all.sort_by(f32::total_cmp);
    for epoch in asked.steps.chunks(11) {
        let mut seen = epoch.to_vec();
        seen.sort_by(f32::total_cmp);
        assert_eq!(seen, all);
    }
    assert_ne!(asked.steps[..11], asked.steps[11..22], "in another order");
    // Parts of six and five in batches of four.
    assert_eq!((asked.rates.len(), asked.rates[0]), (8 * 4, 0.5));
    assert!(asked.rates.is_sorted_by(|a, b| a > b) && asked.rates[31] < 0.01, "{:?}", asked.rates);
    assert_eq!(asked.progress, (1..=8).map(|epoch| f64::from(epoch) * (1.0 / 8.0)).collect::<Vec<_>>());
    assert_eq!(rows.iter().map(|row| (row.epoch, row.overflows)).collect::<Vec<_>>()[..2], [(1, 4), (2, 4)]);
    assert!(rows.iter().all(|row| row.loss == 1.0 && row.costs.len() == 1));
}

#[test]
fn warm_up_is_switched_on_and_off_once() {
    for (warmup, wants) in [(0, vec![false]), (3, vec![true, false]), (9, vec![true])] {
        let schedule = Schedule { warmup, ..schedule(5) };
        let (_, asked) =
            trained((0.0, false), (&hundreds(), None), &schedule, &AtomicBool::new(false), &mut |_| {});
        assert_eq!(asked.relaxed, wants, "{warmup}");
    }
}

#[test]
fn what_training_goes_on_from_does_not_get_worse() {
    let held_out = Numbers(vec![vec![7.0, 7.0]]);
    let mut first = None;
    let see = &mut |row: &EpochRow<Near>| {
        first.get_or_insert(row.epoch);
    };
    let stop = AtomicBool::new(false);
    let (found, _) = trained((7.0, true), (&hundreds(), Some(&held_out)), &schedule(6), &stop, see);
    assert_eq!((first, found.epoch, number(&found)), (Some(0), 0, 7));
}

/// An epoch without a network costs nothing but itself, once there is one.
#[test]
fn what_integers_cannot_hold_is_left_out() {
    let data = Numbers(vec![vec![5000.0; 4]]);
    let asked = RefCell::new(Asked::default());
    let family = || Mean { value: 4.0, asked: &asked };
    let told = RefCell::new(Vec::new());
    let observer = &mut |event: Event<Near>| match event {
        Event::Epoch(row) => told.borrow_mut().push(format!("epoch {} {}", row.epoch, row.train.is_some())),
        Event::Unfit { epoch, what } => told.borrow_mut().push(format!("epoch {epoch}: {what}")),
        _ => {}
    };
    let sides = || Sides { train: &data, held_out: None };
    let rng = || ChaCha8Rng::seed_from_u64(1);
    let (schedule, stop) = (schedule(2), AtomicBool::new(false));
    let found =
        run(family(), sides(), &schedule, (rng(), true), &stop, observer).expect("the start can be held");
    assert_eq!((number(&found), found.epoch, found.stop), (4, 0, StopReason::Finished));
    assert_eq!(told.borrow()[..3], ["epoch 0 true", "epoch 1 false", "epoch 1: 2502 is too large"]);
    let none = run(family(), sides(), &schedule, (rng(), false), &stop, observer);
    assert!(matches!(none.err(), Some(TrainError::Unfit(_))), "no epoch has one");
}

#[test]
fn a_stop_ends_the_epoch_and_gives_a_network() {
    let stop = AtomicBool::new(false);
    let rows = RefCell::new(Vec::new());
    let see = &mut |row: &EpochRow<Near>| {
        rows.borrow_mut().push(row.train.is_some());
        stop.store(row.epoch == 2, Ordering::Relaxed);
    };
    let rarely = Schedule { evaluate_every: 50, ..schedule(100) };
    let (found, asked) = trained((0.0, false), (&hundreds(), None), &rarely, &stop, see);
    assert_eq!((found.stop, found.epoch), (StopReason::Requested, 3));
    // One batch of the third epoch, which is judged, as it is the last.
    assert_eq!((asked.rates.len(), rows.into_inner()), (2 * 4 + 1, vec![false, false, true]));
}
