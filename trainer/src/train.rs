//! The training loop, the same for every family: epochs, batches, rates, exact figures, the best network kept.

use crate::error::TrainError;
use crate::family::{Data, Family, Progress};
use crate::feed::Feed;
use crate::outcome::{Beyond, EpochRow, Event, Rank, StopReason, Trained};
use crate::schedule::{Length, Schedule};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often [`Event::Batch`] comes, at most.
const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Who listens to a training.
type Observer<'o, F> = &'o mut dyn FnMut(Event<<F as Family>::Figures>);

/// What is trained on, and what only measures.
pub(crate) struct Sides<'a, D> {
    pub train: &'a D,
    pub held_out: Option<&'a D>,
}

/// Trains a network. `rng` has drawn its first parameters and goes on with the order of the data. `resumed`: it goes on
/// from a model, and what it gives is never worse.
///
/// Looks at `stop` after every batch: once it is set, training ends with the best network up to there.
///
/// # Errors
/// The device fails, data cannot be read back, or a model breaks a rule.
pub(crate) fn run<F: Family>(
    family: F,
    data: Sides<F::Data>,
    schedule: &Schedule,
    (rng, resumed): (ChaCha8Rng, bool),
    stop: &AtomicBool,
    observer: Observer<F>,
) -> Result<Trained<F::Figures>, TrainError> {
    let length = schedule.length(data.train.steps(), data.train.batches(schedule.batch));
    let run = Run { family, data, schedule, length, rng, began: Instant::now(), best: None, beyond: None };
    run.run(resumed, stop, observer)
}

/// One training.
struct Run<'a, F: Family> {
    family: F,
    data: Sides<'a, F::Data>,
    schedule: &'a Schedule,
    length: Length,
    rng: ChaCha8Rng,
    began: Instant,
    best: Option<Trained<F::Figures>>,
    beyond: Option<(Rank, Beyond<F::Figures>)>,
}

