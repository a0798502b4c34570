//! Networks on numbers as the training loop sees them.

use super::error::DataError;
use super::figures::{Figures, figures};
use super::learner::Learner;
use super::network::Network;
use super::resume;
use super::settings::Settings;
use super::task::{Rows, Task};
use crate::error::TrainError;
use crate::family::{BatchResult, Costs, Family, Progress, Sample};
use crate::outcome::{EpochRow, Event, Trained};
use crate::seeds::{self, Seeds};
use crate::train::{Sides, run};
use mlc_compiler::model::{
    Answer, Body, Class, Head, MAX_WEIGHTS, Model, ModelError, Quantization, Reader, Real,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

/// Rows of the training side that figures are counted on, at most.
const JUDGED: usize = 20_000;

/// The fact that says which seed has chosen the rows that are held out.
const SPLIT: &str = "seed of the split";

/// The fact that tells the rows of the training side from others.
const LEARNED: &str = "rows, hash";

/// What [`Task::learned_rows`] was for the training that made a model.
pub fn learned_rows(model: &Model) -> Option<&str> {
    let fact = model.head.training.iter().find(|(name, _)| name == LEARNED);
    fact.map(|(_, value)| value.as_str())
}

/// The seed by which the rows were split that a model was trained on: going on with another one would hold out rows that it
/// has learned.
pub fn split_seed(model: &Model) -> Option<u64> {
    let fact = model.head.training.iter().find(|(name, _)| name == SPLIT);
    fact.and_then(|(_, value)| value.parse().ok())
}

/// What to train, and how.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    pub task: &'a Task,
    pub settings: &'a Settings,
    /// Go on from this model, whose reader and labels are the task's; its layers count, not those of the settings.
    pub start: Option<&'a Model>,
}

/// Trains a network.
///
/// Looks at `stop` after every batch: once it is set, training ends with the best network up to there. The best is that with
/// the best figures on the validation rows of the task, where it has some, else on the training rows; rows that are held out
/// are not looked at ([`evaluate`]).
///
/// # Errors
/// Settings out of range; a model to go on with that this trainer did not make; a rule of models that is broken.
pub fn train(
    training: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    let &Training { task, settings, start } = training;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.schedule.seed);
    let learner = learner(training, &mut rng)?;
    settings.schedule.device.check()?;
    let mut schedule = settings.schedule.clone();
    if schedule.epochs.is_none() && schedule.updates.is_none() {
        schedule.updates = Some(settings.updates_for(task.train.len()));
    }
    let data = Sides { train: &task.train, held_out: task.validation.as_ref() };
    let trainee = Trainee::new(training, learner);
    run(trainee, data, &schedule, (rng, start.is_some()), stop, observer)
}

/// Trains with `count` seeds, from that of the settings on, one after the other; the split is that of the task.
///
/// # Errors
/// Those of [`train`].
pub fn train_seeds(
    training: &Training,
    count: usize,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(u64, Event<Figures>),
) -> Result<Seeds<Figures>, TrainError> {
    let with = |seed, observer: &mut dyn FnMut(Event<Figures>)| {
        let settings = training.settings.clone().with(|s| s.schedule.seed = seed);
        train(&Training { settings: &settings, ..*training }, stop, observer)
    };
    seeds::train_seeds((training.settings.schedule.seed, count), with, observer)
}

/// The model before any step of a training: what tells how much such a network costs.
///
/// # Errors
/// Those of [`train`].
pub fn untrained(training: &Training) -> Result<Model, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(training.settings.schedule.seed);
    let trainee = Trainee::new(training, learner(training, &mut rng)?);
    trainee.with(&trainee.learner.network(), Vec::new())
}

/// Figures of a model of this task on rows of it.
///
/// # Errors
/// A model that this trainer did not make.
pub fn evaluate(model: &Model, rows: &Rows) -> Result<Figures, DataError> {
    Ok(figures(&resume::network(model)?, rows, 1))
}

