//! Sequence models as the training loop sees them.

use super::adapter::{Adapter, Base};
use super::export::quantized;
use super::figures::{self, Figures};
use super::floats::Rounding;
use super::gradients::{self, Cpu, Gradients};
use super::layout::Layout;
use super::learner::Learner;
use super::lora::Adapters;
use super::prior::Prior;
use super::resume::Parameters;
use super::settings::Settings;
use super::start;
use super::task::{Task, Texts};
use super::teacher::Teacher;
use crate::error::TrainError;
use crate::family::{BatchResult, Costs, Family, Progress, Sample};
use crate::outcome::{EpochRow, Event, Trained};
use crate::seeds::{self, Seeds};
use crate::train::{Sides, run};
use mlc_compiler::import::sequence::quantize::Quantized;
use mlc_compiler::model::{Answer, Body, Head, Model, Reader, Story};
use mlc_compiler::words::count;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::sync::atomic::AtomicBool;

/// Texts that are looked at where all would take too long: to place ranges, and for figures of the training side, of so many
/// tokens at most.
const SAMPLE: usize = 64;
const JUDGED: usize = 2048;
const JUDGED_TOKENS: usize = 1 << 16;

/// What to train, and how.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    pub task: &'a Task,
    pub settings: &'a Settings,
    /// Parameters to go on with; `None`: fresh ones.
    pub start: Option<&'a Parameters>,
}

/// Trains a network.
///
/// Looks at `stop` after every batch: once it is set, training ends with the best network up to there.
///
/// # Errors
/// Settings out of range, a task that does not fit them, or a network that integers cannot hold.
pub fn train(
    training: &Training,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    run_with(training, Beside::default(), stop, observer)
}

/// The model before any step of a training: what tells how much such a network costs.
///
/// # Errors
/// Those of [`train`].
pub fn untrained(&Training { task, settings, start }: &Training) -> Result<Model, TrainError> {
    settings.check()?;
    check(task, settings, start)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.schedule.seed);
    let shadows = match start {
        Some(start) => start.values.clone(),
        None => start::fresh(&Layout::new(&settings.shape), &mut rng),
    };
    let mut learner = Learner::new(settings, shadows, task.longest());
    // Nothing is trained: that needs no other device.
    let mut gradients = Box::new(Cpu::new(settings.schedule.threads, None));
    match start.and_then(|start| start.ranges.clone()) {
        Some(ranges) => learner.ranges = ranges,
        None => {
            let texts: Vec<_> = task.train.examples.iter().take(SAMPLE).collect();
            learner.calibrate(&mut *gradients, &texts)?;
        }
    }
    learner.prior = prior_of(task, start);
    let trainee = Trainee { task, settings, learner, gradients, calibrates: false, adapting: None };
    let network = trainee.network()?;
    let head = Head { name: settings.name.clone(), ..Head::default() };
    trainee.with(head, &network)
}

/// Trains with `count` seeds, from that of the settings on, one after the other.
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

/// Trains adapters beside a base, whose parameters are the training's start; `settings.lora` says which. `resumed`: an adapter of
/// that base to go on with. The observer gets the adapter of the best network so far with each event; the model of
/// [`Event::Best`] is that of the base with it.
///
/// # Errors
/// Those of [`train`]; an adapter of another base, or other choices than those of `resumed`.
pub fn train_adapter(
    training: &Training,
    (base, resumed): (Base, Option<&Adapter>),
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>, Option<&Adapter>),
) -> Result<(Trained<Figures>, Adapter), TrainError> {
    if let Some(adapter) = resumed {
        adapter.check(base)?;
        if Some(&adapter.lora) != training.settings.lora.as_ref() {
            return Err(TrainError::Data(
                "the adapter to go on with has another rank, alpha or matrices".into(),
            ));
        }
    }
    let best = RefCell::new(None);
    let adapting = Adapting { base: (base.fingerprint(), base.rounding()), resumed, best: &best };
    let beside = Beside { adapting: Some(&adapting), ..Beside::default() };
    let trained = run_with(training, beside, stop, &mut |event| observer(event, best.borrow().as_ref()))?;
    let adapter = best.take().expect("a training that ends has kept a network");
    Ok((trained, adapter))
}