impl<F: Family> Run<'_, F> {
    fn run(
        mut self,
        resumed: bool,
        stop: &AtomicBool,
        observer: Observer<F>,
    ) -> Result<Trained<F::Figures>, TrainError> {
        observer(Event::Start {
            weights: self.family.weights(),
            steps: self.data.train.steps(),
            held_out_steps: self.data.held_out.map_or(0, Data::steps),
        });
        let mut feed = Feed::new(self.data.train, &mut self.rng).map_err(TrainError::storage)?;
        self.family.prepare(feed.sample(), resumed)?;
        if resumed {
            self.start(&feed, observer)?;
        }
        let (mut reason, mut unfit) = (StopReason::Finished, None);
        for epoch in 1..=self.length.epochs {
            if epoch == 1 && self.schedule.warmup > 0 {
                self.family.set_relaxed(true);
            }
            if epoch == self.schedule.warmup + 1 {
                self.family.set_relaxed(false);
            }
            let mut row = self.epoch(epoch, &mut feed, stop, observer)?;
            self.family.settle(feed.sample())?;
            let stopped = stop.load(Ordering::Relaxed);
            match self.family.network() {
                // The best one so far is kept, and the next epochs may come back.
                Err(TrainError::Unfit(what)) => {
                    observer(Event::Epoch(&row));
                    observer(Event::Unfit { epoch, what: &what });
                    unfit = Some(what);
                }
                network => {
                    let network = network?;
                    let judged = stopped || self.evaluates(epoch);
                    self.regulate(&mut row, &network, &feed, judged);
                    if judged {
                        self.evaluate(&mut row, &network)?;
                    }
                    observer(Event::Epoch(&row));
                    self.keep_if_best(&row, &network, observer)?;
                }
            }
            if stopped {
                reason = StopReason::Requested;
                break;
            }
            if self.out_of_patience(epoch) {
                reason = StopReason::NoProgress;
                break;
            }
        }
        let mut trained = match (self.best, unfit) {
            (Some(best), _) => best,
            (None, Some(what)) => return Err(TrainError::Unfit(what)),
            (None, None) => {
                unreachable!("the last epoch is always evaluated, and the first evaluated is kept")
            }
        };
        trained.stop = reason;
        trained.beyond = self.beyond.map(|(_, beyond)| beyond);
        Ok(trained)
    }

    /// The state before the first epoch: what training goes on from must not get worse.
    fn start(&mut self, feed: &Feed<F::Data>, observer: Observer<F>) -> Result<(), TrainError> {
        let network = self.family.network()?;
        let mut row = EpochRow { epochs: self.length.epochs, ..EpochRow::default() };
        self.regulate(&mut row, &network, feed, true);
        self.evaluate(&mut row, &network)?;
        observer(Event::Epoch(&row));
        self.keep_if_best(&row, &network, observer)
    }

    fn epoch(
        &mut self,
        epoch: usize,
        feed: &mut Feed<F::Data>,
        stop: &AtomicBool,
        observer: Observer<F>,
    ) -> Result<EpochRow<F::Figures>, TrainError> {
        let Self { family, rng, schedule, data, length, .. } = self;
        let Length { batches, updates, .. } = *length;
        let steps = data.train.steps().min(batches * schedule.batch);
        let end = (epoch * batches).min(updates);
        let (mut loss, mut right, mut overflows, mut done, mut rate) = (0.0, 0, 0, 0, 0.0);
        let mut number = (epoch - 1) * batches;
        let mut told = Instant::now();
        let fed = feed.epoch(rng, |part, order| {
            for batch in order.chunks(schedule.batch) {
                if number == end {
                    return false;
                }
                rate = schedule.rate(number, updates);
                let result = family.update(part, batch, rate);
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
            epochs: self.length.epochs,
            seconds: self.began.elapsed().as_secs_f64(),
            learning_rate: rate,
            loss: loss / done as f64,
            running_share: right as f64 / done as f64,
            overflows,
            ..EpochRow::default()
        })
    }

    fn regulate(
        &mut self,
        row: &mut EpochRow<F::Figures>,
        network: &F::Network,
        feed: &Feed<F::Data>,
        judged: bool,
    ) {
        let part = 1.0 / self.length.epochs as f64;
        let progress = Progress { done: row.epoch as f64 * part, epoch: part };
        let costs = self.family.regulate(network, feed.sample(), progress, judged);
        (row.nonzero, row.costs, row.budget_used) = (costs.nonzero, costs.costs, costs.used);
    }

    /// In the last tenth every epoch: there the best network is found.
    fn evaluates(&self, epoch: usize) -> bool {
        let epochs = self.length.epochs;
        epoch.is_multiple_of(self.schedule.evaluate_every) || epoch * 10 > epochs * 9 || epoch == epochs
    }

    fn evaluate(&self, row: &mut EpochRow<F::Figures>, network: &F::Network) -> Result<(), TrainError> {
        let figures = |data| self.family.figures(network, data);
        row.train = Some(figures(self.data.train)?);
        row.held_out = self.data.held_out.map(figures).transpose()?;
        Ok(())
    }

    /// The better of two equals is the later one: it is sparser.
    fn keep_if_best(
        &mut self,
        row: &EpochRow<F::Figures>,
        network: &F::Network,
        observer: Observer<F>,
    ) -> Result<(), TrainError> {
        let Some(train) = row.train else { return Ok(()) };
        if !row.within_budget() && row.rank() >= self.beyond.as_ref().map(|(rank, _)| *rank) {
            let (held_out, costs) = (row.held_out, row.costs.clone());
            self.beyond = row.rank().map(|rank| (rank, Beyond { epoch: row.epoch, train, held_out, costs }));
        }
        if self.best.as_ref().is_some_and(|best| row.rank() < Some(best.rank())) {
            return Ok(());
        }
        let model = self.family.model(network, row)?;
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
        match (self.schedule.patience, &self.best) {
            (Some(patience), Some(best)) => self.data.held_out.is_some() && epoch - best.epoch >= patience,
            _ => false,
        }
    }
}
