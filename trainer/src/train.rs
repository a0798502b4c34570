//! The training loop.

use crate::budget::{Budget, Regulator};
use crate::corpus::{Corpus, Feed};
use crate::dataset::NO_TARGET;
use crate::device::DeviceError;
use crate::learner::Learner;
use crate::network::Network;
#[cfg(feature = "tch")]
use crate::ops::Torch;
use crate::ops::{Cpu, Operations};
use crate::outcome::{Beyond, EpochRow, Event, StopReason, Trained};
use crate::settings::{Settings, SettingsError, Shifts};
use crate::shift;
use crate::task::Task;
use crate::words::count;
use mlc_compiler::model::{MAX_WEIGHTS, Model, ModelError, Output};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often [`Event::Batch`] comes, at most.
const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Steps that are looked at where all would take too long.
const SAMPLE: usize = 1024;

#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("model: {0}")]
    Model(#[from] ModelError),
    #[error("characters or labels of the training pairs without an output in the network: {count}")]
    NoTarget { count: usize },
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("the model to go on with takes {found}, the pairs were encoded for {wants}")]
    OtherModel { found: String, wants: String },
    #[error("pairs that were put aside cannot be read back: {0}")]
    Storage(String),
}

impl TrainError {
    fn storage(e: std::io::Error) -> Self {
        Self::Storage(e.to_string())
    }
}

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
    observer: &mut dyn FnMut(Event),
) -> Result<Trained, TrainError> {
    let &Training { task, settings, start, .. } = training;
    settings.check()?;
    settings.device.check()?;
    check_weights(task, settings)?;
    if let Some(data) = task.train.held() {
        // Chunks are encoded for outputs that were made from their own replies.
        let missing = data.examples.iter().filter(|example| example.target == NO_TARGET).count();
        if missing > 0 {
            return Err(TrainError::NoTarget { count: missing });
        }
    }
    if let Some(model) = start {
        check_start(task, model)?;
    }
    // Without LibTorch no other device passes the check.
    #[cfg(feature = "tch")]
    if settings.device != crate::device::Device::Cpu {
        let ops = Torch::new(settings.device, settings.threads)?;
        return train_on(ops, training, stop, observer);
    }
    train_on(Cpu { threads: settings.threads }, training, stop, observer)
}

fn train_on<D: Operations>(
    ops: D,
    &Training { task, settings, start, budgets }: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event),
) -> Result<Trained, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let steps = task.train.steps();
    let learner = match start {
        Some(model) => Learner::resume(ops, model, settings, steps),
        None => Learner::new(ops, widths(task), settings, steps, &mut rng),
    };
    let run = Run {
        task,
        settings,
        epochs: settings.epochs_for(steps),
        learner,
        rng,
        began: Instant::now(),
        best: None,
        beyond: None,
        regulator: Regulator::new(settings.economy, budgets),
    };
    run.run(start.is_some(), stop, observer)
}

/// Inputs and outputs of the network.
pub(crate) fn widths(task: &Task) -> (usize, usize) {
    let query = usize::from(task.query.buckets);
    match &task.output {
        Output::Chat(chat) => (query + usize::from(chat.context.buckets), chat.charset.len()),
        Output::Classifier { labels } => (query, labels.len()),
    }
}

/// A network that is too large for a model is found before it is trained.
fn check_weights(task: &Task, settings: &Settings) -> Result<(), ModelError> {
    let (inputs, outputs) = widths(task);
    let widths = [&[inputs], &settings.hidden[..], &[outputs]].concat();
    let weights = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if weights > MAX_WEIGHTS { Err(ModelError::TooManyWeights(weights)) } else { Ok(()) }
}

fn check_start(task: &Task, model: &Model) -> Result<(), TrainError> {
    model.check()?;
    let describe = |query, output: &Output| match output {
        Output::Chat(chat) => {
            format!("chat with {query:?}, {:?}, {}", chat.context, count(chat.charset.len(), "character"))
        }
        Output::Classifier { labels } => {
            format!("a classifier with {query:?}, {}", count(labels.len(), "label"))
        }
    };
    if model.query != task.query || model.output != task.output {
        return Err(TrainError::OtherModel {
            found: describe(&model.query, &model.output),
            wants: describe(&task.query, &task.output),
        });
    }
    Ok(())
}

