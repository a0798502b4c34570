//! Networks that read hashed text, as the training loop sees them.

use super::backward::Batches;
use super::budget::{Budget, Regulator};
use super::corpus::Corpus;
use super::dataset::{Dataset, Example, NO_TARGET};
use super::figures::Figures;
use super::learner::Learner;
use super::network::Network;
use super::settings::Settings;
use super::shape::{Shape, Shifts};
use super::shift;
use super::task::Task;
use crate::arrays::Cpu;
#[cfg(feature = "tch")]
use crate::arrays::Torch;
use crate::error::TrainError;
use crate::family::{BatchResult, Costs, Family, Progress, Sample};
use crate::outcome::{EpochRow, Event, Trained};
use crate::seeds::{self, Seeds};
use crate::train::{Sides, run};
use mlc_compiler::model::{Answer, Body, HashedText, Head, MAX_WEIGHTS, Model, ModelError, Reader};
use mlc_compiler::words::count;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

/// Steps that are looked at where all would take too long.
const SAMPLE: usize = 1024;

/// What to train, and how.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    pub task: &'a Task,
    pub settings: &'a Settings,
    /// Go on from this model, whose encoders, charset or labels are the task's (see [`Task::resume`]); its layers
    /// count, not those of the settings. `None`: from fresh weights.
    pub start: Option<&'a Model>,
    /// Limits to keep to; may be empty.
    pub budgets: &'a [Budget<'a>],
}

impl<'a> Training<'a> {
    /// From fresh weights, without limits.
    pub fn new(task: &'a Task, settings: &'a Settings) -> Self {
        Self { task, settings, start: None, budgets: &[] }
    }
}

/// Trains a network.
///
/// Looks at `stop` after every batch: once it is set, training ends with the best network up to there.
///
/// # Errors
/// Settings out of range; a name that is none; a `start` that doesn't fit the task; a device that is not there, or
/// fails.
pub fn train(
    training: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    let &Training { task, settings, start, .. } = training;
    let schedule = &settings.schedule;
    settings.check()?;
    schedule.device.check()?;
    check_weights(task, &settings.shape)?;
    if let Some(data) = task.train.held() {
        // Chunks are encoded for outputs that were made from their own replies.
        let missing = data.examples.iter().filter(|example| example.target == NO_TARGET).count();
        if missing > 0 {
            let what = "characters or labels of the training pairs without an output in the network";
            return Err(TrainError::Data(format!("{what}: {missing}")));
        }
    }
    if let Some(model) = start {
        check_start(task, model)?;
    }
    // Without LibTorch no other device passes the check.
    #[cfg(feature = "tch")]
    if schedule.device != crate::device::Device::Cpu {
        let ops = Torch::new(schedule.device, schedule.threads)?;
        return train_on(ops, training, stop, observer);
    }
    train_on(Cpu { threads: schedule.threads }, training, stop, observer)
}

/// Trains with `count` seeds, from that of the settings on, one after the other. The observer also gets the seed;
/// [`Event::Best`] comes for networks that are better than those of all seeds before.
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

fn train_on<D: Batches>(
    ops: D,
    &Training { task, settings, start, budgets }: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    let Settings { shape, schedule, .. } = settings;
    let mut rng = ChaCha8Rng::seed_from_u64(schedule.seed);
    let steps = task.train.steps();
    let learner = match start {
        Some(model) => Learner::resume(ops, model, shape, steps),
        None => Learner::new(ops, widths(task), shape, steps, &mut rng),
    };
    let trainee = Trainee { task, settings, learner, regulator: Regulator::new(shape.economy, budgets) };
    let data = Sides { train: &task.train, held_out: task.held_out.as_ref() };
    run(trainee, data, schedule, (rng, start.is_some()), stop, observer)
}

/// Inputs and outputs of the network.
pub(crate) fn widths(task: &Task) -> (usize, usize) {
    (task.reader.inputs(), task.answer.classes().expect("an answer of hashed text"))
}

/// A network that is too large for a model is found before it is trained.
fn check_weights(task: &Task, shape: &Shape) -> Result<(), ModelError> {
    let (inputs, outputs) = widths(task);
    let widths = [&[inputs], &shape.hidden[..], &[outputs]].concat();
    let weights = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if weights > MAX_WEIGHTS { Err(ModelError::TooManyWeights(weights)) } else { Ok(()) }
}

fn check_start(task: &Task, model: &Model) -> Result<(), TrainError> {
    model.check()?;
    let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
    if *reader != task.reader || model.answer != task.answer {
        return Err(TrainError::OtherModel {
            found: described(reader, &model.answer),
            wants: described(&task.reader, &task.answer),
        });
    }
    Ok(())
}