/// What else a training has to do with.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    pub teacher: Option<&'a Teacher>,
    pub adapting: Option<&'a Adapting<'a>>,
}

/// A training of adapters.
pub(crate) struct Adapting<'a> {
    /// What the base is told by, and how it is rounded.
    base: (String, Option<Rounding>),
    resumed: Option<&'a Adapter>,
    /// Gets the adapter of each network that is kept.
    best: &'a RefCell<Option<Adapter>>,
}

pub(crate) fn run_with(
    &Training { task, settings, start }: &Training,
    Beside { teacher, adapting }: Beside,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(Event<Figures>),
) -> Result<Trained<Figures>, TrainError> {
    settings.check()?;
    let gradients = gradients::on(settings, teacher)?;
    check(task, settings, start)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.schedule.seed);
    let shadows = match start {
        Some(start) => start.values.clone(),
        None => start::fresh(&Layout::new(&settings.shape), &mut rng),
    };
    let mut learner = Learner::new(settings, shadows.clone(), task.longest());
    let mut ranges = start.and_then(|start| start.ranges.clone());
    if let (Some(adapting), Some(lora)) = (adapting, &settings.lora) {
        let values = match adapting.resumed {
            Some(adapter) => adapter.values.clone(),
            None => Adapters::fresh(lora, &settings.shape, &mut rng),
        };
        learner.adapt(Adapters::new(lora, &settings.shape, shadows, values));
        ranges = adapting.resumed.map(|adapter| adapter.ranges.clone()).or(ranges);
    }
    learner.prior = prior_of(task, start);
    let calibrates = ranges.is_none();
    learner.ranges = ranges.unwrap_or(learner.ranges);
    let data = Sides { train: &task.train, held_out: task.held_out.as_ref() };
    run(
        Trainee { task, settings, learner, gradients, calibrates, adapting },
        data,
        &settings.schedule,
        (rng, start.is_some()),
        stop,
        observer,
    )
}

/// The prior of a training: the task's own, or that of the model to go on with.
fn prior_of<'a>(task: &'a Task, start: Option<&'a Parameters>) -> Option<&'a Prior> {
    task.prior.as_ref().or(start.and_then(|start| start.prior.as_ref()))
}

fn check(task: &Task, settings: &Settings, start: Option<&Parameters>) -> Result<(), TrainError> {
    let wrong = |what: String| Err(TrainError::Data(what));
    let (tokens, wants) = (task.reader.tokenizer.pieces.len(), settings.shape.network.vocabulary);
    if tokens != wants {
        return wrong(format!("the tokenizer has {tokens} tokens, the network {wants}"));
    }
    let (labels, wants) = (task.story.labels.len(), settings.shape.labels.unwrap_or(0));
    if labels != wants {
        return wrong(format!("the task has {}, the network {wants}", count(labels, "label")));
    }
    match prior_of(task, start).map(Prior::vocabulary) {
        Some(_) if settings.shape.labels.is_some() => {
            return wrong("a prior says what tokens cost, and the network's outputs are labels".to_string());
        }
        Some(known) if known != tokens => {
            return wrong(format!("the prior knows {known} tokens, the texts want {tokens}: count it anew"));
        }
        _ => {}
    }
    if task.train.is_empty() {
        return wrong("there is no text of two tokens or more to train on".to_string());
    }
    let longest = task.longest();
    match settings.shape.network.positions {
        Some(positions) if longest > positions => {
            wrong(format!("a text has {longest} tokens, and the network learns {positions} positions"))
        }
        _ => Ok(()),
    }
}

/// A network in training, and what it is trained for.
struct Trainee<'a> {
    task: &'a Task,
    settings: &'a Settings,
    learner: Learner<'a>,
    gradients: Box<dyn Gradients + 'a>,
    /// Whether the ranges of activations are still to be found.
    calibrates: bool,
    adapting: Option<&'a Adapting<'a>>,
}