/// One training.
struct Run<'a, D: Operations> {
    task: &'a Task,
    settings: &'a Settings,
    epochs: usize,
    learner: Learner<D>,
    rng: ChaCha8Rng,
    began: Instant,
    best: Option<Trained>,
    beyond: Option<((bool, f64), Beyond)>,
    regulator: Regulator<'a>,
}

impl<D: Operations> Run<'_, D> {
    fn run(
        mut self,
        resumed: bool,
        stop: &AtomicBool,
        observer: &mut dyn FnMut(Event),
    ) -> Result<Trained, TrainError> {
        observer(Event::Start {
            weights: self.learner.weights(),
            steps: self.task.train.steps(),
            held_out_steps: self.task.held_out.as_ref().map_or(0, Corpus::steps),
        });
        let mut feed = Feed::new(&self.task.train, &mut self.rng).map_err(TrainError::storage)?;
        let (data, order) = feed.sample();
        if !resumed {
            self.fit_shifts(&feed)?;
        }
        self.learner.calibrate(data.inputs(), &order[..order.len().min(SAMPLE)])?;
        if resumed {
            self.start(&feed, observer)?;
        }
        let epochs = self.epochs;
        let mut reason = StopReason::Finished;
        for epoch in 1..=epochs {
            if epoch == 1 && self.settings.warmup > 0 {
                self.learner.set_relaxed(true);
            }
            if epoch == self.settings.warmup + 1 {
                self.learner.set_relaxed(false);
            }
            let mut row = self.epoch(epoch, &mut feed, stop, observer)?;
            self.fit_shifts(&feed)?;
            let network = self.learner.machine_network()?;
            let stopped = stop.load(Ordering::Relaxed);
            let judged = stopped || self.evaluates(epoch);
            self.regulate(&mut row, &network, &feed, judged);
            if judged {
                self.evaluate(&mut row, &network)?;
            }
            observer(Event::Epoch(&row));
            self.keep_if_best(&row, &network, observer)?;
            if stopped {
                reason = StopReason::Requested;
                break;
            }
            if self.out_of_patience(epoch) {
                reason = StopReason::NoProgress;
                break;
            }
        }
        let mut trained =
            self.best.expect("the last epoch is always evaluated, and the first evaluated is kept");
        trained.stop = reason;
        trained.beyond = self.beyond.map(|(_, beyond)| beyond);
        Ok(trained)
    }

    /// The state before the first epoch: what training goes on from must not get worse.
    fn start(&mut self, feed: &Feed, observer: &mut dyn FnMut(Event)) -> Result<(), TrainError> {
        let network = self.learner.machine_network()?;
        let mut row = EpochRow { epochs: self.epochs, ..EpochRow::default() };
        self.regulate(&mut row, &network, feed, true);
        self.evaluate(&mut row, &network)?;
        observer(Event::Epoch(&row));
        self.keep_if_best(&row, &network, observer)
    }

    fn epoch(
        &mut self,
        epoch: usize,
        feed: &mut Feed,
        stop: &AtomicBool,
        observer: &mut dyn FnMut(Event),
    ) -> Result<EpochRow, TrainError> {
        let Self { learner, rng, settings, task, .. } = self;
        let (steps, batches) = (task.train.steps(), task.train.batches(settings.batch));
        let (mut loss, mut right, mut overflows, mut done, mut rate) = (0.0, 0, 0, 0, 0.0);
        let mut number = (epoch - 1) * batches;
        let mut told = Instant::now();
        let fed = feed.epoch(rng, |data, order| {
            for batch in order.chunks(settings.batch) {
                let progress = number as f64 / (self.epochs * batches) as f64;
                rate = settings.learning_rate * (0.5 + 0.5 * (std::f64::consts::PI * progress).cos()) as f32;
                let result = learner.update(data, batch, rate);
                loss += result.loss;
                right += result.right;
                overflows += result.overflows;
                done += batch.len();
                number += 1;
                if told.elapsed() > BATCH_INTERVAL {
                    observer(Event::Batch { epoch, done, of: steps });
                    told = Instant::now();
                }
                if stop.load(Ordering::Relaxed) {
                    return false;
                }
            }
            true
        });
        fed.map_err(TrainError::storage)?;
        Ok(EpochRow {
            epoch,
            epochs: self.epochs,
            seconds: self.began.elapsed().as_secs_f64(),
            learning_rate: rate,
            loss: loss / done as f64,
            running_share: right as f64 / done as f64,
            overflows,
            ..EpochRow::default()
        })
    }

    fn fit_shifts(&mut self, feed: &Feed) -> Result<(), TrainError> {
        if self.settings.shift == Shifts::Learnt {
            let (data, order) = feed.sample();
            let steps = &order[..order.len().min(SAMPLE)];
            let shifts = shift::fitted(&self.learner.machine_network()?, data.inputs(), steps);
            self.learner.set_shifts(&shifts);
        }
        Ok(())
    }

    fn regulate(&mut self, row: &mut EpochRow, network: &Network, feed: &Feed, judged: bool) {
        let part = 1.0 / self.epochs as f64;
        let steps_per_query = match self.task.output {
            Output::Chat(_) => self.task.train.steps() as f64 / self.task.train.pairs().max(1) as f64,
            Output::Classifier { .. } => 1.0,
        };
        let kind = (steps_per_query, usize::from(self.task.query.buckets));
        let when = (row.epoch as f64 * part, part);
        let (data, order) = feed.sample();
        let reading = self.regulator.regulate(network, data, kind, order, when, judged);
        row.nonzero = network.nonzero();
        row.costs = reading.costs;
        row.budget_used = reading.used;
        self.learner.set_strengths(&reading.strengths);
    }

    /// In the last tenth every epoch: there the best network is found.
    fn evaluates(&self, epoch: usize) -> bool {
        let epochs = self.epochs;
        epoch.is_multiple_of(self.settings.evaluate_every) || epoch * 10 > epochs * 9 || epoch == epochs
    }

    fn evaluate(&self, row: &mut EpochRow, network: &Network) -> Result<(), TrainError> {
        let figures =
            |corpus: &Corpus| corpus.figures(network, self.settings.threads).map_err(TrainError::storage);
        row.train = Some(figures(&self.task.train)?);
        row.held_out = self.task.held_out.as_ref().map(figures).transpose()?;
        Ok(())
    }

    /// The better of two equals is the later one: it is sparser.
    fn keep_if_best(
        &mut self,
        row: &EpochRow,
        network: &Network,
        observer: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let Some(train) = row.train else { return Ok(()) };
        if !row.within_budget() && row.rank() >= self.beyond.as_ref().map(|(rank, _)| *rank) {
            let (held_out, costs) = (row.held_out, row.costs.clone());
            self.beyond = row.rank().map(|rank| (rank, Beyond { epoch: row.epoch, train, held_out, costs }));
        }
        if self.best.as_ref().is_some_and(|best| row.rank() < Some(best.rank())) {
            return Ok(());
        }
        let model = self.model(row, network)?;
        let best = self.best.insert(Trained {
            model,
            train,
            held_out: row.held_out,
            nonzero: row.nonzero,
            costs: row.costs.clone(),
            within_budget: row.within_budget(),
            beyond: None,
            epoch: row.epoch,
            epochs: row.epochs,
            stop: StopReason::Finished,
        });
        observer(Event::Best { model: &best.model, row });
        Ok(())
    }

    fn out_of_patience(&self, epoch: usize) -> bool {
        match (self.settings.patience, &self.best) {
            (Some(patience), Some(best)) => self.task.held_out.is_some() && epoch - best.epoch >= patience,
            _ => false,
        }
    }

    fn model(&self, row: &EpochRow, network: &Network) -> Result<Model, TrainError> {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let mut training = vec![
            ("pairs".to_string(), self.task.train.pairs().to_string()),
            ("seed".to_string(), self.settings.seed.to_string()),
            ("epoch".to_string(), format!("{} of {}", row.epoch, row.epochs)),
        ];
        if let Corpus::Chunked(chunks) = &self.task.train {
            training.push(("chunk".to_string(), chunks.size().to_string()));
        }
        let sides = [("", &row.train), ("held-out ", &row.held_out)];
        for (side, figures) in sides.iter().filter_map(|(side, figures)| figures.map(|f| (side, f))) {
            if !side.is_empty() {
                training.push((format!("{side}pairs"), figures.replies.to_string()));
            }
            training.push((format!("{side}characters right, %"), percent(figures.step_share())));
            training.push((format!("{side}replies right, %"), percent(figures.reply_share())));
        }
        let model = Model {
            name: self.settings.name.clone(),
            about: self.settings.about.clone(),
            query: self.task.query.clone(),
            output: self.task.output.clone(),
            layers: network.to_layers(),
            training,
            calibration: self.task.calibration.clone(),
        };
        model.check()?;
        Ok(model)
    }
}