fn described(HashedText { query, context }: &HashedText, answer: &Answer) -> String {
    let context = context.as_ref().map(|context| format!(", {context:?}")).unwrap_or_default();
    match answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => {
            format!("chat with {query:?}{context}, {}", count(chat.charset.len(), "character"))
        }
        Answer::Label { labels, .. } => {
            format!("a classifier with {query:?}{context}, {}", count(labels.len(), "label"))
        }
    }
}

/// A network in training, and what it is trained for.
struct Trainee<'a, D: Batches> {
    task: &'a Task,
    settings: &'a Settings,
    learner: Learner<D>,
    regulator: Regulator<'a>,
}

impl<D: Batches> Family for Trainee<'_, D> {
    type Data = Corpus;
    type Network = Network;
    type Figures = Figures;

    fn weights(&self) -> usize {
        self.learner.weights()
    }

    fn prepare(&mut self, sample: Sample<Corpus>, resumed: bool) -> Result<(), TrainError> {
        let steps = &sample.steps[..sample.steps.len().min(SAMPLE)];
        let inputs = sample.part.inputs();
        if !resumed {
            self.settle(sample)?;
        }
        Ok(self.learner.calibrate(inputs, steps)?)
    }

    fn set_relaxed(&mut self, relaxed: bool) {
        self.learner.set_relaxed(relaxed);
    }

    fn update(&mut self, part: &Dataset, batch: &[Example], rate: f32) -> BatchResult {
        self.learner.update(part, batch, rate)
    }

    /// Learnt shifts follow what the accumulators hold.
    fn settle(&mut self, sample: Sample<Corpus>) -> Result<(), TrainError> {
        if self.settings.shape.shift == Shifts::Learnt {
            let steps = &sample.steps[..sample.steps.len().min(SAMPLE)];
            let shifts = shift::fitted(&self.learner.machine_network()?, sample.part.inputs(), steps);
            self.learner.set_shifts(&shifts);
        }
        Ok(())
    }

    fn network(&self) -> Result<Network, TrainError> {
        Ok(self.learner.machine_network()?)
    }

    fn regulate(
        &mut self,
        network: &Network,
        sample: Sample<Corpus>,
        progress: Progress,
        judged: bool,
    ) -> Costs {
        let steps_per_query = match self.task.answer {
            Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => {
                unreachable!("a model of hashed text")
            }
            Answer::Chat(_) => self.task.train.steps() as f64 / self.task.train.pairs().max(1) as f64,
            Answer::Label { .. } => 1.0,
        };
        let kind = (steps_per_query, usize::from(self.task.reader.query.buckets));
        let reading = self.regulator.regulate(network, sample, kind, progress, judged);
        self.learner.set_strengths(&reading.strengths);
        reading.costs
    }

    fn figures(&self, network: &Network, corpus: &Corpus) -> Result<Figures, TrainError> {
        corpus.figures(network, self.settings.schedule.threads).map_err(TrainError::storage)
    }

    fn model(&self, network: &Network, row: &EpochRow<Figures>) -> Result<Model, TrainError> {
        let model = Model {
            head: Head {
                name: self.settings.name.clone(),
                about: self.settings.about.clone(),
                training: self.facts(row),
                calibration: self.task.calibration.clone(),
            },
            reader: Reader::HashedText(self.task.reader.clone()),
            body: Body::Layers(network.to_layers()),
            answer: self.task.answer.clone(),
        };
        model.check()?;
        Ok(model)
    }
}

impl<D: Batches> Trainee<'_, D> {
    /// For [`Head::training`].
    fn facts(&self, row: &EpochRow<Figures>) -> Vec<(String, String)> {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let mut facts = vec![
            ("pairs".to_string(), self.task.train.pairs().to_string()),
            ("seed".to_string(), self.settings.schedule.seed.to_string()),
            ("epoch".to_string(), format!("{} of {}", row.epoch, row.epochs)),
        ];
        if let Corpus::Chunked(chunks) = &self.task.train {
            facts.push(("chunk".to_string(), chunks.size().to_string()));
        }
        let sides = [("", &row.train), ("held-out ", &row.held_out)];
        for (side, figures) in sides.iter().filter_map(|(side, figures)| figures.map(|f| (side, f))) {
            if !side.is_empty() {
                facts.push((format!("{side}pairs"), figures.replies.to_string()));
            }
            facts.push((format!("{side}characters right, %"), percent(figures.step_share())));
            facts.push((format!("{side}replies right, %"), percent(figures.reply_share())));
        }
        facts
    }
}