impl Family for Trainee<'_> {
    type Data = Texts;
    type Network = Quantized;
    type Figures = Figures;

    fn weights(&self) -> usize {
        self.learner.layout.block_weights()
    }

    fn prepare(&mut self, sample: Sample<Texts>, _: bool) -> Result<(), TrainError> {
        if self.calibrates {
            let steps = &sample.steps[..sample.steps.len().min(SAMPLE)];
            self.learner.calibrate(&mut *self.gradients, &sample.part.get(steps))?;
        }
        Ok(())
    }

    fn set_relaxed(&mut self, relaxed: bool) {
        self.learner.set_relaxed(relaxed);
    }

    fn update(&mut self, part: &Texts, batch: &[u32], rate: f32) -> BatchResult {
        self.learner.update(&mut *self.gradients, &part.get(batch), rate)
    }

    fn settle(&mut self, _: Sample<Texts>) -> Result<(), TrainError> {
        Ok(())
    }

    fn network(&self) -> Result<Quantized, TrainError> {
        self.gradients.check()?;
        let Learner { layout, ranges, prior, .. } = &self.learner;
        quantized(&self.settings.shape, layout, self.learner.parameters(), ranges, *prior)
    }

    fn regulate(&mut self, network: &Quantized, _: Sample<Texts>, _: Progress, _: bool) -> Costs {
        let blocks = network.body.blocks.iter().flat_map(|block| block.matrices());
        let nonzero = blocks.flat_map(|matrix| &matrix.values).filter(|&&w| w != 0).count();
        Costs { nonzero, costs: Vec::new(), used: None }
    }

    fn figures(&self, network: &Quantized, data: &Texts) -> Result<Figures, TrainError> {
        // All of what was held out; of the training side so many, evenly.
        let held_out = self.task.held_out.as_ref().is_some_and(|texts| std::ptr::eq(texts, data));
        let most = data.len().div_ceil(JUDGED).max(data.counted().div_ceil(JUDGED_TOKENS));
        let every = if held_out { 1 } else { most.max(1) };
        let examples: Vec<_> = data.examples.iter().step_by(every).collect();
        let threads = self.settings.schedule.threads;
        Ok(figures::figures(&network.body, network.logit_bits, &examples, threads))
    }

    fn model(&self, network: &Quantized, row: &EpochRow<Figures>) -> Result<Model, TrainError> {
        if let (Some(adapting), Some(lora)) = (self.adapting, &self.settings.lora) {
            let values = self.learner.adapted().unwrap_or_default().to_vec();
            let adapter =
                Adapter::new(adapting.base.clone(), lora.clone(), values, self.learner.ranges.clone());
            *adapting.best.borrow_mut() = Some(adapter);
        }
        let head = Head {
            name: self.settings.name.clone(),
            about: self.settings.about.clone(),
            training: self.facts(row),
            ..Head::default()
        };
        self.with(head, network)
    }
}

impl Trainee<'_> {
    /// The model of integers.
    fn with(&self, head: Head, network: &Quantized) -> Result<Model, TrainError> {
        let model = Model {
            head,
            reader: Reader::Tokens(self.task.reader.clone()),
            body: Body::Transformer(network.body.clone()),
            answer: Answer::Story(Story { logit_bits: network.logit_bits, ..self.task.story.clone() }),
        };
        model.check()?;
        Ok(model)
    }

    /// For [`Head::training`].
    fn facts(&self, row: &EpochRow<Figures>) -> Vec<(String, String)> {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let mut facts = vec![
            ("texts".to_string(), self.task.train.len().to_string()),
            ("seed".to_string(), self.settings.schedule.seed.to_string()),
            ("epoch".to_string(), format!("{} of {}", row.epoch, row.epochs)),
        ];
        let sides = [("", &row.train), ("held-out ", &row.held_out)];
        for (side, figures) in sides.iter().filter_map(|(side, figures)| figures.map(|f| (side, f))) {
            facts.push((format!("{side}nats a token"), format!("{:.4}", figures.loss())));
            facts.push((format!("{side}tokens right, %"), percent(figures.token_share())));
            facts.push((format!("{side}replies right, %"), percent(figures.reply_share())));
        }
        facts
    }
}