fn learner(training: &Training, rng: &mut ChaCha8Rng) -> Result<Learner, TrainError> {
    let &Training { task, settings, start } = training;
    settings.check()?;
    let (grid, decay) = (settings.shape.weights, settings.decay);
    if let Some(model) = start {
        let network = resume::network(model).map_err(|e| TrainError::Data(e.to_string()))?;
        return Ok(Learner::of(&network, resume::grid(&network), decay));
    }
    let widths = [&[task.reader.shape.len()], &settings.shape.hidden[..], &[task.labels.len()]].concat();
    let weights = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if weights > MAX_WEIGHTS {
        return Err(ModelError::TooManyWeights(weights).into());
    }
    Ok(Learner::new(&widths, &task.constant, grid, decay, rng))
}

/// A network in training, and what it is trained for.
struct Trainee<'a> {
    task: &'a Task,
    settings: &'a Settings,
    learner: Learner,
    /// That of the settings or of the model to go on with.
    margin: u8,
}

/// Facts of any training on a task, for [`Head::training`].
pub(super) fn facts(task: &Task, seed: u64) -> Vec<(String, String)> {
    vec![
        ("rows".to_string(), task.train.len().to_string()),
        (LEARNED.to_string(), task.learned_rows.clone()),
        ("held-out rows".to_string(), task.held_out.len().to_string()),
        ("seed".to_string(), seed.to_string()),
        (SPLIT.to_string(), task.seed.to_string()),
    ]
}

/// The margin that answers of a model need.
fn margin(start: Option<&Model>) -> u8 {
    match start.map(|model| &model.answer) {
        Some(Answer::Class(class)) => class.margin,
        _ => 0,
    }
}

impl Family for Trainee<'_> {
    type Data = Rows;
    type Network = Network;
    type Figures = Figures;

    fn weights(&self) -> usize {
        self.learner.weights()
    }

    fn prepare(&mut self, _: Sample<Rows>, _: bool) -> Result<(), TrainError> {
        Ok(())
    }

    fn set_relaxed(&mut self, relaxed: bool) {
        self.learner.set_relaxed(relaxed);
    }

    fn update(&mut self, part: &Rows, batch: &[u32], rate: f32) -> BatchResult {
        self.learner.update(part, batch, rate)
    }

    fn settle(&mut self, _: Sample<Rows>) -> Result<(), TrainError> {
        Ok(())
    }

    fn network(&self) -> Result<Network, TrainError> {
        Ok(self.learner.network())
    }

    fn regulate(&mut self, network: &Network, _: Sample<Rows>, _: Progress, _: bool) -> Costs {
        let weights = network.layers.iter().flat_map(|layer| &layer.weights);
        Costs { nonzero: weights.filter(|&&w| w != 0).count(), costs: Vec::new(), used: None }
    }

    fn figures(&self, network: &Network, rows: &Rows) -> Result<Figures, TrainError> {
        Ok(figures(network, rows, rows.len().div_ceil(JUDGED)))
    }

    fn model(&self, network: &Network, row: &EpochRow<Figures>) -> Result<Model, TrainError> {
        self.with(network, self.facts(row))
    }
}

impl<'a> Trainee<'a> {
    fn new(&Training { task, settings, start }: &Training<'a>, learner: Learner) -> Self {
        Self { task, settings, learner, margin: settings.margin.unwrap_or(margin(start)) }
    }

    fn with(&self, network: &Network, training: Vec<(String, String)>) -> Result<Model, TrainError> {
        let Settings { name, about, .. } = self.settings;
        let scale = Real(f64::from(super::network::OUTPUT.step()));
        let model = Model {
            head: Head { name: name.clone(), about: about.clone(), training, ..Head::default() },
            reader: Reader::Sensors(self.task.reader.clone()),
            body: Body::Network(network.body()),
            answer: Answer::Class(Class {
                labels: self.task.labels.clone(),
                margin: self.margin,
                output: Quantization { scale, zero: 0 },
                softmax: None,
            }),
        };
        model.check()?;
        Ok(model)
    }

    /// For [`Head::training`].
    fn facts(&self, row: &EpochRow<Figures>) -> Vec<(String, String)> {
        let mut facts = facts(self.task, self.settings.schedule.seed);
        facts.push(("epoch".to_string(), format!("{} of {}", row.epoch, row.epochs)));
        let sides = [("", &row.train), ("validation ", &row.held_out)];
        for (side, figures) in sides.iter().filter_map(|(side, figures)| figures.map(|f| (side, f))) {
            facts.push((format!("{side}rows right, %"), format!("{:.2}", 100.0 * figures.share())));
        }
        facts
    }
}
